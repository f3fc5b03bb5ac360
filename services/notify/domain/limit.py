"""Limits of messages: the day of Tehran or the Jalali year that one is of, and how far it is used.

The financial year of the state is the Jalali year (Public Audit Act of 1366, article 6).
"""

import datetime as dt
from typing import Literal, NamedTuple

from iran.persian import TEHRAN, jalali, parse_jalali

Level = Literal["near", "reached"]
NEAR_PERCENT = 80
DAY, YEAR = "a_day", "a_year"


class Period(NamedTuple):
    """The days that a limit is of: the first, and the first that is of it no more."""

    begins: dt.date
    next_begins: dt.date

    @property
    def ends_at(self) -> dt.datetime:
        """When the next one begins, by the clocks of Tehran."""
        return dt.datetime.combine(self.next_begins, dt.time(), TEHRAN)


def period(rule: str, day: dt.date) -> Period:
    """The day or the Jalali year that a day is of.

    >>> period("a_day", dt.date(2026, 11, 23)).next_begins
    datetime.date(2026, 11, 24)
    >>> [str(day) for day in period("a_year", dt.date(2026, 3, 21))]
    ['2026-03-21', '2027-03-21']
    >>> [str(day) for day in period("a_year", dt.date(2026, 3, 20))]
    ['2025-03-21', '2026-03-21']
    """
    if rule == DAY:
        return Period(day, day + dt.timedelta(days=1))
    year = int(jalali(day)[:4])
    return Period(parse_jalali(f"{year}/1/1"), parse_jalali(f"{year + 1}/1/1"))


def level(used: int, most: int) -> Level | None:
    """How far a limit is used: near from 80 of a hundred on, reached when nothing is left.

    >>> [level(used, 10) for used in (7, 8, 9, 10, 11)]
    [None, 'near', 'near', 'reached', 'reached']
    """
    if used >= most:
        return "reached"
    return "near" if 100 * used >= NEAR_PERCENT * most else None
