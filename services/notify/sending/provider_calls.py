"""The call of a provider, while no transaction is open, and the record of its answer."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar
from uuid import UUID

from bus.database.store import Store
from bus.errors import Unavailable
from bus.process import log, spans
from bus.process.called import calling
from bus.process.spans import Kind, Span
from members.rights import AGENCY_MISSING, EVERYBODY, Members, Sender
from services.notify.context import Context, ContextOf
from services.notify.domain.content import Content, StoredReceiver
from services.notify.domain.message import MessageState
from services.notify.keys import Keys
from services.notify.providers import states
from services.notify.providers.channels import ChannelProvider, OutgoingMessage
from services.notify.providers.sms import (
    DeliveryState,
    HandoverResult,
    MessageRefused,
    ProviderRefused,
)
from services.notify.sending import email_reports, handovers
from services.notify.sending.handovers import AcceptedHandover
from services.notify.sending.rights import right_of
from services.notify.sending.rows import HandoverRow, receiver_of
from services.notify.unsubscribing import links

_log = log.get("calling")
NOT_CALLED = "not_called"
PAUSES = (0.2, 1, 3, 5)
CLEAR = (DeliveryState.ACCEPTED, DeliveryState.REJECTED, DeliveryState.FAILED)
Item = TypeVar("Item")


@dataclass(frozen=True)
class Dispatcher:
    """What a hand-over needs outside of a transaction: the database, and the providers by code."""

    store: Store
    context_of: ContextOf
    providers: Mapping[str, ChannelProvider]
    members: Members = EVERYBODY

    def codes_of(self, channel: str) -> list[str]:
        """The codes of all providers of a channel."""
        return [p.code for p in self.providers.values() if p.channel == channel]


@dataclass(frozen=True, slots=True)
class Batch:
    """The messages of one call. It begins before ``until`` (monotonic clock) or never."""

    provider: ChannelProvider
    messages: Sequence[OutgoingMessage]
    until: float

    @property
    def refs(self) -> list[int]:
        """Our numbers of the hand-overs."""
        return [message.ref for message in self.messages]


class Sendable(Protocol):
    """What of a message's row is needed to send it in its channel."""

    @property
    def id(self) -> UUID:
        """The message."""

    @property
    def receiver(self) -> StoredReceiver:
        """Its receiver."""

    @property
    def content(self) -> Content:
        """What its receiver gets in its channel."""

    @property
    def consent(self) -> str:
        """The class of consent that it needs."""

    @property
    def language(self) -> str:
        """The language of its text."""

    @property
    def owner(self) -> str:
        """Its sender."""

    @property
    def key_id(self) -> str | None:
        """The key by which it was sent."""

    @property
    def job(self) -> int | None:
        """The bulk job that it belongs to."""

    @property
    def traceparent(self) -> str | None:
        """The trace in which it was accepted, where one is recorded."""


def outgoing(keys: Keys, ref: int, row: Sendable) -> OutgoingMessage:
    """The message of a row as it is sent: receiver, content of its channel, language, consent."""
    return OutgoingMessage(
        ref,
        str(row.id),
        receiver_of(row.receiver),
        links.with_key(keys, row.id, row.content),
        row.consent == "news",
        row.language,
        Sender(row.owner, row.key_id),
        right_of(row.job),
        row.traceparent,
    )


def cut(items: Sequence[Item], most: int) -> list[Sequence[Item]]:
    """The list in pieces of at most so many."""
    return [items[start : start + most] for start in range(0, len(items), most)]


def for_each_provider(
    dispatcher: Dispatcher,
    rows: Sequence[HandoverRow],
    work: Callable[[ChannelProvider | None, Sequence[HandoverRow]], None],
) -> None:
    """Work on the rows of all providers at once: a slow one holds up no other. A provider that is
    configured no longer is None.
    """
    by_provider: dict[str, list[HandoverRow]] = {}
    for row in rows:
        by_provider.setdefault(row.provider, []).append(row)
    if by_provider:
        with ThreadPoolExecutor(len(by_provider)) as pool:
            list(
                pool.map(
                    lambda code: work(dispatcher.providers.get(code), by_provider[code]),
                    by_provider,
                )
            )


def call(dispatcher: Dispatcher, batch: Batch, down: set[str]) -> None:
    """Call the provider and record its answer. ``down`` gathers the providers that failed in this
    round: they are called no more, and what they were to get goes to others.
    """
    code = batch.provider.code
    if code in down or time.monotonic() > batch.until:
        record(dispatcher, lambda context: handovers.release(context, batch.refs, NOT_CALLED))
        return
    batch = _without_revoked(dispatcher, batch)
    if not batch.messages:
        return
    try:
        with calling(batch.provider.channel, code), _span(batch):
            results = batch.provider.send(batch.messages)
    except MessageRefused:
        for message in batch.messages:
            call(dispatcher, replace(batch, messages=[message]), down)
    except ProviderRefused as error:
        down.add(code)
        reason = str(error.details.get("provider_code") or error.code)
        _log.warning("provider_refused", provider=code, code=reason, messages=len(batch.messages))
        record(dispatcher, lambda context: _record_refusal(context, dispatcher, batch, reason))
    except Unavailable as error:
        down.add(code)
        reason = error.code
        _log.warning(
            "provider_unanswered", provider=code, code=reason, messages=len(batch.messages)
        )
        record(dispatcher, lambda context: _record_silence(context, batch, reason))
    else:
        record(dispatcher, lambda context: _record(context, dispatcher, batch, results))


def _span(batch: Batch) -> AbstractContextManager[Span | None]:
    """The span of a hand-over, in the traces of its messages."""
    return spans.work_on(
        Kind.CLIENT,
        f"hand over {batch.provider.channel}",
        [message.traceparent for message in batch.messages],
        {"mirab.provider": batch.provider.code},
    )


def _without_revoked(dispatcher: Dispatcher, batch: Batch) -> Batch:
    """The batch without messages whose senders lost their rights since they were reserved."""
    codes = {
        message.ref: dispatcher.members.refusal(message.sender, message.right)
        for message in batch.messages
    }
    revoked = {ref: code for ref, code in codes.items() if code}

    def end(context: Context) -> None:
        for ref, code in revoked.items():
            if code == AGENCY_MISSING:
                handovers.release(context, [ref], code)
            else:
                handovers.close(context, ref, MessageState.REJECTED, code, last=True)

    if not revoked:
        return batch
    record(dispatcher, end)
    left = [message for message in batch.messages if message.ref not in revoked]
    return replace(batch, messages=left)


def record(dispatcher: Dispatcher, work: Callable[[Context], None]) -> None:
    """Record a provider's answer in a transaction, tried again while the database is away: what is
    not recorded is not known, and could at some providers never be found out.
    """
    for pause in (*PAUSES, None):
        try:
            with dispatcher.store.transaction() as tx:
                work(dispatcher.context_of(tx))
        except Unavailable:
            if pause is None:
                raise
            time.sleep(pause)
        else:
            return


def _record_refusal(context: Context, dispatcher: Dispatcher, batch: Batch, reason: str) -> None:
    provider = batch.provider
    others = dispatcher.codes_of(provider.channel)
    handovers.refuse(context, batch.refs, reason, provider.code, others)
    # The advertising line has hours of its own: that it is closed proves nothing for the others.
    if not all(message.news for message in batch.messages):
        states.note_errors(context, provider.code, len(batch.refs))
        states.note(context, provider.code, reason)


def _record_silence(context: Context, batch: Batch, reason: str) -> None:
    handovers.mark_unknown(context, batch.refs, reason)
    states.note_errors(context, batch.provider.code, len(batch.refs))
    states.note(context, batch.provider.code, reason)


def _record(
    context: Context, dispatcher: Dispatcher, batch: Batch, results: Sequence[HandoverResult]
) -> None:
    """A message without a result is unknown."""
    clear = {result.ref: result for result in results if result.state in CLEAR}
    handovers.accept(
        context,
        [
            AcceptedHandover(result.ref, result.provider_ref, result.cost_rials)
            for result in clear.values()
            if result.state is DeliveryState.ACCEPTED
        ],
    )
    for result in clear.values():
        if result.state is DeliveryState.REJECTED:
            code = result.code or "rejected"
            if batch.provider.channel == "email":
                email_reports.note_refusal(context, result.ref, code)
            handovers.close(context, result.ref, MessageState.REJECTED, code)
        elif result.state is DeliveryState.FAILED:
            others = dispatcher.codes_of(batch.provider.channel)
            provider = batch.provider.code
            handovers.refuse(context, [result.ref], result.code, provider, others)
    missing = [ref for ref in batch.refs if ref not in clear]
    handovers.mark_unknown(context, missing, "untold")
    failed = [result for result in clear.values() if result.state is DeliveryState.FAILED]
    states.note_errors(context, batch.provider.code, len(missing) + len(failed))
    states.note(context, batch.provider.code, None)
