"""Messages to people, and what became of them; its owner is the team of services/notify."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bus import rules
from bus.fields import (
    Block,
    Boolean,
    Choice,
    Instant,
    Pattern,
    Prose,
    Text,
    code_text,
    uuid_text,
    whole,
)
from bus.kinds import Command, Event, Request
from contracts.notify.receiver import Receiver, personalisation

CHANNELS = ("sms", "email", "inbox", "letter")
LANES = ("otp", "transactional", "bulk")
CONSENTS = ("transactional", "news")
LANGUAGES = ("fa", "en")
STATES = (
    "CREATED", "SENDING", "SENT",
    "DELIVERED", "UNDELIVERED", "REJECTED", "FAILED", "CANCELLED", "UNTOLD",
)  # fmt: skip
FINAL = STATES[3:]
BODY_MOST, SUBJECT_MOST, REFERENCE_MOST, VERSION_MOST = 20_000, 200, 1_000, 1_000_000
TEMPLATE_CODE = Pattern("^[a-z][a-z0-9_]*$", "format|Begin with a to z; then a to z, 0 to 9 and _.")


class Send(Schema):
    """A message by an approved template. ``channels`` says in which order it is tried: the next
    one is taken when one has failed for good.
    """

    template = Text(
        64, required=True, metadata={"description": "The template's code, or the ID of one form"}
    )
    channels = fields.List(
        Choice(CHANNELS),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, len(CHANNELS), error="length|Name 1 to 4 channels."),
        metadata={"description": "Default: all forms of the template that the receiver has"},
    )
    to = fields.Nested(Receiver, required=True, metadata={"personal": True})
    language = Choice(LANGUAGES, load_default="fa")
    personalisation = personalisation(load_default=dict)
    reference = Text(
        REFERENCE_MOST, load_default=None, allow_none=True,
        metadata={"description": "Your own word for it; no personal data"},
    )  # fmt: skip
    not_before = Instant(load_default=None, allow_none=True)

    class Meta:
        rules = rules.REACHABLE

    @validates_schema(skip_on_field_errors=True)
    def _reachable(self, data: dict[str, Any], **_: Any) -> None:
        if not any(data["to"].values()):
            raise ValidationError("required|Give at least one way to reach the receiver.", "to")
        if data["channels"] and len(set(data["channels"])) != len(data["channels"]):
            raise ValidationError("repeated|Name each channel once.", "channels")


class TemplateOf(Schema):
    id = uuid_text(required=True)
    code = code_text(required=True)
    version = fields.Integer(required=True)


class Sent(Schema):
    """What was accepted: from now on it is never lost, and handed over once at the most."""

    id = uuid_text(required=True)
    state = Choice(STATES, required=True)
    channel = Choice(CHANNELS, required=True)
    template = fields.Nested(TemplateOf, required=True)
    parts = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Parts of an SMS"}
    )
    due_at = Instant(required=True, metadata={"description": "Not handed over before"})


class One(Schema):
    id = uuid_text(required=True)


class Message(Schema):
    """A message and how it stands. What is personal is gone some days after it has ended."""

    id = uuid_text(required=True)
    reference = Text(REFERENCE_MOST, required=True, allow_none=True)
    state = Choice(STATES, required=True)
    code = Text(60, required=True, least=0, metadata={"description": "Why it ended, in one word"})
    channel = Choice(CHANNELS, required=True)
    template = fields.Nested(TemplateOf, required=True)
    language = Choice(LANGUAGES, required=True)
    lane = Choice(LANES, required=True)
    to = fields.Nested(Receiver, required=True, allow_none=True, metadata={"personal": True})
    subject = Text(SUBJECT_MOST, required=True, allow_none=True, personal=True)
    body = Prose(BODY_MOST, required=True, allow_none=True, personal=True)
    parts = fields.Integer(required=True, allow_none=True)
    cost_rials = fields.Integer(required=True, allow_none=True)
    created_at = Instant(required=True)
    due_at = Instant(required=True)
    sent_at = Instant(required=True, allow_none=True)
    settled_at = Instant(required=True, allow_none=True)


class Messages(Schema):
    messages = fields.List(fields.Nested(Message), required=True)
    next = uuid_text(required=True, allow_none=True)


class ListMessages(Schema):
    """The caller's own messages, newest first; ``before`` is the ID of the last one seen."""

    states = fields.List(Choice(STATES), load_default=list)
    channels = fields.List(Choice(CHANNELS), load_default=list)
    reference = Text(REFERENCE_MOST, load_default=None, allow_none=True)
    before = uuid_text(load_default=None, allow_none=True)
    limit = whole(1, 250, load_default=50)


class Preview(Schema):
    """A template filled in, without sending it."""

    template = Text(64, required=True)
    channel = Choice(CHANNELS, load_default=None, allow_none=True)
    language = Choice(LANGUAGES, load_default="fa")
    personalisation = personalisation(load_default=dict)
    version = whole(
        1, VERSION_MOST, load_default=None, allow_none=True,
        metadata={"description": "Default: the newest approved version"},
    )  # fmt: skip


class Previewed(Schema):
    template = fields.Nested(TemplateOf, required=True)
    channel = Choice(CHANNELS, required=True)
    subject = Text(SUBJECT_MOST, required=True, allow_none=True, personal=True)
    body = Prose(BODY_MOST, required=True, personal=True)
    html = fields.String(required=True, allow_none=True, metadata={"personal": True})
    encoding = Text(10, required=True, allow_none=True, metadata={"description": "ucs2 or gsm7"})
    units = fields.Integer(required=True, allow_none=True)
    parts = fields.Integer(required=True, allow_none=True)
    cost_rials = fields.Integer(required=True, allow_none=True)


class Texts(Schema):
    """A template's text in one language; a placeholder is written ((name))."""

    subject = Text(SUBJECT_MOST, load_default=None, allow_none=True)
    body = Prose(BODY_MOST, required=True)


class Template(Schema):
    """One form of a template: its newest version for one channel."""

    id = uuid_text(required=True)
    owner = code_text(64, required=True)
    code = code_text(required=True)
    channel = Choice(CHANNELS, required=True)
    name = Text(100, required=True)
    lane = Choice(LANES, required=True)
    consent = Choice(CONSENTS, required=True)
    version = fields.Integer(required=True)
    state = Choice(("DRAFT", "APPROVED", "WITHDRAWN"), required=True)
    texts = fields.Dict(keys=Choice(LANGUAGES), values=fields.Nested(Texts), required=True)
    placeholders = fields.List(Text(64), required=True)
    drafted_by = Text(64, required=True)
    approved_by = Text(64, required=True, allow_none=True)
    created_at = Instant(required=True)
    updated_at = Instant(required=True, allow_none=True)
    archived = fields.Boolean(required=True)


class Templates(Schema):
    templates = fields.List(fields.Nested(Template), required=True)


class ListTemplates(Schema):
    """The caller's own templates, those in force; with ``drafts`` the newest versions too."""

    channel = Choice(CHANNELS, load_default=None, allow_none=True)
    drafts = Boolean(load_default=False)


class ReadTemplate(Schema):
    """One form by its ID, at a version; by default the newest approved one."""

    id = uuid_text(required=True)
    version = whole(1, VERSION_MOST, load_default=None, allow_none=True)


class DraftTemplate(Schema):
    """A new template, or a new version of one; messages use it when a colleague has approved it."""

    code = Text(40, required=True, validate=TEMPLATE_CODE)
    channel = Choice(CHANNELS, required=True)
    name = Text(100, required=True)
    lane = Choice(LANES, load_default="transactional")
    consent = Choice(CONSENTS, load_default="transactional")
    texts = fields.Dict(
        keys=Choice(LANGUAGES),
        values=fields.Nested(Texts),
        required=True,
        validate=validate.Length(1, len(LANGUAGES), error="length|Give a text in fa or en."),
    )

    class Meta:
        rules = rules.SUBJECTS

    @validates_schema(skip_on_field_errors=True)
    def _subjects(self, data: dict[str, Any], **_: Any) -> None:
        wanted = data["channel"] != "sms"
        for language, told in data["texts"].items():
            if wanted != bool(told["subject"]):
                why = "required|Give a subject." if wanted else "unwanted|An SMS has no subject."
                raise ValidationError(why, f"texts.{language}.subject")
        if data["consent"] == "news" and data["lane"] != "bulk":
            raise ValidationError("choice|News goes in the lane bulk.", "lane")


class SendMessage(Send):
    """A message that another context has told us to send; ``template`` is one of Mirab's own."""


class Settled(Schema):
    """A message has ended. Names nobody."""

    id = uuid_text(required=True)
    owner = code_text(64, required=True)
    reference = Text(REFERENCE_MOST, required=True, allow_none=True)
    channel = Choice(CHANNELS, required=True)
    state = Choice(FINAL, required=True)
    code = Text(60, required=True, least=0)
    at = Instant(required=True)


class Receipt(Schema):
    """What a provider's call-back said; it only makes us ask the provider sooner."""

    provider = code_text(required=True)
    provider_ref = Text(64, required=True)


class Noted(Schema):
    known = fields.Boolean(required=True)


class Nothing(Schema):
    """No fields."""


class Accounts(Schema):
    """accepted = ended + in flight, or something is wrong: ``difference`` is 0."""

    accepted = fields.Integer(required=True)
    ended = fields.Integer(required=True)
    in_flight = fields.Integer(required=True)
    difference = fields.Integer(required=True)
    states = fields.List(Block(), required=True)
    oldest_due_seconds = fields.Float(required=True)
    unclear = fields.Integer(
        required=True, metadata={"description": "Hand-overs of which nobody knows yet"}
    )
    providers = fields.List(
        Block(), required=True, metadata={"description": "Each with the state of its breaker"}
    )


SEND = Request(
    "notify.send.v1",
    Send(),
    "Accepts a message to one person by an approved template.",
    reply=Sent(),
)
MESSAGE = Request(
    "notify.message.v1", One(), "Reads one of your messages.", reply=Message(), effect=False
)
MESSAGES = Request(
    "notify.messages.v1",
    ListMessages(),
    "Lists your messages, newest first.",
    reply=Messages(),
    effect=False,
)
CANCEL = Request(
    "notify.cancel.v1",
    One(),
    "Cancels a message that was not handed over yet.",
    reply=Message(),
)
PREVIEW = Request(
    "notify.preview.v1",
    Preview(),
    "Shows a template as its receiver will see it, with the parts and the cost of an SMS.",
    reply=Previewed(),
    effect=False,
)
TEMPLATES = Request(
    "notify.templates.v1",
    ListTemplates(),
    "Lists your templates.",
    reply=Templates(),
    effect=False,
)
TEMPLATE = Request(
    "notify.template.v1",
    ReadTemplate(),
    "Reads one of your templates.",
    reply=Template(),
    effect=False,
)
DRAFT_TEMPLATE = Request(
    "notify.draft_template.v1",
    DraftTemplate(),
    "Drafts a template or a new version of it; a colleague of ours approves it.",
    reply=Template(),
)
RECEIPT = Request(
    "notify.receipt.v1",
    Receipt(),
    "A provider says that it knows more of a message.",
    reply=Noted(),
    agency=False,
)
ACCOUNTS = Request(
    "notify.accounts.v1",
    Nothing(),
    "Whether every message that was accepted is accounted for.",
    reply=Accounts(),
    effect=False,
    agency=False,
)
SEND_MESSAGE = Command(
    "notify.send_message.v1", SendMessage(), "Sends a message to a person by one of our templates."
)
MESSAGE_SETTLED = Event(
    "notify.message_settled.v1", Settled(), "A message has ended.", hearable=True, owner="owner"
)
