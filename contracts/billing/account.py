"""The treasury's account beside the banks' files and the ledger: statements, differences, and what
two officers book; from the ops face.
"""

from typing import Annotated

from marshmallow import ValidationError, validate

from bus.messages.fields import Choice, Prose, Text, whole
from bus.messages.kinds import M, R, Request
from bus.messages.message import PERSONAL, check, message
from bus.messages.values import BlockOf, Day, Instant
from contracts.billing.tariffs import OneRow
from contracts.billing.treasury import Nothing

STATEMENT_FORMS = ("csv", "mt940", "camt053")
BOOKING_ACTS = ("match", "fee", "claim")
BOOKING_STATES = ("REQUESTED", "APPROVED", "REFUSED")
SIDE_STATES = ("EXPECTED", "SETTLED", "LATE")


@message
class TakeStatement:
    """A statement of the treasury's account, as text."""

    form: Annotated[str, Choice(STATEMENT_FORMS)]
    text: Annotated[str, validate.Length(1, 5_000_000), PERSONAL]


@message
class StatementTaken:
    """How many of its entries are new, and how many of those fit what was expected."""

    rows: int
    added: int
    matched: int
    exceptions: int
    closing_rials: int
    known: Annotated[bool, "True if this very file was taken before"]


@message
class LastDaysOfSides:
    """So many days up to today, in Tehran; older days that are not settled come as well."""

    days: Annotated[int, whole(1, 92)] = 30


@message
class Side:
    """A bank's day on three sides, in rials."""

    key: Annotated[str, Text(60)]
    channel: str
    fa: str
    day: Day
    until: Annotated[Day, "The last day on which the account should show it"]
    captured_rials: Annotated[int | None, "Payments of the day by our records; null for bills"]
    file_rials: Annotated[int, "What the bank's file says, without its fees"]
    expected_rials: Annotated[int, "What should come to the account by the ledger"]
    shown_rials: Annotated[int, "What the account has shown of it, or two officers have booked"]
    state: Annotated[str, Choice(SIDE_STATES)]


@message
class RefundSide:
    """A refund that was transferred, and that the account has not shown yet."""

    key: Annotated[str, Text(60)]
    refund: int
    day: Day
    rials: int


@message
class ThreeSides:
    """Ledger, banks' files and account beside each other; what differs is 0 if all is well."""

    sides: tuple[BlockOf[Side], ...]
    refunds: tuple[BlockOf[RefundSide], ...]
    statement_to: Annotated[Day | None, "The last day that statements cover"]
    statement_rials: Annotated[int | None, "The closing balance of the last statement"]
    account_rials: Annotated[int, "The account in the ledger"]
    account_difference_rials: Annotated[int, "Account in the ledger less the statement's balance"]
    clearing_rials: Annotated[int, "What banks' files announced and the account has not shown"]
    clearing_difference_rials: Annotated[int, "The same in the ledger less that of the days"]


@message
class ProposeBooking(OneRow):
    """For an exception of the account. match: the money is that of a bank's day, or a refund of
    ours (``batch``); fee: the bank's fee; claim: a claim on the bank, or its end.
    """

    act: Annotated[str, Choice(BOOKING_ACTS)]
    batch: Annotated[str | None, Text(60)] = None
    note: Annotated[str, Text(500)]

    @check
    def _names_a_batch(self) -> None:
        if self.act == "match" and not self.batch:
            raise ValidationError("required|Choose the day or refund.", "batch")


@message
class RefuseBooking(OneRow):
    why: Annotated[str, Prose(1000)]


@message
class BookingView:
    """A proposal, and what became of it; one that was taken back is REFUSED by nobody."""

    id: int
    exception: int
    act: Annotated[str, Choice(BOOKING_ACTS)]
    batch: str | None
    rials: int
    note: str
    state: Annotated[str, Choice(BOOKING_STATES)]
    requested_by: str
    requested_at: Instant
    decided_by: str | None
    decision: str


@message
class Bookings:
    bookings: tuple[BlockOf[BookingView], ...]


@message
class AccountEntryView:
    """The entry of the account that an exception is about; ``text`` as the bank writes it."""

    day: Day
    rials: int
    ref: str
    text: Annotated[str, PERSONAL]


@message
class UnclearEntry:
    """None where an exception is about money that did not come."""

    entry: BlockOf[AccountEntryView] | None


def _officers(
    name: str, message: type[M], doc: str, reply: type[R], *, effect: bool = True
) -> Request[M, R]:
    return Request(
        f"billing.{name}.v1", message, doc, reply=reply, effect=effect, agency=False, deadline=25.0
    )


TAKE_STATEMENT = _officers(
    "take_statement",
    TakeStatement,
    "Takes a statement of the treasury's account and matches it.",
    StatementTaken,
)
THREE_SIDES = _officers(
    "three_sides",
    LastDaysOfSides,
    "Ledger, banks' files and the account beside each other.",
    ThreeSides,
    effect=False,
)
UNCLEAR_ENTRY = _officers(
    "unclear_entry", OneRow, "The account's entry of an exception.", UnclearEntry, effect=False
)
BOOKINGS = _officers("bookings", Nothing, "Proposed bookings.", Bookings, effect=False)
PROPOSE_BOOKING = _officers(
    "propose_booking", ProposeBooking, "Proposes how a difference is booked.", Bookings
)
APPROVE_BOOKING = _officers("approve_booking", OneRow, "A second officer books it.", Bookings)
REFUSE_BOOKING = _officers(
    "refuse_booking", RefuseBooking, "A second officer refuses it.", Bookings
)
TAKE_BOOKING_BACK = _officers("take_booking_back", OneRow, "Who proposed it ends it.", Bookings)
