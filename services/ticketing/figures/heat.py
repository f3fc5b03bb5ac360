"""Where public reports are many: counts by cell of a grid, in which no single one stands out.

A cell is shown with SMALLEST reports at least. Of one category or month it is shown if what the
others of the cell hide is safe together (domain/statistics.py): so no two maps tell by their
difference what a third one hides. Both at once would.
"""

import datetime as dt

from sqlalchemy import ARRAY, ColumnElement, Integer, Text, cast, func, literal, select

from bus.errors import BusError
from contracts.ticketing.public import AskHeat, Heat, HeatCell, Seat
from iran.persian import jalali, tehran_day
from people.small_counts import SMALLEST
from services.ticketing.context import Context
from services.ticketing.domain import statistics
from services.ticketing.figures.counting import first_of_month, midnight
from services.ticketing.figures.reports import IS_PUBLIC, SQUARE, square_of
from services.ticketing.tables import TICKETS
from services.ticketing.tables.base import MOMENT
from services.ticketing.tickets.refusals import field_refusal

# Cells in one degree: ten kilometres a side, of which a province has a hundred or two.
IN_DEGREE = 10
MONTHS = 12
ALL = ""
# By cell (row and column of the grid): how many reports of each part.
Cells = dict[tuple[int, int], dict[str, int]]


def heat(context: Context, message: AskHeat) -> Heat:
    """Count the public reports that have a place, by cell. RuleBroken ``field.wrong`` for a month
    beside a category, or one that is not among the last twelve.
    """
    months = _months(tehran_day(context.now))
    if message.month is not None:
        _check(message, months)
    by, part = _part(message, months)
    cells = _counted(context, by)
    counts = (
        HeatCell(south=row / IN_DEGREE, west=column / IN_DEGREE, reports=counts[part])
        for (row, column), counts in cells.items()
        if _is_shown(counts, part)
    )
    return Heat(
        side=1 / IN_DEGREE,
        smallest=SMALLEST,
        months=tuple(reversed(months)),
        cells=tuple(sorted(counts, key=lambda cell: (-cell.reports, -cell.south, cell.west))),
        seats=tuple(
            Seat(fa=county.fa, en=county.en, lat=county.lat, long=county.long)
            for county in context.book.counties.values()
            if county.lat is not None and county.long is not None
        ),
    )


def _months(today: dt.date) -> dict[str, dt.datetime]:
    """The last twelve Jalali months, the oldest first, and when each began."""
    firsts = [first_of_month(today, ago) for ago in reversed(range(MONTHS))]
    return {jalali(first)[:7]: midnight(first) for first in firsts}


def _check(message: AskHeat, months: dict[str, dt.datetime]) -> None:
    if message.category is not None:
        raise _refusal("Choose a category or a month: with both, small counts would show through.")
    if message.month not in months:
        raise _refusal("Choose one of the last twelve months, such as 1405-09.")


def _refusal(sentence: str) -> BusError:
    return field_refusal("month", sentence)


def _part(message: AskHeat, months: dict[str, dt.datetime]) -> tuple[ColumnElement[str], str]:
    """By what the reports of a cell are parted (category, month or not at all), and which part is
    asked for.
    """
    if message.category is not None:
        return TICKETS.c.category, message.category
    if message.month is None:
        return literal(ALL), ALL
    # 0 is before the first month, 1 the first.
    begins = cast(list(months.values()), ARRAY(MOMENT))
    number = func.width_bucket(TICKETS.c.registered_at, begins)
    return cast(number, Text), str(1 + list(months).index(message.month))


def _counted(context: Context, part: ColumnElement[str]) -> Cells:
    # By the squares that the list shows: else a cell would say of a report at its edge where in
    # its square it lies.
    row, column = (
        cast(func.floor((square_of(position) + 0.5) * SQUARE * IN_DEGREE), Integer)
        for position in (TICKETS.c.lat, TICKETS.c.long)
    )
    statement = (
        select(row.label("row"), column.label("column"), part.label("part"), func.count())
        .where(IS_PUBLIC, TICKETS.c.lat.is_not(None), TICKETS.c.long.is_not(None))
        .group_by("row", "column", "part")
    )
    cells: Cells = {}
    for of_row, of_column, name, count in context.conn.execute(statement):
        cells.setdefault((of_row, of_column), {})[name] = count
    return cells


def _is_shown(counts: dict[str, int], part: str) -> bool:
    whole = sum(counts.values())
    return whole >= SMALLEST and part in statistics.shown_parts(counts)
