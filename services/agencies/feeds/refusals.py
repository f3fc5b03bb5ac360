"""Refused requests: recorded by the agency face, and shown to the agency alone."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from bus.database.paging import Page, page
from bus.database.rows import columns, fetch_all
from bus.envelope import instant
from contracts.agencies.hearing import NotedRefusal, Refusal
from people import retention
from services.agencies.tables import REFUSALS, RefusalRow

KEEP = retention.span("agency_feeds")


def add_refusals(conn: Connection, refusals: Sequence[NotedRefusal]) -> None:
    """Record requests that the face has refused."""
    conn.execute(
        insert(REFUSALS),
        [
            {
                "agency": refusal.agency,
                "at": dt.datetime.fromisoformat(refusal.at),
                "trace_id": refusal.trace_id,
                "contract": refusal.contract,
                "status": refusal.status,
                "code": refusal.code,
                "message": refusal.message,
                "key": refusal.key,
                "proven": refusal.proven,
            }
            for refusal in refusals
        ],
    )


def refusals_of(conn: Connection, agency: str, before: int | None, limit: int) -> Page[RefusalRow]:
    """A page of an agency's refused requests, newest first; ``id`` is its key."""
    statement = (
        select(*columns(REFUSALS, RefusalRow))
        .where(REFUSALS.c.agency == agency)
        .order_by(REFUSALS.c.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(REFUSALS.c.id < before)
    return page(fetch_all(conn, RefusalRow, statement), limit)


def refusal_reply(row: RefusalRow) -> Refusal:
    """A refused request as its agency reads it."""
    return Refusal(
        at=instant(row.at),
        trace_id=row.trace_id,
        contract=row.contract,
        status=row.status,
        code=row.code,
        message=row.message,
        key=row.key,
        proven=row.proven,
    )


def forget(conn: Connection, now: dt.datetime) -> None:
    """Delete refusals that are older than 30 days."""
    conn.execute(delete(REFUSALS).where(REFUSALS.c.at < now - KEEP))
