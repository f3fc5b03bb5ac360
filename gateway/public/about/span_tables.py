"""Tables of figures in which neighbours that are too few are counted together."""

from collections.abc import Sequence
from typing import NamedTuple

from bus.messages.values import Json
from gateway.html.spoken import month_names
from gateway.public.site import words
from gateway.texts.files import translated

# By measure, each part of the one before: first row, last row, count of these rows together.
Spans = dict[str, list[tuple[int, int, int]]]


class Cell(NamedTuple):
    """A count, and over how many rows it goes; None where even all together are too few."""

    total: int | None
    rows: int


class FigureRow(NamedTuple):
    """A row of a table: a month or a category, or some together; a cell that began in a row above
    is None.
    """

    label: str
    cells: tuple[Cell | None, ...]


def months_label(first: str, last: str, lang: str, *, short: bool = False) -> str:
    """Return a month by its name, or the first and the last of some: مهر تا آذر 1405."""
    names = month_names(lang)
    (year, month), (end_year, end) = first.split("-"), last.split("-")
    name, end_name = names[int(month) - 1], names[int(end) - 1]
    if short:
        if lang != "fa":
            name, end_name = name[:3], end_name[:3]
        return name if first == last else f"{name}–{end_name}"
    if first == last:
        return f"{name} {year}"
    begin = name if year == end_year else f"{name} {year}"
    end_month = f"{end_name} {end_year}"
    return words.speaker(lang)("span_of_months", first=begin, last=end_month)


def names_of(items: Sequence[Json], lang: str) -> str:
    """Return the names of categories or units, in a row."""
    names = (translated(str(item[lang]), lang) for item in items)
    return words.speaker(lang)("comma").join(names)


def span_rows(labels: Sequence[str], spans: Spans) -> list[FigureRow]:
    """Return rows with cells that go over as many of them as were counted together."""
    own = next(iter(spans.values()))
    rows = []
    for number, (label, (first, _, _)) in enumerate(zip(labels, own, strict=True)):
        cells: list[Cell | None] = []
        for measure in spans:
            begun = next((s for s in spans[measure] if s[0] == first), None)
            if begun is not None:
                under = [a for a, b, _ in own if begun[0] <= a and b <= begun[1]]
                cells.append(Cell(begun[2], len(under)))
            elif not spans[measure] and number == 0:
                cells.append(Cell(None, len(own)))
            else:
                cells.append(None)
        rows.append(FigureRow(label, tuple(cells)))
    return rows
