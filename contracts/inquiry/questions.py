"""What the inquiry context can be asked and told; its owner is the team of services/inquiry."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bus.fields import (
    KEY_KINDS,
    Block,
    Boolean,
    Choice,
    Day,
    Instant,
    Text,
    canonical_key,
    code_text,
    uuid_text,
    whole,
)
from bus.kinds import Command, Event, Form, Request
from contracts.inquiry.answer import Answer, Verification
from iran.identifiers import Malformed
from iran.persian import fold_code

# The lawful purposes; whether an agency may state one is the service's to judge, and to log.
PURPOSES = (
    "electricity_tariff", "fuel_quota", "agriculture_aid", "land_transfer", "court_case",
    "bank_collateral", "industry_supply", "building_permit", "environment", "water_levy",
)  # fmt: skip
BATCH_STATES = ("RECEIVING", "ANSWERING", "DONE")
PART_LINES = 500
BATCH_LINES = 100_000


class Key(Schema):
    """By what a subscriber or a source is looked up."""

    key_kind = Choice(
        KEY_KINDS,
        required=True,
        metadata={"description": "What sort of key it is", "example": "national_id"},
    )
    key = Text(
        64,
        fold=fold_code,
        required=True,
        personal=True,
        metadata={
            "description": "The key; Persian and Arabic digits are understood, check digits are "
            "verified",
            "example": "9900000013",
        },
    )

    @validates_schema
    def _canonical(self, data: dict[str, Any], **_: Any) -> None:
        try:
            data["key"] = canonical_key(data["key_kind"], data["key"])
        except Malformed as error:
            raise ValidationError(f"{error.code}|{error}", "key") from None


class Matter(Schema):
    """In which matter it is asked: common to a single question and a batch."""

    purpose = Text(
        40,
        required=True,
        metadata={
            "description": "The lawful purpose; your grant names those that you may state",
            "enum": PURPOSES,
            "example": "fuel_quota",
        },
    )
    case_number = Text(
        64, metadata={"description": "Your own number of the case, for your records and ours"}
    )
    operator = Text(
        64,
        personal=True,
        metadata={"description": "Who asks at your agency (a personnel code, not a name)"},
    )
    as_of = Instant(
        metadata={"description": "The moment asked about; now if left out. Never in the future"}
    )


class Ask(Key, Matter):
    """One question about the status of a subscriber, a licence or a source."""


class Get(Schema):
    tracking_code = code_text(required=True, metadata={"example": "Q-T29D-DBQY-Y45J"})


class Verify(Schema):
    verification_code = Text(60, required=True)


class BatchLine(Schema):
    """One line of a batch as it was received; a bad one keeps its reason and its place."""

    key_kind = Text(40, allow_none=True, load_default=None)
    key = Text(64, allow_none=True, load_default=None, personal=True)
    problem = Block(allow_none=True, load_default=None)


class SubmitBatch(Matter):
    """One part of an uploaded batch; the gateway cuts an upload into parts of 500 lines."""

    batch = Text(
        36, required=True, metadata={"description": "The batch's id, the same for all parts"}
    )
    part = whole(0, BATCH_LINES // PART_LINES, required=True)
    lines = fields.List(
        fields.Nested(BatchLine),
        required=True,
        validate=validate.Length(0, PART_LINES, error=f"length|At most {PART_LINES}."),
    )
    last = Boolean(required=True)
    digest = Text(
        80,
        allow_none=True,
        load_default=None,
        metadata={"description": "sha-256 of the whole upload, told with the last part"},
    )


class BatchKey(Schema):
    """A key of a small batch; it is judged line by line, so that a bad one spoils no other."""

    key_kind = fields.Raw()
    key = fields.Raw(metadata={"personal": True})

    class Meta:
        unknown = "include"


class BatchKeys(Matter):
    """A small batch as one JSON object; large ones are uploaded as JSON Lines or CSV."""

    keys = fields.List(
        fields.Nested(BatchKey),
        required=True,
        metadata={"personal": True},
        validate=validate.Length(1, 1000, error="length|Give 1 to 1000 keys."),
    )


class BatchStatus(Schema):
    batch = uuid_text(required=True)


class BatchProgress(Schema):
    batch = uuid_text(required=True)
    state = Choice(BATCH_STATES, required=True)
    purpose = code_text(required=True)
    lines = fields.Integer(required=True)
    answered = fields.Integer(required=True)
    submitted_at = Instant(required=True)
    finished_at = Instant(required=True, allow_none=True)


class ReadBatch(Schema):
    batch = uuid_text(required=True)
    after = whole(
        0, BATCH_LINES, load_default=0, metadata={"description": "Number of the last line read"}
    )
    limit = whole(1, PART_LINES, load_default=PART_LINES)


class BatchResult(Schema):
    line = fields.Integer(required=True)
    key_kind = Text(40, allow_none=True, required=True)
    key = Text(64, allow_none=True, required=True, personal=True)
    answer = fields.Nested(Answer, allow_none=True, required=True)
    problem = Block(allow_none=True, required=True)


class BatchPage(Schema):
    batch = uuid_text(required=True)
    state = Choice(BATCH_STATES, required=True)
    lines = fields.Integer(required=True)
    results = fields.List(fields.Nested(BatchResult), required=True)


class LoadRegistry(Schema):
    folder = Text(
        100,
        required=True,
        metadata={"description": "Folder or .xlsx below the import folder", "example": "1405-09"},
    )
    allow_removals = Boolean(load_default=False)


class LoadStatus(Schema):
    load = uuid_text(required=True)  # type: ignore[assignment]


class LoadProgress(Schema):
    load = uuid_text(required=True)  # type: ignore[assignment]
    state = Choice(("WAITING", "LOADING", "DONE", "FAILED"), required=True)
    rows = fields.Integer(required=True)
    bad_rows = fields.Integer(required=True)
    data_version = fields.Integer(required=True, allow_none=True)
    message = Text(1000, required=True, allow_none=True)


class AnswerBatchPart(Schema):
    batch = uuid_text(required=True)
    part = fields.Integer(required=True)


class RegistryLoaded(Schema):
    data_version = fields.Integer(required=True)
    sources_added = fields.Integer(required=True)
    sources_changed = fields.Integer(required=True)
    sources_removed = fields.Integer(required=True)
    bad_rows = fields.Integer(required=True)


class BatchAnswered(Schema):
    batch = uuid_text(required=True)
    agency = code_text(required=True)
    lines = fields.Integer(required=True)
    on_behalf_of = code_text(
        metadata={"description": "The agency in whose name it was asked, which is charged"}
    )


class DayCounted(Schema):
    """How many single questions of an agency were answered on a day of Tehran; batches have their
    own event.
    """

    day = Day(required=True)
    agency = code_text(required=True)
    answers = fields.Integer(required=True)


ASK = Request(
    "inquiry.ask.v1",
    Ask(),
    reply=Answer(),
    deadline=10.0,
    delegable=True,
    doc="Ask the status of a subscriber, a licence or a source for a granted purpose.",
)
GET = Request(
    "inquiry.get.v1",
    Get(),
    reply=Answer(),
    effect=False,
    delegable=True,
    doc="Read an answer again that was given to you; it never changes.",
)
VERIFY = Request(
    "inquiry.verify.v1",
    Verify(),
    reply=Verification(),
    effect=False,
    doc="Confirm that a verification code belongs to a genuine answer.",
)
SUBMIT_BATCH = Request(
    "inquiry.submit_batch.v1",
    SubmitBatch(),
    reply=BatchProgress(),
    delegable=True,
    doc="Submit up to 100,000 keys, answered in the background.",
)
# The two HTTP forms of a submission; the gateway turns both into parts.
BATCH_KEYS = Form("inquiry.batch_keys.v1", BatchKeys())
MATTER = Form("inquiry.matter.v1", Matter())
BATCH_STATUS = Request(
    "inquiry.batch_status.v1",
    BatchStatus(),
    reply=BatchProgress(),
    effect=False,
    delegable=True,
    doc="Tells how far a batch of yours has come.",
)
READ_BATCH = Request(
    "inquiry.read_batch.v1",
    ReadBatch(),
    reply=BatchPage(),
    effect=False,
    delegable=True,
    doc="Read the results of a batch of yours, a line for each line submitted.",
)
LOAD_REGISTRY = Request(
    "inquiry.load_registry.v1",
    LoadRegistry(),
    reply=LoadProgress(),
    agency=False,
    doc="Ops: import a registry export from the import folder.",
)
LOAD_STATUS = Request(
    "inquiry.load_status.v1",
    LoadStatus(),
    reply=LoadProgress(),
    effect=False,
    agency=False,
    doc="Ops: how far an import has come.",
)
ANSWER_BATCH_PART = Command(
    "inquiry.answer_batch_part.v1",
    AnswerBatchPart(),
    doc="Answer one part of a batch; sent by the service to itself.",
)
REGISTRY_LOADED = Event(
    "inquiry.registry_loaded.v1",
    RegistryLoaded(),
    doc="A newer registry export is in force.",
    hearable=True,
    withheld=("bad_rows",),
)
BATCH_ANSWERED = Event(
    "inquiry.batch_answered.v1",
    BatchAnswered(),
    doc="Every line of a batch has its answer.",
    hearable=True,
    heard_in=("billing",),
    owner="agency",
)
DAY_COUNTED = Event(
    "inquiry.day_counted.v1",
    DayCounted(),
    doc="A day is over: so many single questions of an agency were answered on it.",
    hearable=True,
    heard_in=("billing",),
    owner="agency",
)
