"""Our side of the agencies: what waits for them, where their answers come in, their shovels' users.

The user `agency.<code>` of our broker is the shovels' alone: the agency does not know its password
and cannot reach this broker. It may do here what the agency may do there, and no more.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bus import topology
from deploy.broker import steps as differ
from deploy.broker.api import Api
from deploy.broker.connected import Agencies, answer_of, hears, own_queues
from deploy.broker.steps import Binding, Permissions, Step, only

TAG = "mirab-agency"
LIMITS = {"max-connections": 10, "max-channels": 20}


def password_of(passwords: Path, code: str) -> Path:
    """The file with the password of that agency's shovels."""
    return passwords / f"shovel.{code}"


def steps(api: Api, agencies: Agencies, passwords: Path) -> Iterator[Step]:
    """All that differs, in an order in which it can be done: rights go first and come last."""
    yield from users_that_go(api, agencies)
    ingresses = [
        topology.agency_ingress(code)
        for code, agency_rights in agencies.items()
        if agency_rights.serves
    ]
    exchanges = topology.EXCHANGES | dict.fromkeys(ingresses, "topic")
    yield from differ.exchanges(api, exchanges, is_of_agency)
    queues = {
        queue.name: queue
        for agency_rights in agencies.values()
        for queue in own_queues(agency_rights)
    }
    yield from differ.queues(api, queues, is_of_agency)
    yield from differ.bindings(api, wanted_bindings(agencies), _is_of_agencies)
    for code in sorted(agencies):
        name, agency = topology.agency_user(code), agencies[code]
        yield from differ.user(api, name, password_of(passwords, code), TAG)
        rights = Permissions(
            write=only([topology.agency_ingress(code)] if agency.serves else []),
            read=only(queue.name for queue in own_queues(agency)),
        )
        yield from differ.permissions(api, name, rights)
        yield from differ.limits(api, name, LIMITS)
    differ.require_arguments(api, queues)


def users_that_go(api: Api, agencies: Agencies) -> Iterator[Step]:
    """The broker closes the connections of a user that is deleted."""
    stay = {topology.agency_user(code) for code in agencies}
    for row in api.get("users") or ():
        if TAG in row["tags"] and row["name"] not in stay:
            yield Step(f"delete user {row['name']}", partial(api.delete, "users", row["name"]))


def wanted_bindings(agencies: Agencies) -> set[Binding]:
    """Exact keys only: a question reaches who serves it, an answer where answers are taken, an
    event who hears it.
    """
    wanted = set()
    for code, agency in agencies.items():
        queue, ingress = topology.agency_queue(code).name, topology.agency_ingress(code)
        for name in agency.serves:
            wanted.add(Binding(topology.AGENCY, "q", queue, topology.agency_key(code, name)))
            wanted.add(Binding(ingress, "e", topology.ANSWERS, answer_of(name)))
        if hears(agency):
            events = topology.agency_events(code)
            wanted |= {Binding(events.exchange, "q", events.name, key) for key in events.keys}
    return wanted


def is_of_agency(name: str) -> bool:
    """True for what is named after an agency."""
    return topology.agency_in(name) is not None


def _is_of_agencies(made: Binding) -> bool:
    """Bindings of the default exchange come with the queue."""
    return bool(made.source) and (is_of_agency(made.source) or is_of_agency(made.target))
