"""What differs between a broker and what should be there, step by step, and what ends it."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bus import topology
from deploy.broker.api import Api, CannotApply, is_password, password_hash

NOTHING = "^$"
DOT = r"\."


class Step(NamedTuple):
    """One difference between the broker and what should be: what to say, and what ends it."""

    description: str
    act: Callable[[], None]
    loses: bool = False  # messages that wait


class Binding(NamedTuple):
    source: str
    kind: str  # "q" for a queue, "e" for an exchange
    target: str
    key: str


class Permissions(NamedTuple):
    """Patterns of names, as RabbitMQ has them."""

    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING


def only(names: Iterable[str]) -> str:
    """The pattern that matches these names and no other."""
    quoted = [name.replace(".", DOT) for name in names]
    return f"^({'|'.join(quoted)})$" if quoted else NOTHING


def exchanges(api: Api, wanted: Mapping[str, str], ours: Callable[[str], bool]) -> Iterator[Step]:
    """Makes the exchanges (name: type); deletes others that are ``ours``."""
    present = {row["name"]: row["type"] for row in api.get("exchanges", api.vhost) or ()}
    for name, kind in wanted.items():
        if name not in present:
            yield Step(
                f"make exchange {name}",
                partial(api.put, "exchanges", api.vhost, name, type=kind, durable=True),
            )
    for name in sorted(present.keys() - wanted):
        if ours(name):
            yield Step(f"delete exchange {name}", partial(api.delete, "exchanges", api.vhost, name))


def queue_arguments(api: Api) -> dict[str, dict[str, object]]:
    """Of the queues that are there, by their names."""
    return {row["name"]: row["arguments"] for row in api.get("queues", api.vhost) or ()}


def queues(
    api: Api, wanted: Mapping[str, topology.Queue], ours: Callable[[str], bool]
) -> Iterator[Step]:
    """Makes the queues; deletes others that are ``ours``, with what is in them."""
    present = queue_arguments(api)
    for name, queue in wanted.items():
        if name not in present:
            yield Step(
                f"make queue {name}",
                partial(
                    api.put,
                    "queues",
                    api.vhost,
                    queue.name,
                    durable=True,
                    arguments=queue.arguments,
                ),
            )
    for name in sorted(present.keys() - wanted):
        if ours(name):
            yield Step(
                f"delete queue {name}",
                partial(api.delete, "queues", api.vhost, name),
                loses=True,
            )


def require_arguments(api: Api, wanted: Mapping[str, topology.Queue]) -> None:
    """CannotApply if a queue is of another kind; judged last, so that it keeps nobody's right."""
    present = queue_arguments(api)
    for name, queue in wanted.items():
        if name in present and present[name] != queue.arguments:
            raise CannotApply(
                f"Queue {name} has other arguments than it should; delete it when it is empty."
            )


def bindings(api: Api, wanted: set[Binding], ours: Callable[[Binding], bool]) -> Iterator[Step]:
    """Makes the bindings; takes away others that are ``ours``."""
    present = {}
    for row in api.get("bindings", api.vhost) or ():
        made = Binding(
            row["source"], row["destination_type"][0], row["destination"], row["routing_key"]
        )
        if ours(made):
            present[made] = row["properties_key"]
    for made in sorted(wanted - present.keys()):
        yield Step(
            f"bind {made.target} to {made.source} by {made.key}",
            partial(
                api.post,
                "bindings",
                api.vhost,
                "e",
                made.source,
                made.kind,
                made.target,
                routing_key=made.key,
            ),
        )
    for made in sorted(present.keys() - wanted):
        yield Step(
            f"unbind {made.target} from {made.source} by {made.key}",
            partial(
                api.delete,
                "bindings",
                api.vhost,
                "e",
                made.source,
                made.kind,
                made.target,
                present[made],
            ),
        )


def user(api: Api, name: str, path: Path, *tags: str) -> Iterator[Step]:
    """Makes the user with the password of the file, and the file if there is none."""
    present = api.get("users", name)
    if not path.exists():
        yield Step(f"make the password of {name}", lambda: make_password(path))
    password = path.read_text(encoding="utf-8").strip() if path.exists() else None
    if present is None or set(present["tags"]) != set(tags):
        yield Step(f"make user {name}", lambda: put_user(api, name, path, tags))
    elif password is None or not is_password(password, present["password_hash"]):
        yield Step(f"change the password of {name}", lambda: renew_user(api, name, path, tags))


def renew_user(api: Api, name: str, path: Path, tags: Iterable[str]) -> None:
    """A new password also ends the connections that were opened with the old one."""
    api.delete("users", name)
    put_user(api, name, path, tags)


def make_password(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(secrets.token_urlsafe(32) + "\n", encoding="utf-8")


def put_user(api: Api, name: str, path: Path, tags: Iterable[str]) -> None:
    """Only the hash goes to the broker."""
    password = path.read_text(encoding="utf-8").strip()
    if not password:
        raise CannotApply(f"{path} is empty; write the password into it, or remove it.")
    api.put("users", name, password_hash=password_hash(password), tags=",".join(tags))


def permissions(api: Api, name: str, wanted: Permissions) -> Iterator[Step]:
    """Gives the user these rights in the vhost, and no other."""
    has = api.get("permissions", api.vhost, name) or {}
    if Permissions(*map(has.get, Permissions._fields)) != wanted:  # type: ignore[arg-type]
        yield Step(
            f"give {name} its rights",
            lambda: api.put("permissions", api.vhost, name, **wanted._asdict()),
        )


def limits(api: Api, name: str, wanted: Mapping[str, int], kind: str = "user") -> Iterator[Step]:
    """Limits a user, or a vhost: its connections, channels, queues."""
    rows = api.get(f"{kind}-limits", name) or ()
    present = {limit: value for row in rows for limit, value in row["value"].items()}
    for limit, value in wanted.items():
        if present.get(limit) != value:
            yield Step(
                f"limit {name} to {value} {limit.removeprefix('max-')}",
                partial(api.put, f"{kind}-limits", name, limit, value=value),
            )
