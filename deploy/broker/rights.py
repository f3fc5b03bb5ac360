"""Who of our own parts may do what at our broker: one table.

Each part signs in as `mirab.<part>`. RabbitMQ has three patterns of names a user (configure: make
and delete; write: publish to, bind a queue; read: consume, bind from) and, for each topic exchange,
which routing keys the user may publish (write) and bind (read). The keys of questions, Commands and
Events are their contracts, so that what a part can send is what its code needs and no more.

A service answers over `amq.default`, because a direct reply has no other way; so it could write to
any queue of ours. The faces, to which strangers come, cannot.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from bus import topology
from contracts import Command, Request, catalogue, health_contracts
from deploy.broker.requests_of_faces import (
    ACCOUNT_REQUESTS,
    AGENCY_FACE_REQUESTS,
    NOTIFY_API_REQUESTS,
    OPS_REQUESTS,
    PUBLIC_REQUESTS,
    SHARED_WITH_DESK,
)
from deploy.broker.steps import NOTHING, Permissions, only

TAG = "mirab-part"
LIMITS = {"max-connections": 200, "max-channels": 400}
DEFAULT_EXCHANGE = "amq.default"
OWN_TEMPORARY_QUEUE = r"amq\.gen-.*"

# Leaves of calls for the log of receipts.
LEAVES = "agencies.add_leaves.v1"
# What a second person decided, for the desk to tell.
OUTCOME = "ticketing.tell_proposer.v1"
# The Commands that services send each other; each sends itself its own too.
COMMANDS: dict[str, tuple[str, ...]] = {
    "inquiry": (
        LEAVES,
        "billing.charge.v1",
        "notify.send_message.v1",
        "ticketing.note_person_part.v1",
    ),
    "ticketing": (
        LEAVES,
        "inquiry.note_hold.v1",
        "inquiry.work_on_person.v1",
        "notify.note_email_report.v1",
        "notify.note_hold.v1",
        "notify.note_text.v1",
        "notify.send_message.v1",
        "notify.work_on_person.v1",
    ),
    "agencies": ("notify.call_back.v1", "notify.send_message.v1", OUTCOME),
    "notify": (
        LEAVES,
        "agencies.write_to_contacts.v1",
        "ticketing.keep_email_report.v1",
        "ticketing.note_person_part.v1",
        "ticketing.take_ticket_text.v1",
        OUTCOME,
    ),
    "billing": (LEAVES, OUTCOME),
}
# The Events that they hear; the agencies service tells agencies of all that these may hear.
EVENTS_HEARD: dict[str, tuple[str, ...]] = {
    "inquiry": (
        "billing.bill_ended.v1",
        "billing.bill_issued.v1",
        "billing.bill_paid.v1",
        "billing.bill_reminded.v1",
    ),
    "billing": (
        "inquiry.batch_answered.v1",
        "inquiry.day_counted.v1",
        "ticketing.ticket_moved.v1",
    ),
    "notify": ("billing.bill_reminded.v1",),
    "ticketing": (),
    "agencies": tuple(n for n, made in catalogue().items() if getattr(made, "hearable", False)),
}
SERVICES = tuple(COMMANDS)


class Topic(NamedTuple):
    """Routing keys at one topic exchange, as patterns."""

    exchange: str
    write: str = NOTHING
    read: str = NOTHING


class Rights(NamedTuple):
    """What one part may do at our broker; ``tags`` let it into the management API."""

    part: str
    permissions: Permissions
    topics: tuple[Topic, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def user(self) -> str:
        return f"mirab.{self.part}"


def table() -> tuple[Rights, ...]:
    """All parts that reach the broker."""
    return (
        *map(_service, SERVICES),
        *map(_relay, SERVICES),
        _face("public", PUBLIC_REQUESTS),
        _with_leaves(_face("agency", agency_face_requests(), hears="agencies.changed.v1")),
        _with_leaves(_face("notify-api", NOTIFY_API_REQUESTS)),
        _face("desk", desk_requests()),
        _ops(),
    )


def agency_face_requests() -> tuple[str, ...]:
    """All that agencies may call, and what the face asks for itself."""
    granted = (name for name, made in _requests() if made.agency or made.everyone)
    return (*granted, *AGENCY_FACE_REQUESTS)


def desk_requests() -> tuple[str, ...]:
    """What is nobody else's is the colleagues'."""
    health = {contract.name for contract in health_contracts().values()}
    others = {*PUBLIC_REQUESTS, *agency_face_requests(), *NOTIFY_API_REQUESTS, *OPS_REQUESTS}
    own = (name for name, _ in _requests() if name not in others | health)
    return (*own, *SHARED_WITH_DESK)


def ops_requests() -> tuple[str, ...]:
    """Accounts of colleagues, what operators do, and whether each service is well."""
    health = (contract.name for contract in health_contracts().values())
    return (*ACCOUNT_REQUESTS, *OPS_REQUESTS, *health)


def _requests() -> Iterator[tuple[str, Request]]:
    for name, contract in catalogue().items():
        if isinstance(contract, Request):
            yield name, contract


def _names(*patterns: str) -> str:
    return f"^({'|'.join(patterns)})$" if patterns else NOTHING


def _of(context: str) -> str:
    """All contracts of a context."""
    return rf"^{context}\."


def _queues(service: str, *kinds: str) -> str:
    return rf"mirab\.{service}\.({'|'.join(kinds)})"


def _quoted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.replace(".", r"\.") for name in names)


def _service(name: str) -> Rights:
    """It makes and reads its own queues, binds them by its own contracts, answers, and tells relays
    what it has done.
    """
    own = _queues(name, "requests", "commands", "events", "answers", "suspects", "dead")
    sources = _quoted(set(topology.EXCHANGES) - {topology.AGENCY, topology.RECEIPTS})
    return Rights(
        name,
        Permissions(
            configure=_names(own),
            write=_names(own, *_quoted([topology.DEAD, topology.RECEIPTS, DEFAULT_EXCHANGE])),
            read=_names(own, *sorted(sources)),
        ),
        (
            Topic(topology.REQUESTS, read=_of(name)),
            Topic(topology.COMMANDS, read=_of(name)),
            Topic(topology.EVENTS, read=only(EVENTS_HEARD[name])),
            Topic(topology.ANSWERS, read=_of(name)),
        ),
    )


def _relay(service: str) -> Rights:
    """It sends its service's Events, and Commands to whom the service sends them; it reads what
    their receivers have done of them.
    """
    outside = _to_agencies(service)
    targets = [topology.COMMANDS, topology.EVENTS, *([topology.AGENCY] if outside else [])]
    receipts = _queues(service, "receipts")
    return Rights(
        f"{service}-relay",
        Permissions(
            configure=_names(receipts),
            write=_names(receipts, *_quoted(targets)),
            read=_names(receipts, *_quoted([topology.RECEIPTS])),
        ),
        (
            Topic(topology.COMMANDS, write=only([*COMMANDS[service], *own_commands(service)])),
            Topic(topology.EVENTS, write=_of(service)),
            Topic(topology.AGENCY, write=outside or NOTHING),
        ),
    )


def own_commands(service: str) -> list[str]:
    """What a service sends itself; what agencies answer it does not send."""
    answers = {
        made.answer.name
        for made in catalogue().values()
        if isinstance(made, Command) and made.answer
    }
    return [
        name
        for name, made in catalogue().items()
        if isinstance(made, Command) and made.context == service and name not in answers
    ]


def _to_agencies(service: str) -> str | None:
    """Inquiry asks agencies what they serve; the agencies service tells them what they hear."""
    if service == "agencies":
        return r"^[a-z0-9-]+\.events$"
    served = [
        name for name, made in catalogue().items() if isinstance(made, Command) and made.answer
    ]
    return rf"^[a-z0-9-]+\.({'|'.join(_quoted(served))})$" if service == "inquiry" else None


def _face(part: str, requests: Iterable[str], hears: str | None = None) -> Rights:
    """It asks; one that hears an event has a queue of its own process for it."""
    if hears is None:
        permissions = Permissions(write=_names(*_quoted([topology.REQUESTS])))
    else:
        permissions = Permissions(
            configure=_names(OWN_TEMPORARY_QUEUE),
            write=_names(OWN_TEMPORARY_QUEUE, *_quoted([topology.REQUESTS])),
            read=_names(OWN_TEMPORARY_QUEUE, *_quoted([topology.EVENTS])),
        )
    topics = (
        Topic(topology.REQUESTS, write=only(sorted(set(requests)))),
        Topic(topology.EVENTS, read=only([hears] if hears else [])),
    )
    return Rights(part, permissions, topics)


def _with_leaves(face: Rights) -> Rights:
    """It also sends leaves to the log of receipts, for what no service's transaction keeps."""
    write = face.permissions.write.removesuffix(")$") + rf"|{_quoted([topology.COMMANDS])[0]})$"
    return face._replace(
        permissions=face.permissions._replace(write=write),
        topics=(*face.topics, Topic(topology.COMMANDS, write=only([LEAVES]))),
    )


def _ops() -> Rights:
    """It asks for operators, reads dead letters and puts them where they died, looks at all."""
    face = _face("ops", ops_requests())
    permissions = Permissions(
        write=_names(*_quoted([topology.REQUESTS, DEFAULT_EXCHANGE])),
        read=_names(*(_queues(service, "dead") for service in SERVICES)),
    )
    return face._replace(permissions=permissions, tags=("monitoring",))
