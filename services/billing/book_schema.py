"""The schema of the treasury's book, as its TOML files are read."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bus.database import books
from bus.messages.fields import Day, Text, whole
from bus.messages.values import Json
from iran import identifiers


class IssuerForm(Schema):
    name_fa = Text(200, required=True)
    name_en = Text(200, required=True)
    legal_id = Text(11, required=True)
    address_fa = Text(300, required=True)
    address_en = Text(300, required=True)
    phone = Text(40, required=True)
    sheba = Text(40, required=True)
    company = whole(1, 999, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _numbers(self, data: Json, **_: object) -> None:
        for name, check in (("legal_id", identifiers.legal_id), ("sheba", identifiers.sheba)):
            try:
                data[name] = check(data[name])
            except identifiers.Malformed as error:
                raise ValidationError(str(error), name) from None


class DatedForm(Schema):
    from_ = Day(required=True, data_key="from", attribute="from")
    to = Day(load_default=None)
    source = Text(300, load_default="", least=0)


class MoneyForm(DatedForm):
    code = Text(40, required=True)
    fa = Text(40, required=True)
    en = Text(40, required=True)
    rials = whole(1, 10**9, required=True)


class VatForm(DatedForm):
    """A rate and the law that sets it: each has a last day, as budget laws do."""

    to = Day(required=True)
    source = Text(300, required=True)
    basis_points = whole(0, 10_000, required=True)


class RoundingForm(DatedForm):
    to_rials = whole(1, 10**6, required=True)
    way = Text(10, required=True)
    fa = Text(300, required=True)
    en = Text(300, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _way(self, data: Json, **_: object) -> None:
        if data["way"] not in ("up", "down", "nearest"):
            raise ValidationError("use up, down or nearest", "way")


class EncodersForm(DatedForm):
    rials = whole(1, 10**9, required=True)
    digits = whole(1, 8, required=True)


class SeasonForm(Schema):
    code = Text(40, required=True)
    months = fields.List(whole(1, 12), required=True)


class ServiceForm(Schema):
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
    reminders = fields.List(whole(1, 365), load_default=[1], validate=validate.Length(0, 5))

    @validates_schema(skip_on_field_errors=True)
    def _can_be_paid(self, data: Json, **_: object) -> None:
        if data["expire_days"] is not None and data["expire_days"] < data["due_days"]:
            raise ValidationError("it would end before it is due", "expire_days")
        if data["remind_days"] > data["due_days"]:
            raise ValidationError("it would be reminded of before it is issued", "remind_days")
        if data["reminders"] != sorted(set(data["reminders"])):
            raise ValidationError("each day must be after the one before it", "reminders")


class PspForm(Schema):
    code = Text(40, required=True)
    fa = Text(100, required=True)
    en = Text(100, required=True)
    marks = fields.List(Text(60, least=3), load_default=list)


class AccountForm(Schema):
    """When banks settle to the treasury's account, and how its entries name the banks."""

    settle_days = whole(0, 30, load_default=2)
    weekend = fields.List(whole(0, 6), load_default=[3, 4], validate=validate.Length(0, 3))
    holidays = fields.List(Day(), load_default=list)
    bills_marks = fields.List(Text(60, least=3), load_default=list)


class BookForm(Schema):
    issuer = fields.Nested(IssuerForm, required=True)
    money = fields.List(fields.Nested(MoneyForm), required=True)
    vat = fields.List(fields.Nested(VatForm), required=True)
    rounding = fields.List(fields.Nested(RoundingForm), required=True)
    encoders = fields.List(fields.Nested(EncodersForm), required=True)
    seasons = fields.List(fields.Nested(SeasonForm), required=True)
    services = fields.List(fields.Nested(ServiceForm), required=True, validate=validate.Length(1))
    psps = fields.List(fields.Nested(PspForm), load_default=list)
    account = fields.Nested(AccountForm, load_default=lambda: AccountForm().load({}))
    least_reminded_rials = whole(0, 10**12, load_default=0)

    @validates_schema(skip_on_field_errors=True)
    def _one_row_a_day(self, data: Json, **_: object) -> None:
        faults = [
            *books.faults_in_days(data["money"], "money", "code"),
            *books.faults_in_days(data["vat"], "vat"),
            *books.faults_in_days(data["rounding"], "rounding"),
            *books.faults_in_days(data["encoders"], "encoders"),
            *_unpayable(data["rounding"], data["encoders"]),
        ]
        if faults:
            raise ValidationError(faults)


def _unpayable(roundings: list[Json], encoders: list[Json]) -> list[str]:
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
