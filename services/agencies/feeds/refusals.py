"""Why agencies were refused: what the face has noted, shown to that agency alone."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.envelope import instant

KEEP = dt.timedelta(days=30)

_ADD = text("""
    insert into refusals (agency, at, trace_id, contract, status, code, message, key, proven)
    select agency, at, trace_id, contract, status, code, message, key, proven
    from jsonb_to_recordset(cast(:told as jsonb)) as told(agency text, at timestamptz,
        trace_id text, contract text, status integer, code text, message text, key text,
        proven boolean)""")
_PAGE = text("""
    select * from refusals where agency = :agency
    and (cast(:before as bigint) is null or id < :before) order by id desc limit :limit""")


def note(conn: Connection, refusals: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Keeps what the face has refused."""
    conn.execute(_ADD, {"told": orjson.dumps(refusals).decode()})
    return {"noted": len(refusals)}


def listed(conn: Connection, agency: str, before: int | None, limit: int) -> dict[str, Any]:
    """The agency's own refusals, newest first."""
    asked = {"agency": agency, "before": before, "limit": limit + 1}
    found = conn.execute(_PAGE, asked).all()
    page = found[:limit]
    return {
        "refusals": [_told(row) for row in page],
        "next": page[-1].id if len(found) > limit else None,
    }


def _told(row: Any) -> dict[str, Any]:
    return {
        "at": instant(row.at),
        "trace_id": row.trace_id,
        "contract": row.contract,
        "status": row.status,
        "code": row.code,
        "message": row.message,
        "key": row.key,
        "proven": row.proven,
    }


def forget(conn: Connection, now: dt.datetime) -> None:
    """Deletes what is older than 30 days."""
    conn.execute(text("delete from refusals where at < :before"), {"before": now - KEEP})
