"""What the units' staff can ask of the ticketing context; who asks is named by the caller.

Each act carries the ``version`` of the ticket that was looked at: what somebody else did meanwhile
is a Conflict, and nothing is overwritten.
"""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from bus.fields import Block, Checked, Choice, Instant, Prose, Text, code_text, whole
from bus.kinds import Request
from contracts.ticketing.calendar import (
    AddSlots,
    AskCalendar,
    AskReport,
    CalendarRow,
    CalendarRows,
    Changed,
    Report,
    Slots,
    WithdrawRow,
)
from contracts.ticketing.citizens import (
    KINDS,
    PRIVACY,
    STATES,
    TEXT_MOST,
    ClockView,
    Opened,
    Said,
)
from contracts.ticketing.files import attachments
from people import tracking

ROLES = ("clerk", "unit_head", "supervisor")
PAUSE_REASONS = ("applicant", "visit", "agency", "commission", "payment")
CLOSE_REASONS = ("settled", "withdrawn", "not_ours", "abuse")
VISITS = ("keep", "end")


class SignIn(Schema):
    username = Text(60, required=True)
    password = Text(200, required=True, personal=True)


class WhoIs(Schema):
    """A colleague whom the organisation's own login has proven."""

    username = Text(60, required=True)


class Staff(Schema):
    username = Text(60, required=True)
    name = Text(100, required=True, personal=True)
    role = Choice(ROLES, required=True)
    unit = code_text(required=True)
    may = fields.List(fields.String(), required=True)


class Names(Schema):
    """What colleagues are called, those of closed accounts too; for pages that name them."""

    names = fields.Dict(
        keys=Text(60),
        values=Text(100, personal=True),
        required=True,
        metadata={"personal": True, "description": "User name → name"},
    )


class Nothing(Schema):
    """No fields."""


class Code(Schema):
    code = Checked(40, tracking.parse, required=True)


class Queue(Schema):
    unit = code_text(load_default=None, allow_none=True)
    state = Choice((*STATES, "WORK", "ALL"), load_default="WORK")
    mine = fields.Boolean(load_default=False)
    late = fields.Boolean(load_default=False)
    search = Text(100, load_default="", least=0, personal=True)
    page = whole(1, 10_000, load_default=1)


class QueueRow(Schema):
    code = Text(10, required=True)
    version = fields.Integer(required=True)
    kind = Choice(KINDS, required=True)
    category = Block(required=True)
    unit = Block(required=True)
    county = Block(required=True, allow_none=True)
    state = Choice(STATES, required=True)
    state_fa = Text(200, required=True)
    assignee = Text(60, required=True, allow_none=True)
    subject = Text(200, required=True, personal=True)
    registered_at = Instant(required=True)
    due_at = Instant(required=True, allow_none=True)
    due_clock = Text(40, required=True, allow_none=True)
    unread = fields.Boolean(metadata={"description": "A word came after the end"})
    late = fields.Boolean(required=True)


class QueuePage(Schema):
    tickets = fields.List(fields.Nested(QueueRow), required=True)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)
    pages = fields.Integer(required=True)
    units = fields.List(Block(), required=True)


class DeskSaid(Said):
    """An entry of the history with who did it, and notes that no citizen sees."""

    actor = Text(80, required=True)
    internal = fields.Boolean(required=True)
    sender = Text(
        320,
        allow_none=True,
        personal=True,
        metadata={"description": "The address that wrote, where it is not the citizen's own"},
    )
    ticket = Text(10, allow_none=True, metadata={"description": "Another ticket that it is about"})


class DeskTicket(Schema):
    """A ticket as the unit sees it."""

    code = Text(10, required=True)
    version = fields.Integer(required=True)
    kind = Choice(KINDS, required=True)
    category = Block(required=True)
    unit = Block(required=True)
    county = Block(required=True, allow_none=True)
    state = Choice(STATES, required=True)
    state_fa = Text(200, required=True)
    privacy = Choice(PRIVACY, required=True)
    channel = Text(20, required=True)
    assignee = Text(60, required=True, allow_none=True)
    registered_at = Instant(required=True)
    text = Prose(TEXT_MOST, required=True, personal=True)
    person = Block(required=True, allow_none=True, metadata={"personal": True})
    clocks = fields.List(fields.Nested(ClockView), required=True)
    history = fields.List(fields.Nested(DeskSaid), required=True)
    may = fields.List(fields.String(), required=True)
    appointment = Block(required=True, allow_none=True)
    survey = Block(required=True, allow_none=True)
    about = Block(required=True, allow_none=True)
    external = fields.List(Block(), required=True)
    location = Block(required=True, allow_none=True)
    merged_into = Text(10, required=True, allow_none=True)
    children = fields.List(fields.String(), required=True)
    similar = fields.List(Block(), required=True)
    letters = fields.List(
        Block(), metadata={"description": "Letters about it that are no words in its history"}
    )
    units = fields.List(Block(), required=True)
    offices = fields.List(Block(), required=True)
    canned = fields.List(Block(), required=True)
    visit_open = fields.Boolean(
        metadata={"description": "An invitation or a visit to come, which an end must settle"}
    )
    colleagues = fields.List(Block(), required=True)


class Act(Code):
    version = whole(1, 2**31, required=True)


class Acted(Schema):
    code = Text(10, required=True)
    version = fields.Integer(required=True)
    state = Choice(STATES, required=True)


class ActBesideVisit(Act):
    """An act after which nobody would look after an invitation or a booked visit by itself."""

    visit = Choice(
        VISITS,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Whether an open invitation or a visit to come stays (keep) or ends "
            "(end); required where there is one, else visit.undecided"
        },
    )


class Assign(ActBesideVisit):
    unit = code_text(load_default=None, allow_none=True)
    assignee = Text(60, load_default=None, allow_none=True)
    text = Prose(1000, load_default="", least=0, personal=True)


class Note(Act):
    text = Prose(4000, required=True, personal=True)


class Answer(ActBesideVisit):
    """A word to the citizen; ``final`` answers the ticket. Without text the canned one is sent."""

    text = Prose(8000, load_default="", least=0, personal=True)
    canned = code_text(load_default=None, allow_none=True)
    final = fields.Boolean(required=True)
    attachments = attachments()

    @validates_schema(skip_on_field_errors=True)
    def _says_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data["text"] and not data["canned"]:
            raise ValidationError("required|Write a text or choose a prepared one.", "text")


class Pause(Act):
    reason = Choice(PAUSE_REASONS, required=True)
    text = Prose(
        1000, required=True, personal=True, metadata={"description": "The citizen reads it"}
    )


class Resume(Act):
    """The clock runs on."""


class Invite(Act):
    office = code_text(required=True)
    text = Prose(1000, required=True, personal=True)


class Visited(Act):
    came = fields.Boolean(required=True)
    text = Prose(1000, load_default="", least=0, personal=True)


class Merge(ActBesideVisit):
    into = Checked(40, tracking.parse, required=True)


class Unmerge(Act):
    """The ticket stands by itself again."""


class Close(ActBesideVisit):
    reason = Choice(CLOSE_REASONS, required=True)
    text = Prose(1000, required=True, personal=True)


class TakeUp(Act):
    """An ended ticket is worked on again."""

    text = Prose(1000, required=True, personal=True)


class OpenFile(Code):
    attachment = whole(1, 2**53, required=True)


def _request(operation: str, schema: Schema, reply: Schema, doc: str, effect: bool) -> Request:
    return Request(
        f"ticketing.{operation}.v1", schema, reply=reply, doc=doc, effect=effect, agency=False
    )


def _act(operation: str, schema: Schema, doc: str) -> Request:
    return _request(operation, schema, Acted(), f"Desk: {doc}", True)


SIGN_IN = _request(
    "sign_in", SignIn(), Staff(), "Desk: who a user name and password belong to.", False
)
WHO_IS = _request("who_is", WhoIs(), Staff(), "Desk: a colleague's role and unit.", False)
STAFF_NAMES = _request(
    "staff_names", Nothing(), Names(), "Desk: what colleagues are called.", False
)
QUEUE = _request("queue", Queue(), QueuePage(), "Desk: tickets by due time.", False)
READ = _request("read", Code(), DeskTicket(), "Desk: a ticket with its history.", False)
OPEN_FILE = _request("open_file", OpenFile(), Opened(), "Desk: where a file lies.", False)
CALENDAR = _request("calendar", AskCalendar(), CalendarRows(), "Desk: the calendar's rows.", False)
REPORT = _request("report", AskReport(), Report(), "Desk: figures by unit and by clause.", False)
ASSIGN = _act("assign", Assign(), "give a ticket to a unit or a colleague.")
NOTE = _act("note", Note(), "write a note that no citizen sees.")
ANSWER = _act("answer", Answer(), "write to the citizen, or answer finally.")
PAUSE = _act("pause", Pause(), "stop the clock for a reason that the citizen is told.")
RESUME = _act("resume", Resume(), "let the clock run on.")
INVITE = _act("invite", Invite(), "ask the citizen to come in person.")
VISITED = _act("visited", Visited(), "the citizen came to the visit, or did not.")
MERGE = _act("merge", Merge(), "join a duplicate with another ticket.")
UNMERGE = _act("unmerge", Unmerge(), "undo a merge.")
CLOSE = _act("close", Close(), "end a ticket without an answer.")
TAKE_UP = _act("take_up", TakeUp(), "work on an ended ticket again.")
SEND_NEW_SECRET = _act(
    "send_new_secret", Act(), "have a new secret made and sent to the contact on file."
)
ADD_SLOTS = _request("add_slots", AddSlots(), Slots(), "Desk: open times for visits.", True)
CHANGE_CALENDAR = _request(
    "change_calendar", CalendarRow(), Changed(), "Desk: add a dated row to the calendar.", True
)
WITHDRAW_ROW = _request(
    "withdraw_row", WithdrawRow(), Changed(), "Desk: take a row of the calendar back.", True
)
