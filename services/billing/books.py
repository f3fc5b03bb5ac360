"""Imports the treasury's book from a folder of TOML: `python -m services.billing.books`."""

import datetime as dt
import sys
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from sqlalchemy import Connection

from bus.database import books
from bus.database.rows import Kept
from bus.errors import BusError
from bus.messages.values import Json
from bus.process.private import own_files_only
from services.billing.book_schema import BookForm
from services.billing.domain.book import (
    Account,
    Book,
    Dated,
    DatedRow,
    EncoderRow,
    Issuer,
    MoneyUnit,
    PspName,
    Rounding,
    Season,
    Service,
    VatRate,
)
from services.billing.domain.tariff import Tariff

DATED = ("money", "vat", "rounding", "encoders")
_KEPT = Kept[Book]()


def read(folder: Path) -> Json:
    """The document of a folder, psps.toml left out. Raises books.BadBook or OSError."""
    return books.read(folder, BookForm(), ("psps.toml",))


def newest(conn: Connection) -> Book:
    """The book in force. Raises BusError ``treasury.no_book`` if none was imported."""
    book = books.in_force(conn, _KEPT, to_book)
    if book is None:
        raise BusError("No book of the treasury was imported yet.", code="treasury.no_book")
    return book


def to_book(version: int, document: Json) -> Book:
    """The book of a document."""
    rows = books.with_days(document, DATED)
    return Book(
        version=version,
        issuer=Issuer(**document["issuer"]),
        money=_dated(MoneyUnit, rows["money"]),
        vat=_dated(VatRate, rows["vat"]),
        rounding=_dated(Rounding, rows["rounding"]),
        encoders=_dated(EncoderRow, rows["encoders"]),
        seasons=tuple(Season(row["code"], tuple(row["months"])) for row in document["seasons"]),
        services=tuple(_service(row) for row in document["services"]),
        psps=tuple(
            PspName(**{**row, "marks": tuple(row.get("marks", ()))}) for row in document["psps"]
        ),
        account=_account(document.get("account")),
        least_reminded=document.get("least_reminded_rials", 0),
    )


def _service(row: Json) -> Service:
    return Service(**{**row, "reminders": tuple(row.get("reminders", (1,)))})


def _account(row: Json | None) -> Account:
    """How the account is settled; a book that was imported before this existed says nothing."""
    if row is None:
        return Account()
    return Account(
        row["settle_days"],
        tuple(row["weekend"]),
        frozenset(dt.date.fromisoformat(day) for day in row["holidays"]),
        tuple(row["bills_marks"]),
    )


def _dated(kind: type[Dated], rows: Iterable[Json]) -> tuple[Dated, ...]:
    """Dated rows of a document, without the members that only its readers need."""
    names = {field.name for field in fields(kind)} - {"from_"}
    return tuple(kind(from_=row["from"], **{name: row[name] for name in names}) for row in rows)


# Classes of the tariff that ended so long ago were given up, and are no worry any more.
GIVEN_UP = dt.timedelta(days=30)


def ends(book: Book, tariffs: Iterable[Tariff], today: dt.date) -> dict[str, dt.date | None]:
    """Until when each kind of dated rows of the treasury holds; None: without an end."""
    classes: dict[tuple[str, ...], list[dt.date | None]] = {}
    for row in tariffs:
        if row.approved_at is not None and row.withdrawn_at is None:
            classes.setdefault(row.classes, []).append(row.to_day)
    last = [
        day
        for days in classes.values()
        if None not in days and (day := max(d for d in days if d)) >= today - GIVEN_UP
    ]
    units: dict[str, list[MoneyUnit]] = {}
    for unit in book.money:
        units.setdefault(unit.code, []).append(unit)
    return {
        "money": min((end for end in map(_end, units.values()) if end), default=None),
        "vat": _end(book.vat),
        "rounding": _end(book.rounding),
        "encoders": _end(book.encoders),
        "tariffs": min(last, default=None),
    }


def _end(rows: Iterable[DatedRow]) -> dt.date | None:
    """The last day of dated rows of one kind; None if one goes on without an end."""
    days = [row.to for row in rows]
    return None if None in days else max((day for day in days if day), default=None)


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
    return books.main(argv, "billing", read, "the treasury")


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
