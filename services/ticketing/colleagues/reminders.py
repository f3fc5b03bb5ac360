"""A colleague is told of a ticket again on a day of his own choice: a notice that comes then."""

import datetime as dt

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.dialects.postgresql import insert

from contracts.ticketing.colleagues import RemindMe
from contracts.ticketing.desk import OneTicket
from iran.persian import TEHRAN, tehran_day
from services.ticketing.context import Context
from services.ticketing.desk import tickets
from services.ticketing.tables import COLLEAGUE_NOTICES
from services.ticketing.tickets.refusals import field_refusal

KIND = "reminder"
# When the offices open.
MORNING = dt.time(7, 0)
FARTHEST = dt.timedelta(days=366)


def put(context: Context, message: RemindMe) -> None:
    """Have a notice of the ticket come on a day, in the place of an earlier choice.

    RuleBroken ``field.wrong`` on ``day`` if it is past, or more than a year away.
    """
    case = tickets.load_to_read(context, OneTicket(code=message.code))
    context.conn.execute(delete(COLLEAGUE_NOTICES).where(_to_come(context, case.id)))
    if message.day is None:
        return
    day, today = dt.date.fromisoformat(message.day), tehran_day(context.now)
    if not today < day <= today + FARTHEST:
        raise field_refusal("day", "Choose a day from tomorrow on, within a year.", "future_day")
    at = dt.datetime.combine(day, MORNING, TEHRAN)
    values = {"actor": context.colleague.username, "at": at, "read_at": None}
    statement = insert(COLLEAGUE_NOTICES).values(
        username=context.colleague.username, ticket=case.id, kind=KIND, mark=message.day, **values
    )
    keys = [COLLEAGUE_NOTICES.c[name] for name in ("username", "ticket", "kind", "mark")]
    context.conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def day_of(context: Context, ticket: int) -> str | None:
    """Return the day on which the colleague will be told of the ticket (ISO); None without one."""
    statement = select(COLLEAGUE_NOTICES.c.mark).where(_to_come(context, ticket))
    mark: str | None = context.conn.execute(statement).scalar()
    return mark


def _to_come(context: Context, ticket: int) -> ColumnElement[bool]:
    table = COLLEAGUE_NOTICES.c
    return and_(
        table.username == context.colleague.username,
        table.ticket == ticket,
        table.kind == KIND,
        table.at > context.now,
    )
