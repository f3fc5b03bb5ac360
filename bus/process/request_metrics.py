"""Metrics of who asks over the bus: how each contract was answered, and how long it took."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Protocol

from prometheus_client import Counter, Gauge, Histogram

from bus.errors import BusError, Internal, Unavailable
from bus.process.metrics import SECONDS

# "unavailable": nobody answered in time, or the service could not work; "failed": a fault of ours;
# "refused": the asker's mistake, or a rule. The first two are what promises are judged by.
OUTCOMES = ("answered", "refused", "unavailable", "failed")
FAILURES = ("unavailable", "failed")

REQUESTS = Counter(
    "mirab_bus_requests_total", "Requests over the bus by outcome", ["contract", "outcome"]
)
SECONDS_TO_REPLY = Histogram(
    "mirab_bus_request_seconds", "Time to the reply of a Request", ["contract"], buckets=SECONDS
)
DEADLINE = Gauge("mirab_contract_deadline_seconds", "The contract's own deadline", ["contract"])


class Contract(Protocol):
    """The contract of a Request (bus/messages/kinds.py)."""

    @property
    def name(self) -> str: ...
    @property
    def deadline(self) -> float: ...


def expect(contracts: Iterable[Contract]) -> None:
    """Have the failures of contracts counted from 0 on, so that the first of them is a rise."""
    for contract in contracts:
        for outcome in FAILURES:
            REQUESTS.labels(contract.name, outcome)


class _Series:
    """The series of one contract, looked up once."""

    def __init__(self, contract: str, deadline: float) -> None:
        self.outcomes = {name: REQUESTS.labels(contract, name) for name in OUTCOMES}
        self.seconds = SECONDS_TO_REPLY.labels(contract)
        DEADLINE.labels(contract).set(deadline)


@cache
def _series(name: str, deadline: float) -> _Series:
    return _Series(name, deadline)


@contextmanager
def measured(contract: Contract) -> Iterator[None]:
    """Count how the call inside ends; who hangs up before the reply is not counted."""
    series, started = _series(contract.name, contract.deadline), time.perf_counter()
    try:
        yield
    except BusError as error:
        series.outcomes[_outcome(error)].inc()
        series.seconds.observe(time.perf_counter() - started)
        raise
    series.outcomes["answered"].inc()
    series.seconds.observe(time.perf_counter() - started)


def _outcome(error: BusError) -> str:
    if isinstance(error, Unavailable):
        return "unavailable"
    return "failed" if isinstance(error, Internal) else "refused"
