"""The three sides beside each other: payments in the ledger, the banks' files, the account."""

import datetime as dt

from sqlalchemy import Connection, Date, cast, func, select

from contracts.billing.account import AccountEntryView, RefundSide, Side, ThreeSides, UnclearEntry
from services.billing import books
from services.billing.account import batches, matching, statements
from services.billing.account.batches import BILLS, REFUND, Expected
from services.billing.context import Context
from services.billing.domain import ledger
from services.billing.domain.book import Book
from services.billing.domain.money import Rials
from services.billing.ledger import entries
from services.billing.tables import (
    ACCOUNT_ROWS,
    BANK_FILES,
    EXCEPTIONS,
    FILE_ROWS,
    PAYMENTS,
)

BILLS_FA = "قبض در بانک‌ها"
ByDay = dict[tuple[str, dt.date], Rials]


def look(context: Context, days: int) -> ThreeSides:
    """The sides of the last days, and of older ones that are not settled."""
    conn, first = context.conn, context.today - dt.timedelta(days=days - 1)
    items, book, last = batches.list_batches(conn), books.newest(conn), batches.last_day(conn)
    shown = [
        item
        for item in items
        if item.batch.channel != REFUND and (item.batch.left or item.batch.day >= first)
    ]
    since = min([first, *(item.batch.day for item in shown)])
    captured, filed = _captured(conn, since), _filed(conn, since)
    sums, closing = entries.sums(conn), statements.closing(conn)
    left = sum(item.batch.left for item in items)
    account, clearing = sums.get(ledger.ACCOUNT, 0), sums.get(ledger.BANK, 0)
    return ThreeSides(
        sides=tuple(_side(book, item, captured, filed, last) for item in reversed(shown)),
        refunds=tuple(
            RefundSide(
                key=item.batch.key,
                refund=int(item.batch.key.partition(":")[2]),
                day=item.batch.day.isoformat(),
                rials=-item.batch.left,
            )
            for item in items
            if item.batch.channel == REFUND and item.batch.left
        ),
        statement_to=last.isoformat() if last else None,
        statement_rials=closing,
        account_rials=account,
        account_difference_rials=account - (closing or 0),
        clearing_rials=left,
        clearing_difference_rials=clearing - left,
    )


def _side(book: Book, item: Expected, captured: ByDay, filed: ByDay, last: dt.date | None) -> Side:
    batch = item.batch
    of_bills = batch.channel == BILLS
    late = batch.left and last is not None and batch.until < last
    return Side(
        key=batch.key,
        channel=batch.channel,
        fa=BILLS_FA if of_bills else book.psp_name(batch.channel).fa,
        day=batch.day.isoformat(),
        until=batch.until.isoformat(),
        captured_rials=None if of_bills else captured.get((batch.channel, batch.day), 0),
        file_rials=filed.get((batch.channel, batch.day), 0),
        expected_rials=item.rials,
        shown_rials=item.rials - batch.left,
        state="LATE" if late else "EXPECTED" if batch.left else "SETTLED",
    )


def _captured(conn: Connection, since: dt.date) -> ByDay:
    """The rials of payments that banks have verified, by bank and day in Iran."""
    day = cast(func.timezone("Asia/Tehran", PAYMENTS.c.verified_at), Date)
    statement = (
        select(PAYMENTS.c.psp, day, func.sum(PAYMENTS.c.amount_verified))
        .where(PAYMENTS.c.outcome.in_(("paid", "suspended")), day >= since)
        .group_by(PAYMENTS.c.psp, day)
    )
    return {(psp, on): int(rials) for psp, on, rials in conn.execute(statement)}


def _filed(conn: Connection, since: dt.date) -> ByDay:
    """The rials of banks' files less what they gave back, by channel and day."""
    reversal, rials = FILE_ROWS.c.kind == "reversal", FILE_ROWS.c.rials
    total = func.coalesce(func.sum(rials).filter(~reversal), 0) - func.coalesce(
        func.sum(rials).filter(reversal), 0
    )
    statement = (
        select(BANK_FILES.c.channel, BANK_FILES.c.day, total)
        .join(FILE_ROWS, FILE_ROWS.c.file == BANK_FILES.c.id)
        .where(BANK_FILES.c.day >= since)
        .group_by(BANK_FILES.c.channel, BANK_FILES.c.day)
    )
    return {(channel, on): int(sum_) for channel, on, sum_ in conn.execute(statement)}


def unclear_entry(conn: Connection, exception: int) -> UnclearEntry:
    """The entry of the account that an exception is about."""
    statement = select(EXCEPTIONS.c.subject).where(EXCEPTIONS.c.id == exception)
    subject: str = conn.execute(statement).scalar() or ""
    number = subject.removeprefix(matching.NAMED)
    if not subject.startswith(matching.NAMED) or not number.isdigit():
        return UnclearEntry(entry=None)
    column = ACCOUNT_ROWS.c
    row = conn.execute(
        select(column.day, column.rials, column.ref, column.text).where(column.id == int(number))
    ).one()
    view = AccountEntryView(day=row.day.isoformat(), rials=row.rials, ref=row.ref, text=row.text)
    return UnclearEntry(entry=view)
