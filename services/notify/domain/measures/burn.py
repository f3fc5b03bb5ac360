"""How fast a promise uses up the minutes that it may miss; pure.

Both windows of an alert must exceed its factor: the long one says that it matters, the short one
that it goes on (Site Reliability Workbook, chapter 5). Windows and factors are those of
deploy/watch/promises.yml, which judges requests; here minutes of probes are judged.
"""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from services.notify.domain.measures.uptime import ALL, MINUTE, Day

HOUR = 60
# The lengths of all windows, in minutes.
WINDOWS = (5, 30, HOUR, 2 * HOUR, 6 * HOUR, 24 * HOUR, 72 * HOUR)
LONGEST = dt.timedelta(minutes=WINDOWS[-1])
# Fewer minutes missed in the window that ``Alert.guarded`` names are no trend.
LEAST_MISSED = 3
FAST, SLOW = "PromiseBurnsFast", "PromiseBurnsSlowly"


class Alert(NamedTuple):
    """Two windows in minutes, and the factor in hundredths that both must exceed: 1440 is 14.4
    times as fast as the budget allows. ``guarded`` is the window that needs ``LEAST_MISSED``.
    """

    name: str
    long: int
    short: int
    factor: int
    guarded: int


# A fiftieth of a month's budget in an hour, a twentieth in six; a tenth in one day, or in three.
ALERTS = (
    Alert(FAST, HOUR, 5, 1440, HOUR),
    Alert(FAST, 6 * HOUR, 30, 600, HOUR),
    Alert(SLOW, 24 * HOUR, 2 * HOUR, 300, 24 * HOUR),
    Alert(SLOW, 72 * HOUR, 6 * HOUR, 100, 72 * HOUR),
)


def recent(
    probes: Mapping[dt.datetime, bool], now: dt.datetime, minutes: int
) -> dict[dt.datetime, bool]:
    """Return the probes of the last ``minutes``."""
    since = now - minutes * MINUTE
    return {minute: up for minute, up in probes.items() if since < minute <= now}


def is_measured(sums: Day, minutes: int) -> bool:
    """Tell whether at least half of a window's minutes count, so that it says something."""
    return 2 * sums.counted >= minutes


def burn(sums: Day, minutes: int, target: int) -> int | None:
    """Return how many times as fast as allowed the budget goes, in hundredths, rounded down; None
    if too little of the window of so many ``minutes`` was measured.

    >>> burn(Day(measured=60, down=6), 60, 9950)
    2000
    >>> burn(Day(measured=29, down=29), 60, 9950) is None
    True
    """
    if not is_measured(sums, minutes):
        return None
    return 100 * ALL * sums.missed // (sums.counted * _budget(target))


def rings(alert: Alert, windows: Mapping[int, Day], target: int) -> bool:
    """Tell whether both windows of an alert exceed its factor, and enough was missed."""
    return windows[alert.guarded].missed >= LEAST_MISSED and all(
        _exceeds(windows[minutes], minutes, target, alert.factor)
        for minutes in (alert.long, alert.short)
    )


def _exceeds(sums: Day, minutes: int, target: int, factor: int) -> bool:
    """Compare without rounding."""
    return is_measured(sums, minutes) and 100 * ALL * sums.missed > factor * sums.counted * _budget(
        target
    )


def _budget(target: int) -> int:
    """What may be missed, in hundredths of a percent; a target of all is judged by one of them."""
    return max(ALL - target, 1)
