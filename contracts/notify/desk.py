"""What editors of notices do in the notify context, from the ops face."""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.kinds import M, R, Request
from bus.messages.message import check, message
from bus.messages.values import Block, Code, Day, Instant, Tick, Uuid
from contracts.notify.messages import (
    CHANNELS,
    CONSENTS,
    LANES,
    LANGUAGES,
    STATES,
    DraftTemplate,
    Message,
    MessagePreview,
    TemplateOf,
    Texts,
)
from contracts.notify.receiver import Personalisation
from contracts.rehearsals import rehearsal_of
from iran import identifiers

ROLES = ("editor", "approver")
VERSION_STATES = ("DRAFT", "APPROVED", "WITHDRAWN")
BREAKERS = ("CLOSED", "OPEN", "HALF_OPEN")


@message
class Nothing:
    """No fields."""


@message
class Editor:
    username: Annotated[str, Text(64)]
    role: Annotated[str, Choice(ROLES)]


@message
class FormRow:
    """One form of anybody's template, by its newest version; ``in_force`` is the version that
    messages are made of now.
    """

    id: Uuid
    owner: Annotated[str, Text(64)]
    code: Code
    channel: Annotated[str, Choice(CHANNELS)]
    name: Annotated[str, Text(100)]
    lane: Annotated[str, Choice(LANES)]
    consent: Annotated[str, Choice(CONSENTS)]
    archived: bool
    version: int
    state: Annotated[str, Choice(VERSION_STATES)]
    in_force: int | None
    drafted_by: Annotated[str, Text(64)]
    drafted_at: Instant


@message
class FormRows:
    forms: tuple[FormRow, ...]


@message
class ListForms:
    """``drafts``: only those that wait for a second pair of eyes."""

    owner: Annotated[str | None, Text(64)] = None
    drafts: Tick = False


@message
class OneForm:
    id: Uuid


@message
class Version:
    version: int
    state: Annotated[str, Choice(VERSION_STATES)]
    texts: Mapping[Annotated[str, Choice(LANGUAGES)], Texts]
    placeholders: tuple[Annotated[str, Text(64)], ...]
    drafted_by: Annotated[str, Text(64)]
    drafted_at: Instant
    approved_by: Annotated[str | None, Text(64)]
    approved_at: Instant | None
    withdrawn_by: Annotated[str | None, Text(64)]
    unsubscribe: Annotated[bool, "Its e-mails have our unsubscribe link"] = False


@message
class FormVersions(FormRow):
    """A form with its newest versions, newest first."""

    versions: tuple[Version, ...]


@message
class OneVersion(OneForm):
    version: Annotated[int, whole(1, 1_000_000)]


@message
class WithdrawVersion(OneVersion):
    why: Annotated[str | None, Prose(1000), "What its author is told"] = None


@message
class PreviewVersion(OneVersion):
    language: Annotated[str, Choice(LANGUAGES)] = "fa"
    personalisation: Personalisation = field(default_factory=dict)


@message
class ProviderRow:
    """A provider as it stands; ``share`` is its part of the last hour's hand-overs, in percent."""

    code: Code
    channel: Annotated[str, Choice(CHANNELS)]
    weight: int
    weighed_by: Annotated[
        str | None, Text(64), "Who changed the weight at the desk; None: the file's"
    ]
    paused_by: Annotated[str | None, Text(64)]
    breaker: Annotated[str, Choice(BREAKERS)]
    failures: Annotated[int, "In a row, until now"]
    try_at: Instant | None
    last_ok_at: Instant | None
    last_problem: Annotated[str, Text(300, least=0)]
    credit_rials: int | None
    credit_at: Instant | None
    handed: Annotated[int, "In the last hour"]
    share: int


@message
class ProviderRows:
    providers: tuple[ProviderRow, ...]


@message
class OneProvider:
    code: Code


@message
class Weigh(OneProvider):
    """A provider gets messages by its weight; with 0 only what all others refuse."""

    weight: Annotated[int, whole(0, 100)]


@message
class Receivers:
    """An address, by which a receiver is found again."""

    mobile: Annotated[str | None, Checked(40, identifiers.mobile, personal=True)] = None
    email: Annotated[str | None, Checked(200, identifiers.email, personal=True)] = None


@message
class FindMessages(Receivers):
    """Messages that fit all that is given, newest first; an address is looked for exactly."""

    id: Uuid | None = None
    reference: Annotated[str | None, Text(200)] = None
    owner: Annotated[str | None, Text(64)] = None
    state: Annotated[str | None, Choice(STATES)] = None
    day: Annotated[Day | None, "When accepted, in Tehran"] = None
    before: Uuid | None = None
    limit: Annotated[int, whole(1, 100)] = 50


@message
class FoundMessage:
    """A message without anything personal."""

    id: Uuid
    owner: Annotated[str, Text(64)]
    reference: Annotated[str | None, Text(200)]
    state: Annotated[str, Choice(STATES)]
    code: Annotated[str, Text(60, least=0)]
    channel: Annotated[str, Choice(CHANNELS)]
    lane: Annotated[str, Choice(LANES)]
    template: TemplateOf
    parts: int | None
    cost_rials: int | None
    created_at: Instant
    due_at: Instant
    sent_at: Instant | None
    settled_at: Instant | None


@message
class FoundMessages:
    messages: tuple[FoundMessage, ...]
    next: Uuid | None


@message
class Reveal:
    """Why somebody has to see whom a message was for and what it said."""

    id: Uuid
    why: Annotated[str, Text(300, least=5)]


@message(name="Revealed")
class WholeMessage(Message):
    owner: Annotated[str, Text(64)]
    handovers: tuple[Block, ...]


@message
class ListLooks:
    before: Annotated[int | None, whole(1, 2**53)] = None
    limit: Annotated[int, whole(1, 200)] = 100


@message
class Looks:
    """Who looked at what and why, newest first; names no receiver."""

    looks: tuple[Block, ...]
    next: int | None


@message
class OptOut(Receivers):
    """Somebody has told us, by telephone or at a counter, that he wants no more of this."""

    consent: Annotated[str, Choice(CONSENTS)] = "news"
    why: Annotated[str, Text(300, least=5)]

    @check
    def _one_address(self) -> None:
        if bool(self.mobile) == bool(self.email):
            raise ValidationError("required|Give a mobile or an e-mail address.", "mobile")


@message(name="OptedOut")
class OptOutReply:
    channel: Annotated[str, Choice(CHANNELS)]
    consent: Annotated[str, Choice(CONSENTS)]


@message
class Hours:
    hours: Annotated[int, whole(1, 72)] = 24


@message
class Figures:
    """How many messages were accepted in each hour, by how they stand now."""

    hours: tuple[Block, ...]


def _editors(
    name: str, message: type[M], doc: str, reply: type[R], *, effect: bool = True
) -> Request[M, R]:
    return Request(
        f"notify.{name}.v1", message, doc, reply=reply, effect=effect, agency=False, deadline=25.0
    )


WHO_AM_I = _editors("who_am_i", Nothing, "Who asks, as an editor of notices.", Editor, effect=False)
FORMS = _editors(
    "forms", ListForms, "All forms of all templates, drafts first.", FormRows, effect=False
)
READ_FORM = _editors(
    "read_form", OneForm, "One form with its versions.", FormVersions, effect=False
)
PREVIEW_VERSION = _editors(
    "preview_version",
    PreviewVersion,
    "A version as its receiver will see it.",
    MessagePreview,
    effect=False,
)
DRAFT_FORM = _editors(
    "draft_form",
    DraftTemplate,
    "A new template of Mirab's own, or a new version of it.",
    FormVersions,
)
APPROVE_VERSION = _editors(
    "approve_version", OneVersion, "A second person puts a draft in force.", FormVersions
)
WITHDRAW_VERSION = _editors(
    "withdraw_version",
    WithdrawVersion,
    "Takes back a draft, or a version in force.",
    FormVersions,
)
ARCHIVE_FORM = _editors(
    "archive_form", OneForm, "No message is made of this form any more.", FormVersions
)
PROVIDERS = _editors(
    "providers",
    Nothing,
    "Providers with their breakers and credit.",
    ProviderRows,
    effect=False,
)
PAUSE_PROVIDER = _editors(
    "pause_provider", OneProvider, "Hands nothing more to a provider.", ProviderRows
)
RESUME_PROVIDER = _editors(
    "resume_provider", OneProvider, "Uses a paused provider again.", ProviderRows
)
WEIGH_PROVIDER = _editors(
    "weigh_provider", Weigh, "Changes a provider's part of the messages.", ProviderRows
)
FIND_MESSAGES = _editors(
    "find_messages",
    FindMessages,
    "Messages without what is personal; a search by an address is written down.",
    FoundMessages,
)
REVEAL = _editors(
    "reveal", Reveal, "One message with what is personal; the look is written down.", WholeMessage
)
LOOKS = _editors("looks", ListLooks, "Who looked at what, and why.", Looks, effect=False)
OPT_OUT = _editors("opt_out", OptOut, "Notes that a receiver wants no more.", OptOutReply)
FIGURES = _editors(
    "figures", Hours, "Messages of the last hours by their states.", Figures, effect=False
)
REHEARSE = rehearsal_of("notify")
