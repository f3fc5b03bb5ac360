"""PostgreSQL as primary and standby: streaming replication, Patroni, and etcd of three nodes."""

import contextlib
import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg2

from deploy.cluster.machines import Machine
from deploy.local.postgres import postgres_binaries
from deploy.local.programs import (
    CannotStart,
    as_unprivileged,
    hand_over,
    pass_through,
    plain_environment,
    wait_until,
)

PORT, REST, ETCD, PEERS = 5432, 8008, 2379, 2380
PATRONI, ETCD_PROGRAM = Path("/usr/bin/patroni"), Path("/usr/bin/etcd")
SECONDS = 120
# Patroni: a leader that is silent for TTL seconds is replaced.
TTL, LOOP, RETRY = 20, 3, 5


class Server(NamedTuple):
    """A PostgreSQL that Patroni keeps on a machine."""

    machine: Machine
    home: Path

    @property
    def data(self) -> Path:
        return self.home / "data"


def configuration(server: Server, machines: Sequence[Machine], binaries: Path) -> str:
    """What Patroni reads (JSON is YAML). All that write wait for the standby (synchronous_mode),
    unless there is none: what was acknowledged is on both.
    """
    address = server.machine.address
    trust = ["local all all trust", "host all all 10.77.0.0/24 trust"]
    trust += ["host replication all 10.77.0.0/24 trust", "host all all 127.0.0.1/32 trust"]
    return json.dumps(
        {
            "scope": "mirab",
            "name": server.machine.name,
            "restapi": {"listen": f"{address}:{REST}", "connect_address": f"{address}:{REST}"},
            "etcd3": {"hosts": [f"{machine.address}:{ETCD}" for machine in machines]},
            "bootstrap": _bootstrap(trust),
            "postgresql": {
                "listen": f"{address}:{PORT}",
                "connect_address": f"{address}:{PORT}",
                "data_dir": str(server.data),
                "bin_dir": str(binaries),
                "pgpass": str(server.home / "pgpass"),
                "pg_hba": trust,
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
                "authentication": {
                    "superuser": {"username": "postgres"},
                    "replication": {"username": "replicator"},
                },
                "parameters": {"unix_socket_directories": ""},
            },
        },
        indent=1,
    )


def _bootstrap(trust: list[str]) -> dict[str, object]:
    """What holds for both servers, from the first start on."""
    return {
        "dcs": {
            "ttl": TTL,
            "loop_wait": LOOP,
            "retry_timeout": RETRY,
            "maximum_lag_on_failover": 1024 * 1024,
            "primary_start_timeout": 0,
            "synchronous_mode": True,
            "postgresql": {
                "use_pg_rewind": True,
                "parameters": {
                    "max_connections": 200,
                    "shared_buffers": "64MB",
                    "log_min_messages": "warning",
                },
            },
        },
        "initdb": ["no-sync", {"auth": "trust"}, {"encoding": "UTF8"}, {"locale": "C.UTF-8"}],
        "pg_hba": trust,
    }


class Database:
    """etcd on all machines, and PostgreSQL under Patroni on the first two."""

    def __init__(self, home: Path, logs: Path, machines: Sequence[Machine]) -> None:
        for program in (PATRONI, ETCD_PROGRAM):
            if not program.exists():
                raise CannotStart(
                    f"{program} is missing; install the packages patroni and etcd-server."
                )
        self.home, self.logs, self.machines = home, logs, machines
        pass_through(home)
        self._binaries = postgres_binaries(Path("/var/lib/mirab"))
        self.servers = [Server(m, home / f"postgres-{m.name}") for m in machines[:2]]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def url(self, database: str, user: str = "postgres") -> str:
        """DB_URL with both servers."""
        hosts = ",".join(f"{server.machine.address}:{PORT}" for server in self.servers)
        return f"postgresql://{user}@{hosts}/{database}"

    def start(self) -> None:
        """Starts all; returns when there is a primary and a standby that is synchronous."""
        cluster = ",".join(f"{m.name}=http://{m.address}:{PEERS}" for m in self.machines)
        for machine in self.machines:
            self._begin(
                machine,
                f"etcd-{machine.name}",
                str(ETCD_PROGRAM),
                f"--name={machine.name}",
                f"--data-dir={self.home / f'etcd-{machine.name}'}",
                f"--listen-peer-urls=http://{machine.address}:{PEERS}",
                f"--initial-advertise-peer-urls=http://{machine.address}:{PEERS}",
                f"--listen-client-urls=http://{machine.address}:{ETCD}",
                f"--advertise-client-urls=http://{machine.address}:{ETCD}",
                f"--initial-cluster={cluster}",
                "--initial-cluster-state=new",
                "--heartbeat-interval=200",
                "--election-timeout=2000",
            )
        for server in self.servers:
            self.begin(server)
            if not wait_until(lambda s=server: self.role(s) is not None, None, SECONDS):  # type: ignore[misc]
                raise CannotStart(
                    f"Patroni did not start; see {self.logs}/{server.machine.name}.log."
                )
        if not wait_until(self.is_safe, None, SECONDS):
            raise CannotStart("there is no synchronous standby.")

    def begin(self, server: Server) -> None:
        """Starts Patroni on a machine, which starts PostgreSQL there."""
        server.home.mkdir(exist_ok=True)
        hand_over(server.home)
        config = server.home / "patroni.yml"
        config.write_text(configuration(server, self.machines, self._binaries), encoding="utf-8")
        config.chmod(0o644)
        self._begin(
            server.machine, server.machine.name, *as_unprivileged([str(PATRONI), str(config)])
        )

    def _begin(self, machine: Machine, name: str, *command: str) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                machine.inside(*command),
                stdout=log,
                stderr=log,
                cwd="/",
                env=plain_environment(),
                start_new_session=True,
            )

    def role(self, server: Server) -> str | None:
        """What Patroni says of a server: master, replica, sync_standby; None if it is away."""
        url = f"http://{server.machine.address}:{REST}/patroni"
        with contextlib.suppress(OSError, ValueError):
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    status = json.load(answer)
            except urllib.error.HTTPError as error:
                status = json.load(error)
            if status.get("state") != "running":
                return None
            return "sync_standby" if status.get("sync_standby") else str(status["role"])
        return None

    def primary(self) -> Server | None:
        """The server that takes changes."""
        return next((s for s in self.servers if self.role(s) in ("master", "primary")), None)

    def need_primary(self) -> Server:
        """The same, or CannotStart if there is none for a while."""
        if not wait_until(lambda: self.primary() is not None, None, SECONDS):
            raise CannotStart("there is no primary.")
        primary = self.primary()
        return primary or self.need_primary()

    def is_safe(self) -> bool:
        """True if what is acknowledged is on two servers."""
        roles = {self.role(server) for server in self.servers}
        return "sync_standby" in roles and bool(roles & {"master", "primary"})

    def kill(self, server: Server) -> None:
        """kill -9 of all of PostgreSQL and of Patroni on a machine, as if it lost power."""
        postmaster = int((server.data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        os.killpg(self._processes[server.machine.name].pid, signal.SIGKILL)
        children = _children(postmaster)
        for pid in (postmaster, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._processes[server.machine.name].wait(20)

    def make_databases(self, names: Sequence[str]) -> None:
        """Makes the database and the role of each service, once."""
        connection = psycopg2.connect(self.url("postgres") + "?target_session_attrs=read-write")
        connection.autocommit = True
        with connection.cursor() as cursor:
            for name in names:
                cursor.execute("select 1 from pg_database where datname = %s", (name,))
                if not cursor.fetchone():
                    cursor.execute(f"create database {name}")
        connection.close()

    def stop(self) -> None:
        """Ends all at once: nobody needs the data any more."""
        for server in self.servers:
            with contextlib.suppress(OSError, ValueError):
                self.kill(server)
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


def _children(pid: int) -> list[int]:
    """The processes of a postmaster."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        return [int(word) for word in listed.read_text(encoding="ascii").split()]
    except OSError:
        return []
