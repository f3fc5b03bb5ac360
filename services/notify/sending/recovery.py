"""Recover hand-overs whose outcome is unknown: a killed process, a lost answer.

What a provider has is found by our own number for it; nothing is sent again before it is certain
that the provider does not have it. Rows are claimed by moving the moment at which they are looked
at next.
"""

import datetime as dt
import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select, text, update

from bus.database.chores import is_due
from bus.database.rows import fetch_all, fetch_one
from bus.errors import Unavailable
from bus.process import log
from services.notify.context import Context
from services.notify.domain.book import Patience
from services.notify.domain.content import Content, StoredReceiver
from services.notify.providers.channels import ChannelProvider
from services.notify.sending import handovers, provider_calls
from services.notify.sending.handovers import AcceptedHandover
from services.notify.sending.provider_calls import Batch, Dispatcher
from services.notify.sending.rows import HandoverRow
from services.notify.tables import HANDOVERS

_log = log.get("clearing")
AT_ONCE = 200
EMAIL_TRIES = 5

# The row of the message comes along with the claim, in one statement.
_CLAIM_AGAIN = text(
    "update handovers h set state = 'RESERVED', reserved_at = :now, polls = polls + 1 "
    "from messages m where h.ref = :ref and h.state = 'UNKNOWN' and m.id = h.message "
    "returning h.ref, m.id, m.receiver, m.contents -> m.channel as content, m.consent, m.language, "
    "m.owner, m.key_id, m.job, m.traceparent"
)


@dataclass(frozen=True, slots=True)
class RepeatedMessage:
    """A message that is sent once more under the same number."""

    ref: int
    id: UUID
    receiver: StoredReceiver
    content: Content
    consent: str
    language: str
    owner: str
    key_id: str | None
    job: int | None
    traceparent: str | None


def recover(dispatcher: Dispatcher) -> None:
    """Find out the outcome of hand-overs of killed processes and of lost answers."""
    with dispatcher.store.transaction() as tx:
        context = dispatcher.context_of(tx)
        patience = context.book.patience
        _note_killed(context, patience)
        rows = _claim_unknown(context, patience)
    provider_calls.for_each_provider(
        dispatcher, rows, functools.partial(_recover, dispatcher, patience)
    )


def _note_killed(context: Context, patience: Patience) -> None:
    """A reservation that was not recorded in its lease is of a killed process. One of a clock that
    ran ahead begins its lease now: whether its process lives is not known.
    """
    ahead = (
        select(HANDOVERS.c.ref)
        .where(
            HANDOVERS.c.state == "RESERVED",
            HANDOVERS.c.reserved_at > context.now + handovers.CLOCKS_APART,
        )
        .order_by(HANDOVERS.c.reserved_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    context.conn.execute(
        update(HANDOVERS).where(HANDOVERS.c.ref.in_(ahead)).values(reserved_at=context.now)
    )
    killed = (
        select(HANDOVERS.c.ref)
        .where(
            HANDOVERS.c.state == "RESERVED",
            HANDOVERS.c.reserved_at < context.now - patience.lease,
        )
        .order_by(HANDOVERS.c.reserved_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    context.conn.execute(
        update(HANDOVERS)
        .where(HANDOVERS.c.ref.in_(killed))
        .values(state="UNKNOWN", code="killed", poll_at=context.now)
    )


def _claim_unknown(context: Context, patience: Patience) -> list[HandoverRow]:
    longest = patience.sure + handovers.CLOCKS_APART
    due = (
        select(HANDOVERS.c.ref)
        .where(
            HANDOVERS.c.state == "UNKNOWN",
            is_due(HANDOVERS.c.poll_at, longest=longest, now=context.now),
        )
        .order_by(HANDOVERS.c.poll_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(HANDOVERS)
        .where(HANDOVERS.c.ref.in_(due))
        .values(poll_at=context.now + patience.sure)
        .returning(HANDOVERS)
    )
    return fetch_all(context.conn, HandoverRow, statement)


def _recover(
    dispatcher: Dispatcher,
    patience: Patience,
    provider: ChannelProvider | None,
    rows: Sequence[HandoverRow],
) -> None:
    if provider is not None and provider.finds:
        _find(dispatcher, provider, rows)
        _give_up(dispatcher, rows, patience.find)
    elif provider is not None and provider.channel == "email":
        for row in rows:
            _send_email_again(dispatcher, provider, row)
    else:
        _give_up(dispatcher, rows, patience.unclear)


def _find(dispatcher: Dispatcher, provider: ChannelProvider, rows: Sequence[HandoverRow]) -> None:
    """Follow what the provider has; what it denies twice is due again."""
    assert provider.reports is not None
    for piece in provider_calls.cut(rows, provider.most):
        numbers: Mapping[int, str | None] = {}
        try:
            numbers = provider.reports.find([row.ref for row in piece])
        except Unavailable as error:
            _log.warning("handovers_not_found_out", provider=provider.code, code=error.code)
        _note_numbers(dispatcher, piece, numbers)


def _note_numbers(
    dispatcher: Dispatcher, rows: Sequence[HandoverRow], numbers: Mapping[int, str | None]
) -> None:
    taken_over = [
        AcceptedHandover(ref, number, None) for ref, number in numbers.items() if number is not None
    ]
    with dispatcher.store.transaction() as tx:
        context = dispatcher.context_of(tx)
        sure = context.now - context.book.patience.sure
        forgets = context.now - context.book.patience.find
        denied = [
            row
            for row in rows
            if row.ref in numbers and numbers[row.ref] is None and row.reserved_at > forgets
        ]
        handovers.accept(context, taken_over)
        certain = [row.ref for row in denied if row.answered_at and row.answered_at <= sure]
        handovers.release(context, certain, "not_there")
        ahead = context.now + handovers.CLOCKS_APART
        first = [row.ref for row in denied if not row.answered_at or row.answered_at > ahead]
        tx.conn.execute(
            update(HANDOVERS)
            .where(
                HANDOVERS.c.ref.in_(first),
                HANDOVERS.c.state == "UNKNOWN",
                or_(HANDOVERS.c.answered_at.is_(None), HANDOVERS.c.answered_at > ahead),
            )
            .values(answered_at=context.now, poll_at=context.now + context.book.patience.sure)
        )


def _give_up(dispatcher: Dispatcher, rows: Sequence[HandoverRow], within: dt.timedelta) -> None:
    """End what stayed unknown too long: sending it again could be a second time, and a provider
    that denies it proves nothing when it has forgotten what it had.
    """
    with dispatcher.store.transaction() as tx:
        context = dispatcher.context_of(tx)
        for row in rows:
            if row.reserved_at <= context.now - within:
                handovers.close_unknown(context, row.ref)


def _send_email_again(dispatcher: Dispatcher, provider: ChannelProvider, row: HandoverRow) -> None:
    """A mail server cannot be asked what it has. Losing an e-mail is worse than a second copy under
    the same Message-ID, by which receivers know it.
    """
    with dispatcher.store.transaction() as tx:
        context = dispatcher.context_of(tx)
        if row.polls >= EMAIL_TRIES:
            handovers.close_unknown(context, row.ref)
            return
        sure, keys = context.book.patience.sure, context.keys
        values = {"ref": row.ref, "now": context.now}
        again = fetch_one(tx.conn, RepeatedMessage, _CLAIM_AGAIN, values)
    if again is not None:
        until = time.monotonic() + sure.total_seconds()
        batch = Batch(provider, [provider_calls.outgoing(keys, again.ref, again)], until)
        provider_calls.call(dispatcher, batch, set())
