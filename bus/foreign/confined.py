"""Foreign bytes are read in a child process with limits, so that no input stops anybody else.

``run`` calls a function of ours over bytes or a file and returns its result. The child has limits
of CPU, memory, output and time, and no secrets. It works in services, threads and commands.
"""

import base64
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, NoReturn, TypeVar, cast

from bus.errors import BusError, RuleBroken, Unavailable, from_wire
from bus.wire import Wire

T = TypeVar("T")
Reason = Literal["too_long", "too_large", "crashed", "failed"]
# So many children run at once in a process; who comes then waits so long for a place.
CHILDREN, PLACE_SECONDS = 4, 30.0
_SENTENCES: dict[Reason, str] = {
    "too_long": "It takes too long to read. Make it simpler or smaller, and send it again.",
    "too_large": "It needs too much memory to read. Make it smaller, and send it again.",
    "crashed": "It cannot be read. Save it anew with a common program, and send it again.",
    "failed": "It cannot be read. Save it anew with a common program, and send it again.",
}
_BOOT = (
    "import sys; sys.path[:] = {path!r}; from bus.foreign.confined import _child; _child({job!r})"
)
# Between the rows of a child and its answer, which is short then. No row has a bare line of it.
_END, ANSWER_MOST = b"\n--- end of rows ---\n", 65_536
_places = threading.BoundedSemaphore(CHILDREN)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one child: seconds of processor and of wall clock, bytes of memory and output."""

    cpu_seconds: int = 10
    wall_seconds: float = 30.0
    memory: int = 512 * 1024 * 1024
    output: int = 64 * 1024 * 1024


class Unreadable(RuleBroken):
    """These bytes cannot be read within the limits, now or later: a permanent fault of the input.

    ``reason`` says which limit; ``cause`` names class and place of the exception, if the function
    raised one.
    """

    def __init__(self, reason: Reason, cause: str = "") -> None:
        super().__init__(_SENTENCES[reason], code=f"content.{reason}", cause=cause)
        self.reason, self.cause = reason, cause

    @property
    def kind(self) -> str:
        """On the wire it is the rule that was broken."""
        return RuleBroken.__name__


def run(
    function: Callable[..., T],
    content: bytes | Path,
    *,
    bounds: Bounds = Bounds(),
    **options: Any,  # Any: rows of whatever function runs in the child
) -> T:
    """The result of ``function(stream, **options)``, called in a child process of its own.

    ``function`` stands at the top level of a module and takes the content as a seekable binary
    stream. Options and result travel as JSON (tuples arrive as lists); a result of bytes, and
    bytes within a result, stay bytes. A BusError that it raises is raised here.

    Raises Unreadable for good; Unavailable ``confined.busy`` or ``confined.unavailable`` if no
    child could be had now, or it was stopped from outside.
    """
    with _temporary() as result:
        _call(_job(function, options, bounds), content, bounds, result)
        return cast(T, _result(result, bounds.output))


@contextlib.contextmanager
def rows(
    function: Callable[..., Iterator[Any]],  # Any: rows of whatever function runs in the child
    content: bytes | Path,
    *,
    bounds: Bounds = Bounds(),
    **options: Any,  # Any: rows of whatever function runs in the child
) -> Iterator[Iterator[Any]]:  # Any: rows of whatever function runs in the child
    """What ``function(stream, **options)`` yields, item by item, kept in a file and not in memory.

    The child has ended, and all was read, before the first item comes. Raises as ``run`` does.
    """
    with _temporary() as result:
        _call(_job(function, options, bounds, rows=True), content, bounds, result)
        end = _end_of_rows(result)
        yield _rows(result, end)


def _call(job: str, content: bytes | Path, bounds: Bounds, result: IO[bytes]) -> None:
    """Runs a child to its end; its answer is in ``result``."""
    if not _places.acquire(timeout=PLACE_SECONDS):
        raise Unavailable("Too much is being read at once. Try again.", code="confined.busy")
    try:
        with _stream(content) as source:
            process = _start(job, source, result)
            code, timed_out = _wait(process, bounds.wall_seconds)
            if timed_out or code in (-signal.SIGXCPU, -signal.SIGALRM):
                raise Unreadable("too_long")
            if code == -signal.SIGTERM:  # as systemd stops all that a service has begun
                raise _unavailable()
            if code != 0:
                raise Unreadable("crashed")
    finally:
        _places.release()


def _end_of_rows(file: IO[bytes]) -> int:
    """Where the rows end and the answer of the child begins; raises what the answer says."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - len(_END) - ANSWER_MOST))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0:
        raise Unreadable("too_large")  # the file grew to its limit
    _value(tail[at + len(_END) :])
    return size - len(tail) + at


def _rows(file: IO[bytes], end: int) -> Iterator[object]:
    file.seek(0)
    while file.tell() < end:
        yield json.loads(file.readline())


def _stream(content: bytes | Path) -> IO[bytes]:
    if isinstance(content, Path):
        return content.open("rb")
    return _temporary(content)


def _temporary(content: bytes = b"") -> IO[bytes]:
    """A file without a name; Unavailable if the disk has no room for it."""
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - its user closes it
        file.write(content)
        file.seek(0)
    except OSError as error:
        raise _unavailable() from error
    return file


def _unavailable() -> Unavailable:
    return Unavailable("Nothing can be read now. Try again.", code="confined.unavailable")


def _job(
    function: Callable[..., object], options: Wire, bounds: Bounds, *, rows: bool = False
) -> str:
    module = function.__module__
    if module == "__main__":
        spec = sys.modules[module].__spec__
        module = spec.name if spec else module
    job = {"module": module, "function": function.__qualname__, "options": options}
    return json.dumps(job | {"bounds": asdict(bounds), "rows": rows})


def _start(job: str, source: IO[bytes], result: IO[bytes]) -> "subprocess.Popen[bytes]":
    """The child: its standard input is the content, its standard output takes the result."""
    path = [str(Path(entry or ".").resolve()) for entry in sys.path]
    try:
        return subprocess.Popen(
            [
                sys.executable,
                "-IS",  # the path below says all; site would look for it anew
                "-B",  # a .pyc that is cut by the limit of output would break the next process
                "-X",
                "utf8",
                "-W",
                "ignore",
                "-c",
                _BOOT.format(path=path, job=job),
            ],
            stdin=source,
            stdout=result,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8", "PATH": os.defpath, "TZ": "UTC"},
            start_new_session=True,
        )
    except OSError as error:
        raise _unavailable() from error


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> tuple[int, bool]:
    """Exit code, and whether it was killed for its time; the child is reaped in any case.

    It looks and sleeps, as eventlet's patched ``time.sleep`` lets other green threads run.
    """
    end, pause, late = time.monotonic() + seconds, 0.005, False
    try:
        while not (late or _ended(process.pid)):
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)
            late = time.monotonic() > end
    finally:
        # Also what it has started itself, and also if we are stopped while we wait. As it is not
        # reaped yet, its number is still its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    return code, late


def _ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _result(file: IO[bytes], most: int) -> object:
    file.seek(0)
    raw = file.read(most + 1)
    if len(raw) > most:
        raise Unreadable("too_large")
    return _value(raw)


def _value(raw: bytes) -> object:
    kind, body = raw[:1], raw[1:]
    if kind == b"B":
        return body
    try:
        value = json.loads(body, object_hook=_bytes_again)
        if kind == b"J":
            return value
        error = from_wire(value) if kind == b"R" else Unreadable(value["reason"], value["cause"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        error = Unreadable("crashed")
    raise error


def _bytes_again(value: Wire) -> object:
    if value.keys() == {"__bytes__"}:
        return base64.b64decode(value["__bytes__"])
    return value


# --- in the child ---


def _child(job: str) -> NoReturn:
    """Runs the function of a job; what it prints goes nowhere, its result to where stdout was."""
    order = json.loads(job)
    out = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    _limit(Bounds(**order["bounds"]))
    try:
        answer = _called(order, out)
    except MemoryError:
        answer = _unreadable("too_large", "MemoryError")
    if order["rows"]:
        answer = _END + answer
    with contextlib.suppress(OSError):
        _write(out, answer)  # a file that grew to its limit says so by its length
    os._exit(0)


def _limit(bounds: Bounds) -> None:
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_AS, bounds.memory),
        # One byte more shows that it was too much.
        (resource.RLIMIT_FSIZE, bounds.output + 1),
        (resource.RLIMIT_NOFILE, 64),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, hard))
    signal.setitimer(signal.ITIMER_REAL, bounds.wall_seconds)
    os.nice(5)


def _called(order: Wire, out: int) -> bytes:
    import importlib

    stream: BinaryIO = open(0, "rb", closefd=False)  # noqa: SIM115 - it ends with the process
    try:
        module = importlib.import_module(order["module"])
        value = getattr(module, order["function"])(stream, **order["options"])
        if isinstance(value, bytes):
            return b"B" + value
        if isinstance(value, Generator):
            _write_rows(out, value)
            value = None
        return b"J" + json.dumps(value, default=_as_json).encode()
    except BusError as error:
        if isinstance(error, Unreadable):
            return _unreadable(error.reason, error.cause)
        return b"R" + json.dumps(error.to_wire()).encode()
    except MemoryError:
        raise
    except Exception as error:
        return _unreadable("failed", _place(error))


def _write_rows(out: int, rows: Iterator[object]) -> None:
    pending = bytearray()
    for row in rows:
        pending += json.dumps(row).encode() + b"\n"
        if len(pending) > ANSWER_MOST:
            _write(out, bytes(pending))
            pending.clear()
    _write(out, bytes(pending))


def _place(error: Exception) -> str:
    """Class and place of an exception, without its text, which may quote the content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = Path(trace.tb_frame.f_code.co_filename).name
    return f"{type(error).__name__} at {file}:{trace.tb_lineno}"


def _as_json(value: object) -> object:
    if isinstance(value, bytes):
        return {"__bytes__": base64.b64encode(value).decode()}
    raise TypeError(f"a result of {type(value).__name__} cannot leave its process")


def _unreadable(reason: Reason, cause: str) -> bytes:
    return b"U" + json.dumps({"reason": reason, "cause": cause}).encode()


def _write(out: int, answer: bytes) -> None:
    view = memoryview(answer)
    while view:
        view = view[os.write(out, view) :]
