"""Imports the treasury's book from a folder of TOML: `python -m services.billing.books`.

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
from bus.contracts.fields import Day, Text, whole
from bus.errors import BusError
from bus.settings import MissingSettings, Settings
from bus.store import Store
from services.billing.domain.book import Book

DATED = ("money", "vat", "rounding", "encoders")


class Issuer(Schema):
    name_fa = Text(200, required=True)
    name_en = Text(200, required=True)
    legal_id = Text(11, required=True)
    address_fa = Text(300, required=True)
    address_en = Text(300, required=True)
    phone = Text(40, required=True)
    sheba = Text(40, required=True)
    company = whole(1, 999, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _numbers(self, data: dict[str, Any], **_: Any) -> None:
        for name, check in (("legal_id", identifiers.legal_id), ("sheba", identifiers.sheba)):
            try:
                data[name] = check(data[name])
            except identifiers.Malformed as error:
                raise ValidationError(str(error), name) from None


class Dated(Schema):
    from_ = Day(required=True, data_key="from", attribute="from")
    to = Day(load_default=None)
    source = Text(300, load_default="", least=0)


class Money(Dated):
    code = Text(40, required=True)
    fa = Text(40, required=True)
    en = Text(40, required=True)
    rials = whole(1, 10**9, required=True)


class Vat(Dated):
    basis_points = whole(0, 10_000, required=True)


class Rounding(Dated):
    to_rials = whole(1, 10**9, required=True)
    way = Text(10, required=True)
    fa = Text(300, required=True)
    en = Text(300, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _way(self, data: dict[str, Any], **_: Any) -> None:
        if data["way"] not in ("up", "down", "nearest"):
            raise ValidationError("use up, down or nearest", "way")


class Encoders(Dated):
    rials = whole(1, 10**9, required=True)
    digits = whole(1, 8, required=True)


class Season(Schema):
    code = Text(40, required=True)
    months = fields.List(whole(1, 12), required=True)


class ServiceOf(Schema):
    code = Text(40, required=True)
    fa = Text(200, required=True)
    en = Text(200, required=True)
    law = Text(40, required=True)
    law_fa = Text(300, required=True)
    law_en = Text(300, required=True)
    due_days = whole(0, 1000, required=True)
    expire_days = fields.Integer(load_default=None, validate=validate.Range(1, 1000))
    remind_days = whole(0, 1000, required=True)
    of_register = fields.Boolean(load_default=False)


class Psp(Schema):
    code = Text(40, required=True)
    fa = Text(100, required=True)
    en = Text(100, required=True)


class BookOf(Schema):
    issuer = fields.Nested(Issuer, required=True)
    money = fields.List(fields.Nested(Money), required=True)
    vat = fields.List(fields.Nested(Vat), required=True)
    rounding = fields.List(fields.Nested(Rounding), required=True)
    encoders = fields.List(fields.Nested(Encoders), required=True)
    seasons = fields.List(fields.Nested(Season), required=True)
    services = fields.List(fields.Nested(ServiceOf), required=True, validate=validate.Length(1))
    psps = fields.List(fields.Nested(Psp), load_default=list)


class BadBook(Exception):
    """The book cannot be taken; ``faults`` says where and why."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def read(folder: Path) -> dict[str, Any]:
    """The document of all .toml files of a folder but psps.toml. Raises BadBook or OSError."""
    told: dict[str, Any] = {}
    paths = sorted(path for path in folder.glob("*.toml") if path.name != "psps.toml")
    if not paths:
        raise BadBook([f"{folder} holds no .toml file"])
    for path in paths:
        try:
            told |= tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadBook([f"{path.name}: {error}"]) from None
    return check(told)


def check(told: dict[str, Any]) -> dict[str, Any]:
    """The document in canonical form. Raises BadBook."""
    try:
        loaded: dict[str, Any] = BookOf().load(orjson.loads(orjson.dumps(told)))
    except ValidationError as error:
        raise BadBook(sorted(_faults(error.normalized_messages()))) from None
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
    conn.execute(text("lock table books in share row exclusive mode"))
    newest = conn.execute(
        text("select version, document from books order by version desc limit 1")
    ).one_or_none()
    if newest is not None and newest.document == document:
        return int(newest.version)
    version = newest.version + 1 if newest else 1
    conn.execute(
        text("insert into books (version, document) values (:version, cast(:told as jsonb))"),
        {"version": version, "told": orjson.dumps(document).decode()},
    )
    return int(version)


def newest(conn: Connection) -> Book:
    """The book in force; BusError ``treasury.no_book`` if none was imported."""
    found = conn.execute(
        text("select version, document from books order by version desc limit 1")
    ).one_or_none()
    if found is None:
        raise BusError("No book of the treasury was imported yet.", code="treasury.no_book")
    return Book(found.version, with_days(found.document))


def with_days(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its first and last days as dates."""
    told = dict(document)
    for name in DATED:
        told[name] = [
            {**row, "from": _day(row["from"]), "to": _day(row["to"])} for row in document[name]
        ]
    return told


def _day(told: str | None) -> dt.date | None:
    return dt.date.fromisoformat(told) if told else None


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
    parser = argparse.ArgumentParser(prog="python -m services.billing.books", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the book's .toml files")
    parser.add_argument("--check", action="store_true", help="only say whether it is good")
    given = parser.parse_args(argv)
    try:
        document = read(given.folder)
        if not given.check:
            with Store(Settings().text("DB_URL"), source="books").transaction() as tx:
                print(f"The treasury works by version {keep(tx.conn, document)} of its book.")
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
