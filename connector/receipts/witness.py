"""A small witness (c2sp.org/tlog-witness): co-signs heads of a log that only ever grew.

It keeps the last head of each log that it co-signed, and with that it refuses, for good, any head
that does not continue it; two heads that contradict each other are kept as proof.
"""

import fcntl
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR, socket

from bus.evidence.errors import EvidenceError
from bus.evidence.merkle import EMPTY_ROOT, check_consistency
from bus.evidence.notes import (
    COSIGNATURE,
    ED25519,
    LONGEST_NOTE,
    Checkpoint,
    Note,
    TrustedKeys,
    Verifier,
    cosign,
)
from bus.evidence.submissions import Submission
from bus.process.private import replace_file
from bus.signatures.keys import SigningKey

LONGEST_BODY = LONGEST_NOTE + 64 * 64  # a note, and a proof before it
SIZE_TYPE, TEXT = "text/x.tlog.size", "text/plain; charset=utf-8"
OK, BAD, FORBIDDEN, NOT_FOUND, CONFLICT, NOT_GROWN = 200, 400, 403, 404, 409, 422
TOO_LARGE = 413
AT_ONCE, SECONDS = 32, 10.0
MOST_CONFLICTS = 100


@dataclass(frozen=True, slots=True)
class Reply:
    """What a witness answers over HTTP."""

    status: int
    text: str
    kind: str = TEXT


class Witness:
    """Co-signs, under one name and key, heads of the logs whose keys it trusts."""

    def __init__(self, name: str, key: SigningKey, trusted: TrustedKeys, folder: Path) -> None:
        self.verifier = Verifier(name, COSIGNATURE, key.public)
        self._key, self._trusted, self._folder = key, trusted, folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._logs = {key.name for key in trusted.verifiers if key.kind == ED25519}

    def add_checkpoint(self, body: bytes, now: float | None = None) -> Reply:
        """What ``add-checkpoint`` is answered with; ``now`` is unix time."""
        try:
            submission = Submission.parse(body)
            checkpoint = Checkpoint.parse(Note.parse(submission.note).text)
        except EvidenceError as error:
            return Reply(BAD, error.message + "\n")
        if checkpoint.origin not in self._logs:
            return Reply(NOT_FOUND, "This witness does not know that log.\n")
        try:
            head = self._trusted.open(submission.note)
        except EvidenceError as error:
            return Reply(FORBIDDEN, error.message + "\n")
        if submission.old > checkpoint.size:
            return Reply(BAD, "The old size is larger than the checkpoint's.\n")
        with self._held(checkpoint.origin) as path:
            return self._judge(
                submission, head.checkpoint, path, time.time() if now is None else now
            )

    def last(self, origin: str | None = None) -> str | None:
        """The last head that was co-signed of a log, or of the only one; None if there is none."""
        names = [origin] if origin else sorted(self._logs)
        path = self._path(names[0])
        return path.read_text(encoding="utf-8") if len(names) == 1 and path.exists() else None

    def _judge(
        self, submission: Submission, checkpoint: Checkpoint, path: Path, now: float
    ) -> Reply:
        last = _last(path)
        size, root = (last.size, last.root) if last else (0, EMPTY_ROOT)
        note = self._by_the_log_alone(submission.note)
        if checkpoint.size == size and checkpoint.root != root:
            self._keep_conflict(str(note))
            return Reply(CONFLICT, f"{size}\n", SIZE_TYPE)
        if submission.old != size:
            return Reply(CONFLICT, f"{size}\n", SIZE_TYPE)
        try:
            check_consistency(size, checkpoint.size, root, checkpoint.root, submission.proof)
        except EvidenceError as error:
            # It proves nothing against the log: any stranger can send its head with a wrong proof.
            return Reply(NOT_GROWN, error.message + "\n")
        signature = cosign(checkpoint.text(), self._key, self.verifier.name, int(now))
        replace_file(path, str(note.with_signatures([signature])))
        return Reply(OK, signature.line())

    def _by_the_log_alone(self, text: str) -> Note:
        """The head with the lines of its log's keys alone. Anybody may put others below a head, as
        many as a note can hold: with ours it could not be read again, and this would be no witness.
        """
        note, logs = Note.parse(text), [k for k in self._trusted.verifiers if k.kind == ED25519]
        lines = [line for line in note.signatures if any(line.made_by(key) for key in logs)]
        return Note(note.text, tuple(lines))

    def _path(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.note"

    @contextmanager
    def _held(self, origin: str) -> Iterator[Path]:
        """The file of a log's last head, which nobody else reads or writes meanwhile."""
        path = self._path(origin)
        with self._lock, path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield path

    def _keep_conflict(self, note: str) -> None:
        """Another signed head of the size of the last one proves that the log lied."""
        path = self._folder / f"conflict-{hashlib.sha256(note.encode()).hexdigest()[:16]}.note"
        if sum(1 for _ in self._folder.glob("conflict-*")) < MOST_CONFLICTS:
            replace_file(path, note)


def _last(path: Path) -> Checkpoint | None:
    return Checkpoint.parse(Note.parse(path.read_bytes()).text) if path.exists() else None


class _Server(ThreadingHTTPServer):
    """No more visitors at once than it can hold; each has some seconds."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        super().__init__(address, _Visit)
        self.witness = witness
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def process_request(self, request: socket | tuple[bytes, socket], client: object) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client)

    def process_request_thread(
        self, request: socket | tuple[bytes, socket], client: object
    ) -> None:
        # The time-out of a socket is for each byte: who drips would hold a place for hours.
        timer = threading.Timer(SECONDS, _hang_up, (request,))
        timer.daemon = True
        timer.start()
        try:
            super().process_request_thread(request, client)
        finally:
            timer.cancel()
            self._free.release()

    def handle_error(self, request: object, client: object) -> None:
        """A visitor that hangs up is nobody's fault."""


def _hang_up(request: object) -> None:
    if isinstance(request, socket):
        with suppress(OSError):
            request.shutdown(SHUT_RDWR)


class _Visit(BaseHTTPRequestHandler):
    timeout = SECONDS
    server: _Server

    def do_POST(self) -> None:
        if self.path != "/add-checkpoint":
            self._answer(Reply(NOT_FOUND, "There is POST /add-checkpoint.\n"))
            return
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > LONGEST_BODY:
            self._answer(
                Reply(TOO_LARGE, f"Send at most {LONGEST_BODY} bytes, and say how many.\n")
            )
            return
        self._answer(self.server.witness.add_checkpoint(self.rfile.read(int(length))))

    def do_GET(self) -> None:
        note = self.server.witness.last() if self.path == "/checkpoint" else None
        self._answer(Reply(OK, note) if note else Reply(NOT_FOUND, "There is no head here.\n"))

    def _answer(self, reply: Reply) -> None:
        body = reply.text.encode()
        self.send_response(reply.status)
        for name, value in {
            "Content-Type": reply.kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Heads are public and visitors are many: nothing is logged of one."""


def serve(
    witness: Witness, host: str, port: int, ready: Callable[[ThreadingHTTPServer], None]
) -> None:
    """Serves until it is interrupted, or ``shutdown`` is called on what ``ready`` got."""
    with _Server((host, port), witness) as server:
        ready(server)
        server.serve_forever(poll_interval=0.1)
