"""Metrics of calls to the outside: virus scanner, mail server, banks, providers, agencies."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

from bus.errors import Unavailable
from bus.process.metrics import SECONDS

# "refused" is an answer too.
OUTCOMES = ("answered", "refused", "unanswered")
CALLS = Counter("mirab_outside_calls_total", "Calls by their outcome", ["kind", "name", "outcome"])
CALL_SECONDS = Histogram(
    "mirab_outside_seconds", "Time of a call", ["kind", "name"], buckets=SECONDS
)
FAILURES = Gauge(
    "mirab_outside_failures", "Calls in a row that were not answered", ["kind", "name"]
)


def expect(kind: str, name: str) -> None:
    """Have the calls to one place outside counted from 0 on."""
    for outcome in OUTCOMES:
        CALLS.labels(kind, name, outcome)
    FAILURES.labels(kind, name)


@contextmanager
def calling(kind: str, name: str) -> Iterator[None]:
    """Count how a call to the outside ends: it raises Unavailable if there was no answer, and
    anything else if the answer was a refusal. ``name`` is of our own configuration, never an
    address or a person's.
    """
    started = time.perf_counter()
    outcome = "unanswered"
    try:
        yield
        outcome = "answered"
    except Unavailable:
        raise
    except Exception:
        outcome = "refused"
        raise
    finally:
        CALLS.labels(kind, name, outcome).inc()
        CALL_SECONDS.labels(kind, name).observe(time.perf_counter() - started)
        if outcome == "unanswered":
            FAILURES.labels(kind, name).inc()
        else:
            FAILURES.labels(kind, name).set(0)
