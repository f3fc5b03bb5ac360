"""Idempotent Receiver: each handled message is stored with its reply in the same transaction."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, delete, func, select, text

from bus.database.tables import INBOX
from bus.wire import Wire

KEEP_DAYS = 30


class Done(NamedTuple):
    """A message handled before: the digest of its content and the wire form of its reply."""

    digest: bytes
    reply: Wire | None


def digest(data: Mapping[str, object]) -> bytes:
    """SHA-256 of the content, independent of the order of its members."""
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).digest()


_SEEN = select(INBOX.c.message_id, INBOX.c.digest, INBOX.c.reply).where(
    INBOX.c.consumer == func.any(bindparam("consumers")),
    INBOX.c.message_id == func.any(bindparam("ids")),
)


def find_done(conn: Connection, consumers: Iterable[str], ids: Iterable[str]) -> dict[str, Done]:
    """Find which of these messages were handled already under one of these names, by id."""
    rows = conn.execute(_SEEN, {"consumers": list(consumers), "ids": list(ids)})
    return {
        row.message_id: Done(bytes(row.digest), orjson.loads(row.reply) if row.reply else None)
        for row in rows
    }


# Several rows of three arrays at once; a row that is there already is left as it is.
_REMEMBER = text("""
    insert into inbox (consumer, message_id, digest, reply)
    select :consumer, id, digest, reply
    from unnest(cast(:ids as text[]), cast(:digests as bytea[]), cast(:replies as bytea[]))
        as done(id, digest, reply)
    on conflict do nothing""")


def remember(
    conn: Connection, consumer: str, done: Mapping[str, tuple[bytes, Wire | None]]
) -> bool:
    """Store handled messages; False if another transaction stored one first (then roll back)."""
    # In one order, so that two transactions with the same messages wait and never lock each other.
    rows = sorted(done.items())
    values = {
        "consumer": consumer,
        "ids": [id_ for id_, _ in rows],
        "digests": [digest_ for _, (digest_, _) in rows],
        "replies": [orjson.dumps(reply) if reply is not None else None for _, (_, reply) in rows],
    }
    return conn.execute(_REMEMBER, values).rowcount == len(rows)


def forget_old(conn: Connection) -> int:
    """Delete rows older than 30 days; return how many."""
    old = INBOX.c.at < func.now() - dt.timedelta(days=KEEP_DAYS)
    return conn.execute(delete(INBOX).where(old)).rowcount
