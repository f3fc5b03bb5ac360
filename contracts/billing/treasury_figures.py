"""What the treasury's officers read at a glance: money by day, and the entries of the journal."""

from typing import Annotated

from bus.messages.fields import Choice, Text, whole
from bus.messages.kinds import Request
from bus.messages.message import message
from bus.messages.values import BlockOf, Day, Instant

ENTRY_KINDS = (
    "issued",
    "waived",
    "ended",
    "paid",
    "suspended",
    "given_back",
    "settled",
    "settled_unknown",
    "reversed",
    "refund_owed",
    "refund_paid",
    "account_opened",
    "account_matched",
    "account_credit",
    "account_debit",
    "account_booked",
)
ACCOUNTS = (
    "receivable",
    "cash_in_transit",
    "bank",
    "account",
    "claims",
    "vat",
    "suspense",
    "refunds",
    "revenue",
    "rounding",
    "refunded",
    "waivers",
    "bank_fees",
    "opening",
)


@message
class LastDays:
    """So many days up to today, in Tehran."""

    days: Annotated[int, whole(1, 92)] = 30


@message
class MoneyOfDay:
    """What the ledger entered on a day, in rials."""

    day: Day
    issued_rials: Annotated[int, "Bills issued, less those that ended"]
    paid_rials: Annotated[int, "Paid for bills"]
    refunded_rials: Annotated[int, "Given back to payers"]
    bills: Annotated[int, "Bills issued"]
    payments: Annotated[int, "Payments for bills"]
    closed: bool


@message
class TreasuryFigures:
    """Each day without a gap, today last; what is unpaid, and what waits for an officer."""

    days: tuple[BlockOf[MoneyOfDay], ...]
    unpaid_bills: int
    unpaid_rials: int
    overdue_bills: int
    overdue_rials: int
    drafts: Annotated[int, "Tariff rows that wait for a second officer"]
    refunds_requested: Annotated[int, "Refunds that wait for a second officer"]
    refunds_approved: Annotated[int, "Refunds that wait for the transfer"]
    open_exceptions: int
    suspense_rials: Annotated[int, "Money of open exceptions that lies in suspense"]
    open_days: Annotated[
        tuple[Day, ...], "Past days with entries that nobody has closed, the oldest first"
    ]


@message
class AskEntries:
    """The newest entries of the journal, by any of: days, kind, account, bill."""

    from_day: Day | None = None
    to_day: Day | None = None
    kind: Annotated[str | None, Choice(ENTRY_KINDS)] = None
    account: Annotated[str | None, Choice(ACCOUNTS)] = None
    bill: Annotated[str, Text(20, least=0)] = ""
    before: Annotated[int, whole(0, 2**53), "Entries before this id; 0: the newest"] = 0
    limit: Annotated[int, whole(1, 500)] = 50


@message
class PostingView:
    """So many rials on an account; a debit is positive."""

    account: Annotated[str, Choice(ACCOUNTS)]
    fa: str
    rials: int


@message
class EntryView:
    id: int
    day: Day
    at: Instant
    kind: Annotated[str, Choice(ENTRY_KINDS)]
    text: str
    bill: str | None
    agency: str | None
    postings: tuple[BlockOf[PostingView], ...]


@message
class Entries:
    """``next`` is the id before which the following page ends."""

    entries: tuple[BlockOf[EntryView], ...]
    next: int | None


TREASURY_FIGURES = Request(
    "billing.treasury_figures.v1",
    LastDays,
    "Money by day, and what waits for an officer.",
    reply=TreasuryFigures,
    effect=False,
    agency=False,
    deadline=25.0,
)
JOURNAL_ENTRIES = Request(
    "billing.journal_entries.v1",
    AskEntries,
    "Entries of the journal, the newest first.",
    reply=Entries,
    effect=False,
    agency=False,
    deadline=25.0,
)
