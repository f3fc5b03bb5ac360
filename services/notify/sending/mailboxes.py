"""Inboxes of citizens: made by anybody, opened by code and secret, read on the portal."""

import datetime as dt
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from bus.database import paging
from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import BusError, NotFound, TooMany
from contracts.notify.inbox import (
    AttachInbox,
    Inbox,
    InboxCode,
    InboxProof,
    Letter,
    MyInbox,
    MyInboxes,
    OpenMyInbox,
    ReadInbox,
)
from contracts.notify.persons import Pass, Person
from iran.persian import tehran_day
from people import passes, tracking
from services.notify.context import Context
from services.notify.domain.content import Content
from services.notify.domain.message import MessageState
from services.notify.keys import Keys
from services.notify.sending.rows import load_message
from services.notify.tables import INBOX_FAILURES, INBOXES, MESSAGES

FAILURES_A_DAY = 5
MOST_OWN = 20
# Compared where no inbox is, so that a missing one takes the same time.
NO_HASH = b"\0" * 32


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message in an inbox."""

    id: UUID
    owner: str
    content: Content
    language: str
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
    query = _letters_of(context, request.code)
    if request.before:
        last = load_message(context.conn, request.before)
        if last.settled_at is not None:
            query = query.where(
                tuple_(MESSAGES.c.settled_at, MESSAGES.c.id) < (last.settled_at, last.id)
            )
    rows = _newest(context, query, request.limit + 1)
    shown = paging.page(rows, request.limit)
    return Inbox(
        code=request.code,
        letters=tuple(_letter(context, row) for row in shown.rows),
        next=shown.next(lambda row: str(row.id)),
    )


def _letters_of(context: Context, code: str) -> Select[Any]:  # Any: the rows are InboxMessage
    """Select what lies in an inbox, without what was blanked."""
    return select(
        MESSAGES.c.id,
        MESSAGES.c.owner,
        MESSAGES.c.contents["inbox"].label("content"),
        MESSAGES.c.language,
        MESSAGES.c.settled_at,
    ).where(
        MESSAGES.c.receiver_hash == context.keys.receiver("inbox", code),
        MESSAGES.c.channel == "inbox",
        MESSAGES.c.state == MessageState.DELIVERED.value,
        MESSAGES.c.contents.is_not(None),
    )


def _newest(context: Context, letters: Select[Any], limit: int) -> list[InboxMessage]:
    query = letters.order_by(MESSAGES.c.settled_at.desc(), MESSAGES.c.id.desc())
    return fetch_all(context.conn, InboxMessage, query.limit(limit))


def _letter(context: Context, row: InboxMessage) -> Letter:
    owner_fa, owner_en = context.members.names(row.owner)
    return Letter(
        id=str(row.id),
        owner=row.owner,
        subject=row.content["subject"],
        body=row.content["body"],
        at=instant(row.settled_at),
        language=row.language,
        owner_fa=owner_fa,
        owner_en=owner_en,
    )


def _refusal(context: Context, code: str, secret: str) -> BusError | None:
    """None for the right secret, which always passes; else the refusal of a wrong one."""
    query = select(INBOXES.c.secret_hash).where(
        INBOXES.c.code == code, INBOXES.c.closed_at.is_(None)
    )
    secret_hash = context.conn.execute(query).scalar()
    right = hmac.compare_digest(_hashed(context.keys, code, secret), secret_hash or NO_HASH)
    by_pass = passes.opens(context.keys.secret, code, secret, context.now)
    if secret_hash is not None and right | by_pass:
        return None
    if passes.is_pass(secret):  # nobody guesses one, and nothing locks it
        return _not_opened()
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
    return _not_opened()


def _not_opened() -> NotFound:
    return NotFound(
        "Code and secret do not belong together; compare both with what you were given.",
        code="inbox.not_opened",
    )


def _hashed(keys: Keys, code: str, secret: str) -> bytes:
    return keys.hashed("inbox", code, secret)


# --- inboxes that a person has attached to "my matters", by code and secret once ---


def attach(context: Context, message: AttachInbox) -> InboxCode | BusError:
    """Attach an inbox to a person; refused as ``open_`` refuses."""
    opened = open_(context, message)
    if isinstance(opened, InboxCode):
        person = _person(context, message.mobile, message.national_id)
        statement = update(INBOXES).where(INBOXES.c.code == opened.code)
        context.conn.execute(statement.values(person=person))
    return opened


def list_own(context: Context, person: Person) -> MyInboxes:
    """List the person's inboxes, the newest first, each with its newest letter."""
    codes = context.conn.execute(
        _codes_of(context, person).order_by(INBOXES.c.made_at.desc()).limit(MOST_OWN)
    ).scalars()
    return MyInboxes(inboxes=tuple(_inbox(context, code) for code in codes.all()))


def open_own(context: Context, message: OpenMyInbox) -> Pass:
    """Return a pass to an inbox of the person; NotFound ``inbox.not_opened`` for any other."""
    query = _codes_of(context, message).where(INBOXES.c.code == message.code)
    code = context.conn.execute(query).scalar_one_or_none()
    if code is None:
        raise NotFound("There is no such inbox of yours.", code="inbox.not_opened")
    return Pass(code=code, secret=passes.new_pass(context.keys.secret, code, context.now))


def _codes_of(context: Context, person: Person) -> Select[str]:
    return select(INBOXES.c.code).where(
        INBOXES.c.person == _person(context, person.mobile, person.national_id),
        INBOXES.c.closed_at.is_(None),
    )


def _inbox(context: Context, code: str) -> MyInbox:
    letters = _letters_of(context, code)
    count = context.conn.execute(select(func.count()).select_from(letters.subquery())).scalar_one()
    newest = [_letter(context, row) for row in _newest(context, letters, 1)]
    return MyInbox(code=code, letters=count, newest=newest[0] if newest else None)


def _person(context: Context, mobile: str, national_id: str) -> bytes:
    return context.keys.hashed("person", mobile, national_id)
