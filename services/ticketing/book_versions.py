"""The versions of the book that came from files; the others were made at the desk."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from bus.database.rows import columns, fetch_one
from bus.messages.values import Json
from services.ticketing.tables import BOOK_CHANGES, BOOKS


@dataclass(frozen=True, slots=True)
class ImportedBook:
    """A version of the book as a file gave it."""

    version: int
    document: Json


def last_import(conn: Connection) -> ImportedBook | None:
    """Return the newest version that no change of the desk made; None before the first import."""
    made_at_desk = select(BOOK_CHANGES.c.version).where(BOOK_CHANGES.c.version.is_not(None))
    statement = (
        select(*columns(BOOKS, ImportedBook))
        .where(BOOKS.c.version.not_in(made_at_desk))
        .order_by(BOOKS.c.version.desc())
        .limit(1)
    )
    return fetch_one(conn, ImportedBook, statement)
