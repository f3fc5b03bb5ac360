"""What citizens can ask of the ticketing context; its owner is the team of services/ticketing."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from bus.fields import (
    Block,
    Boolean,
    Checked,
    Choice,
    Float,
    Instant,
    Prose,
    Text,
    code_text,
    whole,
)  # fmt: skip
from bus.kinds import Event, Request
from contracts.ticketing.files import Attachment, attachments
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
IDENTITY = ("name", "mobile", "email", "national_id")


class Register(Schema):
    """A request, complaint, suggestion or objection, as a person registers it."""

    kind = Choice(KINDS, required=True, metadata={"example": "complaint"})
    category = code_text(required=True, metadata={"description": "A code of the form's categories"})
    county = code_text(load_default="", least=0, metadata={"description": "A code of a county"})
    text = Prose(TEXT_MOST, required=True, least=5, personal=True)
    privacy = Choice(
        PRIVACY,
        load_default="private",
        metadata={
            "description": "anonymous: no name or address is taken; private: only the unit that "
            "works on it sees who wrote; identified: other units may see it too"
        },
    )
    name = Text(100, load_default="", least=0, personal=True)
    mobile = Checked(40, identifiers.mobile, load_default=None, allow_none=True, personal=True)
    email = Checked(200, identifiers.email, load_default=None, allow_none=True, personal=True)
    national_id = Checked(
        40, identifiers.national_id, load_default=None, allow_none=True, personal=True
    )
    language = Choice(LANGUAGES, load_default="fa")
    channel = Choice(CHANNELS, load_default="api")
    about_kind = Choice(
        ABOUT, load_default=None, allow_none=True, metadata={"description": "What is objected to"}
    )
    about_ref = Text(64, load_default=None, allow_none=True)
    external_system = Text(
        40, load_default=None, allow_none=True, metadata={"description": "Such as 111 or SAMAD"}
    )
    external_code = Text(64, load_default=None, allow_none=True)
    address = Text(300, load_default="", least=0, personal=True)
    lat = Float(load_default=None, allow_none=True, validate=validate.Range(-90, 90))
    long = Float(load_default=None, allow_none=True, validate=validate.Range(-180, 180))
    attributes = fields.Dict(keys=fields.String(), values=Text(500, least=0), load_default=dict)
    attachments = attachments()
    public = Boolean(
        load_default=False, metadata={"description": "May be listed for everybody, without a name"}
    )
    declared = Boolean(
        required=True,
        metadata={"description": "That what is told is true (clause 4 of the agreement)"},
    )
    secret = Text(
        60, required=True, personal=True, metadata={"description": "Set by the gateway; 20 digits"}
    )

    @validates_schema(skip_on_field_errors=True)
    def _consistent(self, data: dict[str, Any], **_: Any) -> None:
        if not data["declared"]:
            raise ValidationError("declaration|Declare that what you tell is true.", "declared")
        if data["privacy"] == "anonymous" and any(data.get(name) for name in IDENTITY):
            raise ValidationError(
                "anonymous.identity|Leave name, mobile, e-mail and national ID out, or choose "
                "private.",
                "privacy",
            )
        reachable = data["mobile"] or data["email"]
        if data["privacy"] == "identified" and not (data["name"] and reachable):
            raise ValidationError(
                "identified.name|Give a name and a mobile or e-mail, or choose private.", "name"
            )
        for one, other in (("about_kind", "about_ref"), ("external_system", "external_code")):
            if bool(data[one]) != bool(data[other]):
                missing = other if data[one] else one
                raise ValidationError(f"required|Give {one} and {other} together.", missing)
        if data["kind"] == "objection" and not data["about_kind"]:
            raise ValidationError("required|Say what the objection is against.", "about_kind")
        if (data["lat"] is None) != (data["long"] is None):
            raise ValidationError("required|Give lat and long together.", "lat")


class Registered(Schema):
    code = Text(10, required=True)
    registered_at = Instant(required=True)
    first_response_due = Instant(required=True, allow_none=True)
    solution_due = Instant(required=True, allow_none=True)
    unit = Block(required=True)
    token = Text(40, allow_none=True, metadata={"description": "Instead of a code at once"})
    withheld = fields.List(
        Text(10),
        load_default=list,
        metadata={
            "description": "Over these (email, sms) no acknowledgement goes: too many went there"
        },
    )


class Proof(Schema):
    """What opens a ticket: its code and its secret (or the key of a link that we sent)."""

    code = Checked(40, tracking.parse, required=True, metadata={"example": "4052138845"})
    secret = Checked(80, tracking.parse_proof, required=True, personal=True)


class Said(Schema):
    """One entry of the history, as the citizen may read it."""

    at = Instant(required=True)
    by = Choice(("citizen", "unit", "system"), required=True)
    act = Text(40, required=True)
    title_fa = Text(200, required=True)
    title_en = Text(200, required=True)
    text = Prose(TEXT_MOST, allow_none=True, personal=True)
    attachments = fields.List(Block(), required=True)


class ClockView(Schema):
    """A promise on this ticket: when it is due, why then, and how it stands."""

    clock = Choice(("first_response", "next_update", "solution"), required=True)
    title_fa = Text(100, required=True)
    title_en = Text(100, required=True)
    state = Choice(
        ("RUNNING", "PAUSED", "MET", "LATE", "MISSED", "ENDED", "UNKNOWN"), required=True
    )
    due = Instant(required=True, allow_none=True)
    met_at = Instant(required=True, allow_none=True)
    left_minutes = fields.Integer(required=True, allow_none=True)
    paused_minutes = fields.Integer(required=True)
    explanation_fa = fields.List(fields.String(), required=True)
    explanation_en = fields.List(fields.String(), required=True)


class TicketView(Schema):
    """A ticket as its citizen sees it."""

    code = Text(10, required=True)
    kind = Choice(KINDS, required=True)
    category = Block(required=True)
    unit = Block(required=True)
    county = Block(required=True, allow_none=True)
    state = Choice(STATES, required=True)
    state_fa = Text(200, required=True)
    state_en = Text(200, required=True)
    privacy = Choice(PRIVACY, required=True)
    registered_at = Instant(required=True)
    text = Prose(TEXT_MOST, required=True, personal=True)
    clocks = fields.List(fields.Nested(ClockView), required=True)
    history = fields.List(fields.Nested(Said), required=True)
    may = fields.List(fields.String(), required=True)
    appointment = Block(required=True, allow_none=True)
    slots = fields.List(Block(), required=True)
    survey = Block(required=True, allow_none=True)
    about = Block(required=True, allow_none=True)
    external = fields.List(Block(), required=True)
    merged_into = Boolean(required=True)


class Write(Proof):
    text = Prose(TEXT_MOST, required=True, least=2, personal=True)
    attachments = attachments()


class Reopen(Proof):
    text = Prose(TEXT_MOST, required=True, least=2, personal=True)


class ChooseSlot(Proof):
    slot = whole(1, 2**53, required=True)


class Rate(Proof):
    score = whole(1, 5, required=True, metadata={"description": "1 bad to 5 very good"})
    solved = Boolean(required=True)
    text = Prose(1000, load_default="", least=0, personal=True)


class Done(Schema):
    """It was done; the state that it led to."""

    code = Text(10, required=True)
    state = Choice(STATES, required=True)


class OpenAttachment(Proof):
    attachment = whole(1, 2**53, required=True)


class Opened(Attachment):
    """A file that passed the scanner; the gateway reads it from the blob store."""


class CalendarFile(Schema):
    ics = fields.String(required=True)


class AskForm(Schema):
    """What a form needs: categories, counties, units, offices."""


class FormData(Schema):
    categories = fields.List(Block(), required=True)
    counties = fields.List(Block(), required=True)
    units = fields.List(Block(), required=True)
    hours_fa = Text(300, required=True)
    hours_en = Text(300, required=True)


class AskStatistics(Schema):
    """Counts for everybody; months of the Jalali calendar."""

    months = whole(1, 36, load_default=12)


class Statistics(Schema):
    """Counts below five are null, and so is one more where a difference would tell them."""

    from_day = Text(10, required=True)
    smallest = fields.Integer(required=True)
    months = fields.List(Block(), required=True)
    categories = fields.List(Block(), required=True)
    total = Block(required=True)
    ratings = Block(
        metadata={"description": "rated, mean_hundredths, solved; null where fewer than five rated"}
    )


class ListPublic(Schema):
    """Tickets that their writers let everybody see (Open311 GET requests)."""

    codes = fields.List(Text(10), load_default=None, allow_none=True)
    categories = fields.List(code_text(), load_default=None, allow_none=True)
    since = Instant(load_default=None, allow_none=True)
    until = Instant(load_default=None, allow_none=True)
    updated_since = Instant(load_default=None, allow_none=True)
    updated_until = Instant(load_default=None, allow_none=True)
    states = fields.List(Choice(("open", "closed")), load_default=None, allow_none=True)
    page = whole(1, 100_000, load_default=1)
    page_size = whole(1, 1000, load_default=1000)


class PublicTickets(Schema):
    tickets = fields.List(Block(), required=True)


class AskToken(Schema):
    token = Text(40, required=True)


class TokenOf(Schema):
    token = Text(40, required=True)
    code = Text(10, required=True, allow_none=True)


class TicketRegistered(Schema):
    ticket = fields.Integer(required=True)
    kind = Choice(KINDS, required=True)
    category = code_text(required=True)
    unit = code_text(required=True)
    county = Text(40, least=0, required=True)
    channel = Choice(CHANNELS, required=True)
    at = Instant(required=True)


class TicketMoved(Schema):
    ticket = fields.Integer(required=True)
    version = fields.Integer(required=True)
    act = code_text(required=True)
    state = Choice(STATES, required=True)
    unit = code_text(required=True)
    at = Instant(required=True)


class TicketEscalated(Schema):
    ticket = fields.Integer(required=True)
    clock = code_text(required=True)
    level = fields.Integer(required=True)
    role = code_text(required=True)
    unit = code_text(required=True)
    due = Instant(required=True)


def _request(operation: str, schema: Schema, reply: Schema, doc: str, effect: bool) -> Request:
    return Request(
        f"ticketing.{operation}.v1", schema, reply=reply, doc=doc, effect=effect, agency=False
    )


REGISTER = _request(
    "register", Register(), Registered(), "Register a ticket; a repeat gives the same code.", True
)
TRACK = _request("track", Proof(), TicketView(), "Read a ticket by its code and secret.", False)
WRITE = _request("write", Write(), Done(), "Write a message to the unit.", True)
REOPEN = _request("reopen", Reopen(), Done(), "Object to the result; work goes on.", True)
WITHDRAW = _request("withdraw", Proof(), Done(), "Take the ticket back.", True)
CHOOSE_SLOT = _request("choose_slot", ChooseSlot(), Done(), "Choose or change the visit.", True)
LEAVE_SLOT = _request("leave_slot", Proof(), Done(), "Give the chosen time back.", True)
RATE = _request("rate", Rate(), Done(), "Say how satisfied you are; once for each answer.", True)
OPEN_ATTACHMENT = _request(
    "open_attachment", OpenAttachment(), Opened(), "Where a file of the ticket lies.", False
)
INVITATION = _request(
    "invitation", Proof(), CalendarFile(), "The appointment as an iCalendar file.", False
)
FORM = _request("form", AskForm(), FormData(), "Categories, counties and units.", False)
STATISTICS = _request(
    "statistics", AskStatistics(), Statistics(), "Counts for everybody, small ones hidden.", False
)
LIST_PUBLIC = _request(
    "list_public", ListPublic(), PublicTickets(), "Tickets that everybody may see.", False
)
TOKEN = _request("token", AskToken(), TokenOf(), "The code that a token became.", False)

TICKET_REGISTERED = Event(
    "ticketing.ticket_registered.v1", TicketRegistered(), doc="A ticket was registered."
)
TICKET_MOVED = Event(
    "ticketing.ticket_moved.v1", TicketMoved(), doc="Something was done with a ticket."
)
TICKET_ESCALATED = Event(
    "ticketing.ticket_escalated.v1", TicketEscalated(), doc="A promise is near its end or past it."
)
