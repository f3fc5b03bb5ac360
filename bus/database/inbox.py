"""Idempotent Receiver: each handled message is stored with its reply in the same transaction."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson
import psycopg2
from sqlalchemy import Connection, delete, func
from sqlalchemy.exc import IntegrityError

from bus.database.prepared import Prepared, Writer
from bus.database.tables import INBOX
from bus.errors import Unavailable
from bus.wire import Wire

KEEP_DAYS = 30
KEY = "inbox_pkey"


class Done(NamedTuple):
    """A message handled before: the digest of its content and the wire form of its reply."""

    digest: bytes
    reply: Wire | None


def digest(data: Mapping[str, object]) -> bytes:
    """SHA-256 of the content, independent of the order of its members."""
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).digest()


_SEEN = Prepared(
    "inbox_seen",
    """
    select message_id, digest, reply from inbox
    where consumer = any(cast(%s as text[])) and message_id = any(cast(%s as text[]))""",
)


def find_done(conn: Connection, consumers: Iterable[str], ids: Iterable[str]) -> dict[str, Done]:
    """Find which of these messages were handled already under one of these names, by id."""
    return {
        id_: Done(bytes(digest_), orjson.loads(reply) if reply else None)
        for id_, digest_, reply in _SEEN.run(conn, list(consumers), list(ids))
    }


# Several rows of three arrays at once. One that is there already fails them all, see ``race``.
_REMEMBER = Prepared(
    "inbox_remember",
    """
    insert into inbox (consumer, message_id, digest, reply)
    select cast(%s as text), id, digest, reply
    from unnest(cast(%s as text[]), cast(%s as bytea[]), cast(%s as bytea[]))
        as done(id, digest, reply)""",
)


def remember(tx: Writer, consumer: str, done: Mapping[str, tuple[bytes, Wire | None]]) -> None:
    """Store handled messages with the commit."""
    # In one order, so that two transactions with the same messages wait and never lock each other.
    rows = sorted(done.items())
    ids = [id_ for id_, _ in rows]
    digests = [digest_ for _, (digest_, _) in rows]
    replies = [orjson.dumps(reply) if reply is not None else None for _, (_, reply) in rows]
    tx.write(_REMEMBER, consumer, ids, digests, replies)


def race(error: IntegrityError) -> Unavailable | None:
    """The Unavailable ``inbox.race`` if another transaction has remembered a message first."""
    violation = error.orig
    if isinstance(violation, psycopg2.Error) and violation.diag.constraint_name == KEY:
        return Unavailable("The same message is being worked on elsewhere.", code="inbox.race")
    return None


def forget_old(conn: Connection) -> int:
    """Delete rows older than 30 days; return how many."""
    old = INBOX.c.at < func.now() - dt.timedelta(days=KEEP_DAYS)
    return conn.execute(delete(INBOX).where(old)).rowcount
