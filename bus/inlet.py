"""Event-Driven Consumer: one connection a queue of the service, that drains before it closes."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import eventlet
from amqp import serialization, spec
from amqp.exceptions import AMQPError
from eventlet.semaphore import Semaphore
from kombu import Connection, Exchange, Queue
from kombu.mixins import ConsumerMixin
from nameko import config
from nameko.extensions import SharedExtension

from bus import log, monitor, topology
from bus.monitor import WELL, Finding, fail
from bus.store import Store

_log = log.get("inlet")
_properties_of = serialization.PROPERTY_CLASSES[spec.Basic.CLASS_ID]


def _properties(buf: bytes, offset: int) -> tuple[dict[str, Any], int]:
    """A message's properties; none if they cannot be read.

    py-amqp raises where it reads from the socket: text that is no UTF-8, or a table without an
    end, would take the consumer from all other messages.
    """
    try:
        read: tuple[dict[str, Any], int] = _properties_of(buf, offset)
    except (ValueError, LookupError, RecursionError, struct.error, AMQPError):
        _log.warning("properties cannot be read")
        return {}, len(buf)
    return read


serialization.PROPERTY_CLASSES[spec.Basic.CLASS_ID] = _properties
LOST = (AMQPError, OSError)
WRITE_SECONDS = 30
GATE_SECONDS = 0.5


class Consumer(ConsumerMixin):
    """Reads one queue; when it drains it takes no more, but keeps the connection for the acks."""

    def __init__(self, inlet: "Inlet", amqp_url: str, heartbeat: int) -> None:
        self._inlet = inlet
        self.connection = Connection(
            amqp_url,
            heartbeat=heartbeat,
            transport_options={"client_properties": {"connection_name": inlet.queue_name}},
        )
        self._consumer: Any = None
        self._channel: Any = None
        self._draining = False
        self.consuming = False
        self.drained = eventlet.event.Event()

    def drain(self) -> None:
        """Asks the loop to take no more messages."""
        self._draining = True

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        queues = self._inlet.declare(channel)
        consumer = consumer_cls(queues=queues, on_message=self._inlet.take, accept=None)
        consumer.qos(prefetch_count=self._inlet.prefetch)
        self._consumer, self._channel = consumer, channel
        self._inlet.guard_heartbeats(channel.connection)
        return [consumer]

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        """A connection, tried for at least every three seconds (kombu's own pause grows to 30)."""
        self._wait_until_ready()
        with self.create_connection() as connection:
            connection.ensure_connection(
                self.on_connection_error, interval_start=0.5, interval_step=0.5, interval_max=3
            )
            try:
                yield connection
            finally:
                self.consuming = False

    def _wait_until_ready(self) -> None:
        """Takes nothing that could only be held: each message in hand is charged a delivery
        whenever this process or the broker dies.
        """
        waited = False
        while not self._inlet.ready():
            if not waited:
                _log.warning("not consuming, the database takes no changes")
            waited = True
            if self._draining:
                self.should_stop = True
                raise ConnectionAbortedError
            eventlet.sleep(GATE_SECONDS)

    def on_consume_ready(self, *_: Any, **__: Any) -> None:
        """The queue is there and bound, and the broker sends: what is asked now arrives."""
        self.consuming = True
        _log.info("consuming", queue=self._inlet.queue_name)

    def on_iteration(self) -> None:
        if self._draining and not self.drained.ready():
            for tag in self._consumer._active_tags.values():
                self._inlet.write(self._channel, spec.Basic.Cancel, "sb", (tag, True))
            self.drained.send()

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        _log.warning("broker unreachable", error=type(exc).__name__, again_in=interval)
        if self._draining:
            self.should_stop = True
            raise exc


class Inlet(SharedExtension):
    """All endpoints of one kind in a service share one queue, one connection and one channel."""

    kind = ""
    exchange = ""
    prefetch = 8
    gated = True  # consumes only while the database takes changes

    def __init__(self) -> None:
        self._endpoints: dict[str, Any] = {}
        self._consumer: Consumer | None = None
        self._thread: Any = None
        # Workers and the loop write on one socket: whole frames must not mix.
        self._write = Semaphore(1)

    @property
    def queue_name(self) -> str:
        return topology.queue_name(self.container.service_name, self.kind)

    @property
    def store(self) -> Store | None:
        """The database of the service, if it has one."""
        found = (getattr(each, "store", None) for each in self.container.dependencies)
        return next((store for store in found if isinstance(store, Store)), None)

    def ready(self) -> bool:
        """True if messages that change something can be worked on now."""
        store = self.store if self.gated else None
        return store is None or store.writable()

    def register(self, name: str, endpoint: Any) -> None:
        """Messages of the contract ``name`` go to ``endpoint``."""
        self._endpoints[name] = endpoint

    def finding(self) -> Finding:
        """The check that this queue is consumed, for bus/monitor.py."""
        if self._consumer is not None and self._consumer.consuming:
            return WELL
        return fail("broker.unreachable", f"The queue {self.queue_name} is not consumed.")

    def open(self) -> None:
        """Begins to consume, once, when the first endpoint starts."""
        if self._consumer is None:
            self._consumer = Consumer(self, config["AMQP_URI"], config.get("HEARTBEAT", 20))
            monitor.watch(self.kind, self.finding)
            self._thread = eventlet.spawn(self._run)

    def close(self) -> None:
        """Ends consuming; returns when the broker sends no more."""
        if self._consumer is not None:
            self._consumer.drain()
            with eventlet.Timeout(10, False):
                self._consumer.drained.wait()

    def stop(self) -> None:
        """Closes the connection; called after the last worker has ended."""
        if self._consumer is not None:
            self._consumer.should_stop = True
            with eventlet.Timeout(5, False):
                self._thread.wait()

    def declare(self, channel: Any) -> list[Queue]:
        """Declares the exchanges, the dead queue and this queue; gives what to consume."""
        for name, kind in topology.EXCHANGES.items():
            Exchange(name, kind, durable=True, channel=channel).declare()
        service = self.container.service_name
        for wanted in (
            topology.dead_queue(service),
            topology.queue(service, self.kind, self.exchange, self._endpoints),
        ):
            queue = Queue(
                wanted.name, durable=True, queue_arguments=wanted.arguments, channel=channel
            )
            queue.queue_declare()
            for key in wanted.keys:
                queue.bind_to(wanted.exchange, key)
        queue.no_declare = True
        return [queue]

    def take(self, raw: Any) -> None:
        """Gives an arrived message to the endpoint of its contract."""
        endpoint = self._endpoints.get(raw.delivery_info["routing_key"])
        if endpoint is None:
            endpoint = self._endpoints.get(str((raw.headers or {}).get("ce-type")))
        if endpoint is None:
            _log.warning("no endpoint", routing_key=raw.delivery_info["routing_key"])
            self.reject(raw)
            return
        endpoint.take(raw)

    def alive(self, raw: Any) -> bool:
        """True if the channel that brought the message still stands."""
        return raw.channel is not None and raw.channel.connection is not None

    def done(self, raw: Any) -> None:
        self._tell(raw, spec.Basic.Ack, "Lb", (raw.delivery_tag, False))

    def reject(self, raw: Any) -> None:
        """To the dead letters."""
        self._tell(raw, spec.Basic.Reject, "Lb", (raw.delivery_tag, False))

    def give_back(self, raw: Any) -> None:
        """To the queue again; the broker counts, the fifth time goes to the dead letters."""
        self._tell(raw, spec.Basic.Reject, "Lb", (raw.delivery_tag, True))

    def reply(self, raw: Any, body: bytes) -> None:
        """Answers the asker on the channel that brought the question.

        The acknowledgement follows on the same channel, so the broker has routed the reply before
        it forgets the question: no confirm is needed. A reply_to that is not a direct reply is
        refused, or a hostile one would make this service write into another service's queue.
        """
        reply_to = raw.properties.get("reply_to")
        if not topology.is_direct_reply(reply_to):
            _log.warning("nowhere to reply", message_id=raw.properties.get("message_id"))
            return
        if not self.alive(raw):
            return
        message = raw.channel.prepare_message(
            body,
            content_type="application/json",
            content_encoding="utf-8",
            properties={"correlation_id": raw.properties.get("correlation_id"), "delivery_mode": 1},
        )
        self._tell(raw, spec.Basic.Publish, "Bssbb", (0, "", reply_to, False, False), message)

    def _tell(self, raw: Any, method: Any, form: str, values: Any, content: Any = None) -> None:
        if self.alive(raw):
            self.write(raw.channel, method, form, values, content)

    def write(self, channel: Any, method: Any, form: str, values: Any, content: Any = None) -> None:
        """Writes one method on the channel; a broker that reads nothing any more is cut off.

        send_method and not basic_publish: that one also reads from the socket, to see whether the
        broker is blocked, while the loop is reading from it.
        """
        connection = channel.connection
        try:
            with eventlet.Timeout(WRITE_SECONDS), self._write:
                channel.send_method(method, form, values, content)
        except LOST as error:
            _log.warning("broker lost while answering", error=type(error).__name__)
        except eventlet.Timeout:
            _log.warning("broker reads nothing, connection cut")
            connection.collect()

    def guard_heartbeats(self, connection: Any) -> None:
        """Lets the loop's heartbeats wait for a frame that a worker is writing."""
        send = connection.send_heartbeat

        def send_heartbeat() -> None:
            with self._write:
                send()

        connection.send_heartbeat = send_heartbeat

    def _run(self) -> None:
        consumer = self._consumer
        while consumer is not None and not consumer.should_stop:
            try:
                consumer.run()
            except (TimeoutError, *LOST) as error:
                _log.warning("broker lost", error=type(error).__name__)
                eventlet.sleep(1)
        if consumer is not None and not consumer.drained.ready():
            consumer.drained.send()


class Requests(Inlet):
    """Whoever asks is answered at once, also that the database is away."""

    kind, exchange, prefetch, gated = "requests", topology.REQUESTS, 256, False


class Commands(Inlet):
    kind, exchange = "commands", topology.COMMANDS


class Events(Inlet):
    kind, exchange = "events", topology.EVENTS


class Answers(Inlet):
    """What agencies answer has a queue of its own: they can fill no other."""

    kind, exchange = "answers", topology.ANSWERS
