"""What the face compatible with GOV.UK Notify asks, and the printing of letters; its owner is the
team of services/notify.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated

from marshmallow import ValidationError, validate

from bus.messages.fields import Choice, Pattern, Prose, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import PERSONAL, check, message
from bus.messages.values import Block, Instant, Tick, Uuid
from contracts.notify.files import FILES_MOST, FileByEmail
from contracts.notify.messages import (
    BODY_MOST,
    LANGUAGES,
    REFERENCE_MOST,
    STATES,
    SUBJECT_MOST,
    OneMessage,
)
from contracts.notify.receiver import ADDRESS_LINES, Personalisation, Receiver

API_CHANNELS = ("sms", "email", "letter")
KEY_KINDS = ("live", "team", "test")
POSTAGES = ("first", "second", "economy")
SCANS = ("HELD", "CLEAN", "INFECTED")
PAGE = 250
# Nobody reports when a letter on paper arrives: a posted one counts as delivered, as there.
_STATUS = {
    "CREATED": "created",
    "SENDING": "sending",
    "SENT": "sending",
    "DELIVERED": "delivered",
    "UNDELIVERED": "temporary-failure",
    "REJECTED": "permanent-failure",
    "FAILED": "technical-failure",
    "CANCELLED": "cancelled",
    "UNTOLD": "temporary-failure",
}
_OF_CHANNEL = {
    # The mail server took it, and no refusal came back within 72 hours.
    ("email", "UNTOLD"): "delivered",
    ("letter", "SENT"): "delivered",
    ("letter", "UNTOLD"): "delivered",
    # The post brought it back.
    ("letter", "UNDELIVERED"): "returned-letter",
}
PDF_MOST = 2 * 1024 * 1024
LETTERS = "letters"
"""The folder of the blob store in which letters lie that were made elsewhere."""
IDS_MOST = 500


def notify_status(channel: str, state: str) -> str:
    """The status by which the Notify API knows a message's state, but for those of letters."""
    return _OF_CHANNEL.get((channel, state), _STATUS[state])


@message
class Token:
    """``right`` is the contract of agencies that is the same act, ``address`` where it is asked."""

    token: Annotated[str, Text(4096, personal=True)]
    right: Annotated[str | None, Text(100)] = None
    address: Annotated[str | None, Text(60)] = None


@message
class Authenticated:
    """Whose token it is, or why nobody's: then ``refusal`` says it in Notify's words."""

    refusal: Annotated[str | None, Text(200)]
    owner: Annotated[str | None, Text(64)]
    service: Uuid | None
    key: Uuid | None
    kind: Annotated[str | None, Choice(KEY_KINDS)]
    a_minute: int | None
    from_email: Annotated[str, Text(200), "Who writes our e-mails"]


@message
class Pdf:
    """A letter made elsewhere, as a claim of the store for letters."""

    sha256: Annotated[str, Pattern("^[0-9a-f]{64}$", "format|Give a SHA-256 in hex.")]
    size: Annotated[int, whole(1, PDF_MOST)]


@message
class SendByApi:
    """A message as the face has read it: either ``template``, or a letter as ``pdf``.

    ``to`` is an address of the channel: a mobile or e-mail address; None for a letter.
    """

    channel: Annotated[str, Choice(API_CHANNELS)]
    template: Uuid | None = None
    to: Annotated[str | None, Text(200, personal=True)] = None
    address: Annotated[
        tuple[Annotated[str, Text(100, personal=True)], ...] | None,
        validate.Length(3, ADDRESS_LINES, error="length|Give 3 to 7 lines."),
        PERSONAL,
    ] = None
    personalisation: Personalisation = field(default_factory=dict)
    reference: Annotated[str | None, Text(REFERENCE_MOST)] = None
    not_before: Instant | None = None
    unsubscribe_url: Annotated[str | None, Text(1000), PERSONAL] = None
    sender: Annotated[Uuid | None, "Of an SMS its line, of an e-mail where answers go"] = None
    files: Annotated[
        Mapping[Annotated[str, Text(64)], FileByEmail],
        validate.Length(0, FILES_MOST, error=f"length|At most {FILES_MOST} files."),
        "By their placeholders; each becomes a link",
    ] = field(default_factory=dict)
    pdf: Pdf | None = None
    postage: Annotated[str | None, Choice(POSTAGES)] = None

    @check
    def _one_letter_with_address(self) -> None:
        if (self.template is None) == (self.pdf is None):
            raise ValidationError("required|Give a template or a PDF.", "template")
        if self.channel == "letter":
            missing = self.pdf is None and not self.address
        else:
            missing = not self.to or self.pdf is not None
        if missing:
            raise ValidationError("required|Say where it goes.", "to")


@message(name="Accepted")
class MessageId:
    id: Uuid


@message
class TemplateAt:
    id: Uuid
    version: int


@message
class ApiMessage:
    """A message as this API tells it; ``html`` are the blocks of a letter, ``contact`` who writes
    it. OneMessage whose personal data is gone is not there any more.
    """

    id: Uuid
    owner: Annotated[str, Text(64)]
    reference: Annotated[str | None, Text(REFERENCE_MOST)]
    kind: Annotated[str, Choice(KEY_KINDS)]
    state: Annotated[str, Choice(STATES)]
    channel: Annotated[str, Choice(API_CHANNELS)]
    template: TemplateAt | None
    language: Annotated[str, Choice(LANGUAGES)]
    to: Annotated[Receiver, PERSONAL]
    subject: Annotated[str | None, Text(SUBJECT_MOST, personal=True)]
    body: Annotated[str, Prose(BODY_MOST, personal=True)]
    html: Annotated[str | None, PERSONAL]
    unsubscribe_url: Annotated[str | None, Text(1000, personal=True)]
    pdf: Pdf | None
    scan: Annotated[str | None, Choice(SCANS), "What the scanner said of a PDF made elsewhere"] = (
        None
    )
    postage: Annotated[str | None, Choice(POSTAGES)]
    sender: Annotated[str | None, "The line, reply address or block of its sender"] = None
    contact: Block | None
    parts: int | None
    cost_rials: int | None
    created_at: Instant
    due_at: Instant
    sent_at: Instant | None
    settled_at: Instant | None


@message
class ApiMessages:
    messages: tuple[ApiMessage, ...]


@message(name="Wanted")
class MessageFilter:
    channel: Annotated[str, Choice(API_CHANNELS)]
    states: tuple[Annotated[str, Choice(STATES)], ...]


@message
class ListByApi:
    """A page of the caller's messages, newest first, of the kind of key that asks.

    ``older_than`` is the ID of the last one seen; ``jobs`` also counts those of bulk jobs.
    """

    wanted: Annotated[tuple[MessageFilter, ...], validate.Length(0, 3)]
    reference: Annotated[str | None, Text(REFERENCE_MOST)] = None
    older_than: Uuid | None = None
    jobs: Tick = False


@message
class Queue:
    """Letters that wait for the printer, oldest first; ``waiting`` counts them all."""

    letters: tuple[ApiMessage, ...]
    waiting: int


@message
class ReadQueue:
    limit: Annotated[int, whole(1, 100)] = 50


@message(name="Printed")
class PrintedLetters:
    ids: Annotated[tuple[Uuid, ...], validate.Length(1, IDS_MOST, error="length|1 to 500 IDs.")]


@message(name="Marked")
class PrintedCount:
    """``marked`` of those named went out now; the others had before, or do not wait."""

    marked: int


AUTHENTICATE = Request(
    "notify.authenticate.v1",
    Token,
    "Whose a token (JWT by HS256) of the Notify API is.",
    reply=Authenticated,
    effect=False,
    agency=False,
)
API_SEND = Request(
    "notify.api_send.v1",
    SendByApi,
    "Accepts a message as the Notify API takes it.",
    reply=MessageId,
    agency=False,
)
API_MESSAGE = Request(
    "notify.api_message.v1",
    OneMessage,
    "One of the caller's messages, as the Notify API tells it.",
    reply=ApiMessage,
    effect=False,
    agency=False,
)
API_MESSAGES = Request(
    "notify.api_messages.v1",
    ListByApi,
    "A page of the caller's messages, as the Notify API tells them.",
    reply=ApiMessages,
    effect=False,
    agency=False,
)
PRINT_QUEUE = Request(
    "notify.print_queue.v1",
    ReadQueue,
    "The letters that wait for the printer; each look is logged.",
    reply=Queue,
    agency=False,
)
LETTERS_PRINTED = Request(
    "notify.letters_printed.v1",
    PrintedLetters,
    "Says that letters were printed and posted.",
    reply=PrintedCount,
    agency=False,
)
