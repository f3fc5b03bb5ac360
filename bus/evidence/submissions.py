"""What a log sends to a witness: a head, and the proof that it grew (c2sp.org/tlog-witness)."""

import base64
import re
from dataclasses import dataclass

from bus.evidence.errors import unreadable
from bus.evidence.merkle import LONGEST_PROOF
from bus.evidence.notes import LARGEST_SIZE, from_base64

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Submission:
    """A head that a log wants co-signed, and the proof that it continues one of ``old`` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def encode(self) -> bytes:
        """The body of an ``add-checkpoint``."""
        proof = "".join(f"{base64.b64encode(hash).decode()}\n" for hash in self.proof)
        return f"old {self.old}\n{proof}\n{self.note}".encode()

    @classmethod
    def parse(cls, raw: bytes) -> "Submission":
        """From such a body; EvidenceError if it is malformed."""
        try:
            before, blank, note = raw.decode().partition("\n\n")
        except UnicodeDecodeError:
            raise unreadable("The body is no UTF-8.") from None
        first, *lines = before.split("\n")
        match = _OLD.fullmatch(first)
        if not match or not blank or int(match[1]) > LARGEST_SIZE or len(lines) > LONGEST_PROOF:
            raise unreadable("The body begins with `old SIZE`, a proof, and an empty line.")
        proof = tuple(from_base64(line, "the proof") for line in lines)
        return cls(int(match[1]), proof, note)
