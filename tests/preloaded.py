"""A parent of Mirab's processes that has imported Mirab already: what it forks starts at once.

A process of Mirab imports for one to two seconds before its first line runs, and the suite starts
hundreds of them. A forked one is as real: it has an environment, files, signals, memory and an exit
code of its own, and ``runpy`` runs its module as ``python -m`` does. That programs also start from
nothing is shown by tests/deploy/test_programs.py.

`python -m tests.preloaded DOOR KIND [READERS]` takes connections at the listening socket of that
number until its standard input ends. Each message of a connection is a request: JSON with four
files, standard input, output and error, and a socket on which it reports the process ID and, later,
the exit code. The kind ``green`` is for `bus serve`, which imports everything after eventlet has
patched the standard library, ``plain`` for all other programs, and ``readers`` for children that
read foreign bytes (tests/readers.py); READERS is where the others find that parent.
"""

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from typing import TypedDict

from deploy.local import preloaded
from tests import readers

# Taken before eventlet patches them: this process waits like any other.
_select, _waitpid, _fork, _read = select.select, os.waitpid, os.fork, os.read

PLAIN = (
    "alembic.command",
    "bus.amqp.relay",
    "bus.database.migrate",
    "connector.caller",
    "deploy.broker.steps",
    "requests",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    *(f"gateway.{face}.api" for face in preloaded.FACES),
    *(f"services.{name}.service" for name in preloaded.SERVICES),
)
TEMPLATES_OF_PAPERS = "documents/"  # have filters of their own
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
MAX_REQUEST = 1 << 18


class Request(TypedDict):
    """Programs to run one after another in one process, each a module and its arguments; of readers
    their job alone.
    """

    job: str
    lines: list[list[str]]
    environ: dict[str, str]
    umask: int
    folder: str


class Parent:
    """Forks on request, and reports how each process ended."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._channels: list[socket.socket] = []
        self._reports: dict[int, socket.socket] = {}  # by process ID
        self._woken, wakes = os.pipe()
        for end in (self._woken, wakes):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wakes)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> Request | None:
        """A request, in the process forked for it; None in this one when standard input ends."""
        while True:
            ready, _, _ = _select([0, self._woken, self._door, *self._channels], [], [])
            if self._woken in ready:
                self._report_ends()
            for channel in [channel for channel in self._channels if channel in ready]:
                raw, files, _, _ = socket.recv_fds(channel, MAX_REQUEST, 4)
                if not raw:
                    self._channels.remove(channel)
                    channel.close()
                elif self._fork(files):
                    return json.loads(raw)
            if self._door in ready:
                self._channels.append(self._door.accept()[0])
            if 0 in ready and not _read(0, 1024):
                return None

    def _report_ends(self) -> None:
        with contextlib.suppress(BlockingIOError):
            _read(self._woken, 1024)
        with contextlib.suppress(ChildProcessError):
            while (ended := _waitpid(-1, os.WNOHANG))[0]:
                report = self._reports.pop(ended[0])
                with contextlib.suppress(OSError):  # nobody waits for it any more
                    report.send(b"%d" % os.waitstatus_to_exitcode(ended[1]))
                report.close()

    def _fork(self, files: list[int]) -> bool:
        """Whether this is the new process."""
        report = socket.socket(fileno=files.pop())
        process = _fork()
        if process:
            for file in files:
                os.close(file)
            self._reports[process] = report
            report.send(b"%d" % process)
            return False
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, file in enumerate(files):
            os.dup2(file, number)
        for inherited in (self._door, report, *self._channels, *self._reports.values()):
            inherited.detach()
        os.closerange(3, 1024)
        return True


def run(request: Request) -> None:
    """Runs the programs of a request, as `python -m` would; stops at the first that fails."""
    os.umask(request["umask"])
    preloaded.begin(request["environ"], request["folder"])
    for line in request["lines"]:
        try:
            preloaded.run_module(line)
        except SystemExit as end:
            if end.code:
                raise


def read_templates() -> None:
    """Compiles the pages of all faces once, and not once in each face that is forked."""
    from gateway.html.rendering import templates

    for name in templates.list_templates(["html"]):
        if not name.startswith(TEMPLATES_OF_PAPERS):
            templates.get_template(name)
    gc.freeze()


def load(kind: str, readers_at: str) -> None:
    """Imports what processes of a kind need."""
    if kind == "readers":
        readers.load()
        return
    preloaded.load(preloaded.GREEN if kind == "green" else PLAIN, green=kind == "green")
    readers.install(lambda: readers_at)
    if kind == "plain":
        read_templates()


def main(door: str, kind: str, readers_at: str = "") -> None:
    parent = Parent(socket.socket(fileno=int(door)))
    load(kind, readers_at)
    if request := parent.serve():
        if kind == "readers":
            readers.read(request["job"])
        preloaded.end_with(lambda: run(request))


if __name__ == "__main__":
    main(*sys.argv[1:])
