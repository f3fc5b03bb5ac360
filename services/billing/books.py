"""Imports the treasury's book from a folder of TOML: `python -m services.billing.books`."""

import datetime as dt
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy import Connection

from bus.database import books
from bus.errors import BusError
from bus.fields import Day, Text, whole
from bus.process.private import own_files_only
from iran import identifiers
from services.billing.domain.book import Book
from services.billing.domain.tariff import Tariff

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
    """A rate and the law that sets it: each has a last day, as budget laws do."""

    to = Day(required=True)
    source = Text(300, required=True)
    basis_points = whole(0, 10_000, required=True)


class Rounding(Dated):
    to_rials = whole(1, 10**6, required=True)
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
    due_days = whole(1, 1000, required=True)
    expire_days = fields.Integer(load_default=None, validate=validate.Range(1, 1000))
    remind_days = whole(0, 1000, required=True)
    of_register = fields.Boolean(load_default=False)

    @validates_schema(skip_on_field_errors=True)
    def _can_be_paid(self, data: dict[str, Any], **_: Any) -> None:
        if data["expire_days"] is not None and data["expire_days"] < data["due_days"]:
            raise ValidationError("it would end before it is due", "expire_days")
        if data["remind_days"] > data["due_days"]:
            raise ValidationError("it would be reminded of before it is issued", "remind_days")


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

    @validates_schema(skip_on_field_errors=True)
    def _one_row_a_day(self, data: dict[str, Any], **_: Any) -> None:
        faults = [
            *books.faults_in_days(data["money"], "money", "code"),
            *books.faults_in_days(data["vat"], "vat"),
            *books.faults_in_days(data["rounding"], "rounding"),
            *books.faults_in_days(data["encoders"], "encoders"),
            *_unpayable(data["rounding"], data["encoders"]),
        ]
        if faults:
            raise ValidationError(faults)


def _unpayable(roundings: list[dict[str, Any]], encoders: list[dict[str, Any]]) -> list[str]:
    """Roundings by which no bill of that day fits into a payment ID."""
    return [
        f"rounding: to {rule['to_rials']} rials does not fit payment IDs of {form['rials']} rials "
        f"and {form['digits']} digits"
        for rule in roundings
        for form in encoders
        if rule["from"] <= (form["to"] or "9")
        and form["from"] <= (rule["to"] or "9")
        and (
            rule["to_rials"] % form["rials"]
            or rule["to_rials"] > form["rials"] * 10 ** (form["digits"] - 1)
        )
    ]


def read(folder: Path) -> dict[str, Any]:
    """The document of a folder, psps.toml left out. Raises books.BadBook or OSError."""
    return books.read(folder, BookOf(), ("psps.toml",))


def newest(conn: Connection) -> Book:
    """The book in force; BusError ``treasury.no_book`` if none was imported."""
    found = books.newest(conn)
    if found is None:
        raise BusError("No book of the treasury was imported yet.", code="treasury.no_book")
    return Book(found[0], with_days(found[1]))


# A place of the tariff that ended so long ago was given up, and is no worry any more.
GIVEN_UP = dt.timedelta(days=30)


def ends(book: Book, tariffs: Iterable[Tariff], today: dt.date) -> dict[str, dt.date | None]:
    """Until when each kind of dated rows of the treasury holds; None: without an end."""
    places: dict[tuple[str, ...], list[dt.date | None]] = {}
    for row in tariffs:
        if row.approved_at is not None and row.withdrawn_at is None:
            places.setdefault(row.place, []).append(row.to_day)
    last = [
        day
        for days in places.values()
        if None not in days and (day := max(d for d in days if d)) >= today - GIVEN_UP
    ]
    return {
        "money": books.last_day(book.told["money"], "code"),
        **{name: books.last_day(book.told[name]) for name in ("vat", "rounding", "encoders")},
        "tariffs": min(last, default=None),
    }


def with_days(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its first and last days as dates."""
    return books.with_days(document, DATED)


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
    return books.main(argv, "billing", read, "the treasury")


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
