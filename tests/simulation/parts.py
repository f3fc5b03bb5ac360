"""The processes of a play: a service, its relay and a face that asks, each with its connections."""

import asyncio
import contextlib
from types import SimpleNamespace

import pika
import psycopg2
from amqp import spec

from bus import topology
from bus.amqp.confirming import Confirmed
from bus.amqp.incoming import Incoming, Parts
from bus.amqp.inlet import Suspects
from bus.amqp.outlet import Outlet
from bus.amqp.relay import Relay
from bus.client import Client
from bus.database.store import Store
from bus.errors import BusError, Unavailable
from bus.message_endpoint import HandleCommand, HandleEvent, Serve
from bus.messages.kinds import Event, Request
from tests.simulation.clock import MOST_STEPS
from tests.simulation.played import Played, ProcessDied

SERVICE = "probe"
ADDRESS = "amqp://nobody:x@127.0.0.1:1/"


class PlayedStore(Store):
    """A service's real store, in whose transactions a play can put one fault."""

    def __init__(self, url, world):
        super().__init__(url, source=SERVICE, connections=3)
        self._world = world

    @contextlib.contextmanager
    def transaction(self, envelope=None):
        fault = self._world.database_fault()
        if fault == "away":
            raise self._trouble("database.unreachable")
        with super().transaction(envelope) as tx:
            yield tx
            if fault == "before commit":
                raise self._trouble("database.conflict")
        if fault == "after commit":  # it was committed, and nobody heard of it
            raise self._trouble("database.unreachable")

    def _trouble(self, code):
        trouble = Unavailable("A played fault.", code=code)
        self.troubles.note(trouble)
        return trouble

    def writable(self):
        return not self._world.database_away


class Beside:
    """A connection of a service on which the broker's word is awaited."""

    def __init__(self, world):
        self._world = world

    def say(self, sayings):
        fault = self._world.take_beside_fault()
        if fault == "lost":
            return Confirmed([False] * len(sayings), answered=False)
        there = [
            self._world.broker.publish(s.exchange, s.key, dict(s.properties), s.body)
            for s in sayings
        ]
        if fault == "unsure":
            return Confirmed([False] * len(sayings), answered=False)
        return Confirmed(there)

    def stop(self):
        pass


class Channel:
    """What a service writes on: frames go on their way to the broker."""

    def __init__(self, broker, wire):
        self.connection, self._broker, self._wire = self, broker, wire

    def send_method(self, method, _form, values, message=None):
        broker, wire = self._broker, self._wire
        if method == spec.Basic.Ack:
            wire.write(lambda: broker.ack(wire, values[0]))
        elif method == spec.Basic.Reject:
            wire.write(lambda: broker.reject(wire, values[0], requeue=values[1]))
        else:
            assert method == spec.Basic.Publish
            properties, body = dict(message.properties), message.body
            wire.write(lambda: broker.publish(values[1], values[2], properties, body))

    def collect(self):
        self.connection = None


class Process:
    """What all processes have: whether they live, and what they have still to do."""

    def __init__(self, world, name):
        self.world, self.name, self.alive = world, name, False
        self.wires, self.tasks, self.timers = [], [], []

    def cut(self, number=0):
        """One of its connections is lost; it makes a new one at its next turn."""
        if self.wires:
            self.world.broker.cut(self.wires[number % len(self.wires)])

    def kill(self):
        """kill -9"""
        self.alive = False
        for wire in self.wires:
            self.world.broker.cut(wire)
        self.wires, self.tasks, self.timers = [], [], []

    def ring(self):
        """Make what is due by the clock a task."""
        now = self.world.clock.now
        due = [act for at, act in self.timers if at <= now]
        self.timers = [(at, act) for at, act in self.timers if at > now]
        self.tasks += due


class ServiceProcess(Process):
    """A replica of the service: real endpoints, inlets, outlet and activator."""

    def __init__(self, world, name):
        super().__init__(world, name)
        self.workers, self.settles = [], []

    def start(self):
        self.alive = True
        self.workers, self.settles = [], []
        self.store = self.world.store
        self.container = SimpleContainer(self)
        self.outlet = Outlet()
        self.outlet.container, self.outlet.beside = self.container, Beside(self.world)
        self.container.shared_extensions[Outlet] = self.outlet
        self.endpoints = [self._endpoint(job) for job in self.world.jobs]
        for endpoint in self.endpoints:
            endpoint.setup()
        shared = self.container.shared_extensions.items()
        self.inlets = [inlet for kind, inlet in shared if kind is not Outlet]
        self._wire_of = {}
        self.turn()

    def _endpoint(self, job):
        kinds = {Request: Serve, Event: HandleEvent}
        kind = kinds.get(type(job.contract), HandleCommand)
        return kind(job).bind(self.container, job.contract.operation)

    def turn(self):
        """Connect what is not connected, and have the outlet say what it has to say."""
        for inlet in self.inlets:
            wire = self._wire_of.get(inlet)
            if (wire is None or not wire.up) and inlet.ready():
                self._connect(inlet)
        wire = self._wire_of.get(self.outlet)
        if wire is None or not wire.up:
            self._connect_outlet()
        self.outlet._forget_said()
        self.outlet._say_receipts()
        self.outlet._say_what_waited()

    def _connect(self, inlet):
        broker = self.world.broker
        old = self._wire_of.get(inlet)
        if old is not None:
            old.channel.collect()
        wire = broker.connect(f"{self.name} {inlet.kind}")
        wire.inlet, wire.channel = inlet, Channel(broker, wire)
        for wanted in inlet.wanted():
            broker.declare(wanted)
        wire.consumes = inlet.queue_name
        self._wire_of[inlet] = wire
        self.wires = [w for w in self.wires if w.up] + [wire]

    def _connect_outlet(self):
        broker, outlet = self.world.broker, self.outlet
        outlet._forget_connection()
        for _ in range(len(outlet._unsaid)):
            saying = outlet._unsaid.popleft()
            outlet.beside.say([saying])
        wire = broker.connect(f"{self.name} outlet")
        outlet._channel = Channel(broker, wire)
        self._wire_of[outlet] = wire
        self.wires = [w for w in self.wires if w.up] + [wire]

    def receive(self, wire, frame):
        _, stored, tag = frame
        info = {"routing_key": stored.key, "exchange": stored.exchange}
        properties = dict(stored.properties)
        headers = dict(properties.get("application_headers") or {})
        if stored.deliveries:
            headers["x-delivery-count"] = stored.deliveries
        properties["application_headers"] = headers
        wire.inlet.arrived(Incoming(Parts(tag, info, properties, stored.body), wire.channel))

    def work(self, number):
        """Run one worker to its end, which may be that of the process."""
        entrypoint, arguments, settle = self.workers.pop(number % len(self.workers))
        method = getattr(Played, entrypoint.method_name)
        service = Played()
        service.store = self.store
        try:
            outcomes = method(service, *arguments)
        except ProcessDied:
            self.kill()
            return
        self.world.written = True
        self.settles.append(lambda: settle(None, outcomes, None))

    def kill(self):
        super().kill()
        self.workers, self.settles = [], []

    def stop(self):
        """SIGTERM: takes nothing new, ends what runs, gives the rest back, says the last."""
        for endpoint in self.endpoints:
            endpoint.stop()
        while self.alive and (self.workers or self.settles or self.tasks):
            for acts in (self.tasks, self.settles):
                while acts:
                    acts.pop(0)()
            if self.workers:
                self.work(0)
        if not self.alive:
            return
        self.outlet._say_receipts()
        self.outlet._say_what_waited()
        for wire in self.wires:
            self.world.flush(wire, 1000)
        self.kill()


class SimpleContainer:
    """What endpoints need of nameko's container."""

    def __init__(self, process):
        self.service_name, self.shared_extensions = SERVICE, {}
        self.service_cls = Played
        self.dependencies = [SimpleNamespace(store=process.store)]
        self._process = process

    def spawn_worker(self, entrypoint, arguments, _named, handle_result):
        self._process.workers.append((entrypoint, arguments, handle_result))

    def spawn_managed_thread(self, *_, **__):
        pass


class PikaChannel:
    """What a face or a relay writes on."""

    def __init__(self, world, wire, link):
        self._world, self._wire, self._link, self._tag = world, wire, link, 0

    def basic_publish(self, exchange, key, body, properties, *, mandatory):
        if not self._wire.up:
            raise pika.exceptions.ChannelWrongStateError
        self._tag += 1
        message = exchange, key, body, properties
        self._wire.write(lambda tag=self._tag: self._arrive(message, mandatory, tag))

    def _arrive(self, message, mandatory, tag):
        exchange, key, body, properties = message
        broker, wire = self._world.broker, self._wire
        plain = {
            "application_headers": dict(properties.headers or {}),
            "content_type": properties.content_type,
            "message_id": properties.message_id,
            "correlation_id": properties.correlation_id,
        }
        if properties.reply_to:
            plain["reply_to"] = broker.address(wire)
        accepted = broker.publish(exchange, key, plain, body) or not mandatory
        if not accepted:
            wire.back.append(("returned", properties))
        if self._link._confirm:
            if accepted:
                broker.confirmed.add(properties.message_id)
            wire.back.append(("confirmed", tag))

    def basic_ack(self, tag, multiple=False):
        if not self._wire.up:
            raise pika.exceptions.ChannelWrongStateError
        wire, broker = self._wire, self._world.broker
        wire.write(lambda: broker.ack(wire, tag, multiple=multiple))


class Linked(Process):
    """A process with one real Link, whose channel leads into the play."""

    link = None

    def turn(self):
        """Connect again if the connection is lost."""
        if not self.wires or not self.wires[0].up:
            self._connect()

    def _connect(self):
        if self.wires:
            self.link._drop()
        wire = self.world.broker.connect(self.name)
        self.wires = [wire]
        self.link.channel, self.link._next_tag = PikaChannel(self.world, wire, self.link), 1
        self.opened(wire)
        self.link._open.set()

    def cut(self, number=0):
        if self.wires and self.wires[0].up:
            super().cut(number)
            self.link._drop()

    def opened(self, wire):
        raise NotImplementedError

    def receive(self, wire, frame):
        self.world.loop.inside(lambda: self._receive(frame))

    def _receive(self, frame):
        kind, content = frame[0], frame[1]
        if kind == "returned":
            self.link._returned(None, None, content, b"")
        elif kind == "confirmed":
            named = SimpleNamespace(multiple=False, delivery_tag=content, NAME="Basic.Ack")
            self.link._acked(SimpleNamespace(method=named))
        else:
            self.take(content, *frame[2:])


class RelayProcess(Linked):
    """The service's real relay, with a real session in the database."""

    def start(self):
        self.alive, self._stop = True, asyncio.Event()
        self.relay = Relay(self.world.url, ADDRESS, SERVICE)
        self.link = self.relay._link
        self.link.start = self.link.stop = _nothing
        self.link.depth = self._depth
        self.turn()
        self._task = self.world.loop.create_task(self.relay.run(self._stop))

    def opened(self, wire):
        broker = self.world.broker
        self.relay._broker_is_new |= broker.declare(topology.receipts_queue(SERVICE))
        wire.consumes = topology.queue_name(SERVICE, "receipts")
        self.relay._wake.set()

    async def _depth(self, name):
        queue = self.world.broker.queues.get(name)
        return None if queue is None else len(queue.messages)

    def take(self, stored, tag):
        method = SimpleNamespace(delivery_tag=tag)
        self.relay._receipt(None, method, None, stored.body)

    def kill(self):
        if self.alive:
            super().kill()
            for _ in range(MOST_STEPS):
                # Python 3.11's wait_for may swallow a cancellation that meets its end.
                self._task.cancel()
                self.world.loop.step(2)
                if self._task.done():
                    break
            assert self._task.done(), self._task

    stop = kill


class FaceProcess(Linked):
    """A face: the real client, whose calls wait for replies on its connection."""

    def start(self):
        self.alive = True
        self.client = Client(ADDRESS, name="face")
        self.link = self.client._link
        self.turn()

    def opened(self, wire):
        pass

    def take(self, stored):
        properties = pika.BasicProperties(
            correlation_id=stored.properties.get("correlation_id"),
            content_type=stored.properties.get("content_type"),
            headers=stored.properties.get("application_headers"),
        )
        self.client._replied(None, None, properties, stored.body)

    def ask(self, call):
        """Begin a call; what becomes of it is noted in it."""
        if self.alive:
            call.tasks.append(self.world.loop.create_task(self._ask(call)))

    async def _ask(self, call):
        try:
            call.replies.append(
                await self.client.call_json(
                    call.contract, {"mark": call.mark}, id=call.id, deadline=call.deadline
                )
            )
        except BusError as error:
            call.errors.append(error.code)

    def kill(self):
        if self.alive:
            super().kill()
            for call in self.world.calls:
                for task in call.tasks:
                    task.cancel()
            self.link._drop()
            self.world.loop.step()

    stop = kill


async def _nothing():
    pass


class Connecting:
    """What stands in place of psycopg2 in the relay: no session while the database is away."""

    def __init__(self, world):
        self._world = world

    def __getattr__(self, name):
        return getattr(psycopg2, name)

    def connect(self, *arguments, **named):
        if self._world.database_away:
            raise psycopg2.OperationalError("a played fault")
        connection = psycopg2.connect(*arguments, **named)
        self._world.relay_connection = connection
        return connection


__all__ = ["FaceProcess", "PlayedStore", "RelayProcess", "ServiceProcess", "Suspects"]
