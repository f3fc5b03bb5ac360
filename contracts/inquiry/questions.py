"""What the inquiry context can be asked and told; its owner is the team of services/inquiry."""

from typing import Annotated

from marshmallow import ValidationError, validate

from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Command, Event, InputForm, Request
from bus.messages.message import OPTIONAL, PERSONAL, Meta, Wire, canonical, message
from bus.messages.values import Block, Code, Day, Instant, Raw, Uuid
from contracts.inquiry.answer import Answer, Verification
from contracts.inquiry.keys import KEY_KINDS, canonical_key
from iran.identifiers import Malformed
from iran.persian import fold_code

# The lawful purposes; whether an agency may state one is the service's to judge, and to log.
PURPOSES = (
    "electricity_tariff",
    "fuel_quota",
    "agriculture_aid",
    "land_transfer",
    "court_case",
    "bank_collateral",
    "industry_supply",
    "building_permit",
    "environment",
    "water_levy",
)
BATCH_STATES = ("RECEIVING", "ANSWERING", "DONE")
PART_LINES = 500
BATCH_LINES = 100_000


@message
class Key:
    """By what a subscriber or a source is looked up."""

    key_kind: Annotated[
        str, Choice(KEY_KINDS), "What sort of key it is", Meta(example="national_id")
    ]
    key: Annotated[
        str,
        Text(64, fold=fold_code, personal=True),
        "The key; Persian and Arabic digits are understood, check digits are verified",
        Meta(example="9900000013"),
    ]

    @staticmethod
    @canonical
    def _canonical_key(data: Wire) -> None:
        try:
            data["key"] = canonical_key(data["key_kind"], data["key"])
        except Malformed as error:
            raise ValidationError(f"{error.code}|{error}", "key") from None


@message
class Matter:
    """In which matter it is asked: common to a single question and a batch."""

    purpose: Annotated[
        str,
        Text(40),
        "The lawful purpose; your grant names those that you may state",
        Meta(enum=PURPOSES, example="fuel_quota"),
    ]
    case_number: Annotated[
        str | None, Text(64), "Your own number of the case, for your records and ours", OPTIONAL
    ] = None
    operator: Annotated[
        str | None,
        Text(64, personal=True),
        "Who asks at your agency (a personnel code, not a name)",
        OPTIONAL,
    ] = None
    as_of: Annotated[
        Instant | None, "The moment asked about; now if left out. Never in the future", OPTIONAL
    ] = None


@message
class Ask(Key, Matter):
    """One question about the status of a subscriber, a licence or a source."""


@message
class Get:
    tracking_code: Annotated[Code, Meta(example="Q-T29D-DBQY-Y45J")]


@message
class Verify:
    verification_code: Annotated[str, Text(60)]


@message
class BatchLine:
    """One line of a batch as it was received; a bad one keeps its reason and its place."""

    key_kind: Annotated[str | None, Text(40)] = None
    key: Annotated[str | None, Text(64, personal=True)] = None
    problem: Block | None = None


@message
class SubmitBatch(Matter):
    """One part of an uploaded batch; the gateway cuts an upload into parts of 500 lines."""

    batch: Annotated[str, Text(36), "The batch's id, the same for all parts"]
    part: Annotated[int, whole(0, BATCH_LINES // PART_LINES)]
    lines: Annotated[
        tuple[BatchLine, ...], validate.Length(0, PART_LINES, error=f"length|At most {PART_LINES}.")
    ]
    last: bool
    digest: Annotated[
        str | None, Text(80), "sha-256 of the whole upload, told with the last part"
    ] = None


@message(unknown="include")
class BatchKey:
    """A key of a small batch; it is judged line by line, so that a bad one spoils no other."""

    key_kind: Annotated[Raw | None, OPTIONAL] = None
    key: Annotated[Raw | None, PERSONAL, OPTIONAL] = None


@message
class BatchKeys(Matter):
    """A small batch as one JSON object; large ones are uploaded as JSON Lines or CSV."""

    keys: Annotated[
        tuple[BatchKey, ...],
        validate.Length(1, 1000, error="length|Give 1 to 1000 keys."),
        PERSONAL,
    ]


@message
class BatchStatus:
    batch: Uuid


@message
class BatchProgress:
    batch: Uuid
    state: Annotated[str, Choice(BATCH_STATES)]
    purpose: Code
    lines: int
    answered: int
    submitted_at: Instant
    finished_at: Instant | None


@message
class ReadBatch:
    batch: Uuid
    after: Annotated[int, whole(0, BATCH_LINES), "Number of the last line read"] = 0
    limit: Annotated[int, whole(1, PART_LINES)] = PART_LINES


@message
class BatchResult:
    line: int
    key_kind: Annotated[str | None, Text(40)]
    key: Annotated[str | None, Text(64, personal=True)]
    answer: Answer | None
    problem: Block | None


@message
class BatchPage:
    batch: Uuid
    state: Annotated[str, Choice(BATCH_STATES)]
    lines: int
    results: tuple[BatchResult, ...]


@message
class LoadRegistry:
    folder: Annotated[
        str, Text(100), "Folder or .xlsx below the import folder", Meta(example="1405-09")
    ]
    allow_removals: bool = False


@message
class LoadStatus:
    load: Uuid


@message
class LoadProgress:
    load: Uuid
    state: Annotated[str, Choice(("WAITING", "LOADING", "DONE", "FAILED"))]
    rows: int
    bad_rows: int
    data_version: int | None
    message: Annotated[str | None, Text(1000)]


@message
class AnswerBatchPart:
    batch: Uuid
    part: int


@message
class RegistryLoaded:
    data_version: int
    sources_added: int
    sources_changed: int
    sources_removed: int
    bad_rows: int


@message
class BatchAnswered:
    batch: Uuid
    agency: Code
    lines: int
    on_behalf_of: Annotated[
        Code | None, "The agency in whose name it was asked, which is charged", OPTIONAL
    ] = None


@message
class DayCounted:
    """How many single questions of an agency were answered on a day of Tehran; batches have their
    own event.
    """

    day: Day
    agency: Code
    answers: int


ASK = Request(
    "inquiry.ask.v1",
    Ask,
    "Asks the status of a subscriber, a licence or a source for a granted purpose.",
    reply=Answer,
    judges_purpose=True,
    deadline=10.0,
    delegable=True,
)
GET = Request(
    "inquiry.get.v1",
    Get,
    "Reads an answer again that was given to you; it never changes.",
    reply=Answer,
    effect=False,
    delegable=True,
)
VERIFY = Request(
    "inquiry.verify.v1",
    Verify,
    "Confirms that a verification code belongs to a genuine answer.",
    reply=Verification,
    effect=False,
)
SUBMIT_BATCH = Request(
    "inquiry.submit_batch.v1",
    SubmitBatch,
    "Submits up to 100,000 keys, answered in the background.",
    reply=BatchProgress,
    judges_purpose=True,
    delegable=True,
)
# The two HTTP forms of a submission; the gateway turns both into parts.
BATCH_KEYS = InputForm("inquiry.batch_keys.v1", BatchKeys)
MATTER = InputForm("inquiry.matter.v1", Matter)
BATCH_STATUS = Request(
    "inquiry.batch_status.v1",
    BatchStatus,
    "Tells how far a batch of yours has come.",
    reply=BatchProgress,
    effect=False,
    delegable=True,
)
READ_BATCH = Request(
    "inquiry.read_batch.v1",
    ReadBatch,
    "Reads the results of a batch of yours, a line for each line submitted.",
    reply=BatchPage,
    effect=False,
    delegable=True,
)
LOAD_REGISTRY = Request(
    "inquiry.load_registry.v1",
    LoadRegistry,
    "Ops: import a registry export from the import folder.",
    reply=LoadProgress,
    agency=False,
)
LOAD_STATUS = Request(
    "inquiry.load_status.v1",
    LoadStatus,
    "Ops: how far an import has come.",
    reply=LoadProgress,
    effect=False,
    agency=False,
)
ANSWER_BATCH_PART = Command(
    "inquiry.answer_batch_part.v1",
    AnswerBatchPart,
    "Answer one part of a batch; sent by the service to itself.",
)
REGISTRY_LOADED = Event(
    "inquiry.registry_loaded.v1",
    RegistryLoaded,
    "A newer registry export is in force.",
    hearable=True,
    withheld=("bad_rows",),
)
BATCH_ANSWERED = Event(
    "inquiry.batch_answered.v1",
    BatchAnswered,
    "Every line of a batch has its answer.",
    hearable=True,
    heard_in=("billing",),
    owner="agency",
)
DAY_COUNTED = Event(
    "inquiry.day_counted.v1",
    DayCounted,
    "A day is over: so many single questions of an agency were answered on it.",
    hearable=True,
    heard_in=("billing",),
    owner="agency",
)
