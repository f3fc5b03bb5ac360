"""E-mails that wait are handed to the mail server."""

import datetime as dt
from typing import NamedTuple

from sqlalchemy import func, select, update

from bus.database.chores import is_due
from bus.database.rows import fetch_all
from bus.database.store import Store
from bus.errors import Unavailable
from bus.foreign.mail import Post, Refused
from bus.process import log
from services.ticketing.tables import MAILS

_log = log.get("chores")
LEASE = dt.timedelta(minutes=2)
# An e-mail is tried for about two days, then somebody has to look.
TRIES = 40
AT_ONCE = 20
# So many e-mails in a row that could not be handed over say that the server is away.
AWAY = 3
LONGEST_PAUSE = 3600
_DUE = is_due(MAILS.c.next_at, longest=dt.timedelta(seconds=LONGEST_PAUSE))


class WaitingEmail(NamedTuple):
    """An e-mail that is to be handed over."""

    id: int
    sender: str
    recipient: str
    raw: bytes
    tries: int


def send_mails(store: Store, post: Post) -> None:
    """Hand waiting e-mails to the mail server.

    A crash in between can send one twice, with the same Message-ID, by which receivers know it. An
    e-mail that the server does not take now waits and holds back no other; three in a row say that
    the server is away.
    """
    in_vain = 0
    while emails := _take(store):
        for number, email in enumerate(emails):
            in_vain = 0 if _send(store, post, email) else in_vain + 1
            if in_vain >= AWAY:
                _put_back(store, [later.id for later in emails[number + 1 :]])
                return


def _take(store: Store) -> list[WaitingEmail]:
    """Take the next e-mails for a while, counting the try before it is made."""
    waiting = (
        select(MAILS.c.id)
        .where(MAILS.c.state == "WAITING", _DUE)
        .order_by(MAILS.c.next_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(MAILS)
        .values(next_at=func.now() + LEASE, tries=MAILS.c.tries + 1)
        .where(MAILS.c.id.in_(waiting))
        .returning(MAILS.c.id, MAILS.c.sender, MAILS.c.recipient, MAILS.c.raw, MAILS.c.tries)
    )
    with store.transaction() as tx:
        return fetch_all(tx.conn, WaitingEmail, statement)


def _put_back(store: Store, ids: list[int]) -> None:
    """Give the try back to e-mails that were taken and not tried."""
    with store.transaction() as tx:
        tx.conn.execute(
            update(MAILS)
            .values(next_at=func.now(), tries=MAILS.c.tries - 1)
            .where(MAILS.c.id.in_(ids))
        )


def _send(store: Store, post: Post, email: WaitingEmail) -> bool:
    """True if the e-mail was taken or refused for good."""
    state, problem = "SENT", None
    try:
        post.send(email.sender, email.recipient, bytes(email.raw))
    except Refused as refused:
        state, problem = "REFUSED", f"{refused.code} {refused.text}"[:300]
    except Exception as error:
        problem = error.code if isinstance(error, Unavailable) else type(error).__name__
        state = "GIVEN_UP" if email.tries >= TRIES else "WAITING"
        if isinstance(error, Unavailable):
            _log.warning("mail_server_unavailable", code=error.code, tries=email.tries)
        else:
            _log.exception("letter_not_sent", mail=email.id, tries=email.tries)
    _note(store, email, state, problem)
    return state in ("SENT", "REFUSED")


def _note(store: Store, email: WaitingEmail, state: str, problem: str | None) -> None:
    pause = dt.timedelta(seconds=min(5 * 2 ** min(email.tries, 10), LONGEST_PAUSE))
    sent = state == "SENT"
    with store.transaction() as tx:
        tx.conn.execute(
            update(MAILS)
            .values(
                state=state,
                problem=problem,
                next_at=func.now() + pause,
                sent_at=func.now() if sent else None,
                # The e-mail holds a key to its ticket: what was sent is not kept.
                raw=b"" if sent else MAILS.c.raw,
            )
            .where(MAILS.c.id == email.id)
        )
