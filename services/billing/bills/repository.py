"""Rows of bills and their histories; counters without gaps."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.database.store import Tx
from bus.errors import NotFound
from iran.persian import jalali, tehran_day
from services.billing.domain import bill

BILL_IDS = "billing.bill_id"


def next_number(tx: Tx, kind: str, now: dt.datetime) -> str:
    """The next number of a Jalali year, such as 1405-000012, without gaps: who takes one holds the
    counter until its transaction ends, and gives it back by rolling back.

    Numbers that a restored database has forgotten are left out and noted in ``number_gaps``.
    """
    year = int(jalali(tehran_day(now)).split("-")[0])
    series = f"billing.{kind}.{year}"
    floor = tx.numbers.floor(series)
    last, first_forgotten = tx.conn.execute(
        _NEXT_NUMBER, {"kind": kind, "year": year, "floor": floor}
    ).one()
    if first_forgotten < last:
        gap = {"kind": kind, "year": year, "first": first_forgotten, "last": last - 1, "now": now}
        tx.conn.execute(_NOTE_GAP, gap)
    tx.numbers.give(series, last)
    return f"{year}-{last:06}"


_NEXT_NUMBER = text(
    "insert into counters as c (kind, year, last, before) values (:kind, :year, :floor + 1, 0) "
    "on conflict (kind, year) do update set before = c.last, "
    "last = greatest(c.last, :floor) + 1 returning last, before + 1"
)
_NOTE_GAP = text(
    "insert into number_gaps (kind, year, first, last, noted_at) "
    "values (:kind, :year, :first, :last, :now)"
)


def add_bill(tx: Tx, values: Mapping[str, Any]) -> int | None:
    """Adds a bill; its id, of which the bill ID is made; None if its source has one that counts."""
    tx.numbers.skip_given(BILL_IDS, "bills_id_seq")
    row = {
        **values,
        "quote": orjson.dumps(values["quote"]).decode(),
        "waiver": orjson.dumps(values["waiver"]).decode() if values["waiver"] else None,
    }
    added: int | None = tx.conn.execute(
        text(
            f"insert into bills ({', '.join(row)}) values "  # noqa: S608 - names of columns
            f"({', '.join(':' + name for name in row)}) on conflict do nothing returning id"
        ),
        row,
    ).scalar()
    if added is not None:
        tx.numbers.give(BILL_IDS, added)
    return added


def number_bill(conn: Connection, id_: int, bill_id: str, payment_id: str) -> None:
    """Gives a bill the IDs by which every bank knows it."""
    conn.execute(
        text("update bills set bill_id = :b, payment_id = :p where id = :id"),
        {"b": bill_id, "p": payment_id, "id": id_},
    )


def bill_of(conn: Connection, *, lock: bool = False, **by: Any) -> Any | None:
    """The bill whose column is the one given, such as ``number="1405-000012"``; or None."""
    ((name, value),) = by.items()
    return conn.execute(
        text(f"select * from bills where {name} = :value" + (" for update" if lock else "")),  # noqa: S608 - a name of ours
        {"value": value},
    ).one_or_none()


def bill_numbered(conn: Connection, number: str, *, lock: bool = False) -> Any:
    """The bill of that number. NotFound ``bill.not_found``."""
    row = bill_of(conn, lock=lock, number=number)
    if row is None:
        raise NotFound("There is no such bill; compare the number.", code="bill.not_found")
    return row


def bill_of_source(conn: Connection, kind: str, ref: str) -> Any | None:
    """The newest bill of a chargeable event, however it stands; None if it was never charged."""
    return conn.execute(
        text(
            "select * from bills where source_kind = :kind and source_ref = :ref "
            "order by id desc limit 1"
        ),
        {"kind": kind, "ref": ref},
    ).one_or_none()


def move(
    conn: Connection,
    row: Any,
    act: str,
    who: tuple[str, dt.datetime],
    why: str = "",
    **changes: Any,
) -> Any:
    """Moves a bill by an act, notes it in its history, and gives the row as it is now.

    RuleBroken ``bill.move`` if the bill cannot take the act. The row must be locked.
    """
    state = bill.TRANSITIONS.transition(row.state, act)
    told = {"state": state, "version": row.version + 1, **changes}
    conn.execute(
        text(
            f"update bills set {', '.join(f'{name} = :{name}' for name in told)} "  # noqa: S608 - names of columns
            "where id = :id and version = :was"
        ),
        {**told, "id": row.id, "was": row.version},
    )
    note(conn, (row.id, row.version + 1), act, who, {**changes, **({"why": why} if why else {})})
    return bill_of(conn, id=row.id)


def note(
    conn: Connection,
    what: tuple[int, int],
    act: str,
    who: tuple[str, dt.datetime],
    data: Mapping[str, Any],
) -> None:
    """One more line of a bill's history; ``what`` is its id and version."""
    conn.execute(
        text(
            "insert into bill_events (bill, version, act, at, actor, data) values "
            "(:bill, :version, :act, :at, :actor, cast(:data as jsonb))"
        ),
        {
            "bill": what[0],
            "version": what[1],
            "act": act,
            "at": who[1],
            "actor": who[0],
            "data": orjson.dumps(dict(data), default=str).decode(),
        },
    )
