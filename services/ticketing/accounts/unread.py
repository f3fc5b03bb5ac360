"""How much a colleague has not read yet: what happened on tickets, and of the own proposals."""

import datetime as dt

from sqlalchemy import Connection, func, select

from services.ticketing.tables import COLLEAGUE_NOTICES, PROPOSAL_OUTCOMES


def count(conn: Connection, username: str, now: dt.datetime) -> int:
    """Count a colleague's unread notices; a reminder counts from its moment on."""
    own, outcomes = COLLEAGUE_NOTICES.c, PROPOSAL_OUTCOMES.c
    on_tickets = select(func.count()).where(
        own.username == username, own.read_at.is_(None), own.at <= now
    )
    of_proposals = select(func.count()).where(
        outcomes.username == username, outcomes.read_at.is_(None)
    )
    counted = select(on_tickets.scalar_subquery() + of_proposals.scalar_subquery())
    return int(conn.execute(counted).scalar_one())
