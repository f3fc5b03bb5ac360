"""Changes of the book in the database; nothing is deleted."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from bus.database.rows import columns, fetch_all, fetch_one
from bus.errors import NotFound
from bus.messages.values import Json
from services.ticketing.domain.book_changes import State
from services.ticketing.tables import BOOK_CHANGES, BOOKS

SHOWN = 100


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change of one row of the book; ``key`` is empty for a new row, ``after`` for a removal."""

    id: int
    section: str
    key: str
    before: Json | None
    after: Json | None
    valid_from: dt.date
    source: str
    state: State
    proposed_by: str
    proposed_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    decision: str
    version: int | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of the book, and the change that made it (None: a file)."""

    version: int
    at: dt.datetime
    change: int | None


def add(conn: Connection, **values: object) -> int:
    """Add a change and return its id."""
    statement = insert(BOOK_CHANGES).values(**values).returning(BOOK_CHANGES.c.id)
    return int(conn.execute(statement).scalar_one())


def get(conn: Connection, id_: int, *, lock: bool = False) -> ChangeRow:
    """Return a change. NotFound ``book_change.not_found``."""
    statement = select(*columns(BOOK_CHANGES, ChangeRow)).where(BOOK_CHANGES.c.id == id_)
    row = fetch_one(conn, ChangeRow, statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("There is no such change of the book.", code="book_change.not_found")
    return row


def put(conn: Connection, id_: int, **values: object) -> None:
    """Change the state of a change, and what belongs to it."""
    conn.execute(update(BOOK_CHANGES).where(BOOK_CHANGES.c.id == id_).values(**values))


def newest(conn: Connection) -> list[ChangeRow]:
    """List the changes: those that wait for a decision first, then the newest."""
    statement = (
        select(*columns(BOOK_CHANGES, ChangeRow))
        .order_by((BOOK_CHANGES.c.state == "DRAFT").desc(), BOOK_CHANGES.c.id.desc())
        .limit(SHOWN)
    )
    return fetch_all(conn, ChangeRow, statement)


def due(conn: Connection, today: dt.date) -> list[int]:
    """List the approved changes whose day has come, in their order."""
    statement = (
        select(BOOK_CHANGES.c.id)
        .where(BOOK_CHANGES.c.state == "APPROVED", BOOK_CHANGES.c.valid_from <= today)
        .order_by(BOOK_CHANGES.c.valid_from, BOOK_CHANGES.c.id)
    )
    return list(conn.execute(statement).scalars())


def count_failed(conn: Connection) -> int:
    """Count the approved changes that could not be put in force on their day."""
    statement = select(func.count()).where(BOOK_CHANGES.c.state == "FAILED")
    return int(conn.execute(statement).scalar_one())


def versions(conn: Connection) -> list[VersionRow]:
    """List the newest versions of the book."""
    statement = (
        select(BOOKS.c.version, BOOKS.c.at, BOOK_CHANGES.c.id.label("change"))
        .outerjoin(BOOK_CHANGES, BOOK_CHANGES.c.version == BOOKS.c.version)
        .order_by(BOOKS.c.version.desc())
        .limit(SHOWN)
    )
    return fetch_all(conn, VersionRow, statement)
