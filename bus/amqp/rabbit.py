"""pika for asyncio: one connection that reconnects by itself, and awaitable publishing."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import pika
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.channel import Channel
from pika.exceptions import AMQPError
from pika.frame import Method
from pika.spec import Basic, BasicProperties

from bus import topology
from bus.amqp import tls
from bus.amqp.hosts import Hosts
from bus.errors import ContractError, Unavailable
from bus.process import log
from bus.process.monitor import WELL, Finding, fail
from bus.wire import Wire

CONNECT_SECONDS = 10
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

T = TypeVar("T")
Opened = Callable[[object], Awaitable[None]]
Returned = Callable[[object], None]


class Link:
    """A connection and a channel to the broker.

    ``on_open`` is awaited with each new channel, to declare or consume; ``on_return`` is told the
    properties of each message that reached no queue. With ``confirm`` a publish ends when the
    broker has taken the message.
    """

    def __init__(  # noqa: PLR0913 - each is a part of the link
        self,
        url: str,
        name: str,
        *,
        confirm: bool = False,
        on_open: Opened | None = None,
        on_return: Returned | None = None,
        on_lost: Callable[[], None] | None = None,
    ) -> None:
        self._hosts, self._name = Hosts(url), name
        self._confirm, self._on_open, self._on_return = confirm, on_open, on_return
        self._on_lost = on_lost
        self._log = log.get("rabbit")
        self._connection: AsyncioConnection = None
        self.channel: Channel = None
        self.blocked, self._problem = False, tls.UNREACHABLE
        self._task: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()
        self._open = asyncio.Event()
        self._next_tag = 1
        self._waiting: dict[int, tuple[str, asyncio.Future[None]]] = {}
        self._came_back: set[str] = set()

    @property
    def up(self) -> bool:
        """True while messages can be published."""
        return self._open.is_set() and not self.blocked

    def finding(self) -> Finding:
        """The check of this connection, for bus/process/monitor.py."""
        if self.blocked:
            return fail("broker.blocked", "The broker takes no messages (memory or disk alarm).")
        if not self._open.is_set():
            return fail("broker.unreachable", self._problem)
        return WELL

    async def start(self) -> None:
        """Begins to keep the connection; does not wait for it."""
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Closes the connection and stays closed."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None and not self._connection.is_closed:
            if not self._connection.is_closing:
                self._connection.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lost.wait(), 2)
        await asyncio.sleep(0)  # lets the loop close the socket

    async def need_exchanges(self, wanted: Mapping[str, str]) -> None:
        """Makes the exchanges (name: type) unless all are there: where the operator has made them,
        a part needs no right to make any.
        """
        there: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def opened(channel: Channel) -> None:
            channel.add_on_close_callback(lambda *_: settle(there, False))
            *rest, last = wanted
            for name in rest:
                channel.exchange_declare(name, passive=True)
            channel.exchange_declare(last, passive=True, callback=lambda _: declared(channel))

        def declared(channel: Channel) -> None:
            settle(there, True)
            channel.close()

        self._connection.channel(on_open_callback=opened)
        if not await asyncio.wait_for(there, CONNECT_SECONDS):
            for name, kind in wanted.items():
                self.channel.exchange_declare(name, kind, durable=True)

    async def wait_open(self, seconds: float) -> None:
        """Returns when messages can be published; Unavailable if that takes too long."""
        if not self._open.is_set():
            try:
                await asyncio.wait_for(self._open.wait(), seconds)
            except TimeoutError:
                raise _unreachable() from None
        self._need_open()

    def _need_open(self) -> None:
        if not self._open.is_set():
            raise _unreachable()
        if self.blocked:
            raise Unavailable(
                "The broker takes no messages now (memory or disk alarm).", code="broker.blocked"
            )

    async def depth(self, queue: str) -> int | None:
        """How many messages wait in a queue; None if there is none, or it cannot be known now.

        On a channel of its own, which the broker closes if the queue is not there.
        """
        depth: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

        def opened(channel: Channel) -> None:
            channel.add_on_close_callback(lambda *_: settle(depth, None))
            channel.queue_declare(
                queue, passive=True, callback=lambda ok: counted(channel, ok.method.message_count)
            )

        def counted(channel: Channel, count: int) -> None:
            settle(depth, count)
            channel.close()

        try:
            self._connection.channel(on_open_callback=opened)
            return await asyncio.wait_for(depth, CONNECT_SECONDS)
        except (AMQPError, TimeoutError, AttributeError):
            return None

    def ack_up_to(self, tag: int) -> None:
        """Acknowledges what was consumed on the channel, up to this delivery."""
        with contextlib.suppress(AMQPError):
            self.channel.basic_ack(tag, multiple=True)

    async def publish(  # noqa: PLR0913 - a message has that many parts
        self,
        exchange: str,
        key: str,
        body: bytes,
        *,
        headers: Wire,
        message_id: str,
        mandatory: bool = True,
        seconds: float = 10.0,
    ) -> None:
        """Publishes one persistent JSON message; with ``confirm`` waits for the broker's word.

        Unavailable ``service.absent`` if it reached no queue, ``broker.*`` if the broker did not
        take it within ``seconds``; it may then have arrived all the same, so repeat it with the
        same ``message_id``; ContractError ``message.too_large`` if no broker may take it.
        """
        need_room(body)
        await self.wait_open(min(seconds, 1.0))
        self.write(exchange, key, body, headers=headers, message_id=message_id, mandatory=mandatory)
        if self._confirm:
            await self._confirmed(message_id, seconds)

    def write(  # noqa: PLR0913 - a message has that many parts
        self,
        exchange: str,
        key: str,
        body: bytes,
        *,
        headers: Wire,
        message_id: str,
        content_type: str = topology.JSON,
        mandatory: bool = True,
        reply_to: str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        """Writes one persistent message to the connection, and waits for no word of the broker.

        Unavailable ``broker.unreachable`` or ``broker.blocked`` if there is none now.
        """
        self._need_open()
        properties = pika.BasicProperties(
            content_type=content_type,
            delivery_mode=2,
            message_id=message_id,
            headers=headers,
            reply_to=reply_to,
            correlation_id=correlation_id,
        )
        try:
            self.channel.basic_publish(exchange, key, body, properties, mandatory=mandatory)
        except AMQPError:
            raise _unreachable() from None

    async def _confirmed(self, message_id: str, seconds: float) -> None:
        tag, self._next_tag = self._next_tag, self._next_tag + 1
        future = asyncio.get_running_loop().create_future()
        self._waiting[tag] = (message_id, future)
        try:
            await asyncio.wait_for(future, seconds)
        except TimeoutError:
            raise Unavailable(
                "The broker did not confirm the message in time.", code="broker.slow"
            ) from None
        finally:
            self._waiting.pop(tag, None)

    async def _keep(self) -> None:
        failed = 0
        while True:
            try:
                await self._connect()
                failed = 0
                await self._lost.wait()
                self._log.warning("broker_lost")
            except tls.LOST as error:
                failed, self._problem = failed + 1, tls.distrust(error) or tls.UNREACHABLE
                self._log.warning("broker_unreachable", error=tls.name_of(error))
            self._drop()
            # Longer when all nodes were tried; without that another may well be there.
            pause = min(SHORTEST_PAUSE * 2 ** min(failed // len(self._hosts), 10), LONGEST_PAUSE)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, no secret

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._lost = asyncio.Event()
        opened = loop.create_future()
        self._connection = AsyncioConnection(
            self._hosts.parameters(self._name),
            on_open_callback=lambda c: settle(opened, c),
            on_open_error_callback=lambda _, error: self._not_opened(opened, error),
            on_close_callback=lambda *_: self._lost.set(),
            custom_ioloop=loop,
        )
        await asyncio.wait_for(opened, self._hosts.seconds + 1)
        self._connection.add_on_connection_blocked_callback(lambda *_: self._block(True))
        self._connection.add_on_connection_unblocked_callback(lambda *_: self._block(False))
        made = loop.create_future()
        self._connection.channel(on_open_callback=lambda c: settle(made, c))
        self.channel = await asyncio.wait_for(made, CONNECT_SECONDS)
        self.channel.add_on_close_callback(lambda *_: self._close())
        # A queue that we consume was deleted: a new connection makes it, and consumes, again.
        self.channel.add_on_cancel_callback(lambda *_: self._close())
        self.channel.add_on_return_callback(self._returned)
        if self._confirm:
            confirmed = loop.create_future()
            self.channel.confirm_delivery(self._acked, callback=lambda _: settle(confirmed, None))
            await asyncio.wait_for(confirmed, CONNECT_SECONDS)
            self._next_tag = 1
        if self._on_open:
            await self._on_open(self.channel)
        self._open.set()

    def _not_opened(self, opened: "asyncio.Future[Any]", error: object) -> None:
        settle(opened, error)
        self._lost.set()

    def _close(self) -> None:
        self._lost.set()
        if self._connection is not None and self._connection.is_open:
            self._connection.close()

    def _block(self, blocked: bool) -> None:
        self.blocked = blocked
        self._log.warning("broker_blocked" if blocked else "broker_unblocked")

    def _drop(self) -> None:
        self._open.clear()
        self.blocked = False
        self._came_back.clear()
        for _, future in list(self._waiting.values()):
            settle(future, _unreachable())
        if self._on_lost:
            self._on_lost()

    def _returned(
        self, _channel: Channel, _method: Basic.Deliver, properties: BasicProperties, _body: bytes
    ) -> None:
        if self._confirm:
            self._came_back.add(properties.message_id)
        if self._on_return:
            self._on_return(properties)

    def _acked(self, frame: Method) -> None:
        method = frame.method
        first = (
            min(self._waiting, default=method.delivery_tag)
            if method.multiple
            else (method.delivery_tag)
        )
        accepted = method.NAME == "Basic.Ack"
        for tag in range(first, method.delivery_tag + 1):
            message_id, future = self._waiting.get(tag, ("", None))
            if future is not None:
                settle(future, self._verdict(message_id, accepted))

    def _verdict(self, message_id: str, accepted: bool) -> Exception | None:
        if message_id in self._came_back:
            self._came_back.discard(message_id)
            return absent()
        return (
            None
            if accepted
            else Unavailable("The broker refused the message.", code="broker.refused")
        )


def need_room(body: bytes) -> None:
    """ContractError ``message.too_large`` if no broker may take a message of that size."""
    if len(body) > topology.LONGEST_BODY:
        raise ContractError("The message is too large. Send less.", code="message.too_large")


def absent() -> Unavailable:
    """The error for a message that reached no queue."""
    return Unavailable("No service of that name has ever been started here.", code="service.absent")


def _unreachable() -> Unavailable:
    return Unavailable("The broker cannot be reached.", code="broker.unreachable")


def settle(future: "asyncio.Future[T]", outcome: T | Exception) -> None:
    """Ends a future, once, with a result or an exception."""
    if future.done():
        return
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
