"""Bulk jobs: one template to the many rows of a file; owner is the team of services/notify."""

import uuid

from marshmallow import Schema, ValidationError, fields, validate

from bus.fields import Block, Boolean, Choice, Instant, Text, code_text, uuid_text, whole
from bus.kinds import Event, Form, Request
from contracts.notify.messages import CHANNELS, LANGUAGES, Previewed
from contracts.notify.receiver import Receiver

JOB_STATES = (
    "RECEIVING", "CHECKING", "CHECKED", "SCHEDULED", "RUNNING", "DONE", "CANCELLED", "REFUSED",
)  # fmt: skip
JOB_ROWS = 100_000
JOB_BYTES = 32 * 1024 * 1024
# As JSON a character takes six bytes at the most: a part always fits into a message of the bus.
PART_BYTES = 512 * 1024
PARTS = 2 * JOB_BYTES // PART_BYTES
FORMS = ("csv", "jsonl")


def _uuid(value: str) -> None:
    try:
        uuid.UUID(value)
    except ValueError:
        raise ValidationError("uuid|Give a UUID.") from None


def id_of(description: str) -> Text:
    """A UUID that names a job or an endpoint."""
    made = uuid_text(required=True, metadata={"description": description})
    made.validators.append(_uuid)
    return made


class JobMatter(Schema):
    """What holds for all rows of a job."""

    name = Text(100, required=True, metadata={"description": "Your own name for the job"})
    template = Text(64, required=True, metadata={"description": "The code of a template of yours"})
    channels = fields.List(
        Choice(CHANNELS),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, len(CHANNELS), error="length|Name 1 to 4 channels."),
        metadata={"description": "Default: all forms of the template that a receiver has"},
    )
    language = Choice(LANGUAGES, load_default="fa")


class SubmitJob(JobMatter):
    """One part of a job's file. The first row names the columns: ``phone number``, ``email``,
    ``inbox``, ``address_line_1`` to ``address_line_7``, ``reference``, and the placeholders.
    """

    job = id_of("The job's UUID, the same for all its parts")
    form = Choice(FORMS, load_default="csv")
    part = whole(0, PARTS - 1, load_default=0)
    piece = fields.String(
        required=True,
        validate=validate.Length(0, PART_BYTES, error=f"length|At most {PART_BYTES} characters."),
        metadata={"personal": True, "description": "A piece of the file, cut anywhere"},
    )
    last = Boolean(load_default=True)


class JobOf(Schema):
    job = id_of("The job's UUID")


class ReadJob(JobOf):
    after = whole(0, JOB_ROWS + 1, load_default=0)
    limit = whole(0, 500, load_default=100)


class RowProblem(Schema):
    """A row that becomes no message, and why. ``line`` counts the rows, the header is 1."""

    line = fields.Integer(required=True)
    field = Text(100, required=True, least=0)
    code = code_text(60, required=True)
    detail = Text(500, required=True, least=0)


class JobTold(Schema):
    """A job and how it stands."""

    job = uuid_text(required=True)
    name = Text(100, required=True)
    template = Text(64, required=True)
    channels = fields.List(Choice(CHANNELS), required=True, allow_none=True)
    language = Choice(LANGUAGES, required=True)
    state = Choice(JOB_STATES, required=True)
    code = code_text(60, required=True, least=0, metadata={"description": "Why it was refused"})
    good = fields.Integer(required=True, metadata={"description": "Rows that can be sent"})
    bad = fields.Integer(required=True, metadata={"description": "Rows that cannot; see errors"})
    parts = fields.Integer(required=True, metadata={"description": "Parts of SMS, in all"})
    cost_rials = fields.Integer(required=True, metadata={"description": "What the SMS will cost"})
    submitted_at = Instant(required=True)
    checked_at = Instant(required=True, allow_none=True)
    start_at = Instant(required=True, allow_none=True)
    ended_at = Instant(required=True, allow_none=True)


class JobStanding(JobTold):
    """A job with its progress, and those of its rows that become no message."""

    rows = Block(required=True, metadata={"description": "Rows by state: WAITING, TAKEN, ..."})
    messages = Block(required=True, metadata={"description": "Messages of the job by state"})
    errors = fields.List(fields.Nested(RowProblem), required=True)
    next = fields.Integer(required=True, allow_none=True)


class StartJob(JobOf):
    at = Instant(
        load_default=None, allow_none=True,
        metadata={"description": "When to begin, at most 30 days from now; now if left out"},
    )  # fmt: skip


class ListJobs(Schema):
    before = uuid_text(load_default=None, allow_none=True)
    limit = whole(1, 100, load_default=50)


class Jobs(Schema):
    jobs = fields.List(fields.Nested(JobTold), required=True)
    next = uuid_text(required=True, allow_none=True)


class PreviewJob(JobOf):
    rows = whole(1, 20, load_default=5)


class PreviewedRow(Schema):
    line = fields.Integer(required=True)
    to = fields.Nested(Receiver, required=True, metadata={"personal": True})
    messages = fields.List(fields.Nested(Previewed), required=True)


class JobPreview(Schema):
    """The first rows as their receivers will see them, in each channel in which they may come."""

    rows = fields.List(fields.Nested(PreviewedRow), required=True)


class JobDone(Schema):
    """A job has ended: all its messages have, or it was cancelled. Names nobody."""

    job = uuid_text(required=True)
    owner = code_text(64, required=True)
    state = Choice(("DONE", "CANCELLED"), required=True)
    messages = Block(required=True)
    at = Instant(required=True)


# What stands in the query when a file is uploaded as it is.
JOB_MATTER = Form("notify.job_matter.v1", JobMatter())
SUBMIT_JOB = Request(
    "notify.submit_job.v1",
    SubmitJob(),
    "Takes the file of a bulk job, up to 100,000 rows, whole or in parts, and checks it.",
    reply=JobTold(),
    deadline=20.0,
)
JOB = Request(
    "notify.job.v1",
    ReadJob(),
    "Tells the state of a job, and the rows that become no message.",
    reply=JobStanding(),
    effect=False,
)
START_JOB = Request(
    "notify.start_job.v1", StartJob(), "Starts a job that was checked, now or later.",
    reply=JobTold(),
)  # fmt: skip
CANCEL_JOB = Request(
    "notify.cancel_job.v1",
    JobOf(),
    "Cancels a job; what was not handed over to a provider yet is not sent.",
    reply=JobTold(),
    deadline=25.0,
)
JOBS = Request(
    "notify.jobs.v1", ListJobs(), "Lists your jobs, newest first.", reply=Jobs(), effect=False
)
JOB_PREVIEW = Request(
    "notify.job_preview.v1",
    PreviewJob(),
    "Shows the first rows of a job as their receivers will see them.",
    reply=JobPreview(),
    effect=False,
)
JOB_DONE = Event(
    "notify.job_done.v1", JobDone(), "A bulk job has ended.", hearable=True, owner="owner"
)
