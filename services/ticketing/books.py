"""Imports the book of the desk: `python -m services.ticketing.books FOLDER` (TOML files).

All faults are listed with their places at once, and nothing is changed then.
"""

import datetime as dt
import sys
from pathlib import Path

from sqlalchemy import Connection, select

from bus.database import books
from bus.database.rows import Kept
from bus.errors import BusError
from bus.messages.values import Json
from bus.process.private import own_files_only
from services.ticketing import book_versions, calendar_rows
from services.ticketing.book_schema import BookOf
from services.ticketing.domain import prepared, working_time
from services.ticketing.domain.book import Book, span_of
from services.ticketing.domain.calendar import Calendar, Row, row_from
from services.ticketing.domain.promises import NAMES
from services.ticketing.tables import TICKETS

_KEPT = Kept[Book]()


def read(folder: Path) -> Json:
    """Return the document of all TOML files of a folder. Raises BadBook with all its faults."""
    loaded = _with_iso_days(books.read(folder, BookOf()))
    _refuse_unknown_places(loaded)
    if loaded["calendar"]:
        rows = _calendar_rows(loaded["calendar"])
        _end(loaded, Calendar(rows), dt.datetime.now(dt.UTC))
        _opens(loaded, Calendar(rows), dt.datetime.now(dt.UTC))
    return loaded


def _refuse_unknown_places(document: Json) -> None:
    """Raise BadBook with each place of a prepared text that could not be filled in."""
    faults = [
        f"canned {number}.{name}: {sentence}"
        for number, row in enumerate(document["canned"], 1)
        for name, sentence in prepared.faults(row).items()
    ]
    if faults:
        raise books.BadBook(faults)


def _with_iso_days(document: Json) -> Json:
    for row in document["promises"]:
        row["from"] = dt.date.fromisoformat(row["from"]).isoformat()
    return document


def canonical(document: Json) -> Json:
    """Return a document that was kept and changed, checked by the same rules as the file, without
    a calendar. ValidationError of marshmallow, by list, number of the row and field.
    """
    without_nothing = {
        name: [{n: v for n, v in row.items() if v is not None} for row in value]
        if isinstance(value, list)
        else value
        for name, value in document.items()
    }
    loaded: Json = BookOf().load(without_nothing)
    loaded.pop("calendar")
    return _with_iso_days(loaded)


def _calendar_rows(rows: list[Json]) -> list[Row]:
    return [row_from(row, number) for number, row in enumerate(rows, 1)]


def keep(conn: Connection, document: Json) -> int:
    """Store the document as the newest version, unless it is that already; return the version.

    Rows of the calendar that were never on record are added; what the desk added, corrected or
    withdrew stays as it is. So does the book itself if the desk has changed it since this very
    document was imported. Raises BadBook if what is promised could not end by the calendar, or if
    another document would undo changes of the desk.
    """
    plain = _with_new_calendar_rows(conn, document)
    imported, newest_version = book_versions.last_import(conn), books.newest(conn)
    if imported is None or newest_version is None or newest_version[0] == imported.version:
        return books.keep(conn, plain)
    if imported.document == plain:
        return newest_version[0]
    raise books.BadBook(
        [
            f"The desk has changed the book since it was imported (version {imported.version}, "
            f"now {newest_version[0]}). Export it (python -m services.ticketing.book_export) and "
            "write your changes there, or say --replace to undo those of the desk."
        ]
    )


def replace(conn: Connection, document: Json) -> int:
    """Store the document as ``keep`` does, whatever the desk has changed."""
    return books.keep(conn, _with_new_calendar_rows(conn, document))


def _with_new_calendar_rows(conn: Connection, document: Json) -> Json:
    """Add the document's new rows to the calendar, and return it without them."""
    _refuse_gone_units(conn, document)
    plain = dict(document)
    calendar_rows.add_new_rows(conn, _calendar_rows(plain.pop("calendar")), "books")
    calendar, _ = calendar_rows.load(conn)
    refuse_endless(plain, calendar)
    return plain


def _refuse_gone_units(conn: Connection, document: Json) -> None:
    """Raise BadBook with each unit that is not in the document and has tickets, as the desk does:
    nobody could be told of them any more.
    """
    units = {row["code"] for row in document["units"]}
    gone = set(conn.execute(select(TICKETS.c.unit).distinct()).scalars()) - units
    if gone:
        sentence = "units: {} is gone, and tickets name it; keep it (book.in_use)"
        raise books.BadBook([sentence.format(code) for code in sorted(gone)])


def refuse_endless(document: Json, calendar: Calendar) -> None:
    """Raise BadBook with each promise that could not end by a calendar."""
    _end(document, calendar, dt.datetime.now(dt.UTC))


def _end(document: Json, calendar: Calendar, now: dt.datetime) -> None:
    """Raise BadBook with each promise, or unit's own time, that could not end by a calendar in
    which a minute does.
    """
    if not working_time.ends(working_time.LEAST, now, calendar, ""):
        return
    faults = [
        f"promises {number}.{name}: by the calendar it never comes due (calendar.no_working_time)"
        for number, row in enumerate(document["promises"], 1)
        for name in NAMES
        if name in row and not working_time.ends(span_of(row[name]), now, calendar, "")
    ]
    faults += [
        f"units {number}.part_hours: by the calendar it never comes due (calendar.no_working_time)"
        for number, row in enumerate(document["units"], 1)
        if "part_hours" in row
        and not working_time.ends(span_of({"hours": row["part_hours"]}), now, calendar, "")
    ]
    if faults:
        raise books.BadBook(faults)


def _opens(document: Json, calendar: Calendar, now: dt.datetime) -> None:
    """Raise BadBook with each county that hardly opens, and each long closure not confirmed."""
    faults = [
        f"calendar: {county or 'the whole province'} has no working time (calendar.no_working_time)"
        for county in ("", *(row["code"] for row in document["counties"]))
        if not working_time.ends(working_time.LEAST, now, calendar, county)
    ]
    for number, row in enumerate(document["calendar"], 1):
        days = dt.timedelta()
        if row["kind"] == "closure" and row["to_day"]:
            days = dt.date.fromisoformat(row["to_day"]) - dt.date.fromisoformat(row["from_day"])
        if days.days >= working_time.LONGEST_CLOSURE_DAYS and not row["confirmed"]:
            faults.append(
                f"calendar {number}.to_day: closes for {days.days + 1} days; correct it or say "
                "confirmed = true (calendar.long_closure)"
            )
    if faults:
        raise books.BadBook(faults)


def newest(conn: Connection) -> Book:
    """Return the book in force; BusError ``desk.no_book`` if none was imported."""
    book = books.in_force(conn, _KEPT, lambda _, document: Book(document))
    if book is None:
        raise BusError("No book of the desk was imported yet.", code="desk.no_book")
    return book


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
    return books.main(argv, "ticketing", read, "the desk", keep, replace)


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
