"""Rows of bills and their histories; counters without gaps."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.errors import NotFound
from bus.persian import jalali, tehran_day
from services.billing.domain import bill


def next_number(conn: Connection, kind: str, now: dt.datetime) -> str:
    """The next number of a Jalali year, such as 1405-000012, without gaps: who takes one holds the
    counter until its transaction ends, and gives it back by rolling back.
    """
    year = int(jalali(tehran_day(now)).split("-")[0])
    last = conn.execute(
        text(
            "insert into counters (kind, year, last) values (:kind, :year, 1) on conflict "
            "(kind, year) do update set last = counters.last + 1 returning last"
        ),
        {"kind": kind, "year": year},
    ).scalar_one()
    return f"{year}-{last:06}"


def add_bill(conn: Connection, values: Mapping[str, Any]) -> int | None:
    """Adds a bill; its id, or None if its source has one that counts."""
    row = {
        **values,
        "quote": orjson.dumps(values["quote"]).decode(),
        "waiver": orjson.dumps(values["waiver"]).decode() if values["waiver"] else None,
    }
    added: int | None = conn.execute(
        text(
            f"insert into bills ({', '.join(row)}) values "  # noqa: S608 - names of columns
            f"({', '.join(':' + name for name in row)}) on conflict do nothing returning id"
        ),
        row,
    ).scalar()
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
    state = bill.moved(row.state, act)
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
