"""What levels of escalation did, by unit: a head's own unit, a supervisor's all."""

from sqlalchemy import Boolean, Integer, func, select

from bus.messages.values import Json
from services.ticketing.context import Context
from services.ticketing.figures.counting import Span
from services.ticketing.tables import TICKET_EVENTS
from services.ticketing.tickets import views


def of_units(context: Context, span: Span) -> list[Json]:
    """Count the turns of levels in a span by the unit in which the ticket lay, the clock, the
    number of the level and what it does; ``passed_over``: a higher level came at once.
    """
    event, colleague = TICKET_EVENTS.c, context.colleague
    unit, clock, kind = (event.data[name].astext for name in ("unit", "clock", "kind"))
    passed_over = func.coalesce(event.data["passed_over"].astext.cast(Boolean), False)
    number = event.data["level"].astext.cast(Integer)
    parts = (unit, clock, number, kind)
    statement = (
        select(
            unit.label("unit"),
            clock.label("clock"),
            number.label("level"),
            kind.label("act"),
            func.count().filter(~passed_over).label("acted"),
            func.count().filter(passed_over).label("passed_over"),
        )
        .where(
            event.act == "escalate",
            event.at >= span.first,
            event.at < span.last,
            kind.is_not(None),
            *([] if colleague.all_units else [unit == colleague.unit]),
        )
        .group_by(*parts)
        .order_by(*parts)
    )
    return [
        {**row._asdict(), "unit": views.unit_of(context, row.unit)}
        for row in context.conn.execute(statement)
    ]
