"""Calls that are answered later: claimed by the faces that run them, and settled by them.

A claim is a lease: ``due_at`` lies behind it, and who runs a call for longer, or died, loses it to
the next. ``due_at`` is also when the pause after a try in vain is over.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.database.store import Tx
from bus.envelope import instant
from bus.errors import NotFound
from bus.sealing import Seal
from contracts.notify.callbacks import CALL_BACK
from services.agencies.domain import calls

_CLAIM = text("""
    update calls set state = 'RUNNING', tries = tries + 1,
        due_at = :now + make_interval(secs => lease_seconds)
    where seq in (
        select seq from calls join (
            select seq, row_number() over (partition by agency order by due_at) as turn
            from calls where due_at <= :now
        ) due using (seq)
        where due_at <= :now order by turn, due_at limit :limit for update of calls skip locked
    )
    returning *""")
_LOCK = text("select * from calls where id = :id for update")
_AGAIN = text("update calls set due_at = :due where seq = :seq")
_SETTLE = text("""
    update calls set state = :state, answer = :answer, data = null, due_at = null,
        settled_at = :now
    where seq = :seq""")


def claim(conn: Connection, now: dt.datetime, seal: Seal, limit: int) -> dict[str, Any]:
    """A ClaimedCalls: those that are due longest, of all agencies in turn, each for one runner."""
    rows = conn.execute(_CLAIM, {"now": now, "limit": limit}).all()
    return {"calls": [_claimed(row, seal) for row in sorted(rows, key=lambda row: row.seq)]}


def _claimed(row: Any, seal: Seal) -> dict[str, Any]:
    data = seal.open(row.data)
    return {
        "id": row.id,
        "contract": row.contract,
        "data": orjson.loads(data) if data is not None else None,
        "caller": row.caller,
        "traceparent": row.traceparent,
        "tries": row.tries,
        "until": instant(row.until),
    }


def settle(tx: Tx, now: dt.datetime, seal: Seal, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Keeps what became of a call, a SettleCall, and tells its agency if it wants that.

    The first end is the end, whoever brings it: all runners ask by the same id and are told the
    same. NotFound ``call.not_found``.
    """
    row = tx.conn.execute(_LOCK, {"id": asked["id"]}).one_or_none()
    if row is None:
        raise NotFound("There is no such call.", code="call.not_found")
    if row.due_at is None:
        return {"state": row.state}
    state = asked["state"]
    if state == "AGAIN":
        if asked["tries"] != row.tries:  # somebody else has it now
            return {"state": row.state}
        due = calls.again_at(now, row.tries, row.until)
        if due is not None:
            tx.conn.execute(_AGAIN, {"seq": row.seq, "due": due})
            return {"state": row.state}
        state = "FAILED"
    answer = {name: asked[name] for name in ("result", "problem")}
    sealed = seal.close(orjson.dumps(answer).decode())
    tx.conn.execute(_SETTLE, {"seq": row.seq, "state": state, "answer": sealed, "now": now})
    if row.call_back:
        _tell(tx, row, state)
    return {"state": state}


def _tell(tx: Tx, row: Any, state: str) -> None:
    told = {"id": row.id, "contract": row.contract, "state": state, "link": f"/v1/calls/{row.id}"}
    tx.send(CALL_BACK, agency=row.agency, type="call.settled", id=row.id, data=told)
