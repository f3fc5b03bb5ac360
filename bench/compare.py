"""Today's figures beside those that docs/performance.md was committed with, as ratios."""

import re
from collections.abc import Iterator

from bench.tables import table

Cells = list[str]
NUMBER = re.compile(r"^(\d[\d,]*(?:\.\d+)?) ?(%|s|a second)?$")


def compare(part: str, page: str, tables: str) -> str:
    """The tables of a part with each figure's ratio to that of the page, where both have one.

    1.00 is as it was. Figures of another hour on another machine differ by a tenth and more; the
    ratios to the peers, measured in the same run, are what to look at first.
    """
    _, _, rest = page.partition(f"<!-- {part} -->")
    committed = rest.partition(f"<!-- /{part} -->")[0]
    before = {
        (head[0], _key(row)): dict(zip(head, row, strict=False))
        for head, rows in _tables(committed)
        for row in rows
    }
    return "\n\n".join(
        table(head, [_beside(head, row, before.get((head[0], _key(row)), {})) for row in rows])
        for head, rows in _tables(tables)
    )


def _beside(head: Cells, row: Cells, before: dict[str, str]) -> Cells:
    """A row whose figures have their ratio behind them: ``746 (1.02)``."""
    return [
        cell if column < len(_key(row)) else _with_ratio(cell, before.get(name, ""))
        for column, (name, cell) in enumerate(zip(head, row, strict=True))
    ]


def _with_ratio(now: str, before: str) -> str:
    today, then = _number(now), _number(before)
    return f"{now} ({today / then:.2f})" if today is not None and then else now


def _key(row: Cells) -> tuple[str, ...]:
    """What names a row: its words, and the level (connections) beside the words if there is one."""
    return tuple(row[:2]) if len(row) > 4 else tuple(row[:1])


def _number(cell: str) -> float | None:
    match = NUMBER.match(cell.strip())
    return float(match[1].replace(",", "")) if match else None


def _tables(text: str) -> Iterator[tuple[Cells, list[Cells]]]:
    """Each Markdown table of a text: its head, and its rows."""
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        if len(lines) > 2:
            cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            yield cells[0], cells[2:]
