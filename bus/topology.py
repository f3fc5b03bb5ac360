"""The names of exchanges and queues and their limits; the only place where they are written."""

from collections.abc import Iterable
from typing import Any, NamedTuple

REQUESTS = "mirab.requests"
COMMANDS = "mirab.commands"
EVENTS = "mirab.events"
DEAD = "mirab.dead"
EXCHANGES = {REQUESTS: "topic", COMMANDS: "topic", EVENTS: "topic", DEAD: "direct"}
DIRECT_REPLY = "amq.rabbitmq.reply-to"

DELIVERY_LIMIT = 5
NEVER = 1_000_000_000  # a delivery limit that no looking at dead letters will reach
LONGEST_MESSAGE = 4 * 1024 * 1024


class Queue(NamedTuple):
    """A queue to declare: its name, the exchange it hears, by which keys, and its arguments."""

    name: str
    exchange: str
    keys: tuple[str, ...]
    arguments: dict[str, Any]


def queue_name(service: str, kind: str) -> str:
    """The name of a service's queue; ``kind`` is requests, commands, events or dead."""
    return f"mirab.{service}.{kind}"


def queue(service: str, kind: str, exchange: str, names: Iterable[str]) -> Queue:
    """A working queue: replicated, and what fails five times goes to the dead letters, surely."""
    return Queue(
        queue_name(service, kind),
        exchange,
        tuple(sorted(names)),
        {
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD,
            "x-dead-letter-routing-key": service,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def dead_queue(service: str) -> Queue:
    """Where a service's dead letters wait for a person; looking at them wears nothing out."""
    return Queue(
        queue_name(service, "dead"),
        DEAD,
        (service,),
        {
            "x-queue-type": "quorum",
            "x-delivery-limit": NEVER,
        },
    )


def queues(
    service: str, *, requests: Iterable[str], commands: Iterable[str], events: Iterable[str]
) -> list[Queue]:
    """All queues of a service, the dead one first so that nothing can die into nowhere."""
    working = [
        ("requests", REQUESTS, requests),
        ("commands", COMMANDS, commands),
        ("events", EVENTS, events),
    ]
    return [dead_queue(service)] + [
        queue(service, kind, exchange, names)
        for kind, exchange, given in working
        if (names := list(given))
    ]


def is_direct_reply(reply_to: object) -> bool:
    """True for a pseudo-queue of the asker's own channel: the only place where a reply may go.

    Anything else could name another service's queue, and a service that answers there would do
    what its asker may not (confused deputy).
    """
    return isinstance(reply_to, str) and reply_to.startswith(DIRECT_REPLY + ".")
