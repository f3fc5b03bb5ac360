"""Refunds: requested by one officer, decided by another, transferred by the treasury, noted."""

from sqlalchemy import Connection, Text, cast, func, insert, select, update
from sqlalchemy.dialects.postgresql import array

from bus.database.rows import fetch_all, fetch_one
from bus.errors import Conflict, Forbidden, NotFound, RuleBroken
from contracts.billing.treasury import AskRefund
from contracts.ticketing.colleagues import TELL_PROPOSER, TellProposer
from services.billing import officers
from services.billing.bills import repository
from services.billing.context import Context
from services.billing.domain import ledger
from services.billing.domain.money import Rials
from services.billing.ledger import entries
from services.billing.ledger.entries import Subject, post
from services.billing.rows import BillRow, ExceptionRow, NumberedRefund, RefundRow, RefundState
from services.billing.tables import BILLS, REFUNDS

SHOWN = 500
COUNTING: tuple[RefundState, ...] = ("REQUESTED", "APPROVED", "PAID")
ORDER: tuple[RefundState, ...] = ("REQUESTED", "APPROVED", "PAID", "REFUSED")


def available(conn: Connection, bill: BillRow) -> Rials:
    """The rials of a paid bill that can still be given back: never more than was paid."""
    if bill.state != "PAID":
        return 0
    statement = select(func.coalesce(func.sum(REFUNDS.c.rials), 0)).where(
        REFUNDS.c.bill == bill.id, REFUNDS.c.state.in_(COUNTING)
    )
    return bill.total - int(conn.execute(statement).scalar_one())


def request(context: Context, message: AskRefund) -> None:
    """Request a refund of a part of a bill. Raises Conflict ``refund.stale`` if the officer saw
    another available sum; RuleBroken ``refund.too_much``.
    """
    bill = repository.by_number(context.conn, message.number, lock=True)
    left = available(context.conn, bill)
    if message.available_rials != left:
        raise Conflict(
            f"Not {message.available_rials} but {left} rials can be given back now; read the bill "
            "again.",
            code="refund.stale",
            available_rials=left,
        )
    if message.rials > left:
        raise RuleBroken(
            f"At most {left} rials can be given back.",
            code="refund.too_much",
            available_rials=left,
        )
    _add(context, message.rials, message.sheba, message.why, bill=bill.id)


def request_of_exception(context: Context, row: ExceptionRow, sheba: str, reason: str) -> None:
    """Request a refund of an exception's suspended money."""
    _add(context, row.rials, sheba, reason, exception=row.id)


def _add(  # noqa: PLR0913 - the columns of a row
    context: Context,
    rials: Rials,
    sheba: str,
    reason: str,
    *,
    bill: int | None = None,
    exception: int | None = None,
) -> None:
    context.conn.execute(
        insert(REFUNDS).values(
            bill=bill,
            exception=exception,
            rials=rials,
            sheba=sheba,
            reason=reason,
            requested_by=context.actor,
            requested_at=context.now,
        )
    )


def approve(context: Context, id_: int) -> None:
    """Allow a refund, by a second officer; it is owed from then on."""
    row = _decide(context, id_, "APPROVED", context.actor)
    vat = 0
    if row.bill is not None:
        bill = repository.get(context.conn, row.bill, lock=True)
        left = entries.vat_left(context.conn, bill.id)
        vat = ledger.vat_in(left, row.rials, bill.total - bill.refunded)
        repository.move(context, bill, "refund", refunded=bill.refunded + row.rials)
    owed = ledger.refund_owed(row.rials, suspended=row.bill is None, vat=vat)
    post(context, "refund_owed", f"refund {id_}", Subject(row.bill), owed)


def refuse(context: Context, id_: int, reason: str | None) -> int | None:
    """Refuse a refund, by a second officer; the id of the exception whose money it was, if any."""
    return _decide(context, id_, "REFUSED", context.actor, reason or "").exception


def take_back(context: Context, id_: int) -> int | None:
    """End one's own request, which nobody has decided; as ``refuse``. Forbidden
    ``refund.not_yours``.
    """
    return _decide(context, id_, "REFUSED", None).exception


def _decide(
    context: Context, id_: int, state: RefundState, decider: str | None, reason: str = ""
) -> RefundRow:
    """The refund before it was decided. Its officer is told, unless he takes it back himself."""
    row = _locked(context.conn, id_, "REQUESTED")
    if decider is None and context.actor != row.requested_by:
        raise Forbidden(
            "Another officer asked for this refund; an approver can refuse it.",
            code="refund.not_yours",
        )
    officers.second(decider or "", row.requested_by)
    context.conn.execute(
        update(REFUNDS)
        .where(REFUNDS.c.id == id_)
        .values(state=state, decided_by=decider, decided_at=context.now, decision=reason)
    )
    outcome = TellProposer(
        proposer=row.requested_by,
        decider=context.actor,
        matter="refund",
        number=str(id_),
        accepted=state == "APPROVED",
        why=reason or None,
    )
    context.tx.send(TELL_PROPOSER, outcome)
    return row


def note_paid(context: Context, id_: int, bank_ref: str) -> None:
    """Note that the treasury has transferred an allowed refund."""
    row = _locked(context.conn, id_, "APPROVED")
    context.conn.execute(
        update(REFUNDS)
        .where(REFUNDS.c.id == id_)
        .values(state="PAID", bank_ref=bank_ref, paid_at=context.now)
    )
    paid = ledger.refund_paid(row.rials)
    post(context, "refund_paid", f"refund {id_} {bank_ref}", Subject(row.bill), paid)


def _locked(conn: Connection, id_: int, state: RefundState) -> RefundRow:
    statement = select(REFUNDS).where(REFUNDS.c.id == id_).with_for_update()
    row = fetch_one(conn, RefundRow, statement)
    if row is None:
        raise NotFound("There is no such refund.", code="refund.not_found")
    if row.state != state:
        raise RuleBroken(
            f"The refund is {row.state}; read the list again.", code="refund.move", state=row.state
        )
    return row


def list_refunds(conn: Connection) -> list[NumberedRefund]:
    """Refunds in the order of their states: those that wait for an officer come first."""
    place = func.array_position(array([cast(state, Text) for state in ORDER]), REFUNDS.c.state)
    statement = select(REFUNDS, BILLS.c.number).outerjoin(BILLS, BILLS.c.id == REFUNDS.c.bill)
    statement = statement.order_by(place, REFUNDS.c.id).limit(SHOWN)
    return fetch_all(conn, NumberedRefund, statement)


def owed(conn: Connection) -> Rials:
    """The rials of refunds that are allowed and not transferred."""
    statement = select(func.coalesce(func.sum(REFUNDS.c.rials), 0)).where(
        REFUNDS.c.state == "APPROVED"
    )
    return int(conn.execute(statement).scalar_one())
