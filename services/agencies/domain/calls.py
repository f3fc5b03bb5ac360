"""How long calls that are answered later wait, and when they are tried again."""

import datetime as dt

TRY_FOR = dt.timedelta(hours=1)
KEEP = dt.timedelta(days=30)
MOST_OPEN = 1000
# Beyond the deadline of the contract, for the claim's and the settlement's own ways.
LEASE_SPARE = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


def lease(deadline: float) -> float:
    """The seconds for which a call is one runner's, whose contract is answered in ``deadline``."""
    return deadline + LEASE_SPARE


def pause(tries: int) -> float:
    """The seconds to wait after so many tries in vain.

    >>> [pause(tries) for tries in (1, 2, 3, 7, 5000)]
    [1.0, 2.0, 4.0, 60.0, 60.0]
    """
    return min(FIRST_PAUSE * 2.0 ** min(tries - 1, 10), LONGEST_PAUSE)


def again_at(now: dt.datetime, tries: int, until: dt.datetime) -> dt.datetime | None:
    """When a call is tried again after ``tries`` in vain; None if its time is over by then."""
    due = now + dt.timedelta(seconds=pause(tries))
    return due if due < until else None
