"""Messages as their owners read and cancel them."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, tuple_

from bus.database import paging
from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from contracts.notify.messages import ListMessages, Message, Messages, TemplateOf
from services.notify.context import Context, uuid_of
from services.notify.domain.message import MessageState
from services.notify.sending import settlement
from services.notify.sending.rows import MessageRow, load_message, not_found
from services.notify.tables import MESSAGES, TEMPLATES

WITH_CODE = select(MESSAGES, TEMPLATES.c.code.label("template_code")).select_from(
    MESSAGES.outerjoin(TEMPLATES, TEMPLATES.c.id == MESSAGES.c.template)
)


@dataclass(frozen=True, slots=True)
class NamedMessageRow(MessageRow):
    """A message with its template's code; None for an owner's own PDF, which has no template."""

    template_code: str | None


def read(conn: Connection, owner: str, id_: str) -> Message:
    """A message of the owner. NotFound ``message.not_found``, the same for another owner's."""
    query = WITH_CODE.where(MESSAGES.c.id == uuid_of(id_), MESSAGES.c.owner == owner)
    row = fetch_one(conn, NamedMessageRow, query)
    if row is None:
        raise not_found()
    return message_reply(row)


def page(conn: Connection, owner: str, request: ListMessages) -> Messages:
    """The owner's messages, newest first, after the one that ``before`` names."""
    query = WITH_CODE.where(MESSAGES.c.owner == owner)
    if request.states:
        query = query.where(MESSAGES.c.state.in_(request.states))
    if request.channels:
        query = query.where(MESSAGES.c.channel.in_(request.channels))
    if request.reference is not None:
        query = query.where(MESSAGES.c.reference == request.reference)
    if request.before is not None:
        last = load_message(conn, request.before, owner)
        query = query.where(
            tuple_(MESSAGES.c.created_at, MESSAGES.c.id) < (last.created_at, last.id)
        )
    query = query.order_by(MESSAGES.c.created_at.desc(), MESSAGES.c.id.desc())
    rows = fetch_all(conn, NamedMessageRow, query.limit(request.limit + 1))
    shown = paging.page(rows, request.limit)
    return Messages(
        messages=tuple(message_reply(row) for row in shown.rows),
        next=shown.next(lambda row: str(row.id)),
    )


def cancel(context: Context, owner: str, id_: str) -> Message:
    """Cancel a message. RuleBroken ``message.move`` if it was handed over."""
    row = load_message(context.conn, id_, owner, lock=True)
    settlement.end(context, row, MessageState.CANCELLED, "cancelled")
    return read(context.conn, owner, id_)


def message_reply(row: NamedMessageRow) -> Message:
    """A message as the contract shows it; what was blanked is null."""
    content = row.content
    return Message(
        id=str(row.id),
        reference=row.reference,
        state=row.state,
        code=row.code,
        channel=row.channel,
        template=template_reply(row),
        language=row.language,
        lane=row.lane,
        to=row.to,
        subject=content.get("subject"),
        body=content.get("body"),
        parts=row.parts,
        cost_rials=row.cost_rials,
        created_at=instant(row.created_at),
        due_at=instant(row.due_at),
        sent_at=instant(row.sent_at),
        settled_at=instant(row.settled_at),
    )


def template_reply(row: NamedMessageRow) -> TemplateOf:
    """The template of a message as the contract shows it."""
    return TemplateOf(id=str(row.template), code=row.template_code or "", version=row.version)
