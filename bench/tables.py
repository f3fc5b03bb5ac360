"""Markdown tables and medians, as measurements are shown."""

import statistics
from collections.abc import Iterable, Sequence


def middle(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(list(values))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table, as Markdown."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])
