"""What editors of notices do in the notify context, from the ops face."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from bus.fields import Block, Checked, Choice, Day, Instant, Text, code_text, uuid_text, whole
from bus.kinds import Request
from contracts.notify.messages import (
    CHANNELS,
    CONSENTS,
    LANES,
    LANGUAGES,
    STATES,
    DraftTemplate,
    Message,
    Previewed,
    TemplateOf,
    Texts,
)
from contracts.notify.receiver import personalisation
from iran import identifiers

ROLES = ("editor", "approver")
VERSION_STATES = ("DRAFT", "APPROVED", "WITHDRAWN")
BREAKERS = ("CLOSED", "OPEN", "HALF_OPEN")


class Nothing(Schema):
    """No fields."""


class Editor(Schema):
    username = Text(64, required=True)
    role = Choice(ROLES, required=True)


class FormRow(Schema):
    """One form of anybody's template, by its newest version; ``in_force`` is the version that
    messages are made of now.
    """

    id = uuid_text(required=True)
    owner = code_text(64, required=True)
    code = code_text(required=True)
    channel = Choice(CHANNELS, required=True)
    name = Text(100, required=True)
    lane = Choice(LANES, required=True)
    consent = Choice(CONSENTS, required=True)
    archived = fields.Boolean(required=True)
    version = fields.Integer(required=True)
    state = Choice(VERSION_STATES, required=True)
    in_force = fields.Integer(required=True, allow_none=True)
    drafted_by = Text(64, required=True)
    drafted_at = Instant(required=True)


class FormRows(Schema):
    forms = fields.List(fields.Nested(FormRow), required=True)


class ListForms(Schema):
    """``drafts``: only those that wait for a second pair of eyes."""

    owner = code_text(64, load_default=None, allow_none=True)
    drafts = fields.Boolean(load_default=False)


class OneForm(Schema):
    id = uuid_text(required=True)


class Version(Schema):
    version = fields.Integer(required=True)
    state = Choice(VERSION_STATES, required=True)
    texts = fields.Dict(keys=Choice(LANGUAGES), values=fields.Nested(Texts), required=True)
    placeholders = fields.List(Text(64), required=True)
    drafted_by = Text(64, required=True)
    drafted_at = Instant(required=True)
    approved_by = Text(64, required=True, allow_none=True)
    approved_at = Instant(required=True, allow_none=True)
    withdrawn_by = Text(64, required=True, allow_none=True)


class FormVersions(FormRow):
    """A form with its newest versions, newest first."""

    versions = fields.List(fields.Nested(Version), required=True)


class OneVersion(OneForm):
    version = whole(1, 1_000_000, required=True)


class PreviewVersion(OneVersion):
    language = Choice(LANGUAGES, load_default="fa")
    personalisation = personalisation(load_default=dict)


class ProviderRow(Schema):
    """A provider as it stands; ``share`` is its part of the last hour's hand-overs, in percent."""

    code = code_text(required=True)
    channel = Choice(CHANNELS, required=True)
    weight = fields.Integer(required=True)
    weighed_by = Text(
        64, required=True, allow_none=True,
        metadata={"description": "Who changed the weight at the desk; None: the file's"},
    )  # fmt: skip
    paused_by = Text(64, required=True, allow_none=True)
    breaker = Choice(BREAKERS, required=True)
    failures = fields.Integer(required=True, metadata={"description": "In a row, until now"})
    try_at = Instant(required=True, allow_none=True)
    last_ok_at = Instant(required=True, allow_none=True)
    last_problem = Text(300, required=True, least=0)
    credit_rials = fields.Integer(required=True, allow_none=True)
    credit_at = Instant(required=True, allow_none=True)
    handed = fields.Integer(required=True, metadata={"description": "In the last hour"})
    share = fields.Integer(required=True)


class ProviderRows(Schema):
    providers = fields.List(fields.Nested(ProviderRow), required=True)


class OneProvider(Schema):
    code = code_text(required=True)


class Weigh(OneProvider):
    """A provider gets messages by its weight; with 0 only what all others refuse."""

    weight = whole(0, 100, required=True)


class Receivers(Schema):
    """An address, by which a receiver is found again."""

    mobile = Checked(40, identifiers.mobile, load_default=None, allow_none=True, personal=True)
    email = Checked(200, identifiers.email, load_default=None, allow_none=True, personal=True)


class FindMessages(Receivers):
    """Messages that fit all that is given, newest first; an address is looked for exactly."""

    id = uuid_text(load_default=None, allow_none=True)
    reference = Text(200, load_default=None, allow_none=True)
    owner = code_text(64, load_default=None, allow_none=True)
    state = Choice(STATES, load_default=None, allow_none=True)
    day = Day(
        load_default=None, allow_none=True, metadata={"description": "When accepted, in Tehran"}
    )
    before = uuid_text(load_default=None, allow_none=True)
    limit = whole(1, 100, load_default=50)


class FoundMessage(Schema):
    """A message without anything personal."""

    id = uuid_text(required=True)
    owner = code_text(64, required=True)
    reference = Text(200, required=True, allow_none=True)
    state = Choice(STATES, required=True)
    code = Text(60, required=True, least=0)
    channel = Choice(CHANNELS, required=True)
    lane = Choice(LANES, required=True)
    template = fields.Nested(TemplateOf, required=True)
    parts = fields.Integer(required=True, allow_none=True)
    cost_rials = fields.Integer(required=True, allow_none=True)
    created_at = Instant(required=True)
    due_at = Instant(required=True)
    sent_at = Instant(required=True, allow_none=True)
    settled_at = Instant(required=True, allow_none=True)


class FoundMessages(Schema):
    messages = fields.List(fields.Nested(FoundMessage), required=True)
    next = uuid_text(required=True, allow_none=True)


class Reveal(Schema):
    """Why somebody has to see whom a message was for and what it said."""

    id = uuid_text(required=True)
    why = Text(300, least=5, required=True)


class Revealed(Message):
    owner = code_text(64, required=True)
    handovers = fields.List(Block(), required=True)


class ListLooks(Schema):
    before = whole(1, 2**53, load_default=None, allow_none=True)
    limit = whole(1, 200, load_default=100)


class Looks(Schema):
    """Who looked at what and why, newest first; names no receiver."""

    looks = fields.List(Block(), required=True)
    next = fields.Integer(required=True, allow_none=True)


class OptOut(Receivers):
    """Somebody has told us, by telephone or at a counter, that he wants no more of this."""

    consent = Choice(CONSENTS, load_default="news")
    why = Text(300, least=5, required=True)

    @validates_schema(skip_on_field_errors=True)
    def _one(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data["mobile"]) == bool(data["email"]):
            raise ValidationError("required|Give a mobile or an e-mail address.", "mobile")


class OptedOut(Schema):
    channel = Choice(CHANNELS, required=True)
    consent = Choice(CONSENTS, required=True)


class Hours(Schema):
    hours = whole(1, 72, load_default=24)


class Figures(Schema):
    """How many messages were accepted in each hour, by how they stand now."""

    hours = fields.List(Block(), required=True)


def _editors(name: str, schema: Schema, doc: str, reply: Schema, *, effect: bool = True) -> Request:
    return Request(
        f"notify.{name}.v1", schema, doc, reply=reply, effect=effect, agency=False, deadline=25.0
    )


WHO_AM_I = _editors(
    "who_am_i", Nothing(), "Who asks, as an editor of notices.", Editor(), effect=False
)
FORMS = _editors(
    "forms", ListForms(), "All forms of all templates, drafts first.", FormRows(), effect=False
)
READ_FORM = _editors(
    "read_form", OneForm(), "One form with its versions.", FormVersions(), effect=False
)
PREVIEW_VERSION = _editors(
    "preview_version", PreviewVersion(), "A version as its receiver will see it.", Previewed(),
    effect=False,
)  # fmt: skip
DRAFT_FORM = _editors(
    "draft_form", DraftTemplate(), "A new template of Mirab's own, or a new version of it.",
    FormVersions(),
)  # fmt: skip
APPROVE_VERSION = _editors(
    "approve_version", OneVersion(), "A second person puts a draft in force.", FormVersions()
)
WITHDRAW_VERSION = _editors(
    "withdraw_version", OneVersion(), "Takes back a draft, or a version in force.", FormVersions()
)
ARCHIVE_FORM = _editors(
    "archive_form", OneForm(), "No message is made of this form any more.", FormVersions()
)
PROVIDERS = _editors(
    "providers", Nothing(), "Providers with their breakers and credit.", ProviderRows(),
    effect=False,
)  # fmt: skip
PAUSE_PROVIDER = _editors(
    "pause_provider", OneProvider(), "Hands nothing more to a provider.", ProviderRows()
)
RESUME_PROVIDER = _editors(
    "resume_provider", OneProvider(), "Uses a paused provider again.", ProviderRows()
)
WEIGH_PROVIDER = _editors(
    "weigh_provider", Weigh(), "Changes a provider's part of the messages.", ProviderRows()
)
FIND_MESSAGES = _editors(
    "find_messages", FindMessages(),
    "Messages without what is personal; a search by an address is written down.", FoundMessages(),
)  # fmt: skip
REVEAL = _editors(
    "reveal", Reveal(), "One message with what is personal; the look is written down.", Revealed()
)
LOOKS = _editors("looks", ListLooks(), "Who looked at what, and why.", Looks(), effect=False)
OPT_OUT = _editors("opt_out", OptOut(), "Notes that a receiver wants no more.", OptedOut())
FIGURES = _editors(
    "figures", Hours(), "Messages of the last hours by their states.", Figures(), effect=False
)
