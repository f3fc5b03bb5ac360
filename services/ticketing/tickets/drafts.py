"""Texts that colleagues have typed and not sent: kept sealed, each for its writer alone."""

import datetime as dt
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from bus.sealing import Seal
from services.ticketing.tables import DRAFTS, TICKET_EVENTS


class StoredDraft(NamedTuple):
    """A text for an act, and when it was saved (UTC)."""

    act: str
    text: str
    saved_at: dt.datetime


class Owner(NamedTuple):
    """Whose draft it is, and of which ticket."""

    username: str
    ticket: int


def of(conn: Connection, owner: Owner, seal: Seal) -> list[StoredDraft]:
    """List a colleague's drafts of a ticket; one that another key sealed is lost."""
    columns = (DRAFTS.c.act, DRAFTS.c.content, DRAFTS.c.saved_at)
    rows = conn.execute(select(*columns).where(*_of(owner)).order_by(DRAFTS.c.act))
    opened = ((row.act, seal.open(row.content), row.saved_at) for row in rows)
    return [StoredDraft(act, text, at) for act, text, at in opened if text]


class OthersDraft(NamedTuple):
    """That a colleague writes, and since when it is kept (UTC)."""

    username: str
    act: str
    saved_at: dt.datetime


def of_others(conn: Connection, owner: Owner, since: dt.datetime) -> list[OthersDraft]:
    """List what other colleagues have begun to write on the ticket, the newest first."""
    statement = (
        select(DRAFTS.c.username, DRAFTS.c.act, DRAFTS.c.saved_at)
        .where(
            DRAFTS.c.ticket == owner.ticket,
            DRAFTS.c.username != owner.username,
            DRAFTS.c.saved_at >= since,
        )
        .order_by(DRAFTS.c.saved_at.desc())
    )
    return [OthersDraft(*row) for row in conn.execute(statement)]


def save(conn: Connection, owner: Owner, draft: StoredDraft, seal: Seal) -> None:
    """Keep a draft in the place of the one before."""
    content = {"content": seal.close(draft.text), "saved_at": draft.saved_at}
    statement = insert(DRAFTS).values(**owner._asdict(), act=draft.act, **content)
    keys = [DRAFTS.c.username, DRAFTS.c.ticket, DRAFTS.c.act]
    conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=content))


def forget(conn: Connection, owner: Owner, act: str) -> None:
    """Delete the draft of an act: it was sent, or is wanted no more."""
    conn.execute(delete(DRAFTS).where(*_of(owner), DRAFTS.c.act == act))


def was_sent(conn: Connection, ticket: int, message_id: str) -> bool:
    """True if the form of that message has acted: what arrives of its draft comes too late."""
    statement = select(TICKET_EVENTS.c.seq).where(
        TICKET_EVENTS.c.ticket == ticket, TICKET_EVENTS.c.message_id == message_id
    )
    return conn.execute(statement.limit(1)).scalar() is not None


def _of(owner: Owner) -> tuple[ColumnElement[bool], ...]:
    return (DRAFTS.c.username == owner.username, DRAFTS.c.ticket == owner.ticket)
