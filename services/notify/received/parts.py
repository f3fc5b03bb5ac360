"""Parts of long texts, where the provider does not join them: kept until all are there.

What a telephone sends as one text travels as several, in any order, maybe twice, maybe not all.
What is there when no more come is a text too, with a mark where a part is missing.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, insert, select, true, update

from bus.database.chores import Chore
from bus.database.rows import columns, fetch_all
from bus.database.store import Store
from bus.process import log
from contracts.notify.received import PART_LETTERS, TakeText, TextPart, TextReceipt, readable
from services.notify.context import Context, ContextOf
from services.notify.received import texts
from services.notify.tables import TEXT_PARTS

_log = log.get("receiving")
# After the newest part: networks bring the others within seconds.
WAIT = dt.timedelta(minutes=10)
# So long a part that comes again is known.
KEEP = dt.timedelta(days=1)
# Parts of one sender within an hour: as many as its texts may have.
MOST, WITHIN = 300, dt.timedelta(hours=1)
MISSING = "[…]"
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part that waits for the others; ``sender`` and ``body`` are sealed."""

    id: int
    common: bytes
    place: int
    parts: int
    provider: str
    line: str
    sender: str
    body: str


def take(context: Context, request: TakeText) -> TextReceipt:
    """Keep a part once, and the text as soon as it is whole; what is no part is a text."""
    part, body = request.part, readable(request.text)
    if part is None or part.place > part.parts or len(body) > PART_LETTERS:
        return texts.take(context, request)
    sender = texts.number_of(request.sender)[0]
    hashed = context.keys.receiver("sms", sender)
    common = _common(context, request, sender, part)
    _lock(context, common)
    digest = _digest(context, request, common, body)
    if _is_there(context, TEXT_PARTS.c.digest == digest):
        return TextReceipt(is_new=False)
    if _floods(context, hashed):
        return TextReceipt(is_new=True)
    if any(row.place == part.place for row in _open_parts(context, common)):
        _join(context, common)  # the number was given again, to another text
    values = {
        "common": common,
        "place": part.place,
        "parts": part.parts,
        "digest": digest,
        "provider": request.provider,
        "line": texts.line_of(request),
        "sender": context.keys.seal(sender),
        "sender_hash": hashed,
        "body": context.keys.seal(body),
        "created_at": context.now,
    }
    context.conn.execute(insert(TEXT_PARTS).values(values))
    if len(_open_parts(context, common)) == part.parts:
        _join(context, common)
    return TextReceipt(is_new=True)


def join_late(store: Store, context_of: ContextOf) -> None:
    """Make texts of what is there, where no part has come for a while; delete what is old. One that
    cannot be taken delays no other.
    """

    def join(common: bytes) -> None:
        with store.transaction() as tx:
            context = context_of(tx)
            _lock(context, common)
            if common in _late(context, TEXT_PARTS.c.common == common):  # no part came meanwhile
                _join(context, common)

    with store.transaction() as tx:
        waiting = _late(context_of(tx), true())
    Chore(store, "notify.join_texts").work_on(waiting, join, bytes.hex)
    column = TEXT_PARTS.c
    with store.transaction() as tx:
        old = column.created_at < context_of(tx).now - KEEP
        tx.conn.execute(delete(TEXT_PARTS).where(old, column.joined_at.is_not(None)))


def _late(context: Context, condition: ColumnElement[bool]) -> list[bytes]:
    """What texts have in common, of those that wait long enough for their parts."""
    column = TEXT_PARTS.c
    query = (
        select(column.common)
        .where(column.joined_at.is_(None), condition)
        .group_by(column.common)
        .having(func.max(column.created_at) < context.now - WAIT)
        .limit(AT_ONCE)
    )
    return [bytes(common) for common in context.conn.scalars(query)]


def _join(context: Context, common: bytes) -> None:
    rows = _open_parts(context, common)
    if not rows:
        return
    first, words = rows[0], {row.place: context.keys.open(row.body) or "" for row in rows}
    text = "".join(words.get(place, MISSING) for place in range(1, first.parts + 1))
    if len(rows) < first.parts:
        _log.warning("text_parts_missing", provider=first.provider, count=first.parts - len(rows))
    whole = TakeText(
        provider=first.provider,
        ref=f"parts-{first.id}",
        line=first.line,
        sender=context.keys.open(first.sender) or "",
        text=text,
    )
    texts.take(context, whole)
    context.conn.execute(
        update(TEXT_PARTS)
        .where(TEXT_PARTS.c.id.in_([row.id for row in rows]))
        .values(joined_at=context.now, body="")
    )


def _open_parts(context: Context, common: bytes) -> Sequence[PartRow]:
    """The parts of a text that are there, in the order in which they came."""
    query = select(*columns(TEXT_PARTS, PartRow)).where(
        TEXT_PARTS.c.common == common, TEXT_PARTS.c.joined_at.is_(None)
    )
    return fetch_all(context.conn, PartRow, query.order_by(TEXT_PARTS.c.id))


def _common(context: Context, request: TakeText, sender: str, part: TextPart) -> bytes:
    line, count = texts.line_of(request), str(part.parts)
    return context.keys.hashed("parts", request.provider, line, sender, part.common, count)


def _digest(context: Context, request: TakeText, common: bytes, body: str) -> bytes:
    """By what a repeat is known: its place and the provider's number, or all that it says."""
    assert request.part is not None
    words = (f"ref {request.ref}",) if request.ref else (request.sent_at or "", body)
    return context.keys.hashed("part", common.hex(), str(request.part.place), *words)


def _lock(context: Context, common: bytes) -> None:
    """Parts of one text that come at the same time wait for each other."""
    context.tx.hold(common.hex())


def _is_there(context: Context, condition: ColumnElement[bool]) -> bool:
    query = select(TEXT_PARTS.c.id).where(condition).limit(1)
    return context.conn.execute(query).scalar() is not None


def _floods(context: Context, hashed: bytes) -> bool:
    recent = TEXT_PARTS.c.created_at > context.now - WITHIN
    query = select(func.count()).where(TEXT_PARTS.c.sender_hash == hashed, recent)
    if context.conn.execute(query).scalar_one() < MOST:
        return False
    _log.warning("texts_in_flood", text="")
    return True
