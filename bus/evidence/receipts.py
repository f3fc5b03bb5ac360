"""receipt.json: one call stands in the log, which is verified offline by the keys of the log.

The terms are in it as the text that was committed to, byte by byte. Request and answer may be in it
so too if they are texts, or be handed over beside it, or not at all.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import orjson

from bus.evidence.errors import EvidenceError, unreadable
from bus.evidence.leaves import (
    PARTS,
    VERSION,
    WITHOUT_CODE,
    Leaf,
    Terms,
    from_hash_text,
    parse_leaf,
)
from bus.evidence.merkle import HASH_BYTES, LONGEST_PROOF, check_inclusion
from bus.evidence.notes import LARGEST_SIZE, Head, TrustedKeys, from_base64
from bus.evidence.strict_json import read_json
from bus.signatures.keys import base64url

LONGEST_RECEIPT, LONGEST_STAMP = 8_000_000, 64_000  # bytes
_NEEDED = {"v", "leaf", "salts", "terms", "index", "size", "proof", "checkpoint"}
_OPTIONAL = {"request", "answer", "stamp"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was read: well-formed, nothing of it proven yet.

    ``contents`` has by part the bytes that are shown; ``stamp`` is the DER of an RFC 3161 token
    over the checkpoint's whole text as it stands in the receipt.
    """

    leaf: Leaf
    salts: Mapping[str, bytes]
    contents: Mapping[str, bytes]
    index: int
    size: int
    proof: tuple[bytes, ...]
    checkpoint: str
    stamp: bytes | None = None

    def write(self) -> bytes:
        """As a JSON text."""
        document: dict[str, object] = {
            "v": VERSION,
            "leaf": self.leaf.encode().decode(),
            "salts": {part: base64url(self.salts[part]) for part in PARTS},
            **{part: content.decode() for part, content in self.contents.items()},
            "index": self.index,
            "size": self.size,
            "proof": [base64.b64encode(hash).decode() for hash in self.proof],
            "checkpoint": self.checkpoint,
        }
        if self.stamp is not None:
            document["stamp"] = base64.b64encode(self.stamp).decode()
        return orjson.dumps(document, option=orjson.OPT_INDENT_2)

    @classmethod
    def parse(cls, raw: bytes) -> "Receipt":
        """From a JSON text; EvidenceError with a sentence if it is no receipt."""
        if len(raw) > LONGEST_RECEIPT:
            raise unreadable(f"A receipt has up to {LONGEST_RECEIPT} bytes.")
        document = read_json(raw)
        if not isinstance(document, dict) or repr(document.get("v")) != str(VERSION):
            raise unreadable(f"This is no receipt of version {VERSION}.")
        if odd := (_NEEDED - document.keys()) | (document.keys() - _NEEDED - _OPTIONAL):
            names = ", ".join(sorted(odd))[:200]
            raise unreadable(f"The receipt lacks these members, or has them too many: {names}.")
        leaf = parse_leaf(_text(document, "leaf").encode())
        if not isinstance(leaf, Leaf):
            raise unreadable("The receipt's leaf is not that of a call.")
        return cls(
            leaf=leaf,
            salts=_salts(document["salts"]),
            contents={p: _text(document, p).encode() for p in PARTS if p in document},
            index=_whole(document, "index"),
            size=_whole(document, "size"),
            proof=_proof(document["proof"]),
            checkpoint=_text(document, "checkpoint"),
            stamp=_stamp(document["stamp"]) if "stamp" in document else None,
        )

    def with_contents(self, contents: Mapping[str, bytes]) -> "Receipt":
        """The receipt that shows these parts too; nothing is checked."""
        return replace(self, contents={**self.contents, **contents})

    def verify(self, trusted: TrustedKeys, beside: Mapping[str, bytes] | None = None) -> "Proven":
        """What this receipt proves on the word of these keys; works offline.

        ``beside`` has by part the SHA-256 of contents that the receipt does not show, such as the
        file of a batch. EvidenceError names the check that failed.
        """
        head = trusted.open(self.checkpoint)
        checkpoint = head.checkpoint
        if checkpoint.origin != self.leaf.log:
            raise EvidenceError(
                f"The leaf is of the log {self.leaf.log}, the checkpoint of {checkpoint.origin}.",
                code="evidence.other_log",
            )
        if checkpoint.size != self.size:
            raise EvidenceError(
                f"The proof is for a tree of {self.size} leaves, the checkpoint for one of "
                f"{checkpoint.size}.",
                code="evidence.other_checkpoint",
            )
        check_inclusion(self.leaf.hash, self.index, self.size, self.proof, checkpoint.root)
        digests = [*self._shown(), *(beside or {}).items()]
        for part, digest in digests:
            self.leaf.check_part(part, self.salts[part], digest)
        terms = Terms.parse(self.contents["terms"])
        return Proven(self.leaf, self.index, head, terms, frozenset(part for part, _ in digests))

    def _shown(self) -> list[tuple[str, bytes]]:
        """The parts that the receipt shows, and their digests; of a refusal the leaf itself shows
        the answer, and whatever the receipt shows as one has to be the same.
        """
        shown = list(self.contents.items())
        if self.leaf.outcome not in WITHOUT_CODE:
            shown.append(("answer", self.leaf.code.encode()))
        return [(part, hashlib.sha256(content).digest()) for part, content in shown]


@dataclass(frozen=True, slots=True)
class Proven:
    """What a receipt proves: this leaf, at this place, under this head, on these terms; and that
    the parts named in ``opened`` are those of the call.
    """

    leaf: Leaf
    index: int
    head: Head
    terms: Terms
    opened: frozenset[str]


def _text(document: Mapping[str, object], name: str) -> str:
    value = document[name]
    if not isinstance(value, str):
        raise unreadable(f"The receipt's {name} is no text.")
    return value


def _whole(document: Mapping[str, object], name: str) -> int:
    value = document[name]
    if type(value) is not int or not 0 <= value <= LARGEST_SIZE:
        raise unreadable(f"The receipt's {name} is no whole number.")
    return value


def _salts(salts: object) -> dict[str, bytes]:
    if not isinstance(salts, dict) or salts.keys() != set(PARTS):
        raise unreadable(f"The receipt's salts are those of {', '.join(PARTS)}.")
    return {part: from_hash_text(salts[part], f"The salt of {part}") for part in PARTS}


def _proof(proof: object) -> tuple[bytes, ...]:
    if not isinstance(proof, list) or len(proof) > LONGEST_PROOF:
        raise unreadable(f"The receipt's proof is a list of up to {LONGEST_PROOF} hashes.")
    hashes = tuple(from_base64(hash, "the receipt's proof") for hash in proof)
    if any(len(hash) != HASH_BYTES for hash in hashes):
        raise unreadable(f"A hash of the proof has {HASH_BYTES} bytes.")
    return hashes


def _stamp(stamp: object) -> bytes:
    raw = from_base64(stamp, "the receipt's stamp")
    if not 0 < len(raw) <= LONGEST_STAMP:
        raise unreadable(f"The receipt's stamp has up to {LONGEST_STAMP} bytes.")
    return raw
