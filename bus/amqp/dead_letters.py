"""Dead Letter Channel, for the person on duty: how many, which, and try them again.

A Command's or a Request's body may be personal, so no function here gives a body away.
"""

import contextlib
from datetime import datetime

import pika
from pika import BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.spec import Basic, BasicProperties

from bus import topology
from bus.amqp.hosts import each_host
from bus.amqp.incoming import clean_headers
from bus.errors import NotFound, Unavailable
from bus.wire import Wire

CONFIRM_SECONDS = 10
MOST_AT_ONCE = 1000
# A broker that takes the connection and says nothing is told by an exception of its own kind.
LOST = (pika.exceptions.AMQPError, AMQPConnectorException, OSError)


class DeadLetters:
    """The dead letters of all services on one broker; a short connection for each act."""

    def __init__(self, amqp_url: str, *, seconds: float = CONFIRM_SECONDS) -> None:
        self._parameters = [pika.URLParameters(url) for url in each_host(amqp_url)]
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

    def look(self, service: str, *, most: int = 100) -> list[Wire]:
        """The oldest dead letters: what they are and why they died; they stay where they are."""
        self.count(service)
        channel = self._connection.channel()
        message = []
        for _ in range(min(most, MOST_AT_ONCE)):
            method, properties, body = channel.basic_get(topology.queue_name(service, "dead"))
            if method is None:
                break
            message.append(described(properties, method, body))
        channel.close()  # gives all of them back
        return message

    def replay(self, service: str, ids: set[str] | None = None) -> int:
        """Sends dead letters to the queue where they died; all of them if ``ids`` is None.

        Each keeps its id, so what was done before is not done again; a Request loses its
        deadline, or it would be dropped as expired. A letter leaves the dead only after the broker
        has confirmed it in its queue. Returns how many were sent.
        """
        waiting = self.count(service)
        channel = self._connection.channel()
        channel.confirm_delivery()
        sent = 0
        for _ in range(waiting):
            method, properties, body = channel.basic_get(topology.queue_name(service, "dead"))
            if method is None:
                break
            queue = origin(properties)
            # A sender can write such a header too: a letter goes back to its own service alone.
            own = queue is not None and queue.startswith(topology.queue_name(service, ""))
            if queue and own and (ids is None or properties.message_id in ids):
                self._send(channel, queue, properties, body)
                channel.basic_ack(method.delivery_tag)
                sent += 1
        channel.close()
        return sent

    @staticmethod
    def _send(
        channel: BlockingChannel, queue: str, properties: BasicProperties, body: bytes
    ) -> None:
        kept = clean_headers(properties.headers or {})
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
        "id": properties.message_id,
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
