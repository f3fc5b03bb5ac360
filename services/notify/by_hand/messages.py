"""Messages by hand: which templates there are for it, who sent what and what for, and their fate.

An editor decides alone: two have decided the text, and a value is a short line without a link. What
more is sent in a day is a list, which is checked as a whole and started after a look.
"""

import datetime as dt
import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, insert, select, tuple_

from bus.database import paging
from bus.database.rows import fetch_all, fetch_only
from bus.envelope import instant
from bus.errors import BusError, FieldError, RuleBroken, TooMany
from contracts.notify.editors import by_hand as contracts
from contracts.notify.messages import MessagePreview, Send
from contracts.notify.receiver import Receiver
from iran.persian import TEHRAN, tehran_day
from members.rights import Sender
from services.notify.context import Context, uuid_of
from services.notify.domain import template
from services.notify.domain.template import OURS
from services.notify.sending.acceptance import accept
from services.notify.sending.messages import NamedMessageRow, template_reply
from services.notify.tables import EDITORS, HAND_MESSAGES, MESSAGES, TEMPLATES
from services.notify.templates import versions
from services.notify.templates.versions import TemplateVersion

# Of one editor in a day (Tehran), and of all editors to one receiver.
A_DAY, TO_ONE_A_DAY = 20, 3
FATES = 50
# A link in a message is how people are robbed: none is typed, however it is written.
_LINK = re.compile(
    r"://|www\.|[a-z0-9-]{2,}\.(?:ir|com|net|org|info|app|link|site)\b|[a-z0-9-]\.[a-z]{2,}/", re.I
)


@dataclass(frozen=True, slots=True)
class HandRow(NamedMessageRow):
    """A message by hand, with its template's name, its editor and its purpose."""

    template_name: str
    editor: str
    purpose: str


_HAND = (
    select(
        MESSAGES,
        TEMPLATES.c.code.label("template_code"),
        TEMPLATES.c.name.label("template_name"),
        HAND_MESSAGES.c.editor,
        HAND_MESSAGES.c.purpose,
    )
    .join_from(HAND_MESSAGES, MESSAGES, MESSAGES.c.id == HAND_MESSAGES.c.message)
    .join(TEMPLATES, TEMPLATES.c.id == MESSAGES.c.template)
)


def list_forms(context: Context) -> contracts.HandForms:
    """List the forms in force that may be sent by hand, by their names."""
    rows = [
        row
        for row in versions.list_versions(context.conn, OURS)
        if row.code.startswith(contracts.PREFIX) and row.channel in contracts.WAYS
    ]
    return contracts.HandForms(
        forms=tuple(_form(row) for row in sorted(rows, key=lambda row: (row.name, row.channel)))
    )


def _form(row: TemplateVersion) -> contracts.HandForm:
    return contracts.HandForm(
        id=str(row.id),
        code=row.code,
        channel=row.channel,
        name=row.name,
        languages=tuple(row.texts),
        placeholders=tuple(template.placeholders(versions.written(row.texts))),
    )


def preview(context: Context, request: contracts.PreviewByHand) -> MessagePreview:
    """Show a form filled in. NotFound ``template.not_found``; RuleBroken ``by_hand.link`` and those
    of `rendering.render`.
    """
    form = _load_form(context, request.form)
    _require_no_link(request)
    return versions.preview(context, form, request.language, request.values)


def send(context: Context, editor: str, request: contracts.SendByHand) -> contracts.HandMessage:
    """Send one message and keep who sent it and what for.

    Raises what ``preview`` raises, and the refusals of the message, such as
    ``receiver.opted_out``; TooMany ``by_hand.day`` and ``by_hand.receiver``.
    """
    form = _load_form(context, request.form)
    _require_no_link(request)
    _lock(context, editor)
    if left_today(context, editor) < 1:
        raise TooMany(
            f"You have sent {A_DAY} messages by hand today. Send the others as a list.",
            code="by_hand.day",
            retry_after=_seconds_left(context),
        )
    message = Send(
        template=request.form,
        channels=(form.channel,),
        to=_receiver(form, request),
        language=request.language,
        personalisation=request.values,
    )
    (result,) = accept(context, Sender(OURS), [message])
    if isinstance(result, BusError):
        raise result
    _require_few(context, UUID(result.id))
    context.conn.execute(
        insert(HAND_MESSAGES).values(
            message=UUID(result.id), editor=editor, purpose=request.why, at=context.now
        )
    )
    row = fetch_only(context.conn, HandRow, _HAND.where(MESSAGES.c.id == UUID(result.id)))
    return _reply(row)


def left_today(context: Context, editor: str) -> int:
    """Return how many an editor may still send today."""
    column = HAND_MESSAGES.c
    query = select(func.count()).where(column.editor == editor, column.at >= _midnight(context))
    return max(0, A_DAY - int(context.conn.execute(query).scalar_one()))


def page(
    context: Context, editor: str, request: contracts.ListHandMessages
) -> contracts.HandMessages:
    """List the messages by hand of all editors, newest first; nothing of whom they were for."""
    column = HAND_MESSAGES.c
    query = _HAND
    if request.before:
        last = select(column.at, column.message).where(column.message == uuid_of(request.before))
        query = query.where(tuple_(column.at, column.message) < last.scalar_subquery())
    query = query.order_by(column.at.desc(), column.message.desc()).limit(request.limit + 1)
    shown = paging.page(fetch_all(context.conn, HandRow, query), request.limit)
    return contracts.HandMessages(
        messages=tuple(_reply(row) for row in shown.rows),
        next=shown.next(lambda row: str(row.id)),
        left_today=left_today(context, editor),
    )


def fates(context: Context, ticket: str) -> contracts.HandMessageFates:
    """Return how the messages by hand about a ticket stand, newest first."""
    query: Select[tuple[object, ...]] = (
        select(MESSAGES, TEMPLATES.c.name.label("template_name"))
        .join(TEMPLATES, TEMPLATES.c.id == MESSAGES.c.template)
        .where(
            MESSAGES.c.owner == OURS,
            MESSAGES.c.reference == ticket,
            TEMPLATES.c.code.startswith(contracts.PREFIX, autoescape=True),
        )
        .order_by(MESSAGES.c.created_at.desc(), MESSAGES.c.id.desc())
        .limit(FATES)
    )
    return contracts.HandMessageFates(
        messages=tuple(
            contracts.HandMessageFate(
                id=str(row.id),
                name=row.template_name,
                channel=row.channel,
                state=row.state,
                code=row.code,
                parts=row.parts,
                cost_rials=row.cost_rials,
                created_at=instant(row.created_at),
                due_at=instant(row.due_at),
                sent_at=instant(row.sent_at),
                settled_at=instant(row.settled_at),
            )
            for row in context.conn.execute(query)
        )
    )


def _load_form(context: Context, id_: str) -> TemplateVersion:
    (form,) = versions.forms_of(context.conn, OURS, id_)[:1]
    if uuid_of(id_) != form.id or not form.code.startswith(contracts.PREFIX):
        raise versions.not_found()
    return form


def _require_no_link(request: contracts.PreviewByHand) -> None:
    faults = [
        FieldError(f"values.{name}", "link", "Write no link.")
        for name, value in request.values.items()
        if _LINK.search(value)
    ]
    if faults:
        raise RuleBroken(
            "A value has a link. Write where it is to be found in words.",
            code="by_hand.link",
            fields=faults,
        )


def _receiver(form: TemplateVersion, request: contracts.SendByHand) -> Receiver:
    if form.channel == "letter":
        return Receiver(address=request.lines() or None)
    return Receiver(mobile=request.mobile, email=request.email)


def _lock(context: Context, editor: str) -> None:
    """Have one editor's messages follow each other, so that two at once are both counted."""
    query = select(EDITORS.c.username).where(EDITORS.c.username == editor).with_for_update()
    context.conn.execute(query)


def _require_few(context: Context, message: UUID) -> None:
    """TooMany ``by_hand.receiver`` if the receiver of a message had as many by hand today."""
    new, own = MESSAGES.alias("new"), HAND_MESSAGES.c
    before = (
        select(func.count())
        .join_from(HAND_MESSAGES, MESSAGES, MESSAGES.c.id == own.message)
        .join(new, new.c.receiver_hash == MESSAGES.c.receiver_hash)
        .where(new.c.id == message, own.at >= _midnight(context))
    )
    if int(context.conn.execute(before).scalar_one()) >= TO_ONE_A_DAY:
        raise TooMany(
            f"This receiver got {TO_ONE_A_DAY} messages by hand today.",
            code="by_hand.receiver",
            retry_after=_seconds_left(context),
        )


def _midnight(context: Context) -> dt.datetime:
    return dt.datetime.combine(tehran_day(context.now), dt.time(), TEHRAN)


def _seconds_left(context: Context) -> int:
    return int((_midnight(context) + dt.timedelta(days=1) - context.now).total_seconds()) + 1


def _reply(row: HandRow) -> contracts.HandMessage:
    return contracts.HandMessage(
        id=str(row.id),
        owner=row.owner,
        reference=row.reference,
        state=row.state,
        code=row.code,
        channel=row.channel,
        lane=row.lane,
        template=template_reply(row),
        parts=row.parts,
        cost_rials=row.cost_rials,
        created_at=instant(row.created_at),
        due_at=instant(row.due_at),
        sent_at=instant(row.sent_at),
        settled_at=instant(row.settled_at),
        name=row.template_name,
        editor=row.editor,
        why=row.purpose,
    )
