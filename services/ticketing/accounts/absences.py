"""Days on which colleagues are away, and who stands in for them."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from bus.database.rows import columns, fetch_all, fetch_one
from services.ticketing.tables import ABSENCES


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """Days (inclusive, Gregorian) on which a colleague is away; ``deputy`` stands in."""

    id: int
    username: str
    from_day: dt.date
    to_day: dt.date
    deputy: str | None
    entered_by: str

    def covers(self, day: dt.date) -> bool:
        return self.from_day <= day <= self.to_day


_COLUMNS = columns(ABSENCES, AbsenceRow)
_OPEN = ABSENCES.c.ended_at.is_(None)


def on(conn: Connection, username: str, day: dt.date) -> AbsenceRow | None:
    """Return the absence of a colleague on a day, the last entered of several; None if present."""
    statement = (
        select(*_COLUMNS)
        .where(
            _OPEN,
            ABSENCES.c.username == username,
            ABSENCES.c.from_day <= day,
            ABSENCES.c.to_day >= day,
        )
        .order_by(ABSENCES.c.id.desc())
        .limit(1)
    )
    return fetch_one(conn, AbsenceRow, statement)


def listed(conn: Connection, from_day: dt.date) -> list[AbsenceRow]:
    """List all absences that have not ended before a day, the next first."""
    statement = select(*_COLUMNS).where(_OPEN, ABSENCES.c.to_day >= from_day)
    return fetch_all(conn, AbsenceRow, statement.order_by(ABSENCES.c.from_day, ABSENCES.c.id))


def by_id(conn: Connection, absence: int) -> AbsenceRow | None:
    """Return an absence that was not ended by hand; None if there is none."""
    return fetch_one(conn, AbsenceRow, select(*_COLUMNS).where(_OPEN, ABSENCES.c.id == absence))


def add(conn: Connection, row: AbsenceRow, now: dt.datetime) -> int:
    """Enter an absence, whose own ``id`` is not looked at; return its id."""
    statement = insert(ABSENCES).values(
        username=row.username,
        from_day=row.from_day,
        to_day=row.to_day,
        deputy=row.deputy,
        entered_by=row.entered_by,
        entered_at=now,
    )
    return int(conn.execute(statement.returning(ABSENCES.c.id)).scalar_one())


def end(conn: Connection, absence: int, actor: str, now: dt.datetime) -> None:
    """End an absence from now on; it stays on record."""
    statement = update(ABSENCES).where(ABSENCES.c.id == absence)
    conn.execute(statement.values(ended_at=now, ended_by=actor))
