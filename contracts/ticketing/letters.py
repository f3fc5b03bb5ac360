"""Letters that came in, as the desk sees and rescues them, and senders whose letters are set aside;
who asks is named by the caller.

Colleagues see the letters of their unit, supervisors all.
"""

from collections.abc import Mapping
from typing import Annotated

from marshmallow import validate

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.kinds import Command
from bus.messages.message import OPTIONAL, message
from bus.messages.values import Block, Code, Instant, Tick, Uuid
from contracts.notify.editors.email_reports import REFUSED_REPORTS
from contracts.notify.received import TEXT_MOST as SMS_MOST
from contracts.ticketing.citizens import TEXT_MOST, Opened
from contracts.ticketing.desk import Act, Acted, Nothing
from contracts.ticketing.requests import internal_act, internal_read
from iran import identifiers
from people import tracking

LETTER_STATES = (
    "RECEIVED",
    "TICKET",
    "MESSAGE",
    "NOTE",
    "FLOOD",
    "AUTOMATIC",
    "RECEIPT",
    "BOUNCE",
    "NOBODY",
    "NO_UNIT",
    "NO_CATEGORY",
    "POSTMASTER",
    "FAILED",
    "SET_ASIDE",
    "DONE",
)
MAIL_STATES = ("WAITING", "SENT", "REFUSED", "GIVEN_UP")


@message
class AskLetters:
    state: Annotated[
        str, Choice((*LETTER_STATES, "WAITING", "ALL")), "WAITING: where a person has to look"
    ] = "WAITING"
    unit: Code | None = None
    page: Annotated[int, whole(1, 10_000)] = 1


@message
class LetterRow:
    letter: int
    received_at: Instant
    state: Annotated[str, Choice(LETTER_STATES)]
    state_fa: Annotated[str, Text(100)]
    reason_fa: Annotated[str, Text(300, least=0)]
    to: Annotated[str, Text(600, least=0, personal=True)]
    sender: Annotated[str, Text(600, least=0, personal=True)]
    sender_name: Annotated[str, Text(100, least=0, personal=True)]
    subject: Annotated[str, Text(300, least=0, personal=True)]
    unit: Block | None
    ticket: Annotated[str | None, Text(10)]
    held_until: Instant | None


@message
class LetterPage:
    letters: tuple[LetterRow, ...]
    counts: Mapping[str, int]
    waiting: int
    total: int
    page: int
    pages: int
    units: tuple[Block, ...]


@message
class OfLetter:
    letter: Annotated[int, whole(1, 2**53)]


@message
class LetterView(LetterRow):
    """The letter with its text, its files, and what colleagues did with it."""

    mail_from: Annotated[str, Text(600, least=0, personal=True)]
    size: int
    text: Annotated[str, Prose(TEXT_MOST, least=0, personal=True)]
    files: tuple[Block, ...]
    problem: Annotated[str | None, Text(300)]
    read: Annotated[bool, "False: its bytes could not be read"]
    acts: tuple[Block, ...]
    may: tuple[str, ...]
    categories: tuple[Block, ...]
    set_aside: Annotated[
        Block | None, "The row of the list of senders that set it aside", OPTIONAL
    ] = None


@message
class RegisterLetter(OfLetter):
    category: Code
    text: Annotated[
        str,
        Prose(TEXT_MOST, least=0, personal=True),
        "What a letter says that could not be read; required then",
    ] = ""


@message
class AttachLetter(OfLetter):
    code: Annotated[str, Checked(40, tracking.parse)]
    text: Annotated[str, Prose(TEXT_MOST, least=0, personal=True)] = ""


@message
class FinishLetter(OfLetter):
    text: Annotated[str, Prose(1000, least=2, personal=True), "Why no more is done"]


# As many as a page lists.
TAKE_OUT_MOST = 25


@message
class TakeOutLetters:
    letters: Annotated[
        tuple[Annotated[int, whole(1, 2**53)], ...],
        validate.Length(1, TAKE_OUT_MOST, error=f"length|Choose 1 to {TAKE_OUT_MOST} letters."),
    ]


@message
class LettersTakenOut:
    """How many become tickets, and about how many somebody had decided."""

    taken: int
    settled: int


@message
class LetterDone:
    letter: int
    state: Annotated[str, Choice(LETTER_STATES)]


@message
class AskMailFigures:
    """A question without fields."""


@message
class MailFigures:
    """How many letters lie in which state and since when the oldest; every state is there."""

    letters: tuple[Block, ...]
    mails: tuple[Block, ...]
    chores: tuple[Block, ...]


# --- senders whose letters are set aside ---

# Nothing is refused or deleted: a letter of such a sender is kept and read, and opens no ticket
# until a colleague makes one of it. The head of a unit puts senders on the list of the unit, a
# supervisor on that of all units.
REASONS = ("advertising", "fraud", "abuse", "machine", "other")
DAYS, DAYS_MOST = 30, 180


def sender(text: str) -> str:
    """Return an address, or @domain, as the list has it.

    >>> sender(" Sales@Example.COM "), sender("@Example.com")
    ('sales@example.com', '@example.com')
    """
    bare = text.strip()
    if bare.startswith("@"):
        return identifiers.email(f"any{bare}").removeprefix("any")
    return identifiers.email(bare).lower()


@message
class SetAside:
    """``sender``: an address, or @domain by a supervisor."""

    sender: Annotated[str, Checked(320, sender, personal=True)]
    reason: Annotated[str, Choice(REASONS)]
    days: Annotated[int, whole(1, DAYS_MOST), "How long"] = DAYS


@message
class Spam(Act):
    """``set_aside``: the next letters of its sender, too, as long as a row of the list holds."""

    set_aside: Tick = False
    reason: Annotated[str, Choice(REASONS)] = "advertising"


@message
class OneSender:
    row: Annotated[int, whole(1, 2**53)]


@message
class SenderRow:
    """A row of the list; ``unit`` is null for all units, ``letters`` were set aside by it."""

    row: int
    sender: Annotated[str, Text(320, personal=True)]
    unit: Block | None
    reason: Annotated[str, Choice(REASONS)]
    ticket: Annotated[str | None, Text(10)]
    put_by: Annotated[str, Text(60)]
    put_at: Instant
    until: Instant
    ended_by: Annotated[str | None, Text(60)]
    ended_at: Instant | None
    in_force: bool
    may_end: bool
    letters: int


@message
class AskSenders:
    page: Annotated[int, whole(1, 10_000)] = 1


@message
class Senders:
    """Those in force first, then the newest first."""

    senders: tuple[SenderRow, ...]
    total: int
    page: int
    pages: int
    waiting: Annotated[int, "Letters that lie set aside"]


@message
class SenderSet:
    row: int
    sender: Annotated[str, Text(320, personal=True)]
    until: Instant


@message
class LookedAt:
    """How many letters were set aside since the last look."""

    since: Annotated[Instant | None, OPTIONAL] = None
    letters: int = 0


LETTERS = internal_read("letters", AskLetters, LetterPage, "Desk: letters that came in.")
READ_LETTER = internal_read("read_letter", OfLetter, LetterView, "Desk: one letter.")
LETTER_SOURCE = internal_act(
    "letter_source", OfLetter, Opened, "Desk: the bytes of a letter, as a file."
)
REGISTER_LETTER = internal_act(
    "register_letter", RegisterLetter, LetterDone, "Desk: make a ticket of a letter."
)
ATTACH_LETTER = internal_act(
    "attach_letter", AttachLetter, LetterDone, "Desk: put a letter into a ticket."
)
RETRY_LETTER = internal_act(
    "retry_letter", OfLetter, LetterDone, "Desk: work on a letter once more."
)
FINISH_LETTER = internal_act(
    "finish_letter", FinishLetter, LetterDone, "Desk: nothing is to be done with it."
)
TAKE_OUT_LETTERS = internal_act(
    "take_out_letters",
    TakeOutLetters,
    LettersTakenOut,
    "Desk: make tickets of letters that lie set aside.",
)
SPAM = internal_act(
    "spam",
    Spam,
    Acted,
    "Desk: set a ticket aside that a spam letter made; its sender hears nothing.",
)
SENDERS = internal_read(
    "senders", AskSenders, Senders, "Desk: senders whose letters are set aside."
)
SET_ASIDE = internal_act(
    "set_aside", SetAside, SenderSet, "Desk: have the letters of a sender set aside."
)
END_SET_ASIDE = internal_act(
    "end_set_aside", OneSender, SenderSet, "Desk: letters of this sender open tickets again."
)
LOOK_AT_SET_ASIDE = internal_act(
    "look_at_set_aside", Nothing, LookedAt, "Desk: somebody looks at letters that were set aside."
)
MAIL_FIGURES = internal_read(
    "mail_figures", AskMailFigures, MailFigures, "Letters and chores in figures."
)


@message
class TakeTicketText:
    """A text (SMS) for a ticket; ``received`` is notify's ID of it, ``clerk`` has chosen the ticket
    where no rule could.
    """

    received: Uuid
    ticket: Annotated[str, Text(40)]
    mobile: Annotated[str, Text(40, personal=True)]
    text: Annotated[str, Prose(SMS_MOST, least=0, personal=True)]
    clerk: Annotated[str | None, Text(64)]


TAKE_TICKET_TEXT = Command(
    "ticketing.take_ticket_text.v1",
    TakeTicketText,
    "Puts a text that came in by SMS into its ticket; the answer is notify.note_text.v1.",
)


@message
class KeepEmailReport:
    """A report that notify could not use; it is shown at the desk."""

    letter: Annotated[int, whole(1, 2**53)]
    reason: Annotated[str, Choice(REFUSED_REPORTS)]


KEEP_EMAIL_REPORT = Command(
    "ticketing.keep_email_report.v1",
    KeepEmailReport,
    "Has colleagues look at a report about a notice that changed nothing.",
)
