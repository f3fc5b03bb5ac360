"""Calls that should have ended: counted, so that an operator looks."""

import datetime as dt

from sqlalchemy import Connection, func, select

from services.agencies.tables import CALLS

OVERDUE = dt.timedelta(hours=2)
SOON = dt.timedelta(minutes=15)


def counts(conn: Connection) -> dict[str, int]:
    """Calls that are answered later and have not ended: those whose hour is over, and those whose
    hour ends soon.
    """
    overdue = CALLS.c.made_at < func.now() - OVERDUE
    soon = CALLS.c.until.between(func.now(), func.now() + SOON)
    row = conn.execute(
        select(func.count().filter(overdue), func.count().filter(soon)).where(
            CALLS.c.due_at.is_not(None)
        )
    ).one()
    return {"waits_for_call": int(row[0]), "calls_due_soon": int(row[1])}
