"""The installation that is hurt: all of Mirab, in a folder and a network of its own."""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
import xmlrpc.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil
import psycopg2
import requests

from deploy.chaos.clock import FakeClock
from deploy.local import readiness, supervise
from deploy.local.__main__ import start_all
from deploy.local.filling import chains
from deploy.local.parts import LIMITS, PARTS, SERVICES
from deploy.local.state import State
from deploy.local.steps import run_side_by_side

# What one address may do is no matter of a load that comes from one address.
PLENTY = "1000000"
NOT_RAISED = ("BLOBS_FREE_MEGABYTES", "DOCUMENTS_WAITING")
# Disks of their own, in memory, that can be filled; in megabytes.
SMALL_DISKS = {"blobs": 96, "replays": 96, "marks": 8, "postgres": 1200}
OWN_PARTS = tuple(part.name for part in PARTS)
Row = tuple[object, ...]


def state_beside(home: Path) -> State:
    """The state of an installation in ``home``, with limits that one address does not meet."""
    limits = {name: PLENTY for name in LIMITS if name not in NOT_RAISED}
    names = ("PATH", "HOME", "LANG", "READY_SECONDS", "TMPDIR")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return State(home, {**kept, **limits, "BLOBS_FREE_MEGABYTES": "1", "LOG_LEVEL": "INFO"})


class Installation:
    """All of Mirab, begun by ``start``; every fault is made on it."""

    def __init__(self, home: Path) -> None:
        self.state = state_beside(home)
        self.clock = FakeClock(home.with_name(f"{home.name}.clock"))

    def start(self) -> None:
        """Make it anew and return when it is ready. CannotStart, NotReady if it is not."""
        for folder, megabytes in SMALL_DISKS.items():
            mount_small(self.state.folder(folder), megabytes)
        supervise.write_config(self.state)
        if (postgres := self.state.postgres) and self.clock.movable:
            self.clock.dress(self.state.supervisor_config, postgres.binaries / "postgres")
        for store in (self.state.postgres, *self.state.brokers):
            if store:
                store.prepare()
        self.state.private_key("signing.pem")
        with self.clock.preloaded():
            supervise.run_supervisord(self.state, preload=True)
        start_all(self.state, going_on=True)

    def stop(self) -> None:
        """End all of it and take its small disks away; the logs stay."""
        if supervise.running(self.state):
            for name in self.running():
                self.signal(name, signal.SIGCONT)
            supervise.stop(self.state)
        supervise.end_orphans(self.state)
        for folder in SMALL_DISKS:
            subprocess.run(["umount", self.state.home / folder], check=False, capture_output=True)

    # --- processes ---

    def running(self) -> list[str]:
        """The names of all processes that run."""
        return [row["name"] for row in supervise.states(self.state) if row["pid"]]

    def pid(self, name: str) -> int:
        """The ID of a process; 0 while it does not run."""
        return int(supervise.server(self.state).getProcessInfo(name)["pid"])

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process and all that it has started."""
        process = psutil.Process(self.pid(name))
        for member in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.send_signal(number)

    def stop_part(self, name: str) -> None:
        """Have the supervisor end a process, and keep it down."""
        with contextlib.suppress(xmlrpc.client.Fault):
            supervise.server(self.state).stopProcess(name, True)

    def start_part(self, name: str) -> None:
        """Have the supervisor begin a process again."""
        with contextlib.suppress(xmlrpc.client.Fault):
            supervise.server(self.state).startProcess(name, False)

    # --- stores ---

    def sql(self, database: str, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Run one statement as the owner of the server, by itself; its rows."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, tuple(values) or None)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def connect(self, database: str, user: str = "postgres") -> "psycopg2.extensions.connection":
        """A connection of one's own, which commits each statement."""
        postgres = self.state.postgres
        assert postgres is not None
        connection = psycopg2.connect(postgres.url(database, user), connect_timeout=5)
        connection.autocommit = True
        return connection

    def ctl(self, *words: str) -> str:
        """Run rabbitmqctl on our own broker."""
        broker = self.state.rabbitmq
        assert broker is not None
        return broker.ctl(*words)

    def broker_api(self, method: str, path: str) -> list[Mapping[str, object]]:
        """A call of the broker's management API; the rows that it answers, if any."""
        reply = requests.request(method, f"{self.state.broker_api_url}/api/{path}", timeout=20)
        reply.raise_for_status()
        rows: list[Mapping[str, object]] = reply.json() if reply.content else []
        return rows

    def apply_rights(self) -> None:
        """What the runbook says for a broker that lost its data: users and rights anew."""
        step = chains(self.state)[SERVICES.index("agencies")][-1]
        run_side_by_side([[step]], time.monotonic())

    # --- how it is ---

    def missing(self) -> dict[str, str]:
        """What `/health/ready` says that fails, by name."""
        return readiness.awaited(readiness.health())


def mount_small(folder: Path, megabytes: int) -> None:
    """Make an empty folder a small disk of its own."""
    options = f"size={megabytes}m,mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True)


@contextlib.contextmanager
def only_one(home: Path) -> Iterator[None]:
    """SystemExit while another play uses this folder."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "chaos.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("Another `make chaos` of this checkout is running.") from None
        yield


def make_anew(home: Path) -> None:
    """Remove what an earlier play left; every play begins with an empty installation."""
    for path in home.iterdir() if home.exists() else ():
        if path.name == "chaos.lock":
            continue
        if os.path.ismount(path):
            subprocess.run(["umount", str(path)], check=True, capture_output=True)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def until(holds: Callable[[], bool], seconds: float, pause: float = 0.25) -> bool:
    """True as soon as it holds; False after so many seconds. What fails to be looked at does not
    hold.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, psycopg2.Error, xmlrpc.client.Error, socket.timeout):
            if holds():
                return True
        time.sleep(pause)
    return False
