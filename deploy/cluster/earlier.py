"""Processes of the release before, from its own commit, beside those of this checkout."""

import os
import subprocess
import sys
from types import TracebackType

from deploy.cluster.installation import CHECKOUT, Installation
from deploy.cluster.machines import checked
from deploy.local.parts import PARTS
from deploy.local.programs import CannotStart

# The commit that dated it, for a clone without tags.
TAG, COMMIT = "v0.1.0", "487f6d699a07323b278f37c62e93b2787b365a16"
# What takes part in the load; faces of two releases behind one address are told apart by nobody.
KINDS = ("inquiry", "ticketing", "inquiry-relay", "ticketing-relay", "ticketing-mail")
MAIL_PORT = "8225"
STOP_SECONDS = 30


def commit() -> str | None:
    """By which name this clone has the release; None if it has not."""
    for name in (TAG, COMMIT):
        look = [
            "git",
            "-C",
            str(CHECKOUT),
            "rev-parse",
            "--verify",
            "--quiet",
            f"{name}^{{commit}}",
        ]
        if not subprocess.run(look, capture_output=True, check=False).returncode:
            return name
    return None


class Earlier:
    """The files of the release, and processes in them, for as long as the context lasts."""

    def __init__(self, cluster: Installation) -> None:
        self._cluster, self._folder = cluster, cluster.home / TAG
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Earlier":
        archive = self._folder.with_suffix(".tar")
        if (name := commit()) is None:
            raise CannotStart(f"This clone has no {TAG}; fetch its tags.")
        checked(["git", "-C", str(CHECKOUT), "archive", f"--output={archive}", name])
        self._folder.mkdir()
        checked(["tar", "--extract", f"--file={archive}", f"--directory={self._folder}"])
        for part in PARTS:
            if part.kind in KINDS:
                self._begin(part.name, part.module)
        return self

    def _begin(self, name: str, module: tuple[str, ...]) -> None:
        state = self._cluster.state
        part = next(part for part in state.parts if part.name == name)
        server = self._cluster.database.need_primary()
        node = next(node for node in self._cluster.broker.nodes if node.answers())
        environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **state.environ_of(part),
            # That release knows one host of each store.
            "DB_URL": f"postgresql://postgres@{server.machine.address}/{part.context}",
            "MAIL_PORT": MAIL_PORT,
            "METRICS_ADDRESS": "",
        }
        if "AMQP_URL" in environ:
            account = environ["AMQP_URL"].rpartition("@")[0]
            environ["AMQP_URL"] = f"{account}@{node.machine.address}/%2F"
        with (state.logs / f"{TAG}-{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", *module],
                cwd=self._folder,
                env=environ,
                stdout=log,
                stderr=log,
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ended = [name for name, process in self._processes.items() if process.poll() is not None]
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        if ended and error is None:
            raise CannotStart(f"of {TAG} these ended by themselves: {', '.join(ended)}.")
