"""The ledger's entries in the database: added, summed and read, never changed."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from services.billing.context import Context
from services.billing.domain.journal import JournalEntry
from services.billing.domain.ledger import BANK, VAT, EntryKind, Posting
from services.billing.domain.money import Rials
from services.billing.ledger import settlements
from services.billing.tables import BILLS, ENTRIES, POSTINGS

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Subject:
    """The bill, agency, payment and row of a bank's file to which an entry belongs."""

    bill: int | None = None
    agency: str | None = None
    order_id: int | None = None
    file_row: int | None = None


class JournalPage(NamedTuple):
    """Entries with their postings, and the id after which the next page begins (None: the end)."""

    entries: list[JournalEntry]
    next: int | None


@dataclass(frozen=True, slots=True)
class AgencyEntry:
    """A change of an agency's debt, in rials; ``number`` is that of the bill."""

    day: dt.date
    kind: EntryKind
    number: str | None
    rials: Rials


class NewEntry(NamedTuple):
    """An entry that is to be added."""

    kind: EntryKind
    text: str
    subject: Subject
    postings: tuple[Posting, ...]


def post(
    context: Context, kind: EntryKind, text: str, subject: Subject, postings: Iterable[Posting]
) -> None:
    """Add an entry; nothing is written for one without postings (a bill of zero)."""
    post_all(context, [NewEntry(kind, text, subject, tuple(postings))])


def post_all(context: Context, new: Iterable[NewEntry]) -> None:
    """Add entries at once, as ``post`` does one."""
    entries = [entry for entry in new if entry.postings]
    if not entries:
        return
    statement = insert(ENTRIES).returning(ENTRIES.c.id, sort_by_parameter_order=True)
    values = [
        {
            "at": context.now,
            "day": context.today,
            "kind": entry.kind,
            "text": entry.text,
            "bill": entry.subject.bill,
            "agency": entry.subject.agency,
            "order_id": entry.subject.order_id,
            "file_row": entry.subject.file_row,
        }
        for entry in entries
    ]
    ids = context.conn.execute(statement, values).scalars().all()
    rows = [
        {"entry": id_, "account": posting.account, "rials": posting.rials}
        for id_, entry in zip(ids, entries, strict=True)
        for posting in entry.postings
    ]
    context.conn.execute(insert(POSTINGS), rows)
    for entry in entries:
        _add_to_settlement(context.conn, entry)


def _add_to_settlement(conn: Connection, entry: NewEntry) -> None:
    rials = sum(posting.rials for posting in entry.postings if posting.account == BANK)
    file_row, order_id = entry.subject.file_row, entry.subject.order_id
    if rials and (file_row or order_id):
        settlements.add(conn, rials, file_row=file_row, order_id=order_id)


def of_bill(conn: Connection, bill: int, *kinds: EntryKind) -> list[Posting]:
    """The postings of a bill's entries of these kinds."""
    statement = (
        select(POSTINGS.c.account, POSTINGS.c.rials)
        .join(ENTRIES, ENTRIES.c.id == POSTINGS.c.entry)
        .where(ENTRIES.c.bill == bill, ENTRIES.c.kind.in_(kinds))
        .order_by(ENTRIES.c.id, POSTINGS.c.account)
    )
    return [Posting(account, rials) for account, rials in conn.execute(statement)]


def vat_left(conn: Connection, bill: int) -> Rials:
    """The VAT of a bill that is neither waived nor given back, in rials."""
    postings = of_bill(conn, bill, "issued", "waived", "refund_owed")
    return -sum(posting.rials for posting in postings if posting.account == VAT)


def sums(conn: Connection) -> dict[str, Rials]:
    """The balance of each account that was ever posted to."""
    statement = select(POSTINGS.c.account, func.sum(POSTINGS.c.rials)).group_by(POSTINGS.c.account)
    return {account: int(rials) for account, rials in conn.execute(statement)}


def first_day(conn: Connection) -> dt.date | None:
    """The day of Tehran on which the ledger begins; None while it is empty."""
    day: dt.date | None = conn.execute(select(func.min(ENTRIES.c.day))).scalar()
    return day


def page(conn: Connection, after: int) -> JournalPage:
    """Up to a thousand entries after one, with their postings."""
    part = select(ENTRIES).where(ENTRIES.c.id > after).order_by(ENTRIES.c.id).limit(AT_ONCE)
    entry = part.subquery().c
    statement = (
        select(entry.id, entry.day, entry.kind, entry.text, POSTINGS.c.account, POSTINGS.c.rials)
        .join(POSTINGS, POSTINGS.c.entry == entry.id)
        .order_by(entry.id, POSTINGS.c.rials.desc(), POSTINGS.c.account)
    )
    postings: dict[tuple[int, dt.date, str, str], list[Posting]] = {}
    for id_, day, kind, text, account, rials in conn.execute(statement):
        postings.setdefault((id_, day, kind, text), []).append(Posting(account, rials))
    entries = [JournalEntry(*head, tuple(rows)) for head, rows in postings.items()]
    return JournalPage(entries, entries[-1].id if len(entries) == AT_ONCE else None)


def of_agency(conn: Connection, agency: str, first: dt.date, last: dt.date) -> list[AgencyEntry]:
    """The changes of an agency's debt in the days from first to last, both counted."""
    statement = (
        select(ENTRIES.c.day, ENTRIES.c.kind, BILLS.c.number, POSTINGS.c.rials)
        .join(POSTINGS, (POSTINGS.c.entry == ENTRIES.c.id) & (POSTINGS.c.account == "receivable"))
        .outerjoin(BILLS, BILLS.c.id == ENTRIES.c.bill)
        .where(ENTRIES.c.agency == agency, ENTRIES.c.day.between(first, last))
        .order_by(ENTRIES.c.id)
    )
    return [AgencyEntry(*row) for row in conn.execute(statement)]


def owed_before(conn: Connection, agency: str, day: dt.date) -> Rials:
    """The debt of an agency when the day began, in rials."""
    statement = (
        select(func.coalesce(func.sum(POSTINGS.c.rials), 0))
        .join(ENTRIES, ENTRIES.c.id == POSTINGS.c.entry)
        .where(POSTINGS.c.account == "receivable", ENTRIES.c.agency == agency, ENTRIES.c.day < day)
    )
    return int(conn.execute(statement).scalar_one())
