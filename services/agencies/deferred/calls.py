"""Calls that are answered later: kept, shown to their agency, taken back, forgotten."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.database.store import Tx
from bus.envelope import instant
from bus.errors import Conflict, Internal, NotFound, TooMany
from bus.sealing import Seal
from contracts import CATALOGUE, Request
from services.agencies.callers import agency_of
from services.agencies.domain import calls

_LOCK = text("select pg_advisory_xact_lock(hashtext('calls of ' || :agency))")
_OPEN = text("select count(*) from calls where agency = :agency and due_at is not null")
_ADD = text("""
    insert into calls (id, agency, contract, state, caller, traceparent, call_back, data,
        lease_seconds, made_at, until, due_at)
    values (:id, :agency, :contract, 'ACCEPTED', cast(:caller as jsonb), :traceparent, :call_back,
        :data, :lease, :now, :until, :now)
    on conflict (id) do nothing""")
_GET = text("select * from calls where id = :id and agency = :agency")
_PAGE = text("""
    select * from calls where agency = :agency
    and (cardinality(cast(:states as text[])) = 0 or state = any(:states))
    and (cast(:before as bigint) is null or seq < :before)
    order by seq desc limit :limit""")
_CANCEL = text("""
    update calls set state = 'CANCELLED', data = null, due_at = null, settled_at = :now
    where id = :id and agency = :agency and state = 'ACCEPTED'""")


def accept(tx: Tx, now: dt.datetime, seal: Seal, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Keeps a call, a Defer of contracts/agencies/deferred.py, and is a Call.

    TooMany ``calls.too_many`` if the agency has as many open as it may; NotFound
    ``contract.unknown`` if the face is of a newer release than this.
    """
    caller, message = agency_of(tx.message), tx.message
    agency, contract = caller["agency"], CATALOGUE.get(asked["contract"])
    assert message is not None
    if not isinstance(contract, Request):
        raise NotFound("There is no such contract for agencies.", code="contract.unknown")
    tx.conn.execute(_LOCK, {"agency": agency})
    if tx.conn.execute(_OPEN, {"agency": agency}).scalar_one() >= calls.MOST_OPEN:
        raise TooMany(
            f"{calls.MOST_OPEN} calls of your agency wait already; send more when some are done.",
            code="calls.too_many",
        )
    tx.conn.execute(
        _ADD,
        {
            "id": message.id, "agency": agency, "contract": contract.name,
            "caller": orjson.dumps(caller).decode(), "traceparent": message.traceparent,
            "call_back": asked["call_back"],
            "data": seal.close(orjson.dumps(asked["data"]).decode()),
            "lease": calls.lease(contract.deadline), "now": now, "until": now + calls.TRY_FOR,
        },
    )  # fmt: skip
    return told(_get(tx.conn, agency, message.id))


def read(conn: Connection, seal: Seal, agency: str, id_: str) -> dict[str, Any]:
    """A CallWithAnswer. NotFound ``call.not_found``."""
    row = _get(conn, agency, id_)
    answer = {"result": None, "problem": None}
    if row.answer is not None:
        opened = seal.open(row.answer)
        if opened is None:
            raise Internal("The answer was sealed with another AGENCIES_KEY than ours.")
        answer |= orjson.loads(opened)
    return {**told(row), **answer}


def listed(conn: Connection, agency: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A Calls, newest first."""
    rows = conn.execute(_PAGE, {**asked, "agency": agency, "limit": asked["limit"] + 1}).all()
    page = rows[: asked["limit"]]
    return {
        "calls": [told(row) for row in page],
        "next": page[-1].seq if len(rows) > len(page) else None,
    }


def cancel(conn: Connection, now: dt.datetime, agency: str, id_: str) -> dict[str, Any]:
    """Takes a call back, and is a Call. NotFound ``call.not_found``; Conflict ``call.begun``."""
    conn.execute(_CANCEL, {"id": id_, "agency": agency, "now": now})
    row = _get(conn, agency, id_)
    if row.state != "CANCELLED":
        raise Conflict(f"The call is {row.state}; it can be taken back no more.", code="call.begun")
    return told(row)


def forget(conn: Connection, now: dt.datetime) -> None:
    """Deletes what was settled more than 30 days ago."""
    conn.execute(text("delete from calls where settled_at < :before"), {"before": now - calls.KEEP})


def told(row: Any) -> dict[str, Any]:
    """A Call."""
    return {
        "id": row.id,
        "contract": row.contract,
        "state": row.state,
        "made_at": instant(row.made_at),
        "settled_at": instant(row.settled_at),
    }


def _get(conn: Connection, agency: str, id_: str) -> Any:
    row = conn.execute(_GET, {"id": id_, "agency": agency}).one_or_none()
    if row is None:
        raise NotFound("Your agency has no such call.", code="call.not_found")
    return row
