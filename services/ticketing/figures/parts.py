"""What units made of their own time for tickets, by Jalali month: the stays that ended in it."""

import datetime as dt
from dataclasses import asdict, dataclass
from itertools import pairwise

from persiantools.jdatetime import JalaliDate
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Integer,
    Values,
    column,
    func,
    literal_column,
    select,
    values,
)

from bus.database.rows import fetch_all
from bus.messages.values import Json
from iran.persian import tehran_day
from services.ticketing.context import Context
from services.ticketing.figures.counting import IS_REQUEST, Span, first_of_month, midnight
from services.ticketing.tables import TICKET_EVENTS, TICKETS
from services.ticketing.tables.base import MOMENT
from services.ticketing.tickets import views

MONTHS_MOST = 24


@dataclass(frozen=True, slots=True)
class MonthOfUnit:
    """The stays in a unit that ended in a month, which is named by its first day."""

    unit: str
    month: dt.date
    ended: int = 0
    kept: int = 0
    missed: int = 0
    handed_on: int = 0
    again: int = 0
    median_minutes: int | None = None


def of_units(context: Context, span: Span) -> list[Json]:
    """Count the stays that ended in a span, by month and unit: a head's own unit, a supervisor's
    all. Nothing while no unit has a time of its own.

    What lies late in a unit now stands beside its newest month, or alone where no stay has ended.
    """
    if not context.book.has_parts(None):
        return []
    late, this_month = _late_now(context), first_of_month(tehran_day(context.now), 0)
    ended = _ended(context, span)
    silent = sorted({unit for unit, count in late.items() if count} - {row.unit for row in ended})
    rows = [*ended, *(MonthOfUnit(unit, this_month) for unit in silent)]
    return [_described(context, row, late.pop(row.unit, None)) for row in rows]


def _described(context: Context, row: MonthOfUnit, late: int | None) -> Json:
    month = JalaliDate(row.month)
    return {
        **asdict(row),
        "unit": views.unit_of(context, row.unit),
        "month": f"{month.year}-{month.month:02}",
        "late": late,
    }


def _ended(context: Context, span: Span) -> list[MonthOfUnit]:
    months, event = _months(span), TICKET_EVENTS.c
    unit, kept = event.data["stay_unit"].astext, event.data["stay_kept"].astext.cast(Boolean)
    minutes = event.data["stay_minutes"].astext.cast(Integer)
    count, number = func.count(), event.data["stay_number"].astext.cast(Integer)
    statement = (
        select(
            unit.label("unit"),
            months.c.month,
            count.label("ended"),
            count.filter(kept).label("kept"),
            count.filter(~kept).label("missed"),
            count.filter(event.act == "assign").label("handed_on"),
            count.filter(number > 1).label("again"),
            func.percentile_disc(0.5).within_group(minutes.asc()).label("median_minutes"),
        )
        .join_from(TICKET_EVENTS, TICKETS, TICKETS.c.id == event.ticket)
        .join(months, (event.at >= months.c.first) & (event.at < months.c.last))
        # Written as the index ticket_events_stays has it (a literal, not a parameter).
        .where(event.data.has_key(literal_column("'stay_unit'")), IS_REQUEST)
        .where(*_seen(context, unit))
        .group_by(unit, months.c.month)
        .order_by(unit, months.c.month.desc())
    )
    return fetch_all(context.conn, MonthOfUnit, statement)


def _seen(context: Context, unit: ColumnElement[str]) -> list[ColumnElement[bool]]:
    colleague = context.colleague
    return [] if colleague.all_units else [unit == colleague.unit]


def _months(span: Span) -> Values:
    """The Jalali months of a span, the newest ones of a long span, each cut to the span."""
    newest = tehran_day(span.last - dt.timedelta(seconds=1))
    firsts = [first_of_month(newest, number) for number in range(-1, MONTHS_MOST)]
    rows = [
        (first, max(midnight(first), span.first), min(midnight(after), span.last))
        for after, first in pairwise(firsts)
        if midnight(after) > span.first
    ]
    return values(
        column("month", Date), column("first", MOMENT), column("last", MOMENT), name="months"
    ).data(rows)


def _late_now(context: Context) -> dict[str, int]:
    statement = (
        select(TICKETS.c.unit, func.count().label("late"))
        .where(TICKETS.c.part_due_at < context.now, *_seen(context, TICKETS.c.unit))
        .group_by(TICKETS.c.unit)
    )
    clocks = {unit.code: 0 for unit in context.book.units.values() if unit.part_minutes}
    return clocks | {row.unit: row.late for row in context.conn.execute(statement)}
