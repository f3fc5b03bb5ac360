"""The book of the desk as colleagues read and change it: one proposes, another decides."""

from typing import Annotated

from marshmallow import ValidationError

from bus.messages.fields import Choice, Text, whole
from bus.messages.message import check, message
from bus.messages.values import Block, BlockOf, Code, Day, Instant
from contracts.ticketing.desk import Nothing, OneTicket
from contracts.ticketing.requests import internal_act, internal_read
from people.book_keys import SECTIONS

BOOK_CHANGE_STATES = ("DRAFT", "APPROVED", "IN_FORCE", "REFUSED", "WITHDRAWN", "FAILED")


@message
class ProposeBookChange:
    """One row of a list of the book, added, changed or removed from a day on.

    ``key`` names the row that is changed: its code; joined by "/", of a promise its category, kind
    and first day, of a route its category and county, of a level of escalation its clock, minutes
    and role; of what stands once, the section's name. Empty: ``row`` is a new one. Without ``row``
    it is removed.
    """

    section: Annotated[str, Choice(SECTIONS)]
    key: Annotated[str, Text(120, least=0)] = ""
    row: Annotated[Block | None, "The row as the file of the book has it"] = None
    valid_from: Day
    source: Annotated[str, Text(300), "Number and date of the decree"]

    @check
    def _says_something(self) -> None:
        if not self.key and self.row is None:
            raise ValidationError("required|Give the row, or the key of the one to remove.", "row")


@message
class OneBookChange:
    change: Annotated[int, whole(1, 2**53)]


@message
class RefuseBookChange(OneBookChange):
    why: Annotated[str, Text(500)]


@message
class BookChange:
    """``before`` is the row as it stood when it was proposed; APPROVED waits for its day."""

    id: int
    section: Annotated[str, Choice(SECTIONS)]
    key: str
    before: Block | None
    after: Block | None
    valid_from: Day
    source: str
    state: Annotated[str, Choice(BOOK_CHANGE_STATES)]
    stale: Annotated[bool, "The row has changed since; it cannot be approved"]
    proposed_by: str
    proposed_at: Instant
    decided_by: str | None
    decided_at: Instant | None
    decision: Annotated[str, "Why it was refused, or could not be put in force"]
    version: Annotated[int | None, "The version of the book that it made"]


@message
class BookVersion:
    """``change`` is the proposal that made it; None: it was imported from a file."""

    version: int
    at: Instant
    change: int | None


@message
class BookOfDesk:
    """The lists in force, the changes (those to decide first, then the newest), the versions.

    What stands once is a list of one row, or of none.
    """

    version: int
    units: tuple[Block, ...]
    categories: tuple[Block, ...]
    promises: tuple[Block, ...]
    offices: tuple[Block, ...]
    canned: tuple[Block, ...]
    routes: tuple[Block, ...] = ()
    counties: tuple[Block, ...] = ()
    escalation: tuple[Block, ...] = ()
    levels: tuple[Block, ...] = ()
    area: tuple[Block, ...] = ()
    closing: tuple[Block, ...] = ()
    roles: tuple[Block, ...] = ()
    changes: tuple[BlockOf[BookChange], ...]
    versions: tuple[BlockOf[BookVersion], ...]


@message
class AskLevel:
    """A level of escalation that acts, as it would stand in the book."""

    row: Annotated[Block, "The row as the file of the book has it"]


@message
class LevelNow:
    """How many open tickets it is for, and with how many of them it would act at once."""

    tickets: int
    acting: int


@message
class LevelOfTicket:
    """A level of a ticket: when it is reached, and when it had its turn.

    ``reached_at`` is None while the clock does not run; ``passed_over``: a higher one came at once.
    """

    code: Code
    clock: Code
    number: int
    minutes: int
    act: Code
    target: Annotated[str, Text(200, least=0), "Whom it tells, or who gets the ticket"]
    reached_at: Instant | None
    had_at: Instant | None
    passed_over: bool


@message
class LevelsOfTicket:
    """What happens when, by itself; ``priority`` is 0 as of any other, 1 high, 2 urgent."""

    levels: tuple[LevelOfTicket, ...]
    priority: int


@message
class BookFile:
    toml: Annotated[str, "The whole book in force, but for the calendar, as one TOML file"]


READ_BOOK = internal_read(
    "read_book", Nothing, BookOfDesk, "Desk: the book in force, and its changes."
)
EXPORT_BOOK = internal_read("export_book", Nothing, BookFile, "Desk: the book in force as TOML.")
READ_BOOK_CHANGE = internal_read(
    "read_book_change", OneBookChange, BookChange, "Desk: one change of the book."
)
LEVEL_NOW = internal_read(
    "level_now", AskLevel, LevelNow, "Desk: what a level of escalation would do at once."
)
LEVELS_OF_TICKET = internal_read(
    "levels_of_ticket", OneTicket, LevelsOfTicket, "Desk: what happens to a ticket by itself."
)
PROPOSE_BOOK_CHANGE = internal_act(
    "propose_book_change", ProposeBookChange, BookChange, "Desk: propose a change of the book."
)
APPROVE_BOOK_CHANGE = internal_act(
    "approve_book_change",
    OneBookChange,
    BookChange,
    "Desk: a second colleague approves a change of the book.",
)
REFUSE_BOOK_CHANGE = internal_act(
    "refuse_book_change",
    RefuseBookChange,
    BookChange,
    "Desk: a second colleague refuses a change of the book.",
)
WITHDRAW_BOOK_CHANGE = internal_act(
    "withdraw_book_change",
    OneBookChange,
    BookChange,
    "Desk: take back a change of the book that is not in force.",
)
