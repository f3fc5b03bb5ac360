"""Counts for everybody, in which no single person can be found; pure."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

SMALLEST = 5
COUNTS = ("registered", "answered", "on_time")
# By the names of COUNTS; None where a count is hidden.
PublicCounts: TypeAlias = dict[str, int | None]


def published(rows: Sequence[Mapping[str, int]]) -> tuple[list[PublicCounts], PublicCounts]:
    """Return the rows with small counts as None, and their total.

    A count from 1 to 4 is hidden. A single hidden one could be found as total minus the others:
    then the smallest shown one of the same column is hidden too, and if there is none the total.
    """
    shown_rows: list[PublicCounts] = [dict(row) for row in rows]
    total: PublicCounts = {name: sum(row[name] for row in rows) for name in COUNTS}
    for name in COUNTS:
        hidden = [n for n, row in enumerate(rows) if 0 < row[name] < SMALLEST]
        if len(hidden) == 1:
            shown = [n for n, row in enumerate(rows) if row[name] >= SMALLEST]
            if shown:
                hidden.append(min(shown, key=lambda n: rows[n][name]))
            else:
                total[name] = None
        for n in hidden:
            shown_rows[n][name] = None
    # answered is part of registered, on_time of answered: who is hidden there is hidden here.
    for row in (*shown_rows, total):
        for whole, part in (("registered", "answered"), ("answered", "on_time")):
            value = row[part]
            few_others = value is not None and 0 < (row[whole] or 0) - value < SMALLEST
            if row[whole] is None or few_others:
                row[part] = None
    return shown_rows, total
