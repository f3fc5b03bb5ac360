"""What the face compatible with GOV.UK Notify asks, and the printing of letters; its owner is the
team of services/notify.
"""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bus.fields import Block, Choice, Instant, Pattern, Prose, Text, uuid_text, whole
from bus.kinds import Request
from contracts.notify.messages import (
    BODY_MOST,
    LANGUAGES,
    REFERENCE_MOST,
    STATES,
    SUBJECT_MOST,
    One,
)
from contracts.notify.receiver import ADDRESS_LINES, Receiver, personalisation

API_CHANNELS = ("sms", "email", "letter")
KEY_KINDS = ("live", "team", "test")
POSTAGES = ("first", "second", "economy")
SCANS = ("HELD", "CLEAN", "INFECTED")
PAGE = 250
PDF_MOST = 2 * 1024 * 1024
LETTERS = "letters"
"""The folder of the blob store in which letters lie that were made elsewhere."""
IDS_MOST = 500


class Token(Schema):
    """``right`` is the contract of agencies that is the same act, ``address`` where it is asked."""

    token = Text(4096, required=True, personal=True)
    right = Text(100, load_default=None, allow_none=True)
    address = Text(60, load_default=None, allow_none=True)


class Authenticated(Schema):
    """Whose token it is, or why nobody's: then ``refusal`` says it in Notify's words."""

    refusal = Text(200, required=True, allow_none=True)
    owner = Text(64, required=True, allow_none=True)
    service = uuid_text(required=True, allow_none=True)
    key = uuid_text(required=True, allow_none=True)
    kind = Choice(KEY_KINDS, required=True, allow_none=True)
    a_minute = fields.Integer(required=True, allow_none=True)
    from_email = Text(200, required=True, metadata={"description": "Who writes our e-mails"})


class Pdf(Schema):
    """A letter made elsewhere, as a claim of the store for letters."""

    sha256 = fields.String(
        required=True, validate=Pattern("^[0-9a-f]{64}$", "format|Give a SHA-256 in hex.")
    )
    size = whole(1, PDF_MOST, required=True)


class SendByApi(Schema):
    """A message as the face has read it: either ``template``, or a letter as ``pdf``.

    ``to`` is an address of the channel: a mobile or e-mail address; None for a letter.
    """

    channel = Choice(API_CHANNELS, required=True)
    template = uuid_text(load_default=None, allow_none=True)
    to = Text(200, load_default=None, allow_none=True, personal=True)
    address = fields.List(
        Text(100, personal=True),
        load_default=None,
        allow_none=True,
        validate=validate.Length(3, ADDRESS_LINES, error="length|Give 3 to 7 lines."),
        metadata={"personal": True},
    )
    personalisation = personalisation(load_default=dict)
    reference = Text(REFERENCE_MOST, load_default=None, allow_none=True)
    not_before = Instant(load_default=None, allow_none=True)
    unsubscribe_url = Text(1000, load_default=None, allow_none=True, metadata={"personal": True})
    pdf = fields.Nested(Pdf, load_default=None, allow_none=True)
    postage = Choice(POSTAGES, load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _whole(self, data: dict[str, Any], **_: Any) -> None:
        if (data["template"] is None) == (data["pdf"] is None):
            raise ValidationError("required|Give a template or a PDF.", "template")
        if data["channel"] == "letter":
            missing = data["pdf"] is None and not data["address"]
        else:
            missing = not data["to"] or data["pdf"] is not None
        if missing:
            raise ValidationError("required|Say where it goes.", "to")


class Accepted(Schema):
    id = uuid_text(required=True)


class TemplateAt(Schema):
    id = uuid_text(required=True)
    version = fields.Integer(required=True)


class ApiMessage(Schema):
    """A message as this API tells it; ``html`` are the blocks of a letter, ``contact`` who writes
    it. One whose personal data is gone is not there any more.
    """

    id = uuid_text(required=True)
    owner = Text(64, required=True)
    reference = Text(REFERENCE_MOST, required=True, allow_none=True)
    kind = Choice(KEY_KINDS, required=True)
    state = Choice(STATES, required=True)
    channel = Choice(API_CHANNELS, required=True)
    template = fields.Nested(TemplateAt, required=True, allow_none=True)
    language = Choice(LANGUAGES, required=True)
    to = fields.Nested(Receiver, required=True, metadata={"personal": True})
    subject = Text(SUBJECT_MOST, required=True, allow_none=True, personal=True)
    body = Prose(BODY_MOST, required=True, personal=True)
    html = fields.String(required=True, allow_none=True, metadata={"personal": True})
    unsubscribe_url = Text(1000, required=True, allow_none=True, personal=True)
    pdf = fields.Nested(Pdf, required=True, allow_none=True)
    scan = Choice(
        SCANS,
        load_default=None,
        allow_none=True,
        metadata={"description": "What the scanner said of a PDF made elsewhere"},
    )
    postage = Choice(POSTAGES, required=True, allow_none=True)
    contact = Block(required=True, allow_none=True)
    parts = fields.Integer(required=True, allow_none=True)
    cost_rials = fields.Integer(required=True, allow_none=True)
    created_at = Instant(required=True)
    due_at = Instant(required=True)
    sent_at = Instant(required=True, allow_none=True)
    settled_at = Instant(required=True, allow_none=True)


class ApiMessages(Schema):
    messages = fields.List(fields.Nested(ApiMessage), required=True)


class Wanted(Schema):
    channel = Choice(API_CHANNELS, required=True)
    states = fields.List(Choice(STATES), required=True)


class ListByApi(Schema):
    """A page of the caller's messages, newest first, of the kind of key that asks.

    ``older_than`` is the ID of the last one seen; ``jobs`` also counts those of bulk jobs.
    """

    wanted = fields.List(fields.Nested(Wanted), required=True, validate=validate.Length(0, 3))
    reference = Text(REFERENCE_MOST, load_default=None, allow_none=True)
    older_than = uuid_text(load_default=None, allow_none=True)
    jobs = fields.Boolean(load_default=False)


class Queue(Schema):
    """Letters that wait for the printer, oldest first; ``waiting`` counts them all."""

    letters = fields.List(fields.Nested(ApiMessage), required=True)
    waiting = fields.Integer(required=True)


class ReadQueue(Schema):
    limit = whole(1, 100, load_default=50)


class Printed(Schema):
    ids = fields.List(
        uuid_text(),
        required=True,
        validate=validate.Length(1, IDS_MOST, error="length|1 to 500 IDs."),
    )


class Marked(Schema):
    """``marked`` of those named went out now; the others had before, or do not wait."""

    marked = fields.Integer(required=True)


AUTHENTICATE = Request(
    "notify.authenticate.v1",
    Token(),
    "Whose a token (JWT by HS256) of the Notify API is.",
    reply=Authenticated(),
    effect=False,
    agency=False,
)
API_SEND = Request(
    "notify.api_send.v1",
    SendByApi(),
    "Accepts a message as the Notify API takes it.",
    reply=Accepted(),
    agency=False,
)
API_MESSAGE = Request(
    "notify.api_message.v1",
    One(),
    "One of the caller's messages, as the Notify API tells it.",
    reply=ApiMessage(),
    effect=False,
    agency=False,
)
API_MESSAGES = Request(
    "notify.api_messages.v1",
    ListByApi(),
    "A page of the caller's messages, as the Notify API tells them.",
    reply=ApiMessages(),
    effect=False,
    agency=False,
)
PRINT_QUEUE = Request(
    "notify.print_queue.v1",
    ReadQueue(),
    "The letters that wait for the printer; each look is logged.",
    reply=Queue(),
    agency=False,
)
LETTERS_PRINTED = Request(
    "notify.letters_printed.v1",
    Printed(),
    "Says that letters were printed and posted.",
    reply=Marked(),
    agency=False,
)
