"""Inboxes of citizens: made by anybody, opened by code and secret, read on the portal."""

import datetime as dt
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from bus.database import paging
from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import BusError, NotFound, TooMany
from contracts.notify.inbox import Inbox, InboxCode, InboxProof, Letter, ReadInbox
from iran.persian import tehran_day
from people import tracking
from services.notify.context import Context
from services.notify.domain.content import Content
from services.notify.domain.message import MessageState
from services.notify.keys import Keys
from services.notify.sending.rows import load_message
from services.notify.tables import INBOX_FAILURES, INBOXES, MESSAGES

FAILURES_A_DAY = 5
# Compared where no inbox is, so that a missing one takes the same time.
NO_HASH = b"\0" * 32


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message in an inbox."""

    id: UUID
    owner: str
    content: Content
    settled_at: dt.datetime


def make(context: Context, secret: str) -> InboxCode:
    """Make an inbox that this secret opens; its code."""
    while True:
        code = tracking.new()
        statement = (
            insert(INBOXES)
            .values(code=code, secret_hash=_hashed(context.keys, code, secret), made_at=context.now)
            .on_conflict_do_nothing()
            .returning(INBOXES.c.code)
        )
        if context.conn.execute(statement).scalar():
            return InboxCode(code=code)


def existing(conn: Connection, codes: Collection[str]) -> set[str]:
    """Those of these codes that are inboxes."""
    if not codes:
        return set()
    query = select(INBOXES.c.code).where(
        INBOXES.c.code.in_(list(codes)), INBOXES.c.closed_at.is_(None)
    )
    return set(conn.execute(query).scalars())


def open_(context: Context, proof: InboxProof) -> InboxCode | BusError:
    """The code, if the secret is that of the inbox. NotFound ``inbox.not_opened``, the same for a
    wrong code and a wrong secret; TooMany ``inbox.locked`` for a sixth wrong one a day. A refusal
    is returned, so that it is counted.
    """
    refusal = _refusal(context, proof.code, proof.secret)
    if refusal is not None:
        return refusal
    context.conn.execute(
        update(INBOXES).where(INBOXES.c.code == proof.code).values(opened_at=context.now)
    )
    return InboxCode(code=proof.code)


def read(context: Context, request: ReadInbox) -> Inbox | BusError:
    """What is in an inbox, in the order of arrival, without what was blanked; refused as ``open_``
    refuses.
    """
    refusal = _refusal(context, request.code, request.secret)
    if refusal is not None:
        return refusal
    query = select(
        MESSAGES.c.id,
        MESSAGES.c.owner,
        MESSAGES.c.contents["inbox"].label("content"),
        MESSAGES.c.settled_at,
    ).where(
        MESSAGES.c.receiver_hash == context.keys.receiver("inbox", request.code),
        MESSAGES.c.channel == "inbox",
        MESSAGES.c.state == MessageState.DELIVERED.value,
        MESSAGES.c.contents.is_not(None),
    )
    if request.before:
        last = load_message(context.conn, request.before)
        if last.settled_at is not None:
            query = query.where(
                tuple_(MESSAGES.c.settled_at, MESSAGES.c.id) < (last.settled_at, last.id)
            )
    query = query.order_by(MESSAGES.c.settled_at.desc(), MESSAGES.c.id.desc())
    rows = fetch_all(context.conn, InboxMessage, query.limit(request.limit + 1))
    shown = paging.page(rows, request.limit)
    return Inbox(
        code=request.code,
        letters=tuple(_letter(row) for row in shown.rows),
        next=shown.next(lambda row: str(row.id)),
    )


def _letter(row: InboxMessage) -> Letter:
    return Letter(
        id=str(row.id),
        owner=row.owner,
        subject=row.content["subject"],
        body=row.content["body"],
        at=instant(row.settled_at),
    )


def _refusal(context: Context, code: str, secret: str) -> BusError | None:
    """None for the right secret, which always passes; else the refusal of a wrong one."""
    query = select(INBOXES.c.secret_hash).where(
        INBOXES.c.code == code, INBOXES.c.closed_at.is_(None)
    )
    secret_hash = context.conn.execute(query).scalar()
    if hmac.compare_digest(_hashed(context.keys, code, secret), secret_hash or NO_HASH):
        return None
    statement = insert(INBOX_FAILURES).values(code=code, day=tehran_day(context.now), failures=1)
    failures = context.conn.execute(
        statement.on_conflict_do_update(
            index_elements=INBOX_FAILURES.primary_key.columns,
            set_={"failures": INBOX_FAILURES.c.failures + 1},
        ).returning(INBOX_FAILURES.c.failures)
    ).scalar_one()
    if failures > FAILURES_A_DAY:
        return TooMany(
            "Code and secret do not belong together, and too many wrong secrets were tried for "
            "this inbox today. Compare both: the right secret opens at any time.",
            code="inbox.locked",
            retry_after=86_400,
        )
    return NotFound(
        "Code and secret do not belong together; compare both with what you were given.",
        code="inbox.not_opened",
    )


def _hashed(keys: Keys, code: str, secret: str) -> bytes:
    return keys.hashed("inbox", code, secret)
