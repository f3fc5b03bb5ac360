"""What became of a colleague's proposals in any context: kept, told by e-mail, listed, read.

A proposer who is no colleague of the desk, and whoever takes an own proposal back, is told nothing.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import exists, insert, select, update

from bus.database.rows import columns, fetch_all
from bus.envelope import instant
from contracts.ticketing.colleagues import Outcome, TellProposer
from services.ticketing.accounts import staff
from services.ticketing.context import Context
from services.ticketing.notifications import colleagues
from services.ticketing.tables import PROPOSAL_OUTCOMES

MOST = 100


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """What a second person decided."""

    id: int
    matter: str
    number: str
    name: str
    accepted: bool
    decided_by: str
    why: str
    at: dt.datetime
    read_at: dt.datetime | None


def keep(context: Context, message: TellProposer) -> None:
    """Keep a decision for its proposer; by e-mail only while nothing else of this kind is unread:
    whoever has not looked yet is not written to again.
    """
    proposer = staff.of_any(context.conn, message.proposer)
    if proposer is None or message.proposer == message.decider:
        return
    table = PROPOSAL_OUTCOMES.c
    unread = exists().where(table.username == proposer.username, table.read_at.is_(None))
    is_first = not context.conn.scalar(select(unread))
    context.conn.execute(
        insert(PROPOSAL_OUTCOMES).values(
            username=proposer.username,
            matter=message.matter,
            number=message.number,
            name=message.name,
            accepted=message.accepted,
            decided_by=message.decider,
            why=message.why or "",
            at=context.now,
        )
    )
    if is_first:
        colleagues.send_mail(context, proposer.username, "outcome")


def own(context: Context) -> tuple[Outcome, ...]:
    """List what became of one's proposals, unread first, then the newest."""
    return tuple(
        Outcome(
            id=row.id,
            matter=row.matter,
            number=row.number,
            name=row.name,
            accepted=row.accepted,
            decided_by=row.decided_by,
            at=instant(row.at),
            why=row.why or None,
            unread=row.read_at is None,
        )
        for row in _rows(context, context.colleague.username)
    )


def read(context: Context, outcome: int | None = None) -> None:
    """Mark one as read, or all."""
    table = PROPOSAL_OUTCOMES.c
    statement = update(PROPOSAL_OUTCOMES).where(
        table.username == context.colleague.username, table.read_at.is_(None)
    )
    if outcome is not None:
        statement = statement.where(table.id == outcome)
    context.conn.execute(statement.values(read_at=context.now))


def _rows(context: Context, username: str) -> list[OutcomeRow]:
    table = PROPOSAL_OUTCOMES.c
    statement = (
        select(*columns(PROPOSAL_OUTCOMES, OutcomeRow))
        .where(table.username == username)
        .order_by(table.read_at.is_not(None), table.id.desc())
        .limit(MOST)
    )
    return fetch_all(context.conn, OutcomeRow, statement)
