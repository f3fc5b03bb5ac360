"""Texts that come in: whose they are, kept once, and what becomes of them.

A text on the line of an agency is that agency's. One on a line of our own goes to the ticket that
it answers, if only one is meant; else a clerk looks. Numbers and words are sealed.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, insert, select, tuple_, update

from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import NotFound, RuleBroken
from bus.process import log
from contracts.notify.received import (
    NOBODY,
    RECEIVED_PAGE,
    ListReceived,
    NoteText,
    ReceivedText,
    ReceivedTexts,
    SettleText,
    TakeText,
    TextReceipt,
    readable,
)
from contracts.ticketing.letters import TAKE_TICKET_TEXT, TakeTicketText
from iran import identifiers
from people import retention, tracking
from services.notify import holds
from services.notify.context import Context, uuid_of
from services.notify.domain import incoming
from services.notify.domain.template import OURS
from services.notify.editors import looks
from services.notify.govuk import senders
from services.notify.sending import consents
from services.notify.tables import MESSAGES, RECEIVED_TEXTS
from services.notify.tables.received import EMPTIED
from services.notify.webhooks import bearer
from services.notify.webhooks import rows as deliveries

_log = log.get("receiving")
# Of one sender; whoever floods us fills neither the store nor the clerks' list.
MOST, WITHIN = 30, dt.timedelta(hours=1)
# Of senders whom a provider does not tell, who are not one.
MOST_OF_NOBODY = 1000
# A text that nobody numbered is the same within that time.
REPEATED_WITHIN = dt.timedelta(minutes=10)
# So long an answer to a message of ours is an answer.
ANSWERED_WITHIN = dt.timedelta(days=30)
KEEP = retention.span("received_texts")
State = Literal["LISTED", "OPT_OUT", "SENT_ON", "FILED", "OPEN", "DONE"]


@dataclass(frozen=True, slots=True)
class TextRow:
    """A text that came in; ``sender`` and ``body`` are sealed."""

    id: UUID
    owner: str
    provider: str
    line: str
    sender: str
    sender_hash: bytes
    body: str
    digest: bytes
    state: State
    ticket: str | None
    more: int
    settled_by: str | None
    created_at: dt.datetime


def take(context: Context, request: TakeText) -> TextReceipt:
    """Keep a text once, and pass it on."""
    text = _words(request)
    sender, is_mobile = number_of(request.sender)
    line = line_of(request)
    digests = _digests(context, request)
    id_, ticket = uuid.uuid4(), None
    is_repeat, is_numbered = _is_repeat(context, digests), bool(request.ref or request.sent_at)
    ends_news = is_mobile and incoming.ends_news(text)
    # Also in a flood: who wants no news is heard, however much else they send. The same word
    # without number and time may have been said twice.
    if ends_news and not (is_repeat and is_numbered):
        consents.note(context, "sms", sender, "news", opts_in=False, source=f"sms {id_}")
    if is_repeat:
        return TextReceipt(is_new=False)
    hashed = context.keys.receiver("sms", sender)
    if _floods(context, hashed, MOST_OF_NOBODY if sender == NOBODY else MOST):
        if is_numbered:  # a provider that is asked gives it again each minute
            _note_repeat(context, request, id_, digests[0])
        return TextReceipt(is_new=True)
    owner = senders.owner_of_line(context.conn, line) or OURS
    state: State = "LISTED" if owner != OURS else "OPEN"
    if ends_news:
        state = "OPT_OUT"
    elif owner == OURS and is_mobile and (ticket := _ticket(context, hashed, text)):
        state = "SENT_ON"
        command = TakeTicketText(
            received=str(id_), ticket=ticket, mobile=sender, text=text, clerk=None
        )
        context.tx.send(TAKE_TICKET_TEXT, command)
    statement = insert(RECEIVED_TEXTS).values(
        id=id_,
        owner=owner,
        provider=request.provider,
        line=line,
        sender=context.keys.seal(sender),
        sender_hash=hashed,
        body=context.keys.seal(text),
        digest=digests[0],
        state=state,
        ticket=ticket,
        created_at=context.now,
    )
    context.conn.execute(statement)
    if owner != OURS:
        body = bearer.text(id_, line, context.now)
        deliveries.note(context.conn, bearer.TEXT, body, context.now, owner)
    return TextReceipt(is_new=True)


def _note_repeat(context: Context, request: TakeText, id_: UUID, digest: bytes) -> None:
    """Let a text be known when it comes again, of which nothing else is kept."""
    values = {"id": id_, "provider": request.provider, "line": line_of(request), "digest": digest}
    statement = insert(RECEIVED_TEXTS).values(**values, created_at=context.now, **EMPTIED)
    context.conn.execute(statement)


def without_known(context: Context, requests: Sequence[TakeText]) -> list[TakeText]:
    """Those of these texts that are not kept yet."""
    digests = [_digests(context, request) for request in requests]
    query = select(RECEIVED_TEXTS.c.digest).where(
        RECEIVED_TEXTS.c.digest.in_([digest for pair in digests for digest in pair])
    )
    kept = {bytes(digest) for digest in context.conn.execute(query).scalars()}
    rows = zip(requests, digests, strict=True)
    return [request for request, pair in rows if not kept.intersection(pair)]


def _words(request: TakeText) -> str:
    return readable(request.text).strip()


def line_of(request: TakeText) -> str:
    """The line to which a text came, as it is kept."""
    return "".join(c for c in request.line if c.isalnum())


def number_of(text: str) -> tuple[str, bool]:
    """The sender in canonical form, and whether it is a mobile; others stay as they came."""
    try:
        return identifiers.mobile(text), True
    except identifiers.Malformed:
        return text.strip(), False


def _digests(context: Context, request: TakeText) -> Sequence[bytes]:
    """By what a repeat is known: the provider's number; without one, all that it says, in this
    span of time or the one before. The first is kept.
    """
    if request.ref:
        return [context.keys.hashed("text", request.provider, request.ref)]
    sender, text = number_of(request.sender)[0], _words(request)
    words = (request.provider, line_of(request), sender, text, request.sent_at or "")
    if request.sent_at:
        return [context.keys.hashed("text", *words)]
    span = int(context.now.timestamp() // REPEATED_WITHIN.total_seconds())
    return [context.keys.hashed("text", *words, str(at)) for at in (span, span - 1)]


def _is_repeat(context: Context, digests: Sequence[bytes]) -> bool:
    # Repeats that come at the same time wait for each other.
    context.tx.hold(digests[0].hex())
    query = select(RECEIVED_TEXTS.c.id).where(RECEIVED_TEXTS.c.digest.in_(digests)).limit(1)
    return context.conn.execute(query).scalar() is not None


def _floods(context: Context, hashed: bytes, most: int) -> bool:
    """Tell whether a sender has sent too many; then one more is counted with the newest."""
    recent = (
        select(RECEIVED_TEXTS.c.id)
        .where(
            RECEIVED_TEXTS.c.sender_hash == hashed,
            RECEIVED_TEXTS.c.created_at > context.now - WITHIN,
        )
        .order_by(RECEIVED_TEXTS.c.created_at.desc())
        .limit(most)
    )
    ids = list(context.conn.execute(recent).scalars())
    if len(ids) < most:
        return False
    context.conn.execute(
        update(RECEIVED_TEXTS)
        .where(RECEIVED_TEXTS.c.id == ids[0])
        .values(more=RECEIVED_TEXTS.c.more + 1)
    )
    _log.warning("texts_in_flood", text=str(ids[0]))
    return True


def _ticket(context: Context, hashed: bytes, text: str) -> str | None:
    """The one ticket that a text answers, by what we wrote to its sender; None where it may be
    several or none: a guess would show one person's words in another's matter.
    """
    query = (
        select(MESSAGES.c.reference)
        .where(
            MESSAGES.c.receiver_hash == hashed,
            MESSAGES.c.created_at > context.now - ANSWERED_WITHIN,
            MESSAGES.c.owner == OURS,
            MESSAGES.c.reference.is_not(None),
        )
        .distinct()
    )
    references = {_code(reference) for reference in context.conn.execute(query).scalars()} - {None}
    named = [code for code in incoming.ticket_codes(text) if code in references]
    meant = named or ([] if incoming.ticket_codes(text) else sorted(filter(None, references)))
    return meant[0] if len(meant) == 1 else None


def _code(reference: str) -> str | None:
    try:
        return tracking.parse(reference)
    except identifiers.Malformed:
        return None


def note(context: Context, message: NoteText) -> None:
    """Note what ticketing made of a text: filed, or a clerk has to look."""
    state = "FILED" if message.is_filed else "OPEN"
    context.conn.execute(
        update(RECEIVED_TEXTS)
        .where(RECEIVED_TEXTS.c.id == uuid_of(message.id), RECEIVED_TEXTS.c.state == "SENT_ON")
        .values(state=state)
    )


# --- reading ---


def page(context: Context, owner: str, request: ListReceived) -> ReceivedTexts:
    """A page of an agency's texts, newest first."""
    table = RECEIVED_TEXTS
    query = select(table).where(table.c.owner == owner)
    if request.older_than is not None:
        last = table.alias("last")
        older = select(last.c.created_at, last.c.id).where(
            last.c.id == uuid_of(request.older_than), last.c.owner == owner
        )
        query = query.where(tuple_(table.c.created_at, table.c.id) < older.scalar_subquery())
    query = query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(RECEIVED_PAGE)
    return _replies(context, fetch_all(context.conn, TextRow, query))


def open_texts(context: Context, editor: str, limit: int) -> ReceivedTexts:
    """The texts at which a clerk has to look; that somebody looked is noted."""
    query = (
        select(RECEIVED_TEXTS)
        .where(RECEIVED_TEXTS.c.state == "OPEN")
        .order_by(RECEIVED_TEXTS.c.created_at)
        .limit(limit)
    )
    rows = fetch_all(context.conn, TextRow, query)
    if rows:
        looks.note(context, editor, "received texts", {"texts": [str(row.id) for row in rows]})
    return _replies(context, rows)


def settle(context: Context, editor: str, request: SettleText) -> ReceivedTexts:
    """What a clerk decided: the ticket of a text, or nothing. NotFound ``text.not_found``;
    RuleBroken ``text.settled``, ``text.ticket``.
    """
    query = select(RECEIVED_TEXTS).where(RECEIVED_TEXTS.c.id == uuid_of(request.id))
    row = fetch_one(context.conn, TextRow, query.with_for_update())
    if row is None or row.owner != OURS:
        raise NotFound("There is no such text; look at the list.", code="text.not_found")
    if row.state != "OPEN":
        raise RuleBroken("Somebody settled this text already.", code="text.settled")
    ticket, state = None, "DONE"
    if request.ticket:
        ticket, state = _code(request.ticket), "SENT_ON"
        if ticket is None:
            raise RuleBroken("This is no tracking code; compare it.", code="text.ticket")
        sender, body = _opened(context, row)
        command = TakeTicketText(
            received=str(row.id), ticket=ticket, mobile=sender, text=body, clerk=editor
        )
        context.tx.send(TAKE_TICKET_TEXT, command)
    context.conn.execute(
        update(RECEIVED_TEXTS)
        .where(RECEIVED_TEXTS.c.id == row.id)
        .values(state=state, ticket=ticket, settled_by=editor)
    )
    return open_texts(context, editor, 50)


def forget(context: Context) -> None:
    """Delete texts whose time is over, but for those of a person on whom a legal hold is."""
    column = RECEIVED_TEXTS.c
    held = holds.is_held(context, column.sender_hash)
    old = column.created_at < context.now - KEEP
    context.conn.execute(delete(RECEIVED_TEXTS).where(old, ~held))


def _replies(context: Context, rows: Sequence[TextRow]) -> ReceivedTexts:
    return ReceivedTexts(texts=tuple(_reply(context, row) for row in rows))


def _reply(context: Context, row: TextRow) -> ReceivedText:
    sender, body = _opened(context, row)
    return ReceivedText(
        id=str(row.id),
        line=row.line,
        sender=sender,
        text=body,
        created_at=instant(row.created_at),
        state=row.state,
        ticket=row.ticket,
        more=row.more,
    )


def _opened(context: Context, row: TextRow) -> tuple[str, str]:
    """Sender and words; empty if another key has sealed them."""
    return context.keys.open(row.sender) or "", context.keys.open(row.body) or ""
