"""Aggregator: calls of one contract that wait at the same moment travel in one message.

What is asked in one turn of the loop goes together, sixteen calls as soon as they are there: in
smaller messages the face, the broker and the service work at the same time, instead of waiting for
each other in turn. Eight messages of a contract may be on their way; what is asked meanwhile goes
with the next, so that one who asks alone waits for nobody. A service says in each reply how many
calls it takes in one message: one that works on each alone, or of a release before aggregates, gets
each alone.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Sequence

import orjson
from pika.spec import BasicProperties

from bus import topology
from bus.amqp.aggregate import join_calls
from bus.amqp.rabbit import Link, settle
from bus.call_leaves import MARK
from bus.envelope import Envelope
from bus.errors import BusError, Internal, from_wire
from bus.process import log
from bus.wire import Wire

ON_THEIR_WAY = 8
# So many that wait go at once; only behind full lanes do more travel together.
ENOUGH = 16
# A message that takes longer keeps nobody waiting: the next goes without its reply.
PATIENCE_SECONDS = 0.25
# So long each call travels alone after a reply of a process that takes no aggregates.
ALONE_SECONDS = 60.0
# What the attributes of an envelope take, but for its caller.
ENVELOPE_SIZE = 800

_log = log.get("aggregator")


class Call:
    """A call on its way: what stands in its message, and the reply that is awaited."""

    __slots__ = ("body", "envelope", "headers", "lane", "mark", "message", "number", "reply")

    def __init__(self, number: str, lane: "Lane", envelope: Envelope, body: bytes) -> None:
        self.number, self.lane, self.envelope, self.body = number, lane, envelope, body
        self.headers = envelope.headers()
        self.message: str | None = None  # the number of the message with which it went
        self.mark: object = None  # of the leaf that its reply made (bus/call_leaves.py)
        self.reply: asyncio.Future[Wire] = asyncio.get_running_loop().create_future()

    @property
    def size(self) -> int:
        """About how many octets it adds to an aggregate."""
        return len(self.body) + len(self.headers.get("ce-caller", "")) + ENVELOPE_SIZE


class Lane:
    """The calls of one contract that wait, and how many of them its service takes at once."""

    __slots__ = ("_alone_until", "batch", "contract", "most", "on_their_way", "waiting")

    def __init__(self, contract: str, most: int) -> None:
        self.contract, self.most = contract, most
        self.waiting: deque[Call] = deque()
        self.on_their_way = 0
        self.batch = 1
        self._alone_until = 0.0

    @property
    def open(self) -> bool:
        """True if the next message may go."""
        return self.batch == 1 or self.on_their_way < self.most

    def learn(self, batch: object) -> None:
        """Notes what a reply says that its service takes; nothing means one call alone."""
        if not isinstance(batch, int):
            self._alone_until = time.monotonic() + ALONE_SECONDS
            self.batch = 1
        elif time.monotonic() >= self._alone_until:
            self.batch = min(max(batch, 1), topology.MOST_CALLS)

    def next_calls(self) -> list[Call]:
        """Takes off the lane what goes into the next message; whoever gave up is left out."""
        calls: list[Call] = []
        size = 0
        while self.waiting and len(calls) < self.batch:
            call = self.waiting[0]
            if not call.reply.done():
                size += call.size
                if calls and size > topology.LONGEST_AGGREGATE:
                    break
                calls.append(call)
            self.waiting.popleft()
        return calls


class Aggregator:
    """All calls of one face, by the connection on which their replies come.

    ``most`` is how many messages of one contract may be on their way.
    """

    def __init__(self, link: Link, source: str, most: int = ON_THEIR_WAY) -> None:
        self._link, self._source, self._most = link, source, most
        self._numbers = itertools.count(1)
        self._calls: dict[str, Call] = {}
        self._lanes: dict[str, Lane] = {}
        self._on_their_way: dict[str, tuple[Lane, asyncio.TimerHandle]] = {}

    def ask(self, envelope: Envelope, body: bytes) -> Call:
        """Sends a call, with those of this turn of the loop or with the next message; to be
        forgotten when its reply was taken.
        """
        lane = self._lanes.setdefault(envelope.type, Lane(envelope.type, self._most))
        call = Call(str(next(self._numbers)), lane, envelope, body)
        self._calls[call.number] = call
        if not lane.waiting:
            asyncio.get_running_loop().call_soon(self._pump, lane)
        lane.waiting.append(call)
        if len(lane.waiting) >= ENOUGH:
            self._pump(lane)
        return call

    def forget(self, call: Call) -> None:
        """Nobody waits for it any more."""
        self._calls.pop(call.number, None)

    def take_reply(self, properties: BasicProperties, body: bytes) -> None:
        """Gives the callers what the service has replied to one message."""
        number = properties.correlation_id or ""
        batch = (properties.headers or {}).get(topology.BATCH)
        several = properties.content_type == topology.REPLIES
        try:
            reply = orjson.loads(body)
            replies = reply if several else {number: reply}
            calls = [(self._calls[key], replies[key]) for key in replies if key in self._calls]
        except (orjson.JSONDecodeError, TypeError):
            self.fail(number, _unreadable())
            return
        if calls:
            calls[0][0].lane.learn(batch)
        elif not several:
            self._send_apart(number)
        for call, its_reply in calls:
            _settle(call, its_reply)
        self._arrived(number)

    def fail(self, number: str, error: BusError) -> None:
        """Ends the calls of one message."""
        for call in self._calls_of(number):
            settle(call.reply, error)
        self._arrived(number)

    def fail_all(self, error: BusError) -> None:
        """The connection is lost, and with it every reply."""
        for _, timer in self._on_their_way.values():
            timer.cancel()
        self._on_their_way.clear()
        for call in self._calls.values():
            settle(call.reply, error)
        for lane in self._lanes.values():
            lane.waiting.clear()
            lane.on_their_way = 0

    def _calls_of(self, number: str) -> list[Call]:
        return [call for call in self._calls.values() if call.message == number]

    def _send_apart(self, number: str) -> None:
        """An aggregate was refused as a whole, so that nothing of it was done: by a process of a
        release before aggregates.
        """
        calls = self._calls_of(number)
        if calls:
            _log.warning("aggregate_refused", contract=calls[0].lane.contract, calls=len(calls))
        for call in calls:
            call.lane.learn(None)
            self._send(call.lane, [call])

    def _pump(self, lane: Lane) -> None:
        while lane.waiting and lane.open:
            calls = lane.next_calls()
            if calls:
                self._send(lane, calls)

    def _send(self, lane: Lane, calls: Sequence[Call]) -> None:
        number = calls[0].number if len(calls) == 1 else str(next(self._numbers))
        for call in calls:
            call.message = number
        try:
            if len(calls) == 1:
                self._write(
                    number, calls[0].envelope, calls[0].headers, calls[0].body, topology.JSON
                )
            else:
                self._write_all(number, calls)
        except BusError as error:
            self.fail(number, error)
            return
        if lane.batch > 1:
            timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._arrived, number)
            self._on_their_way[number] = lane, timer
            lane.on_their_way += 1

    def _write_all(self, number: str, calls: Sequence[Call]) -> None:
        deadline = max(call.envelope.deadline or 0.0 for call in calls)
        envelope = Envelope.new(calls[0].envelope.type, self._source, deadline=deadline)
        body = join_calls((call.number, call.headers, call.body) for call in calls)
        self._write(number, envelope, envelope.headers(), body, topology.CALLS)

    def _write(
        self, number: str, envelope: Envelope, headers: Wire, body: bytes, content_type: str
    ) -> None:
        self._link.write(
            topology.REQUESTS,
            envelope.type,
            body,
            headers=headers,
            message_id=envelope.id,
            content_type=content_type,
            reply_to=topology.DIRECT_REPLY,
            correlation_id=number,
        )

    def _arrived(self, number: str) -> None:
        """The message has its reply, or has kept others waiting for long enough."""
        lane, timer = self._on_their_way.pop(number, (None, None))
        if lane is not None and timer is not None:
            timer.cancel()
            lane.on_their_way -= 1
            self._pump(lane)


def _settle(call: Call, reply: Wire) -> None:
    try:
        call.mark = reply.get(MARK)
        settle(call.reply, from_wire(reply["error"]) if "error" in reply else reply["result"])
    except (KeyError, TypeError, AttributeError):
        settle(call.reply, _unreadable())


def _unreadable() -> Internal:
    return Internal("The service's reply cannot be read.", code="reply.unreadable")
