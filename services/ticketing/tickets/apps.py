"""Which app sent a report over Open311."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.ticketing.tables import APP_REPORTS


def note_report(conn: Connection, ticket: int, app: str) -> None:
    """Note that an app sent the ticket."""
    conn.execute(insert(APP_REPORTS).values(ticket=ticket, app=app).on_conflict_do_nothing())


def app_of(conn: Connection, ticket: int) -> str:
    """Return the app that sent the ticket, ``""`` if none did."""
    statement = select(APP_REPORTS.c.app).where(APP_REPORTS.c.ticket == ticket)
    return conn.execute(statement).scalar() or ""
