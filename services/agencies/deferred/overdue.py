"""Calls that should have ended: counted, so that an operator looks."""

import datetime as dt

from sqlalchemy import Connection, func, select

from services.agencies.tables import CALLS

OVERDUE = dt.timedelta(hours=2)


def counts(conn: Connection) -> dict[str, int]:
    """Calls that are answered later and have not ended, though their hour is over."""
    overdue = (
        select(func.count())
        .select_from(CALLS)
        .where(CALLS.c.due_at.is_not(None), CALLS.c.made_at < func.now() - OVERDUE)
    )
    return {"waits_for_call": conn.execute(overdue).scalar_one()}
