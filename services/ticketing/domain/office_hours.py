"""Opening times of an office by day of the week, several a day: how they are read, checked and
said; pure.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias, TypedDict

from iran.persian import persian_digits

# So many opening times a day has at most.
MOST_A_DAY = 6
# date.weekday() counts from Monday; a week here begins on Saturday.
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Fault: TypeAlias = Literal["order", "overlap", "many"]


class Interval(NamedTuple):
    """An opening time of a day: from one time of Tehran to another."""

    opens: dt.time
    closes: dt.time


class StoredTime(TypedDict):
    """An opening time as it is stored, times as ISO text; without ``weekdays`` all days have it."""

    weekdays: list[str]
    opens: str
    closes: str


class OpenTime(NamedTuple):
    """An opening time and the days of the week that have it; without ``weekdays`` all have it."""

    weekdays: tuple[str, ...]
    opens: dt.time
    closes: dt.time


def of_weekday(times: Iterable[OpenTime], weekday: str) -> tuple[Interval, ...]:
    """The opening times of a day of the week, in their order; empty if the office stays closed."""
    return tuple(
        sorted(
            Interval(time.opens, time.closes)
            for time in times
            if not time.weekdays or weekday in time.weekdays
        )
    )


def fault_of(times: Sequence[OpenTime]) -> tuple[str, Fault] | None:
    """The first day of the week whose opening times cannot be, and why; None if all can.

    Times that touch are taken: 07:30 to 12:00 and 12:00 to 14:30 is 07:30 to 14:30.
    """
    for weekday in WEEKDAYS:
        intervals = of_weekday(times, weekday)
        if any(interval.opens >= interval.closes for interval in intervals):
            return weekday, "order"
        if any(later.opens < earlier.closes for earlier, later in pairwise(intervals)):
            return weekday, "overlap"
        if len(intervals) > MOST_A_DAY:
            return weekday, "many"
    return None


def in_words(intervals: Iterable[Interval]) -> tuple[str, str]:
    """Opening times as people say them: (Persian, English).

    >>> in_words([Interval(dt.time(7, 30), dt.time(12)), Interval(dt.time(13), dt.time(14, 30))])
    ('۰۷:۳۰ تا ۱۲:۰۰ و ۱۳:۰۰ تا ۱۴:۳۰', '07:30 to 12:00 and 13:00 to 14:30')
    """
    listed = list(intervals)
    fa = " و ".join(f"{opens:%H:%M} تا {closes:%H:%M}" for opens, closes in listed)
    en = " and ".join(f"{opens:%H:%M} to {closes:%H:%M}" for opens, closes in listed)
    return persian_digits(fa), en


def from_json(rows: Iterable[StoredTime]) -> tuple[OpenTime, ...]:
    """Build opening times from rows as they are stored (times as ISO text)."""
    return tuple(
        OpenTime(
            tuple(row["weekdays"]),
            dt.time.fromisoformat(row["opens"]),
            dt.time.fromisoformat(row["closes"]),
        )
        for row in rows
    )


def to_json(times: Iterable[OpenTime]) -> list[StoredTime]:
    """Write opening times as ``from_json`` reads them."""
    return [
        {
            "weekdays": list(time.weekdays),
            "opens": f"{time.opens:%H:%M}",
            "closes": f"{time.closes:%H:%M}",
        }
        for time in times
    ]
