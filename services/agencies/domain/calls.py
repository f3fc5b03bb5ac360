"""How long calls that are answered later are kept, and when they are tried again."""

import datetime as dt

from people import retention

TRY_FOR = dt.timedelta(hours=1)
KEEP = retention.span("deferred_calls")
MOST_OPEN = 1000
# Beyond the deadline of the contract: for the messages of the claim and of the settlement.
LEASE_SPARE = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


def lease(deadline: float) -> float:
    """The seconds for which a claimed call belongs to one runner, by its contract's deadline."""
    return deadline + LEASE_SPARE


def pause(tries: int) -> float:
    """The seconds to wait after so many failed tries.

    >>> [pause(tries) for tries in (1, 2, 3, 7, 5000)]
    [1.0, 2.0, 4.0, 60.0, 60.0]
    """
    return min(FIRST_PAUSE * 2.0 ** min(tries - 1, 10), LONGEST_PAUSE)


def again_at(now: dt.datetime, tries: int, until: dt.datetime) -> dt.datetime | None:
    """When a call is tried again after ``tries`` failures; None if its time is over by then."""
    due = now + dt.timedelta(seconds=pause(tries))
    return due if due < until else None
