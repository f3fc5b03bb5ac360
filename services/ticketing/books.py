"""Imports the book of the desk from a folder of TOML files: `python -m services.ticketing.books`.

What is wrong is told with its place, all at once, and nothing is changed then.
"""

import argparse
import datetime as dt
import sys
import tomllib
from pathlib import Path
from typing import Any

import orjson
from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy import Connection, text

from bus import identifiers
from bus.contracts.desk import CALENDAR_KINDS, CALENDAR_STATUS, WEEKDAYS
from bus.contracts.fields import Choice, Day, Text
from bus.contracts.ticketing import KINDS
from bus.errors import BusError
from bus.settings import MissingSettings, Settings
from bus.store import Store
from services.ticketing import store
from services.ticketing.domain.book import Book
from services.ticketing.domain.promises import NAMES

LONG = 500


class Named(Schema):
    code = Text(40, required=True)
    fa = Text(200, required=True)
    en = Text(200, required=True)


class Unit(Named):
    email = Text(200, required=True)
    head_email = Text(200)
    mailbox = Text(200)
    mail_category = Text(40)
    phone = Text(40, load_default="")

    @validates_schema(skip_on_field_errors=True)
    def _address(self, data: dict[str, Any], **_: Any) -> None:
        for name in ("email", "head_email", "mailbox"):
            try:
                data[name] = identifiers.email(data[name]) if name in data else None
            except identifiers.Malformed as error:
                raise ValidationError(str(error), name) from None


class Category(Named):
    kinds = fields.List(Choice(KINDS), required=True, validate=validate.Length(1))
    unit = Text(40, required=True)
    group_fa = Text(100, load_default="")
    group_en = Text(100, load_default="")
    hint_fa = Text(LONG, load_default="")
    hint_en = Text(LONG, load_default="")
    open311 = fields.Dict(load_default=None)


class Route(Schema):
    category = Text(40, required=True)
    county = Text(40, required=True)
    unit = Text(40, required=True)


class SpanOf(Schema):
    hours = fields.Float(validate=validate.Range(0.1, 2000))
    days = fields.Integer(strict=True, validate=validate.Range(1, 1000))

    @validates_schema
    def _one(self, data: dict[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError("say hours (of the office) or days (of the calendar)")


class PromiseOf(Schema):
    category = Text(40, load_default="*")
    kind = Choice(("*", *KINDS), load_default="*")
    from_ = Day(required=True, data_key="from", attribute="from")
    first_response = fields.Nested(SpanOf)
    next_update = fields.Nested(SpanOf)
    solution = fields.Nested(SpanOf)
    source = Text(300, required=True)


class Office(Named):
    address_fa = Text(300, required=True)
    address_en = Text(300, required=True)


class Canned(Schema):
    code = Text(40, required=True)
    title_fa = Text(100, required=True)
    text_fa = fields.String(required=True, validate=validate.Length(1, 4000))
    text_en = fields.String(required=True, validate=validate.Length(1, 4000))


class Level(Schema):
    clock = Choice(NAMES, required=True)
    minutes_from_due = fields.Integer(required=True, strict=True)
    role = Choice(("unit_head", "supervisor"), required=True)


class Closing(Schema):
    after_answer_days = fields.Integer(required=True, validate=validate.Range(1, 365))
    remind_applicant_days = fields.Integer(required=True, validate=validate.Range(1, 365))
    silence_days = fields.Integer(required=True, validate=validate.Range(1, 365))


class CalendarRowOf(Schema):
    """A first row of the calendar; later ones are entered at the desk."""

    kind = Choice(CALENDAR_KINDS, required=True)
    counties = fields.List(Text(40), load_default=list)
    from_day = Day(required=True)
    to_day = Day(load_default=None)
    opens = Text(5, load_default=None)
    closes = Text(5, load_default=None)
    weekdays = fields.List(Choice(WEEKDAYS), load_default=list)
    status = Choice(CALENDAR_STATUS, load_default="confirmed")
    title = Text(200, load_default="", least=0)
    source = Text(300, required=True)


class BookOf(Schema):
    """The whole document; refers to itself only."""

    units = fields.List(fields.Nested(Unit), required=True, validate=validate.Length(1))
    counties = fields.List(fields.Nested(Named), required=True)
    categories = fields.List(fields.Nested(Category), required=True, validate=validate.Length(1))
    routes = fields.List(fields.Nested(Route), load_default=list)
    promises = fields.List(fields.Nested(PromiseOf), required=True, validate=validate.Length(1))
    offices = fields.List(fields.Nested(Office), load_default=list)
    canned = fields.List(fields.Nested(Canned), load_default=list)
    escalation = fields.List(fields.Nested(Level), load_default=list)
    roles = fields.Dict(keys=fields.String(), values=Text(200), required=True)
    closing = fields.Nested(Closing, required=True)
    calendar = fields.List(fields.Nested(CalendarRowOf), load_default=list)

    @validates_schema(skip_on_field_errors=True)
    def _refers(self, data: dict[str, Any], **_: Any) -> None:
        codes = {
            member: {row["code"] for row in data[name]}
            for member, name in (
                ("unit", "units"),
                ("county", "counties"),
                ("category", "categories"),
            )
        }
        codes["category"].add("*")
        faults = [
            f"{name} {n}: there is no {member} {row[member]}"
            for name in ("categories", "routes", "promises")
            for n, row in enumerate(data[name], 1)
            for member, known in codes.items()
            if member in row and row[member] not in known
        ]
        for name in ("units", "counties", "categories", "offices", "canned"):
            told = [row["code"] for row in data[name]]
            faults += [
                f"{name}: {code} stands twice" for code in {c for c in told if told.count(c) > 1}
            ]
        emails = [row["email"].lower() for row in data["units"]]
        faults += [f"units: two have {e}" for e in {e for e in emails if emails.count(e) > 1}]
        if "supervisor" not in data["roles"]:
            faults.append("roles: the e-mail of the supervisor is missing")
        if faults:
            raise ValidationError(sorted(faults))


class BadBook(ValueError):
    """The book cannot be used; ``faults`` names each place and what is wrong there."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def read(folder: Path) -> dict[str, Any]:
    """The document of all TOML files of a folder. Raises BadBook with everything that is wrong."""
    told: dict[str, Any] = {}
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise BadBook([f"{folder}: there is no .toml file"])
    for path in files:
        try:
            part = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadBook([f"{path.name}: {error}"]) from None
        for name, value in part.items():
            known = told.get(name)
            told[name] = (
                known + value if isinstance(known, list) and isinstance(value, list) else value
            )
    return check(told)


def check(told: dict[str, Any]) -> dict[str, Any]:
    """The document in canonical form. Raises BadBook."""
    days = orjson.loads(orjson.dumps(told))  # TOML's own days become text
    try:
        loaded: dict[str, Any] = BookOf().load(days)
    except ValidationError as error:
        raise BadBook(sorted(_faults(error.normalized_messages()))) from None
    for row in loaded["promises"]:
        row["from"] = dt.date.fromisoformat(row["from"]).isoformat()
    return loaded


def _faults(messages: Any, path: str = "") -> list[str]:
    if isinstance(messages, dict):
        return [
            fault
            for name, inner in messages.items()
            for fault in _faults(inner, path if name == "_schema" else f"{path}.{name}".strip("."))
        ]
    return [f"{path}: {str(m).split('|')[-1]}".lstrip(": ") for m in messages]


def keep(conn: Connection, document: dict[str, Any]) -> int:
    """Makes the document the newest version, unless it is that already; the version."""
    rows = document.pop("calendar")
    conn.execute(text("lock table books in share row exclusive mode"))
    newest = conn.execute(
        text("select version, document from books order by version desc limit 1")
    ).one_or_none()
    if newest is None:
        for row in rows:
            store.add_calendar_row(conn, row, "books")
    if newest is not None and newest.document == document:
        return int(newest.version)
    version = newest.version + 1 if newest else 1
    conn.execute(
        text("insert into books (version, document) values (:version, cast(:told as jsonb))"),
        {"version": version, "told": orjson.dumps(document).decode()},
    )
    return int(version)


def newest(conn: Connection) -> Book:
    """The book in force; BusError desk.no_book if none was imported."""
    found = conn.execute(text("select document from books order by version desc limit 1")).scalar()
    if found is None:
        raise BusError("No book of the desk was imported yet.", code="desk.no_book")
    return Book(found)


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
    parser = argparse.ArgumentParser(prog="python -m services.ticketing.books", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the book's .toml files")
    parser.add_argument("--check", action="store_true", help="only say whether it is good")
    given = parser.parse_args(argv)
    try:
        document = read(given.folder)
        if not given.check:
            with Store(Settings().text("DB_URL"), source="books").transaction() as tx:
                print(f"The desk works by version {keep(tx.conn, document)} of its book.")
    except BadBook as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return 1
    except (BusError, MissingSettings, OSError) as error:
        print(f"The book was not imported: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
