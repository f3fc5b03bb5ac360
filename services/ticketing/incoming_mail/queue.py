"""The queue of letters that came in: read outside of any transaction, with counted tries.

A letter whose reading or working fails three times is FAILED, whatever the reason, and lies where
people look; meanwhile it holds back no other letter and no other caller.
"""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection, Row, text

from bus.blobs import Blobs
from bus.database.store import Store, Tx
from bus.errors import Unavailable
from bus.foreign.confined import Unreadable
from bus.process import log
from services.ticketing.incoming_mail import filing as letters
from services.ticketing.mail import reading as mail_reading
from services.ticketing.tickets.acts import Desk

_log = log.get("incoming")
AT_ONCE, TRIES = 100, 3
# If the process is killed in between, the letter is begun again after the lease.
LEASE = dt.timedelta(minutes=3)
INNOCENT = ("confined.", "blobs.unavailable")
PAUSES = (dt.timedelta(seconds=5), dt.timedelta(seconds=60))


class Envelope(NamedTuple):
    """A letter as it was taken."""

    id: int
    mail_from: str
    raw: bytes
    tries: int


def work(store: Store, desk_of: Callable[[Tx], Desk], blobs: Blobs) -> None:
    """Works on the letters that wait now."""
    for id_ in _waiting(store):
        envelope = _begin(store, id_)
        if envelope is None:
            continue
        try:
            letter = mail_reading.read_confined(envelope.raw, envelope.mail_from)
            _describe(store, id_, letter)
            with store.transaction() as tx:
                row = _lock(tx.conn, id_)
                if row is not None:
                    letters.work(desk_of(tx), row, letter, blobs)
        except Exception as error:
            _note_failure(store, envelope, error)


def _waiting(store: Store) -> list[int]:
    """Fresh letters first, of each sender in turn: what failed before, and whoever sends a
    thousand at once, hold nothing back.
    """
    with store.transaction() as tx:
        rows = tx.conn.execute(
            text(
                "select id from letters where state = 'RECEIVED' and next_at <= now() "
                "order by tries, row_number() over (partition by tries, mail_from order by id), id "
                "limit :most"
            ),
            {"most": AT_ONCE},
        )
        return [row.id for row in rows]


def _begin(store: Store, id_: int) -> Envelope | None:
    """Counts the try before it is made; None if another process has begun it."""
    with store.transaction() as tx:
        row = tx.conn.execute(
            text(
                "update letters set tries = tries + 1, next_at = now() + :lease "
                "where id = :id and state = 'RECEIVED' and next_at <= now() "
                "returning mail_from, raw, tries"
            ),
            {"id": id_, "lease": LEASE},
        ).one_or_none()
        if row is None or row.tries <= TRIES:
            return None if row is None else Envelope(id_, row.mail_from, bytes(row.raw), row.tries)
        # Its last try did not come to its end: the process was killed, by this letter perhaps.
        _end(tx.conn, id_, "killed")
        return None


def _lock(conn: Connection, id_: int) -> Row[tuple[object, ...]] | None:
    return conn.execute(
        text("select * from letters where id = :id and state = 'RECEIVED' for update skip locked"),
        {"id": id_},
    ).one_or_none()


def _describe(store: Store, id_: int, letter: mail_reading.Letter) -> None:
    """What people see of it in a list, whatever becomes of it."""
    with store.transaction() as tx:
        tx.conn.execute(
            text(
                "update letters set sender = :sender, subject = :subject, reason = :reason "
                "where id = :id"
            ),
            {
                "sender": letter.sender,
                "subject": letter.subject,
                "reason": letter.automatic,
                "id": id_,
            },
        )


def _note_failure(store: Store, envelope: Envelope, error: Exception) -> None:
    reason = error.code if isinstance(error, Unreadable | Unavailable) else type(error).__name__
    last = envelope.tries >= TRIES
    # No place to read in, no room for its files: that says nothing about this letter.
    innocent = reason.startswith(INNOCENT)
    if isinstance(error, Unreadable | Unavailable):
        cause = error.details.get("cause")
        _log.warning("letter_failed", letter=envelope.id, reason=reason, cause=cause)
    else:
        _log.exception("letter_failed", letter=envelope.id)
    with store.transaction() as tx:
        if last and not innocent:
            _end(tx.conn, envelope.id, reason)
            return
        tx.conn.execute(
            text(
                "update letters set problem = :problem, next_at = now() + :pause, "
                "tries = tries - :innocent where id = :id and state = 'RECEIVED'"
            ),
            {
                "problem": reason[:300],
                "pause": PAUSES[min(envelope.tries, len(PAUSES)) - 1],
                "innocent": int(innocent),
                "id": envelope.id,
            },
        )


def _end(conn: Connection, id_: int, problem: str) -> None:
    """It stays as it came, for people to look at."""
    conn.execute(
        text(
            "update letters set state = 'FAILED', problem = :problem, worked_at = now() "
            "where id = :id and state = 'RECEIVED'"
        ),
        {"id": id_, "problem": problem[:300]},
    )
