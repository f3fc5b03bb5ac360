"""Which water sources belong to a parcel: an agency asks us, and we ask the land registry.

The land registry serves its contract from its own process; its answer comes back as a Command.
"""

from dataclasses import field
from typing import Annotated

from marshmallow import ValidationError, fields, validate

from bus.messages.fields import Checked, Choice, Pattern, Text
from bus.messages.kinds import Command, Request
from bus.messages.message import OPTIONAL, Meta, Named, check, message
from bus.messages.values import Code, Instant, Json
from iran import identifiers

STATES = ("AWAITING", "ANSWERED", "REFUSED", "UNANSWERED")
MOST_SOURCES = 200
CODE = Pattern("^[a-z_]+(\\.[a-z_]+)*$", "format|Use a to z, _ and dots between.")


def parcel_number(**kwargs: object) -> Checked:
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


def file_number(**kwargs: object) -> Checked:
    """The number of a source's file at the water company."""
    return Checked(40, lambda text: identifiers.register_number(text, "file_no"), **kwargs)


@message
class AskParcel:
    """Which water sources belong to a parcel of land."""

    parcel_no: Annotated[str, parcel_number()]
    purpose: Annotated[str, Text(40), Meta(enum=("land_transfer",), example="land_transfer")]
    case_number: Annotated[str | None, Text(64), OPTIONAL] = None
    operator: Annotated[str | None, Text(64, personal=True), OPTIONAL] = None


@message(name="ParcelAsked")
class ParcelReceipt:
    code: Code
    state: Annotated[str, Choice(STATES)]
    due_at: Annotated[Instant, "Until when the land registry is waited for"]


@message
class ReadParcel:
    code: Annotated[Code, Meta(example="Q-T29D-DBQY-Y45J")]


@message
class ParcelSource:
    file_no: Code
    in_register: Annotated[bool, "Whether the water register knows that file; ask inquiry.ask.v1"]


@message
class Parcel:
    code: Code
    state: Annotated[str, Choice(STATES)]
    parcel_no: Annotated[str, Text(40, personal=True)]
    asked_at: Instant
    due_at: Instant
    answered_at: Instant | None
    served_by: Code
    sources: tuple[ParcelSource, ...]
    problem: Annotated[
        str | None, Text(60), "Why the land registry gave no sources, such as parcel.unknown"
    ]


@message
class SourcesOfParcel:
    parcel_no: Annotated[str, parcel_number()]


@message
class Sources:
    file_nos: Annotated[
        tuple[Annotated[str, file_number()], ...],
        validate.Length(0, MOST_SOURCES, error=f"length|At most {MOST_SOURCES}."),
        "File numbers of the sources; an empty list if there is none",
    ]


@message
class Refusal:
    """An error of an agency, in the form that errors have on the bus."""

    kind: Annotated[str, Text(40)]
    code: Annotated[str, Text(60, validate=CODE)]
    message: Annotated[str, Text(1000)]
    fields_: Annotated[tuple[Annotated[Json, fields.Dict()], ...], Named("fields")] = ()
    details: Annotated[Json, fields.Dict()] = field(default_factory=dict)


@message(name="SourcesTold")
class SourcesOutcome:
    """Either a result or an error."""

    result: Annotated[Sources | None, OPTIONAL] = None
    error: Annotated[Refusal | None, OPTIONAL] = None

    @check
    def _one_of_two(self) -> None:
        if (self.result is None) == (self.error is None):
            raise ValidationError("one_of|Give either a result or an error.", "result")


ASK_PARCEL = Request(
    "inquiry.ask_parcel.v1",
    AskParcel,
    "Asks which water sources belong to a parcel; the land registry answers later.",
    reply=ParcelReceipt,
    judges_purpose=True,
    delegable=True,
)
READ_PARCEL = Request(
    "inquiry.read_parcel.v1",
    ReadParcel,
    "Reads what the land registry has answered to a question of yours about a parcel.",
    reply=Parcel,
    effect=False,
    delegable=True,
)
TAKE_SOURCES = Command(
    "inquiry.take_sources_of_parcel.v1",
    SourcesOutcome,
    "The land registry's answer to land_registry.sources_of_parcel.v1.",
)
SOURCES_OF_PARCEL = Command(
    "land_registry.sources_of_parcel.v1",
    SourcesOfParcel,
    "Tells which water sources belong to a parcel; served by the land registry itself.",
    answer=TAKE_SOURCES,
)
