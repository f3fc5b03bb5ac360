"""Which water sources belong to a parcel: asked by an agency of us, and by us of the land registry.

The land registry serves its contract from its own process; its answer comes back as a Command.
"""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bus.fields import Checked, Choice, Instant, Pattern, Text, code_text
from bus.kinds import Command, Request
from iran import identifiers

STATES = ("AWAITING", "ANSWERED", "REFUSED", "UNANSWERED")
MOST_SOURCES = 200
CODE = Pattern("^[a-z_]+(\\.[a-z_]+)*$", "format|Use a to z, _ and dots between.")


def parcel_number(**kwargs: Any) -> Checked:
    """The number of a parcel, ``پلاک ثبتی``: main, minor and section of the land registry."""
    return Checked(
        40,
        lambda text: identifiers.register_number(text, "parcel_no"),
        personal=True,
        metadata={
            "personal": True,
            "description": "Number of the parcel (پلاک ثبتی): main/minor, as on the deed",
            "example": "990/17",
        },
        **kwargs,
    )


def file_number(**kwargs: Any) -> Checked:
    """The number of a source's file at the water company."""
    return Checked(40, lambda text: identifiers.register_number(text, "file_no"), **kwargs)


class AskParcel(Schema):
    """Which water sources belong to a parcel of land."""

    parcel_no = parcel_number(required=True)
    purpose = Text(
        40, required=True, metadata={"enum": ("land_transfer",), "example": "land_transfer"}
    )
    case_number = Text(64)
    operator = Text(64, personal=True)


class ParcelAsked(Schema):
    code = code_text(required=True)
    state = Choice(STATES, required=True)
    due_at = Instant(
        required=True, metadata={"description": "Until when the land registry is waited for"}
    )


class ReadParcel(Schema):
    code = code_text(required=True, metadata={"example": "Q-T29D-DBQY-Y45J"})


class ParcelSource(Schema):
    file_no = code_text(required=True)
    in_register = fields.Boolean(
        required=True,
        metadata={"description": "Whether the water register knows that file; ask inquiry.ask.v1"},
    )


class Parcel(Schema):
    code = code_text(required=True)
    state = Choice(STATES, required=True)
    parcel_no = Text(40, required=True, personal=True)
    asked_at = Instant(required=True)
    due_at = Instant(required=True)
    answered_at = Instant(required=True, allow_none=True)
    served_by = code_text(required=True)
    sources = fields.List(fields.Nested(ParcelSource), required=True)
    problem = code_text(
        60,
        required=True,
        allow_none=True,
        metadata={"description": "Why the land registry gave no sources, such as parcel.unknown"},
    )


class SourcesOfParcel(Schema):
    parcel_no = parcel_number(required=True)


class Sources(Schema):
    file_nos = fields.List(
        file_number(),
        required=True,
        validate=validate.Length(0, MOST_SOURCES, error=f"length|At most {MOST_SOURCES}."),
        metadata={"description": "File numbers of the sources; an empty list if there is none"},
    )


class Refusal(Schema):
    """An error of an agency, in the form that errors have on the bus."""

    kind = Text(40, required=True)
    code = Text(60, required=True, validate=CODE)
    message = Text(1000, required=True)
    fields_ = fields.List(fields.Dict(), data_key="fields", load_default=list)
    details = fields.Dict(load_default=dict)


class SourcesTold(Schema):
    """Either a result or an error."""

    result = fields.Nested(Sources)
    error = fields.Nested(Refusal)

    @validates_schema
    def _one(self, data: dict[str, Any], **_: Any) -> None:
        if ("result" in data) == ("error" in data):
            raise ValidationError("one_of|Give either a result or an error.", "result")


ASK_PARCEL = Request(
    "inquiry.ask_parcel.v1",
    AskParcel(),
    reply=ParcelAsked(),
    delegable=True,
    doc="Ask which water sources belong to a parcel; the land registry answers later.",
)
READ_PARCEL = Request(
    "inquiry.read_parcel.v1",
    ReadParcel(),
    reply=Parcel(),
    effect=False,
    delegable=True,
    doc="Read what the land registry has answered to a question of yours about a parcel.",
)
TAKE_SOURCES = Command(
    "inquiry.take_sources_of_parcel.v1",
    SourcesTold(),
    doc="The land registry's answer to land_registry.sources_of_parcel.v1.",
)
SOURCES_OF_PARCEL = Command(
    "land_registry.sources_of_parcel.v1",
    SourcesOfParcel(),
    answer=TAKE_SOURCES,
    doc="Tell which water sources belong to a parcel; served by the land registry itself.",
)
