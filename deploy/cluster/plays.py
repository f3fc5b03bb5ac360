"""What is done to the cluster, one after another, while the load goes on."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from deploy.cluster.earlier import Earlier
from deploy.cluster.installation import Installation, Say
from deploy.cluster.load import Stream
from deploy.local.programs import CannotStart, wait_until

QUEUE = "mirab.inquiry.requests"
AWAY_SECONDS, CALM_SECONDS, SECONDS = 20.0, 5.0, 180.0


class Outcome(NamedTuple):
    """What a play did to the load: the longest wait of each kind, in seconds, and ``limit``."""

    play: str
    waits: dict[str, float]
    accepted: int
    limit: float | None


class Play(NamedTuple):
    """A name, what is done, and how long an answer may take meanwhile."""

    name: str
    act: Callable[[Installation], None]
    limit: float | None


def nothing(_cluster: Installation) -> None:
    """What all others are compared with: on a busy machine an answer takes long by itself."""
    time.sleep(AWAY_SECONDS)


def kill_leader(cluster: Installation) -> None:
    """The node that leads the queue of questions loses its power, and comes back."""
    node = cluster.broker.leader(QUEUE)
    node.kill()
    time.sleep(AWAY_SECONDS)
    node.begin()
    _whole_broker(cluster)


def stop_node(cluster: Installation) -> None:
    """A node is stopped by its operator, and started again."""
    node = cluster.broker.nodes[2]
    node.stop()
    time.sleep(AWAY_SECONDS)
    node.begin()
    _whole_broker(cluster)


def cut_node(cluster: Installation) -> None:
    """The machine of the third node, where no database is, is cut off."""
    machine = cluster.machines[2]
    machine.cut()
    time.sleep(AWAY_SECONDS)
    machine.mend()
    _whole_broker(cluster)


def kill_primary(cluster: Installation) -> None:
    """The primary and Patroni beside it are killed; they come back as a standby."""
    primary = cluster.database.need_primary()
    cluster.database.kill(primary)
    time.sleep(AWAY_SECONDS)
    cluster.database.begin(primary)
    _safe_database(cluster)


def cut_primary(cluster: Installation) -> None:
    """The machine of the primary is cut off, with a node of the broker and of etcd: the primary
    steps down by itself, for nobody can tell it to.
    """
    primary = cluster.database.need_primary()
    primary.machine.cut()
    time.sleep(2 * AWAY_SECONDS)
    primary.machine.mend()
    _safe_database(cluster)
    _whole_broker(cluster)


def restart_all(cluster: Installation) -> None:
    """Each process of Mirab is restarted, one after another, as at an upgrade."""
    for part in cluster.state.parts:
        cluster.restart(part)
        time.sleep(0.5)


def earlier_release(cluster: Installation) -> None:
    """Services and relays of the release before work beside those of this one, on databases that
    are of the new form already; they go, and the new ones stay.
    """
    with Earlier(cluster):
        time.sleep(2 * AWAY_SECONDS)


PLAYS = (
    Play("nothing", nothing, None),
    Play("the queue's leader is killed", kill_leader, 5.0),
    Play("a node is stopped", stop_node, 5.0),
    Play("a node is cut off", cut_node, None),
    Play("the primary is killed", kill_primary, 30.0),
    Play("the primary's machine is cut off", cut_primary, 60.0),
    Play("each process is restarted", restart_all, 5.0),
    Play("parts of release 0.1.0 work beside", earlier_release, 5.0),
)


def play_all(
    cluster: Installation, kinds: Sequence[Stream], plays: Sequence[Play], say: Say
) -> list[Outcome]:
    """Plays one after another, with some seconds of calm between."""
    outcomes = []
    for play in plays:
        say(play.name)
        since = time.monotonic()
        play.act(cluster)
        time.sleep(CALM_SECONDS)
        until = time.monotonic()
        waits = {stream.name: stream.longest(since, until) for stream in kinds}
        accepted = sum(since <= a.at <= until for stream in kinds for a in list(stream.accepted))
        outcomes.append(Outcome(play.name, waits, accepted, play.limit))
        say("  longest waits: " + ", ".join(f"{k} {v:.1f} s" for k, v in waits.items()))
    return outcomes


def _whole_broker(cluster: Installation) -> None:
    nodes = cluster.broker.nodes
    if not wait_until(lambda: len(cluster.broker.running()) == len(nodes), None, SECONDS):
        raise CannotStart(f"the broker is not whole again: {cluster.broker.running()} run.")


def _safe_database(cluster: Installation) -> None:
    if not wait_until(cluster.database.is_safe, None, SECONDS):
        raise CannotStart("there is no primary with a synchronous standby again.")
