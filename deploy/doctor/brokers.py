"""Brokers: reached, not alarmed, with room, queues that are read, nobody's default password."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bus.messages.message import Wire
from deploy.broker import parts
from deploy.broker.api import Api, CannotApply
from deploy.doctor.advice import Advice, doubt, well, wrong
from deploy.doctor.installation import Installation

AREA, OURS = "brokers", "rabbitmq"
MANY_WAIT = 10_000
# The management API's figures of a queue are up to half a minute old (deploy/broker/rabbitmq.conf).
AGAIN_SECONDS, LOOKS = 3.0, 12
_NAME = re.compile(r"mirab\.[a-z]+\.(?:requests|commands|events|answers|suspects|dead)")
NEAR = 1.5  # times the limit at which a broker stops taking messages


def look(installation: Installation) -> Iterator[Advice]:
    """Yield what is wrong with each broker, or that it is well."""
    if not installation.brokers:
        yield doubt(
            AREA,
            "How the brokers are cannot be known: no management API was named.",
            "Set BROKER_API_URL and AGENCY_BROKER_API_URL, or look with `rabbitmq-diagnostics`.",
        )
    for name, url in installation.brokers.items():
        api = Api(url, _vhost(installation, name))
        try:
            findings = [
                *_nodes(name, api),
                *_queues(name, api),
                *_users(name, api),
                *(_rights(api, installation) if name == OURS else ()),
            ]
        except CannotApply as error:
            findings = [
                wrong(
                    AREA,
                    f"{name}: {error}",
                    "Start RabbitMQ, or correct the address and password of its management API.",
                )
            ]
        finally:
            api.close()
        yield from findings or [
            well(AREA, f"{name}: reached, without alarm, and all queues are read.")
        ]


def _vhost(installation: Installation, name: str) -> str:
    urls = installation.values("AMQP_URL") if name == OURS else {}
    return unquote(urlsplit(next(iter(urls), "")).path.removeprefix("/")) or "/"


def _nodes(name: str, api: Api) -> Iterator[Advice]:
    for node in api.get("nodes") or ():
        at = f"{name} ({node['name']})"
        if not node.get("running", False):
            yield wrong(AREA, f"{at}: this node does not run.", "Start it; a majority must run.")
            continue
        for kind, alarm in (("memory", "mem_alarm"), ("disk", "disk_free_alarm")):
            if node.get(alarm):
                yield wrong(
                    AREA,
                    f"{at}: the {kind} alarm is on; no message is taken.",
                    "See BrokerBlocked in docs/operate.md.",
                )
        if node.get("partitions"):
            yield wrong(AREA, f"{at}: it is cut off from other nodes.", "Mend the network first.")
        free, limit = node.get("disk_free", 0), node.get("disk_free_limit", 0)
        if isinstance(free, int) and limit <= free < NEAR * limit:
            yield doubt(
                AREA,
                f"{at}: {free // 1024**2} MiB of disk are left; below {limit // 1024**2} it stops.",
                "Make room on its disk.",
            )


def _queues(name: str, api: Api) -> Iterator[Advice]:
    for queue in _settled(api):
        waiting, title = queue.get("messages", 0), f"{name}: {queue['name']}"
        if _is_silent(queue):
            yield wrong(
                AREA,
                f"{title} tells nothing of itself: it has no leader, and nobody can read it.",
                "Give it one: see BrokerDown in docs/operate.md.",
            )
        elif _is_ours(queue) and _is_unread(queue):
            yield wrong(
                AREA,
                f"{title} is read by nobody; {waiting} messages wait.",
                "Start the service that it belongs to.",
            )
        elif _is_ours(queue) and _is_dead(queue) and waiting:
            yield doubt(
                AREA,
                f"{title} holds {waiting} dead letters.",
                "See DeadLetters in docs/operate.md: find the cause, then replay them.",
            )
        elif _is_ours(queue) and waiting > MANY_WAIT:
            yield doubt(
                AREA,
                f"{title} holds {waiting} messages.",
                "See why its service is slow, or start a second process of it.",
            )


def _settled(api: Api) -> list[Wire]:
    """The queues, looked at until all is well with them or the figures are of now."""
    queues: list[Wire] = []
    for _ in range(LOOKS):
        queues = list(api.get("queues", api.vhost) or ())
        if not any(
            _is_silent(queue) or (_is_ours(queue) and _is_unread(queue)) for queue in queues
        ):
            break
        time.sleep(AGAIN_SECONDS)
    return queues


def _is_ours(queue: Wire) -> bool:
    """Tell a queue of our services; one of an agency is read when the agency wishes."""
    return bool(_NAME.fullmatch(str(queue["name"])))


def _is_silent(queue: Wire) -> bool:
    """Tell a quorum queue that says nothing: its leader alone counts its messages."""
    return bool(queue.get("type") == "quorum") and "messages" not in queue


def _is_dead(queue: Wire) -> bool:
    return str(queue["name"]).endswith(".dead")


def _is_unread(queue: Wire) -> bool:
    return not _is_dead(queue) and not queue.get("consumers", 0)


def _users(name: str, api: Api) -> Iterator[Advice]:
    if api.user == "guest" or any(user["name"] == "guest" for user in api.get("users") or ()):
        yield doubt(
            AREA,
            f"{name}: the user guest exists, whose password everybody knows.",
            "Make an administrator of your own and run `rabbitmqctl delete_user guest`.",
        )


def _rights(api: Api, installation: Installation) -> Iterator[Advice]:
    """Whether each of our parts is a user with the rights that this release gives it, and no other:
    after an upgrade they may be those of the one before.
    """
    for folder in installation.values("BROKER_PASSWORDS_DIR"):
        try:
            steps = list(parts.steps(api, Path(folder)))
        except OSError:
            yield doubt(
                AREA,
                f"{OURS}: a password in {folder} cannot be read, so that rights are not compared.",
                "Ask again as the user whose file it is.",
            )
            continue
        if steps:
            yield doubt(
                AREA,
                f"{OURS}: {len(steps)} things are not as this release gives them to our parts; the "
                f"first: {steps[0].description}.",
                "`python -m deploy.broker.apply --check` names all; without --check it mends them.",
            )
