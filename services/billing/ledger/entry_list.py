"""The journal as officers read it: entries by day, kind, account or bill, the newest first."""

import datetime as dt

from sqlalchemy import Connection, select

from bus.database.paging import page
from bus.envelope import instant
from contracts.billing.treasury_figures import AskEntries, Entries, EntryView, PostingView
from iran.persian import dashed_code
from services.billing.domain.ledger import ACCOUNTS
from services.billing.tables import BILLS, ENTRIES, POSTINGS


def entries(conn: Connection, message: AskEntries) -> Entries:
    """A page of entries with their postings, debits first."""
    conditions = []
    if message.before:
        conditions.append(ENTRIES.c.id < message.before)
    if message.from_day:
        conditions.append(ENTRIES.c.day >= dt.date.fromisoformat(message.from_day))
    if message.to_day:
        conditions.append(ENTRIES.c.day <= dt.date.fromisoformat(message.to_day))
    if message.kind:
        conditions.append(ENTRIES.c.kind == message.kind)
    if number := dashed_code(message.bill).strip():
        conditions.append(BILLS.c.number == number)
    if message.account:
        of_account = select(POSTINGS.c.entry).where(POSTINGS.c.account == message.account)
        conditions.append(ENTRIES.c.id.in_(of_account))
    statement = (
        select(ENTRIES, BILLS.c.number)
        .outerjoin(BILLS, BILLS.c.id == ENTRIES.c.bill)
        .where(*conditions)
        .order_by(ENTRIES.c.id.desc())
        .limit(message.limit + 1)
    )
    shown = page(conn.execute(statement).all(), message.limit)
    postings = _postings(conn, [row.id for row in shown.rows])
    return Entries(
        entries=tuple(
            EntryView(
                id=row.id,
                day=row.day.isoformat(),
                at=instant(row.at),
                kind=row.kind,
                text=row.text,
                bill=row.number,
                agency=row.agency,
                postings=tuple(postings.get(row.id, [])),
            )
            for row in shown.rows
        ),
        next=shown.next(lambda row: row.id),
    )


def _postings(conn: Connection, ids: list[int]) -> dict[int, list[PostingView]]:
    statement = (
        select(POSTINGS)
        .where(POSTINGS.c.entry.in_(ids))
        .order_by(POSTINGS.c.entry, POSTINGS.c.rials.desc(), POSTINGS.c.account)
    )
    postings: dict[int, list[PostingView]] = {}
    for row in conn.execute(statement):
        view = PostingView(account=row.account, fa=ACCOUNTS[row.account][1], rials=row.rials)
        postings.setdefault(row.entry, []).append(view)
    return postings
