"""The schemas of the book of the desk: what its file may say; refers to itself only."""

import datetime as dt

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bus.messages.fields import Choice, Day, Float, Text, whole
from bus.messages.values import Json
from contracts.ticketing.calendar import CALENDAR_KINDS, CALENDAR_STATUS, WEEKDAYS
from contracts.ticketing.citizens import KINDS, STATES
from iran import identifiers
from services.ticketing.domain import levels, office_hours
from services.ticketing.domain.promises import NAMES, PART
from services.ticketing.domain.ticket import URGENT

LONG = 500


def hours() -> Float:
    """Hours of the office, as promises and units have them."""
    error = "book.hours|Give hours of the office from 0.1 to 2000."
    return Float(
        validate=validate.Range(0.1, 2000, error=error),
        error_messages={"invalid": error, "too_large": error, "special": error},
    )


def follow_up_days() -> fields.Integer:
    """Days from the end of a ticket to the question whether it is mended."""
    error = "book.follow_up_days|Give whole days from 7 to 180."
    return fields.Integer(
        strict=True,
        validate=validate.Range(7, 180, error=error),
        error_messages={"invalid": error, "too_large": error},
    )


def percent() -> fields.Integer:
    """A share in percent."""
    error = "book.percent|Give a whole number from 0 to 100."
    return fields.Integer(
        strict=True,
        validate=validate.Range(0, 100, error=error),
        error_messages={"invalid": error, "too_large": error},
    )


class Named(Schema):
    code = Text(40, required=True)
    fa = Text(200, required=True)
    en = Text(200, required=True)


class Area(Schema):
    """Where the company works: a box of degrees (WGS84) around it, and what people call it."""

    fa = Text(200, required=True)
    en = Text(200, required=True)
    south = fields.Float(required=True, validate=validate.Range(-90, 90))
    north = fields.Float(required=True, validate=validate.Range(-90, 90))
    west = fields.Float(required=True, validate=validate.Range(-180, 180))
    east = fields.Float(required=True, validate=validate.Range(-180, 180))

    @validates_schema(skip_on_field_errors=True)
    def _is_a_box(self, data: Json, **_: object) -> None:
        if data["south"] >= data["north"] or data["west"] >= data["east"]:
            raise ValidationError("south lies below north, and west before east", "south")


class County(Named):
    """A county, and where its seat lies, for the map."""

    lat = fields.Float(load_default=None, validate=validate.Range(-90, 90))
    long = fields.Float(load_default=None, validate=validate.Range(-180, 180))


class Unit(Named):
    email = Text(200, required=True)
    head_email = Text(200)
    mailbox = Text(200)
    mail_category = Text(40)
    phone = Text(40, load_default="")
    # Hours of the office that it has for a ticket from when it comes there; without: no clock.
    part_hours = hours()
    # When its citizens are asked whether it is mended, and of how many tickets; without: 28, 100.
    follow_up_days = follow_up_days()
    follow_up_percent = percent()

    @validates_schema(skip_on_field_errors=True)
    def _address(self, data: Json, **_: object) -> None:
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
    follow_up_days = follow_up_days()


class Route(Schema):
    category = Text(40, required=True)
    county = Text(40, required=True)
    unit = Text(40, required=True)


class SpanOf(Schema):
    hours = hours()
    days = fields.Integer(strict=True, validate=validate.Range(1, 1000))

    @validates_schema
    def _hours_or_days(self, data: Json, **_: object) -> None:
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
    # For which tickets it is meant; without: for all.
    categories = fields.List(Text(40))
    units = fields.List(Text(40))
    states = fields.List(Choice(STATES))


class Level(Schema):
    clock = Choice((*NAMES, PART), required=True)
    minutes_from_due = whole(-100_000, 100_000, required=True)
    role = Choice(("unit_head", "supervisor"), required=True)


class ActingLevel(Schema):
    """A level that acts: ``minutes`` of the office from the due time; negative: before it."""

    code = Text(40, required=True)
    clock = Choice((*NAMES, PART), required=True)
    minutes = whole(-20_000, 20_000, required=True)
    action = Choice(levels.ACTIONS, required=True)
    unit = Text(40)
    category = Text(40)
    priority = whole(0, URGENT)
    role = Choice(("unit_head", "supervisor"))
    to_unit = Text(40)
    to_colleague = Text(60)
    text = Text(LONG)

    @validates_schema(skip_on_field_errors=True)
    def _has_what_it_needs(self, data: Json, **_: object) -> None:
        needs = {"tell_role": "role", "hand_over": "to_unit", "note": "text"}
        name = needs.get(data["action"])
        if name and not data.get(name):
            raise ValidationError("required|This act needs it.", name)


class Closing(Schema):
    after_answer_days = fields.Integer(required=True, validate=validate.Range(1, 365))
    remind_applicant_days = fields.Integer(required=True, validate=validate.Range(1, 365))
    silence_days = fields.Integer(required=True, validate=validate.Range(1, 365))

    @validates_schema(skip_on_field_errors=True)
    def _reminds_first(self, data: Json, **_: object) -> None:
        if data["silence_days"] <= data["remind_applicant_days"]:
            raise ValidationError("must be more than remind_applicant_days", "silence_days")


class OpenTimeOf(Schema):
    """An opening time of the days of the week that it names."""

    weekdays = fields.List(Choice(WEEKDAYS), required=True, validate=validate.Length(1))
    opens = Text(5, required=True)
    closes = Text(5, required=True)


class CalendarRowOf(Schema):
    """A first row of the calendar; later ones are entered at the desk."""

    kind = Choice(CALENDAR_KINDS, required=True)
    counties = fields.List(Text(40), load_default=list)
    from_day = Day(required=True)
    to_day = Day(load_default=None)
    opens = Text(5, load_default=None)
    closes = Text(5, load_default=None)
    # Several opening times a day, by day of the week, instead of ``opens`` and ``closes``.
    times = fields.List(fields.Nested(OpenTimeOf), load_default=list)
    weekdays = fields.List(Choice(WEEKDAYS), load_default=list)
    status = Choice(CALENDAR_STATUS, load_default="confirmed")
    title = Text(200, load_default="", least=0)
    source = Text(300, required=True)
    confirmed = fields.Boolean(load_default=False)  # a long closure is meant

    @validates_schema(skip_on_field_errors=True)
    def _opens(self, data: Json, **_: object) -> None:
        if data["to_day"] and data["to_day"] < data["from_day"]:
            raise ValidationError("the last day lies before the first", "to_day")
        if data["kind"] == "weekend" and not data["weekdays"]:
            raise ValidationError("say which days of the week are off", "weekdays")
        if data["times"]:
            _refuse_times(data)
        if data["kind"] != "hours" or data["times"]:
            return
        times = {name: _time(data[name], name) for name in ("opens", "closes")}
        if times["opens"] >= times["closes"]:
            raise ValidationError("the office must close after it opens", "closes")


def _refuse_times(data: Json) -> None:
    """ValidationError for opening times that cannot be."""
    if data["kind"] != "hours" or data["opens"] or data["closes"]:
        raise ValidationError("say times, or opens and closes, of a row of hours", "times")
    for time in data["times"]:
        for name in ("opens", "closes"):
            _time(time[name], "times")
    fault = office_hours.fault_of(office_hours.from_json(data["times"]))
    if fault is not None:
        raise ValidationError(
            f"{fault[0]}: at most {office_hours.MOST_A_DAY} times, each closing after it opens, "
            "and none within another",
            "times",
        )


def _time(text: str | None, name: str) -> dt.time:
    try:
        return dt.time.fromisoformat(text or "")
    except ValueError:
        raise ValidationError("give a time such as 07:30", name) from None


class BookOf(Schema):
    """The whole document; refers to itself only."""

    units = fields.List(fields.Nested(Unit), required=True, validate=validate.Length(1))
    counties = fields.List(fields.Nested(County), required=True)
    area = fields.Nested(Area, load_default=None, allow_none=True)
    categories = fields.List(fields.Nested(Category), required=True, validate=validate.Length(1))
    routes = fields.List(fields.Nested(Route), load_default=list)
    promises = fields.List(fields.Nested(PromiseOf), required=True, validate=validate.Length(1))
    offices = fields.List(fields.Nested(Office), load_default=list)
    canned = fields.List(fields.Nested(Canned), load_default=list)
    escalation = fields.List(fields.Nested(Level), load_default=list)
    levels = fields.List(fields.Nested(ActingLevel))
    roles = fields.Dict(keys=fields.String(), values=Text(200), required=True)
    closing = fields.Nested(Closing, required=True)
    calendar = fields.List(fields.Nested(CalendarRowOf), load_default=list)

    @validates_schema(skip_on_field_errors=True)
    def _refers(self, data: Json, **_: object) -> None:
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
            for member, existing in codes.items()
            if member in row and row[member] not in existing
        ]
        faults += [
            f"canned {n}: there is no {code} in {name}"
            for n, row in enumerate(data["canned"], 1)
            for name in ("categories", "units")
            for code in row.get(name, ())
            if code not in {item["code"] for item in data[name]}
        ]
        for name in ("units", "counties", "categories", "offices", "canned"):
            listed = [row["code"] for row in data[name]]
            faults += [
                f"{name}: {code} stands twice"
                for code in {c for c in listed if listed.count(c) > 1}
            ]
        faults += _wrong_levels(data)
        emails = [row["email"].lower() for row in data["units"]]
        faults += [f"units: two have {e}" for e in {e for e in emails if emails.count(e) > 1}]
        faults += _twice("promises", data, "category", "kind", "from")
        faults += _twice("routes", data, "category", "county")
        faults += _twice("escalation", data, "clock", "minutes_from_due", "role")
        if "supervisor" not in data["roles"]:
            faults.append("roles: the e-mail of the supervisor is missing")
        faults += _bad_addresses(data["roles"])
        if faults:
            raise ValidationError(sorted(faults))


def _wrong_levels(data: Json) -> list[str]:
    """List the levels that name what is not there, that stand twice, or that are too many."""
    rows, units = data.get("levels", []), {row["code"] for row in data["units"]}
    categories = {row["code"] for row in data["categories"]}
    codes = [row["code"] for row in rows]
    faults = [f"levels: {code} stands twice" for code in sorted({*codes}) if codes.count(code) > 1]
    for number, row in enumerate(rows, 1):
        for name, existing in (("unit", units), ("to_unit", units), ("category", categories)):
            if name in row and row[name] not in existing:
                faults.append(f"levels {number}: there is no {name} {row[name]}")
    beyond = levels.too_many([levels.Level(**row) for row in rows])
    return faults + [
        f"levels: {code} is one too many; {levels.LEVELS_MOST} of a clock are enough"
        for code in beyond
    ]


def _bad_addresses(roles: dict[str, str]) -> list[str]:
    """List the roles whose e-mails about promises in danger would reach nobody."""
    faults = []
    for role, address in roles.items():
        try:
            identifiers.email(address)
        except identifiers.Malformed as error:
            faults.append(f"roles.{role}: {error}")
    return faults


def _twice(section: str, document: Json, *members: str) -> list[str]:
    """List the rows of a list that say for the second time what they are known by."""
    places = [tuple(str(row[name]) for name in members) for row in document[section]]
    return [
        f"{section} {n}: stands twice for {' '.join(place)}"
        for n, place in enumerate(places, 1)
        if place in places[: n - 1]
    ]
