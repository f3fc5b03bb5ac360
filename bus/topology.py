"""The names of exchanges and queues and their limits; the only place where they are written."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from bus.wire import Wire

REQUESTS = "mirab.requests"
COMMANDS = "mirab.commands"
EVENTS = "mirab.events"
DEAD = "mirab.dead"
AGENCY = "mirab.agency"  # what we ask of agencies that serve a contract
ANSWERS = "mirab.answers"  # what they answer; nothing else of ours can be reached from there
RECEIPTS = "mirab.receipts"  # by which a receiver tells a sender's relay what it has done
EXCHANGES = {
    REQUESTS: "topic",
    COMMANDS: "topic",
    EVENTS: "topic",
    DEAD: "direct",
    AGENCY: "topic",
    ANSWERS: "topic",
    RECEIPTS: "direct",
}
DIRECT_REPLY = "amq.rabbitmq.reply-to"

JSON = "application/json"
# Several calls of one contract in one message (bus/amqp/aggregate.py), and their replies in one.
CALLS, REPLIES = "application/cloudevents-batch+json", "application/vnd.mirab.replies+json"
# On a reply: how many calls of its contract the service takes in one message.
BATCH = "mirab-batch"
MOST_CALLS = 100
LONGEST_AGGREGATE = 256 * 1024

RECEIPT_TO = "mirab-receipt-to"  # on a Command or an Event: whose relay is told of its end

# On a dead letter: the queue in which it died, the code of the refusal, and when (RFC 3339).
DIED_IN, DIED_OF, DIED_AT = "mirab-died-in", "mirab-died-of", "mirab-died-at"

DELIVERY_LIMIT = 5
# What was in the hands of so many processes that died is tried alone, some times more.
SUSPECT_AFTER = 2
SUSPECT_LIMIT = DELIVERY_LIMIT - SUSPECT_AFTER
RECEIPTS_WAITING = 100_000
NEVER = 1_000_000_000  # a delivery limit that no looking at dead letters will reach
LONGEST_MESSAGE = 4 * 1024 * 1024
# What our broker takes (deploy/broker/rabbitmq.conf); it ends the connection for more, so that what
# is longer (a bank's file, a journal of many months) is refused before it is sent.
LONGEST_BODY = 16 * 1024 * 1024
# A question to an agency that it has not taken by then is dropped; who asked is told "unanswered".
AGENCY_SECONDS = 3600
AGENCY_WAITING = 100_000
ANSWERS_WAITING = 10_000
# What an agency does not take in time is dropped from its queue; its feed has it.
HEARD_SECONDS = 7 * 24 * 3600
HEARD_WAITING = 10_000
LONGEST_ANSWER = 256 * 1024
# So much of an agency's answers waits at its own broker until we take it; then it is refused more.
ANSWERING_BYTES = 16 * 1024 * 1024
WAITING_BYTES = 64 * 1024 * 1024  # of questions, and of events, at the agency's own broker

AGENCY_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]")
_OF_AGENCY = re.compile(r"agency\.(?P<code>[a-z0-9-]+)\.(?:in|commands|events|answers)")


class Queue(NamedTuple):
    """A queue to declare: its name, the exchange it hears, by which keys, and its arguments."""

    name: str
    exchange: str
    keys: tuple[str, ...]
    arguments: Wire


def queue_name(service: str, kind: str) -> str:
    """The name of a service's queue; ``kind`` is requests, commands, events or dead."""
    return f"mirab.{service}.{kind}"


def queue(service: str, kind: str, exchange: str, names: Iterable[str]) -> Queue:
    """A working queue: replicated, and what fails five times goes to the dead letters, surely.

    What agencies answer is bounded: who floods is refused by the broker, not our own messages.
    """
    bound = {"x-max-length": ANSWERS_WAITING} if kind == "answers" else {}
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
            **bound,
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


def suspects_queue(service: str) -> Queue:
    """Where what may have killed a process waits to be tried alone: no other message is charged
    for it.
    """
    wanted = queue(service, "suspects", DEAD, ())
    return wanted._replace(arguments={**wanted.arguments, "x-delivery-limit": SUSPECT_LIMIT})


def receipts_queue(service: str) -> Queue:
    """Where a service's relay hears what was done of what it sent; what is lost is asked again."""
    return Queue(
        queue_name(service, "receipts"),
        RECEIPTS,
        (service,),
        {
            "x-queue-type": "quorum",
            "x-delivery-limit": NEVER,
            "x-max-length": RECEIPTS_WAITING,
            "x-overflow": "drop-head",
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
        for kind, exchange, contracts in working
        if (names := list(contracts))
    ]


def agency_user(code: str) -> str:
    """The RabbitMQ user of an agency that serves or hears; ``user_id`` in its answers."""
    return f"agency.{code}"


def agency_ingress(code: str) -> str:
    """The exchange to which that agency may write, and to no other."""
    return f"agency.{code}.in"


def agency_queue(code: str) -> Queue:
    """The queue that the agency may read, and no other; ``keys`` stand in the register.

    It has no dead letters: a question that is not taken is told to its asker as unanswered.
    """
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-message-ttl": AGENCY_SECONDS * 1000,
        "x-max-length": AGENCY_WAITING,
        "x-overflow": "drop-head",
    }
    return Queue(f"agency.{code}.commands", AGENCY, (), arguments)


def agency_events(code: str) -> Queue:
    """The queue of what an agency hears; when it is full the oldest goes, which its feed has."""
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-message-ttl": HEARD_SECONDS * 1000,
        "x-max-length": HEARD_WAITING,
        "x-overflow": "drop-head",
    }
    return Queue(f"agency.{code}.events", AGENCY, (f"{code}.events",), arguments)


def at_its_broker(queue: Queue) -> Queue:
    """The queue of that name in the agency's own vhost, which is bounded in bytes too."""
    return queue._replace(arguments={**queue.arguments, "x-max-length-bytes": WAITING_BYTES})


def agency_vhost(code: str) -> str:
    """The vhost of the agencies' broker where that agency lives, and nobody else."""
    return f"agency.{code}"


def agency_answers(code: str, keys: Iterable[str] = ()) -> Queue:
    """Where an agency's answers wait in its vhost until the shovel has brought them to us.

    What we cannot take now comes back and waits on: no number of attempts drops it.
    """
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": NEVER,
        "x-max-length": ANSWERS_WAITING,
        "x-max-length-bytes": ANSWERING_BYTES,
        "x-overflow": "reject-publish",
    }
    return Queue(f"agency.{code}.answers", agency_ingress(code), tuple(sorted(keys)), arguments)


def agency_key(code: str, contract: str) -> str:
    """By which key a question to an agency goes to its queue."""
    return f"{code}.{contract}"


def agency_in(name: str) -> str | None:
    """Return the code of the agency in the name of an ingress or queue; None if it is no such."""
    match = _OF_AGENCY.fullmatch(name)
    return match["code"] if match else None


def sender(exchange: object, user_id: object) -> str | None:
    """The agency that sent an answer, by two words of the broker that no sender can forge.

    ``exchange`` is the one it was published to, where only that agency may write; ``user_id`` is
    compared by the broker with who is connected, but may be left out. None if they do not agree.
    """
    code = agency_in(str(exchange))
    proven = code is not None and exchange == agency_ingress(code) and user_id == agency_user(code)
    return code if proven else None


_DIRECT_REPLY = re.compile(
    rf"{re.escape(DIRECT_REPLY)}\.(?P<asker>[A-Za-z0-9+/]{{20,200}}={{0,2}})\.[A-Za-z0-9+/]{{20,40}}={{0,2}}"
)


def asker_of(reply_to: object) -> str | None:
    """The channel of an asker, as the broker writes it into the address of a direct reply; None
    for anything else.

    Another address could name another service's queue, and a service that answers there would do
    what its asker may not (confused deputy).
    """
    match = _DIRECT_REPLY.fullmatch(reply_to) if isinstance(reply_to, str) else None
    return match["asker"] if match else None
