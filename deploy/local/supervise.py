"""supervisord: one configuration from the table of parts, and the few things asked of it."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Collection
from pathlib import Path
from typing import Any

from bus.process.private import OTHERS
from deploy.local import antivirus
from deploy.local.parts import CLAMD_PORT, OUTSIDE
from deploy.local.postgres import ARCHIVE, Postgres
from deploy.local.state import CHECKOUT, State
from deploy.local.supervisord import PRELOAD

STOP_SECONDS, KILL_SECONDS = 25, 5
# What a forked part has from its parent: lines come at once, and its few threads share their heap.
FORKED = {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "1"}
ALREADY_STARTED = 60  # supervisor.xmlrpc.Faults
# Writes the databases' changes to the archive of backups, once there is one.
WAL = "wal"


# What is started when the stores are ready, and stopped before them.
def names(state: State) -> tuple[str, ...]:
    """The programs of all parts."""
    return ("clamd", *(part.name for part in (*OUTSIDE, *state.parts)))


def program(  # noqa: PLR0913 - a section has that many lines
    name: str,
    command: str,
    environ: dict[str, str],
    log: Path,
    *,
    folder: Path,
    priority: int,
    autostart: bool,
) -> str:
    """One [program:] section; a part that falls is started again, later and later."""
    environment = ",".join(f"{name}={_quoted(value)}" for name, value in environ.items())
    return f"""
[program:{name}]
command={command}
directory={folder}
environment={environment}
stdout_logfile={log}
redirect_stderr=true
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=3
autostart={str(autostart).lower()}
autorestart=true
startsecs=1
startretries=1000
stopwaitsecs={STOP_SECONDS}
stopasgroup={str("rabbitmq" in name).lower()}
killasgroup=true
priority={priority}
"""


def _quoted(value: str) -> str:
    """A variable's value as supervisord reads it: lines behind the first are indented, and it knows
    two kinds of quotation marks but no way to write one within its like.
    """
    mark = "'" if '"' in value else '"'
    return mark + value.replace("%", "%%").replace("\n", "\n ") + mark


HEAD = """[unix_http_server]
file={socket}
chmod=0700
[supervisord]
logfile={logs}/supervisord.log
pidfile={home}/supervisord.pid
childlogdir={logs}
nodaemon=false
silent=true
# What it writes and starts is its owner's alone; it would take 022 otherwise.
umask=077
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""


def write_config(state: State) -> None:
    """Writes supervisord's configuration for all stores and parts."""
    head = HEAD.format(socket=state.supervisor_socket, logs=state.logs, home=state.home)
    text = head + "".join([*store_programs(state), *part_programs(state)])
    state.supervisor_config.write_text(text, encoding="utf-8")
    state.supervisor_config.chmod(0o600)


def _archive_program(state: State, postgres: Postgres) -> str:
    return program(
        WAL,
        " ".join(postgres.archiving(state.home / ARCHIVE)),
        {},
        state.logs / f"{WAL}.log",
        folder=state.home,
        priority=10,
        autostart=False,
    )


def store_programs(state: State) -> list[str]:
    """The sections of the private stores; they start with supervisord."""
    programs = []
    if state.postgres:
        postgres = program(
            "postgres",
            " ".join(state.postgres.command()),
            {},
            state.logs / "postgres.log",
            folder=Path("/"),
            priority=1,
            autostart=True,
        )
        # INT is PostgreSQL's fast shutdown; TERM would wait for every client to go.
        programs.append(postgres + "stopsignal=INT\n")
        programs.append(_archive_program(state, state.postgres))
    programs += [
        program(
            broker.home.name,
            "/usr/lib/rabbitmq/bin/rabbitmq-server",
            broker.environ,
            state.logs / f"{broker.home.name}.log",
            folder=state.home,
            priority=1,
            autostart=True,
        )
        for broker in state.brokers
    ]
    clamd = " ".join(antivirus.command(antivirus.config(state.clamd_home, CLAMD_PORT)))
    programs.append(
        program(
            "clamd",
            clamd,
            {},
            state.logs / "clamd.log",
            folder=Path("/"),
            priority=10,
            autostart=False,
        )
    )
    return programs


def part_programs(state: State) -> list[str]:
    """The sections of Mirab's own parts; they are started when the stores are ready."""
    python = f"{sys.executable} -W ignore::DeprecationWarning -m "
    return [
        program(
            part.name,
            python + " ".join(part.module),
            {**state.environ_of(part), "PYTHONUNBUFFERED": "1"},
            state.logs / f"{part.name}.log",
            folder=CHECKOUT,
            priority=10,
            autostart=False,
        )
        for part in (*OUTSIDE, *state.parts)
    ]


class _Socket(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.host)


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: object) -> http.client.HTTPConnection:
        return _Socket(str(self._path))


def server(state: State) -> Any:  # XML-RPC has no types
    """supervisord's own calls."""
    return xmlrpc.client.ServerProxy("http://local", _Transport(state.supervisor_socket)).supervisor


def running(state: State) -> bool:
    """True if this checkout's supervisord lives."""
    try:
        return bool(server(state).getState()["statename"] == "RUNNING")
    except (OSError, xmlrpc.client.Error, http.client.HTTPException):
        return False


def start(state: State, *, preload: bool = False) -> None:
    """Starts supervisord, and with it the stores; with ``preload`` parts start from parents that
    have imported them already.
    """
    write_config(state)
    run_supervisord(state, preload=preload)


def run_supervisord(state: State, *, preload: bool) -> None:
    """Starts supervisord by the configuration that is there."""
    subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-m", "deploy.local.supervisord"),
            *((PRELOAD,) if preload else ()),
            *("-c", str(state.supervisor_config)),
        ],
        check=True,
        cwd=CHECKOUT,
        umask=OTHERS,
        env={**os.environ, **FORKED, "SUPERVISOR_SERVER_URL": server_url(state)},
    )


def server_url(state: State) -> str:
    """The mark in the environment of all that this checkout's supervisord has started."""
    return f"unix://{state.supervisor_socket}"


def start_parts(state: State) -> None:
    """Starts every part, without waiting for one before the next. Named brokers whose management
    APIs were not named are kept in line by whoever runs them.
    """
    for name in names(state):
        if name in ("agency-rights", "land-registry") and not state.keeps_brokers:
            continue
        try:
            server(state).startProcess(name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != ALREADY_STARTED:
                raise
    start_archive(state)


def start_archive(state: State) -> None:
    """Has each change of the databases written to the archive of backups, if one was begun."""
    if state.postgres and (state.home / ARCHIVE).is_dir():
        try:
            server(state).startProcess(WAL, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != ALREADY_STARTED:
                raise


def stop_parts(state: State) -> None:
    """Stops every part and waits until all have ended; the stores go on."""
    _stop_all(state, names(state))


def states(state: State) -> list[dict[str, str]]:
    """What supervisord knows of each process."""
    processes: list[dict[str, str]] = server(state).getAllProcessInfo()
    return processes


def stop(state: State) -> None:
    """Stops the parts, then the stores, then supervisord; returns when it has gone."""
    pid = int((state.home / "supervisord.pid").read_text(encoding="utf-8"))
    stop_parts(state)
    # The server sends what it has written before it ends; so its archive ends after it.
    _stop_all(state, [program["name"] for program in states(state) if program["name"] != WAL])
    _stop_all(state, [WAL])
    for program in states(state):
        # At its own end supervisord takes a second for each program, stopped or not.
        with contextlib.suppress(xmlrpc.client.Fault):
            server(state).removeProcessGroup(program["name"])
    server(state).shutdown()
    end = time.monotonic() + STOP_SECONDS
    while time.monotonic() < end and _lives(pid):
        time.sleep(0.1)
    for broker in state.brokers:
        broker.end_epmd()


def restart(state: State, names: Collection[str]) -> None:
    """Stops these programs and starts them; one that is frozen is killed after STOP_SECONDS."""
    _stop_all(state, names, STOP_SECONDS + KILL_SECONDS)
    for name in names:
        server(state).startProcess(name, False)


def _stop_all(state: State, names: Collection[str], seconds: int = STOP_SECONDS) -> None:
    """Stops these programs side by side; returns when they have stopped, or after ``seconds``."""
    for name in names:
        with contextlib.suppress(xmlrpc.client.Fault):
            server(state).stopProcess(name, False)
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(
        p["name"] in names and p["statename"] in ("RUNNING", "STOPPING", "STARTING")
        for p in states(state)
    ):
        time.sleep(0.1)


def end_orphans(state: State) -> None:
    """Ends what a supervisord that was killed has left behind: it would keep ports and data."""
    orphans = _orphans(state)
    for pid, name in orphans.items():
        # INT is PostgreSQL's fast shutdown; TERM would wait for every client to go.
        _signal(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while _orphans(state) and time.monotonic() < end:
        time.sleep(0.1)
    for pid in orphans:
        _signal(pid, signal.SIGKILL)


def _orphans(state: State) -> dict[int, str]:
    """The processes that this checkout's supervisord has started, with their names."""
    mark = f"SUPERVISOR_SERVER_URL={server_url(state)}".encode()
    orphans = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark in environ:
            variables = dict(line.split(b"=", 1) for line in environ if b"=" in line)
            orphans[int(folder.name)] = variables.get(b"SUPERVISOR_PROCESS_NAME", b"").decode()
    return orphans


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
