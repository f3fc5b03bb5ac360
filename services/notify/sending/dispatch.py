"""Messages are handed over: each lane by itself, so that bulk never delays an OTP.

First a transaction reserves (which message, to which provider, under which number), then the
provider is called, then a transaction records its answer. A process may be killed anywhere in
between: services/notify/sending/recovery.py finds out what the provider has, and nothing is sent
again before.
"""

import contextlib
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select, text, update

from bus.database.rows import fetch_all
from members.rights import AGENCY_MISSING
from services.notify.context import Context
from services.notify.domain import provider_choice
from services.notify.domain.consent import allows
from services.notify.domain.content import Content, StoredReceiver
from services.notify.domain.message import MessageState
from services.notify.domain.quiet import after_quiet
from services.notify.providers import states
from services.notify.providers.channels import OutgoingMessage
from services.notify.providers.states import UsableProviders
from services.notify.sending import consents, handovers, provider_calls, rights, settlement
from services.notify.sending.provider_calls import Batch, Dispatcher
from services.notify.tables import MESSAGES
from services.notify.unsubscribing import ends

AT_ONCE = 100
CALLS_AT_ONCE, LOOK_SECONDS = 4, 0.25
# A call begins soon after its reservation or not at all, and must be over before its process may be
# taken for dead: adapters' time-outs are far shorter than what is left of the lease.
BEGINS_WITHIN = 1 / 4

# Rows are shared between processes by skip locked; the content is that of the message's channel.
_DUE = text(
    "select id, receiver, receiver_hash, contents -> channel as content, consent, language, "
    "refused_by, tries, owner, key_id, job, traceparent from messages "
    "where state = 'CREATED' and channel = :channel and lane = :lane "
    "and due_at <= :now and give_up_at > :now order by due_at limit :most for update skip locked"
)
# Providers know our hand-overs by these numbers, and take each once.
REFS = "notify.handover_ref"
# The partial unique index on live hand-overs decides which messages are reserved.
_RESERVE = text(
    "insert into handovers (message, channel, provider, state, reserved_at) "
    "select message, :channel, provider, 'RESERVED', :now "
    "from unnest(cast(:ids as uuid[]), cast(:providers as text[])) as t (message, provider) "
    "on conflict do nothing returning ref, message, provider"
)


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that is due, with the content of its channel."""

    id: UUID
    receiver: StoredReceiver
    receiver_hash: bytes
    content: Content
    consent: str
    language: str
    refused_by: Sequence[str]
    tries: int
    owner: str
    key_id: str | None
    job: int | None
    traceparent: str | None

    @property
    def provider(self) -> str | None:
        """The one provider that may carry it: whose line its sender has chosen."""
        return self.content.get("provider")

    def is_for(self, code: str) -> bool:
        """Tell whether a provider may carry it and has not refused it."""
        return code not in self.refused_by and self.provider in (None, code)


def dispatch(dispatcher: Dispatcher, channel: str, lane: str) -> None:
    """Hand over all that is due in a lane of a channel. Each provider has calls of its own: a slow
    one holds up what it has, and the others go on.
    """
    codes = dispatcher.codes_of(channel)
    down: set[str] = set()
    running: dict[Future[None], str] = {}
    with contextlib.ExitStack() as stack:
        pools = {code: stack.enter_context(ThreadPoolExecutor(CALLS_AT_ONCE)) for code in codes}
        while True:
            counts = Counter(running.values())
            busy = down | {code for code in codes if counts[code] >= CALLS_AT_ONCE}
            ready = not codes or busy < {*codes}
            for batch in reserve(dispatcher, channel, lane, busy) if ready else []:
                code = batch.provider.code
                call = pools[code].submit(provider_calls.call, dispatcher, batch, down)
                running[call] = code
            if not running:
                return
            done, _ = wait(running, LOOK_SECONDS, FIRST_COMPLETED)
            for call in done:
                del running[call]
                call.result()
            if not running:
                down = set()  # a round is over: a provider that failed is judged by its row again


# --- reserve ---


def _put_off(context: Context, rows: Sequence[DueMessage], free: UsableProviders) -> None:
    """Have messages wait that nobody can carry now; one with a line of its own waits for its
    provider alone.
    """
    pause = context.book.patience.retry
    handovers.put_off(context, [row for row in rows if not row.provider], free.codes, pause)
    for row in rows:
        if row.provider:
            handovers.put_off(context, [row], [row.provider], pause)


def reserve(
    dispatcher: Dispatcher, channel: str, lane: str, busy: Set[str] = frozenset()
) -> list[Batch]:
    """Take up to 100 due messages, and reserve a hand-over for each; what cannot go now is due
    again later. Providers that are ``busy`` get none.
    """
    until = time.monotonic()
    with dispatcher.store.transaction() as tx:
        context = dispatcher.context_of(tx)
        until += context.book.patience.lease.total_seconds() * BEGINS_WITHIN
        providers = states.usable(context, channel, dispatcher.codes_of(channel))
        free = _without_busy(providers, busy)
        if _quiet(context, channel, lane):
            return []
        rows = _consenting(context, _entitled(context, _due(context, channel, lane, free)))
        if not rows:
            return []
        chosen = _choose(context, rows, free)
        rest = [row for row in rows if row.id not in chosen]
        _put_off(context, rest, free)
        reserved = [row for row in rows if row.id in chosen]
        messages = _reserve(context, channel, reserved, chosen)
    return [
        Batch(dispatcher.providers[code], piece, until)
        for (code, *_), outgoing in messages.items()
        for piece in provider_calls.cut(outgoing, dispatcher.providers[code].most)
    ]


def _without_busy(providers: UsableProviders, busy: Set[str]) -> UsableProviders:
    """Without the providers that have enough to do; their codes stay."""
    trial = providers.trial
    return replace(
        providers,
        closed=[candidate for candidate in providers.closed if candidate.code not in busy],
        trial=None if trial is not None and trial.code in busy else trial,
    )


def _quiet(context: Context, channel: str, lane: str) -> bool:
    """Tell whether such messages wait for the morning now, and have those that are due wait: they
    were to go before the quiet hours and could not. They begin anew, and are not late meanwhile.
    """
    morning = after_quiet(context.book, lane, channel, context.now)
    if morning <= context.now:
        return False
    due = (
        select(MESSAGES.c.id)
        .where(
            MESSAGES.c.state == MessageState.CREATED.value,
            MESSAGES.c.channel == channel,
            MESSAGES.c.lane == lane,
            MESSAGES.c.due_at <= context.now,
            MESSAGES.c.give_up_at > context.now,
        )
        .with_for_update(skip_locked=True)
    )
    context.conn.execute(
        update(MESSAGES)
        .where(MESSAGES.c.id.in_(due))
        .values(due_at=morning, tries=0, refused_by=[])
    )
    return True


def _consenting(context: Context, rows: Sequence[DueMessage]) -> list[DueMessage]:
    """Those whose receivers have not opted out or unsubscribed since they were accepted; the others
    end so.
    """
    by_receiver = consents.consents_of(context.conn, {bytes(row.receiver_hash) for row in rows})
    unsubscribed = ends.ended_messages(context.conn, [r.id for r in rows if r.consent == "news"])
    codes = dict.fromkeys(unsubscribed, ends.CODE) | {
        row.id: "receiver.opted_out"
        for row in rows
        if not allows(by_receiver.get(bytes(row.receiver_hash), {}), row.consent)
    }
    for id_ in sorted(codes):
        message = handovers.lock_message(context, id_)
        settlement.end(context, message, MessageState.REJECTED, codes[id_])
    return [row for row in rows if row.id not in codes]


def _entitled(context: Context, rows: Sequence[DueMessage]) -> list[DueMessage]:
    """Those whose senders still have the right; the others end so, and those of an agency that was
    not copied to this machine yet wait.
    """
    revoked = rights.revoked_api_keys(context.conn, rows)
    codes = {row.id: rights.refusal_of(context.members, row) for row in rows}
    codes |= {row.id: rights.API_KEY_REVOKED for row in rows if row.key_id in revoked}
    missing = [row for row in rows if codes[row.id] == AGENCY_MISSING]
    handovers.put_off(context, missing, [], context.book.patience.retry)
    for id_ in sorted(id_ for id_, code in codes.items() if code not in ("", AGENCY_MISSING)):
        message = handovers.lock_message(context, id_)
        settlement.end(context, message, MessageState.REJECTED, codes[id_], last=True)
    return [row for row in rows if not codes[row.id]]


def _due(
    context: Context, channel: str, lane: str, providers: UsableProviders
) -> Sequence[DueMessage]:
    """Nothing while no provider can take it: it stays due, and shows as such."""
    if not providers.closed and providers.trial is None:
        return []
    values = {"channel": channel, "lane": lane, "now": context.now, "most": AT_ONCE}
    return fetch_all(context.conn, DueMessage, _DUE, values)


def _choose(
    context: Context, rows: Sequence[DueMessage], providers: UsableProviders
) -> dict[UUID, str]:
    """The provider of each message that has one; the one of a trial gets a single message."""
    chosen: dict[UUID, str] = {}
    if (trial := providers.trial) is not None:
        first = next((row for row in rows if row.is_for(trial.code)), None)
        if first is not None and states.begin_trial(context, trial):
            chosen[first.id] = trial.code
    for row in rows:
        draw = random.random()  # noqa: S311 - a share of the load, no secret
        able = [candidate for candidate in providers.closed if row.is_for(candidate.code)]
        code = provider_choice.choose(able, row.refused_by, draw)
        if row.id not in chosen and code is not None:
            chosen[row.id] = code
    return chosen


def _reserve(
    context: Context, channel: str, rows: Sequence[DueMessage], chosen: Mapping[UUID, str]
) -> dict[tuple[str, bool, str | None], list[OutgoingMessage]]:
    """The messages by provider and line: news has one of its own, and so have some senders."""
    ids = [row.id for row in rows]
    if not ids:
        return {}
    context.tx.numbers.skip_given(REFS, "handovers_ref_seq")
    values = {
        "channel": channel,
        "now": context.now,
        "ids": ids,
        "providers": [chosen[id_] for id_ in ids],
    }
    made = context.conn.execute(_RESERVE, values).all()
    if made:
        context.tx.numbers.give(REFS, max(row.ref for row in made))
    # Also those of which a live hand-over exists: it is followed like any other.
    context.conn.execute(
        update(MESSAGES).where(MESSAGES.c.id.in_(ids)).values(state=MessageState.SENDING.value)
    )
    by_id = {row.id: row for row in rows}
    messages: dict[tuple[str, bool, str | None], list[OutgoingMessage]] = {}
    for ref, id_, provider in made:
        message = provider_calls.outgoing(context.keys, ref, by_id[id_])
        line = message.content.get("sender") if channel == "sms" else None
        messages.setdefault((provider, message.news, line), []).append(message)
    return messages
