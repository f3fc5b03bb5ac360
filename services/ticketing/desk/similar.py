"""Tickets that may be about the same matter."""

from sqlalchemy import ColumnElement, func, select

from bus.messages.values import Json
from services.ticketing.context import Context
from services.ticketing.domain.moves import WORK
from services.ticketing.tables import TICKETS
from services.ticketing.tickets.acts import Case

MOST, LENGTH = 5, 120


def alike(case: Case) -> tuple[ColumnElement[bool], ...]:
    """Select open tickets of the unit that share words with this one."""
    return (
        TICKETS.c.id != case.id,
        TICKETS.c.unit == case.ticket.unit,
        TICKETS.c.state.in_(WORK),
        TICKETS.c.search.bool_op("%")(case.row.search),
    )


def similar_tickets(context: Context, case: Case) -> list[Json]:
    """List open tickets of the unit that are near in words (trigrams)."""
    near = func.similarity(TICKETS.c.search, case.row.search)
    statement = (
        select(TICKETS.c.code, func.left(TICKETS.c.text, LENGTH).label("text"), near.label("near"))
        .where(*alike(case))
        .order_by(near.desc())
        .limit(MOST)
    )
    return [
        {"code": row.code, "text": row.text, "near": round(float(row.near), 2)}
        for row in context.conn.execute(statement)
    ]
