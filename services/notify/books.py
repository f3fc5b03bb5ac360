"""Imports the book of notices from a folder of TOML: `python -m services.notify.books`."""

import datetime as dt
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy import Connection

from bus.database import books
from bus.database.rows import Kept
from bus.errors import BusError
from bus.messages.fields import Choice, Day, Text, whole
from bus.process.private import own_files_only
from contracts.notify.announcements import COMPONENTS, FIGURES, MEASURES
from contracts.notify.messages import CHANNELS, LANES
from contracts.notify.usage.limits import KEEP_MOST
from services.notify.domain.book import (
    Book,
    Cap,
    Component,
    Contact,
    Lane,
    Patience,
    Price,
    Promise,
    QuietHours,
)
from services.notify.domain.provider_choice import BreakerLimits
from services.notify.domain.provider_weights import WeightLimits

# A document of JSON or TOML. Any: the schemas below say what it holds.
Document = Mapping[str, Any]
DATED = ("quiet", "prices", "promises")
# What else stands in the folder and is no part of the book.
OTHERS = ("templates.toml", "providers.toml")
DAY_MINUTES, LEAST_LOUD_MINUTES = 1440, 120
_KEPT = Kept[Book]()
CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class DatedSchema(Schema):
    from_ = Day(required=True, data_key="from", attribute="from")
    to = Day(load_default=None)
    source = Text(300, load_default="", least=0)


class QuietSchema(DatedSchema):
    """A window of the day in which messages of these lanes wait; an OTP never does."""

    code = Text(40, required=True)
    lanes = fields.List(Choice(LANES[1:]), required=True, validate=validate.Length(1))
    channels = fields.List(Choice(CHANNELS), required=True, validate=validate.Length(1))
    begins = Text(5, required=True, validate=validate.Regexp(CLOCK, error="use 21:00"))
    ends = Text(5, required=True, validate=validate.Regexp(CLOCK, error="use 08:00"))

    @validates_schema(skip_on_field_errors=True)
    def _ends(self, data: Document, **_: object) -> None:
        if data["begins"] == data["ends"]:
            raise ValidationError("a window that ends when it begins says nothing", "ends")


class PriceSchema(DatedSchema):
    encoding = Choice(("ucs2", "gsm7"), required=True)
    rials = whole(0, 10**7, required=True)


class LaneSchema(Schema):
    """How a lane is treated: caps per receiver, and when nobody tries any more."""

    code = Choice(LANES, required=True)
    an_hour = whole(1, 10**6, required=True)
    a_day = whole(1, 10**6, required=True)
    over = Choice(("refuse", "delay"), required=True)
    give_up_hours = whole(1, 1000, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _caps(self, data: Document, **_: object) -> None:
        if data["a_day"] < data["an_hour"]:
            raise ValidationError("a day has at least as many as an hour", "a_day")


class BreakerSchema(Schema):
    failures = whole(1, 1000, required=True)
    seconds = whole(1, 10_000, required=True)
    most_seconds = whole(1, 100_000, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _grows(self, data: Document, **_: object) -> None:
        _in_order(data, "seconds", "most_seconds")


class WeightsSchema(Schema):
    """When weights of SMS providers move (domain/provider_weights.py); spans in seconds."""

    errors = whole(1, 10**6, load_default=50)
    errors_seconds = whole(10, 3600, load_default=60)
    errors_percent = whole(1, 100, load_default=20)
    slow_percent = whole(1, 100, load_default=15)
    slow_seconds = whole(10, 86_400, load_default=300)
    slow_window_seconds = whole(60, 86_400, load_default=900)
    least_messages = whole(1, 10**6, load_default=20)
    points = whole(1, 100, load_default=10)
    least_percent = whole(1, 50, load_default=5)
    rest_seconds = whole(60, 86_400, load_default=900)
    rest_step_seconds = whole(10, 86_400, load_default=300)

    @validates_schema(skip_on_field_errors=True)
    def _can_be_seen(self, data: Document, **_: object) -> None:
        _in_order(data, "slow_seconds", "slow_window_seconds")
        _in_order(data, "errors_seconds", "slow_window_seconds")


class PatienceSchema(Schema):
    """How long to wait for what, in seconds."""

    lease = whole(1, 3600, required=True)
    sure = whole(1, 3600, required=True)
    unclear = whole(1, 10**6, required=True)
    find = whole(1, 10**6, required=True)
    retry = whole(1, 10**6, required=True)
    retry_most = whole(1, 10**6, required=True)
    poll = whole(1, 10**6, required=True)
    poll_most = whole(1, 10**6, required=True)
    untold = whole(1, 10**7, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _grows(self, data: Document, **_: object) -> None:
        for shorter, longer in (
            ("retry", "retry_most"),
            ("poll", "poll_most"),
            ("poll", "untold"),
            ("sure", "find"),
            ("lease", "find"),
        ):
            _in_order(data, shorter, longer)


def _in_order(data: Document, shorter: str, longer: str) -> None:
    if data[longer] < data[shorter]:
        raise ValidationError(f"must not be less than {shorter}", longer)


class ContactSchema(Schema):
    fa = Text(200, required=True)
    en = Text(200, required=True)
    phone = Text(40, required=True)
    email = Text(200, required=True)
    address_fa = Text(300, required=True)
    address_en = Text(300, required=True)
    portal = Text(100)


class ComponentSchema(Schema):
    """A part of us that can be up or down."""

    code = Choice(COMPONENTS, required=True)
    fa = Text(100, required=True)
    en = Text(100, required=True)


class PromiseSchema(DatedSchema):
    """A clause of the agreement, and what proves that it is kept."""

    code = Text(40, required=True)
    clause = Text(20, required=True)
    fa = Text(300, required=True)
    en = Text(300, required=True)
    how_fa = Text(300, required=True)
    how_en = Text(300, required=True)
    measure = Choice(MEASURES, required=True)
    components = fields.List(Choice(COMPONENTS), load_default=list)
    target = fields.Integer(load_default=None, validate=validate.Range(0, 10_000))
    figure = Choice(FIGURES, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _measured(self, data: Document, **_: object) -> None:
        if (data["measure"] == "uptime") != bool(data["components"]):
            raise ValidationError("an uptime is that of components, nothing else is", "components")
        if data["figure"] and data["measure"] != "elsewhere":
            raise ValidationError("a figure is counted elsewhere", "figure")
        if (data["measure"] == "elsewhere" and not data["figure"]) != (data["target"] is None):
            raise ValidationError("what is measured here, or has a figure, has a target", "target")


class BookSchema(Schema):
    contact = fields.Nested(ContactSchema, required=True)
    quiet = fields.List(fields.Nested(QuietSchema), required=True)
    prices = fields.List(fields.Nested(PriceSchema), required=True, validate=validate.Length(1))
    lanes = fields.List(
        fields.Nested(LaneSchema), required=True, validate=validate.Length(len(LANES))
    )
    breaker = fields.Nested(BreakerSchema, required=True)
    weights = fields.Nested(WeightsSchema, load_default=lambda: WeightsSchema().load({}))
    patience = fields.Nested(PatienceSchema, required=True)
    sms_most_parts = whole(1, 20, required=True)
    retention_days = whole(1, KEEP_MOST, required=True)
    announce_hours_before = whole(1, 1000, required=True)
    banner_hours = whole(1, 1000, required=True)
    least_minutes = whole(1, 10_000, required=True)
    components = fields.List(
        fields.Nested(ComponentSchema), required=True, validate=validate.Length(len(COMPONENTS))
    )
    promises = fields.List(fields.Nested(PromiseSchema), required=True)

    @validates_schema(skip_on_field_errors=True)
    def _can_be_sent(self, data: Document, **_: object) -> None:
        faults = [
            *books.faults_in_days(data["prices"], "prices", "encoding"),
            *books.faults_in_days(data["promises"], "promises", "code"),
            *_never_loud(data["quiet"]),
        ]
        if faults:
            raise ValidationError(faults)


def _never_loud(rows: list[Document]) -> list[str]:
    """Quiet hours that leave a lane next to no time in which its messages may go out."""
    faults = []
    for day in sorted({row["from"] for row in rows}):
        held = [r for r in rows if r["from"] <= day and (not r["to"] or day <= r["to"])]
        for lane, channel in {(ln, c) for r in held for ln in r["lanes"] for c in r["channels"]}:
            windows = [r for r in held if lane in r["lanes"] and channel in r["channels"]]
            loud = [m for m in range(DAY_MINUTES) if not any(_in(m, w) for w in windows)]
            if len(loud) < LEAST_LOUD_MINUTES:
                faults.append(
                    f"quiet: from {day} on a message of the lane {lane} by {channel} would go out "
                    f"on {len(loud)} minutes a day; leave two hours at least"
                )
    return faults


def _in(minute: int, window: Document) -> bool:
    begins, ends = (int(t[:2]) * 60 + int(t[3:]) for t in (window["begins"], window["ends"]))
    return begins <= minute < ends if begins < ends else minute >= begins or minute < ends


def read(folder: Path) -> dict[str, Any]:
    """The document of a folder. Raises books.BadBook or OSError."""
    return books.read(folder, BookSchema(), OTHERS)


def newest(conn: Connection) -> Book:
    """The book in force; BusError ``notify.no_book`` if none was imported."""
    book = books.in_force(conn, _KEPT, book_of)
    if book is None:
        raise _no_book()
    return book


def _no_book() -> BusError:
    return BusError("No book of notices was imported yet.", code="notify.no_book")


def last_days(conn: Connection) -> dict[str, dt.date | None]:
    """The last days of the prices of SMS and of the promises; None: without an end."""
    version_and_document = books.newest(conn)
    if version_and_document is None:
        raise _no_book()
    rows = books.with_days(version_and_document[1], DATED)
    return {
        "sms_prices": books.last_day(rows["prices"], "encoding"),
        "promises": books.last_day(rows["promises"], "code"),
    }


def book_of(version: int, document: Document) -> Book:
    """The book of a document as it was imported."""
    rows = books.with_days(document, DATED)
    breaker = rows["breaker"]
    return Book(
        version,
        Contact(**{"portal": None, **rows["contact"]}),
        [_quiet_hours(row) for row in rows["quiet"]],
        [Price(row["from"], row["to"], row["encoding"], row["rials"]) for row in rows["prices"]],
        {row["code"]: _lane(row) for row in rows["lanes"]},
        BreakerLimits(
            breaker["failures"],
            dt.timedelta(seconds=breaker["seconds"]),
            dt.timedelta(seconds=breaker["most_seconds"]),
        ),
        Patience(**{name: dt.timedelta(seconds=n) for name, n in rows["patience"].items()}),
        rows["sms_most_parts"],
        dt.timedelta(days=rows["retention_days"]),
        dt.timedelta(hours=rows["announce_hours_before"]),
        rows["banner_hours"],
        rows["least_minutes"],
        [Component(**row) for row in rows["components"]],
        [_promise(row) for row in rows["promises"]],
        _weights(rows["weights"]) if "weights" in rows else WeightLimits(),
    )


def _weights(row: Document) -> WeightLimits:
    def span(name: str) -> dt.timedelta:
        return dt.timedelta(seconds=row[f"{name}_seconds"])

    return WeightLimits(
        row["errors"],
        span("errors"),
        row["errors_percent"],
        row["slow_percent"],
        span("slow"),
        span("slow_window"),
        row["least_messages"],
        row["points"],
        row["least_percent"],
        span("rest"),
        span("rest_step"),
    )


def _quiet_hours(row: Document) -> QuietHours:
    begins, ends = (dt.time.fromisoformat(row[name]) for name in ("begins", "ends"))
    return QuietHours(row["from"], row["to"], row["lanes"], row["channels"], begins, ends)


def _lane(row: Document) -> Lane:
    cap = Cap(row["an_hour"], row["a_day"], row["over"] == "refuse")
    return Lane(cap, dt.timedelta(hours=row["give_up_hours"]))


def _promise(row: Document) -> Promise:
    names = ("to", "code", "clause", "fa", "en", "how_fa", "how_en", "measure", "components")
    return Promise(
        from_=row["from"],
        target=row["target"],
        figure=row.get("figure"),  # books of before know of none
        **{name: row[name] for name in names},
    )


def main(argv: list[str] | None = None) -> int:
    """0: imported; 1: nothing was changed, and stderr says why."""
    return books.main(argv, "notify", read, "notices")


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
