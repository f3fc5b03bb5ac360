"""A private PostgreSQL and a private RabbitMQ, on ports and folders of their own."""

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

from deploy.local.ports import free_port, listening
from deploy.local.postgres import Postgres, postgres_binaries, start_postgres
from deploy.local.programs import (
    STARTING_SECONDS,
    CannotStart,
    as_unprivileged,
    hand_over,
    last_line,
    plain_environment,
    wait_until,
)

__all__ = [
    "CannotStart",
    "Postgres",
    "RabbitMQ",
    "as_unprivileged",
    "hand_over",
    "listening",
    "postgres_binaries",
    "start_postgres",
    "start_rabbitmq",
    "wait_until",
]

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
RABBITMQ_SERVER = PROGRAMS / "rabbitmq-server"
# The root of another system's files whose RabbitMQ is to be run (deploy/local/rabbitmq4.sh).
OTHER_ROOT = os.environ.get("RABBITMQ_ROOT")
# In mounts of its own, which end with it: that system sees our processes, and the node's folder.
INSIDE = """set -e
root=$1 home=$2; shift 2
mkdir -p "$root$home"
mount --rbind /proc "$root/proc"; mount --rbind /dev "$root/dev"; mount --bind "$home" "$root$home"
exec chroot "$root" "$@"
"""
BROKER = Path(__file__).parent.parent / "broker"
LOADING = "start_node.erl"  # half of a start's processor time less; docs/decisions/0102
ADMINISTRATOR = "mirab"
EPMD_SECONDS = 5


def rabbitmq_command(home: Path, program: str, *arguments: str) -> list[str]:
    """What runs a program of RabbitMQ for the node in ``home``: this system's, or another's."""
    command = [str(PROGRAMS / program), *arguments]
    if OTHER_ROOT is None:
        return command
    return ["unshare", "--mount", "sh", "-c", INSIDE, "sh", OTHER_ROOT, str(home), *command]


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
            **plain_environment(),
            "HOME": home,
            "ERL_CRASH_DUMP": f"{home}/erl_crash.dump",
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
        shutil.copy(BROKER / LOADING, self.home)
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
                rabbitmq_command(self.home, "rabbitmq-server"),
                stdout=log,
                stderr=log,
                env={**self.environ, "RABBITMQ_BOOT_MODULE": self._boot()},
                start_new_session=True,
            )
        self.wait()
        return self

    def _boot(self) -> str:
        """What its start script has Erlang run before `boot`: Erlang's own variables would reach
        what the node starts, too. The script splits it at spaces.
        """
        first = f"file eval {self.home / LOADING} -s " if " " not in str(self.home) else ""
        return f"{first}rabbit"

    def wait(self, seconds: float = STARTING_SECONDS) -> None:
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

        if not wait_until(answers, self._process, seconds):
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
            rabbitmq_command(self.home, "rabbitmqctl", "-q", *arguments),
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotStart(
                f"rabbitmqctl {arguments[0]}: {last_line(done.stderr or done.stdout)}"
            )
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


def start_rabbitmq(
    home: Path, port: int = 0, api_port: int = 0, *, for_agencies: bool = False, more: str = ""
) -> RabbitMQ:
    """A running RabbitMQ for tests; ``more`` are further lines of its configuration."""
    ports = (port or free_port(), free_port(), free_port(), api_port)
    server = RabbitMQ(home, *ports, for_agencies=for_agencies)
    server.more = more
    try:
        return server.start()
    except CannotStart:  # it may still come, when nobody waits for it
        server.kill()
        server.end_epmd()
        raise
