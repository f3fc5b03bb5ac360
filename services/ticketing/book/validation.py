"""A changed book is judged by the rules of the file; what is wrong is named by its field."""

from collections.abc import Iterator, Mapping

from marshmallow import ValidationError
from sqlalchemy import Connection, func, select

from bus.database.books import BadBook
from bus.errors import FieldError, RuleBroken
from bus.messages.values import Json
from people.book_keys import SINGLES, key_of
from services.ticketing import books, calendar_rows
from services.ticketing.context import Context
from services.ticketing.desk.assignments import works_in
from services.ticketing.domain import prepared
from services.ticketing.domain.book_changes import (
    PROMISES,
    Place,
    changed,
    row_of,
    rows_of,
)
from services.ticketing.tables import CALENDAR_ROWS, SLOTS, STAFF, TICKETS

# What a row of these is known by may change with it.
FOLLOWED = (PROMISES, "escalation")


def with_change(context: Context, section: str, key: str, row: Json | None) -> tuple[Json, str]:
    """Return the book in force with one row changed, as the file would be kept, and the row's key.

    RuleBroken ``field.wrong`` with the fields of the row, ``book.in_use``, ``book.begun``,
    ``book_change.gone`` if no row has the key.
    """
    document = dict(context.book.document)
    _refuse_gone(document, section, key)
    if row is None:
        _refuse_in_use(context.conn, section, key)
    elif key and section not in FOLLOWED and key_of(section, {"code": key, **row}) != key:
        raise _refused([FieldError("row.code", "book.code", "A code stays; add another row.")])
    if section == "canned" and (faults := prepared.faults(row or {})):
        raise _refused(
            [FieldError(f"row.{name}", "book.place", text) for name, text in faults.items()]
        )
    if section == "levels" and row is not None:
        _refuse_stranger(context, row)
    document, place = changed(document, section, key, row)
    checked = _checked(document, place)
    _refuse_endless(context.conn, checked)
    if place is None:
        return checked, key
    return checked, key_of(section, rows_of(checked, section)[place.number])


def _refuse_stranger(context: Context, row: Json) -> None:
    """RuleBroken ``field.wrong`` for a colleague who does not work in the unit of a level."""
    unit, username = str(row.get("to_unit") or ""), row.get("to_colleague")
    if username and not works_in(context, str(username), unit):
        sentence = "This colleague does not work in that unit."
        raise _refused([FieldError("row.to_colleague", "colleague", sentence)])


def _refuse_gone(document: Json, section: str, key: str) -> None:
    if key and row_of(document, section, key) is None:
        raise RuleBroken("The book has no such row any more.", code="book_change.gone")


def _refuse_in_use(conn: Connection, section: str, key: str) -> None:
    """RuleBroken ``book.in_use`` for a row that tickets, accounts or times for visits name."""
    places = {
        "units": (TICKETS.c.unit, STAFF.c.unit),
        "categories": (TICKETS.c.category,),
        "offices": (SLOTS.c.office,),
        "counties": (TICKETS.c.county, CALENDAR_ROWS.c.counties),
    }
    for column in places.get(section, ()):
        names = column.contains([key]) if column is CALENDAR_ROWS.c.counties else column == key
        if conn.execute(select(func.count()).where(names)).scalar_one():
            raise RuleBroken(
                f"{key} cannot be removed: {column.table.name} name it.", code="book.in_use"
            )


def _checked(document: Json, place: Place | None) -> Json:
    """The document by the rules of the file. RuleBroken ``field.wrong``."""
    try:
        return books.canonical(document)
    except ValidationError as error:
        raise _refused(list(_faults(error.messages_dict, place))) from None


def _faults(messages: Mapping[str, object], place: Place | None) -> Iterator[FieldError]:
    """What is wrong: fields of the row that was changed, and what belongs to no field of it."""
    for section, inner in messages.items():
        rows = inner if isinstance(inner, Mapping) else {"": inner}
        if section in SINGLES:
            rows = {0: inner}
        for index, faults in rows.items():
            of_row = place is not None and (section, index) == place
            for path, text in _leaves(faults):
                code, _, sentence = text.rpartition("|")
                name = path.split(".")[0] if of_row else ""
                where = "row" if name in ("", "_schema") else f"row.{name}"
                yield FieldError(where, code or "choice", sentence)


def _leaves(messages: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _leaves(inner, f"{path}.{name}".strip("."))
    elif isinstance(messages, list):
        for text in messages:
            yield path, str(text)


def _refuse_endless(conn: Connection, document: Json) -> None:
    """RuleBroken for a promise that could not end by the calendar in force."""
    calendar, _ = calendar_rows.load(conn)
    try:
        books.refuse_endless(document, calendar)
    except BadBook as error:
        sentence = error.faults[0]
        raise _refused([FieldError("row", "calendar.no_working_time", sentence)]) from None


def _refused(faults: list[FieldError]) -> RuleBroken:
    return RuleBroken(
        "; ".join(fault.message for fault in faults), code="field.wrong", fields=faults
    )
