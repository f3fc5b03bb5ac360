"""What citizens can ask of the ticketing context; its owner is the team of services/ticketing."""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated

from marshmallow import ValidationError, validate

from bus.messages.fields import Checked, Choice, Float, Prose, Text, whole
from bus.messages.kinds import Event
from bus.messages.message import ABSENT, OPTIONAL, Meta, check, message
from bus.messages.values import Block, Code, Instant
from contracts.ticketing.files import Attachment, Attachments
from contracts.ticketing.requests import internal_act, internal_read
from iran import identifiers
from people import tracking

KINDS = ("request", "complaint", "suggestion", "objection")
PRIVACY = ("anonymous", "private", "identified")
ABOUT = ("answer", "bill", "violation")
STATES = ("NEW", "OPEN", "PAUSED", "ANSWERED", "CLOSED", "MERGED")
CHANNELS = ("portal", "api", "open311", "mail", "telephone")
LANGUAGES = ("fa", "en")
# What a person writes is taken whole, by whatever way it comes.
TEXT_MOST = 50_000
MENDED = ("yes", "no", "unknown")
FIRST_TIME = ("yes", "no", "unsaid")
# How the question stands: to be answered, answered, or over since work on the ticket goes on.
STANDINGS = ("open", "answered", "over")
IDENTITY = ("name", "mobile", "email", "national_id")


@message
class Register:
    """A request, complaint, suggestion or objection, as a person registers it."""

    kind: Annotated[str, Choice(KINDS), Meta(example="complaint")]
    category: Annotated[Code, "A code of the form's categories"]
    county: Annotated[str, Text(40, least=0), "A code of a county"] = ""
    text: Annotated[str, Prose(TEXT_MOST, least=5, personal=True)]
    privacy: Annotated[
        str,
        Choice(PRIVACY),
        "anonymous: no name or address is taken; private: only the unit that "
        "works on it sees who wrote; identified: other units may see it too",
    ] = "private"
    name: Annotated[str, Text(100, least=0, personal=True)] = ""
    mobile: Annotated[str | None, Checked(40, identifiers.mobile, personal=True)] = None
    email: Annotated[str | None, Checked(200, identifiers.email, personal=True)] = None
    national_id: Annotated[str | None, Checked(40, identifiers.national_id, personal=True)] = None
    language: Annotated[str, Choice(LANGUAGES)] = "fa"
    channel: Annotated[str, Choice(CHANNELS)] = "api"
    about_kind: Annotated[str | None, Choice(ABOUT), "What is objected to"] = None
    about_ref: Annotated[str | None, Text(64)] = None
    external_system: Annotated[str | None, Text(40), "Such as 111 or SAMAD"] = None
    external_code: Annotated[str | None, Text(64)] = None
    address: Annotated[str, Text(300, least=0, personal=True)] = ""
    lat: Annotated[float | None, Float(validate=validate.Range(-90, 90))] = None
    long: Annotated[float | None, Float(validate=validate.Range(-180, 180))] = None
    attributes: Mapping[str, Annotated[str, Text(500, least=0)]] = field(default_factory=dict)
    attachments: Attachments = ()
    public: Annotated[bool, "May be listed for everybody, without a name"] = False
    declared: Annotated[bool, "That what is told is true (clause 4 of the agreement)"]
    secret: Annotated[str, Text(60, personal=True), "Set by the gateway; 20 digits"]

    @check
    def _consistent(self) -> None:
        if not self.declared:
            raise ValidationError("declaration|Declare that what you tell is true.", "declared")
        if self.privacy == "anonymous" and any(getattr(self, name) for name in IDENTITY):
            raise ValidationError(
                "anonymous.identity|Leave name, mobile, e-mail and national ID out, or choose "
                "private.",
                "privacy",
            )
        reachable = self.mobile or self.email
        if self.privacy == "identified" and not (self.name and reachable):
            raise ValidationError(
                "identified.name|Give a name and a mobile or e-mail, or choose private.", "name"
            )
        for first, second in (("about_kind", "about_ref"), ("external_system", "external_code")):
            if bool(getattr(self, first)) != bool(getattr(self, second)):
                missing = second if getattr(self, first) else first
                raise ValidationError(f"required|Give {first} and {second} together.", missing)
        if self.kind == "objection" and not self.about_kind:
            raise ValidationError("required|Say what the objection is against.", "about_kind")
        if (self.lat is None) != (self.long is None):
            raise ValidationError("required|Give lat and long together.", "lat")


@message
class Registered:
    code: Annotated[str, Text(10)]
    registered_at: Instant
    first_response_due: Instant | None
    solution_due: Instant | None
    unit: Block
    token: Annotated[str | None, Text(40), "Instead of a code at once", OPTIONAL] = ABSENT
    withheld: Annotated[
        tuple[Annotated[str, Text(10)], ...],
        "Over these (email, sms) no acknowledgement goes: too many went there",
    ] = ()


@message(name="Proof")
class TicketProof:
    """What opens a ticket: its code and its secret (or the key of a link that we sent)."""

    code: Annotated[str, Checked(40, tracking.parse), Meta(example="4052138845")]
    secret: Annotated[str, Checked(80, tracking.parse_proof, personal=True)]


@message(name="Said")
class HistoryEntry:
    """One entry of the history, as the citizen may read it."""

    at: Instant
    by: Annotated[str, Choice(("citizen", "unit", "system"))]
    act: Annotated[str, Text(40)]
    title_fa: Annotated[str, Text(200)]
    title_en: Annotated[str, Text(200)]
    text: Annotated[str | None, Prose(TEXT_MOST, personal=True), OPTIONAL] = ABSENT
    attachments: tuple[Block, ...]


@message
class ClockView:
    """A promise on this ticket: when it is due, why then, and how it stands."""

    clock: Annotated[str, Choice(("first_response", "next_update", "solution"))]
    title_fa: Annotated[str, Text(100)]
    title_en: Annotated[str, Text(100)]
    state: Annotated[
        str, Choice(("RUNNING", "PAUSED", "MET", "LATE", "MISSED", "ENDED", "UNKNOWN"))
    ]
    due: Instant | None
    met_at: Instant | None
    left_minutes: int | None
    paused_minutes: int
    office_left_fa: Annotated[
        str | None, Text(100), "What is left, or how late it is, in days of the office", OPTIONAL
    ] = ABSENT
    office_left_en: Annotated[str | None, Text(100), OPTIONAL] = ABSENT
    explanation_fa: tuple[str, ...]
    explanation_en: tuple[str, ...]


@message
class TicketView:
    """A ticket as its citizen sees it."""

    code: Annotated[str, Text(10)]
    kind: Annotated[str, Choice(KINDS)]
    category: Block
    unit: Block
    county: Block | None
    state: Annotated[str, Choice(STATES)]
    state_fa: Annotated[str, Text(200)]
    state_en: Annotated[str, Text(200)]
    privacy: Annotated[str, Choice(PRIVACY)]
    registered_at: Instant
    text: Annotated[str, Prose(TEXT_MOST, personal=True)]
    clocks: tuple[ClockView, ...]
    history: tuple[HistoryEntry, ...]
    may: tuple[str, ...]
    appointment: Block | None
    slots: tuple[Block, ...]
    survey: Block | None
    about: Block | None
    external: tuple[Block, ...]
    merged_into: bool


@message
class Write(TicketProof):
    text: Annotated[str, Prose(TEXT_MOST, least=2, personal=True)]
    attachments: Attachments = ()


@message
class Reopen(TicketProof):
    text: Annotated[str, Prose(TEXT_MOST, least=2, personal=True)]


@message
class ChooseSlot(TicketProof):
    slot: Annotated[int, whole(1, 2**53)]


@message
class Rate(TicketProof):
    score: Annotated[int, whole(1, 5), "1 bad to 5 very good"]
    solved: bool
    text: Annotated[str, Prose(1000, least=0, personal=True)] = ""


@message
class Done:
    """It was done; the state that it led to."""

    code: Annotated[str, Text(10)]
    state: Annotated[str, Choice(STATES)]


@message
class OpenAttachment(TicketProof):
    attachment: Annotated[int, whole(1, 2**53)]


@message
class Opened(Attachment):
    """A file that passed the scanner; the gateway reads it from the blob store."""


@message
class CalendarFile:
    ics: str


@message
class AskForm:
    """What a form needs: categories, counties, units, offices."""


@message
class FormData:
    categories: tuple[Block, ...]
    counties: tuple[Block, ...]
    units: tuple[Block, ...]
    hours_fa: Annotated[str, Text(300)]
    hours_en: Annotated[str, Text(300)]
    open_now: Annotated[bool | None, "Whether offices of the province are open", OPTIONAL] = ABSENT
    open_until: Annotated[Instant | None, "When they close, if they are open", OPTIONAL] = ABSENT
    opens_at: Annotated[Instant | None, "When they open next, if they are closed", OPTIONAL] = (
        ABSENT
    )


@message
class FollowUpNumber:
    """What opens a question: the number of 16 digits that was sent."""

    question_number: Annotated[str, Checked(60, tracking.parse_follow_up, personal=True)]


@message
class FollowUp:
    """What the ticket is about, without a word of its citizen or of the unit."""

    code: Annotated[str, Text(10)]
    kind: Annotated[str, Text(20)]
    category: Block
    county: Annotated[str, Text(40, least=0)]
    unit: Block
    registered_at: Instant
    standing: Annotated[str, Choice(STANDINGS)]
    mended: Annotated[str | None, Choice(MENDED), "What was answered"]


@message
class AnswerFollowUp(FollowUpNumber):
    mended: Annotated[str, Choice(MENDED)]
    first_time: Annotated[str, Choice(FIRST_TIME), "Whether it is their first ticket"]
    text: Annotated[str, Prose(1000, least=0, personal=True)] = ""


@message
class TicketRegistered:
    ticket: int
    kind: Annotated[str, Choice(KINDS)]
    category: Code
    unit: Code
    county: Annotated[str, Text(40, least=0)]
    channel: Annotated[str, Choice(CHANNELS)]
    at: Instant


@message
class TicketMoved:
    ticket: int
    version: int
    act: Code
    state: Annotated[str, Choice(STATES)]
    unit: Code
    at: Instant
    objects_to: Annotated[
        str | None, Text(64), "The number of the bill that an objection names", OPTIONAL
    ] = None


@message
class TicketEscalated:
    ticket: int
    clock: Code
    level: int
    role: Code
    unit: Code
    due: Instant


REGISTER = internal_act(
    "register", Register, Registered, "Register a ticket; a repeat gives the same code."
)
TRACK = internal_read("track", TicketProof, TicketView, "Read a ticket by its code and secret.")
WRITE = internal_act("write", Write, Done, "Write a message to the unit.")
REOPEN = internal_act("reopen", Reopen, Done, "Object to the result; work goes on.")
WITHDRAW = internal_act("withdraw", TicketProof, Done, "Take the ticket back.")
CHOOSE_SLOT = internal_act("choose_slot", ChooseSlot, Done, "Choose or change the visit.")
LEAVE_SLOT = internal_act("leave_slot", TicketProof, Done, "Give the chosen time back.")
RATE = internal_act("rate", Rate, Done, "Say how satisfied you are; once for each answer.")
OPEN_ATTACHMENT = internal_read(
    "open_attachment", OpenAttachment, Opened, "Where a file of the ticket lies."
)
INVITATION = internal_read(
    "invitation", TicketProof, CalendarFile, "The appointment as an iCalendar file."
)
FORM = internal_read("form", AskForm, FormData, "Categories, counties and units.")
READ_FOLLOW_UP = internal_read(
    "read_follow_up", FollowUpNumber, FollowUp, "Read a question by its number; answers nothing."
)
ANSWER_FOLLOW_UP = internal_act(
    "answer_follow_up", AnswerFollowUp, FollowUp, "Say weeks later whether it is mended; once."
)

TICKET_REGISTERED = Event(
    "ticketing.ticket_registered.v1", TicketRegistered, "A ticket was registered."
)
TICKET_MOVED = Event(
    "ticketing.ticket_moved.v1",
    TicketMoved,
    "Something was done with a ticket.",
    heard_in=("billing",),
)
TICKET_ESCALATED = Event(
    "ticketing.ticket_escalated.v1", TicketEscalated, "A promise is near its end or past it."
)
