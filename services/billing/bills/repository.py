"""Rows of bills and their histories."""

import datetime as dt
from collections.abc import Sequence
from typing import TypedDict, Unpack

from sqlalchemy import ColumnElement, Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from bus.database.rows import fetch_one, fetch_only
from bus.database.store import Tx
from bus.errors import NotFound
from services.billing.context import Context
from services.billing.domain.bill import TRANSITIONS, BillAct, BillState, Reminded, Waiver
from services.billing.domain.money import Rials
from services.billing.domain.quote import Quote
from services.billing.rows import BillRow
from services.billing.tables import BILL_EVENTS, BILLS

BILL_IDS = "billing.bill_id"


class NewBill(TypedDict):
    """The columns of a new bill; ``waived`` and ``total`` in rials."""

    number: str
    state: BillState
    source_kind: str
    source_ref: str
    service: str
    agency: str | None
    file_no: str | None
    requested_on: dt.date
    issued_at: dt.datetime
    due_on: dt.date
    expires_on: dt.date | None
    quote: Quote
    waiver: Waiver | None
    waived: Rials
    total: Rials
    paid_at: dt.datetime | None
    paid_by: str | None
    replaces: str | None
    of_register: bool


class BillChanges(TypedDict, total=False):
    """The columns that an act may change beside the state."""

    paid_at: dt.datetime
    paid_by: str
    receipt: str
    waived: Rials
    total: Rials
    waiver: Waiver
    refunded: Rials
    reminded: Reminded
    reminders: int
    reminded_on: dt.date
    held: str
    credit_note: str


def add(tx: Tx, **values: Unpack[NewBill]) -> int | None:
    """Add a bill; its id, of which the bill ID is made; None if its source has one that counts."""
    tx.numbers.skip_given(BILL_IDS, "bills_id_seq")
    statement = upsert(BILLS).values(**values).on_conflict_do_nothing()
    id_: int | None = tx.conn.execute(statement.returning(BILLS.c.id)).scalar()
    if id_ is not None:
        tx.numbers.give(BILL_IDS, id_)
    return id_


def set_ids(conn: Connection, id_: int, bill_id: str, payment_id: str) -> None:
    """Give a bill the IDs by which every bank knows it."""
    conn.execute(
        update(BILLS).where(BILLS.c.id == id_).values(bill_id=bill_id, payment_id=payment_id)
    )


def get(conn: Connection, id_: int, *, lock: bool = False) -> BillRow:
    """The bill with that id, which must exist."""
    row = _select(conn, BILLS.c.id == id_, lock=lock)
    assert row is not None
    return row


def by_bill_id(conn: Connection, bill_id: str, *, lock: bool = False) -> BillRow | None:
    """The bill with that bill ID (without zeros on the left), or None."""
    return _select(conn, BILLS.c.bill_id == bill_id, lock=lock)


def by_number(conn: Connection, number: str, *, lock: bool = False) -> BillRow:
    """The bill with that number. Raises NotFound ``bill.not_found``."""
    row = _select(conn, BILLS.c.number == number, lock=lock)
    if row is None:
        raise NotFound("There is no such bill; compare the number.", code="bill.not_found")
    return row


def _select(conn: Connection, condition: ColumnElement[bool], *, lock: bool) -> BillRow | None:
    statement = select(BILLS).where(condition)
    return fetch_one(conn, BillRow, statement.with_for_update() if lock else statement)


def newest_of_source(conn: Connection, kind: str, ref: str) -> BillRow | None:
    """The newest bill of a chargeable event in any state; None if it was never charged."""
    statement = select(BILLS).where(BILLS.c.source_kind == kind, BILLS.c.source_ref == ref)
    return fetch_one(conn, BillRow, statement.order_by(BILLS.c.id.desc()).limit(1))


def replacements(conn: Connection, numbers: Sequence[str]) -> dict[str, str]:
    """Which newest bill stands for each of these, by their numbers."""
    statement = select(BILLS.c.replaces, BILLS.c.number).where(BILLS.c.replaces.in_(numbers))
    rows = conn.execute(statement.order_by(BILLS.c.id))
    return {row.replaces: row.number for row in rows}


def ended_at(conn: Connection, row: BillRow) -> dt.datetime:
    """When a void or expired bill ended: the moment of the last line of its history, which nothing
    follows.
    """
    statement = select(BILL_EVENTS.c.at).where(
        BILL_EVENTS.c.bill == row.id, BILL_EVENTS.c.version == row.version
    )
    moment: dt.datetime = conn.execute(statement).scalar_one()
    return moment


def move(
    context: Context, row: BillRow, act: BillAct, reason: str = "", **changes: Unpack[BillChanges]
) -> BillRow:
    """Move a bill by an act, note it in its history, and return the row as it is now.

    The row must be locked. Raises RuleBroken ``bill.move`` if the bill cannot take the act.
    """
    state, version = TRANSITIONS.transition(row.state, act), row.version + 1
    statement = (
        update(BILLS)
        .where(BILLS.c.id == row.id, BILLS.c.version == row.version)
        .values(state=state, version=version, **changes)
        .returning(BILLS)
    )
    changed = fetch_only(context.conn, BillRow, statement)
    note(context, changed, act, {**changes, **({"why": reason} if reason else {})})
    return changed


def note(context: Context, row: BillRow, act: BillAct, data: dict[str, object]) -> None:
    """Add a line to a bill's history, at the version of the row."""
    context.conn.execute(
        insert(BILL_EVENTS).values(
            bill=row.id,
            version=row.version,
            act=act,
            at=context.now,
            actor=context.actor,
            data=data,
        )
    )
