"""Rows that all of the hub uses: the locked row of an agency, and how many watches it has."""

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from services.inquiry.signal_tables import WATCHERS, WATCHES


def lock_watcher(conn: Connection, agency: str) -> None:
    """Lock the row of an agency until the commit, and make it if there is none."""
    conn.execute(insert(WATCHERS).values(agency=agency).on_conflict_do_nothing())
    conn.execute(
        select(WATCHERS.c.agency).where(WATCHERS.c.agency == agency).with_for_update()
    ).scalar_one()


def count_watches(conn: Connection, agency: str) -> int:
    """How many watches an agency has."""
    query = select(func.count()).select_from(WATCHES).where(WATCHES.c.agency == agency)
    return int(conn.execute(query).scalar_one())
