"""When a colleague will be told of a ticket again, by his own choice: a notice that comes then."""

import datetime as dt

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.dialects.postgresql import insert

from iran.persian import TEHRAN
from services.ticketing.context import Context
from services.ticketing.tables import COLLEAGUE_NOTICES

KIND = "reminder"
# When the offices open.
MORNING = dt.time(7, 0)


def put(context: Context, ticket: int, day: dt.date | None) -> None:
    """Have a notice of the ticket come on a day, in the place of an earlier choice; None: none."""
    context.conn.execute(delete(COLLEAGUE_NOTICES).where(_to_come(context, ticket)))
    if day is None:
        return
    username = context.colleague.username
    at = dt.datetime.combine(day, MORNING, TEHRAN)
    values = {"actor": username, "at": at, "read_at": None}
    statement = insert(COLLEAGUE_NOTICES).values(
        username=username, ticket=ticket, kind=KIND, mark=day.isoformat(), **values
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
