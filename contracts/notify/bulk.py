"""Bulk jobs: one template to the many rows of a file; owner is the team of services/notify."""

import uuid
from typing import Annotated

from marshmallow import ValidationError, validate

from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Event, InputForm, Request
from bus.messages.message import PERSONAL, message
from bus.messages.values import Block, Instant, Uuid
from contracts.notify.messages import CHANNELS, LANGUAGES, MessagePreview
from contracts.notify.receiver import Receiver

JOB_STATES = (
    "RECEIVING",
    "CHECKING",
    "CHECKED",
    "SCHEDULED",
    "RUNNING",
    "DONE",
    "CANCELLED",
    "REFUSED",
)
JOB_ROWS = 100_000
JOB_BYTES = 32 * 1024 * 1024
# As JSON a character takes six bytes at the most: a part always fits into a message of the bus.
PART_BYTES = 512 * 1024
PARTS = 2 * JOB_BYTES // PART_BYTES
FORMS = ("csv", "jsonl")


class _IsUuid(validate.Validator):
    def __call__(self, value: str) -> str:
        try:
            uuid.UUID(value)
        except ValueError:
            raise ValidationError("uuid|Give a UUID.") from None
        return value


# A UUID that names a job or an endpoint.
CanonicalUuid = Annotated[Uuid, _IsUuid()]


@message
class JobMatter:
    """What holds for all rows of a job."""

    name: Annotated[str, Text(100), "Your own name for the job"]
    template: Annotated[str, Text(64), "The code of a template of yours"]
    channels: Annotated[
        tuple[Annotated[str, Choice(CHANNELS)], ...] | None,
        validate.Length(1, len(CHANNELS), error="length|Name 1 to 4 channels."),
        "Default: all forms of the template that a receiver has",
    ] = None
    language: Annotated[str, Choice(LANGUAGES)] = "fa"


@message
class SubmitJob(JobMatter):
    """One part of a job's file. The first row names the columns: ``phone number``, ``email``,
    ``inbox``, ``address_line_1`` to ``address_line_7``, ``reference``, and the placeholders.
    """

    job: Annotated[CanonicalUuid, "The job's UUID, the same for all its parts"]
    form: Annotated[str, Choice(FORMS)] = "csv"
    part: Annotated[int, whole(0, PARTS - 1)] = 0
    piece: Annotated[
        str,
        validate.Length(0, PART_BYTES, error=f"length|At most {PART_BYTES} characters."),
        PERSONAL,
        "A piece of the file, cut anywhere",
    ]
    last: bool = True


@message
class JobOf:
    job: Annotated[CanonicalUuid, "The job's UUID"]


@message
class ReadJob(JobOf):
    after: Annotated[int, whole(0, JOB_ROWS + 1)] = 0
    limit: Annotated[int, whole(0, 500)] = 100


@message
class RowProblem:
    """A row that becomes no message, and why. ``line`` counts the rows, the header is 1."""

    line: int
    field: Annotated[str, Text(100, least=0)]
    code: Annotated[str, Text(60)]
    detail: Annotated[str, Text(500, least=0)]


@message(name="JobTold")
class BulkJob:
    """A job and how it stands."""

    job: Uuid
    name: Annotated[str, Text(100)]
    template: Annotated[str, Text(64)]
    channels: tuple[Annotated[str, Choice(CHANNELS)], ...] | None
    language: Annotated[str, Choice(LANGUAGES)]
    state: Annotated[str, Choice(JOB_STATES)]
    code: Annotated[str, Text(60, least=0), "Why it was refused"]
    good: Annotated[int, "Rows that can be sent"]
    bad: Annotated[int, "Rows that cannot; see errors"]
    parts: Annotated[int, "Parts of SMS, in all"]
    cost_rials: Annotated[int, "What the SMS will cost"]
    submitted_at: Instant
    checked_at: Instant | None
    start_at: Instant | None
    ended_at: Instant | None


@message(name="JobStanding")
class BulkJobProgress(BulkJob):
    """A job with its progress, and those of its rows that become no message."""

    rows: Annotated[Block, "Rows by state: WAITING, TAKEN, ..."]
    messages: Annotated[Block, "Messages of the job by state"]
    errors: tuple[RowProblem, ...]
    next: int | None


@message
class StartJob(JobOf):
    at: Annotated[Instant | None, "When to begin, at most 30 days from now; now if left out"] = None


@message
class ListJobs:
    before: Uuid | None = None
    limit: Annotated[int, whole(1, 100)] = 50


@message
class Jobs:
    jobs: tuple[BulkJob, ...]
    next: Uuid | None


@message
class PreviewJob(JobOf):
    rows: Annotated[int, whole(1, 20)] = 5


@message
class PreviewedRow:
    line: int
    to: Annotated[Receiver, PERSONAL]
    messages: tuple[MessagePreview, ...]


@message
class JobPreview:
    """The first rows as their receivers will see them, in each channel in which they may come."""

    rows: tuple[PreviewedRow, ...]


@message
class JobDone:
    """A job has ended: all its messages have, or it was cancelled. Names nobody."""

    job: Uuid
    owner: Annotated[str, Text(64)]
    state: Annotated[str, Choice(("DONE", "CANCELLED"))]
    messages: Block
    at: Instant


# What stands in the query when a file is uploaded as it is.
JOB_MATTER = InputForm("notify.job_matter.v1", JobMatter)
SUBMIT_JOB = Request(
    "notify.submit_job.v1",
    SubmitJob,
    "Takes the file of a bulk job, up to 100,000 rows, whole or in parts, and checks it.",
    reply=BulkJob,
    deadline=20.0,
)
JOB = Request(
    "notify.job.v1",
    ReadJob,
    "Tells the state of a job, and the rows that become no message.",
    reply=BulkJobProgress,
    effect=False,
)
START_JOB = Request(
    "notify.start_job.v1",
    StartJob,
    "Starts a job that was checked, now or later.",
    reply=BulkJob,
)
CANCEL_JOB = Request(
    "notify.cancel_job.v1",
    JobOf,
    "Cancels a job; what was not handed over to a provider yet is not sent.",
    reply=BulkJob,
    deadline=25.0,
)
JOBS = Request(
    "notify.jobs.v1", ListJobs, "Lists your jobs, newest first.", reply=Jobs, effect=False
)
JOB_PREVIEW = Request(
    "notify.job_preview.v1",
    PreviewJob,
    "Shows the first rows of a job as their receivers will see them.",
    reply=JobPreview,
    effect=False,
)
JOB_DONE = Event(
    "notify.job_done.v1", JobDone, "A bulk job has ended.", hearable=True, owner="owner"
)
