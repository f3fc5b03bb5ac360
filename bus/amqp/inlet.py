"""Event-Driven Consumer: one connection per queue of the service, drained before it closes."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import eventlet
from amqp import Channel, spec
from amqp.exceptions import AMQPError, NotFound
from eventlet.greenthread import GreenThread
from eventlet.semaphore import Semaphore
from kombu import Connection, Queue
from nameko import config
from nameko.extensions import SharedExtension

from bus import topology
from bus.amqp.confirming import Saying
from bus.amqp.consumer import Consumer
from bus.amqp.heartbeats import guard_heartbeats
from bus.amqp.incoming import Incoming
from bus.amqp.outlet import Outlet
from bus.amqp.splitter import splitter_of
from bus.database.store import Store, store_among
from bus.process import log, monitor
from bus.process.monitor import WELL, Finding, fail

_log = log.get("inlet")
LOST = (AMQPError, OSError)
WRITE_SECONDS = 30
SUSPECT_SECONDS = 0.05


class Taker(Protocol):
    """What takes the messages of one contract (bus.message_endpoint.Endpoint)."""

    def take(self, raw: Incoming, inlet: "Inlet") -> None: ...


class Inlet(SharedExtension):
    """All endpoints of one kind in a service share one queue, one connection and one channel."""

    kind = ""
    exchange = ""
    prefetch = 8
    gated = True  # consumes only while the database takes changes

    def __init__(self) -> None:
        self._endpoints: dict[str, Taker] = {}
        self._consumer: Consumer | None = None
        self._thread: GreenThread = None
        # Workers and the loop write on one socket: whole frames must not mix.
        self._write = Semaphore(1)
        self._suspected: list[Incoming] = []

    outlet = Outlet()

    @property
    def queue_name(self) -> str:
        return topology.queue_name(self.container.service_name, self.kind)

    @property
    def store(self) -> Store | None:
        """The database of the service, if it has one."""
        return store_among(self.container.dependencies)

    def ready(self) -> bool:
        """True if messages that change something can be worked on now."""
        store = self.store if self.gated else None
        return store is None or store.writable()

    def register(self, name: str, endpoint: Taker) -> None:
        """Messages of the contract ``name`` go to ``endpoint``."""
        self._endpoints[name] = endpoint

    def finding(self) -> Finding:
        """The check that this queue is consumed, for bus/process/monitor.py."""
        if self._consumer is not None and self._consumer.consuming:
            return WELL
        if self._consumer is not None and self._consumer.waiting and self.store is not None:
            return self.store.finding()
        return fail("broker.unreachable", f"The queue {self.queue_name} is not consumed.")

    def open(self) -> None:
        """Begins to consume, once, when the first endpoint starts."""
        if self._consumer is None:
            self.outlet.open()
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

    def wanted(self) -> list[topology.Queue]:
        """The queues to declare; the last is the one to consume."""
        service = self.container.service_name
        return [
            topology.dead_queue(service),
            topology.suspects_queue(service),
            topology.queue(service, self.kind, self.exchange, self._endpoints),
        ]

    def declare(self, channel: Channel, answered: Callable[[], None]) -> list[Queue]:
        """Declares the exchanges, the dead queue and this queue; gives what to consume."""
        need_exchanges(channel.connection, answered)
        for wanted in self.wanted():
            queue = Queue(
                wanted.name, durable=True, queue_arguments=wanted.arguments, channel=channel
            )
            queue.queue_declare()
            answered()
            for key in wanted.keys:
                queue.bind_to(wanted.exchange, key)
                answered()
        queue.no_declare = True
        return [queue]

    def arrived(self, raw: Incoming) -> None:
        """Takes a message from the broker: whatever is in it, the next one is taken as well."""
        try:
            if raw.deliveries >= topology.SUSPECT_AFTER:
                self.suspect(raw)
            else:
                self.take(raw)
        except Exception:
            _log.exception("message_failed_the_consumer", queue=self.queue_name)
            self.reject(raw)

    def suspect(self, raw: Incoming) -> None:
        """Lets a message be tried alone that was in the hands of processes which died."""
        if not self._suspected:
            eventlet.spawn_after(SUSPECT_SECONDS, self._move_suspects)
        self._suspected.append(raw)

    def _move_suspects(self) -> None:
        suspects, self._suspected = self._suspected, []
        _log.warning("to_be_tried_alone", messages=len(suspects), queue=self.queue_name)
        self.renew(suspects, topology.suspects_queue(self.container.service_name).name)

    def renew(self, messages: Sequence[Incoming], queue: str | None = None) -> None:
        """Puts messages into a queue anew, this one's own if none is named, as if they had never
        been delivered; what cannot be put there for sure goes back, and is charged a delivery.
        """
        for raw, kept in zip(messages, self.put(messages, queue), strict=True):
            (self.done if kept else self.give_back)(raw)

    def put(self, messages: Sequence[Incoming], queue: str | None = None) -> list[bool]:
        """Puts copies of messages into a queue, this one's own if none is named; which are there
        for sure. One whose channel is lost is not put: the broker delivers it again.
        """
        alive = [raw for raw in messages if self.alive(raw)]
        copies = [
            Saying(time.monotonic(), "", queue or self.queue_name, raw.copy_properties(), raw.body)
            for raw in alive
        ]
        kept = iter(self.outlet.beside.say(copies).in_queue if copies else ())
        return [raw in alive and next(kept) for raw in messages]

    def take(self, raw: Incoming) -> None:
        """Gives an arrived message to the endpoint of its contract."""
        endpoint = self._endpoints.get(str(raw.delivery_info.get("routing_key")))
        if endpoint is None:
            endpoint = self._endpoints.get(str(raw.headers.get("ce-type")))
        if endpoint is None:
            _log.warning("endpoint_missing", routing_key=raw.delivery_info.get("routing_key"))
            self.reject(raw)
            return
        endpoint.take(raw, self)

    def alive(self, raw: Incoming) -> bool:
        """True if the channel that delivered the message is still open."""
        return raw.channel is not None and raw.channel.connection is not None

    def done(self, raw: Incoming) -> None:
        self._tell(raw, spec.Basic.Ack, "Lb", (raw.delivery_tag, False))

    def reject(self, raw: Incoming) -> None:
        """Send the message to the dead letters."""
        self._tell(raw, spec.Basic.Reject, "Lb", (raw.delivery_tag, False))

    def bury(self, raw: Incoming, code: str | None) -> None:
        """To the dead letters, with the code of the refusal; the broker itself, which does the rest
        if this copy cannot be put there for sure, would only say that it was rejected.
        """
        kept = code is not None and self.put_dead(raw, code)
        (self.done if kept else self.reject)(raw)

    def put_dead(self, raw: Incoming, code: str) -> bool:
        """Puts a copy of a message among the dead letters; False if it is not there for sure."""
        if not self.alive(raw):
            return False
        properties = raw.copy_properties()
        properties["application_headers"] |= {
            topology.DIED_IN: self.queue_name,
            topology.DIED_OF: code,
            topology.DIED_AT: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        dead = topology.dead_queue(self.container.service_name).name
        letter = Saying(time.monotonic(), "", dead, properties, raw.body)
        return self.outlet.beside.say([letter]).in_queue[0]

    def give_back(self, raw: Incoming) -> None:
        """To the queue again; the broker counts, the fifth time goes to the dead letters."""
        self._tell(raw, spec.Basic.Reject, "Lb", (raw.delivery_tag, True))

    def reply(
        self, raw: Incoming, body: bytes, *, batch: int, content_type: str = topology.JSON
    ) -> None:
        """Answers the asker, if its address can be one; what is said follows a message's end.

        ``batch`` tells it how many calls of the contract may come in one message.
        """
        reply_to = raw.properties.get("reply_to")
        if topology.asker_of(reply_to) is None:
            _log.warning("reply_address_missing", message_id=raw.id)
            return
        number = raw.properties.get("correlation_id")
        properties = {"content_type": content_type, "application_headers": {topology.BATCH: batch}}
        self.outlet.reply(str(reply_to), number, body, properties)

    def flush(self) -> None:
        """Nothing to do: each reply was sent at once."""

    def _tell(
        self, raw: Incoming, method: tuple[int, int], form: str, values: Sequence[object]
    ) -> None:
        if self.alive(raw):
            self.write(raw.channel, method, form, values)

    def write(
        self, channel: Channel, method: tuple[int, int], form: str, values: Sequence[object]
    ) -> None:
        """Writes one method on the channel; a broker that reads nothing any more is cut off."""
        connection = channel.connection
        try:
            with eventlet.Timeout(WRITE_SECONDS), self._write:
                channel.send_method(method, form, values)
        except LOST as error:
            _log.warning("broker_lost_during_reply", error=type(error).__name__)
        except eventlet.Timeout:
            _log.warning("broker_connection_cut")
            connection.collect()

    def guard_heartbeats(self, connection: Connection) -> None:
        """Lets the loop's heartbeats wait for a frame that a worker is writing."""
        guard_heartbeats(connection, self._write)

    def _run(self) -> None:
        consumer = self._consumer
        while consumer is not None and not consumer.should_stop:
            try:
                consumer.run()
            except (TimeoutError, *LOST) as error:
                _log.warning("broker_lost", error=type(error).__name__)
                eventlet.sleep(1)
            except Exception:
                _log.exception("consumer_failed", queue=self.queue_name)
                eventlet.sleep(1)
        if consumer is not None and not consumer.drained.ready():
            consumer.drained.send()


def need_exchanges(connection: Connection, answered: Callable[[], None]) -> None:
    """Makes the exchanges unless all are there: where the operator has made them, a service needs
    no right to make any.
    """
    channel = connection.channel()
    try:
        for name, kind in topology.EXCHANGES.items():
            channel.exchange_declare(name, kind, passive=True)
            answered()
    except NotFound:
        channel = connection.channel()
        for name, kind in topology.EXCHANGES.items():
            channel.exchange_declare(name, kind, durable=True, auto_delete=False)
    channel.close()


class Requests(Inlet):
    """The queue of Requests: callers are answered at once, even while the database is away."""

    kind, exchange, prefetch, gated = "requests", topology.REQUESTS, 256, False

    def suspect(self, raw: Incoming) -> None:
        """The calls of an aggregate are tried each alone, so that one of them spoils no other."""
        splitter = splitter_of(raw, self)
        if splitter is None:
            super().suspect(raw)
            return
        queue = topology.suspects_queue(self.container.service_name).name
        _log.warning("to_be_tried_alone", messages=len(splitter.calls), queue=self.queue_name)
        eventlet.spawn(splitter.renew, splitter.calls, queue)


class Commands(Inlet):
    kind, exchange = "commands", topology.COMMANDS


class Events(Inlet):
    kind, exchange = "events", topology.EVENTS


class Suspects(Inlet):
    """The queue of messages that may have killed a process: they are tried one at a time."""

    kind, prefetch = "suspects", 1

    def wanted(self) -> list[topology.Queue]:
        service = self.container.service_name
        return [topology.dead_queue(service), topology.suspects_queue(service)]

    def arrived(self, raw: Incoming) -> None:
        try:
            if raw.deliveries >= topology.SUSPECT_LIMIT and raw.id and raw.receipt_to:
                self.outlet.receipt_now(raw.receipt_to, raw.id)
            self.take(raw)
        except Exception:
            _log.exception("message_failed_the_consumer", queue=self.queue_name)
            self.reject(raw)


class Answers(Inlet):
    """What agencies answer has a queue of its own: they can fill no other.

    Who sent an answer is proven by the way it came, so it is never put anywhere anew.
    """

    kind, exchange = "answers", topology.ANSWERS

    def suspect(self, raw: Incoming) -> None:
        self.take(raw)

    def bury(self, raw: Incoming, code: str | None) -> None:
        self.reject(raw)

    def renew(self, messages: Sequence[Incoming], queue: str | None = None) -> None:
        for raw in messages:
            self.give_back(raw)
