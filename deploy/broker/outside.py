"""The agencies' broker: a vhost for each agency, its user, and shovels between there and ours.

Whatever an agency does to a broker (messages of any size begun and never ended, thousands of
channels) it does to this one: its memory and disk are not ours. In its vhost it sees its own two
queues and its ingress, and of others not even a name. Three shovels, which run here, bring it what
it is asked and what it hears, and us what it answers.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from bus import topology
from bus.amqp.hosts import each_host
from deploy.broker import inside
from deploy.broker import steps as differ
from deploy.broker.api import Api
from deploy.broker.connected import Agencies, answer_of, own_queues
from deploy.broker.steps import Binding, Permissions, Step, only
from members.register import Agency

TAG = "mirab-agency"
HERE = "at the agencies' broker"
BRIDGE = "mirab.bridge"  # the shovels' user here; it has no password, so nobody signs in as it
LIMITS = {"max-connections": 10, "max-channels": 40}
VHOST_LIMITS = {"max-connections": 20, "max-queues": 4}
CARRIED_AT_ONCE = 50
ANSWERS_AT_ONCE = 1  # who floods gets no more turns at our queue of answers than anybody else


class Shovel(NamedTuple):
    """Messages of a queue here or there go to a queue, or an exchange, there or here."""

    name: str
    source: str | list[str]
    queue: str
    destination: str | list[str]
    target: dict[str, str]
    at_once: int

    def value(self) -> dict[str, object]:
        """As RabbitMQ keeps it: a message leaves its queue when the other side has confirmed it."""
        return {
            "src-protocol": "amqp091",
            "src-uri": self.source,
            "src-queue": self.queue,
            "src-prefetch-count": self.at_once,
            "src-delete-after": "never",
            "dest-protocol": "amqp091",
            "dest-uri": self.destination,
            **self.target,
            "ack-mode": "on-confirm",
            "reconnect-delay": 1,
        }


class Outside(NamedTuple):
    """The agencies' broker, how it reaches ours, and where the passwords are."""

    api: Api
    amqp_url: str
    agency_passwords: Path
    own_passwords: Path


def steps(broker: Outside, agencies: Agencies) -> Iterator[Step]:
    """All that differs here but users that go."""
    api = broker.api
    wanted = {topology.agency_vhost(code) for code in agencies}
    present = {row["name"] for row in api.get("vhosts") or ()}
    for name in sorted(present - wanted):
        if name.startswith("agency."):
            yield from _vhost_that_goes(api.at(name))
    yield from _bridge(api)
    for code in sorted(agencies):
        here = api.at(topology.agency_vhost(code))
        if here.vhost not in present:
            yield Step(f"make vhost {here.vhost}", partial(here.put, "vhosts", here.vhost))
            yield from _administrator(here)
        yield from _named(_of_agency(broker._replace(api=here), agencies[code]))


def users_that_go(broker: Outside, agencies: Agencies) -> Iterator[Step]:
    """Who has no place here any more is cut off first of all."""
    yield from _named(inside.users_that_go(broker.api, agencies))


def _named(steps: Iterator[Step]) -> Iterator[Step]:
    for step in steps:
        yield step._replace(description=f"{step.description} {HERE}")


def _vhost_that_goes(api: Api) -> Iterator[Step]:
    """With its shovels, at once; with what waits for an agency that is gone, when a person says."""
    yield from _named(_shovels(api, {}))
    yield Step(f"delete vhost {api.vhost}", lambda: api.delete("vhosts", api.vhost), loses=True)


def _administrator(api: Api) -> Iterator[Step]:
    """The API's own account may make things in a new vhost."""
    everything = Permissions(".*", ".*", ".*")
    yield from differ.permissions(api, api.user, everything)


def _bridge(api: Api) -> Iterator[Step]:
    if api.get("users", BRIDGE) is None:
        yield Step(
            f"make user {BRIDGE} {HERE}",
            lambda: api.put("users", BRIDGE, password_hash="", tags=""),
        )


def _of_agency(broker: Outside, agency: Agency) -> Iterator[Step]:
    api, code = broker.api, agency.code
    ingress, name = topology.agency_ingress(code), topology.agency_user(code)
    answers = topology.agency_answers(code, {answer_of(contract) for contract in agency.serves})
    queues = {queue.name: topology.at_its_broker(queue) for queue in own_queues(agency)}
    if agency.serves:
        queues[answers.name] = answers
    yield from differ.limits(api, api.vhost, VHOST_LIMITS, "vhost")
    yield from differ.exchanges(
        api, {ingress: "topic"} if agency.serves else {}, inside.is_of_agency
    )
    yield from differ.queues(api, queues, inside.is_of_agency)
    bound = {Binding(ingress, "q", answers.name, key) for key in answers.keys}
    yield from differ.bindings(api, bound, lambda made: bool(made.source))
    carried = only([*(queue.name for queue in own_queues(agency)), "amq.default"])
    yield from differ.permissions(
        api, BRIDGE, Permissions(write=carried, read=only([answers.name]))
    )
    yield from differ.user(api, name, broker.agency_passwords / code, TAG)
    yield from differ.permissions(
        api,
        name,
        Permissions(
            write=only([ingress] if agency.serves else []),
            read=only(queue.name for queue in own_queues(agency)),
        ),
    )
    yield from differ.limits(api, name, LIMITS)
    yield from _shovels(api, {shovel.name: shovel for shovel in shovels(broker, agency)})
    differ.require_arguments(api, queues)


def shovels(broker: Outside, agency: Agency) -> Iterator[Shovel]:
    """What goes to the agency and comes from it; nothing while our side has no account for it."""
    path = inside.password_of(broker.own_passwords, agency.code)
    if not path.exists():
        return
    user, password = topology.agency_user(agency.code), path.read_text(encoding="utf-8").strip()
    nodes = []
    for there in map(urlsplit, each_host(broker.amqp_url)):
        account = f"{user}:{quote(password, safe='')}@{there.netloc.rsplit('@', 1)[-1]}"
        nodes.append(there._replace(netloc=account).geturl())
    # Of several the shovel takes one that it reaches.
    ours = nodes if len(nodes) > 1 else nodes[0]
    here = f"amqp://{BRIDGE}@/{quote(broker.api.vhost, safe='')}"
    for queue in own_queues(agency):
        target = {"dest-queue": queue.name}
        yield Shovel(queue.name, ours, queue.name, here, target, CARRIED_AT_ONCE)
    if agency.serves:
        answers, ingress = (
            topology.agency_answers(agency.code),
            topology.agency_ingress(agency.code),
        )
        target = {"dest-exchange": ingress}
        yield Shovel(answers.name, here, answers.name, ours, target, ANSWERS_AT_ONCE)


def _shovels(api: Api, wanted: dict[str, Shovel]) -> Iterator[Step]:
    rows = api.get("parameters", "shovel", api.vhost) or ()
    present = {row["name"]: row["value"] for row in rows}
    for name in sorted(present.keys() - wanted):
        yield Step(
            f"end shovel {name}",
            partial(api.delete, "parameters", "shovel", api.vhost, name),
        )
    for name, shovel in wanted.items():
        value = shovel.value()
        if present.get(name) != value:
            yield Step(
                f"begin shovel {name}",
                partial(api.put, "parameters", "shovel", api.vhost, name, value=value),
            )
