"""The services of the file, started in their order, in a network namespace that ends with them."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from deploy.compose_test.engine import (
    NAMESPACE,
    Engine,
    Failed,
    end_namespace,
    forget_the_gone,
    quiet,
)
from deploy.compose_test.place import BROKER_HOST, HOSTS, OUTSIDE_HOST
from deploy.compose_test.reading import Compose, Service, image_of
from deploy.local.state import CHECKOUT

HEALTH_SECONDS, END_SECONDS = 240.0, 300.0
NAMES = Path("/etc/netns") / NAMESPACE
Say = Callable[[str], None]


class Running:
    """What runs of a compose file."""

    def __init__(self, engine: Engine, compose: Compose, say: Say) -> None:
        self._engine, self._compose, self._say = engine, compose, say
        self.services = {service.name: service for service in compose.services()}

    def start(self) -> None:
        """Start all, each when what it depends on is well or has ended well."""
        self._lay_network()
        for name, words in self._compose.networks():
            self._engine.run("network", "create", *words, name, inside=True)
        self._start_outside()
        for service in self.services.values():
            for needed, condition in service.needs.items():
                self._wait(self.services[needed], condition)
            self._start(service)
        for service in self.services.values():
            if service.ends:
                self._wait(service, "service_completed_successfully")

    def _start(self, service: Service) -> None:
        words = (*service.options, service.image, *service.command)
        self._engine.run("run", "--detach", f"--name={service.name}", *words, inside=True)
        self._say(f"started {service.name}")

    def _lay_network(self) -> None:
        """A namespace with a loopback alone; the names of the doors lead to it."""
        NAMES.mkdir(parents=True, exist_ok=True)
        names = " ".join(["localhost", *HOSTS.values(), BROKER_HOST])
        (NAMES / "hosts").write_text(f"127.0.0.1 {names}\n", encoding="utf-8")
        for command in (
            ["ip", "netns", "add", NAMESPACE],
            ["ip", "-n", NAMESPACE, "link", "set", "lo", "up"],
        ):
            if not quiet(command):
                raise Failed(f"{' '.join(command)} failed: is another compose test running?")
        forget_the_gone()

    def _start_outside(self) -> None:
        """Mail server and providers of SMS of the demo, where services reach the outside."""
        script = "python -m deploy.local.mailbox & exec python -m deploy.local.sms"
        mailbox = self._engine.home / "mailbox"
        shutil.rmtree(mailbox, ignore_errors=True)
        mailbox.mkdir()
        self._engine.run(
            *("run", "--detach", "--name=outside", f"--volume={CHECKOUT}/deploy:/mirab/deploy:ro"),
            *(f"--volume={mailbox}:/mailbox", "--user=0:0"),
            f"--network={self._compose.name}_outgoing:alias={OUTSIDE_HOST}",
            *("--env=HOST=0.0.0.0", "--env=SMS_PORT=8028", "--entrypoint=sh"),
            *("--env=MAILBOX_DIR=/mailbox", "--env=MAILBOX_PORT=8026"),
            *(image_of("services"), "-c", script),
            inside=True,
        )

    def _wait(self, service: Service, condition: str) -> None:
        if condition == "service_healthy":
            self.wait_healthy(service.name)
            return
        code = self._engine.run("wait", service.name, seconds=END_SECONDS).stdout.strip()
        if code != "0":
            raise Failed(f"{service.name} ended with {code}:\n{self.log(service.name)}")

    def wait_healthy(self, name: str) -> None:
        """Wait until a service's own check of health passes."""
        kind, *words = self.services[name].health
        command = ["sh", "-c", words[0]] if kind == "CMD-SHELL" else words
        end = time.monotonic() + HEALTH_SECONDS
        while self._engine.run("exec", name, *command, check=False, inside=True).returncode:
            if time.monotonic() > end or not self.is_up(name):
                raise Failed(f"{name} does not become healthy:\n{self.log(name)}")
            time.sleep(2)

    def is_up(self, name: str) -> bool:
        state = self._engine.run("inspect", "--format={{.State.Status}}", name, check=False)
        return state.stdout.strip() == "running"

    def fallen(self) -> list[str]:
        """Services that were started, should go on, and do not run."""
        form = "--format={{.Names}} {{.State}}"
        lines = self._engine.run("ps", "--all", form, check=False).stdout.splitlines()
        states = dict(line.split(" ", 1) for line in lines)
        return [
            name
            for name, state in states.items()
            if name in self.services
            and not self.services[name].ends
            and not state.startswith(("running", "Up"))
        ]

    def log(self, name: str, lines: int = 25) -> str:
        """The last lines that a container wrote."""
        done = self._engine.run("logs", f"--tail={lines}", name, check=False)
        return done.stdout + done.stderr

    def run_once(self, name: str, *words: str, more: tuple[str, ...] = (), text: str = "") -> str:
        """What `docker compose run --rm NAME WORDS` prints."""
        service = self.services[name]
        options = [option for option in service.options if not option.startswith("--restart")]
        # One address belongs to one container alone.
        options = [option.split(",ip=")[0] for option in options if "--publish" not in option]
        command = (*options, *more, service.image, *words)
        done = self._engine.run("run", "--rm", "--interactive", *command, inside=True, text=text)
        return done.stdout.strip()

    def restart(self, name: str) -> None:
        self._engine.run("restart", name, inside=True)

    def kill(self, name: str) -> None:
        """Kill a service's first process, as the kernel does when memory ends."""
        pid = self._engine.run("inspect", "--format={{.State.Pid}}", name).stdout.strip()
        quiet(["kill", "-9", pid])

    def stop(self, name: str) -> None:
        self._engine.run("stop", name, inside=True)

    def take_down(self) -> list[str]:
        """End and remove all; what is left of it all the same, which should be nothing."""
        self._engine.run("rm", "--all", "--force", "--time=20", inside=True, check=False)
        self._engine.run("network", "prune", "--force", inside=True, check=False)
        self._engine.run("volume", "prune", "--force", inside=True, check=False)
        remains = self._engine.run("ps", "--all", "--quiet", check=False).stdout.split()
        remains += self._engine.run("volume", "ls", "--quiet", check=False).stdout.split()
        end_namespace()
        shutil.rmtree(NAMES, ignore_errors=True)
        return remains
