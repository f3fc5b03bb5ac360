"""Letters on paper that the post has brought back."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import String, cast, select
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import fetch_all
from bus.envelope import instant
from contracts.notify.editors.email_reports import (
    ListPostedLetters,
    PostedLetter,
    PostedLetters,
    ReturnedCount,
)
from services.notify.context import Context, uuid_of
from services.notify.domain.message import MessageState
from services.notify.editors import looks
from services.notify.sending import handovers, settlement
from services.notify.sending.rows import MessageRow
from services.notify.tables import MESSAGES, RETURNED_LETTERS
from services.notify.webhooks import bearer
from services.notify.webhooks import rows as deliveries

CODE = "returned."
TO_MOST = 100
_POSTED = (MessageState.SENT.value, MessageState.UNTOLD.value)
_ADDRESS = MESSAGES.c.receiver["address"]


def posted(context: Context, editor: str, request: ListPostedLetters) -> PostedLetters:
    """The letters that were posted and have not come back, newest first. The look is noted: whom
    they went to is shown.
    """
    column = MESSAGES.c
    query = select(MESSAGES).where(
        column.channel == "letter", column.state.in_(_POSTED), column.sent_at.is_not(None)
    )
    if request.id is not None:
        query = query.where(column.id == uuid_of(request.id))
    if request.text is not None:
        query = query.where(cast(_ADDRESS, String).contains(request.text, autoescape=True))
    query = query.order_by(column.sent_at.desc(), column.id).limit(request.limit)
    rows = fetch_all(context.conn, MessageRow, query)
    if rows:
        looks.note(context, editor, "posted letters", {"found": len(rows)})
    return PostedLetters(letters=tuple(map(_posted_letter, rows)))


def _posted_letter(row: MessageRow) -> PostedLetter:
    assert row.sent_at is not None
    address = row.to.address if row.to else None
    return PostedLetter(
        id=str(row.id),
        owner=row.owner,
        reference=row.reference,
        to=address[0][:TO_MOST] if address else "",
        sent_at=instant(row.sent_at),
    )


def note_returned(context: Context, editor: str, ids: Sequence[str], reason: str) -> ReturnedCount:
    """Note that letters which were posted have come back, and why: each ends as not arrived, and
    its sender is called back. Other IDs, and letters that came back before, are passed over.
    """
    keys = sorted({id_ for text in ids if (id_ := uuid_of(text))})
    marked = sum(_note(context, editor, id_, reason) for id_ in keys)
    return ReturnedCount(marked=marked)


def _note(context: Context, editor: str, id_: UUID, reason: str) -> bool:
    posted = select(MESSAGES.c.id).where(
        MESSAGES.c.id == id_, MESSAGES.c.channel == "letter", MESSAGES.c.state.in_(_POSTED)
    )
    if context.conn.execute(posted).scalar() is None:
        return False
    message = handovers.lock_message(context, id_)
    row = {"message": id_, "reason": reason, "noted_by": editor, "at": context.now}
    noted = context.conn.execute(insert(RETURNED_LETTERS).values(row).on_conflict_do_nothing())
    if message.channel != "letter" or message.state not in _POSTED or not noted.rowcount:
        return False
    code = f"{CODE}{reason}"
    if message.state == MessageState.SENT:
        settlement.end(context, message, MessageState.UNDELIVERED, code, last=True)
    else:
        settlement.correct(context, message, MessageState.UNDELIVERED, code)
    data = bearer.returned_letter(context, id_)
    deliveries.note(context.conn, bearer.RETURNED, data, context.now, message.owner)
    return True
