"""Hand-overs of messages to providers, and what the outcome of one makes of its message.

Locks are taken in one order: hand-overs, messages, providers. Each statement names the states that
it may change, so that a late process (which was thought dead) changes nothing.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy import select, text, update

from bus.database.rows import fetch_all, fetch_only
from services.notify.context import Context
from services.notify.domain import parts, provider_choice
from services.notify.domain.message import MessageState
from services.notify.sending import settlement
from services.notify.sending.rows import MessageRow
from services.notify.tables import HANDOVERS, MESSAGES
from services.notify.templates import rendering

AT_ONCE = dt.timedelta()
# Two machines of ours may differ by that. A moment of a hand-over that lies further ahead than its
# longest pause and this was written under a clock that ran ahead and has been corrected since.
CLOCKS_APART = dt.timedelta(minutes=1)

# Many rows by arrays in one statement: a call carries up to 200 messages.
_ACCEPTED = text(
    "update handovers h set state = 'HANDED', provider_ref = a.provider_ref, "
    "cost_rials = a.cost_rials, answered_at = null, poll_at = :poll_at from "
    "unnest(cast(:refs as bigint[]), cast(:numbers as text[]), cast(:costs as bigint[])) "
    "as a (ref, provider_ref, cost_rials) "
    "where h.ref = a.ref and h.state in ('RESERVED', 'UNKNOWN') returning h.ref"
)
_SENT = text(
    "update messages m set state = 'SENT', sent_at = :now, "
    "handed_at = coalesce(m.handed_at, :now) from handovers h "
    "where h.ref = any(:refs) and m.id = h.message and m.state = 'SENDING' "
    "returning m.id, m.channel, m.contents -> m.channel ->> 'body' as body"
)
# Its owner is shown the book's price; what a provider took stands with the hand-over.
_PRICED = text(
    "update messages m set cost_rials = p.rials "
    "from unnest(cast(:ids as uuid[]), cast(:rials as bigint[])) as p (id, rials) "
    "where m.id = p.id"
)
_PUT_OFF = text(
    "update messages m set state = 'CREATED', sent_at = null, cost_rials = null, "
    "due_at = w.due_at, "
    "tries = m.tries + w.over::integer, code = case when :code = '' then m.code else :code end, "
    "refused_by = case when w.over then '{}' when :by = '' then m.refused_by "
    "else array_append(m.refused_by, :by) end "
    "from unnest(cast(:ids as uuid[]), cast(:dues as timestamptz[]), cast(:overs as boolean[])) "
    "as w (id, due_at, over) where m.id = w.id"
)
# States in which a message is at a provider, or may be.
AWAY = (MessageState.SENDING.value, MessageState.SENT.value)


@dataclass(frozen=True, slots=True)
class AcceptedHandover:
    """A hand-over that its provider has: our number, the provider's, and its price in rials."""

    ref: int
    provider_ref: str | None
    cost_rials: int | None


class Refusable(Protocol):
    """What of a message's row says which providers have refused it, and how often all have."""

    @property
    def id(self) -> UUID:
        """The message."""

    @property
    def refused_by(self) -> Sequence[str]:
        """The providers that have refused it since all were asked last."""

    @property
    def tries(self) -> int:
        """How often all have refused it."""


@dataclass(frozen=True, slots=True)
class _LockedMessage:
    id: UUID
    refused_by: Sequence[str]
    tries: int


@dataclass(frozen=True, slots=True)
class _SentMessage:
    id: UUID
    channel: str
    body: str


def accept(context: Context, accepted: Sequence[AcceptedHandover]) -> None:
    """Record hand-overs that the provider certainly has; their state is polled after a while."""
    if not accepted:
        return
    refs = context.conn.execute(
        _ACCEPTED,
        {
            "refs": [handover.ref for handover in accepted],
            "numbers": [handover.provider_ref for handover in accepted],
            "costs": [handover.cost_rials for handover in accepted],
            "poll_at": context.now + context.book.patience.poll,
        },
    ).scalars()
    prices = {
        row.id: rendering.cost(context.book, parts.parts(row.body), context.now)
        for row in fetch_all(
            context.conn, _SentMessage, _SENT, {"refs": list(refs), "now": context.now}
        )
        if row.channel == "sms"
    }
    if prices:
        values = {"ids": list(prices), "rials": list(prices.values())}
        context.conn.execute(_PRICED, values)


def release(context: Context, refs: Sequence[int], code: str) -> None:
    """Release the messages that the provider certainly did not take, and not because of a refusal:
    they are due again. Never what was handed over meanwhile: a slow process may record late.
    """
    if not refs:
        return
    ids = _end_refused(context, refs, code, ("RESERVED", "UNKNOWN"))
    context.conn.execute(
        update(MESSAGES)
        .where(MESSAGES.c.id.in_(ids), MESSAGES.c.state.in_(AWAY))
        .values(
            state=MessageState.CREATED.value,
            due_at=context.now,
            sent_at=None,
            cost_rials=None,
        )
    )


def refuse(  # noqa: PLR0913 - what was refused, by which provider, of which
    context: Context,
    refs: Sequence[int],
    code: str,
    by: str,
    providers: Collection[str],
    pause: dt.timedelta = AT_ONCE,
) -> None:
    """Record that the provider certainly refused messages: they are for the others of
    ``providers``, which serve this channel, after a pause; if none is left, for all of them after
    one that grows.
    """
    ids = _end_refused(context, refs, code, ("RESERVED", "UNKNOWN", "HANDED"))
    query = (
        select(MESSAGES.c.id, MESSAGES.c.refused_by, MESSAGES.c.tries)
        .where(MESSAGES.c.id.in_(ids), MESSAGES.c.state.in_(AWAY))
        .order_by(MESSAGES.c.id)
        .with_for_update()
    )
    rows = fetch_all(context.conn, _LockedMessage, query)
    put_off(context, rows, providers, pause, by=by, code=code)


def _end_refused(
    context: Context, refs: Sequence[int], code: str, states: Sequence[str]
) -> list[UUID]:
    statement = (
        update(HANDOVERS)
        .where(HANDOVERS.c.ref.in_(refs), HANDOVERS.c.state.in_(states))
        .values(state="REFUSED", code=code, poll_at=None)
        .returning(HANDOVERS.c.message)
    )
    return list(context.conn.execute(statement).scalars())


def put_off(  # noqa: PLR0913 - which messages, until when, for what reason
    context: Context,
    rows: Sequence[Refusable],
    providers: Collection[str],
    pause: dt.timedelta,
    *,
    by: str = "",
    code: str = "",
) -> None:
    """Have messages wait: for a pause while one of ``providers`` is left to ask, else for one that
    is twice as long each time, and then all are asked again. ``by`` has refused them just now.
    """
    if not rows:
        return
    patience = context.book.patience
    overs = [provider_choice.all_refused(providers, [*row.refused_by, by]) for row in rows]
    pauses = [
        provider_choice.back_off(patience.retry, row.tries, patience.retry_most) if over else pause
        for row, over in zip(rows, overs, strict=True)
    ]
    context.conn.execute(
        _PUT_OFF,
        {
            "ids": [row.id for row in rows],
            "dues": [context.now + wait for wait in pauses],
            "overs": overs,
            "by": by,
            "code": code,
        },
    )


def mark_unknown(context: Context, refs: Sequence[int], code: str) -> None:
    """Record that the outcome is unknown: the provider is asked, and nothing is sent again
    before.
    """
    if refs:
        context.conn.execute(
            update(HANDOVERS)
            .where(HANDOVERS.c.ref.in_(refs), HANDOVERS.c.state == "RESERVED")
            .values(state="UNKNOWN", code=code, poll_at=context.now + context.book.patience.sure)
        )


def close(
    context: Context, ref: int, state: MessageState, code: str, *, last: bool = False
) -> None:
    """End a hand-over, and with it its message in this channel; nothing if it had ended before."""
    statement = (
        update(HANDOVERS)
        .where(
            HANDOVERS.c.ref == ref,
            HANDOVERS.c.state.in_(("RESERVED", "UNKNOWN", "HANDED")),
        )
        .values(state="ENDED", code=code, poll_at=None, answered_at=context.now)
        .returning(HANDOVERS.c.message)
    )
    id_ = context.conn.execute(statement).scalar()
    if id_ is not None:
        settlement.end(context, lock_message(context, id_), state, code, last=last)


def close_unknown(context: Context, ref: int) -> None:
    """End a hand-over whose outcome will never be known, unless it became known meanwhile."""
    if _locked_state(context, ref)[0] == "UNKNOWN":
        close(context, ref, MessageState.UNTOLD, "handover_unclear")


def lock_message(context: Context, id_: UUID) -> MessageRow:
    """The row of a message, locked."""
    query = select(MESSAGES).where(MESSAGES.c.id == id_).with_for_update()
    return fetch_only(context.conn, MessageRow, query)


def handed_message(context: Context, ref: int) -> MessageRow | None:
    """The message that a provider has by this hand-over, both locked; None if it is over."""
    state, id_ = _locked_state(context, ref)
    return lock_message(context, id_) if id_ is not None and state == "HANDED" else None


def _locked_state(context: Context, ref: int) -> tuple[str | None, UUID | None]:
    query = select(HANDOVERS.c.state, HANDOVERS.c.message).where(HANDOVERS.c.ref == ref)
    row = context.conn.execute(query.with_for_update()).one_or_none()
    return (None, None) if row is None else (row[0], row[1])
