"""The consumer loop of one queue, on its own connection, which reconnects by itself."""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import eventlet
from amqp import Channel, serialization, spec
from amqp.exceptions import AMQPError
from kombu import Connection
from kombu import Consumer as KombuConsumer
from kombu.mixins import ConsumerMixin

from bus.amqp import tls
from bus.amqp.hosts import SOCKET_SETTINGS, Hosts
from bus.amqp.incoming import Incoming
from bus.process import log
from bus.wire import Wire

GATE_SECONDS = 0.5
# A broker that recovers from a crash may take a connection and never answer what is asked on it.
CONNECT_SECONDS, BEGIN_SECONDS = 5.0, 10.0

_log = log.get("inlet")
_properties_of = serialization.PROPERTY_CLASSES[spec.Basic.CLASS_ID]


def _properties(buf: bytes, offset: int) -> tuple[Wire, int]:
    """A message's properties; none if they cannot be read.

    py-amqp raises where it reads from the socket: text that is no UTF-8, or a table without an
    end, would take the consumer from all other messages.
    """
    try:
        read: tuple[Wire, int] = _properties_of(buf, offset)
    except (ValueError, LookupError, RecursionError, struct.error, AMQPError):
        _log.warning("properties_unreadable")
        return {}, len(buf)
    return read


serialization.PROPERTY_CLASSES[spec.Basic.CLASS_ID] = _properties


class Taker(Protocol):
    """What receives the messages of a queue (bus.amqp.inlet.Inlet)."""

    prefetch: int

    @property
    def queue_name(self) -> str: ...
    def ready(self) -> bool: ...
    def declare(self, channel: object, answered: Callable[[], None]) -> list[object]: ...
    def arrived(self, raw: Incoming) -> None: ...
    def write(self, channel: object, method: object, form: str, values: object) -> None: ...
    def guard_heartbeats(self, connection: Connection) -> None: ...


class Consumer(ConsumerMixin):
    """Reads one queue; when it drains it takes no more, but keeps the connection for the acks."""

    def __init__(self, inlet: Taker, amqp_url: str, heartbeat: int) -> None:
        self._inlet, self._heartbeat = inlet, heartbeat
        self._hosts = Hosts(amqp_url)
        self.connection = self.create_connection()
        self._consumer: KombuConsumer = None
        self._channel: Channel = None
        self._draining = False
        self.consuming = False
        self.waiting = False  # for the database
        self.drained = eventlet.event.Event()
        self._to_begin: eventlet.Timeout | None = None

    def create_connection(self) -> Connection:
        """A connection to be opened, at the node whose turn it is, or else at the next."""
        urls = self._hosts.in_turn()
        return Connection(
            urls,
            ssl=tls.for_kombu(urls[0]),
            heartbeat=self._heartbeat,
            connect_timeout=min(self._hosts.seconds, CONNECT_SECONDS),
            transport_options={
                "client_properties": {"connection_name": self._inlet.queue_name},
                "socket_settings": SOCKET_SETTINGS,
            },
        )

    def answered(self) -> None:
        """The broker has answered on the way to the first message: it is busy, and not silent. It
        may need a second for each of a hundred keys.
        """
        if self._to_begin is not None and self._to_begin.pending:
            self._to_begin.cancel()
            self._to_begin.start()

    def drain(self) -> None:
        """Ask the loop to take no more messages."""
        self._draining = True

    def get_consumers(
        self, consumer_cls: type[KombuConsumer], channel: Channel
    ) -> list[KombuConsumer]:
        channel.Message = Incoming
        queues = self._inlet.declare(channel, self.answered)
        consumer = consumer_cls(queues=queues, on_message=self._inlet.arrived, accept=None)
        consumer.qos(prefetch_count=self._inlet.prefetch)
        self._consumer, self._channel = consumer, channel
        self._inlet.guard_heartbeats(channel.connection)
        return [consumer]

    @contextmanager
    def establish_connection(self) -> Iterator[object]:
        """A connection, tried for at least every three seconds (kombu's own pause grows to 30)."""
        self._wait_until_ready()
        with self.create_connection() as connection:
            connection.ensure_connection(
                self.on_connection_error, interval_start=0.5, interval_step=0.5, interval_max=3
            )
            self._to_begin = eventlet.Timeout(BEGIN_SECONDS, TimeoutError("it does not begin"))
            try:
                yield connection
            except TimeoutError:
                if not self.consuming:
                    _log.warning("broker_silent", queue=self._inlet.queue_name)
                    connection.connection.collect()  # without the farewell, which waits as well
                raise
            finally:
                self._to_begin.cancel()
                self.consuming = False

    def _wait_until_ready(self) -> None:
        """Takes nothing that could only be held: each message in hand is charged a delivery
        whenever this process or the broker dies.
        """
        while not self._inlet.ready():
            if not self.waiting:
                _log.warning("consumer_paused_by_database")
            self.waiting = True
            if self._draining:
                self.should_stop = True
                raise ConnectionAbortedError
            eventlet.sleep(GATE_SECONDS)
        self.waiting = False

    def on_consume_ready(self, *_: object, **__: object) -> None:
        """The queue is there and bound, and the broker sends: what is asked now arrives."""
        self.consuming = True
        if self._to_begin:
            self._to_begin.cancel()
        _log.info("consuming", queue=self._inlet.queue_name)

    def on_iteration(self) -> None:
        if self._draining and not self.drained.ready():
            for tag in self._consumer._active_tags.values():
                self._inlet.write(self._channel, spec.Basic.Cancel, "sb", (tag, True))
            self.drained.send()

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        _log.warning("broker_unreachable", error=tls.name_of(exc), again_in=interval)
        if self._draining:
            self.should_stop = True
            raise exc
