"""Rows of attempts to pay, and their histories."""

import datetime as dt
from typing import TypedDict, Unpack

from sqlalchemy import ColumnElement, Connection, insert, select, update

from bus.database.chores import is_due
from bus.database.rows import fetch_all, fetch_one, fetch_only
from services.billing.context import Context
from services.billing.domain.money import Rials
from services.billing.domain.payment import (
    TRANSITIONS,
    Outcome,
    PayerRedirect,
    PaymentAct,
    PaymentState,
)
from services.billing.rows import BillRow, PaymentRow
from services.billing.tables import PAYMENT_EVENTS, PAYMENTS

ORPHAN_AFTER = dt.timedelta(seconds=60)
GRACE = dt.timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = 5, 900
NEVER, A_LIFE = dt.timedelta(days=36500), dt.timedelta(days=3650)
# No bank's window is longer.
LONGEST_WAIT = dt.timedelta(hours=1)
ORDERS = "billing.order_id"
AT_ONCE = 100
NOT_SWEPT: tuple[PaymentState, ...] = ("SETTLED", "FAILED", "EXPIRED", "REVERSED")


class PaymentChanges(TypedDict, total=False):
    """The columns that an act may change beside the state; ``amount_verified`` in rials."""

    token: str
    redirect: PayerRedirect
    ref: str | None
    rrn: str
    trace: str
    card: str
    card_hash: str
    terminal: str
    amount_verified: Rials
    verified_at: dt.datetime
    window_until: dt.datetime
    next_at: dt.datetime
    tries: int


def add(context: Context, request: str, bill: BillRow, psp: str) -> PaymentRow:
    """Add an attempt to pay the whole of a bill; ``request`` is the id of the message."""
    numbers = context.tx.numbers
    numbers.skip_given(ORDERS, "payments_order_id_seq")
    statement = insert(PAYMENTS).values(
        request=request,
        bill=bill.id,
        psp=psp,
        state="CREATED",
        amount=bill.total,
        started_at=context.now,
        next_at=context.now + ORPHAN_AFTER,
    )
    row = fetch_only(context.conn, PaymentRow, statement.returning(PAYMENTS))
    numbers.give(ORDERS, row.order_id)
    _note(context, row, "create", {"amount": bill.total})
    return row


def get(conn: Connection, order_id: int, *, lock: bool = False) -> PaymentRow | None:
    """The attempt of that order, or None."""
    statement = select(PAYMENTS).where(PAYMENTS.c.order_id == order_id)
    return fetch_one(conn, PaymentRow, statement.with_for_update() if lock else statement)


def lock_in_state(conn: Connection, order_id: int, state: PaymentState) -> PaymentRow | None:
    """The locked attempt of that order if it is in that state, else None."""
    row = get(conn, order_id, lock=True)
    return row if row is not None and row.state == state else None


def of_request(conn: Connection, request: str) -> PaymentRow | None:
    """The attempt that the message with that id began, or None."""
    return _select(conn, PAYMENTS.c.request == request)


def of_ref(conn: Connection, psp: str, ref: str) -> PaymentRow | None:
    """The attempt with that number of the bank, or None."""
    return _select(conn, (PAYMENTS.c.psp == psp) & (PAYMENTS.c.ref == ref))


def _select(conn: Connection, condition: ColumnElement[bool]) -> PaymentRow | None:
    return fetch_one(conn, PaymentRow, select(PAYMENTS).where(condition))


def of_bill(conn: Connection, bill: int) -> list[PaymentRow]:
    """All attempts of a bill, oldest first."""
    statement = select(PAYMENTS).where(PAYMENTS.c.bill == bill).order_by(PAYMENTS.c.order_id)
    return fetch_all(conn, PaymentRow, statement)


def move(
    context: Context,
    order_id: int,
    act: PaymentAct,
    psp_code: str = "",
    **changes: Unpack[PaymentChanges],
) -> PaymentRow:
    """Move an attempt by an act, note it with the bank's own code, and return it as it is now.

    The row must be locked or new. Raises RuleBroken ``payment.move`` if it cannot take the act.
    """
    row = get(context.conn, order_id, lock=True)
    assert row is not None
    state = TRANSITIONS.transition(row.state, act)
    statement = (
        update(PAYMENTS)
        .where(PAYMENTS.c.order_id == order_id)
        .values(state=state, version=row.version + 1, **changes)
    )
    moved = fetch_only(context.conn, PaymentRow, statement.returning(PAYMENTS))
    _note(context, moved, act, {"psp_code": psp_code})
    return moved


def _note(context: Context, row: PaymentRow, act: PaymentAct, data: dict[str, object]) -> None:
    context.conn.execute(
        insert(PAYMENT_EVENTS).values(
            order_id=row.order_id,
            version=row.version,
            act=act,
            state=row.state,
            at=context.now,
            data=data,
        )
    )


def claim(context: Context, order_id: int, lease: dt.timedelta) -> PaymentRow | None:
    """Reserve an attempt for this process for the time of a lease, to ask the bank about it; None
    if there is nothing to ask now, or another process is asking.
    """
    row = get(context.conn, order_id, lock=True)
    if row is None or context.now < row.next_at <= context.now + LONGEST_WAIT:
        return None
    until = context.now + lease
    if row.state in ("RETURNED", "UNKNOWN", "VERIFYING"):
        return move(context, order_id, "verify", next_at=until, tries=row.tries + 1)
    if row.state in ("VERIFIED", "REVERSING"):
        postpone(context.conn, order_id, until)
        return row
    return None


def retry_at(row: PaymentRow, now: dt.datetime) -> dt.datetime:
    """When the bank is asked next: soon at first, every quarter of an hour at last."""
    return now + dt.timedelta(seconds=min(FIRST_PAUSE * 2 ** min(row.tries, 10), LONGEST_PAUSE))


def postpone(conn: Connection, order_id: int, until: dt.datetime) -> None:
    """Leave an attempt alone until a moment, and count one more try."""
    conn.execute(
        update(PAYMENTS)
        .where(PAYMENTS.c.order_id == order_id)
        .values(next_at=until, tries=PAYMENTS.c.tries + 1)
    )


def expire(context: Context, row: PaymentRow) -> None:
    """End an attempt after the bank's time: an open one expires, a cancelled one stays so."""
    if TRANSITIONS.allows(row.state, "expire"):
        move(context, row.order_id, "expire")
    else:
        postpone(context.conn, row.order_id, context.now + NEVER)


def set_outcome(conn: Connection, order_id: int, outcome: Outcome) -> None:
    """Note where the money of an attempt ended."""
    statement = update(PAYMENTS).where(PAYMENTS.c.order_id == order_id)
    conn.execute(statement.values(outcome=outcome))


def set_file_row(conn: Connection, order_id: int, file_row: int) -> None:
    """Note the row of a bank's file that brought the money to our account."""
    statement = update(PAYMENTS).where(PAYMENTS.c.order_id == order_id)
    conn.execute(statement.values(file_row=file_row))


def due(conn: Connection, now: dt.datetime) -> list[PaymentRow]:
    """The attempts that need work now, the longest waiting first."""
    statement = select(PAYMENTS).where(
        is_due(PAYMENTS.c.next_at, longest=LONGEST_WAIT, now=now),
        PAYMENTS.c.next_at < now + A_LIFE,
        PAYMENTS.c.state.not_in(NOT_SWEPT),
    )
    return fetch_all(conn, PaymentRow, statement.order_by(PAYMENTS.c.next_at).limit(AT_ONCE))
