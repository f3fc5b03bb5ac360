"""Three nodes of RabbitMQ, each on a machine of its own, that are one broker."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.cluster.machines import Machine
from deploy.local.programs import CannotStart, wait_until
from deploy.local.stores import ADMINISTRATOR, BROKER, RabbitMQ, rabbitmq_command

PORT, API_PORT, DIST_PORT, EPMD_PORT = 5672, 15672, 25672, 4369
SECONDS = 120


class Node(RabbitMQ):
    """One node; ``others`` are the addresses of all."""

    def __init__(self, home: Path, machine: Machine, others: Sequence[str], password: str) -> None:
        super().__init__(home, PORT, DIST_PORT, EPMD_PORT, API_PORT, password=password)
        self.machine = machine
        self.more = (BROKER / "cluster.conf").read_text(encoding="utf-8") + "".join(
            f"cluster_formation.classic_config.nodes.{number} = {node_name(address)}\n"
            for number, address in enumerate(others, 1)
        )

    @property
    def api_url(self) -> str:
        return f"http://{self.account}@{self.machine.address}:{API_PORT}"

    @property
    def environ(self) -> dict[str, str]:
        """As of a single node, but with a name that others find it by."""
        return {
            **super().environ,
            "RABBITMQ_NODENAME": node_name(self.machine.address),
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_NODE_IP_ADDRESS": self.machine.address,
            "ERL_EPMD_ADDRESS": self.machine.address,
        }

    def _settings(self) -> list[str]:
        return [
            line.replace("management.tcp.ip = 127.0.0.1", "management.tcp.ip = 0.0.0.0")
            for line in super()._settings()
        ]

    def begin(self) -> None:
        """Starts it; ``wait`` returns when it takes connections."""
        self.prepare()
        with (self.home / "rabbitmq.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.machine.inside(*rabbitmq_command(self.home, "rabbitmq-server")),
                stdout=log,
                stderr=log,
                env=self.environ,
                start_new_session=True,
            )

    def wait(self, seconds: float = SECONDS) -> None:
        if not wait_until(self.answers, self._process, seconds):
            raise CannotStart(f"a node did not start; see {self.home / 'rabbitmq.log'}.")

    def answers(self) -> bool:
        """True if it takes connections."""
        with socket.socket() as line:
            line.settimeout(1)
            return (
                line.connect_ex((self.machine.address, API_PORT))
                == 0
                == line_to(self.machine.address, PORT)
            )

    def ctl(self, *arguments: str) -> str:
        done = subprocess.run(
            self.machine.inside(
                *rabbitmq_command(self.home, "rabbitmqctl", "-q", "--longnames", *arguments)
            ),
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotStart(f"rabbitmqctl {arguments[0]}: {done.stderr or done.stdout}")
        return done.stdout

    def kill(self) -> None:
        """As if its machine lost power."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)

    def stop(self) -> None:
        """As an operator stops it."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(60)


def line_to(address: str, port: int) -> int:
    """0 if somebody takes connections there."""
    with socket.socket() as line:
        line.settimeout(1)
        return line.connect_ex((address, port))


def node_name(address: str) -> str:
    """How Erlang names the node at an address."""
    return f"mirab@{address}"


class Broker:
    """All nodes together."""

    def __init__(self, home: Path, machines: Sequence[Machine], password: str) -> None:
        self.password, addresses = password, [machine.address for machine in machines]
        self.nodes = [
            Node(home / f"rabbitmq-{machine.name}", machine, addresses, password)
            for machine in machines
        ]

    @property
    def url(self) -> str:
        """AMQP_URL with all nodes."""
        return f"amqp://{ADMINISTRATOR}:{self.password}@{self._hosts(PORT)}/%2F"

    @property
    def api_url(self) -> str:
        """BROKER_API_URL with all nodes."""
        return f"http://{ADMINISTRATOR}:{self.password}@{self._hosts(API_PORT)}"

    def _hosts(self, port: int) -> str:
        return ",".join(f"{node.machine.address}:{port}" for node in self.nodes)

    def start(self) -> None:
        """Starts all with one cookie; returns when they are one cluster."""
        for node in self.nodes:
            node.prepare()
        cookie = (self.nodes[0].home / ".erlang.cookie").read_text(encoding="ascii")
        for node in self.nodes[1:]:
            own = node.home / ".erlang.cookie"
            own.chmod(0o600)
            own.write_text(cookie, encoding="ascii")
            own.chmod(0o400)
        for node in self.nodes:
            node.begin()
            node.wait()
        if not wait_until(lambda: len(self.running()) == len(self.nodes), None, SECONDS):
            raise CannotStart(f"the nodes are no cluster: {self.running()} run.")

    def running(self) -> list[str]:
        """The names of the nodes that run, as the first that answers says."""
        for node in self.nodes:
            if not node.answers():
                continue
            try:
                status = json.loads(node.ctl("cluster_status", "--formatter", "json"))
            except (CannotStart, ValueError):
                continue
            return sorted(status["running_nodes"])
        return []

    def leader(self, queue: str) -> Node:
        """The node that leads a queue."""
        node = next(node for node in self.nodes if node.answers())
        rows = json.loads(node.ctl("list_queues", "name", "leader", "--formatter", "json"))
        name = next(row["leader"] for row in rows if row["name"] == queue)
        return next(node for node in self.nodes if node_name(node.machine.address) == name)

    def stop(self) -> None:
        """Ends all at once."""
        for node in self.nodes:
            node.kill()
