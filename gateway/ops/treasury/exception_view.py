"""What the page of an exception shows; of one of the account also the ways to book it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from contracts.billing import account as contracts
from contracts.billing.tariffs import OneRow
from contracts.billing.treasury import Nothing
from contracts.billing.treasury_views import ExceptionView
from gateway.html import formats
from gateway.ops.staff.pages import StaffPages
from gateway.ops.treasury import account_texts
from gateway.ops.treasury.bills import bank_names
from gateway.ops.treasury.ledger_words import Describe, describer
from gateway.ops.treasury.previews import Previews, rials

DAYS = 92
OF_ACCOUNT, LATE = "account_", ("account_short", "account_missing")
# What a late day is booked for that lies in the opening balance of the first statement.
OPENING = "opening"
# kind of exception → the bookings that end it
BOOKED_BY: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("account_unknown", "account_twice", "account_surplus"), ("match", "claim")),
    **dict.fromkeys(LATE, ("match", "fee", "claim")),
    "account_debit": ("match", "fee", "claim"),
}


@dataclass(frozen=True, slots=True)
class ExceptionPage:
    """An exception and the names of banks. Of one of the account: its entry there, the ways to book
    it, what it may be for (keys and names), and the proposal that waits.
    """

    row: ExceptionView
    banks: Mapping[str, str]
    entry: contracts.AccountEntryView | None = None
    ways: Sequence[str] = ()
    options: Sequence[tuple[str, str]] = ()
    waiting: contracts.BookingView | None = None

    @property
    def is_of_day(self) -> bool:
        """Whether it is about money of a bank's day that did not come."""
        return self.row.kind in LATE

    @property
    def describe(self) -> Describe:
        """What the system writes, in Persian."""
        return describer(self.banks)


async def exception_view(pages: StaffPages, request: Request) -> ExceptionPage:
    """Read what the page of the exception in the address shows."""
    id_: int = request.path_params["id"]
    row = await Previews(pages).exception(request, id_)
    banks = await bank_names(pages, request)
    if not row.kind.startswith(OF_ACCOUNT) or row.state != "OPEN":
        return ExceptionPage(row, banks)
    reply = await pages.ask(request, contracts.UNCLEAR_ENTRY, OneRow(id=id_))
    bookings = (await pages.ask(request, contracts.BOOKINGS, Nothing())).bookings
    waiting = [b for b in bookings if b.exception == id_ and b.state == "REQUESTED"]
    return ExceptionPage(
        row,
        banks,
        reply.entry,
        BOOKED_BY[row.kind],
        batch_options(await report_of(pages, request, DAYS), row),
        waiting[0] if waiting else None,
    )


async def report_of(pages: StaffPages, request: Request, days: int) -> contracts.ThreeSides:
    """The three sides of the last days."""
    message = contracts.LastDaysOfSides(days=days)
    return await pages.ask(request, contracts.THREE_SIDES, message)


def batch_options(
    report: contracts.ThreeSides, row: ExceptionView | None = None
) -> list[tuple[str, str]]:
    """The days and refunds that are open, as keys and names; of an exception those that fit it."""
    if row is not None and row.kind in LATE:
        return [(OPENING, account_texts.OPENING[0])]
    days = [
        (side.key, f"{side.fa}، {formats.day(side.day)}، {rials(left)}")
        for side in report.sides
        if (left := side.expected_rials - side.shown_rials) and (row is None or left >= row.rials)
    ]
    refunds = [
        (item.key, f"استرداد {item.refund}، {formats.day(item.day)}، {rials(item.rials)}")
        for item in report.refunds
        if row is None or item.rials == row.rials
    ]
    if row is None:
        return [*days, *refunds, (OPENING, account_texts.OPENING[0])]
    return refunds if row.kind == "account_debit" else days
