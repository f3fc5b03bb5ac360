"""Days of messages put together so that no small count is shown; pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from iran.persian import jalali
from people.small_counts import closed_periods

# Within how long after its hour a message is to be handed over, by its pace.
LIMITS = {
    "prompt": dt.timedelta(seconds=10),
    "planned": dt.timedelta(minutes=5),
    "bulk": dt.timedelta(hours=1),
}


class Counts(NamedTuple):
    """Messages: all, those whose time has come, those of them in time, those that arrived."""

    accepted: int = 0
    judged: int = 0
    on_time: int = 0
    delivered: int = 0


class Period(NamedTuple):
    """Days ``first`` to ``last`` (both included) together."""

    first: dt.date
    last: dt.date
    counts: Counts

    @property
    def month(self) -> str:
        """The month of the Jalali calendar in which it ends."""
        return jalali(self.last)[:7]


def periods(counts_of_days: Mapping[dt.date, Counts], until: dt.date) -> list[Period]:
    """Return what may be shown, from the first day to ``until``: no period has 1 to 4 messages, and
    none changes when later days come. The newest days stay out for as long as they are too few.
    """
    if not counts_of_days:
        return []
    first = min(counts_of_days)
    days = [first + dt.timedelta(n) for n in range((until - first).days + 1)]
    rows = [counts_of_days.get(day, Counts()) for day in days]
    ends = [0, *closed_periods([row.accepted for row in rows])]
    return [
        Period(days[begin], days[end - 1], total(rows[begin:end])) for begin, end in pairwise(ends)
    ]


def months(shown: Sequence[Period]) -> list[Period]:
    """Return the sums of months: of the whole periods that end in it, by their very days."""
    by_month: dict[str, list[Period]] = {}
    for period in shown:
        by_month.setdefault(period.month, []).append(period)
    return [
        Period(of_month[0].first, of_month[-1].last, total(period.counts for period in of_month))
        for of_month in by_month.values()
    ]


def total(rows: Iterable[Counts]) -> Counts:
    """Return all of them together."""
    sums = [sum(column) for column in zip(*rows, strict=True)]
    return Counts(*sums) if sums else Counts()
