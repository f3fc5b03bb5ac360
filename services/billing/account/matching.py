"""Entries of the account beside what is expected; what does not fit becomes an exception."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Text, cast, exists, literal, select, update

from services.billing.account import batches
from services.billing.account.batches import REFUND, Expected
from services.billing.context import Context
from services.billing.domain import ledger
from services.billing.domain.allocation import Allocation, Batch, Division, divide
from services.billing.domain.money import Rials
from services.billing.domain.payment import ExceptionKind
from services.billing.ledger.entries import Subject, post
from services.billing.payments import exceptions
from services.billing.payments.exceptions import NewException, open_exception
from services.billing.tables import ACCOUNT_ROWS, EXCEPTIONS

ACCOUNT, NAMED, CAME_LATER = "account", "account:", "came later"
LATE: tuple[ExceptionKind, ...] = ("account_missing", "account_short")
# So long after a settlement an equal credit counts as the same money a second time.
TWICE_WITHIN = dt.timedelta(days=10)


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """An entry of the account as it is kept; ``rials`` above zero for a credit."""

    id: int
    day: dt.date
    rials: Rials
    ref: str
    text: str
    channel: str | None
    result: str

    @property
    def subject(self) -> str:
        """What names its exception, and its entries in the ledger."""
        return f"{NAMED}{self.id}"


class Expectations:
    """What the account is expected to show, read once, and brought up to date by each entry."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._items = {item.batch.key: item for item in batches.list_batches(context.conn)}

    def items(self) -> list[Expected]:
        """All of them, in the order of their days."""
        return list(self._items.values())

    def settlements(self) -> list[Batch]:
        """The batches of banks' files."""
        return [row.batch for row in self._items.values() if row.batch.channel != REFUND]

    def settle(
        self, parts: Sequence[Allocation], *, row: int | None = None, booking: int | None = None
    ) -> None:
        """Note what an entry or a booking settles."""
        batches.allocate(self._context, tuple(parts), row=row, booking=booking)
        for part in parts:
            item = self._items[part.batch.key]
            left = item.batch.left - part.rials
            self._items[part.batch.key] = replace(item, batch=replace(item.batch, left=left))


def match_row(
    context: Context, row: AccountEntry, expectations: Expectations
) -> ExceptionKind | None:
    """Post a new entry: what settles something, and what does not to suspense or to claims; the
    kind of its exception, if it has one.
    """
    items = expectations.items()
    division = _refund(row, items) if row.rials < 0 else None
    if division is None:
        division = divide(row.rials, row.day, row.channel, expectations.settlements())
    surplus, matched = division.surplus, row.rials - division.surplus
    if surplus < 0:
        post(context, "account_debit", row.subject, Subject(), ledger.account_debit(-surplus))
    else:
        kind: ledger.EntryKind = "account_matched" if matched else "account_credit"
        post(context, kind, row.subject, Subject(), ledger.account_matched(matched, surplus))
    result = _open(context, row, surplus, items) if surplus else None
    expectations.settle(division.allocations, row=row.id)
    _note(context.conn, row.id, result or "matched")
    return result


def _refund(row: AccountEntry, items: Iterable[Expected]) -> Division | None:
    """A debit that is a refund of ours, which it names by the bank's number."""
    for item in items:
        is_refund = item.batch.channel == REFUND and item.batch.left == row.rials
        if is_refund and item.ref and item.ref in (row.ref, *row.text.split()):
            return Division((Allocation(item.batch, row.rials),), 0)
    return None


def _note(conn: Connection, id_: int, result: str) -> None:
    """Keep the result; what the bank writes about an entry is kept only while it is unclear."""
    values = {"result": result} if result != "matched" else {"result": result, "text": ""}
    conn.execute(update(ACCOUNT_ROWS).where(ACCOUNT_ROWS.c.id == id_).values(**values))


def _open(
    context: Context, row: AccountEntry, surplus: Rials, items: Iterable[Expected]
) -> ExceptionKind:
    kind: ExceptionKind = "account_unknown"
    if surplus < 0:
        kind = "account_debit"
    elif surplus != row.rials:
        kind = "account_surplus"
    elif _came_before(context.conn, row, items):
        kind = "account_twice"
    new = NewException(
        kind,
        row.subject,
        rials=abs(surplus),
        in_suspense=surplus > 0,
        channel=row.channel or ACCOUNT,
        ref=row.ref or None,
    )
    open_exception(context, new)
    return kind


def _came_before(conn: Connection, row: AccountEntry, items: Iterable[Expected]) -> bool:
    """Tell whether such a credit was matched already: the same number and sum, or the sum of a
    settled day of its channel in the ten days before it.
    """
    column = ACCOUNT_ROWS.c
    same = (column.ref == row.ref) & (column.rials == row.rials) & (column.result == "matched")
    if row.ref and conn.execute(select(exists().where(same))).scalar_one():
        return True
    return any(
        item.batch.channel == row.channel
        and not item.batch.left
        and item.rials == row.rials
        and row.day - TWICE_WITHIN <= item.batch.day <= row.day
        for item in items
    )


def match_again(context: Context) -> None:
    """Match what waits, after a statement or a bank's file came: a credit may be at the account
    before its file is here. Then open an exception for each settlement that is late, and end those
    of money that has come.
    """
    context.tx.hold(ACCOUNT)
    first, last = batches.first_day(context.conn), batches.last_day(context.conn)
    if first is None or last is None:
        return
    expectations = Expectations(context)
    _carry_old(context, first, expectations)
    for row in _unclear(context.conn, "account_unknown"):
        division = divide(row.rials, row.day, row.channel, expectations.settlements())
        if division.allocations and not division.surplus:
            moved = ledger.account_booked(ledger.BANK, ledger.SUSPENSE, row.rials)
            _settle_unclear(context, row, "account_unknown", moved)
            expectations.settle(division.allocations, row=row.id)
    for row in _unclear(context.conn, "account_debit"):
        if division_ := _refund(row, expectations.items()):
            moved = ledger.account_booked(ledger.CLAIMS, ledger.BANK, -row.rials)
            _settle_unclear(context, row, "account_debit", moved)
            expectations.settle(division_.allocations, row=row.id)
    _note_late(context, last, expectations.items())


def _unclear(conn: Connection, kind: ExceptionKind) -> list[AccountEntry]:
    """Entries whose exception of that kind nobody has ended yet, the oldest first."""
    column = ACCOUNT_ROWS.c
    of_row = EXCEPTIONS.c.subject == literal(NAMED) + cast(column.id, Text)
    statement = (
        select(*(column[name] for name in AccountEntry.__slots__))
        .join(EXCEPTIONS, of_row & (EXCEPTIONS.c.kind == kind) & (EXCEPTIONS.c.state == "OPEN"))
        .order_by(column.id)
        .with_for_update(of=EXCEPTIONS)
    )
    return [AccountEntry(*row) for row in conn.execute(statement)]


def _settle_unclear(
    context: Context, row: AccountEntry, kind: ExceptionKind, moved: tuple[ledger.Posting, ...]
) -> None:
    """End the exception of an entry that turned out to be expected."""
    post(context, "account_matched", row.subject, Subject(), moved)
    exceptions.resolve_by_system(context, row.subject, CAME_LATER, kind)
    _note(context.conn, row.id, "matched")


def _carry_old(context: Context, first: dt.date, expectations: Expectations) -> None:
    """What was due before the first statement began lies in its opening balance."""
    old = [
        Allocation(item.batch, item.batch.left)
        for item in expectations.items()
        if item.batch.left and item.batch.until < first
    ]
    rials = sum(part.rials for part in old)
    post(context, "account_opened", ACCOUNT, Subject(), ledger.account_opened(0, rials))
    expectations.settle(old)


def late_subject(item: Expected) -> str:
    """What names the exception of a batch that is late, as long as this sum is left of it."""
    return f"{item.batch.key}:{item.rials}:{item.batch.left}"


def _note_late(context: Context, last: dt.date, items: Iterable[Expected]) -> None:
    late = [item for item in items if item.batch.left > 0 and item.batch.until < last]
    subjects = [late_subject(item) for item in late]
    column = EXCEPTIONS.c
    over = column.kind.in_(LATE) & (column.state == "OPEN") & column.subject.not_in(subjects)
    for subject in context.conn.execute(select(column.subject).where(over)).scalars().all():
        exceptions.resolve_by_system(context, subject, CAME_LATER, *LATE)
    for item in late:
        kind: ExceptionKind = (
            "account_missing" if item.batch.left == item.rials else "account_short"
        )
        channel, ref = item.batch.channel, item.batch.key
        new = NewException(kind, late_subject(item), item.batch.left, channel=channel, ref=ref)
        open_exception(context, new)
