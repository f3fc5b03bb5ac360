"""Refused requests: recorded by the agency face, and shown to the agency alone."""

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from bus.database.rows import columns, fetch_all, page
from bus.envelope import instant
from services.agencies.tables import REFUSALS, RefusalRow

KEEP = dt.timedelta(days=30)


def add_refusals(conn: Connection, refusals: Sequence[Mapping[str, object]]) -> None:
    """Record requests that the face has refused, each a NotedRefusal."""
    conn.execute(
        insert(REFUSALS),
        [
            {
                "agency": refusal["agency"],
                "at": dt.datetime.fromisoformat(str(refusal["at"])),
                "trace_id": refusal["trace_id"],
                "contract": refusal["contract"],
                "status": refusal["status"],
                "code": refusal["code"],
                "message": refusal["message"],
                "key": refusal["key"],
                "proven": refusal["proven"],
            }
            for refusal in refusals
        ],
    )


def refusals_of(
    conn: Connection, agency: str, before: int | None, limit: int
) -> tuple[Sequence[RefusalRow], int | None]:
    """A page of an agency's refused requests, newest first, and where the next page begins."""
    statement = (
        select(*columns(REFUSALS, RefusalRow))
        .where(REFUSALS.c.agency == agency)
        .order_by(REFUSALS.c.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(REFUSALS.c.id < before)
    rows, has_more = page(fetch_all(conn, RefusalRow, statement), limit)
    return rows, rows[-1].id if has_more else None


def refusal_reply(row: RefusalRow) -> Mapping[str, object]:
    """A Refusal."""
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
    """Delete refusals that are older than 30 days."""
    conn.execute(delete(REFUSALS).where(REFUSALS.c.at < now - KEEP))
