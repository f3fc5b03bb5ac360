"""What the treasury's officers see: exceptions, refunds, and the control totals of a day."""

from typing import Annotated

from bus.messages.fields import Choice, Text
from bus.messages.message import ABSENT, OPTIONAL, message
from bus.messages.values import BlockOf, Day, Instant

REFUND_STATES = ("REQUESTED", "APPROVED", "PAID", "REFUSED")
EXCEPTION_KINDS = (
    "amount_differs",
    "paid_twice",
    "bill_ended",
    "bill_unknown",
    "reversed_by_bank",
    "not_in_file",
    "not_in_ledger",
    "ref_reused",
    "account_unknown",
    "account_twice",
    "account_surplus",
    "account_short",
    "account_missing",
    "account_debit",
)


@message
class ExceptionView:
    """Money that fits no bill, and how it was resolved; ``bill`` is the number of its bill."""

    id: int
    kind: Annotated[str, Choice(EXCEPTION_KINDS)]
    psp: str | None
    ref: str | None
    order: int | None
    rials: int
    in_suspense: bool
    bill: str | None
    state: str
    opened_at: Instant
    note: str
    resolution: str | None
    resolved_by: str | None


@message
class Exceptions:
    exceptions: tuple[BlockOf[ExceptionView], ...]


@message
class RefundView:
    """A refund of a bill or of an exception's money; exactly one of the two is named.

    One that was taken back is REFUSED, and approved or refused by nobody.
    """

    id: int
    bill: str | None
    exception: int | None
    rials: int
    sheba: Annotated[str, "In part only, where nothing is to be transferred"]
    why: str
    state: Annotated[str, Choice(REFUND_STATES)]
    requested_by: str
    approved_by: str | None
    bank_ref: str | None
    requested_at: Instant
    decision: Annotated[str | None, Text(1000), "Why it was refused", OPTIONAL] = None


@message
class Refunds:
    refunds: tuple[BlockOf[RefundView], ...]


@message
class Control:
    """A sum of the ledger beside the same sum of the records, in rials."""

    name: str
    fa: str
    ledger_rials: int
    records_rials: int
    difference_rials: int


@message
class Channel:
    """A bank's file of a day beside our payments of that day, in rials."""

    code: str
    fa: str
    file: bool
    file_rials: int
    ledger_rials: int
    payments: int
    unmatched: int


@message
class Close:
    """A day's control totals; it balances if every difference is 0."""

    day: Day
    closed: bool
    closed_by: Annotated[str | None, Text(64)]
    balances: bool
    controls: tuple[BlockOf[Control], ...]
    channels: tuple[BlockOf[Channel], ...]
    missing: tuple[str, ...]
    open_exceptions: int
    claims_rials: Annotated[
        int | None, "What banks settled short or took back, and have to explain", OPTIONAL
    ] = ABSENT
