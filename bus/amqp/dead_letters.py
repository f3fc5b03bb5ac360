"""Dead Letter Channel, for the person on duty: how many, which, try them again or drop them.

A Command's or a Request's body may be personal: ``read`` alone gives one away, to who masks it.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

import pika
from pika import BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.spec import Basic, BasicProperties

from bus import topology
from bus.amqp import tls
from bus.amqp.hosts import each_host
from bus.amqp.incoming import clean_headers
from bus.errors import NotFound, Unavailable
from bus.wire import Wire

CONFIRM_SECONDS = 10
MOST_AT_ONCE = 1000
# A broker that takes the connection and says nothing is told by an exception of its own kind.
LOST = (pika.exceptions.AMQPError, AMQPConnectorException, OSError)


SENT, DROPPED, NO_QUEUE = "sent", "dropped", "no_queue"


class Letter(NamedTuple):
    """A dead letter: what ``described`` tells of it, and all that it is."""

    described: Wire
    properties: BasicProperties
    body: bytes


# Changes the headers of a letter, or gives the code of why it is not sent.
Judge = Callable[[Wire], str | None]
# The id of each letter, and what became of it.
Fates = list[tuple[str, str]]
Act = Callable[[BlockingChannel, BasicProperties, bytes], str]


class Depth(NamedTuple):
    """How many messages wait in a queue, and how many consumers it has."""

    messages: int
    consumers: int


class DeadLetters:
    """The dead letters of all services on one broker; a short connection for each act."""

    def __init__(self, amqp_url: str, *, seconds: float = CONFIRM_SECONDS) -> None:
        self._parameters = [tls.parameters_of(url) for url in each_host(amqp_url)]
        for parameters in self._parameters:
            parameters.blocked_connection_timeout = seconds
            parameters.socket_timeout = parameters.stack_timeout = seconds / len(self._parameters)
        self._connection: BlockingConnection = None

    def __enter__(self) -> "DeadLetters":
        try:
            self._connection = pika.BlockingConnection(self._parameters)
        except LOST:
            raise _unreachable() from None
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        with contextlib.suppress(*LOST):
            if self._connection.is_open:
                self._connection.close()
        if isinstance(error, LOST):
            raise _unreachable() from error

    def count(self, service: str) -> int:
        """How many dead letters a service has; NotFound if there is no such service."""
        try:
            channel = self._connection.channel()
            queue = channel.queue_declare(topology.queue_name(service, "dead"), passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            raise NotFound(
                f"No service {service} has ever been started here.", code="service.absent"
            ) from None
        channel.close()
        return int(queue.method.message_count)

    def depths(self, queues: Iterable[str], *, seconds: float) -> dict[str, Depth]:
        """What waits in each queue that is there; those that would take longer than so many seconds
        are left out.
        """
        depths, channel, end = {}, self._connection.channel(), time.monotonic() + seconds
        for queue in queues:
            if time.monotonic() > end:
                break
            try:
                method = channel.queue_declare(queue, passive=True).method
                depths[queue] = Depth(int(method.message_count), int(method.consumer_count))
            except pika.exceptions.ChannelClosedByBroker:
                channel = self._connection.channel()
        channel.close()
        return depths

    def look(self, service: str, *, most: int = 100) -> list[Wire]:
        """The oldest dead letters: what they are and why they died; they stay where they are."""
        return [letter.described for letter in self._letters(service, most)]

    def read(self, service: str, id: str) -> Letter:
        """One dead letter with its body; NotFound if it is not there any more."""
        for letter in self._letters(service, MOST_AT_ONCE):
            if letter.described["id"] == id:
                return letter
        raise NotFound("This letter is not among the dead any more.", code="dead_letter.not_found")

    def _letters(self, service: str, most: int) -> list[Letter]:
        self.count(service)
        channel = self._connection.channel()
        letters = []
        for _ in range(min(most, MOST_AT_ONCE)):
            method, properties, body = channel.basic_get(topology.queue_name(service, "dead"))
            if method is None:
                break
            letters.append(Letter(described(properties, method, body), properties, body))
        channel.close()  # gives all of them back
        return letters

    def replay(self, service: str, ids: set[str] | None = None) -> int:
        """Send dead letters to the queue where they died; all of them if ``ids`` is None.

        Returns how many were sent; see ``replay_judged``.
        """
        fates = self.replay_judged(service, ids, lambda _: None)
        return [fate for _, fate in fates].count(SENT)

    def replay_judged(self, service: str, ids: set[str] | None, judge: Judge) -> Fates:
        """Send dead letters to the queue where they died, and return what became of each.

        ``judge`` is asked of each before it is sent: it may change the headers, or return a code
        by which it stays dead. Each keeps its id, so what was done before is not done again; a
        Request loses its deadline, or it would be dropped as expired. A letter leaves the dead only
        after the broker has confirmed it in its queue.
        """

        def again(channel: BlockingChannel, properties: BasicProperties, body: bytes) -> str:
            queue = origin(properties)
            # A sender can write such a header too: a letter goes back to its own service alone.
            if queue is None or not queue.startswith(topology.queue_name(service, "")):
                return NO_QUEUE
            headers = clean_headers(properties.headers or {})
            refusal = judge(headers)
            if refusal is None:
                self._send(channel, queue, properties, headers, body)
            return refusal or SENT

        return self._each(service, ids, again)

    def drop(self, service: str, ids: set[str]) -> Fates:
        """Drop dead letters for ever; what became of each."""
        return self._each(service, ids, lambda *_: DROPPED)

    def _each(self, service: str, ids: set[str] | None, act: Act) -> Fates:
        """Do an act with each letter of these ids; those that it ends are dead no more."""
        waiting = self.count(service)
        channel = self._connection.channel()
        channel.confirm_delivery()
        fates = []
        for _ in range(waiting):
            method, properties, body = channel.basic_get(topology.queue_name(service, "dead"))
            if method is None:
                break
            id_ = id_of(properties, body)
            if ids is None or id_ in ids:
                fate = act(channel, properties, body)
                if fate in (SENT, DROPPED):
                    channel.basic_ack(method.delivery_tag)
                fates.append((id_, fate))
        channel.close()
        return fates

    @staticmethod
    def _send(
        channel: BlockingChannel,
        queue: str,
        properties: BasicProperties,
        headers: Wire,
        body: bytes,
    ) -> None:
        kept = dict(headers)
        for name in ("ce-deadline", topology.DIED_IN, topology.DIED_OF, topology.DIED_AT):
            kept.pop(name, None)
        again = pika.BasicProperties(
            content_type=properties.content_type,
            message_id=properties.message_id,
            headers=kept,
            delivery_mode=2,
        )
        channel.basic_publish("", queue, body, again, mandatory=True)


def _unreachable() -> Unavailable:
    return Unavailable("The broker cannot be reached.", code="broker.unreachable")


def id_of(properties: BasicProperties, body: bytes) -> str:
    """The id of a dead letter; one that came without has one by what it says: it can go, too."""
    return properties.message_id or f"without-id-{hashlib.sha256(body).hexdigest()[:16]}"


def origin(properties: BasicProperties) -> str | None:
    """The queue in which the message died first."""
    headers = properties.headers or {}
    if topology.DIED_IN in headers:
        return str(headers[topology.DIED_IN])
    deaths = headers.get("x-death") or []
    return str(deaths[-1]["queue"]) if deaths else None


def described(properties: BasicProperties, method: Basic.Deliver, body: bytes) -> Wire:
    """Describe a dead letter, without its body, its caller and its reply address.

    ``code`` is the code of the refusal; None if the broker gave the message up, or it could not
    even be read.
    """
    headers = properties.headers or {}
    death = (headers.get("x-death") or [{}])[0]
    died = death.get("time")
    buried = topology.DIED_IN in headers
    return {
        "id": id_of(properties, body),
        "type": headers.get("ce-type") or method.routing_key,
        "source": headers.get("ce-source"),
        "correlation": headers.get("ce-correlation"),
        "trace_id": trace_of(headers.get("traceparent")),
        "queue": origin(properties),
        "reason": "rejected" if buried else death.get("reason"),
        "code": headers.get(topology.DIED_OF),
        "died_at": headers.get(topology.DIED_AT)
        or (utc_text(died) if isinstance(died, datetime) else None),
        "bytes": len(body),
    }


def trace_of(traceparent: object) -> str | None:
    """The trace id of a W3C traceparent, if it is one."""
    parts = str(traceparent or "").split("-")
    return parts[1] if len(parts) > 1 else None


def utc_text(moment: datetime) -> str:
    """A moment of AMQP, which is UTC whether it says so or not, as RFC 3339."""
    return moment.replace(tzinfo=None).isoformat() + "Z"
