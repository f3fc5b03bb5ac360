"""Our own parts at our broker: what they share, a user each, and how much may wait."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bus import topology
from deploy.broker import rights
from deploy.broker import steps as differ
from deploy.broker.api import Api
from deploy.broker.rights import Rights
from deploy.broker.steps import Step

# What waits beyond it is refused: Commands and Events stay in their outboxes, a question is asked
# again. A policy and no argument, so that queues that stand already have it too.
POLICY = "mirab-bounded"
BOUNDED = {
    "pattern": r"^mirab\.[a-z]+\.(requests|commands|events|answers)$",
    "definition": {"max-length-bytes": 256 * 1024 * 1024},
    "priority": 1,
    "apply-to": "queues",
}
GUEST = "guest"


def steps(api: Api, passwords: Path) -> Iterator[Step]:
    """All that differs; users that are no part go first."""
    table = rights.table()
    yield from _users_that_go(api, {part.user for part in table})
    yield from differ.exchanges(api, topology.EXCHANGES, lambda _: False)
    yield from _policy(api)
    for part in table:
        yield from _part(api, part, passwords)


def _users_that_go(api: Api, stay: set[str]) -> Iterator[Step]:
    """Users of parts that are gone, and RabbitMQ's own guest unless we sign in as guest."""
    for row in api.get("users") or ():
        name = row["name"]
        gone = rights.TAG in row["tags"] and name not in stay
        if gone or (name == GUEST and api.user != GUEST):
            yield Step(f"delete user {name}", partial(api.delete, "users", name))


def _policy(api: Api) -> Iterator[Step]:
    present = api.get("policies", api.vhost, POLICY) or {}
    if {name: present.get(name) for name in BOUNDED} != BOUNDED:
        yield Step("bound the queues", lambda: api.put("policies", api.vhost, POLICY, **BOUNDED))


def _part(api: Api, part: Rights, passwords: Path) -> Iterator[Step]:
    yield from differ.user(api, part.user, passwords / part.part, rights.TAG, *part.tags)
    yield from differ.permissions(api, part.user, part.permissions)
    rows = api.get("topic-permissions", api.vhost, part.user) or ()
    present = {row["exchange"]: (row["write"], row["read"]) for row in rows}
    for topic in part.topics:
        if present.get(topic.exchange) != (topic.write, topic.read):
            yield Step(
                f"give {part.user} its keys at {topic.exchange}",
                partial(api.put, "topic-permissions", api.vhost, part.user, **topic._asdict()),
            )
    yield from differ.limits(api, part.user, rights.LIMITS)
