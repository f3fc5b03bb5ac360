"""A broker and the connections to it: what is written may wait on the way, and be lost with it."""

import itertools
from collections import deque
from dataclasses import dataclass, field

from bus import topology

REPLY_TO = topology.DIRECT_REPLY
PREFETCH = 8


@dataclass(eq=False)
class Stored:
    """A message as the broker has it."""

    exchange: str
    key: str
    properties: dict
    body: bytes
    deliveries: int = 0

    @property
    def id(self):
        headers = self.properties.get("application_headers") or {}
        return headers.get("ce-id") or self.properties.get("message_id")


@dataclass(eq=False)
class Queue:
    """A quorum queue: durable, with a limit of deliveries and dead letters."""

    name: str
    limit: float
    dead: str | None
    keys: tuple = ()
    exchange: str = ""
    messages: deque = field(default_factory=deque)


@dataclass(eq=False)
class Wire:
    """A connection: frames on their way there and back, and what was delivered on it."""

    name: str
    out: deque = field(default_factory=deque)
    back: deque = field(default_factory=deque)
    unacked: dict = field(default_factory=dict)
    consumes: str | None = None
    up: bool = True

    def write(self, frame):
        """Put a frame on its way to the broker."""
        if self.up:
            self.out.append(frame)


class Broker:
    """Queues, where messages go, and what was confirmed."""

    def __init__(self):
        self.queues, self.wires, self.askers = {}, [], {}
        self._tags = itertools.count(1)
        self.confirmed = set()
        self.lost_any = False
        # How often a message came back for no fault of its own.
        self.returned = {}

    # --- connections ---

    def connect(self, name):
        wire = Wire(name)
        self.wires.append(wire)
        return wire

    def cut(self, wire):
        """The connection is lost, with all on its way; what was not acknowledged comes again."""
        if not wire.up:
            return
        wire.up = False
        wire.out.clear()
        wire.back.clear()
        unacked, wire.unacked = wire.unacked, {}
        for queue, stored in reversed(unacked.values()):
            self.returned[stored.id] = self.returned.get(stored.id, 0) + 1
            self._requeue(queue, stored)
        self.wires.remove(wire)
        self.askers = {asker: w for asker, w in self.askers.items() if w is not wire}

    def declare(self, wanted):
        """Make a queue unless it is there; True if it is new."""
        if wanted.name in self.queues:
            return False
        arguments = wanted.arguments
        self.queues[wanted.name] = Queue(
            wanted.name,
            arguments.get("x-delivery-limit", float("inf")),
            arguments.get("x-dead-letter-routing-key"),
            wanted.keys,
            wanted.exchange,
        )
        return True

    # --- messages ---

    def publish(self, exchange, key, properties, body):
        """Route a message; True if it reached a queue, or its asker."""
        stored = Stored(exchange, key, properties, body)
        if exchange == "" and topology.asker_of(key):
            wire = self.askers.get(topology.asker_of(key))
            if wire is not None:
                wire.back.append(("reply", stored))
            return wire is not None
        queues = [queue for queue in self.queues.values() if _goes(queue, exchange, key)]
        for queue in queues:
            queue.messages.append(stored if len(queues) == 1 else _copy(stored))
        return bool(queues)

    def address(self, wire):
        """The address of a direct reply to this connection."""
        asker = f"AAAAAAAAAAAAAAAA{next(self._tags):08d}"
        self.askers[asker] = wire
        return f"{REPLY_TO}.{asker}.BBBBBBBBBBBBBBBBBBBBBBBB"

    def push(self, wire):
        """Deliver the next message of the queue that a connection consumes; False if none is."""
        queue = self.queues.get(wire.consumes or "")
        if queue is None or not queue.messages or len(wire.unacked) >= PREFETCH:
            return False
        stored, tag = queue.messages.popleft(), next(self._tags)
        wire.unacked[tag] = queue, stored
        wire.back.append(("deliver", stored, tag))
        return True

    def ack(self, wire, tag, *, multiple=False):
        for number in [n for n in wire.unacked if n == tag or (multiple and n < tag)]:
            del wire.unacked[number]

    def reject(self, wire, tag, *, requeue):
        queue, stored = wire.unacked.pop(tag, (None, None))
        if queue is None:
            return
        if requeue:
            self._requeue(queue, stored)
        else:
            self._bury(queue, stored, "rejected")

    def _requeue(self, queue, stored):
        stored.deliveries += 1
        if self.queues.get(queue.name) is not queue:
            return
        if stored.deliveries > queue.limit:
            self._bury(queue, stored, "delivery_limit")
        else:
            queue.messages.appendleft(stored)

    def _bury(self, queue, stored, reason):
        dead = self.queues.get(topology.queue_name(queue.dead or "", "dead"))
        if dead is None:
            return
        headers = dict(stored.properties.get("application_headers") or {})
        headers["x-death"] = [{"queue": queue.name, "reason": reason}]
        properties = {**stored.properties, "application_headers": headers}
        dead.messages.append(Stored(stored.exchange, stored.key, properties, stored.body))

    # --- what befalls it ---

    def lose_data(self):
        self.lost_any = True
        self.queues.clear()

    def purge(self, name):
        self.lost_any = True
        if name in self.queues:
            self.queues[name].messages.clear()

    def dead_letters(self, service):
        queue = self.queues.get(topology.queue_name(service, "dead"))
        return list(queue.messages) if queue else []


def _goes(queue, exchange, key):
    if exchange == "":
        return queue.name == key
    return queue.exchange == exchange and key in queue.keys


def _copy(stored):
    return Stored(stored.exchange, stored.key, dict(stored.properties), stored.body)
