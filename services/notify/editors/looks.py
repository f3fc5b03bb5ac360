"""The log of looks: who read personal data of which messages, and for what reason."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from bus.database import paging
from bus.database.rows import fetch_all
from bus.envelope import instant
from contracts.notify.desk import Looks
from services.notify.context import Context
from services.notify.tables import LOOKS


@dataclass(frozen=True, slots=True)
class LookRow:
    """A look at personal data: the editor, the reason given, and what was looked at."""

    id: int
    at: dt.datetime
    actor: str
    reason: str
    subject: Mapping[str, object]


def note(context: Context, actor: str, reason: str, subject: Mapping[str, object]) -> None:
    """Write a look down for good; ``subject`` holds nothing personal."""
    context.conn.execute(
        insert(LOOKS).values(at=context.now, actor=actor, reason=reason, subject=subject)
    )


def page(conn: Connection, before: int | None, limit: int) -> Looks:
    """The looks, newest first."""
    query = select(LOOKS)
    if before is not None:
        query = query.where(LOOKS.c.id < before)
    rows = fetch_all(conn, LookRow, query.order_by(LOOKS.c.id.desc()).limit(limit + 1))
    shown = paging.page(rows, limit)
    return Looks(
        looks=tuple(
            {
                "id": row.id,
                "at": instant(row.at),
                "who": row.actor,
                "why": row.reason,
                "what": row.subject,
            }
            for row in shown.rows
        ),
        next=shown.next(lambda row: row.id),
    )
