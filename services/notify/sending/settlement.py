"""The end of a message in its channel: on to the next channel that it has, or settled for good."""

import datetime as dt

from sqlalchemy import ColumnElement, func, text, update

from bus.database.rows import fetch_only
from bus.envelope import instant
from bus.messages.message import to_wire
from contracts.notify.messages import MESSAGE_SETTLED, MessageSettlement
from services.notify.context import Context
from services.notify.domain import parts
from services.notify.domain.message import CORRECTIONS, FALLS_BACK, TRANSITIONS, MessageState
from services.notify.domain.quiet import after_quiet
from services.notify.sending import consents, mailboxes
from services.notify.sending.rows import MessageRow, address_of
from services.notify.tables import ENDED_DAYS, MESSAGES
from services.notify.unsubscribing import ends
from services.notify.webhooks import bearer
from services.notify.webhooks import rows as deliveries

CODE_MOST = 60


def end(
    context: Context, row: MessageRow, state: MessageState, code: str, *, last: bool = False
) -> None:
    """End a message in its channel: the next channel takes it over, or it is settled, published
    and delivered to webhooks.

    ``row`` is the message, locked; ``code`` is the reason, in one word. ``last``: no other channel
    could do better. RuleBroken ``message.move`` if it cannot end so.
    """
    TRANSITIONS.transition(MessageState(row.state), state)
    code = code[:CODE_MOST]
    if state in FALLS_BACK and not last:
        for number, channel in enumerate(row.rest):
            if _reaches(context, row, channel):
                _fall_back(context, row, number, code)
                return
    moments: dict[str, ColumnElement[dt.datetime]] = {}
    if state is MessageState.DELIVERED:
        moments = {
            name: func.coalesce(MESSAGES.c[name], context.now) for name in ("sent_at", "handed_at")
        }
    context.conn.execute(
        update(MESSAGES)
        .where(MESSAGES.c.id == row.id)
        .values(state=state.value, code=code, settled_at=context.now, **moments)
    )
    _announce(context, row, state, code)


def correct(context: Context, row: MessageRow, state: MessageState, code: str) -> None:
    """Settle a message anew that time had ended, since a report says how it really ended. It is
    published and delivered to webhooks once more; no other channel takes it over so late.

    ``row`` is the message, locked. RuleBroken ``message.move`` if it cannot become that.
    """
    CORRECTIONS.transition(MessageState(row.state), state)
    assert row.settled_at is not None
    # The day may be summed up already (accounting.add_up): that sum is corrected, and no sum is
    # made meanwhile.
    context.conn.execute(text("lock table ended_days in row exclusive mode"))
    context.conn.execute(
        update(ENDED_DAYS)
        .where(
            ENDED_DAYS.c.day == row.settled_at.astimezone(dt.UTC).date(),
            ENDED_DAYS.c.channel == row.channel,
            ENDED_DAYS.c.state == row.state,
        )
        .values(count=ENDED_DAYS.c.count - 1)
    )
    code = code[:CODE_MOST]
    context.conn.execute(
        update(MESSAGES)
        .where(MESSAGES.c.id == row.id)
        .values(state=state.value, code=code, settled_at=context.now)
    )
    _announce(context, row, state, code)


def _announce(context: Context, row: MessageRow, state: MessageState, code: str) -> None:
    event = MessageSettlement(
        id=str(row.id),
        owner=row.owner,
        reference=row.reference,
        channel=row.channel,
        state=state.value,
        code=code,
        at=instant(context.now),
    )
    context.tx.publish(MESSAGE_SETTLED, event)
    data = {name: value for name, value in to_wire(event).items() if name != "owner"}
    deliveries.note(context.conn, "message.settled", data, context.now, row.owner)
    if notified := bearer.receipt(context, row.owner, row.id):
        deliveries.note(context.conn, bearer.RECEIPT, notified, context.now, row.owner)


def _reaches(context: Context, row: MessageRow, channel: str) -> bool:
    """Tell whether the receiver can be reached by a channel and has not opted out of it since."""
    address = address_of(row.to, channel) if row.to else None
    if address is None or channel not in (row.contents or {}):
        return False
    if channel == "inbox":
        return bool(mailboxes.existing(context.conn, [address]))
    receiver = context.keys.receiver(channel, address)
    if row.consent == "news" and ends.has_ended(context.conn, receiver, row.owner, row.template):
        return False
    return consents.allowed(context, receiver, channel, row.consent)


def _fall_back(context: Context, row: MessageRow, number: int, code: str) -> None:
    """Have the channel at that place of ``rest`` take the message over."""
    channel = row.rest[number]
    assert row.to is not None
    assert row.contents is not None
    due_at = after_quiet(context.book, row.lane, channel, context.now)
    statement = (
        update(MESSAGES)
        .where(MESSAGES.c.id == row.id)
        .values(
            state=MessageState.CREATED.value,
            channel=channel,
            rest=list(row.rest[number + 1 :]),
            code=code,
            receiver_hash=context.keys.receiver(channel, address_of(row.to, channel) or ""),
            due_at=due_at,
            give_up_at=due_at + context.book.give_up(row.lane),
            tries=0,
            refused_by=[],
            sent_at=None,
            cost_rials=None,
            parts=parts.parts(row.contents[channel]["body"]).parts if channel == "sms" else None,
        )
        .returning(MESSAGES)
    )
    next_row = fetch_only(context.conn, MessageRow, statement)
    if channel == "inbox":
        # An inbox is stored here: what is in it has arrived.
        end(context, next_row, MessageState.DELIVERED, "")
