"""Witnesses: others that co-sign our heads after they have seen that the log only grew.

c2sp.org/tlog-witness, as the log calls it; the co-signature is verified before it is kept.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bus.evidence.errors import EvidenceError, unreadable
from bus.evidence.notes import COSIGNATURE, Checkpoint, Note, NoteSignature, Verifier
from bus.evidence.submissions import Submission
from bus.foreign.http_call import NoAnswer, exchange

SECONDS, LONGEST_REPLY = 10.0, 65_536
OK, CONFLICT, NOT_GROWN = 200, 409, 422
Prove = Callable[[int, int], tuple[bytes, ...]]
"""The consistency proof from an older size to a newer one."""
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")


class WitnessAhead(NoAnswer):
    """The witness holds a head of ``size`` leaves, more than the one that it was asked about."""

    def __init__(self, size: int) -> None:
        super().__init__("the witness has a newer head")
        self.size = size


@dataclass(frozen=True, slots=True)
class Witness:
    """Where a witness is asked, and the key by which its co-signatures are known."""

    url: str
    verifier: Verifier
    seconds: float = SECONDS

    @classmethod
    def parse(cls, line: str) -> "Witness":
        """From ``URL NAME+ID+KEY``; EvidenceError if it is none."""
        url, _, key = line.strip().partition(" ")
        verifier = Verifier.parse(key)
        if verifier.kind != COSIGNATURE or not url.startswith(("https://", "http://")):
            raise unreadable(f"{line[:80]!r} is no witness (URL NAME+ID+KEY).")
        return cls(url.rstrip("/"), verifier)


def parse_witnesses(text: str) -> list[Witness]:
    """One witness a line; blank lines and lines that begin with # count for nothing."""
    lines = [line.strip() for line in text.splitlines()]
    return [Witness.parse(line) for line in lines if line and not line.startswith("#")]


def cosignature(witness: Witness, note: str, prove: Prove) -> NoteSignature:
    """A witness's co-signature of a head that our log signed.

    A witness that knows another size says which, and is asked once more from there. WitnessAhead if
    that is more; NoAnswer if none comes in time; EvidenceError ``evidence.contradicted`` if the
    witness holds that our log does not continue what it saw, and ``evidence.forged`` or
    ``evidence.unreadable`` if what it answers is no co-signature of its own.
    """
    signed = Note.parse(note)
    checkpoint = Checkpoint.parse(signed.text)
    status, body = _ask(witness, note, checkpoint.size, prove)
    if status == CONFLICT:
        size = _size(body)
        if size > checkpoint.size:
            raise WitnessAhead(size)
        if size == checkpoint.size:
            raise _contradicted(witness, size)
        status, body = _ask(witness, note, size, prove)
    if status in (CONFLICT, NOT_GROWN):
        raise _contradicted(witness, checkpoint.size)
    if status != OK:
        raise NoAnswer(f"status {status}")
    return _verified(witness, signed.text, body)


def _ask(witness: Witness, note: str, old: int, prove: Prove) -> tuple[int, bytes]:
    body = Submission(old, prove(old, _size_of(note)), note).encode()
    return exchange(
        "POST",
        f"{witness.url}/add-checkpoint",
        timeout=witness.seconds,
        limit=LONGEST_REPLY,
        data=body,
        headers={"Content-Type": "text/plain; charset=utf-8"},
    )


def _size_of(note: str) -> int:
    return Checkpoint.parse(Note.parse(note).text).size


def _size(body: bytes) -> int:
    match = _SIZE.fullmatch(body)
    if match is None:
        raise unreadable("The witness names no size.")
    return int(match[1])


def _verified(witness: Witness, text: str, body: bytes) -> NoteSignature:
    """The line of the witness's own key; lines of other keys count for nothing."""
    try:
        lines = body.decode().splitlines() if len(body) <= LONGEST_REPLY else []
    except UnicodeDecodeError:
        lines = []
    for line in lines:
        signature = NoteSignature.parse(line)
        if signature.made_by(witness.verifier):
            signature.check(witness.verifier, text)
            return signature
    raise unreadable("The witness answered without a co-signature of its key.")


def _contradicted(witness: Witness, size: int) -> EvidenceError:
    return EvidenceError(
        f"The witness {witness.verifier.name} does not co-sign the head of {size} leaves: it holds "
        "that our log does not continue the head that it saw.",
        code="evidence.contradicted",
    )
