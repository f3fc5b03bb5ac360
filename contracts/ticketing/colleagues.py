"""What colleagues tell each other: notices, absences, tickets that are handed over, corrections of
citizens' mobiles that a second one decides, and what became of proposals in any context.
"""

from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.kinds import Command, Request
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Block, Code, Day, Instant, OneTimeCode, Tick
from contracts.ticketing.desk import Acted, Nothing
from contracts.ticketing.requests import internal_act, internal_read
from iran import identifiers
from people import tracking

NOTICES = (
    "mention",
    "assigned",
    "handed_over",
    "citizen",
    "due_soon",
    "missed",
    "reminder",
    "approval",
    "decided",
)
READ_MOST = 500
# A hand-over acts on many tickets in one transaction.
HAND_OVER_SECONDS, HAND_OVER_MOST = 60, 500


@message
class Notice:
    """Something that happened for a colleague, on a ticket."""

    id: int
    kind: Annotated[str, Choice(NOTICES)]
    code: Annotated[str, Text(10)]
    category: Block
    state: Annotated[str, Text(20)]
    actor: Annotated[str, Text(80, least=0)]
    at: Instant
    unread: bool


# What is decided by two: a refund, a row of the tariff, a change of the register or of the book, a
# version of a template, a sender, a correction of a month's report, an act on a person's data, a
# replay of dead letters. A text and no choice, so that a context may add one.
Matter = Annotated[str, Text(40)]
Why = Annotated[str | None, Prose(1000, personal=True), "The reason, where one was given"]


@message
class TellProposer:
    """``number`` names the matter in the address of its page; ``name`` is what people call it, if
    they do not call it by the number. A proposer who is no colleague, such as a program, is told
    nothing.
    """

    proposer: Annotated[str, Text(80)]
    decider: Annotated[str, Text(80)]
    matter: Matter
    number: Annotated[str, Text(100)]
    name: Annotated[str, Text(200, least=0)] = ""
    accepted: Tick
    why: Why = None


@message
class Outcome:
    """What became of one's proposal."""

    id: Annotated[int, whole(1, 2**53)]
    matter: Matter
    number: Annotated[str, Text(100)]
    name: Annotated[str, Text(200, least=0)]
    accepted: bool
    decided_by: Annotated[str, Text(80)]
    at: Instant
    why: Annotated[str | None, Text(1000, personal=True), OPTIONAL] = None
    unread: bool


@message
class MyNotices:
    """One's own notices, unread first, then newest first; and whether they come by e-mail."""

    notices: tuple[Notice, ...]
    unread: int
    email: Annotated[str | None, Text(200, personal=True)]
    mails: bool
    unproven: Annotated[
        str | None, Text(200, personal=True), "An address that nobody has proven yet; nothing goes"
    ] = None
    asked: Annotated[bool, "A code went there; its colleague has to type it"] = False
    outcomes: Annotated[
        tuple[Outcome, ...] | None, "What second persons decided about one's proposals", OPTIONAL
    ] = None


@message
class ReadNotices:
    """Which notices were read: those of a ticket, these, that of one proposal, or with none of
    them all.
    """

    code: Annotated[str | None, Checked(40, tracking.parse)] = None
    ids: Annotated[
        tuple[int, ...], validate.Length(0, READ_MOST, error=f"length|At most {READ_MOST}.")
    ] = ()
    outcome: Annotated[int | None, whole(1, 2**53)] = None


@message
class Unread:
    unread: int


@message
class SetNotices:
    """Whether one's notices come by e-mail too, and where to: another address than the one that
    was proven gets a code first.
    """

    email: Annotated[str | None, Checked(200, identifiers.email, personal=True)] = None
    mails: Tick = False


@message
class NoticesSet(Unread):
    code_sent: bool


@message
class ProveNoticeAddress:
    pin: OneTimeCode


@message
class RemindMe:
    """One is told of a ticket again on a day; without ``day`` no more."""

    code: Annotated[str, Checked(40, tracking.parse)]
    day: Day | None = None


@message
class Absence:
    """Days on which a colleague is away (inclusive), and who stands in."""

    id: int
    username: Annotated[str, Text(60)]
    from_day: Day
    to_day: Day
    deputy: Annotated[str | None, Text(60)]
    entered_by: Annotated[str, Text(60)]
    now: bool


@message
class Absences:
    """Of the colleagues whose absences one may see; ``colleagues`` are those to choose from."""

    absences: tuple[Absence, ...]
    colleagues: tuple[Block, ...]


@message
class AddAbsence:
    """For oneself without ``username``; a head may enter those of the unit's colleagues."""

    username: Annotated[str | None, Text(60)] = None
    from_day: Day
    to_day: Day
    deputy: Annotated[str | None, Text(60)] = None


@message
class EndAbsence:
    absence: Annotated[int, whole(1, 2**53)]


@message
class AbsenceDone:
    """``open`` is how many open tickets the colleague still has."""

    absence: int
    open: int


@message
class OfColleague:
    username: Annotated[str, Text(60)]


@message
class OpenTicket:
    code: Annotated[str, Text(10)]
    version: int
    category: Block
    state_fa: Annotated[str, Text(200)]
    due_at: Instant | None


@message
class OpenTickets:
    username: Annotated[str, Text(60)]
    unit: Code
    tickets: tuple[OpenTicket, ...]
    basis: Annotated[str, Text(64), "Which tickets these are, in which versions"]


@message
class HandOver:
    """All open tickets of one colleague for another of the unit; refused if they changed since
    ``basis``.
    """

    username: Annotated[str, Text(60)]
    to: Annotated[str, Text(60)]
    reason: Annotated[str, Text(300)]
    basis: Annotated[str, Text(64)]


@message
class HandedOver:
    count: int


CORRECTION_STATES = ("WAITING", "DONE", "REFUSED")


@message
class NumberOnFile:
    """What a second person compares a new number with, whatever unit they are of: the number that
    is proven now, but for its end hidden; in how many digits the new one differs; and how many
    other tickets have the new one, with the same national ID (``own``) or another (``others``).
    """

    shown: Annotated[str, Text(20, personal=True), "Its last digits"]
    proven_at: Annotated[Instant | None, "When its holder proved it by a code"]
    differs: Annotated[int | None, "Null where the number would be taken off"]
    own: int
    others: int
    email: Annotated[bool, "The citizen has an e-mail address on file, too"]


@message
class MobileCorrection:
    """One correction; ``mobile``, ``text`` and ``before`` stand in it for who is to decide about
    them, and for nobody else. ``citizen_acts`` counts what was done in the citizen's name since
    then.
    """

    id: int
    code: Annotated[str, Text(10)]
    unit: Block
    state: Annotated[str, Choice(CORRECTION_STATES)]
    proven: Annotated[bool, "The number before was proven by a code"]
    taken_off: Annotated[bool, "Of one that waits: the number would be taken off"]
    mobile: Annotated[str | None, Text(13, personal=True), "What it would become", OPTIONAL] = None
    text: Annotated[
        str | None, Prose(1000, personal=True), "What the citizen would read", OPTIONAL
    ] = None
    made_by: Annotated[str, Text(60)]
    made_at: Instant
    decided_by: Annotated[str | None, Text(60)]
    decided_at: Instant | None
    citizen_acts: int
    may_decide: bool
    before: Annotated[NumberOnFile | None, OPTIONAL] = None


@message
class MobileCorrections:
    """Those of the own unit, or of all for who sees all; what waits first, then the newest."""

    corrections: tuple[MobileCorrection, ...]


@message
class DecideCorrection:
    """What a second person says to a correction that waits, ``why`` for colleagues alone; who asked
    for it takes it back by not approving.
    """

    correction: Annotated[int, whole(1, 2**53)]
    approve: Tick
    why: Annotated[str | None, Prose(1000, personal=True)] = None


MY_NOTICES = internal_read("my_notices", Nothing, MyNotices, "Desk: what happened for a colleague.")
READ_NOTICES = internal_act(
    "read_notices", ReadNotices, Unread, "Desk: mark one's notices as read."
)
SET_NOTICES = internal_act(
    "set_notices", SetNotices, NoticesSet, "Desk: have one's notices by e-mail, or not."
)
PROVE_NOTICE_ADDRESS = internal_act(
    "prove_notice_address",
    ProveNoticeAddress,
    Unread,
    "Desk: type the code that came to the address of one's notices.",
)
REMIND_ME = internal_act("remind_me", RemindMe, Unread, "Desk: be told of a ticket again on a day.")
ABSENCES = internal_read("absences", Nothing, Absences, "Desk: who is away, and who stands in.")
ADD_ABSENCE = internal_act(
    "add_absence", AddAbsence, AbsenceDone, "Desk: enter days on which a colleague is away."
)
END_ABSENCE = internal_act(
    "end_absence", EndAbsence, AbsenceDone, "Desk: a colleague is back, or does not go."
)
OPEN_TICKETS = internal_read(
    "open_tickets", OfColleague, OpenTickets, "Desk: a colleague's open tickets."
)
HAND_OVER = Request(
    "ticketing.hand_over.v1",
    HandOver,
    "Desk: give all open tickets of a colleague to another.",
    reply=HandedOver,
    agency=False,
    deadline=HAND_OVER_SECONDS,
)
LIST_CORRECTIONS = internal_read(
    "list_corrections", Nothing, MobileCorrections, "Desk: corrections of citizens' mobiles."
)
DECIDE_CORRECTION = internal_act(
    "decide_correction",
    DecideCorrection,
    Acted,
    "Desk: approve, refuse or take back a correction.",
)
TELL_PROPOSER: Command[TellProposer] = Command(
    "ticketing.tell_proposer.v1",
    TellProposer,
    "Tells a colleague what a second person decided about a proposal.",
)
