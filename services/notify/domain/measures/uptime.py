"""How long a component was up, what counts, and whether a promise was kept; pure.

A minute without a probe is not measured: it counts neither as up nor as down.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from iran.persian import TEHRAN
from services.notify.domain.announcement import Window

ALL = 10_000
MINUTE = dt.timedelta(minutes=1)


class Day(NamedTuple):
    """Minutes of one component on a day of Iran. ``excluded`` of the measured ones lay in a window
    that was announced in time, and of those ``excluded_down`` were down.
    """

    measured: int = 0
    down: int = 0
    excluded: int = 0
    excluded_down: int = 0

    @property
    def counted(self) -> int:
        return self.measured - self.excluded

    @property
    def missed(self) -> int:
        """Minutes down that count against us."""
        return self.down - self.excluded_down

    def uptime(self, least: int) -> int | None:
        """In hundredths of a percent, rounded down; None if fewer than ``least`` minutes count."""
        if self.counted < least:
            return None
        return ALL * (self.counted - self.missed) // self.counted


def day(
    probes: Mapping[dt.datetime, bool], closed: Sequence[Window], excluded: Sequence[Window]
) -> Day:
    """The day that probes (minute → up) add up to. A minute that we closed ourselves is down,
    whatever the probe said; it is excused only if it is among ``excluded``.
    """
    measured = down = out = out_down = 0
    for minute, up in probes.items():
        is_down = not up or within(minute, closed)
        is_out = within(minute, excluded)
        measured += 1
        down += is_down
        out += is_out
        out_down += is_down and is_out
    return Day(measured, down, out, out_down)


def within(moment: dt.datetime, windows: Iterable[Window]) -> bool:
    """Whether a moment lies in one of the windows."""
    return any(w.start <= moment < w.end for w in windows)


def total(days: Iterable[Day]) -> Day:
    """All days together."""
    sums = [sum(column) for column in zip(*days, strict=True)]
    return Day(*sums) if sums else Day()


def weakest(components: Sequence[Day], least: int) -> Day | None:
    """The component by which a promise is judged: the one that was up least. None if one of them
    was measured too little to say.
    """
    if not components or any(c.uptime(least) is None for c in components):
        return None
    return min(components, key=lambda c: (c.uptime(least) or 0, -c.missed))


def budget_left(day_: Day, target: int) -> int:
    """How many minutes may still be down before ``target`` (hundredths of a percent) is missed."""
    return day_.counted * (ALL - target) // ALL - day_.missed


def bounds(day_: dt.date) -> Window:
    """A day of Iran in UTC."""
    start = dt.datetime.combine(day_, dt.time(), TEHRAN)
    end = dt.datetime.combine(day_ + dt.timedelta(days=1), dt.time(), TEHRAN)
    return Window(start.astimezone(dt.UTC), end.astimezone(dt.UTC))
