"""The months that figures for everybody are counted over; a later day changes no closed one."""

import datetime as dt
from typing import NamedTuple

from persiantools.jdatetime import JalaliDate
from sqlalchemy import Connection, Select, func, select

from iran.persian import jalali
from people.small_counts import closed_periods
from services.ticketing.figures.counting import Span, midnight

# Figures of two spans could be subtracted from each other: all are of one.
MONTHS = 12


class Window(NamedTuple):
    """The months that are counted, such as 1405-09, and where their periods end (exclusive)."""

    months: list[str]
    ends: list[int]

    def span(self, today: dt.date) -> Span:
        """Return the moments of the window; those of today without a month."""
        if not self.months:
            return Span(midnight(today), midnight(today + dt.timedelta(days=1)))
        after = _months(self.months[-1], self.months[-1][:4] + "-12")[1:2]
        next_month = after[0] if after else f"{int(self.months[-1][:4]) + 1:04}-01"
        last = min(_first_day(next_month), today + dt.timedelta(days=1))
        return Span(midnight(_first_day(self.months[0])), midnight(last))


def window_of(conn: Connection, moments: Select[dt.datetime], today: dt.date) -> Window:
    """Return the last twelve months in which enough of the moments lie, cut where a period begins
    and ends.
    """
    moment = moments.subquery("moments").c[0]
    day = func.date(func.timezone("Asia/Tehran", moment))
    counted: dict[str, int] = {}
    for on, count in conn.execute(select(day, func.count()).group_by(day)):
        month = jalali(on)[:7]
        counted[month] = counted.get(month, 0) + count
    months = _months(min(counted), jalali(today)[:7]) if counted else []
    ends = closed_periods([counted.get(month, 0) for month in months])
    starts = [start for start in (0, *ends) if start >= len(months) - MONTHS]
    if not ends or not starts or starts[0] == ends[-1]:
        return Window([], [])
    first = starts[0]
    return Window(months[first : ends[-1]], [end - first for end in ends if end > first])


def _months(first: str, last: str) -> list[str]:
    """The Jalali months from one to another, such as 1405-09, both included."""
    begin, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(begin, end + 1)]


def _first_day(month: str) -> dt.date:
    day: dt.date = JalaliDate(int(month[:4]), int(month[5:]), 1).to_gregorian()
    return day
