"""`python -m deploy.broker.apply [--check]`: brings the broker into line with the register.

Makes the exchanges, queues, bindings, users and permissions of agencies that serve a contract or
hear events in a queue of their own (tables `[amqp]` and `[events]` of their documents in
AGENCIES_DIR), and removes those of agencies that no longer do.
BROKER_API_URL is the management API with an administrator's account, AMQP_URL names the vhost.
Each password is a file of AGENCY_PASSWORDS_DIR, named like the agency; one that is missing is made.
"""

import argparse
import contextlib
import fnmatch
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from bus import log, topology
from bus.contracts import CATALOGUE
from bus.register import Agency, Register
from bus.settings import MissingSettings, Settings
from deploy.broker.api import Api, CannotApply, is_password, password_hash

NEEDED = ("BROKER_API_URL", "AMQP_URL", "AGENCIES_DIR", "AGENCY_PASSWORDS_DIR")
TAG = "mirab-agency"
CONNECTIONS = 10
NOTHING = "^$"
DOT = r"\."


Agencies = Mapping[str, Agency]


class Step(NamedTuple):
    """One difference between the broker and the register: what to say, and what ends it."""

    what: str
    act: Callable[[], None]
    loses: bool = False  # messages that wait


class Binding(NamedTuple):
    source: str
    kind: str  # "q" for a queue, "e" for an exchange
    target: str
    key: str


def main(argv: list[str] | None = None) -> int:
    """0: the broker is in line; 1: with --check, it is not; 2: it cannot be brought there."""
    parser = argparse.ArgumentParser(prog="python -m deploy.broker.apply", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell what differs")
    check = parser.parse_args(argv).check
    log.configure("broker", level="ERROR")  # what differs alone is told
    try:
        settings = Settings().require(*NEEDED)
        with contextlib.closing(api_of(settings)) as api:
            register = register_of(settings)
            _require_possible(register)
            agencies = connected(register)
            passwords = Path(settings.text("AGENCY_PASSWORDS_DIR"))
            found = 0
            for step in steps(api, agencies, passwords):
                found += 1
                print(step.what, flush=True)
                if not check:
                    step.act()
    except (CannotApply, MissingSettings, OSError) as error:
        print(f"The broker was not brought into line: {error}", file=sys.stderr)
        return 2
    return 1 if check and found else 0


def api_of(settings: Settings) -> Api:
    """The broker's management API, on the vhost that AMQP_URL names."""
    vhost = unquote(urlsplit(settings.text("AMQP_URL")).path[1:]) or "/"
    return Api(settings.text("BROKER_API_URL"), vhost)


def register_of(settings: Settings) -> Register:
    """The register; CannotApply if it cannot be read."""
    try:
        return Register.of(settings)
    except ValueError as error:
        raise CannotApply(str(error)) from None


def impossible(register: Register) -> Iterator[str]:
    """What the register has agencies serve or hear that none can, a sentence each."""
    for agency in register.agencies():
        if wrong := agency.serves - _can_be_served():
            yield f"{agency.code}: no agency can serve {', '.join(sorted(wrong))}."
        if wrong := frozenset(agency.hears).difference(_can_be_heard(agency)):
            yield f"{agency.code}: no agency can hear {', '.join(sorted(wrong))}."


def _require_possible(register: Register) -> None:
    for wrong in impossible(register):
        raise CannotApply(wrong)


def connected(register: Register) -> dict[str, Agency]:
    """The agencies that serve or have a queue, by their codes, without what is impossible."""
    able = [
        replace(one, serves=one.serves & _can_be_served(), hears=_can_be_heard(one))
        for one in register.agencies()
    ]
    return {agency.code: agency for agency in able if agency.serves or _hears(agency)}


def _can_be_served() -> frozenset[str]:
    return frozenset(name for name, made in CATALOGUE.items() if getattr(made, "answer", None))


def _can_be_heard(agency: Agency) -> tuple[str, ...]:
    may = [name for name, made in CATALOGUE.items() if getattr(made, "hearable", False)]
    return tuple(each for each in agency.hears if fnmatch.filter(may, each))


def _hears(agency: Agency) -> bool:
    return agency.queue and bool(agency.hears)


def steps(api: Api, agencies: Agencies, passwords: Path) -> Iterator[Step]:
    """All that differs, in an order in which it can be done: rights go first and come last."""
    yield from _users_that_go(api, agencies)
    yield from _exchanges(api, agencies)
    yield from _queues(api, agencies)
    yield from _bindings(api, agencies)
    for code in sorted(agencies):
        yield from _user(api, agencies[code], passwords)
    _require_arguments(api, agencies)


def _users_that_go(api: Api, agencies: Agencies) -> Iterator[Step]:
    """The broker closes the connections of a user that is deleted."""
    stay = {topology.agency_user(code) for code in agencies}
    for user in api.get("users") or ():
        if TAG in user["tags"] and user["name"] not in stay:
            yield Step(f"delete user {user['name']}", lambda n=user["name"]: api.delete("users", n))


def _exchanges(api: Api, agencies: Agencies) -> Iterator[Step]:
    there = {found["name"]: found["type"] for found in api.get("exchanges", api.vhost) or ()}
    ingresses = [topology.agency_ingress(code) for code, each in agencies.items() if each.serves]
    wanted = topology.EXCHANGES | dict.fromkeys(ingresses, "topic")
    for name, kind in wanted.items():
        if name not in there:
            yield Step(
                f"make exchange {name}",
                lambda n=name, k=kind: api.put("exchanges", api.vhost, n, type=k, durable=True),
            )
    for name in sorted(there.keys() - wanted):
        if topology.agency_of(name):
            yield Step(
                f"delete exchange {name}", lambda n=name: api.delete("exchanges", api.vhost, n)
            )


def _own_queues(agency: Agency) -> list[topology.Queue]:
    """What the agency may read: what it is asked, what it hears."""
    return [
        *([topology.agency_queue(agency.code)] if agency.serves else []),
        *([topology.agency_events(agency.code)] if _hears(agency) else []),
    ]


def _wanted_queues(agencies: Agencies) -> dict[str, topology.Queue]:
    return {queue.name: queue for each in agencies.values() for queue in _own_queues(each)}


def _arguments(api: Api) -> dict[str, Any]:
    """Of the queues that are there, by their names."""
    return {found["name"]: found["arguments"] for found in api.get("queues", api.vhost) or ()}


def _require_arguments(api: Api, agencies: Agencies) -> None:
    """CannotApply if a queue is of another kind; found last, so that it keeps nobody's right."""
    there = _arguments(api)
    for name, queue in _wanted_queues(agencies).items():
        if name in there and there[name] != queue.arguments:
            raise CannotApply(
                f"Queue {name} has other arguments than it should; delete it when it is empty."
            )


def _queues(api: Api, agencies: Agencies) -> Iterator[Step]:
    there, wanted = _arguments(api), _wanted_queues(agencies)
    for name, queue in wanted.items():
        if name not in there:
            yield Step(
                f"make queue {name}",
                lambda q=queue: api.put(
                    "queues", api.vhost, q.name, durable=True, arguments=q.arguments
                ),
            )
    for name in sorted(there.keys() - wanted):
        if topology.agency_of(name):
            yield Step(
                f"delete queue {name}",
                lambda n=name: api.delete("queues", api.vhost, n),
                loses=True,
            )


def wanted_bindings(agencies: Agencies) -> set[Binding]:
    """Exact keys only: a question reaches who serves it, an answer where answers are taken, an
    event who hears it.
    """
    found = set()
    for code, agency in agencies.items():
        queue, ingress = topology.agency_queue(code).name, topology.agency_ingress(code)
        for name in agency.serves:
            answer: Any = CATALOGUE[name]
            key = topology.agency_key(code, name)
            found.add(Binding(topology.AGENCY, "q", queue, key))
            found.add(Binding(ingress, "e", topology.ANSWERS, answer.answer.name))
        if _hears(agency):
            events = topology.agency_events(code)
            found |= {Binding(events.exchange, "q", events.name, key) for key in events.keys}
    return found


def _bindings(api: Api, agencies: Agencies) -> Iterator[Step]:
    there = {}
    for told in api.get("bindings", api.vhost) or ():
        kind = told["destination_type"][0]
        made = Binding(told["source"], kind, told["destination"], told["routing_key"])
        if _is_of_agencies(made):
            there[made] = told["properties_key"]
    wanted = wanted_bindings(agencies)
    for made in sorted(wanted - there.keys()):
        source, kind, target, key = made
        yield Step(
            f"bind {target} to {source} by {key}",
            lambda b=made: api.post(
                "bindings", api.vhost, "e", b.source, b.kind, b.target, routing_key=b.key
            ),
        )
    for made in sorted(there.keys() - wanted):
        yield Step(
            f"unbind {made.target} from {made.source} by {made.key}",
            lambda b=made: api.delete(
                "bindings", api.vhost, "e", b.source, b.kind, b.target, there[b]
            ),
        )


def _is_of_agencies(made: Binding) -> bool:
    """Bindings of the default exchange come with the queue."""
    return bool(made.source) and bool(
        topology.agency_of(made.source) or topology.agency_of(made.target)
    )


def _user(api: Api, agency: Agency, passwords: Path) -> Iterator[Step]:
    code, name = agency.code, topology.agency_user(agency.code)
    path, there = passwords / code, api.get("users", name)
    if not path.exists():
        yield Step(f"make the password of {name}", lambda: _make_password(path))
    known = path.read_text(encoding="utf-8").strip() if path.exists() else None
    if there is None or TAG not in there["tags"]:
        yield Step(f"make user {name}", lambda: _put_user(api, name, path))
    elif known is None or not is_password(known, there["password_hash"]):
        yield Step(f"change the password of {name}", lambda: _put_user(api, name, path))
    rights = {
        "configure": NOTHING,
        "write": _only([topology.agency_ingress(code)] if agency.serves else []),
        "read": _only([queue.name for queue in _own_queues(agency)]),
    }
    has = api.get("permissions", api.vhost, name) or {}
    if {word: has.get(word) for word in rights} != rights:
        yield Step(
            f"give {name} its rights", lambda: api.put("permissions", api.vhost, name, **rights)
        )
    limits = {limit: value for told in api.get("user-limits", name) or () for limit, value in
              told["value"].items()}  # fmt: skip
    if limits.get("max-connections") != CONNECTIONS:
        yield Step(
            f"limit {name} to {CONNECTIONS} connections",
            lambda: api.put("user-limits", name, "max-connections", value=CONNECTIONS),
        )


def _only(names: list[str]) -> str:
    """The pattern that matches these names and no other."""
    return f"^({'|'.join(name.replace('.', DOT) for name in names)})$" if names else NOTHING


def _make_password(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(secrets.token_urlsafe(32) + "\n", encoding="utf-8")


def _put_user(api: Api, name: str, path: Path) -> None:
    """Only the hash goes to the broker."""
    password = path.read_text(encoding="utf-8").strip()
    if not password:
        raise CannotApply(f"{path} is empty; write the password into it, or remove it.")
    api.put("users", name, password_hash=password_hash(password), tags=TAG)


if __name__ == "__main__":
    sys.exit(main())
