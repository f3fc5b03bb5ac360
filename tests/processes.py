"""Mirab's own processes: services, relays, faces and commands."""

import contextlib
import functools
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import pytest

from bus.foreign import confined
from tests import readers, workers

ROOT = Path(__file__).parent.parent
REPORT_SECONDS = 120


# How a parent begins. That of readers is as lean as the children of production.
PROGRAM = ("-m", "tests.preloaded")
LEAN = "import sys; sys.path[:] = {!r}; from tests.preloaded import main; main(*sys.argv[1:])"


class PreloadedParent:
    """The process that forks all others (tests/preloaded.py); all workers ask it at ``address``."""

    def __init__(self, kind, readers_at=""):
        self._folder = tempfile.TemporaryDirectory(prefix="mirab-")
        self.address = f"{self._folder.name}/door"
        begin, environ = PROGRAM, {**os.environ, "PYTHONUNBUFFERED": "1"}
        if kind == "readers":
            paths = [str(Path(entry or ".").resolve()) for entry in (ROOT, *sys.path)]
            begin, environ = (*readers.OPTIONS, "-c", LEAN.format(paths)), readers.ENVIRON
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            door.bind(self.address)
            door.listen(64)
            self._process = subprocess.Popen(
                [sys.executable, *begin, str(door.fileno()), kind, readers_at],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                pass_fds=(door.fileno(),),
                env=environ,
            )

    def stop(self):
        """Ends it, and with it all that it forked."""
        self._process.stdin.close()
        self._process.wait(20)
        self._folder.cleanup()


def own_umask():
    """What a child of this process would inherit."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("Umask:")[1].split()[0], 8)


class Forker:
    """Who asks a preloaded parent for processes."""

    def __init__(self, address):
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.connect(address)

    def fork(self, lines, environ, files, folder=ROOT):
        """A new process in a folder; ``files`` are its standard input, output and error."""
        report, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {
            "lines": lines,
            "environ": environ,
            "umask": own_umask(),
            "folder": str(folder),
        }
        with far:
            descriptors = [file.fileno() for file in (*files, far)]
            socket.send_fds(self._channel, [json.dumps(request).encode()], descriptors)
        return ForkedProcess(report)

    def close(self):
        self._channel.close()


class ForkedProcess:
    """What `subprocess.Popen` is for a process that this one started itself."""

    def __init__(self, report):
        report.settimeout(REPORT_SECONDS)  # a parent that hangs fails the test, and holds it not
        self._report, self.returncode = report, None

    @functools.cached_property
    def pid(self):
        return int(self._report.recv(100))

    def poll(self):
        return self._ended(0)

    def wait(self, timeout=None):
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self.returncode

    def _ended(self, timeout):
        assert self.pid
        if self.returncode is None and select.select([self._report], [], [], timeout)[0]:
            # Without a report the parent is gone, which takes all of its processes with it.
            self.returncode = int(self._report.recv(100) or -signal.SIGKILL)
            self._report.close()
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


# One is for services, which eventlet patches; those of the first process are all workers' too.
KINDS = ("readers", "plain", "green")
_parents: dict[str, PreloadedParent] = {}
_forkers: dict[str, Forker] = {}


def need_parent(kind):
    """The address of the parent of a kind, which starts when it is needed first."""
    if kind not in _parents:
        more = () if kind == "readers" else (need_parent("readers"),)
        _parents[kind] = PreloadedParent(kind, *more)
    return _parents[kind].address


readers.install(lambda: need_parent("readers"))


@pytest.fixture
def new_readers(monkeypatch):
    """Children that read foreign bytes start from nothing, as in production."""
    for name, function in readers.OF_PRODUCTION.items():
        monkeypatch.setattr(confined, name, function)


def forker_of(*words):
    """Who forks `python -m …`."""
    name = "green" if words[:2] == ("bus", "serve") else "plain"
    if name not in _forkers:
        _forkers[name] = Forker(need_parent(name))
    return _forkers[name]


def pytest_collection(session):
    """While tests are collected, the parents that all workers share import what they need."""
    if workers.wanted(session.config):
        for kind in KINDS:
            need_parent(kind)


def pytest_sessionfinish():
    while _forkers:
        _forkers.popitem()[1].close()
    while _parents:
        _parents.popitem()[1].stop()


class Process:
    """A program that runs, with its log in a file."""

    def __init__(self, command, environ, log):
        """Any command; Mirab's own programs come from `Process.of_module`."""
        with log.open("ab") as file:
            self.popen = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdout=file, stderr=subprocess.STDOUT
            )
        self.log_path = log

    @classmethod
    def of_module(cls, words, environ, log):
        """`python -m …`, forked from a parent that has imported it already."""
        process = cls.__new__(cls)
        with log.open("ab") as file, open(os.devnull, "rb") as nothing:
            process.popen = forker_of(*words).fork([words], environ, (nothing, file, file))
        process.log_path = log
        return process

    @property
    def log(self):
        return self.log_path.read_text(encoding="utf-8")

    @property
    def alive(self):
        return self.popen.poll() is None

    def stop(self, seconds=30):
        """SIGTERM, and the exit code; every part ends within 22 seconds (bus/process/ending.py)."""
        self.popen.terminate()
        return self.popen.wait(seconds)

    def kill(self):
        self.popen.kill()
        self.popen.wait(10)


# The setting by which a face knows its own address.
ADDRESSES = {"gateway.agency": "AGENCY_BASE_URL", "gateway.notify": "NOTIFY_API_URL"}


def own_address_of(arguments, environ):
    """What tells a face, which does not start without it, that its callers come by its port."""
    name = ADDRESSES.get(arguments[0])
    return {name: f"http://127.0.0.1:{environ['PORT']}"} if name and "PORT" in environ else {}


class Starter:
    """Starts `python -m …` with an environment, and ends all that still run."""

    def __init__(self, folder):
        self._folder, self._started = folder, []

    def __call__(self, *arguments, **environ):
        name = f"{len(self._started)}-{'-'.join(arguments[:3])}.log".replace("/", "_")
        more = {"LOG_LEVEL": "INFO", **own_address_of(arguments, environ)}
        environ = {**os.environ, **more, **environ}
        process = Process.of_module(arguments, environ, self._folder / name)
        self._started.append(process)
        return process

    def end(self):
        for process in self._started:
            if process.alive:
                process.kill()


@pytest.fixture
def start(tmp_path):
    starter = Starter(tmp_path)
    yield starter
    starter.end()


def run_modules(*lines, typed="", folder=ROOT, **environ):
    """Runs `python -m …` for each line, one after another in one process; how that ended.

    ``typed`` is what they read from standard input, ``folder`` where they run.
    """
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)]
        files[0].write(typed)
        files[0].seek(0)
        forked = forker_of(*lines[0]).fork(lines, {**os.environ, **environ}, files, folder)
        code = forked.wait(120)
        for file in files:
            file.seek(0)
        return subprocess.CompletedProcess(lines, code, files[1].read(), files[2].read())


def run_module(*words, typed="", folder=ROOT, **environ):
    """How `python -m …` ended, and what it printed."""
    return run_modules(words, typed=typed, folder=folder, **environ)


def run_programs(environ, *lines, typed=""):
    """Runs `python -m …` for each line in one process; the first that fails fails the test."""
    done = run_modules(*lines, typed=typed, **environ)
    assert done.returncode == 0, done.stderr


def run_main(main, *words, **environ):
    """Runs a program's ``main`` in this process; its exit code and output, as subprocess has it.

    For programs that many tests call; tests/deploy/test_programs.py shows that they start.
    """
    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environ),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        try:
            code = main(list(map(str, words)))
        except SystemExit as end:  # argparse
            code = end.code
    return subprocess.CompletedProcess(words, code, output.getvalue(), errors.getvalue())
