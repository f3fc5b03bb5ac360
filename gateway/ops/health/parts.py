"""The health of every other part, from its own listener (bus/process/monitor.py)."""

import asyncio
import datetime as dt
import json
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from bus.process.monitor import Finding, Status, fail, warn
from bus.settings import MissingSettings, Settings

# A part bounds its own checks at two seconds.
PART_SECONDS = 2.5
LONGEST_ANSWER = 4 * 1024 * 1024
# Signatures bear a minute; an answer tells its time in whole seconds, and may take some.
CLOCKS_APART, CLOCKS_WRONG = 6.0, 30.0
CLOCK = "clock"


class Part(NamedTuple):
    """A part of WATCHED_PARTS and the address of its health."""

    name: str
    host: str
    port: int


class PartAnswer(NamedTuple):
    """The health of a part and of its own checks; no checks if it did not answer."""

    part: str
    finding: Finding
    checks: dict[str, Finding]


def watched_parts(settings: Settings) -> tuple[Part, ...]:
    """Return the parts of WATCHED_PARTS; MissingSettings if it cannot be read."""
    parts = []
    for word in settings.text("WATCHED_PARTS", "").split():
        name, _, address = word.partition("=")
        host, _, port = address.rpartition(":")
        if not name or not host or not port.isdecimal():
            raise MissingSettings(f"WATCHED_PARTS must be name=host:port …, not {word!r}.")
        parts.append(Part(name, host, int(port)))
    return tuple(parts)


async def ask_part(part: Part) -> PartAnswer:
    """Return the health of a part; silence is an answer too. Bounded, and never raises."""
    try:
        async with asyncio.timeout(PART_SECONDS):
            answer = await _get(part, "/health")
            return beside_our_clock(read(part, answer), answer)
    except TimeoutError:
        sentence = f"It does not answer within {PART_SECONDS:g} s: it is frozen or overloaded."
        return PartAnswer(part.name, fail("part.silent", sentence), {})
    except OSError:
        sentence = f"Nobody listens at {part.host}:{part.port}: it does not run."
        return PartAnswer(part.name, fail("part.down", sentence), {})


async def fetch(part: Part, path: str) -> str:
    """Return the text at a path of a part's listener; empty if it does not answer in time."""
    try:
        async with asyncio.timeout(PART_SECONDS):
            answer = await _get(part, path)
    except OSError:  # TimeoutError is one
        return ""
    return answer.partition(b"\r\n\r\n")[2].decode(errors="replace")


async def _get(part: Part, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(part.host, part.port, limit=LONGEST_ANSWER)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while len(answer) < LONGEST_ANSWER and (piece := await reader.read(LONGEST_ANSWER)):
            answer += piece
        return answer
    finally:
        writer.close()


def read(part: Part, answer: bytes) -> PartAnswer:
    """Read the /health of a part; anything else comes from another program."""
    try:
        document = json.loads(answer.partition(b"\r\n\r\n")[2])
        checks = {
            name: Finding(Status(check["status"]), str(check["code"]), str(check["output"]))
            for name, (check,) in document["checks"].items()
        }
        status, name = Status(document["status"]), str(document["part"])
    except (ValueError, KeyError, TypeError, AttributeError):
        unreadable = fail("part.unreadable", "Its answer cannot be read: another version?")
        return PartAnswer(part.name, unreadable, {})
    if not is_one_of(name, part.name):
        other = fail("part.other", f"{name} answers at {part.host}:{part.port}: WATCHED_PARTS.")
        return PartAnswer(part.name, other, {})
    return PartAnswer(part.name, summary(status, checks), checks)


def beside_our_clock(answered: PartAnswer, answer: bytes) -> PartAnswer:
    """What a part answered, with a check of its own clock where that is not ours."""
    if (apart := seconds_ahead(answer)) is None or abs(apart) < CLOCKS_APART:
        return answered
    side = "ahead of" if apart > 0 else "behind"
    sentence = f"Its clock is {abs(apart):.0f} s {side} the clock of whoever asks here."
    grave = abs(apart) >= CLOCKS_WRONG
    finding = (fail if grave else warn)("clock.apart", sentence)
    whole = answered.finding
    if whole.status is Status.PASS or (grave and whole.status is Status.WARN):
        whole = finding._replace(sentence=f"{CLOCK}: {sentence}")
    return answered._replace(finding=whole, checks={**answered.checks, CLOCK: finding})


def seconds_ahead(answer: bytes) -> float | None:
    """How far the clock of who answered is ahead of ours, by its Date; None if it has none."""
    headers = BytesHeaderParser().parsebytes(answer.partition(b"\r\n")[2])
    try:
        date = parsedate_to_datetime(headers["date"])
        return (date - dt.datetime.now(dt.UTC)).total_seconds()
    except (ValueError, TypeError):
        return None


def is_one_of(kind: str, name: str) -> bool:
    """True if that is the name of a part, or of a further process of it: `inquiry-2`."""
    first, _, number = name.rpartition("-")
    return name == kind or (first == kind and number.isdecimal())


def summary(status: Status, checks: dict[str, Finding]) -> Finding:
    """Return one finding for the whole part: its gravest check, with its name."""
    for name, finding in checks.items():
        if finding.status == status and status is not Status.PASS:
            return finding._replace(sentence=f"{name}: {finding.sentence}")
    if status is Status.PASS:
        return Finding(status)
    return fail("starting", "The process is starting.")
