"""Letters on paper that the post has brought back."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from contracts.notify.email_reports import ReturnedCount
from services.notify.context import Context, uuid_of
from services.notify.domain.message import MessageState
from services.notify.sending import handovers, settlement
from services.notify.tables import MESSAGES, RETURNED_LETTERS
from services.notify.webhooks import bearer
from services.notify.webhooks import rows as deliveries

CODE = "returned."
_POSTED = (MessageState.SENT.value, MessageState.UNTOLD.value)


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
