"""Letters that came in, as the desk sees and rescues them; who asks is named by the caller.

Colleagues see the letters of their unit, supervisors all.
"""

from collections.abc import Mapping
from typing import Annotated

from bus.messages.fields import Checked, Choice, Prose, Text, whole
from bus.messages.kinds import Command
from bus.messages.message import message
from bus.messages.values import Block, Code, Instant, Uuid
from contracts.notify.received import TEXT_MOST as SMS_MOST
from contracts.ticketing.citizens import TEXT_MOST, Opened
from contracts.ticketing.requests import internal_act, internal_read
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
