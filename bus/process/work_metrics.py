"""Metrics of the work on messages: what became of them, by contract, and how long it took.

All counters of a contract are there from the start of its endpoint on, with 0: the first failure
shows as a rise. Its histograms begin with its first message: most contracts are seldom used.
"""

import collections
import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Protocol

from prometheus_client import Counter, Gauge, Histogram

from bus.errors import KINDS, Internal
from bus.process.metrics import SECONDS
from bus.topology import MOST_CALLS
from bus.wire import Wire

# What becomes of a message; each try counts, so that one that is held counts every three seconds.
FATES = (
    "answered",  # done; a Request has its reply
    "repeated",  # done before: a Request got its first reply again
    "refused",  # the asker's mistake, or a rule
    "unavailable",  # a Request that cannot be worked on now: its asker tries again
    "held",  # a Command or Event that waits for the database
    "retried",  # given back to its queue
    "failed",  # a fault of ours; it is among the dead letters
    "dead",  # refused for good or unreadable; it is among the dead letters
    "expired",  # nobody waited for the answer any more
)
OTHER = "other"

WORK = Counter("mirab_work_total", "Messages by what became of them", ["contract", "fate"])
REFUSALS = Counter("mirab_refusals_total", "Refusals by their kind", ["contract", "kind"])
WORK_SECONDS = Histogram(
    "mirab_work_seconds", "Time to work on what was taken at once", ["contract"], buckets=SECONDS
)
WAIT_SECONDS = Histogram(
    "mirab_work_wait_seconds",
    "From sending to begin, of the oldest of what is taken at once",
    ["contract"],
    buckets=(*SECONDS, 600.0, 3600.0),
)
TOGETHER = Histogram(
    "mirab_work_messages",
    "Messages taken at once",
    ["contract"],
    buckets=(1, 2, 5, 10, 20, 50, MOST_CALLS),
)
HELD = Gauge("mirab_work_held", "Messages held until the database works", ["contract"])
WAITING = Gauge("mirab_work_waiting", "Messages that wait for a worker", ["contract"])


# What a refusal is counted as, by its kind; any other is the asker's own.
OF_KIND = {"Unavailable": "unavailable", "Internal": "failed"}


class End(Protocol):
    """What became of a message (bus.activator.Outcome)."""

    @property
    def fate(self) -> Enum: ...
    @property
    def reply(self) -> Wire | None: ...
    @property
    def trouble(self) -> str | None: ...
    @property
    def repeated(self) -> bool: ...


def counted(end: End) -> tuple[str, str | None]:
    """An end as one of FATES, and the kind of a refusal."""
    error: Wire = (end.reply or {}).get("error") or {}
    kind: str | None = error.get("kind")
    if end.fate.value == "dead":
        return ("failed" if end.trouble == Internal.default_code else "dead"), kind
    if end.fate.value != "done":
        return {"hold": "held", "retry": "retried"}[end.fate.value], kind
    if end.repeated:
        return "repeated", kind
    return ("answered" if kind is None else OF_KIND.get(kind, "refused")), kind


class WorkMetrics:
    """The metrics of one contract; its counters are made at once."""

    def __init__(self, contract: str) -> None:
        self._contract = contract
        self._fates = {fate: WORK.labels(contract, fate) for fate in FATES}

    @cached_property
    def _seconds(self) -> Histogram:
        return WORK_SECONDS.labels(self._contract)

    @cached_property
    def _wait(self) -> Histogram:
        return WAIT_SECONDS.labels(self._contract)

    @cached_property
    def _together(self) -> Histogram:
        return TOGETHER.labels(self._contract)

    def watch(self, held: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Has two numbers asked whenever the metrics are read."""
        HELD.labels(self._contract).set_function(held)
        WAITING.labels(self._contract).set_function(waiting)

    def begun(self, times: Sequence[str]) -> None:
        """Count messages that are taken at once; ``times`` are their moments of sending."""
        self._together.observe(len(times))
        with contextlib.suppress(ValueError):  # a sender may write what is no moment
            sent = datetime.fromisoformat(times[0]).timestamp()
            self._wait.observe(max(0.0, time.time() - sent))

    def worked(self, ends: Sequence[End], seconds: float) -> None:
        """Count the ends of messages that were worked on together, in so many seconds."""
        self._seconds.observe(seconds)
        kinds = [counted(end) for end in ends]
        for fate, number in collections.Counter(fate for fate, _ in kinds).items():
            self._fates[fate].inc(number)
        for kind in (kind for _, kind in kinds if kind is not None):
            REFUSALS.labels(self._contract, kind if kind in KINDS else OTHER).inc()

    def ended(self, fate: str) -> None:
        """Count a message that ended before anybody worked on it."""
        self._fates[fate].inc()
