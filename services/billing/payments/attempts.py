"""Rows of attempts to pay, and their histories."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.database.store import Tx
from services.billing.domain import payment

ORPHAN_AFTER = dt.timedelta(seconds=60)
GRACE = dt.timedelta(minutes=5)
FIRST_PAUSE, LONGEST_PAUSE = 5, 900
ORDERS = "billing.order_id"
BY_ORDER = "select * from payments where order_id = :id"


def add(tx: Tx, request: str, bill: Any, psp: str, now: dt.datetime) -> Any:
    """A new attempt for the whole of a bill; ``request`` is the id of the asking message."""
    tx.numbers.skip_given(ORDERS, "payments_order_id_seq")
    row = tx.conn.execute(
        text(
            "insert into payments (request, bill, psp, state, amount, started_at, next_at) values "
            "(:request, :bill, :psp, 'CREATED', :amount, :now, :next) returning *"
        ),
        {
            "request": request, "bill": bill.id, "psp": psp, "amount": bill.total, "now": now,
            "next": now + ORPHAN_AFTER,
        },
    ).one()  # fmt: skip
    tx.numbers.give(ORDERS, row.order_id)
    _note(tx.conn, row, "create", now, {"amount": bill.total})
    return row


def get(conn: Connection, order_id: int, *, lock: bool = False) -> Any | None:
    """The attempt of that order, or None."""
    return conn.execute(
        text(BY_ORDER + " for update" if lock else BY_ORDER),
        {"id": order_id},
    ).one_or_none()


def of_request(conn: Connection, request: str) -> Any | None:
    """The attempt that a message began, if it did."""
    return conn.execute(
        text("select * from payments where request = :r"),
        {"r": request},
    ).one_or_none()


def of_bill(conn: Connection, bill: int) -> Sequence[Any]:
    """All attempts of a bill."""
    return conn.execute(
        text("select * from payments where bill = :bill order by order_id"),
        {"bill": bill},
    ).all()


def of_ref(conn: Connection, psp: str, ref: str) -> Any | None:
    """The attempt that bears the bank's number, if one does."""
    return conn.execute(
        text("select * from payments where psp = :psp and ref = :ref"),
        {"psp": psp, "ref": ref},
    ).one_or_none()


def move(conn: Connection, order_id: int, act: str, now: dt.datetime, **changes: Any) -> Any:
    """Moves an attempt by an act, notes it, and gives it as it is now. RuleBroken
    ``payment.move`` if it cannot take the act. The row must be locked or new.
    """
    row = get(conn, order_id, lock=True)
    assert row is not None
    note = {"psp_code": changes.pop("psp_code", "")}
    told = {
        "state": payment.TRANSITIONS.transition(row.state, act),
        "version": row.version + 1,
        **changes,
    }
    if "redirect" in told:
        told["redirect"] = orjson.dumps(told["redirect"]).decode()
    conn.execute(
        text(
            f"update payments set {', '.join(f'{name} = :{name}' for name in told)} "  # noqa: S608 - names of columns
            "where order_id = :order_id"
        ),
        {**told, "order_id": order_id},
    )
    moved = get(conn, order_id)
    _note(conn, moved, act, now, note)
    return moved


def _note(conn: Connection, row: Any, act: str, now: dt.datetime, data: dict[str, Any]) -> None:
    conn.execute(
        text(
            "insert into payment_events (order_id, version, act, state, at, data) values "
            "(:order, :version, :act, :state, :at, cast(:data as jsonb))"
        ),
        {
            "order": row.order_id, "version": row.version, "act": act, "state": row.state,
            "at": now, "data": orjson.dumps(data).decode(),
        },
    )  # fmt: skip


def claim(conn: Connection, order_id: int, now: dt.datetime, lease: dt.timedelta) -> Any | None:
    """The attempt, for a minute this process's to ask the bank about; None if there is nothing to
    ask now, or somebody else is asking.
    """
    row = get(conn, order_id, lock=True)
    if row is None or row.next_at > now:
        return None
    if row.state in ("RETURNED", "UNKNOWN", "VERIFYING"):
        return move(conn, order_id, "verify", now, next_at=now + lease, tries=row.tries + 1)
    if row.state in ("VERIFIED", "REVERSING"):
        postpone(conn, order_id, now + lease)
        return row
    return None


def again(row: Any, now: dt.datetime) -> dt.datetime:
    """When the bank is asked next: soon at first, every quarter of an hour at last."""
    return now + dt.timedelta(seconds=min(FIRST_PAUSE * 2 ** min(row.tries, 10), LONGEST_PAUSE))


def postpone(conn: Connection, order_id: int, until: dt.datetime) -> None:
    """Leaves an attempt alone until a moment, and counts one more try."""
    conn.execute(
        text("update payments set next_at = :until, tries = tries + 1 where order_id = :id"),
        {"until": until, "id": order_id},
    )


def let_go(conn: Connection, row: Any, now: dt.datetime) -> None:
    """The bank's time is over: an open attempt has expired, a cancelled one stays cancelled."""
    if payment.TRANSITIONS.allows(row.state, "expire"):
        move(conn, row.order_id, "expire", now)
    else:
        postpone(conn, row.order_id, now + dt.timedelta(days=36500))


def note_outcome(conn: Connection, order_id: int, outcome: str) -> None:
    """What became of the money: paid, suspended or given_back."""
    conn.execute(
        text("update payments set outcome = :outcome where order_id = :id"),
        {"outcome": outcome, "id": order_id},
    )


def note_file_row(conn: Connection, order_id: int, file_row: int) -> None:
    """Which row of a bank's file brought the money to our account."""
    conn.execute(
        text("update payments set file_row = :row where order_id = :id"),
        {"row": file_row, "id": order_id},
    )


def due(conn: Connection, now: dt.datetime) -> Sequence[Any]:
    """Attempts that something has to be done about now."""
    return conn.execute(
        text(
            "select * from payments where next_at <= :now "
            "and state not in ('SETTLED', 'FAILED', 'EXPIRED', 'REVERSED') "
            "order by next_at limit 100"
        ),
        {"now": now},
    ).all()
