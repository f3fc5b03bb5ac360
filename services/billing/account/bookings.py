"""What is unclear about the account is settled in the ledger by two officers: one proposes how,
another decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, insert, select, update

from bus.database.rows import fetch_all, fetch_one
from bus.errors import Conflict, Forbidden, NotFound, RuleBroken
from contracts.billing.account import ProposeBooking
from contracts.ticketing.colleagues import TELL_PROPOSER, TellProposer
from services.billing import officers
from services.billing.account import matching
from services.billing.account.batches import OPENING, REFUND, Expected, first_day
from services.billing.account.matching import ACCOUNT, LATE, Expectations
from services.billing.context import Context
from services.billing.domain import ledger
from services.billing.domain.allocation import Allocation
from services.billing.domain.money import Rials
from services.billing.domain.payment import ExceptionKind
from services.billing.ledger import entries
from services.billing.ledger.entries import Subject, post
from services.billing.payments import exceptions
from services.billing.rows import BookingAct as Act
from services.billing.rows import BookingRow, BookingState, ExceptionRow
from services.billing.tables import BOOKINGS, EXCEPTIONS

SHOWN = 200
ACTS: Mapping[str, Act] = {"match": "match", "fee": "fee", "claim": "claim"}
IN_SUSPENSE: tuple[ExceptionKind, ...] = ("account_unknown", "account_twice", "account_surplus")
# (kind of exception, act) → the accounts of the ledger from which and to which its money moves.
MOVES: Mapping[tuple[ExceptionKind, Act], tuple[str, str]] = {
    **{(kind, "match"): (ledger.BANK, ledger.SUSPENSE) for kind in IN_SUSPENSE},
    **{(kind, "claim"): (ledger.CLAIMS, ledger.SUSPENSE) for kind in IN_SUSPENSE},
    **{(kind, "fee"): (ledger.BANK, ledger.BANK_FEES) for kind in LATE},
    **{(kind, "claim"): (ledger.BANK, ledger.CLAIMS) for kind in LATE},
    ("account_debit", "match"): (ledger.CLAIMS, ledger.BANK),
    ("account_debit", "fee"): (ledger.CLAIMS, ledger.BANK_FEES),
    # It lies in claims since the statement came; two officers agree that the bank owes it.
    ("account_debit", "claim"): (ledger.CLAIMS, ledger.CLAIMS),
    **{(kind, "match"): (ledger.BANK, ledger.OPENING) for kind in LATE},
}


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as it would be made now: its exception, and what it settles (None: nothing)."""

    exception: ExceptionRow
    act: Act
    allocation: Allocation | None


def propose(context: Context, message: ProposeBooking) -> None:
    """Propose how an exception of the account is settled; nothing moves before another officer
    approves.

    Raises RuleBroken ``booking.no_fit`` where the act is none for this exception or the batch does
    not hold its sum, ``booking.waits`` where a proposal waits already.
    """
    context.tx.hold(ACCOUNT)
    row = exceptions.locked(context.conn, message.id)
    act = ACTS[message.act]
    _fit(context, Expectations(context), row, act, message.batch)
    waiting = (BOOKINGS.c.exception == row.id) & (BOOKINGS.c.state == "REQUESTED")
    if context.conn.execute(select(exists().where(waiting))).scalar_one():
        raise RuleBroken(
            "A proposal for this one waits for its decision already.", code="booking.waits"
        )
    context.conn.execute(
        insert(BOOKINGS).values(
            exception=row.id,
            act=act,
            batch=message.batch if act == "match" else None,
            rials=row.rials,
            note=message.note,
            requested_by=context.actor,
            requested_at=context.now,
        )
    )


def approve(context: Context, id_: int) -> None:
    """Make a booking, by a second officer. Raises Conflict ``booking.stale`` where what it was
    proposed for has changed since.
    """
    context.tx.hold(ACCOUNT)
    booking = _locked(context.conn, id_)
    officers.second(context.actor, booking.requested_by)
    row = exceptions.locked(context.conn, booking.exception)
    expectations = Expectations(context)
    made = _fit(context, expectations, row, booking.act, booking.batch)
    if row.rials != booking.rials:
        raise _stale(booking, row)
    source, target = MOVES[row.kind, booking.act]
    moved = () if source == target else ledger.account_booked(source, target, booking.rials)
    post(context, "account_booked", f"booking {id_}", Subject(), moved)
    if made.allocation:
        expectations.settle([made.allocation], booking=id_)
    exceptions.end(context, row.id, booking.act, booking.note)
    _decide(context, booking, "APPROVED", context.actor, "")
    matching.match_again(context)


def refuse(context: Context, id_: int, reason: str) -> None:
    """Refuse a booking, by a second officer; its exception stays open."""
    booking = _locked(context.conn, id_)
    officers.second(context.actor, booking.requested_by)
    _decide(context, booking, "REFUSED", context.actor, reason)


def take_back(context: Context, id_: int) -> None:
    """End one's own proposal, which nobody has decided. Forbidden ``booking.not_yours``."""
    booking = _locked(context.conn, id_)
    if context.actor != booking.requested_by:
        raise Forbidden(
            "Another officer proposed this; an approver can refuse it.", code="booking.not_yours"
        )
    _decide(context, booking, "REFUSED", None, "")


def _decide(
    context: Context, row: BookingRow, state: BookingState, decider: str | None, reason: str
) -> None:
    context.conn.execute(
        update(BOOKINGS)
        .where(BOOKINGS.c.id == row.id)
        .values(state=state, decided_by=decider, decided_at=context.now, decision=reason)
    )
    if decider is None:
        return
    outcome = TellProposer(
        proposer=row.requested_by,
        decider=decider,
        matter="booking",
        number=str(row.exception),
        accepted=state == "APPROVED",
        why=reason or None,
    )
    context.tx.send(TELL_PROPOSER, outcome)


def _fit(
    context: Context,
    expectations: Expectations,
    row: ExceptionRow,
    act: Act,
    batch: str | None,
) -> Booking:
    """What the act would settle now. Raises RuleBroken ``booking.no_fit``."""
    if (row.kind, act) not in MOVES:
        raise RuleBroken("This is no way to settle such a difference.", code="booking.no_fit")
    if row.kind in LATE:
        return Booking(row, act, _late(context, expectations, row, act, batch))
    if act == "match":
        return Booking(row, act, _matched(expectations, row, batch))
    if act == "claim" and row.kind in IN_SUSPENSE:
        _refuse_beyond_claims(context.conn, row.rials)
    return Booking(row, act, None)


def _late(
    context: Context, expectations: Expectations, row: ExceptionRow, act: Act, batch: str | None
) -> Allocation:
    """What is left of a late day. That it came before the first statement, in whose opening balance
    it lies, can be booked of a day before that statement only.
    """
    item = _item(expectations, row.ref)
    if item is None or item.batch.left != row.rials:
        raise RuleBroken("Not this sum is left of it now.", code="booking.no_fit")
    first = first_day(context.conn)
    if act == "match" and (batch != OPENING or first is None or item.batch.day >= first):
        raise RuleBroken(
            "Only a day before the first statement can lie in its opening balance.",
            code="booking.no_fit",
        )
    return Allocation(item.batch, row.rials)


def _refuse_beyond_claims(conn: Connection, rials: Rials) -> None:
    """Refuse to end claims with more than banks owe. What the bank took, and nobody has agreed yet
    that it owes, is no claim to be paid: it would count twice when it turns out to be a fee.
    """
    is_open = (EXCEPTIONS.c.kind == "account_debit") & (EXCEPTIONS.c.state == "OPEN")
    unclear = select(func.coalesce(func.sum(EXCEPTIONS.c.rials), 0)).where(is_open)
    claims = entries.sums(conn).get(ledger.CLAIMS, 0) - int(conn.execute(unclear).scalar_one())
    if claims < rials:
        raise RuleBroken(f"Banks owe {claims} rials only.", code="booking.no_fit")


def _matched(expectations: Expectations, row: ExceptionRow, batch: str | None) -> Allocation:
    """What of a batch an exception's money settles: a day of a bank, or a refund for a debit."""
    item = _item(expectations, batch)
    is_debit = row.kind == "account_debit"
    if item is not None and is_debit == (item.batch.channel == REFUND):
        left, rials = item.batch.left, -row.rials if is_debit else row.rials
        if left == rials if is_debit else left >= rials:
            return Allocation(item.batch, rials)
    raise RuleBroken(
        "What you chose does not hold this sum; choose another day or refund.",
        code="booking.no_fit",
    )


def _item(expectations: Expectations, key: str | None) -> Expected | None:
    return next((item for item in expectations.items() if item.batch.key == key), None)


def _stale(booking: BookingRow, row: ExceptionRow) -> Conflict:
    return Conflict(
        f"It is about {row.rials} rials now, not {booking.rials}; refuse it, and propose anew.",
        code="booking.stale",
    )


def _locked(conn: Connection, id_: int) -> BookingRow:
    statement = select(BOOKINGS).where(BOOKINGS.c.id == id_).with_for_update()
    row = fetch_one(conn, BookingRow, statement)
    if row is None:
        raise NotFound("There is no such proposal.", code="booking.not_found")
    if row.state != "REQUESTED":
        raise RuleBroken(f"The proposal is {row.state}; read it again.", code="booking.move")
    return row


def list_bookings(conn: Connection) -> list[BookingRow]:
    """The newest proposals, those that wait first."""
    waits = BOOKINGS.c.state == "REQUESTED"
    statement = select(BOOKINGS).order_by(waits.desc(), BOOKINGS.c.id.desc()).limit(SHOWN)
    return fetch_all(conn, BookingRow, statement)
