"""The leaves of the log: the statement of one call, or the head of another chained log.

A leaf names nobody and shows nothing: of request, answer and terms it holds commitments, which only
the salts in a receipt open. It is canonical JSON (RFC 8785), so one statement has one hash.

What is committed to are bytes as they travel: of the request its body (or, if it has none, the text
``METHOD target``), of the answer its body, of a refusal or failure its code, of the terms the
canonical JSON of ``Terms``.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from bus.evidence.errors import EvidenceError, unreadable
from bus.evidence.merkle import HASH_BYTES, leaf_hash
from bus.evidence.strict_json import canonical_text, read_json
from bus.signatures.keys import base64url, from_base64url

VERSION = 1
PARTS = ("request", "answer", "terms")
_NAMES = {part: part.encode() for part in PARTS}
OUTCOMES = ("answered", "accepted", "asked", "refused", "failed")
WITHOUT_CODE = ("answered", "accepted", "asked")
LONGEST_LEAF = 4096  # bytes
_ORIGIN = re.compile(r"[!-*,-~]{1,255}")
_CALL = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_WORD = re.compile(r"[A-Za-z0-9_.:/-]{0,128}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_COMMITMENT = re.compile(r"[A-Za-z0-9_-]{43}")


def moment_text(at: datetime) -> str:
    """A moment as leaves have it: UTC, milliseconds (cut, not rounded)."""
    moment = at.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def salts_of(secret: bytes) -> dict[str, bytes]:
    """The salts of the parts of one call, from its secret of 32 random bytes; once that is
    destroyed, the commitments say nothing for ever.
    """
    return {part: hmac.digest(secret, name, "sha256") for part, name in _NAMES.items()}


def commitment(salt: bytes, part: str, digest: bytes) -> str:
    """What a leaf holds of a part: base64url of SHA-256(salt || part || 0x00 || digest).

    ``digest`` is the SHA-256 of the part's bytes, so that a file need not be read again.
    """
    if len(salt) != HASH_BYTES or len(digest) != HASH_BYTES or part not in PARTS:
        raise ValueError(f"a salt of {len(salt)} and a digest of {len(digest)} bytes for {part!r}")
    return base64url(hashlib.sha256(b"%b%b\0%b" % (salt, _NAMES[part], digest)).digest())


@dataclass(frozen=True, slots=True)
class Terms:
    """Who asked and by which right: texts, empty where there is none.

    ``behalf`` is the agency in whose name was asked, ``version`` that of the asker's agency in the
    register, ``way`` the way in.
    """

    agency: str = ""
    basis: str = ""
    behalf: str = ""
    grant: str = ""
    key: str = ""
    purpose: str = ""
    version: str = ""
    way: str = ""

    def encode(self) -> bytes:
        """The bytes that are committed to."""
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)  # as canonical_text, but faster

    @classmethod
    def parse(cls, raw: bytes) -> "Terms":
        """From the bytes that were committed to; EvidenceError if they are no terms."""
        members = read_json(raw)
        texts = members.values() if isinstance(members, dict) else (None,)
        if not all(isinstance(text, str) and text.isprintable() for text in texts):
            raise unreadable("The terms are no printable texts by name.")
        try:
            return cls(**members)
        except TypeError:
            raise unreadable("The terms have a member that is none of theirs.") from None


@dataclass(frozen=True, slots=True)
class Leaf:
    """The statement of one call: which contract, when, with which end; commitments of the rest.

    ``code`` is the refusal's, empty if there is none.
    """

    log: str
    call: str
    at: str
    contract: str
    outcome: str
    code: str
    request: str
    answer: str
    terms: str

    def __post_init__(self) -> None:
        _require(_ORIGIN, self.log, "log")
        _require(_CALL, self.call, "call")
        _require_moment(self.at)
        _require(_WORD, self.contract, "contract")
        _require(_WORD, self.code, "code")
        for part in PARTS:
            _require(_COMMITMENT, getattr(self, part), part)
        if self.outcome not in OUTCOMES or (self.outcome in WITHOUT_CODE) != (not self.code):
            raise unreadable("The leaf's outcome does not go with its code.")

    def encode(self) -> bytes:
        """The bytes that are hashed."""
        return canonical_text(
            {
                "v": VERSION,
                "log": self.log,
                "call": self.call,
                "at": self.at,
                "contract": self.contract,
                "outcome": self.outcome,
                "code": self.code,
                "request": self.request,
                "answer": self.answer,
                "terms": self.terms,
            }
        )

    @property
    def hash(self) -> bytes:
        """Its hash in the tree."""
        return leaf_hash(self.encode())

    def check_part(self, part: str, salt: bytes, digest: bytes) -> None:
        """EvidenceError if this is not the digest of the part that the leaf commits itself to."""
        if commitment(salt, part, digest) != getattr(self, part):
            raise EvidenceError(
                f"The {part} is not the one that this receipt is about, or was changed.",
                code=f"evidence.other_{part}",
            )


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of another log that stands: its name, its number of rows, and its last hash."""

    log: str
    at: str
    chain: str
    rows: int
    head: str

    def __post_init__(self) -> None:
        _require(_ORIGIN, self.log, "log")
        _require_moment(self.at)
        _require(_CALL, self.chain, "chain")
        _require(_COMMITMENT, self.head, "head")
        if type(self.rows) is not int or self.rows < 0:
            raise unreadable("The anchor's rows are no whole number.")

    def encode(self) -> bytes:
        """The bytes that are hashed."""
        return canonical_text(
            {
                "v": VERSION,
                "log": self.log,
                "at": self.at,
                "chain": self.chain,
                "rows": self.rows,
                "head": self.head,
            }
        )

    @property
    def hash(self) -> bytes:
        """Its hash in the tree."""
        return leaf_hash(self.encode())


def made_leaf(texts: Mapping[str, str], commitments: Mapping[str, str]) -> bytes:
    """The bytes of a leaf that is made now, as ``Leaf.encode`` writes them: ``texts`` are its
    members but the commitments. EvidenceError for a call, contract or code that no leaf has.
    """
    _require(_CALL, texts["call"], "call")
    _require(_WORD, texts["contract"], "contract")
    _require(_WORD, texts["code"], "code")
    return canonical_text({"v": VERSION, **texts, **commitments})


def parse_leaf(raw: bytes) -> Leaf | Anchor:
    """A leaf from its bytes; EvidenceError if they are not exactly what ``encode`` writes."""
    if len(raw) > LONGEST_LEAF:
        raise unreadable(f"A leaf has up to {LONGEST_LEAF} bytes.")
    members = read_json(raw)
    if not isinstance(members, dict) or repr(members.pop("v", None)) != str(VERSION):
        raise unreadable(f"This is no leaf of version {VERSION}.")
    kind = Anchor if "chain" in members else Leaf
    try:
        leaf = kind(**members)
        whole = leaf.encode() == raw
    except TypeError:
        raise unreadable("The leaf has a member too many or too few.") from None
    if not whole:
        raise unreadable("The leaf is not in its canonical form.")
    return leaf


def commit(secret: bytes, digests: Mapping[str, bytes]) -> dict[str, str]:
    """The three commitments of a leaf, by part, from a call's secret and the parts' digests."""
    return {part: commitment(salt, part, digests[part]) for part, salt in salts_of(secret).items()}


def from_hash_text(text: object, name: str) -> bytes:
    """32 bytes from their base64url without padding; EvidenceError if the text is another."""
    try:
        raw = from_base64url(text) if isinstance(text, str) else b""
    except ValueError:
        raw = b""
    if len(raw) != HASH_BYTES or base64url(raw) != text:
        raise unreadable(f"{name} is not the base64url of {HASH_BYTES} bytes.")
    return raw


def _require(form: re.Pattern[str], value: object, name: str) -> None:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise unreadable(f"The leaf's {name} is malformed.")


def _require_moment(value: object) -> None:
    _require(_MOMENT, value, "at")
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        raise unreadable("The leaf's at is no moment.") from None
