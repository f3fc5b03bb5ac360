"""The stores of one measurement, and the stacks that stand on them; CPU seconds by process."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from deploy.local.ports import free_port, listening
from deploy.local.stores import Postgres, RabbitMQ, start_postgres, start_rabbitmq

ROOT = Path(__file__).parent.parent
PYTHON = (sys.executable, "-W", "ignore", "-m")
NAMEKO = (sys.executable, "-W", "ignore", str(Path(sys.executable).with_name("nameko")), "run")

# What each stack runs: name of the process → its command. The door listens on PORT.
STACKS: dict[str, dict[str, tuple[str, ...]]] = {
    "Mirab": {
        "service": (*PYTHON, "bus", "serve", "services.inquiry"),
        "relay": (*PYTHON, "bus", "relay", "services.inquiry"),
        "door": (*PYTHON, "gateway.agency"),
    },
    "stock nameko": {
        "service": (
            *NAMEKO,
            "-d",
            "AMQP_URI={amqp}",
            "-d",
            "max_workers=20",
            "bench.peers.nameko_service",
        ),
        "door": (
            *NAMEKO,
            "-d",
            "AMQP_URI={amqp}",
            "-d",
            "max_workers=100",
            "-d",
            "WEB_SERVER_ADDRESS=127.0.0.1:{port}",
            "bench.peers.nameko_gateway",
        ),
    },
    "FastAPI + FastStream": {
        "service": (*PYTHON, "bench.peers.fast_service"),
        "door": (*PYTHON, "bench.peers.fast_gateway"),
    },
    "aiohttp + aio-pika": {
        "service": (*PYTHON, "bench.peers.aio_service"),
        "door": (*PYTHON, "bench.peers.aio_gateway"),
    },
}

# The same parts, which count nothing (bench/metrics.py).
UNCOUNTED = "Mirab, counting nothing"
# With a log of receipts, and a second door beside the first that makes none.
RECEIPTS, PLAIN_DOOR = "Mirab, with receipts", "plain door"
VARIANTS = {
    RECEIPTS: {
        **STACKS["Mirab"],
        PLAIN_DOOR: (*PYTHON, "gateway.agency"),
        "agencies": (*PYTHON, "bus", "serve", "services.agencies"),
        "agencies relay": (*PYTHON, "bus", "relay", "services.agencies"),
    },
    UNCOUNTED: {
        part: (*PYTHON, "bench.uncounted", *command[len(PYTHON) :])
        for part, command in STACKS["Mirab"].items()
    },
}


class Stores:
    """PostgreSQL that waits for the disk, RabbitMQ, the register of one agency, and keys."""

    def __init__(self, registry: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mirab-bench-"))
        self.postgres: Postgres = start_postgres(self.folder / "postgres", durable=True)
        self.rabbitmq: RabbitMQ = start_rabbitmq(self.folder / "rabbitmq")
        self._key()
        self._agencies()
        self.run("bus", "migrate", "services.inquiry", DB_URL=self.database("loaded"))
        self.load(registry)

    def load(self, registry: Path) -> None:
        """Imports an export into the database from which each stack's own is made."""
        self.run(
            "services.inquiry.load",
            str(registry),
            "--report",
            os.devnull,
            DB_URL=self.postgres.url("loaded"),
        )

    def database(self, name: str, template: str = "template1") -> str:
        """The URL of a new database."""
        self.run_sql(f"create database {name} template {template}")
        return self.postgres.url(name)

    def run_sql(self, statement: str, database: str = "postgres") -> None:
        """One statement, outside of any transaction."""
        import psycopg2

        connection = psycopg2.connect(self.postgres.url(database))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def agencies(self) -> str:
        """The URL of an empty database of the agencies service."""
        url = self.database("agencies")
        self.run("bus", "migrate", "services.agencies", DB_URL=url)
        return url

    def environ(self, **other: str) -> dict[str, str]:
        """What every process of every stack gets."""
        return {
            **os.environ,
            "AMQP_URL": self.rabbitmq.url,
            "INQUIRY_LOG_KEY": "bench",
            "SIGNING_KEY_FILE": str(self.folder / "signing.pem"),
            "AGENCIES_DIR": str(self.folder / "agencies"),
            "LOG_LEVEL": "INFO",
            "IMPORT_DIR": str(self.folder),
            "PYTHONPATH": str(ROOT),
            **other,
        }

    def run(self, *module: str, **environ: str) -> None:
        """Runs a module to its end."""
        subprocess.run(
            [*PYTHON, *module],
            cwd=ROOT,
            env=self.environ(**environ),
            check=True,
            capture_output=True,
        )

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of the stores, their children with them."""
        return {
            name: cpu_of(store._process.pid)
            for name, store in (("PostgreSQL", self.postgres), ("RabbitMQ", self.rabbitmq))
            if store._process is not None
        }

    def stop(self) -> None:
        """Stop both stores."""
        self.rabbitmq.stop()
        self.postgres.stop()

    def _key(self) -> None:
        subprocess.run(
            [*PYTHON, "connector", "keygen", "--out", str(self.folder / "signing.pem")],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def _agencies(self) -> None:
        folder = self.folder / "agencies"
        folder.mkdir()
        text = (ROOT / "deploy/agencies/fuel-co.toml").read_text(encoding="utf-8")
        (folder / "fuel-co.toml").write_text(
            text.replace("requests = 6000", "requests = 100000000"), encoding="utf-8"
        )


class Process:
    """A process with its log in a file."""

    def __init__(self, log: Path, command: Sequence[str], environ: dict[str, str]) -> None:
        with log.open("ab") as out:
            self.popen = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=out, stderr=out)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self.popen.pid

    def stop(self) -> None:
        """Ends it, by force after twenty seconds."""
        self.popen.terminate()
        try:
            self.popen.wait(20)
        except subprocess.TimeoutExpired:
            self.popen.kill()


class Stack:
    """One stack on the stores, with a database of its own.

    It has ``services`` service processes and ``doors``, each door on a port of its own.
    """

    def __init__(
        self, stores: Stores, name: str, *, services: int = 1, doors: int = 1, **environ: str
    ) -> None:
        self.name, self._stores, self.port = name, stores, free_port()
        database = "".join(c for c in name.lower() if c.isalpha()) + str(self.port)
        self.db = stores.database(database, "loaded")
        replays = stores.folder / f"replays-{self.port}"
        replays.mkdir()
        replays.with_name(f"{replays.name}-plain").mkdir()
        self._environ = stores.environ(
            PORT=str(self.port),
            AGENCY_BASE_URL=f"http://127.0.0.1:{self.port}",
            DB_URL=self.db,
            REPLAY_DIR=str(replays),
            **environ,
        )
        self.ports = [self.port, *(free_port() for _ in range(doors - 1))]
        self.plain_port = free_port()
        self.processes: dict[str, Process] = {}
        for part, command in (STACKS | VARIANTS)[name].items():
            for n in range({"service": services, "door": doors}.get(part, 1)):
                port = self.plain_port if part == PLAIN_DOOR else self.ports[0]
                started = self._start(part, command, self.ports[n] if part == "door" else port)
                self.processes[f"{part} {n + 1}" if n else part] = started
        while not all(map(listening, self.ports)):
            for part, process in self.processes.items():
                if process.popen.poll() is not None:
                    raise SystemExit(f"{name}: the {part} ended; see {stores.folder}")
            time.sleep(0.1)
        time.sleep(2)

    @property
    def url(self) -> str:
        """The address of its door."""
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        """The addresses of its doors."""
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of each process and of the stores."""
        mine = {name: cpu_of(process.pid) for name, process in self.processes.items()}
        return {**mine, **self._stores.cpu()}

    def memory(self) -> dict[str, int]:
        """Resident bytes of each process."""
        return {
            name: psutil.Process(process.pid).memory_info().rss
            for name, process in self.processes.items()
        }

    def stop(self) -> None:
        """Ends its processes."""
        for process in self.processes.values():
            process.stop()

    def _start(self, part: str, command: tuple[str, ...], port: int) -> Process:
        places = {"amqp": self._stores.rabbitmq.url, "port": str(port)}
        log = self._stores.folder / f"{self.name}-{part}.log"
        own = self._environ.get("AGENCIES_DB_URL") if part.startswith("agencies") else None
        environ = self._environ | {
            "DB_URL": own or self.db,
            "PORT": str(port),
            "AGENCY_BASE_URL": f"http://127.0.0.1:{port}",
        }
        if part == PLAIN_DOOR:
            environ.pop("RECEIPTS_ORIGIN")
            environ["REPLAY_DIR"] += "-plain"
        return Process(log, [word.format(**places) for word in command], environ)


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and its children."""
    total = 0.0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            times = process.cpu_times()
            total += times.user + times.system
    except psutil.NoSuchProcess:
        pass
    return total
