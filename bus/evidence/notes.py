"""Signed notes, checkpoints of a log and co-signatures of witnesses, as C2SP has them.

c2sp.org/signed-note, tlog-checkpoint and tlog-cosignature (Ed25519, ``cosignature/v1``): the forms
that public witnesses and tools read. What is malformed is refused whole; signatures of keys that
nobody trusts here count for nothing.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bus.evidence.errors import EvidenceError, unreadable
from bus.evidence.merkle import HASH_BYTES
from bus.signatures.keys import SIGNATURE_BYTES, PublicKey, SigningKey

ED25519, COSIGNATURE = 0x01, 0x04  # types of signatures
MOST_SIGNATURES, LONGEST_NOTE = 64, 65_536  # a note; bytes
LARGEST_SIZE = 2**63 - 1
_ID_BYTES, _TIME_BYTES = 4, 8
_NAME = re.compile(r"[^\s+]{1,255}")
_LINE = re.compile(r"— ([^\s+]{1,255}) ([A-Za-z0-9+/]+={0,2})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
# C2SP forbids the first of these; the others too would move what a terminal shows.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def _key_id(name: str, kind: int, key: PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + bytes((0x0A, kind)) + key.raw).digest()[:_ID_BYTES]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key that signs notes: its name, and whether it signs as the log or as a witness."""

    name: str
    kind: int
    key: PublicKey

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names the key."""
        return _key_id(self.name, self.kind, self.key)

    def __str__(self) -> str:
        """As a vkey: ``name+id+key``."""
        material = base64.b64encode(bytes((self.kind,)) + self.key.raw).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """From a vkey; EvidenceError if it is none, or a key of a kind that is not used here."""
        name, _, rest = text.strip().partition("+")
        id, _, material = rest.partition("+")
        raw = from_base64(material, "the key")
        if not _NAME.fullmatch(name) or not raw or raw[0] not in (ED25519, COSIGNATURE):
            raise unreadable(f"{text[:80]!r} is no key of a log or a witness (NAME+ID+KEY).")
        try:
            verifier = cls(name, raw[0], PublicKey(raw[1:]))
        except ValueError as error:
            raise unreadable(f"The key of {name} cannot be used: {error}.") from None
        if verifier.key_id.hex() != id:
            raise unreadable(f"The key of {name} does not fit its id {id[:16]}; copy it again.")
        return verifier


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line below a note: the key's name, its id, and what the key made."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line, with its end."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> "NoteSignature":
        """From a line without its end; EvidenceError if it is none."""
        match = _LINE.fullmatch(line)
        raw = from_base64(match[2], "a signature") if match else b""
        if match is None or len(raw) <= _ID_BYTES:
            raise unreadable(f"{line[:80]!r} is no line of a signature.")
        return cls(match[1], raw[:_ID_BYTES], raw[_ID_BYTES:])

    def made_by(self, verifier: Verifier) -> bool:
        """True if it says that this key made it; whether that is so ``check`` finds out."""
        return (self.name, self.key_id) == (verifier.name, verifier.key_id)

    def check(self, verifier: Verifier, text: str) -> int | None:
        """When a witness signed, in unix seconds; None for a log's, which have no time.

        EvidenceError if the key did not sign this text.
        """
        moment, signed, signature = None, text.encode(), self.signature
        if verifier.kind == COSIGNATURE:
            moment = int.from_bytes(signature[:_TIME_BYTES])
            signed, signature = _cosigned(text, moment), signature[_TIME_BYTES:]
        if len(signature) != SIGNATURE_BYTES or not verifier.key.verify(signature, signed):
            raise EvidenceError(
                f"The signature of {self.name} does not hold: the checkpoint was changed or "
                "forged. Do not rely on it.",
                code="evidence.forged",
            )
        return moment


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with its last line, and the signatures below it."""

    text: str
    signatures: tuple[NoteSignature, ...] = ()

    def __str__(self) -> str:
        """As it travels."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)

    @classmethod
    def parse(cls, raw: bytes | str) -> "Note":
        """From what came; EvidenceError if it is no signed note."""
        if len(raw) > LONGEST_NOTE:
            raise unreadable(f"A note is no longer than {LONGEST_NOTE} bytes.")
        try:
            whole = raw if isinstance(raw, str) else raw.decode()
        except UnicodeDecodeError:
            raise unreadable("The note is no UTF-8.") from None
        if _CONTROL.search(whole):
            raise unreadable("The note holds a control character.")
        text, blank, below = whole.rpartition("\n\n")
        if not blank or not below.endswith("\n"):
            raise unreadable("The note has no blank line before its signatures, or no end.")
        lines = below[:-1].split("\n")
        if len(lines) > MOST_SIGNATURES:
            raise unreadable(f"A note has up to {MOST_SIGNATURES} signatures.")
        return cls(text + "\n", tuple(NoteSignature.parse(line) for line in lines))

    def with_signatures(self, more: Iterable[NoteSignature]) -> "Note":
        """The note with these below it too, but no line twice."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *more))))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log's tree, as the text of a note has it."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text that is signed."""
        root = base64.b64encode(self.root).decode()
        lines = (self.origin, str(self.size), root, *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """From the text of a note; EvidenceError if it is no checkpoint."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):  # noqa: PLR2004 - and the end
            raise unreadable("A checkpoint has at least the lines origin, size and root.")
        origin, size, root, *extensions = lines[:-1]
        hash = from_base64(root, "the root")
        if not _SIZE.fullmatch(size) or int(size) > LARGEST_SIZE or len(hash) != HASH_BYTES:
            raise unreadable("The checkpoint's size or root is malformed.")
        return cls(origin, int(size), hash, tuple(extensions))


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> Note:
    """The checkpoint as its log signs it; the key's name is the log's origin."""
    text, name = checkpoint.text(), checkpoint.origin
    if not _NAME.fullmatch(name):
        raise ValueError(f"the origin {name!r} cannot be the name of a key")
    id = _key_id(name, ED25519, key.public)
    return Note(text, (NoteSignature(name, id, key.sign(text.encode())),))


def cosign(text: str, key: SigningKey, name: str, at: int) -> NoteSignature:
    """A witness's signature over a checkpoint's text; ``at`` is unix time in seconds."""
    if not _NAME.fullmatch(name) or not 0 <= at <= LARGEST_SIZE:
        raise ValueError(f"{name!r} at {at} cannot sign")
    signature = at.to_bytes(_TIME_BYTES) + key.sign(_cosigned(text, at))
    return NoteSignature(name, _key_id(name, COSIGNATURE, key.public), signature)


@dataclass(frozen=True, slots=True)
class Head:
    """A verified checkpoint: signed by its log, and by these witnesses at these times (unix)."""

    checkpoint: Checkpoint
    note: Note
    witnesses: dict[str, int]


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """The keys on whose word a checkpoint is believed: those of logs, and those of witnesses."""

    verifiers: tuple[Verifier, ...]

    @classmethod
    def parse(cls, text: str) -> "TrustedKeys":
        """From vkeys, one a line; blank lines and lines that begin with # count for nothing.

        EvidenceError if a line is no key, or none is a log's.
        """
        lines = [line.strip() for line in text.splitlines()]
        keys = tuple(Verifier.parse(line) for line in lines if line and not line.startswith("#"))
        if not any(key.kind == ED25519 for key in keys):
            raise unreadable("There is no key of a log among the trusted keys.")
        return cls(keys)

    def open(self, raw: bytes | str) -> Head:
        """A checkpoint that its own log signed, with the trusted witnesses that did too.

        EvidenceError if it is malformed, if no trusted key of that log signed it, or if any line
        that claims to be of a trusted key is not.
        """
        note = Note.parse(raw)
        checkpoint = Checkpoint.parse(note.text)
        signed, witnesses = False, dict[str, int]()
        for signature in note.signatures:
            for verifier in self.verifiers:
                if signature.made_by(verifier):
                    moment = signature.check(verifier, note.text)
                    if moment is not None:
                        witnesses[verifier.name] = moment
                    signed = signed or (moment is None and verifier.name == checkpoint.origin)
        if not signed:
            raise EvidenceError(
                f"No key that is trusted here signed the checkpoint of {checkpoint.origin[:80]} "
                "as that log's; get the log's key from its operator.",
                code="evidence.unknown_log",
            )
        return Head(checkpoint, note, witnesses)


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def from_base64(text: object, name: str) -> bytes:
    """Standard base64 as it is written, and no other spelling of the same bytes."""
    try:
        raw = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        raw = b""
    if base64.b64encode(raw).decode() != text:
        raise unreadable(f"The base64 of {name} is malformed.")
    return raw
