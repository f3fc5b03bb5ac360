"""What the units' staff can ask of the ticketing context; who asks is named by the caller.

Each act carries the ``version`` of the ticket that was looked at: what somebody else did meanwhile
is a Conflict, and nothing is overwritten.
"""

from collections.abc import Mapping
from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.kinds import M, Request
from bus.messages.message import ABSENT, OPTIONAL, PERSONAL, check, message
from bus.messages.values import Block, Code, Instant, Tick
from contracts.ticketing.calendar import (
    AddSlots,
    AskCalendar,
    AskReport,
    CalendarRow,
    CalendarRows,
    Changed,
    Report,
    Slots,
    StayInUnit,
    WithdrawRow,
)
from contracts.ticketing.citizens import (
    KINDS,
    PRIVACY,
    STATES,
    TEXT_MOST,
    ClockView,
    HistoryEntry,
    Opened,
)
from contracts.ticketing.files import Attachments
from contracts.ticketing.requests import internal_act, internal_read
from iran import identifiers
from people import tracking

ROLES = ("clerk", "unit_head", "supervisor")
PAUSE_REASONS = ("applicant", "visit", "agency", "commission", "payment")
CLOSE_REASONS = ("settled", "withdrawn", "not_ours", "abuse")
VISITS = ("keep", "end")


@message
class SignIn:
    username: Annotated[str, Text(60)]
    password: Annotated[str, Text(200, personal=True)]


@message
class WhoIs:
    """A colleague whom the organisation's own login has proven."""

    username: Annotated[str, Text(60)]


@message
class Staff:
    username: Annotated[str, Text(60)]
    name: Annotated[str, Text(100, personal=True)]
    role: Annotated[str, Choice(ROLES)]
    unit: Code
    may: tuple[str, ...]


@message
class Names:
    """What colleagues are called, those of closed accounts too; for pages that name them."""

    names: Annotated[
        Mapping[Annotated[str, Text(60)], Annotated[str, Text(100, personal=True)]],
        PERSONAL,
        "User name → name",
    ]


@message
class Nothing:
    """No fields."""


@message
class OneTicket:
    code: Annotated[str, Checked(40, tracking.parse)]


@message
class DeskHistoryEntry(HistoryEntry):
    """An entry of the history with who did it, and notes that no citizen sees."""

    actor: Annotated[str, Text(80)]
    internal: bool
    sender: Annotated[
        str | None,
        Text(320, personal=True),
        "The address that wrote, where it is not the citizen's own",
        OPTIONAL,
    ] = ABSENT
    ticket: Annotated[str | None, Text(10), "Another ticket that it is about", OPTIONAL] = ABSENT
    assignee: Annotated[str | None, Text(80), "Who works on it from then on", OPTIONAL] = ABSENT
    unit: Annotated[Block | None, "The unit that it went to", OPTIONAL] = ABSENT


@message
class DeskTicket:
    """A ticket as the unit sees it."""

    code: Annotated[str, Text(10)]
    version: int
    kind: Annotated[str, Choice(KINDS)]
    category: Block
    unit: Block
    county: Block | None
    state: Annotated[str, Choice(STATES)]
    state_fa: Annotated[str, Text(200)]
    privacy: Annotated[str, Choice(PRIVACY)]
    channel: Annotated[str, Text(20)]
    assignee: Annotated[str | None, Text(60)]
    registered_at: Instant
    text: Annotated[str, Prose(TEXT_MOST, personal=True)]
    person: Annotated[Block | None, PERSONAL]
    clocks: tuple[ClockView, ...]
    history: tuple[DeskHistoryEntry, ...]
    may: tuple[str, ...]
    withheld: Annotated[
        Mapping[Annotated[str, Text(40)], Annotated[str, Text(60)]] | None,
        "What the role and the state allow and something else forbids: act → code of the refusal",
        OPTIONAL,
    ] = None
    appointment: Block | None
    survey: Block | None
    about: Block | None
    external: tuple[Block, ...]
    location: Block | None
    merged_into: Annotated[str | None, Text(10)]
    children: tuple[str, ...]
    similar: tuple[Block, ...]
    letters: Annotated[
        tuple[Block, ...] | None, "Letters about it that are no words in its history", OPTIONAL
    ] = None
    units: tuple[Block, ...]
    categories: Annotated[
        tuple[Block, ...] | None, "What it could be about instead; with each unit", OPTIONAL
    ] = None
    counties: Annotated[tuple[Block, ...] | None, OPTIONAL] = None
    offices: tuple[Block, ...]
    canned: tuple[Block, ...]
    visit_open: Annotated[
        bool | None, "An invitation or a visit to come, which an end must settle", OPTIONAL
    ] = None
    colleagues: tuple[Block, ...]
    supporters: Annotated[
        int | None, "Others who have the same trouble, by the public list", OPTIONAL
    ] = None
    public: Annotated[bool | None, "It stands in the public list", OPTIONAL] = None
    mobile_proven: Annotated[bool | None, "By a code that went there", OPTIONAL] = None
    language: Annotated[str | None, Text(10), "In which its citizen reads us", OPTIONAL] = None
    own_correction: Annotated[
        int | None, "One's own correction of the mobile that waits for a second person", OPTIONAL
    ] = None
    stays: Annotated[tuple[StayInUnit, ...] | None, "From the registration on", OPTIONAL] = None


@message
class Act(OneTicket):
    version: Annotated[int, whole(1, 2**31)]


@message
class Acted:
    code: Annotated[str, Text(10)]
    version: int
    state: Annotated[str, Choice(STATES)]
    waits: Annotated[bool | None, "A second person decides first", OPTIONAL] = None
    went_to: Annotated[Code | None, "The unit, if one does not read it there", OPTIONAL] = None


@message
class ActBesideVisit(Act):
    """An act after which nobody would look after an invitation or a booked visit by itself."""

    visit: Annotated[
        str | None,
        Choice(VISITS),
        "Whether an open invitation or a visit to come stays (keep) or ends "
        "(end); required where there is one, else visit.undecided",
    ] = None


@message
class Assign(ActBesideVisit):
    unit: Code | None = None
    assignee: Annotated[str | None, Text(60)] = None
    text: Annotated[str, Prose(1000, least=0, personal=True)] = ""


@message
class Sort(ActBesideVisit):
    """What a ticket is about, put right; ``text`` is for colleagues and citizen alike.

    With ``move`` it goes to the unit of the new category and county, whose queue it waits in.
    """

    kind: Annotated[str, Choice(KINDS)]
    category: Code
    county: Annotated[str, Text(40, least=0)] = ""
    move: Tick = False
    text: Annotated[str, Prose(1000, least=0, personal=True)] = ""


@message
class Note(Act):
    """``mentions`` are told of it, and so are colleagues whose @username stands in the text."""

    text: Annotated[str, Prose(4000, personal=True)]
    mentions: tuple[Annotated[str, Text(60)], ...] = ()
    attachments: Attachments = ()


@message
class Answer(ActBesideVisit):
    """A word to the citizen; ``final`` answers the ticket. Without text the canned one is sent."""

    text: Annotated[str, Prose(8000, least=0, personal=True)] = ""
    canned: Code | None = None
    fill: Annotated[
        Tick, "Places of the text, such as {code}, are filled as those of a prepared one"
    ] = False
    final: Tick
    attachments: Attachments = ()

    @check
    def _says_something(self) -> None:
        if not self.text and not self.canned:
            raise ValidationError("required|Write a text or choose a prepared one.", "text")


@message
class Pause(Act):
    reason: Annotated[str, Choice(PAUSE_REASONS)]
    text: Annotated[str, Prose(1000, personal=True), "The citizen reads it"]


@message
class Resume(Act):
    """The clock runs on."""


@message
class Invite(Act):
    office: Code
    text: Annotated[str, Prose(1000, personal=True)]


@message
class Visited(Act):
    came: Tick
    text: Annotated[str, Prose(1000, least=0, personal=True)] = ""


@message
class Merge(ActBesideVisit):
    into: Annotated[str, Checked(40, tracking.parse)]


@message
class Unmerge(Act):
    """The ticket stands by itself again."""


@message
class Close(ActBesideVisit):
    reason: Annotated[str, Choice(CLOSE_REASONS)]
    text: Annotated[str, Prose(1000, personal=True)]


@message
class TakeUp(Act):
    """An ended ticket is worked on again."""

    text: Annotated[str, Prose(1000, personal=True)]


@message
class CorrectMobile(Act):
    """The citizen's mobile, put right; without one the number on file is taken off."""

    mobile: Annotated[str | None, Checked(40, identifiers.mobile, personal=True)] = None
    text: Annotated[str, Prose(1000, personal=True), "The citizen reads it"]


@message
class TakeDown(Act):
    """A report leaves the public list; its writer is told why."""

    text: Annotated[str, Prose(1000, personal=True), "The citizen reads it"]


@message
class OpenFile(OneTicket):
    attachment: Annotated[int, whole(1, 2**53)]


def _act(operation: str, message: type[M], doc: str) -> Request[M, Acted]:
    return internal_act(operation, message, Acted, f"Desk: {doc}")


SIGN_IN = internal_read("sign_in", SignIn, Staff, "Desk: who a user name and password belong to.")
WHO_IS = internal_read("who_is", WhoIs, Staff, "Desk: a colleague's role and unit.")
STAFF_NAMES = internal_read("staff_names", Nothing, Names, "Desk: what colleagues are called.")
READ = internal_read("read", OneTicket, DeskTicket, "Desk: a ticket with its history.")
OPEN_FILE = internal_read("open_file", OpenFile, Opened, "Desk: where a file lies.")
CALENDAR = internal_read("calendar", AskCalendar, CalendarRows, "Desk: the calendar's rows.")
REPORT = internal_read("report", AskReport, Report, "Desk: figures by unit and by clause.")
ASSIGN = _act("assign", Assign, "give a ticket to a unit or a colleague.")
SORT = _act("sort", Sort, "put right what a ticket is about.")
TAKE = _act("take", Act, "take a ticket on which nobody works yet.")
NOTE = _act("note", Note, "write a note that no citizen sees.")
ANSWER = _act("answer", Answer, "write to the citizen, or answer finally.")
PAUSE = _act("pause", Pause, "stop the clock for a reason that the citizen is told.")
RESUME = _act("resume", Resume, "let the clock run on.")
INVITE = _act("invite", Invite, "ask the citizen to come in person.")
VISITED = _act("visited", Visited, "the citizen came to the visit, or did not.")
MERGE = _act("merge", Merge, "join a duplicate with another ticket.")
UNMERGE = _act("unmerge", Unmerge, "undo a merge.")
CLOSE = _act("close", Close, "end a ticket without an answer.")
TAKE_UP = _act("take_up", TakeUp, "work on an ended ticket again.")
TAKE_DOWN = _act("take_down", TakeDown, "take a report out of the public list.")
CORRECT_MOBILE = _act(
    "correct_mobile", CorrectMobile, "put the citizen's mobile right, or take it off."
)
SEND_NEW_SECRET = _act(
    "send_new_secret", Act, "have a new secret made and sent to the contact on file."
)
ADD_SLOTS = internal_act("add_slots", AddSlots, Slots, "Desk: open times for visits.")
CHANGE_CALENDAR = internal_act(
    "change_calendar", CalendarRow, Changed, "Desk: add a dated row to the calendar."
)
WITHDRAW_ROW = internal_act(
    "withdraw_row", WithdrawRow, Changed, "Desk: take a row of the calendar back."
)
