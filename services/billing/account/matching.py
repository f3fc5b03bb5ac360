"""Entries of the account beside what is expected; what does not fit becomes an exception."""

import datetime as dt
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import Connection, Text, cast, literal, select, update

from services.billing.account import batches
from services.billing.account.batches import REFUND, Expected
from services.billing.context import Context
from services.billing.domain import ledger
from services.billing.domain.allocation import Allocation, Division, divide
from services.billing.domain.money import Rials
from services.billing.domain.payment import ExceptionKind
from services.billing.ledger.entries import NewEntry, Subject, post, post_all
from services.billing.payments import exceptions
from services.billing.payments.exceptions import NewException, open_exception
from services.billing.tables import ACCOUNT_ROWS, EXCEPTIONS

ACCOUNT, NAMED, CAME_LATER, MATCHED = "account", "account:", "came later", "matched"
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
        self._open = {key: item.batch for key, item in self._items.items() if item.batch.left}
        self._by_sum: dict[tuple[str | None, Rials], list[str]] = {}
        for key, item in self._items.items():
            self._by_sum.setdefault((item.batch.channel, item.rials), []).append(key)

    def items(self) -> list[Expected]:
        """All of them, in the order of their days."""
        return list(self._items.values())

    def of_sum(self, channel: str | None, rials: Rials) -> list[Expected]:
        """Those of a channel of which this sum was expected altogether."""
        return [self._items[key] for key in self._by_sum.get((channel, rials), ())]

    def divide(self, row: AccountEntry) -> Division:
        """What an entry settles: a refund that it names, or days of banks' files."""
        refund = _refund(row, self.of_sum(REFUND, row.rials)) if row.rials < 0 else None
        settlements = (batch for batch in self._open.values() if batch.channel != REFUND)
        return refund or divide(row.rials, row.day, row.channel, settlements)

    def note(self, parts: Sequence[Allocation]) -> None:
        """Bring up to date what is left, without a row of the database."""
        for part in parts:
            key = part.batch.key
            item = self._items[key]
            batch = replace(item.batch, left=item.batch.left - part.rials)
            self._items[key] = replace(item, batch=batch)
            self._open[key] = batch
            if not batch.left:
                del self._open[key]

    def settle(
        self, parts: Sequence[Allocation], *, row: int | None = None, booking: int | None = None
    ) -> None:
        """Keep what an entry or a booking settles."""
        batches.allocate(self._context, ((part, row) for part in parts), booking)
        self.note(parts)


class Match(NamedTuple):
    """What becomes of a new entry: what it settles, and the kind of its exception, if any."""

    row: AccountEntry
    division: Division
    result: ExceptionKind | None


def match_rows(context: Context, rows: Sequence[AccountEntry]) -> list[Match]:
    """Decide what becomes of entries that are not on record yet, in their order; nothing is kept.

    Thousands may come at once, so that nothing here asks the database for one of them.
    """
    expectations = Expectations(context)
    matched, matches = _matched_before(context.conn, rows), list[Match]()
    for row in rows:
        division = expectations.divide(row)
        result = _kind(row, division.surplus, matched, expectations) if division.surplus else None
        if result is None:
            matched.add((row.ref, row.rials))
        expectations.note(division.allocations)
        matches.append(Match(row, division, result))
    return matches


def keep(context: Context, matches: Sequence[Match]) -> None:
    """Post entries that are on record now: what settles something, and what does not to suspense or
    to claims, with an exception.
    """
    post_all(context, map(_entry, matches))
    parts = [(part, match.row.id) for match in matches for part in match.division.allocations]
    batches.allocate(context, parts, None)
    exceptions.open_exceptions(
        context,
        [
            NewException(
                match.result,
                match.row.subject,
                rials=abs(match.division.surplus),
                in_suspense=match.division.surplus > 0,
                channel=match.row.channel or ACCOUNT,
                ref=match.row.ref or None,
            )
            for match in matches
            if match.result
        ],
    )


def _entry(match: Match) -> NewEntry:
    surplus, matched = match.division.surplus, match.row.rials - match.division.surplus
    if surplus < 0:
        postings = ledger.account_debit(-surplus)
        return NewEntry("account_debit", match.row.subject, Subject(), postings)
    kind: ledger.EntryKind = "account_matched" if matched else "account_credit"
    return NewEntry(kind, match.row.subject, Subject(), ledger.account_matched(matched, surplus))


def _refund(row: AccountEntry, items: Iterable[Expected]) -> Division | None:
    """A debit that is a refund of ours, which it names by the bank's number."""
    for item in items:
        is_refund = item.batch.channel == REFUND and item.batch.left == row.rials
        if is_refund and item.ref and item.ref in (row.ref, *row.text.split()):
            return Division((Allocation(item.batch, row.rials),), 0)
    return None


def _note_matched(conn: Connection, id_: int) -> None:
    """What the bank writes about an entry is kept only while it is unclear."""
    statement = update(ACCOUNT_ROWS).where(ACCOUNT_ROWS.c.id == id_)
    conn.execute(statement.values(result=MATCHED, text=""))


def _kind(
    row: AccountEntry,
    surplus: Rials,
    matched: AbstractSet[tuple[str, Rials]],
    expectations: Expectations,
) -> ExceptionKind:
    if surplus < 0:
        return "account_debit"
    if surplus != row.rials:
        return "account_surplus"
    came_before = (row.ref and (row.ref, row.rials) in matched) or _was_settled(row, expectations)
    return "account_twice" if came_before else "account_unknown"


def _matched_before(conn: Connection, rows: Sequence[AccountEntry]) -> set[tuple[str, Rials]]:
    """The numbers and sums of these entries that entries on record were matched by."""
    column = ACCOUNT_ROWS.c
    refs = {row.ref for row in rows if row.ref}
    same = column.ref.in_(refs) & (column.result == MATCHED)
    return {
        (ref, rials) for ref, rials in conn.execute(select(column.ref, column.rials).where(same))
    }


def _was_settled(row: AccountEntry, expectations: Expectations) -> bool:
    """Tell whether the entry is of the sum of a settled day of its channel in the ten days before
    it.
    """
    return any(
        not item.batch.left and row.day - TWICE_WITHIN <= item.batch.day <= row.day
        for item in expectations.of_sum(row.channel, row.rials)
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
        division = expectations.divide(row)
        if division.allocations and not division.surplus:
            moved = ledger.account_booked(ledger.BANK, ledger.SUSPENSE, row.rials)
            _settle_unclear(context, row, "account_unknown", moved)
            expectations.settle(division.allocations, row=row.id)
    for row in _unclear(context.conn, "account_debit"):
        if division_ := _refund(row, expectations.of_sum(REFUND, row.rials)):
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
    _note_matched(context.conn, row.id)


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
