"""Publishing with confirms: a few messages at a time, on a connection of its own."""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import eventlet
from amqp import Channel, spec
from amqp.basic_message import Message
from amqp.exceptions import AMQPError
from eventlet.semaphore import Semaphore
from kombu import Connection

from bus.amqp import tls
from bus.amqp.hosts import SOCKET_SETTINGS, Hosts
from bus.process import log
from bus.wire import Wire

# Also the type of a channel, for those that may not name the library.
__all__ = [
    "Channel",
    "Confirmed",
    "Confirming",
    "Saying",
    "close",
    "connect",
    "publish",
    "say_confirmed",
]

CONFIRM_SECONDS = 5.0
LOST = (AMQPError, OSError, eventlet.Timeout)
# What py-amqp raises for properties that it cannot put into a frame.
UNWRITABLE = (ValueError, TypeError, KeyError, struct.error, RecursionError)
# How a broker ends a connection or a channel for what was said on it: AMQP's hard and soft errors,
# without those of a broker that stops, or whose rights have changed.
REFUSALS = (311, 404, 406, 501, 502, 503, 504, 505, 530, 541)
_log = log.get("confirming")


class Saying(NamedTuple):
    """A message to publish; ``at`` is the monotonic moment since which it waits."""

    at: float
    exchange: str
    key: str
    properties: Wire
    body: bytes


class Confirmed(NamedTuple):
    """What became of sayings: for each whether a queue has it, whether the broker gave its word at
    all, and whether it has refused to go on because of one.
    """

    in_queue: list[bool]
    answered: bool = True
    refused: bool = False


def connect(hosts: Hosts, name: str, heartbeat: int = 0, blocked: object = None) -> Connection:
    """An open connection to the broker, at the first of its nodes that lets us in; ``blocked`` is
    called with a reason, and without one when it is over.
    """
    options = {
        "client_properties": {"connection_name": name},
        "on_blocked": blocked,
        "on_unblocked": blocked,
        "socket_settings": SOCKET_SETTINGS,
    }
    urls = hosts.in_turn()
    connection = Connection(
        urls,
        ssl=tls.for_kombu(urls[0]),
        heartbeat=heartbeat,
        connect_timeout=min(hosts.seconds, CONFIRM_SECONDS),
        transport_options=options,
    )
    # Each node once; the only one twice.
    connection.ensure_connection(
        max_retries=max(1, len(hosts) - 1), reraise_as_library_errors=False
    )
    return connection


def close(connection: Connection | None) -> None:
    """Closes a connection that may be broken."""
    if connection is not None:
        with eventlet.Timeout(2, False):
            try:
                connection.release()
            except LOST:
                _log.info("connection_lost_before_close")


class Confirming:
    """One connection, made when it is needed, on which one greenlet at a time has its say."""

    def __init__(self, url: Callable[[], str], name: str) -> None:
        self._url, self._name = url, name
        self._hosts: Hosts | None = None
        self._connection: Connection | None = None
        self._turn = Semaphore(1)

    def say(self, sayings: Sequence[Saying]) -> Confirmed:
        """Publishes these and waits for the broker's word; once more if the connection was an
        earlier one, which may have been lost meanwhile.
        """
        with self._turn:
            was_open = self._connection is not None
            confirmed = self._try(sayings)
            if was_open and self._connection is None:
                confirmed = self._try(sayings)
            return confirmed

    def _try(self, sayings: Sequence[Saying]) -> Confirmed:
        try:
            with eventlet.Timeout(2 * CONFIRM_SECONDS):
                if self._connection is None:
                    self._hosts = self._hosts or Hosts(self._url())
                    self._connection = connect(self._hosts, self._name)
                return Confirmed(say_confirmed(self._connection, sayings))
        except (*LOST, *UNWRITABLE) as error:
            _log.warning("publish_unconfirmed", error=type(error).__name__)
            close(self._connection)
            self._connection = None
            refused = getattr(error, "reply_code", None) in REFUSALS
            refused |= isinstance(error, UNWRITABLE)
            return Confirmed([False] * len(sayings), answered=False, refused=refused)

    def stop(self) -> None:
        """Closes the connection once nobody has his say on it: it has one reader at a time. A
        connection that stays silent ends with its process.
        """
        with eventlet.Timeout(CONFIRM_SECONDS, False), self._turn:
            close(self._connection)
            self._connection = None


def publish(channel: Channel, saying: Saying, *, mandatory: bool = False) -> None:
    """Writes one message on a channel.

    send_method and not basic_publish: that one also reads from the socket, to see whether the
    broker is blocked, while a loop may be reading from it.
    """
    message = Message(saying.body, **saying.properties)
    values = (0, saying.exchange, saying.key, mandatory, False)
    channel.send_method(spec.Basic.Publish, "Bssbb", values, message)


def say_confirmed(connection: Connection, sayings: Sequence[Saying]) -> list[bool]:
    """Publishes on a channel in confirm mode; which of them reached a queue and were confirmed."""
    channel = connection.channel()
    confirmed: dict[int, bool] = {}
    returned: list[object] = []

    def end(tag: int, multiple: bool, *, good: bool) -> None:
        first = min(set(range(1, tag + 1)) - confirmed.keys(), default=tag) if multiple else tag
        confirmed.update(dict.fromkeys(range(first, tag + 1), good))

    channel.events["basic_ack"].add(lambda tag, multiple: end(tag, multiple, good=True))
    channel.events["basic_nack"].add(lambda tag, multiple: end(tag, multiple, good=False))
    channel.events["basic_return"].add(lambda *message: returned.append(message))
    channel.confirm_select()
    for saying in sayings:
        publish(channel, saying, mandatory=True)
    with eventlet.Timeout(CONFIRM_SECONDS):
        while len(confirmed) < len(sayings):
            connection.drain_events(timeout=CONFIRM_SECONDS)
    channel.close()
    # Which of them came back is not looked up: it happens when a queue was deleted by hand.
    return [not returned and confirmed[number] for number in range(1, len(sayings) + 1)]
