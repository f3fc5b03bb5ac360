"""Health of a process: a small internal listener with `/metrics` and `/health`.

The same module serves asyncio faces, plain relays and eventlet services: the listener runs on a
thread of its own (a green one where eventlet has patched threads). Whoever holds a connection, a
loop or a folder registers a check under a name; a check runs only when somebody asks for `/health`,
so an idle process pays nothing. A frozen process does not answer, and that is an answer too.
"""

import json
import socketserver
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple, Protocol

from bus.process import log, metrics
from bus.settings import MissingSettings, Settings

CHECK_SECONDS = 2.0
KEPT_SECONDS = 1.0
READ_SECONDS = 5.0
_log = log.get("monitor")


class Status(StrEnum):
    """The words of application/health+json."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """What a check found: ``code`` for machines, ``sentence`` for the person on duty."""

    status: Status
    code: str = "well"
    sentence: str = "works"


Check = Callable[[], Finding]
WELL = Finding(Status.PASS)
STARTING = Finding(Status.FAIL, "starting", "The process is starting.")
_SEVERITY = (Status.PASS, Status.WARN, Status.FAIL)


def fail(code: str, sentence: str) -> Finding:
    """The process cannot do its work."""
    return Finding(Status.FAIL, code, sentence)


def warn(code: str, sentence: str) -> Finding:
    """The process works, and something that it will need does not."""
    return Finding(Status.WARN, code, sentence)


def worst(findings: list[Finding]) -> Finding:
    """The gravest finding; the first of equals. Nothing was checked while a process starts."""
    return max(findings, key=lambda f: _SEVERITY.index(f.status), default=STARTING)


class Loop(Protocol):
    """What a check needs of an asyncio loop."""

    def call_soon_threadsafe(self, callback: Callable[[], object]) -> object:
        """Runs the callback in the loop's next turn."""


def loop_turns(loop: Loop, seconds: float = CHECK_SECONDS - 0.5) -> Check:
    """The check that an asyncio loop takes turns; it costs nothing while nobody asks."""

    def check() -> Finding:
        turned = threading.Event()
        try:
            loop.call_soon_threadsafe(turned.set)
        except RuntimeError:
            return fail("loop.ended", "The process is ending.")
        if turned.wait(seconds):
            return WELL
        return fail("loop.stuck", f"The process has done nothing for {seconds:g} s.")

    return check


class Turns:
    """The check of a plain loop: it says after each turn how that ended, and turns often enough."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at, self._finding = time.monotonic(), STARTING

    def turned(self, finding: Finding = WELL) -> None:
        """Record how a turn ended."""
        self._at, self._finding = time.monotonic(), finding

    def check(self) -> Finding:
        """The result of the last turn, or a failure if it was too long ago."""
        spent = time.monotonic() - self._at
        if spent > self._seconds:
            return fail("loop.stuck", f"The process has done nothing for {spent:.0f} s.")
        return self._finding


class Running:
    """One run of a check on a thread of its own, so that one that hangs holds up no other."""

    def __init__(self, name: str, check: Check) -> None:
        self._check, self._started = check, time.monotonic()
        self._finding: Finding | None = None
        self._thread = threading.Thread(target=self._run, name=f"check:{name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._finding = self._check()
        except Exception:
            _log.exception("check_failed")
            self._finding = fail("check.failed", "The check itself failed; the log says why.")

    @property
    def over(self) -> bool:
        return self._finding is not None

    def finding(self, until: float) -> Finding:
        """What it found; that it hangs, if it has not ended at the moment ``until``."""
        self._thread.join(max(until - time.monotonic(), 0.0))
        if self._finding is not None:
            return self._finding
        spent = time.monotonic() - self._started
        return fail("check.hangs", f"No answer for {spent:.0f} s.")


class Monitor:
    """The checks of one process by name, and what they found a moment ago."""

    def __init__(self) -> None:
        self.part = ""
        self._checks: dict[str, Check] = {}
        self._running: dict[str, Running] = {}
        self._lock = threading.Lock()
        self._findings: dict[str, Finding] = {}
        self._looked = -KEPT_SECONDS

    def watch(self, name: str, check: Check) -> None:
        """Adds a check, or replaces the one of that name."""
        self._checks[name] = check

    def findings(self) -> dict[str, Finding]:
        """What each check finds now, or found within the last second; bounded, whatever hangs."""
        with self._lock:
            if time.monotonic() - self._looked >= KEPT_SECONDS:
                self._findings = self._look()
                self._looked = time.monotonic()
            return self._findings

    def _look(self) -> dict[str, Finding]:
        for name, check in list(self._checks.items()):
            if name not in self._running or self._running[name].over:
                self._running[name] = Running(name, check)
        until = time.monotonic() + CHECK_SECONDS
        return {name: running.finding(until) for name, running in self._running.items()}

    def health(self) -> dict[str, object]:
        """application/health+json of this process."""
        findings = self.findings()
        return {
            "part": self.part,
            "status": worst(list(findings.values())).status,
            "checks": {
                name: [{"status": f.status, "code": f.code, "output": f.sentence}]
                for name, f in findings.items()
            },
        }


MONITOR = Monitor()
watch = MONITOR.watch


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_SECONDS

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(200, *metrics.exposition(self.headers.get("Accept")))
        elif self.path == "/health":
            health = MONITOR.health()
            status = 503 if health["status"] == Status.FAIL else 200
            self._answer(status, "application/health+json", json.dumps(health).encode())
        else:
            self._answer(404, "text/plain", b"/metrics and /health are here.\n")

    def _answer(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log no health requests."""


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 16

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect before the response."""


def serve(part: str, settings: Settings) -> None:
    """Listens at METRICS_ADDRESS from now on; does nothing if it is not set.

    MissingSettings says so if the address cannot be used.
    """
    MONITOR.part = part
    metrics.name_part(part)
    address = settings.get("METRICS_ADDRESS")
    if not address:
        return
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise MissingSettings(f"METRICS_ADDRESS must be host:port, not {address!r}.")
    try:
        listener = _Listener((host, int(port)), _Handler)
    except OSError as error:
        raise MissingSettings(
            f"METRICS_ADDRESS={address} cannot be used ({error.strerror}); set another."
        ) from None
    # It is never shut down but by the end of the process: it need not look for that often.
    threading.Thread(target=listener.serve_forever, args=(3600.0,), daemon=True).start()
