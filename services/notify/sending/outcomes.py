"""What became of messages: what providers report, and messages without any report.

Rows are claimed by moving the moment at which they are looked at next, so that processes share the
work and a killed one holds nothing up. Providers are asked while no transaction is open.
"""

import datetime as dt
import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, cast, select, text, update

from bus.database.chores import Chore
from bus.database.rows import fetch_all
from bus.errors import Unavailable
from bus.process import log
from services.notify.context import Context
from services.notify.domain.message import MessageState
from services.notify.providers import states
from services.notify.providers.channels import ChannelProvider
from services.notify.providers.sms import DeliveryState
from services.notify.sending import handovers, provider_calls, settlement
from services.notify.sending.provider_calls import Dispatcher
from services.notify.sending.rights import refusal_of
from services.notify.sending.rows import HandoverRow, MessageRow
from services.notify.tables import HANDOVERS, MESSAGES

_log = log.get("following")
AT_ONCE = 200
# How long before a message counts as slow it is asked for once more.
POLL_BEFORE = dt.timedelta(seconds=5)

# Claimed by skip locked; the pause until the next poll doubles, but none passes over the moment up
# to which a message is not slow: what came in time is seen before it. What lies further ahead than
# any pause was put off under a clock that ran ahead, and is due now (is_due of
# bus.database.chores).
_CLAIM_POLL = text(
    "update handovers set polls = polls + 1, poll_at = case "
    "when cast(:now as timestamptz) < reserved_at + :in_time "
    "then least(cast(:now as timestamptz) + "
    "least(:first * power(2, least(polls + 1, 20)), :longest), reserved_at + :in_time) "
    "else cast(:now as timestamptz) + "
    "least(:first * power(2, least(polls + 1, 20)), :longest) end where ref in "
    "(select ref from handovers where state = 'HANDED' and (poll_at <= :now or poll_at > :ahead) "
    "and provider_ref is not null order by poll_at limit :most for update skip locked) "
    "returning ref, message, channel, provider, state, reserved_at, provider_ref, cost_rials, "
    "code, answered_at, poll_at, polls"
)


@dataclass(frozen=True, slots=True)
class UnreportedMessage:
    """A message that was sent long ago, and its live hand-over; None for a printed letter."""

    id: UUID
    channel: str
    ref: int | None


# --- what providers report ---


def poll(dispatcher: Dispatcher) -> None:
    """Ask what became of messages; first soon, then ever more seldom."""
    while rows := _claim(dispatcher):
        provider_calls.for_each_provider(dispatcher, rows, functools.partial(_poll, dispatcher))


def _claim(dispatcher: Dispatcher) -> Sequence[HandoverRow]:
    with dispatcher.store.transaction() as tx:
        context = dispatcher.context_of(tx)
        patience = context.book.patience
        values = {
            "now": context.now,
            "first": patience.poll,
            "longest": patience.poll_most,
            "in_time": context.book.weights.slow - POLL_BEFORE,
            "ahead": context.now + max(patience.poll, patience.poll_most) + handovers.CLOCKS_APART,
            "most": AT_ONCE,
        }
        return fetch_all(tx.conn, HandoverRow, _CLAIM_POLL, values)


def _poll(
    dispatcher: Dispatcher, provider: ChannelProvider | None, rows: Sequence[HandoverRow]
) -> None:
    if provider is not None and provider.reports is not None:
        for piece in provider_calls.cut(rows, provider.most):
            _ask(dispatcher, provider, piece)


def _ask(dispatcher: Dispatcher, provider: ChannelProvider, rows: Sequence[HandoverRow]) -> None:
    assert provider.reports is not None
    refs = [row.provider_ref for row in rows if row.provider_ref is not None]
    try:
        reports = provider.reports.states(refs)
    except Unavailable as error:
        _log.warning("states_unanswered", provider=provider.code, code=error.code)
        return

    def reported(_: Context, left: list[str]) -> Sequence[HandoverRow]:
        return [row for row in rows if row.provider_ref in reports and str(row.ref) not in left]

    def note(context: Context, row: HandoverRow) -> None:
        assert row.provider_ref is not None
        providers = dispatcher.codes_of(row.channel)
        _note_report(context, row, providers, *reports[row.provider_ref])

    chore = Chore(dispatcher.store, "notify.poll")
    chore.page(dispatcher.context_of, reported, note, lambda row: row.ref)


def _note_report(
    context: Context, row: HandoverRow, providers: Collection[str], state: DeliveryState, code: str
) -> None:
    if state is DeliveryState.DELIVERED:
        handovers.close(context, row.ref, MessageState.DELIVERED, "")
    elif state is DeliveryState.REJECTED:
        handovers.close(context, row.ref, MessageState.REJECTED, code or "rejected")
    elif state is DeliveryState.FAILED:
        states.note_errors(context, row.provider, 1)
        handovers.refuse(context, [row.ref], code or "failed", row.provider, providers)
    elif state is DeliveryState.UNDELIVERED:
        _note_undelivered(context, row, providers, code)


def _note_undelivered(
    context: Context, row: HandoverRow, providers: Collection[str], code: str
) -> None:
    """The telephone was not reached: tried once more a little later, if it is worth it still."""
    message = handovers.handed_message(context, row.ref)
    if message is None:
        return
    pause = context.book.patience.retry
    repeated = select(HANDOVERS.c.ref).where(
        HANDOVERS.c.message == message.id,
        HANDOVERS.c.channel == row.channel,
        HANDOVERS.c.state == "REFUSED",
        HANDOVERS.c.code.like("undelivered%"),
    )
    is_repeated = context.conn.execute(repeated.limit(1)).scalar() is not None
    if is_repeated or context.now + pause >= message.give_up_at:
        handovers.close(context, row.ref, MessageState.UNDELIVERED, code or "undelivered")
    else:
        reason = f"undelivered {code}".strip()
        handovers.refuse(context, [row.ref], reason, row.provider, providers, pause)


def hint(context: Context, provider: str, provider_ref: str) -> bool:
    """Have a provider that says it knows more asked now. True if its number is known here."""
    same = (HANDOVERS.c.provider == provider) & (HANDOVERS.c.provider_ref == provider_ref)
    hinted = (
        update(HANDOVERS)
        .where(same, HANDOVERS.c.state == "HANDED", HANDOVERS.c.poll_at > context.now)
        .values(poll_at=context.now)
    )
    if context.conn.execute(hinted).rowcount:
        return True
    return context.conn.execute(select(HANDOVERS.c.ref).where(same).limit(1)).scalar() is not None


# --- messages without any report ---


def time_out(dispatcher: Dispatcher) -> None:
    """End what could not be handed over in its time, and what was never reported on."""
    for step in (_give_up, _end_unreported, _arrive):
        while step(dispatcher):
            pass


def _give_up(dispatcher: Dispatcher) -> int:
    def due(context: Context, left: list[str]) -> Sequence[MessageRow]:
        query = (
            select(MESSAGES)
            .where(
                MESSAGES.c.state == MessageState.CREATED.value,
                MESSAGES.c.channel.in_(("sms", "email")),
                MESSAGES.c.give_up_at <= context.now,
                cast(MESSAGES.c.id, String).not_in(left),
            )
            .order_by(MESSAGES.c.give_up_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        return fetch_all(context.conn, MessageRow, query)

    def end(context: Context, row: MessageRow) -> None:
        settlement.end(context, row, MessageState.FAILED, row.code or "no_provider")

    chore = Chore(dispatcher.store, "notify.give_up")
    return chore.page(dispatcher.context_of, due, end, _id)


def _end_unreported(dispatcher: Dispatcher) -> int:
    """After a mail server has taken an e-mail, no news is good news: what it cannot deliver it
    returns itself (RFC 5321, 6.1), so that no other channel is tried; the same for a printed
    letter.
    """

    def due(context: Context, left: list[str]) -> Sequence[UnreportedMessage]:
        live = (
            (HANDOVERS.c.message == MESSAGES.c.id)
            & (HANDOVERS.c.channel == MESSAGES.c.channel)
            & (HANDOVERS.c.state == "HANDED")
        )
        query = (
            select(MESSAGES.c.id, MESSAGES.c.channel, HANDOVERS.c.ref)
            .select_from(MESSAGES.outerjoin(HANDOVERS, live))
            .where(
                MESSAGES.c.state == MessageState.SENT.value,
                MESSAGES.c.sent_at <= context.now - context.book.patience.untold,
                cast(MESSAGES.c.id, String).not_in(left),
            )
            .order_by(MESSAGES.c.sent_at)
            .limit(AT_ONCE)
        )
        return fetch_all(context.conn, UnreportedMessage, query)

    chore = Chore(dispatcher.store, "notify.untold")
    return chore.page(dispatcher.context_of, due, _end_one_unreported, lambda row: row.id)


def _end_one_unreported(context: Context, row: UnreportedMessage) -> None:
    last = row.channel != "sms"
    if row.ref is not None:
        handovers.close(context, row.ref, MessageState.UNTOLD, "untold", last=last)
        return
    message = handovers.lock_message(context, row.id)
    if message.state == MessageState.SENT:
        settlement.end(context, message, MessageState.UNTOLD, "untold", last=last)


def _arrive(dispatcher: Dispatcher) -> int:
    """What is due in an inbox is in it: it is stored here."""

    def due(context: Context, left: list[str]) -> Sequence[MessageRow]:
        query = (
            select(MESSAGES)
            .where(
                MESSAGES.c.state == MessageState.CREATED.value,
                MESSAGES.c.channel == "inbox",
                MESSAGES.c.due_at <= context.now,
                cast(MESSAGES.c.id, String).not_in(left),
            )
            .order_by(MESSAGES.c.due_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        return fetch_all(context.conn, MessageRow, query)

    def end(context: Context, row: MessageRow) -> None:
        code = refusal_of(context.members, row)
        state = MessageState.REJECTED if code else MessageState.DELIVERED
        settlement.end(context, row, state, code, last=True)

    chore = Chore(dispatcher.store, "notify.arrive")
    return chore.page(dispatcher.context_of, due, end, _id)


def _id(row: MessageRow) -> UUID:
    return row.id
