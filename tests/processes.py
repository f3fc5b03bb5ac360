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

ROOT = Path(__file__).parent.parent
REPORT_SECONDS = 120


class PreloadedParent:
    """The process that forks all others (tests/preloaded.py); all workers ask it at ``address``."""

    def __init__(self, *options):
        self._folder = tempfile.TemporaryDirectory(prefix="mirab-")
        self.address = f"{self._folder.name}/door"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            door.bind(self.address)
            door.listen(16)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.preloaded", str(door.fileno()), *options],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                pass_fds=(door.fileno(),),
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
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


_parents: dict[str, PreloadedParent] = {}  # of this process
_addresses: dict[str, str] = {}
_forkers: dict[str, Forker] = {}


def start_parents():
    """Their addresses; one parent is for services, which are patched by eventlet."""
    _parents.update(plain=PreloadedParent(), green=PreloadedParent("--green"))
    return {name: parent.address for name, parent in _parents.items()}


def forker_of(*words):
    """Who forks `python -m …`."""
    name = "green" if words[:2] == ("bus", "serve") else "plain"
    if not _addresses:
        _addresses.update(start_parents())
    if name not in _forkers:
        _forkers[name] = Forker(_addresses[name])
    return _forkers[name]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """In the process that deals out the tests, before each worker starts: all share its parents."""
    if not _addresses:
        _addresses.update(start_parents())
    node.workerinput["parents"] = _addresses


def pytest_configure(config):
    _addresses.update(getattr(config, "workerinput", {}).get("parents", {}))


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

    def stop(self, seconds=20):
        """SIGTERM, and the exit code."""
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
