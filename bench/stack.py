"""All of Mirab on stores of its own, for one measurement; CPU seconds by process."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from deploy.local.stores import (
    Postgres,
    RabbitMQ,
    free_port,
    listening,
    start_postgres,
    start_rabbitmq,
)

ROOT = Path(__file__).parent.parent
PARTS = {
    "inquiry service": ("bus", "serve", "services.inquiry"),
    "relay": ("bus", "relay", "services.inquiry"),
    "agency face": ("gateway.agency",),
}


class Stack:
    """PostgreSQL that waits for the disk, RabbitMQ, the service, its relay, the agency face."""

    def __init__(self, registry: Path, *, services: int = 1) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="mirab-bench-"))
        self.postgres: Postgres = start_postgres(self._folder / "postgres", durable=True)
        self.rabbitmq: RabbitMQ = start_rabbitmq(self._folder / "rabbitmq")
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environ = self._make_environ()
        self._run("bus", "migrate", "services.inquiry")
        self._run("services.inquiry.load", str(registry), "--report", os.devnull)
        for name, module in PARTS.items():
            copies = services if name == "inquiry service" else 1
            for n in range(copies):
                self.processes[f"{name} {n + 1}" if copies > 1 else name] = self._start(*module)
        while not listening(self.port):
            time.sleep(0.1)
        time.sleep(2)

    @property
    def url(self) -> str:
        """The agency face."""
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of each process, its children with it."""
        found = {name: _cpu(process.pid) for name, process in self.processes.items()}
        found["PostgreSQL"] = _cpu(self.postgres._process.pid)
        found["RabbitMQ"] = _cpu(self.rabbitmq._process.pid)
        return found

    def stop(self) -> None:
        """Ends everything."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(30)
        self.rabbitmq.stop()
        self.postgres.stop()

    def _make_environ(self) -> dict[str, str]:
        psycopg_url = self.postgres.url("postgres")
        key = self._folder / "signing.pem"
        subprocess.run(
            [sys.executable, "-m", "connector", "keygen", "--out", str(key)],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        agencies = self._folder / "agencies"
        agencies.mkdir()
        text = (ROOT / "deploy/agencies/fuel-co.toml").read_text(encoding="utf-8")
        (agencies / "fuel-co.toml").write_text(
            text.replace("requests = 6000", "requests = 100000000"), encoding="utf-8"
        )
        return {
            **os.environ,
            "AMQP_URL": self.rabbitmq.url,
            "DB_URL": psycopg_url,
            "INQUIRY_LOG_KEY": "bench",
            "SIGNING_KEY_FILE": str(key),
            "PORT": str(self.port),
            "AGENCIES_DIR": str(agencies),
            "LOG_LEVEL": "INFO",
            "IMPORT_DIR": str(self._folder),
        }

    def _run(self, *module: str) -> None:
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", *module],
            cwd=ROOT,
            env=self._environ,
            check=True,
            capture_output=True,
        )

    def _start(self, *module: str) -> subprocess.Popen[bytes]:
        with (self._folder / "bench.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", *module],
                cwd=ROOT,
                env=self._environ,
                stdout=log,
                stderr=log,
            )


def _cpu(pid: int) -> float:
    total = 0.0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            times = process.cpu_times()
            total += times.user + times.system
    except psutil.NoSuchProcess:
        pass
    return total
