"""`python -m deploy.compose_test`: build, start, walk, restart, take down; 0 if all went well.

`--keep` leaves it running (then `--down` ends it), `--rebuild` builds our image anew, `--image`
only builds it twice and compares the layers.
"""

import argparse
import json
import secrets
import sys
import time

from bus.process.private import own_files_only
from deploy.compose_test import frame, images
from deploy.compose_test.engine import NAMESPACE, Engine, Failed, usable_driver
from deploy.compose_test.frame import COLLEAGUES, TWO_PEOPLE, Teller
from deploy.compose_test.place import AGENCY, Place
from deploy.compose_test.reading import Compose, image_of
from deploy.compose_test.running import Running
from deploy.local.state import CHECKOUT

HOME = CHECKOUT / ".local/compose-test"
NEEDED = ("podman", "runc", "debootstrap", "ip", "openssl")
FIRST_WALK = ("readiness", "edge", "question", "ticket", "letter", "desk", "notify")
SECOND_WALK = ("readiness", "edge", "question", "ticket", "desk", "notify")
# A time of building that says nothing; only that it is the same counts.
EPOCH = "1700000000"


class Test:
    """One run of the compose test."""

    def __init__(self) -> None:
        self.say = Teller()
        self.engine = Engine(HOME, usable_driver(HOME))
        self.place = Place(HOME)
        self._password = secrets.token_urlsafe(24)
        self._key = ""

    def compose(self) -> Compose:
        """The file as it stands in the installation."""
        file = self.place.folder / "docker-compose.yml"
        return Compose(file, self.place.folder, self.place.variables())

    def build(self, rebuild: bool) -> None:
        images.build_bases(self.engine, self.say)
        parts = {service.part for service in self.compose().services() if service.part}
        missing = {
            part: image_of(part)
            for part in sorted(parts)
            if rebuild or not self.engine.has_image(image_of(part))
        }
        if missing:
            self.say(f"our image for {', '.join(missing)}, packages by their hashes from PyPI")
            images.build_ours(self.engine, missing)

    def fill(self, running: Running) -> None:
        """What docs/operate.md has done once after the first start."""
        run = running.run_once
        for name, (role, unit) in COLLEAGUES.items():
            put = ("python", "-m", "services.ticketing.accounts.staff", "put", name)
            words = ("--name", name, "--role", role, "--unit", unit)
            run("ticketing", *put, *words, text=self._password + "\n")
        notices = (f"--volume={self.place.folder}/notices:/notices:ro",)
        register = (f"--volume={self.place.folder}/register:/register:ro",)
        for service, module in (
            ("billing", "billing.officers"),
            ("agencies", "agencies.officers"),
            ("notify", "notify.editors"),
        ):
            begins = "editor" if service == "notify" else "clerk"
            for name, role in (("karim", begins), ("nader", "approver")):
                command = ("python", "-m", f"services.{module}", "put", name, "--role", role)
                run(service, *command, more=notices if service == "notify" else ())
        python = ("python", "-m")
        operator = ("services.ticketing.accounts.operators", "put", "nader", "--role", "operator")
        run("ticketing", *python, *operator, more=("--env=MIRAB_BY=compose-test",))
        templates = ("services.notify.templates", "/notices/templates.toml", *TWO_PEOPLE)
        run("notify", *python, *templates, more=notices)
        importing = ("services.agencies.importing", "/register", *TWO_PEOPLE)
        run("agencies", *python, *importing, more=register)
        self.say("accounts, templates and the register of agencies are in")
        run("inquiry", *python, "services.inquiry.load", "/imports/registry")
        mount = f"--volume={CHECKOUT}/deploy/local/demo_templates.toml:/demo.toml:ro"
        own = ("services.notify.templates", "/demo.toml", "--owner", AGENCY, *TWO_PEOPLE)
        run("notify", *python, *own, more=(mount,))
        make = ("services.notify.govuk", "make", AGENCY, "--name", "test", "--kind", "live")
        self._key = run("notify", *python, *make).splitlines()[-1]
        self.say("a registry export and an agency's key of the Notify API are in")

    def walk(self, steps: tuple[str, ...]) -> None:
        """Walk the journeys in the namespace, as somebody outside of all containers."""
        words = (self._password, self._key, *steps)
        frame.walk(self.say, NAMESPACE, self.place, self.engine.home / "mailbox", words)

    def disturb(self, running: Running) -> None:
        """Restart a service, kill another and the broker; restart policies bring them back."""
        running.restart("inquiry")
        self.say("restarted inquiry")
        for name in ("ticketing-relay", "rabbitmq"):
            running.kill(name)
            self.say(f"killed {name}")
        end = time.monotonic() + 60
        while not running.is_up("ticketing-relay") and time.monotonic() < end:
            time.sleep(1)
        running.wait_healthy("rabbitmq")

    def require_unchanged(self, marked: str) -> None:
        if self.place.digest() != marked:
            raise Failed("a container has written into the folder of secrets")

    def take_down(self, running: Running) -> None:
        """End all; Failed if anything is left or a secret has changed."""
        remains = running.take_down()
        if remains:
            raise Failed(f"left behind: {', '.join(remains)}")
        self.say("all containers, volumes and networks are gone")


def run(arguments: argparse.Namespace) -> None:
    """All of it. Failed with what went wrong."""
    test = Test()
    if arguments.image:
        compare_layers(test)
        return
    if arguments.down:
        test.take_down(Running(test.engine, test.compose(), test.say))
        return
    test.place.prepare()
    test.build(arguments.rebuild)
    running = Running(test.engine, test.compose(), test.say)
    running.take_down()
    marked = test.place.digest()
    try:
        running.start()
        test.fill(running)
        test.walk(FIRST_WALK)
        test.disturb(running)
        test.walk(SECOND_WALK)
        test.require_unchanged(marked)
    except Failed:
        for name in running.fallen():
            print(f"--- {name} does not run:\n{running.log(name)}", file=sys.stderr)
        raise
    finally:
        if not arguments.keep:
            test.take_down(running)


def compare_layers(test: Test) -> None:
    """Build our image twice from the same sources; Failed if one layer differs."""
    images.build_bases(test.engine, test.say)
    layers = []
    for turn in ("once", "again"):
        tag = f"localhost/mirab-twice:{turn}"
        images.build_ours(test.engine, {"services": tag}, f"--timestamp={EPOCH}", "--no-cache")
        read = test.engine.run("inspect", "--format={{json .RootFS.Layers}}", tag).stdout
        layers.append(json.loads(read))
        test.say(f"built {turn}: {layers[-1][-1]}")
    if layers[0] != layers[1]:
        raise Failed("the same sources gave two images; see deploy/Dockerfile")
    test.say("the same layers twice")


def main(argv: list[str] | None = None) -> int:
    """0: it runs as the documents say; 1: it does not, and stderr says where."""
    parser = argparse.ArgumentParser(prog="python -m deploy.compose_test", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it running at the end")
    parser.add_argument("--down", action="store_true", help="end one that was left running")
    parser.add_argument("--rebuild", action="store_true", help="build our image anew")
    parser.add_argument("--image", action="store_true", help="build it twice and compare")
    return frame.command("Compose test", parser, argv, NEEDED, run)


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
