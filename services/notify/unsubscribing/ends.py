"""What receivers have ended by the link in an e-mail: a sender's news by one template."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.prepared import Prepared
from bus.database.rows import fetch_one
from bus.errors import NotFound
from contracts.notify.usage.unsubscriptions import NewsOfSender
from services.notify.context import Context
from services.notify.domain.content import StoredReceiver
from services.notify.tables import MESSAGES, TEMPLATES, UNSUBSCRIPTIONS
from services.notify.unsubscribing.links import PURPOSE

CODE = "receiver.unsubscribed"
_OF_RECEIVERS = Prepared(
    "unsubscriptions",
    """
    select receiver_hash, template from unsubscriptions
    where owner = %s and receiver_hash = any(cast(%s as bytea[])) and undone_at is null""",
)
_OF_MESSAGES = Prepared(
    "unsubscribed_messages",
    """
    select m.id from messages m
    join templates t on t.id = m.template
    join unsubscriptions u on u.receiver_hash = m.receiver_hash and u.owner = m.owner
        and u.template = t.code
    where m.id = any(cast(cast(%s as text[]) as uuid[])) and m.consent = 'news'
        and u.undone_at is null""",
)
_COLUMN = UNSUBSCRIPTIONS.c


@dataclass(frozen=True, slots=True)
class LinkedMessage:
    """The message of a link, and its template."""

    id: UUID
    owner: str
    channel: str
    receiver: StoredReceiver | None
    receiver_hash: bytes
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class EndedNews:
    """The end of a sender's news for one receiver; ``undone_at`` if the receiver took it back."""

    at: dt.datetime
    undone_at: dt.datetime | None


def ended_of_sender(
    conn: Connection, owner: str, hashes: Collection[bytes]
) -> set[tuple[bytes, str]]:
    """What of a sender's templates (by code) these receivers have ended."""
    rows = _OF_RECEIVERS.run(conn, owner, list(hashes))
    return {(bytes(receiver), code) for receiver, code in rows}


def ended_messages(conn: Connection, ids: Collection[UUID]) -> set[UUID]:
    """Those of these messages whose receivers have ended what they belong to."""
    if not ids:
        return set()
    return {row[0] for row in _OF_MESSAGES.run(conn, [str(id_) for id_ in ids])}


def has_ended(conn: Connection, receiver: bytes, owner: str, template: UUID) -> bool:
    """Whether a receiver has ended what a sender sends by a template."""
    code = select(TEMPLATES.c.code).where(TEMPLATES.c.id == template).scalar_subquery()
    query = select(_COLUMN.id).where(
        _COLUMN.receiver_hash == receiver,
        _COLUMN.owner == owner,
        _COLUMN.template == code,
        _COLUMN.undone_at.is_(None),
    )
    return conn.execute(query).first() is not None


def read(context: Context, token: str) -> NewsOfSender:
    """What a link ends, and whether it has. NotFound ``unsubscribe.not_found``."""
    return _reply(context, _message(context, token))


def end(context: Context, token: str) -> NewsOfSender:
    """End a sender's news for the receiver of a link; a repeat changes nothing.

    NotFound ``unsubscribe.not_found``.
    """
    message = _message(context, token)
    statement = insert(UNSUBSCRIPTIONS).values(
        receiver_hash=_receiver_hash(context, message),
        owner=message.owner,
        template=message.code,
        message=message.id,
        at=context.now,
    )
    changes = {"message": message.id, "at": context.now, "undone_at": None}
    context.conn.execute(
        statement.on_conflict_do_update(
            index_elements=[_COLUMN.receiver_hash, _COLUMN.owner, _COLUMN.template],
            set_=changes,
            where=_COLUMN.undone_at.is_not(None),
        )
    )
    return _reply(context, message)


def resume(context: Context, token: str) -> NewsOfSender:
    """Take an end back, by the receiver; a repeat changes nothing. NotFound
    ``unsubscribe.not_found``.
    """
    message = _message(context, token)
    context.conn.execute(
        update(UNSUBSCRIPTIONS)
        .where(
            _COLUMN.receiver_hash == _receiver_hash(context, message),
            _COLUMN.owner == message.owner,
            _COLUMN.template == message.code,
            _COLUMN.undone_at.is_(None),
        )
        .values(undone_at=context.now)
    )
    return _reply(context, message)


def _message(context: Context, token: str) -> LinkedMessage:
    id_ = context.keys.linked(PURPOSE, token)
    column = MESSAGES.c
    query = (
        select(
            *(column[name] for name in ("id", "owner", "channel", "receiver", "receiver_hash")),
            TEMPLATES.c.code,
            TEMPLATES.c.name,
        )
        .join(TEMPLATES, TEMPLATES.c.id == column.template)
        .where(column.id == id_, column.consent == "news")
    )
    row = None if id_ is None else fetch_one(context.conn, LinkedMessage, query)
    if row is None:
        raise _not_found()
    return row


def _receiver_hash(context: Context, message: LinkedMessage) -> bytes:
    """The hash of the address that got the e-mail; the message may have gone on by another
    channel since.
    """
    if message.channel == "email":
        return bytes(message.receiver_hash)
    address = (message.receiver or {}).get("email")
    if address is None:
        raise _not_found()
    return context.keys.receiver("email", address)


def _reply(context: Context, message: LinkedMessage) -> NewsOfSender:
    query = select(_COLUMN.at, _COLUMN.undone_at).where(
        _COLUMN.receiver_hash == _receiver_hash(context, message),
        _COLUMN.owner == message.owner,
        _COLUMN.template == message.code,
    )
    row = fetch_one(context.conn, EndedNews, query)
    ended = row is not None and row.undone_at is None
    fa, en = context.members.names(message.owner)
    return NewsOfSender(
        owner=message.owner, owner_fa=fa, owner_en=en, name=message.name, ended=ended
    )


def _not_found() -> NotFound:
    return NotFound(
        "This link ends nothing; use the one in the newest e-mail.", code="unsubscribe.not_found"
    )
