"""Chores of this service, and the rows that they could not do (bus/database/chores.py)."""

from sqlalchemy import Connection, func, select

from bus.database.chores import TRIES, Chore
from bus.database.store import Store
from bus.database.tables import FAILED_ROWS

PREFIX = "ticketing."
# The names of the chores, which are labels of the metric too.
CHORES = ("scan_files", "recalculate", "watch", "close_quietly", "follow_up")


def chore(store: Store, name: str) -> Chore:
    """Return a chore by its name, one of CHORES."""
    return Chore(store, f"{PREFIX}{name}")


def left_alone(conn: Connection) -> dict[str, int]:
    """Count the rows that each chore has given up; every chore is there."""
    statement = (
        select(FAILED_ROWS.c.chore, func.count())
        .where(FAILED_ROWS.c.tries >= TRIES)
        .group_by(FAILED_ROWS.c.chore)
    )
    counts = {name.removeprefix(PREFIX): count for name, count in conn.execute(statement)}
    return {name: counts.get(name, 0) for name in CHORES}
