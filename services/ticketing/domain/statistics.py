"""Counts for everybody, in which no single person can be found; pure.

Nothing is suppressed: rows that are too small are shown together with their neighbours. Each
measure has groups of its own, and those of a later one are unions of those of the one before. So
all that can be computed from what is shown is a sum of whole groups, and no sum is from 1 to 4
(decision 0063).
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from people.small_counts import SMALLEST, is_safe

# Each is part of the one before it.
COUNTS = ("registered", "answered", "on_time")
Counts: TypeAlias = Mapping[str, int]


def shown_parts(counts: Counts) -> frozenset[str]:
    """Return those parts of a whole that may be shown beside it: no small one, and as many others
    left out as it takes to make what is left out safe together.

    >>> sorted(shown_parts({"a": 9, "b": 8, "c": 3})), sorted(shown_parts({"a": 9, "b": 6}))
    (['a'], ['a', 'b'])
    """
    shown = sorted((name for name, n in counts.items() if n >= SMALLEST), key=counts.__getitem__)
    left = sum(n for n in counts.values() if n < SMALLEST)
    while shown and not is_safe(left):
        left += counts[shown.pop(0)]
    return frozenset(shown)


class Group(NamedTuple):
    """Rows ``first`` to ``last`` together (both included), and their count in all."""

    first: int
    last: int
    total: int


# By the names of COUNTS; a measure is empty where even all rows together are too small.
Groups: TypeAlias = dict[str, list[Group]]


def groups(
    rows: Sequence[Counts],
    periods: Sequence[int] | None = None,
    measures: Sequence[str] = COUNTS,
) -> Groups:
    """Return what may be shown of rows, in their order: the finest groups of each measure.

    ``periods`` are the ends of the groups of the first measure, if they are settled already. Each
    of ``measures`` is part of the one before it.
    """
    first = _safety(rows, measures[0], "")
    bounds = [0, *periods] if periods is not None else _finest(range(len(rows) + 1), first)
    made: Groups = {}
    for level, name in enumerate(measures):
        if level:
            bounds = _finest(bounds, _safety(rows, name, measures[level - 1]))
        made[name] = [
            Group(first, end - 1, sum(row[name] for row in rows[first:end]))
            for first, end in pairwise(bounds)
        ]
    return made


def _finest(bounds: Sequence[int], safe: Callable[[int, int], bool]) -> list[int]:
    """Return as many of the bounds as can be, so that the rows between each two are safe together.
    Empty if that cannot be.
    """
    best: dict[int, list[int]] = {bounds[0]: [bounds[0]]} if bounds else {}
    for number, end in enumerate(bounds[1:], 1):
        ways = (best[first] for first in bounds[:number] if first in best and safe(first, end))
        if (way := max(ways, key=len, default=None)) is not None:
            best[end] = [*way, end]
    return best.get(bounds[-1], []) if bounds else []


def _safety(rows: Sequence[Counts], name: str, whole: str) -> Callable[[int, int], bool]:
    """Judge rows together: the count of a measure, and what it leaves of the measure before."""

    def safe(first: int, end: int) -> bool:
        count = sum(row[name] for row in rows[first:end])
        rest = sum(row[whole] for row in rows[first:end]) - count if whole else 0
        return is_safe(count) and is_safe(rest)

    return safe
