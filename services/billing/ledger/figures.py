"""What officers see at a glance: money by day as the ledger has it, and what waits for them."""

import datetime as dt

from sqlalchemy import Connection, Table, func, select

from contracts.billing.treasury_figures import MoneyOfDay, TreasuryFigures
from services.billing.context import Context
from services.billing.domain.ledger import BANK, RECEIVABLE
from services.billing.domain.money import Rials
from services.billing.tables import (
    BILLS,
    CLOSES,
    ENTRIES,
    EXCEPTIONS,
    POSTINGS,
    REFUNDS,
    TARIFFS,
)

# account and kinds of entries → which figure of a day they make.
_MONEY = (
    ("issued", RECEIVABLE, ("issued", "ended"), 1),
    ("paid", RECEIVABLE, ("paid",), -1),
    ("refunded", BANK, ("refund_paid",), -1),
)


def of_last_days(context: Context, days: int) -> TreasuryFigures:
    """The figures of the last ``days`` days up to today in Tehran, each day without a gap."""
    conn, today = context.conn, context.today
    first = today - dt.timedelta(days=days - 1)
    unpaid, unpaid_rials = _unpaid(conn)
    overdue, overdue_rials = _unpaid(conn, due_before=today)
    open_exceptions, suspense = conn.execute(
        select(
            func.count(),
            func.coalesce(func.sum(EXCEPTIONS.c.rials).filter(EXCEPTIONS.c.in_suspense), 0),
        ).where(EXCEPTIONS.c.state == "OPEN")
    ).one()
    refunds = _by_state(conn, REFUNDS)
    return TreasuryFigures(
        days=tuple(_money_by_day(conn, first, today)),
        unpaid_bills=unpaid,
        unpaid_rials=unpaid_rials,
        overdue_bills=overdue,
        overdue_rials=overdue_rials,
        drafts=_by_state(conn, TARIFFS).get("DRAFT", 0),
        refunds_requested=refunds.get("REQUESTED", 0),
        refunds_approved=refunds.get("APPROVED", 0),
        open_exceptions=open_exceptions,
        suspense_rials=int(suspense),
        open_days=tuple(day.isoformat() for day in _open_days(conn, first, today)),
    )


def _money_by_day(conn: Connection, first: dt.date, last: dt.date) -> list[MoneyOfDay]:
    money = _sums(conn, first)
    closed = set(conn.execute(select(CLOSES.c.day).where(CLOSES.c.day >= first)).scalars())
    listed = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    return [
        MoneyOfDay(
            day=day.isoformat(),
            issued_rials=money["issued"].get(day, (0, 0))[0],
            paid_rials=money["paid"].get(day, (0, 0))[0],
            refunded_rials=money["refunded"].get(day, (0, 0))[0],
            bills=money["issued"].get(day, (0, 0))[1],
            payments=money["paid"].get(day, (0, 0))[1],
            closed=day in closed,
        )
        for day in listed
    ]


def _sums(conn: Connection, first: dt.date) -> dict[str, dict[dt.date, tuple[Rials, int]]]:
    """By figure and day: the rials, and how many entries of the first kind made them."""
    sums: dict[str, dict[dt.date, tuple[Rials, int]]] = {}
    for name, account, kinds, sign in _MONEY:
        statement = (
            select(
                ENTRIES.c.day,
                func.sum(POSTINGS.c.rials),
                func.count().filter(ENTRIES.c.kind == kinds[0]),
            )
            .join(POSTINGS, POSTINGS.c.entry == ENTRIES.c.id)
            .where(ENTRIES.c.day >= first, ENTRIES.c.kind.in_(kinds), POSTINGS.c.account == account)
            .group_by(ENTRIES.c.day)
        )
        sums[name] = {day: (sign * int(rials), n) for day, rials, n in conn.execute(statement)}
    return sums


def _unpaid(conn: Connection, due_before: dt.date | None = None) -> tuple[int, Rials]:
    """Count and sum the open bills, or those whose last day was before a day."""
    statement = select(func.count(), func.coalesce(func.sum(BILLS.c.total), 0)).where(
        BILLS.c.state == "ISSUED"
    )
    if due_before is not None:
        statement = statement.where(BILLS.c.due_on < due_before)
    count, rials = conn.execute(statement).one()
    return count, int(rials)


def _by_state(conn: Connection, table: Table) -> dict[str, int]:
    statement = select(table.c.state, func.count().label("rows")).group_by(table.c.state)
    return {row.state: row.rows for row in conn.execute(statement)}


def _open_days(conn: Connection, first: dt.date, today: dt.date) -> list[dt.date]:
    """The past days with entries that nobody has closed, the oldest first."""
    statement = (
        select(ENTRIES.c.day)
        .where(
            ENTRIES.c.day >= first,
            ENTRIES.c.day < today,
            ENTRIES.c.day.not_in(select(CLOSES.c.day)),
        )
        .distinct()
    )
    return sorted(conn.execute(statement).scalars())
