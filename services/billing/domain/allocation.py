"""What an entry of the treasury's account settles: whole days of banks' files, or parts of them.

Pure. A credit is never more than divided: what is allocated and what is left over are the credit.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.billing.domain.money import Rials

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Batch:
    """The settlement of a channel's day, or a refund that was transferred.

    ``left`` is what the account has not shown of it yet, in rials: below zero for what the bank
    takes. ``until`` is the last day on which it is on time.
    """

    key: str
    channel: str
    day: dt.date
    until: dt.date
    left: Rials


class Allocation(NamedTuple):
    """So many rials of an entry for a batch."""

    batch: Batch
    rials: Rials


class Division(NamedTuple):
    """An entry of the account divided: its allocations, and the rials that settle nothing."""

    allocations: tuple[Allocation, ...]
    surplus: Rials


def working_day_after(
    day: dt.date, count: int, weekend: Sequence[int], holidays: frozenset[dt.date]
) -> dt.date:
    """The ``count``-th day after ``day`` on which banks settle; ``weekend`` as date.weekday()."""
    while count:
        day += ONE_DAY
        if day.weekday() not in weekend and day not in holidays:
            count -= 1
    return day


def divide(rials: Rials, on: dt.date, channel: str | None, batches: Iterable[Batch]) -> Division:
    """Divide an entry of the account (a credit is above zero) among what is open.

    First a batch of exactly this sum, then consecutive days of one channel that make exactly this
    sum (a bank settles days without work together). A part or a surplus is only recognised where
    the entry names its ``channel``: of those on time the oldest first. Where two channels would fit
    nothing is guessed, and all of it is left over.
    """
    open_ = sorted(
        (
            batch
            for batch in batches
            if batch.left and batch.day <= on and channel in (None, batch.channel)
        ),
        key=lambda batch: (batch.until < on, batch.day, batch.key),
    )
    fitting = [batch for batch in open_ if batch.left == rials]
    if fitting:
        is_clear = len({batch.channel for batch in fitting}) == 1
        chosen = (Allocation(fitting[0], rials),) if is_clear else ()
        return Division(chosen, 0 if is_clear else rials)
    if channel is None or rials < 0:
        return Division((), rials)
    run = next(_runs(rials, open_), ())
    return Division(run, 0) if run else _oldest_first(rials, open_)


def _runs(rials: Rials, open_: Sequence[Batch]) -> Iterator[tuple[Allocation, ...]]:
    """The runs of consecutive days whose sum is exactly ``rials``, the earliest first."""
    days = sorted(open_, key=lambda batch: (batch.day, batch.key))
    for first in range(len(days)):
        total = 0
        for last in range(first, len(days)):
            total += days[last].left
            if total == rials and last > first:
                yield tuple(Allocation(batch, batch.left) for batch in days[first : last + 1])


def _oldest_first(rials: Rials, open_: Iterable[Batch]) -> Division:
    allocations, rest = list[Allocation](), rials
    for batch in open_:
        if batch.left > 0 and rest:
            part = min(batch.left, rest)
            allocations.append(Allocation(batch, part))
            rest -= part
    return Division(tuple(allocations), rest)
