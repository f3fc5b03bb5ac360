"""Messaging Gateway: send a Request to a service and await its reply within a deadline."""

import asyncio
import time
from collections.abc import Callable
from typing import TypedDict, Unpack

import orjson
from pika.channel import Channel
from pika.spec import Basic, BasicProperties

from bus import topology
from bus.amqp.aggregator import Aggregator
from bus.amqp.rabbit import Link, absent, need_room, settle
from bus.call_leaves import note_mark
from bus.envelope import Envelope, child_of
from bus.errors import BusError, Unavailable
from bus.messages.kinds import Event, M, R, Request
from bus.messages.message import Wire, to_wire
from bus.process import log, monitor, records, spans
from bus.process.records import CallRecord
from bus.process.request_metrics import measured
from bus.process.spans import Kind

OPEN_SECONDS = 10
Heard = Callable[[Wire | None], None]
_log = log.get("client")


class CallOptions(TypedDict, total=False):
    """What may stand on the envelope of a Request; ``Client.call_json`` says what each means."""

    caller: Wire | None
    id: str | None
    traceparent: str | None
    deadline: float | None


class Client:
    """Sends Requests over one connection and receives replies on it (direct reply-to).

    Nothing is stored for a reply: who loses the connection asks again with the same id and gets
    the first reply from the service's inbox.
    """

    def __init__(self, amqp_url: str, *, name: str) -> None:
        self._name = name
        self._link = Link(
            amqp_url, name, on_open=self._opened, on_return=self._returned, on_lost=self._lost
        )
        self._aggregator = Aggregator(self._link, name)
        self._hears: list[tuple[Event, Heard]] = []

    @property
    def connected(self) -> bool:
        """True while questions can be sent."""
        return self._link.up

    @property
    def blocked(self) -> bool:
        """True while the broker has said that it takes no messages."""
        return self._link.blocked

    async def start(self) -> None:
        monitor.watch("broker", self._link.finding)
        await self._link.start()

    async def stop(self) -> None:
        await self._link.stop()

    def hear(self, event: Event, callback: Heard) -> None:
        """``callback`` gets the data of each such event from now on, on a queue of this process
        alone; and None whenever the connection was opened, since some may have been missed.

        To be said before ``start``.
        """
        self._hears.append((event, callback))

    async def call(self, contract: Request[M, R], message: M, **options: Unpack[CallOptions]) -> R:
        """The service's typed reply to a message; errors as of ``call_json``."""
        return contract.reply_of(await self.call_json(contract, to_wire(message), **options))

    async def call_json(  # noqa: PLR0913 - what stands on an envelope
        self,
        contract: Request,
        data: Wire,
        *,
        caller: Wire | None = None,
        id: str | None = None,
        traceparent: str | None = None,
        deadline: float | None = None,
    ) -> Wire:
        """The service's reply as it came, for a face that passes JSON on: loaded data in, JSON out.

        ``id`` repeats an earlier question; ``deadline`` is in seconds from now. Raises the
        service's own refusal, or Unavailable: ``service.absent``, ``broker.unreachable``,
        ``broker.blocked``, ``deadline.passed``.
        """
        seconds = deadline or contract.deadline
        body = orjson.dumps(data)
        named: Wire = {"id": id} if id else {}
        span = spans.begin(
            Kind.PRODUCER,
            f"send {contract.name}",
            parent=traceparent,
            attributes=spans.messaging("send", topology.REQUESTS, contract.name),
        )
        envelope = Envelope.new(
            contract.name,
            self._name,
            caller=caller,
            traceparent=span.traceparent if span else child_of(traceparent),
            deadline=time.time() + seconds,
            **named,
        )
        if span:
            span.note(messaging__message__id=envelope.id)
        need_room(body)
        record = _new_record(envelope, len(body))
        try:
            with spans.within(span), measured(contract):
                reply = await self._within(contract, seconds, envelope, body)
        except BusError as error:
            if record is not None:
                records.ended(record, error.kind, error.code)
            raise
        if record is not None:
            records.ended(record, None, None)
        return reply

    async def _within(
        self, contract: Request, seconds: float, envelope: Envelope, body: bytes
    ) -> Wire:
        try:
            async with asyncio.timeout(seconds):
                await self._link.wait_open(min(seconds, 1.0))
                return await self._reply(envelope, body)
        except TimeoutError:
            raise _late(contract, seconds) from None

    async def _reply(self, envelope: Envelope, body: bytes) -> Wire:
        call = self._aggregator.ask(envelope, body)
        try:
            return await call.reply
        finally:
            note_mark(call.mark)
            self._aggregator.forget(call)

    async def _opened(self, channel: Channel) -> None:
        ready = asyncio.get_running_loop().create_future()
        await self._link.need_exchanges(topology.EXCHANGES)
        channel.basic_consume(
            topology.DIRECT_REPLY,
            self._replied,
            auto_ack=True,
            callback=lambda _: settle(ready, None),
        )
        await asyncio.wait_for(ready, OPEN_SECONDS)
        for event, callback in self._hears:
            await asyncio.wait_for(self._listen(channel, event, callback), OPEN_SECONDS)

    async def _listen(self, channel: Channel, event: Event, callback: Heard) -> None:
        def took(
            _channel: Channel, _method: Basic.Deliver, _properties: BasicProperties, body: bytes
        ) -> None:
            try:
                callback(event.load_data(orjson.loads(body)))
            except (orjson.JSONDecodeError, BusError) as error:
                _log.warning("event_unreadable", contract=event.name, error=type(error).__name__)

        loop = asyncio.get_running_loop()
        declared, bound, ready = (loop.create_future() for _ in range(3))
        channel.queue_declare(
            "", exclusive=True, auto_delete=True, callback=lambda ok: settle(declared, ok)
        )
        queue = (await declared).method.queue
        channel.queue_bind(
            queue, topology.EVENTS, event.name, callback=lambda _: settle(bound, None)
        )
        await bound
        channel.basic_consume(queue, took, auto_ack=True, callback=lambda _: settle(ready, None))
        await ready
        callback(None)

    def _replied(
        self, _channel: Channel, _method: Basic.Deliver, properties: BasicProperties, body: bytes
    ) -> None:
        self._aggregator.take_reply(properties, body)

    def _returned(self, properties: BasicProperties) -> None:
        self._aggregator.fail(properties.correlation_id or "", absent())

    def _lost(self) -> None:
        self._aggregator.fail_all(
            Unavailable(
                "The connection to the broker was lost while waiting; ask again with the same "
                "Idempotency-Key.",
                code="broker.unreachable",
            )
        )


def _new_record(envelope: Envelope, size: int) -> CallRecord | None:
    """The operational record of a call that is sent now; None for what is not recorded."""
    if not records.is_recorded(envelope.type):
        return None
    now = records.now_ms()
    return CallRecord(
        records.CLIENT,
        envelope.type,
        envelope.trace_id or "",
        now,
        envelope.source,
        agency=(envelope.caller or {}).get("agency"),
        message_id=records.safe_id(envelope.id),
        correlation=records.safe_id(envelope.correlation),
        request_out=now,
        request_bytes=size,
    )


def _late(contract: Request, seconds: float) -> Unavailable:
    return Unavailable(
        f"{contract.context} did not answer within {seconds:g} s; ask again with the same "
        "Idempotency-Key.",
        code="deadline.passed",
    )
