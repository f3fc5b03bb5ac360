"""The queue of e-mails that came in: read outside of any transaction, with counted tries.

An e-mail whose reading or filing fails three times is FAILED, whatever the reason, and lies where
people look; meanwhile it holds back no other e-mail and no other caller.
"""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from bus.blobs import Blobs
from bus.database.chores import is_due
from bus.database.rows import fetch_one
from bus.database.store import Store, Tx
from bus.errors import Unavailable
from bus.foreign.confined import Unreadable
from bus.process import log
from services.ticketing.context import Context
from services.ticketing.incoming_mail import filing
from services.ticketing.incoming_mail.filing import QueuedEmail
from services.ticketing.incoming_mail.rows import Orders
from services.ticketing.mail import reading
from services.ticketing.tables import LETTERS

_log = log.get("incoming")
AT_ONCE, TRIES = 100, 3
# If the process is killed in between, the e-mail is begun again after the lease.
LEASE = dt.timedelta(minutes=3)
NOT_ITS_FAULT = ("confined.", "blobs.unavailable")
PAUSES = (dt.timedelta(seconds=5), dt.timedelta(seconds=60))
_DUE = is_due(LETTERS.c.next_at, longest=max(LEASE, *PAUSES))


class Attempt(NamedTuple):
    """An attempt on an e-mail: its bytes and sender as it came, and how many tries there were."""

    id: int
    mail_from: str
    raw: bytes
    tries: int


def work(store: Store, context_of: Callable[[Tx], Context], blobs: Blobs) -> None:
    """Read and file the e-mails that wait now."""
    for id_ in _waiting(store):
        attempt = _begin(store, id_)
        if attempt is None:
            continue
        try:
            email = reading.read_confined(attempt.raw, attempt.mail_from)
            _describe(store, id_, email)
            with store.transaction() as tx:
                queued = _lock(tx.conn, id_)
                if queued is not None:
                    filing.work(context_of(tx), queued, email, blobs)
        except Exception as error:
            _note_failure(store, attempt, error)


def _waiting(store: Store) -> list[int]:
    """Fresh e-mails first, of each sender in turn: what failed before, and whoever sends a
    thousand at once, hold nothing back.
    """
    turn = func.row_number().over(
        partition_by=(LETTERS.c.tries, LETTERS.c.mail_from), order_by=LETTERS.c.id
    )
    statement = (
        select(LETTERS.c.id)
        .where(LETTERS.c.state == "RECEIVED", _DUE)
        .order_by(LETTERS.c.tries, turn, LETTERS.c.id)
        .limit(AT_ONCE)
    )
    with store.transaction() as tx:
        return list(tx.conn.execute(statement).scalars())


def _begin(store: Store, id_: int) -> Attempt | None:
    """Count the try before it is made; None if another process has begun it."""
    statement = (
        update(LETTERS)
        .values(tries=LETTERS.c.tries + 1, next_at=func.now() + LEASE)
        .where(
            LETTERS.c.id == id_,
            LETTERS.c.state == "RECEIVED",
            _DUE,
        )
        .returning(LETTERS.c.id, LETTERS.c.mail_from, LETTERS.c.raw, LETTERS.c.tries)
    )
    with store.transaction() as tx:
        attempt = fetch_one(tx.conn, Attempt, statement)
        if attempt is None or attempt.tries <= TRIES:
            return attempt
        # Its last try did not come to its end: the process was killed, by this e-mail perhaps.
        _end(tx.conn, id_, "killed")
        return None


def _lock(conn: Connection, id_: int) -> QueuedEmail | None:
    columns = (
        LETTERS.c.id,
        LETTERS.c.mail_from,
        LETTERS.c.rcpt_to,
        LETTERS.c.orders,
        LETTERS.c.received_at,
        LETTERS.c.set_aside_by,
    )
    row = conn.execute(
        select(*columns)
        .where(LETTERS.c.id == id_, LETTERS.c.state == "RECEIVED")
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    orders = Orders.of(row.orders) if row.orders else None
    came_at = row.received_at if row.set_aside_by else None
    return QueuedEmail(row.id, row.mail_from, row.rcpt_to, orders, came_at)


def _describe(store: Store, id_: int, email: reading.Email) -> None:
    """Keep what people see of it in a list, whatever becomes of it."""
    with store.transaction() as tx:
        tx.conn.execute(
            update(LETTERS)
            .values(sender=email.sender, subject=email.subject, reason=email.automatic)
            .where(LETTERS.c.id == id_)
        )


def _note_failure(store: Store, attempt: Attempt, error: Exception) -> None:
    reason = error.code if isinstance(error, Unreadable | Unavailable) else type(error).__name__
    last = attempt.tries >= TRIES
    # No place to read in, no room for its files: that says nothing about this e-mail.
    innocent = reason.startswith(NOT_ITS_FAULT)
    if isinstance(error, Unreadable | Unavailable):
        cause = error.details.get("cause")
        _log.warning("letter_failed", letter=attempt.id, reason=reason, cause=cause)
    else:
        _log.exception("letter_failed", letter=attempt.id)
    with store.transaction() as tx:
        if last and not innocent:
            _end(tx.conn, attempt.id, reason)
            return
        tx.conn.execute(
            update(LETTERS)
            .values(
                problem=reason[:300],
                next_at=func.now() + PAUSES[min(attempt.tries, len(PAUSES)) - 1],
                tries=LETTERS.c.tries - int(innocent),
            )
            .where(LETTERS.c.id == attempt.id, LETTERS.c.state == "RECEIVED")
        )


def _end(conn: Connection, id_: int, problem: str) -> None:
    """Leave it as it came, for people to look at."""
    conn.execute(
        update(LETTERS)
        .values(state="FAILED", problem=problem[:300], worked_at=func.now())
        .where(LETTERS.c.id == id_, LETTERS.c.state == "RECEIVED")
    )
