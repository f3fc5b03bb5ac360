"""Mirab on the cluster: two of every service, relay and face, kept by supervisord as always."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.cluster.machines import Machine, make_bridge
from deploy.cluster.nodes import Broker
from deploy.cluster.postgres import Database
from deploy.local import filling, readiness, steps, supervise
from deploy.local.__main__ import registry_is_empty
from deploy.local.parts import SERVICES, Part
from deploy.local.programs import pass_through
from deploy.local.state import AMQP_PORT, CHECKOUT, State
from deploy.local.stores import RabbitMQ

Say = Callable[[str], None]
MACHINES = 3
AGENCY_API_PORT, AGENCY_DIST, AGENCY_EPMD = 15676, 25675, 14370


class Installation:
    """Machines, stores and parts; ``home`` is made anew for each play."""

    def __init__(self, home: Path, machines: list[Machine]) -> None:
        self.home, self.machines = home, machines
        secrets = State(home, {})
        password = secrets.secret("broker-admin").read_text(encoding="utf-8")
        self.broker = Broker(home / "broker", machines, password)
        self.database = Database(home / "database", secrets.logs, machines)
        self.agency_broker = RabbitMQ(
            home / "agency-rabbitmq",
            AMQP_PORT,
            AGENCY_DIST,
            AGENCY_EPMD,
            AGENCY_API_PORT,
            password=secrets.secret("agency-broker-admin").read_text(encoding="utf-8"),
            for_agencies=True,
        )
        self.state = State(
            home,
            {
                **os.environ,
                "SCALE": "2",
                "DB_URL": self.database.url("inquiry"),
                "AMQP_URL": self.broker.url,
                "BROKER_API_URL": self.broker.api_url,
                "AGENCY_BROKER_API_URL": self.agency_broker.api_url,
            },
        )

    def start(self, say: Say) -> None:
        """Starts all, fills the databases, and returns when all is ready."""
        say("starting etcd, PostgreSQL and its standby")
        self.database.start()
        say("starting three nodes of RabbitMQ, and the agencies' broker")
        self.broker.start()
        self.agency_broker.start()
        say("filling the databases")
        self.database.make_databases(SERVICES)
        self.state.private_key("signing.pem")
        supervise.start(self.state, preload=True)
        steps.run_side_by_side(filling.chains(self.state), time.monotonic())
        if registry_is_empty(self.state):
            steps.run_side_by_side([[filling.export(self.state)]], time.monotonic())
        say(f"starting {len(self.state.parts)} processes of Mirab")
        supervise.start_parts(self.state)
        readiness.wait_ready(say, readiness.health)

    def restart(self, part: Part) -> None:
        """Ends a part as an operator does, starts it again, and waits until it works."""
        server = supervise.server(self.state)
        server.stopProcess(part.name, True)
        server.startProcess(part.name, True)

    def stop(self) -> None:
        """Ends everything."""
        if supervise.running(self.state):
            supervise.stop(self.state)
        self.agency_broker.kill()
        self.agency_broker.end_epmd()
        self.broker.stop()
        self.database.stop()


@contextmanager
def installed(say: Say, *, keep: bool = False) -> Iterator[Installation]:
    """A cluster that runs, and that is gone afterwards, but for its logs."""
    home = State.of_checkout().home.with_name(State.of_checkout().home.name + "-cluster")
    shutil.rmtree(home, ignore_errors=True)
    pass_through(home)
    make_bridge()
    machines = [Machine(number) for number in range(1, MACHINES + 1)]
    installation = Installation(home, machines)
    try:
        installation.start(say)
        yield installation
    finally:
        installation.stop()
        for machine in machines:
            machine.end()
        if not keep:
            for name in ("broker", "database", "blobs"):
                shutil.rmtree(home / name, ignore_errors=True)


__all__ = ["CHECKOUT", "Installation", "installed"]
