"""The queue of differences with the banks: found by the system, ended by officers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, case, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from bus.database.rows import fetch_all, fetch_one
from bus.errors import NotFound, RuleBroken
from contracts.billing.treasury import Resolve
from services.billing.bills import changes, repository
from services.billing.context import SYSTEM, Context
from services.billing.domain import ledger
from services.billing.domain.money import Rials
from services.billing.domain.payment import ExceptionKind
from services.billing.ledger.entries import Subject, post
from services.billing.payments import attempts, refunds
from services.billing.rows import ExceptionRow, NumberedException
from services.billing.tables import BILLS, EXCEPTIONS, FILE_ROWS, REFUNDS

ENDED_SHOWN = 100
# No money lies in suspense, and yet an explanation alone would leave the ledger open.
BOOKED: tuple[ExceptionKind, ...] = ("account_missing", "account_short", "account_debit")


@dataclass(frozen=True, slots=True)
class NewException:
    """A new difference; ``subject`` names it, so that the same finding opens it once only."""

    kind: ExceptionKind
    subject: str
    rials: Rials = 0
    in_suspense: bool = False
    channel: str | None = None
    ref: str | None = None
    order_id: int | None = None
    bill: int | None = None
    note: str = ""


def open_exception(context: Context, new: NewException) -> None:
    """Put an exception into the queue; the same kind of the same subject is one."""
    open_exceptions(context, [new])


def open_exceptions(context: Context, new: Sequence[NewException]) -> None:
    """Put exceptions into the queue at once."""
    if new:
        statement = upsert(EXCEPTIONS).on_conflict_do_nothing(index_elements=["kind", "subject"])
        values = [{**asdict(row), "opened_at": context.now} for row in new]
        context.conn.execute(statement, values)


def resolve_by_system(
    context: Context, subject: str, resolution: str, *kinds: ExceptionKind
) -> None:
    """End exceptions that have solved themselves: a bank gave money back, or a late row came."""
    context.conn.execute(
        update(EXCEPTIONS)
        .where(
            EXCEPTIONS.c.subject == subject,
            EXCEPTIONS.c.state == "OPEN",
            EXCEPTIONS.c.kind.in_(kinds),
        )
        .values(
            state="RESOLVED",
            resolution=resolution,
            resolved_by=SYSTEM,
            resolved_at=context.now,
            in_suspense=False,
        )
    )


def settled_unknown(conn: Connection, subject: str, rials: Rials) -> int | None:
    """The row of a bank's file whose money of that payment lies in suspense as unknown, or None."""
    statement = (
        select(FILE_ROWS.c.id)
        .join(
            EXCEPTIONS,
            (FILE_ROWS.c.channel == EXCEPTIONS.c.channel)
            & (FILE_ROWS.c.key == EXCEPTIONS.c.ref)
            & (FILE_ROWS.c.kind == "sale"),
        )
        .where(
            EXCEPTIONS.c.kind == "not_in_ledger",
            EXCEPTIONS.c.subject == subject,
            EXCEPTIONS.c.state == "OPEN",
            EXCEPTIONS.c.rials == rials,
            EXCEPTIONS.c.in_suspense,
        )
        .with_for_update(of=EXCEPTIONS)
    )
    file_row: int | None = conn.execute(statement).scalar()
    return file_row


def resolve(context: Context, message: Resolve) -> None:
    """End an exception by an officer: by a refund, by applying the money to a bill, or by an
    explanation. Raises NotFound ``exception.not_found``, RuleBroken ``exception.resolved``,
    ``exception.has_money``, ``exception.no_money``, ``exception.reversing``, ``exception.no_fit``,
    ``exception.needs_booking``.
    """
    row = locked(context.conn, message.id)
    if row.kind in BOOKED:
        raise RuleBroken(
            "Two officers settle such a difference of the account: propose a booking.",
            code="exception.needs_booking",
        )
    if row.in_suspense and message.how == "explained":
        raise RuleBroken(
            f"{row.rials} rials lie in suspense: refund them or apply them to a bill.",
            code="exception.has_money",
        )
    if not row.in_suspense and message.how != "explained":
        raise RuleBroken("No money lies in suspense here; explain it.", code="exception.no_money")
    if row.in_suspense:
        _refuse_while_reversing(context.conn, row)
    if message.how == "refund":
        assert message.sheba is not None, "the contract requires it"
        refunds.request_of_exception(context, row, message.sheba, message.note)
    elif message.how == "apply":
        assert message.number is not None, "the contract requires it"
        _apply(context, row, message.number)
    end(context, row.id, message.how, message.note)


def locked(conn: Connection, id_: int) -> ExceptionRow:
    """Lock an open exception. Raises NotFound ``exception.not_found``, RuleBroken
    ``exception.resolved``.
    """
    statement = select(EXCEPTIONS).where(EXCEPTIONS.c.id == id_).with_for_update()
    row = fetch_one(conn, ExceptionRow, statement)
    if row is None:
        raise NotFound("There is no such exception.", code="exception.not_found")
    if row.state != "OPEN":
        raise RuleBroken("Somebody has ended this one already.", code="exception.resolved")
    return row


def _refuse_while_reversing(conn: Connection, row: ExceptionRow) -> None:
    """Refuse while the bank is asked to give the money back: it must not go out twice.

    An attempt begins to be reversed in the transaction that opens its exception, never later.
    """
    payment = attempts.get(conn, row.order_id) if row.order_id else None
    if payment is not None and payment.state == "REVERSING":
        raise RuleBroken(
            "The bank is being asked to give this money back; wait until it has answered.",
            code="exception.reversing",
        )


def _apply(context: Context, row: ExceptionRow, number: str) -> None:
    bill = repository.by_number(context.conn, number, lock=True)
    if bill.state != "ISSUED" or bill.total != row.rials:
        raise RuleBroken(
            f"Only an open bill of exactly {row.rials} rials can take this money; this one is "
            f"{bill.state}, {bill.total} rials.",
            code="exception.no_fit",
        )
    subject = Subject(bill.id, bill.agency, row.order_id)
    post(context, "paid", f"{row.channel} {row.ref}", subject, ledger.applied(row.rials))
    changes.pay(context, bill, "applied")


def end(context: Context, id_: int, resolution: str, note: str) -> None:
    """End an exception by the officer who acts."""
    old_note = EXCEPTIONS.c.note
    context.conn.execute(
        update(EXCEPTIONS)
        .where(EXCEPTIONS.c.id == id_)
        .values(
            state="RESOLVED",
            resolution=resolution,
            resolved_by=context.actor,
            resolved_at=context.now,
            note=case((old_note == "", note), else_=old_note + " / " + note),
        )
    )


def reopen(conn: Connection, id_: int | None) -> None:
    """Open an exception again after its refund ended: the money still lies in suspense. None if the
    refund was of a bill.
    """
    if id_ is None:
        return
    conn.execute(
        update(EXCEPTIONS)
        .where(EXCEPTIONS.c.id == id_)
        .values(state="OPEN", resolution=None, resolved_by=None, resolved_at=None)
    )


def list_exceptions(conn: Connection) -> list[NumberedException]:
    """All open exceptions, oldest first; then the last hundred that were ended."""
    statement = select(EXCEPTIONS, BILLS.c.number).outerjoin(BILLS, BILLS.c.id == EXCEPTIONS.c.bill)
    is_open = EXCEPTIONS.c.state == "OPEN"
    opened = statement.where(is_open).order_by(EXCEPTIONS.c.id)
    ended = statement.where(~is_open).order_by(EXCEPTIONS.c.resolved_at.desc()).limit(ENDED_SHOWN)
    return [row for part in (opened, ended) for row in fetch_all(conn, NumberedException, part)]


def open_count(conn: Connection) -> int:
    """How many exceptions are open."""
    statement = select(func.count()).where(EXCEPTIONS.c.state == "OPEN")
    return int(conn.execute(statement).scalar_one())


def in_suspense(conn: Connection) -> Rials:
    """The rials of open exceptions, and of refunds of exceptions that nobody has decided yet."""
    of_exceptions = select(func.coalesce(func.sum(EXCEPTIONS.c.rials), 0)).where(
        EXCEPTIONS.c.in_suspense, EXCEPTIONS.c.state == "OPEN"
    )
    of_refunds = select(func.coalesce(func.sum(REFUNDS.c.rials), 0)).where(
        REFUNDS.c.exception.is_not(None), REFUNDS.c.state == "REQUESTED"
    )
    return sum(int(conn.execute(part).scalar_one()) for part in (of_exceptions, of_refunds))
