"""What the account is expected to show: settlements of banks' files by day, and paid refunds."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Date, cast, func, insert, select

from services.billing import books
from services.billing.context import Context
from services.billing.domain.allocation import Allocation, Batch, working_day_after
from services.billing.domain.book import Account, Book
from services.billing.domain.money import Rials
from services.billing.ledger.settlements import list_settlements
from services.billing.tables import (
    ACCOUNT_STATEMENTS,
    ALLOCATIONS,
    REFUNDS,
)

BILLS, REFUND = "bills", "refund"
# What a late day is booked for that came before the first statement.
OPENING = "opening"


@dataclass(frozen=True, slots=True)
class Expected:
    """A batch, and what was expected of it altogether, in rials; ``ref`` is a refund's number at
    the bank.
    """

    batch: Batch
    rials: Rials
    ref: str = ""


def list_batches(conn: Connection) -> list[Expected]:
    """All batches since the ledger began, in the order of their days."""
    account = books.newest(conn).account
    statement = select(ALLOCATIONS.c.batch, func.sum(ALLOCATIONS.c.rials))
    allocated = {
        key: int(rials) for key, rials in conn.execute(statement.group_by(ALLOCATIONS.c.batch))
    }
    rows = [
        *((f"{row.channel}:{row.day}", *row, "") for row in list_settlements(conn)),
        *_refunds(conn),
    ]
    return [
        Expected(
            Batch(key, channel, day, until(account, day), rials - allocated.get(key, 0)), rials, ref
        )
        for key, channel, day, rials, ref in sorted(rows, key=lambda row: (row[2], row[0]))
    ]


def until(account: Account, day: dt.date) -> dt.date:
    """The last day on which the money of a day is on time at the account."""
    return working_day_after(day, account.settle_days, account.weekend, account.holidays)


def _refunds(conn: Connection) -> list[tuple[str, str, dt.date, Rials, str]]:
    day = cast(func.timezone("Asia/Tehran", REFUNDS.c.paid_at), Date)
    statement = select(REFUNDS.c.id, day, REFUNDS.c.rials, REFUNDS.c.bank_ref).where(
        REFUNDS.c.state == "PAID"
    )
    return [
        (f"{REFUND}:{id_}", REFUND, paid_on, -rials, ref or "")
        for id_, paid_on, rials, ref in conn.execute(statement)
    ]


def allocate(
    context: Context, allocations: Iterable[tuple[Allocation, int | None]], booking: int | None
) -> None:
    """Note what entries of the account (each by its id), a booking of officers, or (neither of
    them) the opening balance settle.
    """
    values = [
        {
            "batch": part.batch.key,
            "row": row,
            "booking": booking,
            "rials": part.rials,
            "at": context.now,
        }
        for part, row in allocations
    ]
    if values:
        context.conn.execute(insert(ALLOCATIONS), values)


def first_day(conn: Connection) -> dt.date | None:
    """The first day of the first statement; None before one was taken."""
    statement = select(ACCOUNT_STATEMENTS.c.from_day).order_by(ACCOUNT_STATEMENTS.c.id).limit(1)
    day: dt.date | None = conn.execute(statement).scalar()
    return day


def last_day(conn: Connection) -> dt.date | None:
    """The last day that statements cover; None before one was taken."""
    day: dt.date | None = conn.execute(select(func.max(ACCOUNT_STATEMENTS.c.to_day))).scalar()
    return day


def channel_of(book: Book, text: str) -> str | None:
    """The channel that an entry of the account names by one of its marks; None if none or several
    do.
    """
    marks = [(row.code, row.marks) for row in book.psps]
    marks.append((BILLS, book.account.bills_marks))
    channels = [code for code, words in marks if any(word in text for word in words)]
    return channels[0] if len(channels) == 1 else None
