"""Messages to people, and what became of them; its owner is the team of services/notify."""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated

from marshmallow import ValidationError, validate

from bus.messages import rules
from bus.messages.fields import Choice, Pattern, Prose, Text, whole
from bus.messages.kinds import Command, Event, Request
from bus.messages.message import PERSONAL, check, message
from bus.messages.values import Block, Code, Instant, Uuid
from contracts.notify.receiver import WEB_ADDRESS, Personalisation, Receiver

CHANNELS = ("sms", "email", "inbox", "letter")
LANES = ("otp", "transactional", "bulk")
CONSENTS = ("transactional", "news")
LANGUAGES = ("fa", "en")
UNDER_WAY = ("CREATED", "SENDING", "SENT")
FINAL = ("DELIVERED", "UNDELIVERED", "REJECTED", "FAILED", "CANCELLED", "UNTOLD")
STATES = (*UNDER_WAY, *FINAL)
BODY_MOST, SUBJECT_MOST, REFERENCE_MOST, VERSION_MOST = 20_000, 200, 1_000, 1_000_000
TEMPLATE_CODE = Pattern("^[a-z][a-z0-9_]*$", "format|Begin with a to z; then a to z, 0 to 9 and _.")


@message(rules=rules.REACHABLE)
class Send:
    """A message by an approved template. ``channels`` says in which order it is tried: the next
    one is taken when one has failed for good.
    """

    template: Annotated[str, Text(64), "The template's code, or the ID of one form"]
    channels: Annotated[
        tuple[Annotated[str, Choice(CHANNELS)], ...] | None,
        validate.Length(1, len(CHANNELS), error="length|Name 1 to 4 channels."),
        "Default: all forms of the template that the receiver has",
    ] = None
    to: Annotated[Receiver, PERSONAL]
    language: Annotated[str, Choice(LANGUAGES)] = "fa"
    personalisation: Personalisation = field(default_factory=dict)
    reference: Annotated[
        str | None, Text(REFERENCE_MOST), "Your own word for it; no personal data"
    ] = None
    not_before: Instant | None = None

    @check
    def _reachable(self) -> None:
        if not self.to.reachable():
            raise ValidationError("required|Give at least one way to reach the receiver.", "to")
        if self.channels and len(set(self.channels)) != len(self.channels):
            raise ValidationError("repeated|Name each channel once.", "channels")


@message
class TemplateOf:
    id: Uuid
    code: Code
    version: int


@message(name="Sent")
class AcceptedMessage:
    """What was accepted: from now on it is never lost, and handed over once at the most."""

    id: Uuid
    state: Annotated[str, Choice(STATES)]
    channel: Annotated[str, Choice(CHANNELS)]
    template: TemplateOf
    parts: Annotated[int | None, "Parts of an SMS"]
    due_at: Annotated[Instant, "Not handed over before"]


@message(name="One")
class OneMessage:
    id: Uuid


@message
class Message:
    """A message and how it stands. What is personal is gone some days after it has ended."""

    id: Uuid
    reference: Annotated[str | None, Text(REFERENCE_MOST)]
    state: Annotated[str, Choice(STATES)]
    code: Annotated[str, Text(60, least=0), "Why it ended, in one word"]
    channel: Annotated[str, Choice(CHANNELS)]
    template: TemplateOf
    language: Annotated[str, Choice(LANGUAGES)]
    lane: Annotated[str, Choice(LANES)]
    to: Annotated[Receiver | None, PERSONAL]
    subject: Annotated[str | None, Text(SUBJECT_MOST, personal=True)]
    body: Annotated[str | None, Prose(BODY_MOST, personal=True)]
    parts: int | None
    cost_rials: int | None
    created_at: Instant
    due_at: Instant
    sent_at: Instant | None
    settled_at: Instant | None


@message
class Messages:
    messages: tuple[Message, ...]
    next: Uuid | None


@message
class ListMessages:
    """The caller's own messages, newest first; ``before`` is the ID of the last one seen."""

    states: tuple[Annotated[str, Choice(STATES)], ...] = ()
    channels: tuple[Annotated[str, Choice(CHANNELS)], ...] = ()
    reference: Annotated[str | None, Text(REFERENCE_MOST)] = None
    before: Uuid | None = None
    limit: Annotated[int, whole(1, 250)] = 50


@message
class Preview:
    """A template filled in, without sending it."""

    template: Annotated[str, Text(64)]
    channel: Annotated[str | None, Choice(CHANNELS)] = None
    language: Annotated[str, Choice(LANGUAGES)] = "fa"
    personalisation: Personalisation = field(default_factory=dict)
    version: Annotated[
        int | None, whole(1, VERSION_MOST), "Default: the newest approved version"
    ] = None


@message(name="Previewed")
class MessagePreview:
    template: TemplateOf
    channel: Annotated[str, Choice(CHANNELS)]
    subject: Annotated[str | None, Text(SUBJECT_MOST, personal=True)]
    body: Annotated[str, Prose(BODY_MOST, personal=True)]
    html: Annotated[str | None, PERSONAL]
    encoding: Annotated[str | None, Text(10), "ucs2 or gsm7"]
    units: int | None
    parts: int | None
    cost_rials: int | None


@message
class Texts:
    """A template's text in one language; a placeholder is written ((name))."""

    subject: Annotated[str | None, Text(SUBJECT_MOST)] = None
    body: Annotated[str, Prose(BODY_MOST)]


@message
class Template:
    """One form of a template: its newest version for one channel."""

    id: Uuid
    owner: Annotated[str, Text(64)]
    code: Code
    channel: Annotated[str, Choice(CHANNELS)]
    name: Annotated[str, Text(100)]
    lane: Annotated[str, Choice(LANES)]
    consent: Annotated[str, Choice(CONSENTS)]
    version: int
    state: Annotated[str, Choice(("DRAFT", "APPROVED", "WITHDRAWN"))]
    texts: Mapping[Annotated[str, Choice(LANGUAGES)], Texts]
    placeholders: tuple[Annotated[str, Text(64)], ...]
    drafted_by: Annotated[str, Text(64)]
    approved_by: Annotated[str | None, Text(64)]
    created_at: Instant
    updated_at: Instant | None
    archived: bool
    unsubscribe: Annotated[bool, "Its e-mails have our unsubscribe link"] = False


@message
class Templates:
    templates: tuple[Template, ...]


@message
class ListTemplates:
    """The caller's own templates, those in force; with ``drafts`` the newest versions too."""

    channel: Annotated[str | None, Choice(CHANNELS)] = None
    drafts: bool = False


@message
class ReadTemplate:
    """One form by its ID, at a version; by default the newest approved one."""

    id: Uuid
    version: Annotated[int | None, whole(1, VERSION_MOST)] = None


@message(rules=rules.SUBJECTS)
class DraftTemplate:
    """A new template, or a new version of one; messages use it when a colleague has approved it."""

    code: Annotated[str, Text(40, validate=TEMPLATE_CODE)]
    channel: Annotated[str, Choice(CHANNELS)]
    name: Annotated[str, Text(100)]
    lane: Annotated[str, Choice(LANES)] = "transactional"
    consent: Annotated[str, Choice(CONSENTS)] = "transactional"
    texts: Annotated[
        Mapping[Annotated[str, Choice(LANGUAGES)], Texts],
        validate.Length(1, len(LANGUAGES), error="length|Give a text in fa or en."),
    ]
    unsubscribe: Annotated[
        bool, "Adds our unsubscribe link to its e-mails; for news by e-mail only"
    ] = False

    @check
    def _subjects_of_channel(self) -> None:
        wanted = self.channel != "sms"
        for language, text in self.texts.items():
            if wanted != bool(text.subject):
                refusal = (
                    "required|Give a subject." if wanted else "unwanted|An SMS has no subject."
                )
                raise ValidationError(refusal, f"texts.{language}.subject")
        if self.consent == "news" and self.lane != "bulk":
            raise ValidationError("choice|News goes in the lane bulk.", "lane")
        if self.unsubscribe and (self.channel, self.consent) != ("email", "news"):
            raise ValidationError("unwanted|Only news by e-mail has the link.", "unsubscribe")


@message
class SendMessage(Send):
    """A message that another context has told us to send; ``template`` is one of Mirab's own. One
    click at ``unsubscribe_url`` ends what an e-mail belongs to (RFC 8058).
    """

    unsubscribe_url: Annotated[str | None, Text(300, validate=WEB_ADDRESS), PERSONAL] = None


@message(name="Settled")
class MessageSettlement:
    """A message has ended. Names nobody."""

    id: Uuid
    owner: Annotated[str, Text(64)]
    reference: Annotated[str | None, Text(REFERENCE_MOST)]
    channel: Annotated[str, Choice(CHANNELS)]
    state: Annotated[str, Choice(FINAL)]
    code: Annotated[str, Text(60, least=0)]
    at: Instant


@message
class Nothing:
    """No fields."""


@message
class Accounts:
    """accepted = ended + in flight, or something is wrong: ``difference`` is 0."""

    accepted: int
    ended: int
    in_flight: int
    difference: int
    states: tuple[Block, ...]
    oldest_due_seconds: float
    unclear: Annotated[int, "Hand-overs of which nobody knows yet"]
    providers: Annotated[tuple[Block, ...], "Each with the state of its breaker"]
    senders: Annotated[
        tuple[Block, ...], "E-mails of each sender in seven days; * are all together"
    ] = ()


SEND = Request(
    "notify.send.v1",
    Send,
    "Accepts a message to one person by an approved template.",
    reply=AcceptedMessage,
)
MESSAGE = Request(
    "notify.message.v1", OneMessage, "Reads one of your messages.", reply=Message, effect=False
)
MESSAGES = Request(
    "notify.messages.v1",
    ListMessages,
    "Lists your messages, newest first.",
    reply=Messages,
    effect=False,
)
CANCEL = Request(
    "notify.cancel.v1",
    OneMessage,
    "Cancels a message that was not handed over yet.",
    reply=Message,
)
PREVIEW = Request(
    "notify.preview.v1",
    Preview,
    "Shows a template as its receiver will see it, with the parts and the cost of an SMS.",
    reply=MessagePreview,
    effect=False,
)
TEMPLATES = Request(
    "notify.templates.v1",
    ListTemplates,
    "Lists your templates.",
    reply=Templates,
    effect=False,
)
TEMPLATE = Request(
    "notify.template.v1",
    ReadTemplate,
    "Reads one of your templates.",
    reply=Template,
    effect=False,
)
DRAFT_TEMPLATE = Request(
    "notify.draft_template.v1",
    DraftTemplate,
    "Drafts a template or a new version of it; a colleague of ours approves it.",
    reply=Template,
)
ACCOUNTS = Request(
    "notify.accounts.v1",
    Nothing,
    "Whether every message that was accepted is accounted for.",
    reply=Accounts,
    effect=False,
    agency=False,
)
SEND_MESSAGE = Command(
    "notify.send_message.v1", SendMessage, "Sends a message to a person by one of our templates."
)
MESSAGE_SETTLED = Event(
    "notify.message_settled.v1",
    MessageSettlement,
    "A message has ended.",
    hearable=True,
    owner="owner",
)
