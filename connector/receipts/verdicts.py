"""Receipts at an agency: read, verified offline, and explained in sentences."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bus.errors import BusError
from bus.evidence.errors import EvidenceError
from bus.evidence.leaves import WITHOUT_CODE, Leaf
from bus.evidence.notes import TrustedKeys
from bus.evidence.receipts import LONGEST_RECEIPT, Proven, Receipt
from bus.evidence.strict_json import read_json
from bus.signatures.keys import base64url
from bus.wire import Wire

if TYPE_CHECKING:
    from connector.evidence import Evidence

PROMISE = "mirab-receipt"  # the header of an answer: the hash of its leaf
CLOCKS_DIFFER = timedelta(minutes=10)
DOES = {
    "answered": "answered",
    "accepted": "accepted, to be answered later,",
    "asked": "put to the agency that serves it",
    "refused": "refused",
    "failed": "failed to answer",
}


def read_trusted_keys(source: str) -> TrustedKeys:
    """The keys of logs and witnesses that are trusted: NAME+ID+KEY itself, or a file of such lines.

    BusError with a sentence if there are none.
    """
    if not Path(source).exists() and "+" in source:
        return TrustedKeys.parse(source)
    try:
        return TrustedKeys.parse(Path(source).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BusError(
            f"{source} is neither a key NAME+ID+KEY nor a file of such keys ({error}).",
            code="key.unusable",
        ) from None


def is_receipt(path: str | Path) -> bool:
    """True if the file looks like a receipt, and not like kept evidence."""
    try:
        with Path(path).open("rb") as file:
            document = read_json(file.read(LONGEST_RECEIPT + 1))
    except (OSError, EvidenceError):
        return False
    return isinstance(document, dict) and "leaf" in document


def load_receipt(path: str | Path) -> Receipt:
    """Reads a receipt; BusError with a sentence if it cannot."""
    try:
        with Path(path).open("rb") as file:
            return Receipt.parse(file.read(LONGEST_RECEIPT + 1))
    except OSError as error:
        raise BusError(f"{path} cannot be read: {error}", code="evidence.unreadable") from None


def promise_of(evidence: "Evidence") -> str | None:
    """The hash of the leaf that the answer promised, as its header has it."""
    return evidence.response_headers.get(PROMISE)


def contents_of(evidence: "Evidence", leaf: Leaf) -> dict[str, bytes]:
    """The contents of a kept exchange by part, as a leaf commits itself to them.

    EvidenceError if the exchange was promised another leaf, or was refused with another code.
    """
    promised = promise_of(evidence)
    if promised is not None and promised != base64url(leaf.hash):
        raise EvidenceError(
            "The kept answer promised another receipt than this one.", code="evidence.other_answer"
        )
    parts = urlsplit(evidence.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    contents = {"request": evidence.request_body or f"{evidence.method} {target}".encode()}
    if leaf.outcome == "answered":
        contents["answer"] = evidence.response_body
    elif leaf.outcome not in WITHOUT_CODE and leaf.code != _code_of(evidence):
        raise EvidenceError(
            f"The kept answer is no refusal {leaf.code}.", code="evidence.other_answer"
        )
    return contents


def _code_of(evidence: "Evidence") -> object:
    problem = read_json(evidence.response_body)
    return problem.get("code") if isinstance(problem, dict) else None


def digests_of(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """The SHA-256 of contents, by part."""
    return {part: hashlib.sha256(content).digest() for part, content in contents.items()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a receipt proves, and what it does not, each in sentences; ``facts`` for programs."""

    proven: tuple[str, ...]
    unproven: tuple[str, ...]
    facts: Wire

    def __str__(self) -> str:
        """For people."""
        lines = ["Proven:", *(f"  {line}" for line in self.proven)]
        return "\n".join([*lines, "Not proven:", *(f"  {line}" for line in self.unproven)])


def judge(
    receipt: Receipt,
    trusted: TrustedKeys,
    *,
    beside: Mapping[str, bytes] | None = None,
    authorities: bytes | None = None,
) -> Verdict:
    """Verifies a receipt and puts into words what holds; EvidenceError names what does not.

    ``beside`` has the SHA-256 of contents by part; ``authorities`` is the PEM of those of time.
    """
    proven = receipt.verify(trusted, beside)
    stamped = None
    if receipt.stamp is not None and authorities is not None:
        from bus.evidence.stamps import check_stamp, read_authorities

        text = proven.head.note.text
        stamped = check_stamp(receipt.stamp, text, read_authorities(authorities))
        require_stated_before(proven.leaf, stamped)
    has_stamp = receipt.stamp is not None
    return Verdict(
        tuple(_proven_lines(proven, stamped)),
        tuple(_unproven_lines(proven, stamped, has_stamp=has_stamp)),
        _facts(proven, stamped),
    )


def require_stated_before(leaf: Leaf, stamped: datetime) -> None:
    """EvidenceError for a statement about a time that had not come when it was seen: clocks differ
    by minutes, and whoever writes down what is still to happen makes up the rest too.
    """
    stated = datetime.fromisoformat(leaf.at)
    if stated > stamped + CLOCKS_DIFFER:
        raise EvidenceError(
            f"The statement names {leaf.at}, and an authority of time saw it before, at "
            f"{_text(stamped)}: it was written down ahead of its time. Do not rely on it.",
            code="evidence.ahead_of_time",
        )


def _proven_lines(proven: Proven, stamped: datetime | None) -> list[str]:
    leaf, checkpoint, terms = proven.leaf, proven.head.checkpoint, proven.terms
    code = f" with {leaf.code}" if leaf.code else ""
    lines = [
        f"Mirab states: at {leaf.at} it {DOES[leaf.outcome]} call {leaf.call} of {leaf.contract}"
        f"{code}.",
        f"Asked by {terms.agency or 'nobody who is named'}, {_right(terms.grant, terms.purpose)}"
        f"key {terms.key or 'none'}, way in {terms.way or 'not named'}"
        f"{f', in the name of {terms.behalf}' if terms.behalf else ''}.",
        f"The statement is entry {proven.index} of the log {checkpoint.origin}, under its signed "
        f"head of {checkpoint.size} entries; it cannot be taken out or changed unnoticed.",
    ]
    if "request" in proven.opened:
        lines.append("The request is the one that was asked, byte by byte.")
    if "answer" in proven.opened and leaf.outcome == "answered":
        lines.append("The answer is the one that was sent, byte by byte.")
    lines += [
        f"{name} saw this head at {seen_at(at)} as a true continuation of all earlier ones."
        for name, at in proven.head.witnesses.items()
    ]
    if stamped:
        lines.append(f"An authority of time saw this head at {_text(stamped)}; it is no younger.")
    return lines


def _right(grant: str, purpose: str) -> str:
    for_purpose = f"for {purpose}, " if purpose else ""
    return f"by grant {grant}, {for_purpose}" if grant else for_purpose


def _unproven_lines(proven: Proven, stamped: datetime | None, *, has_stamp: bool) -> list[str]:
    lines = []
    if "request" not in proven.opened:
        lines.append("What was asked: hand over the request (--request or --evidence).")
    if "answer" not in proven.opened and proven.leaf.outcome == "answered":
        lines.append("What was answered: hand over the answer (--answer or --evidence).")
    if not proven.head.witnesses:
        lines.append(
            "That Mirab shows everybody the same log: no witness whose key you trust signed this "
            "head. Compare it with a head held elsewhere (audit --held)."
        )
    if not stamped and has_stamp:
        lines.append("When, by another's clock: name the authority of the stamp (--stamp-ca).")
    elif not stamped:
        lines.append("When, by another's clock: the receipt has no time stamp.")
    lines.append("That what was answered is true in fact: only that Mirab stated it.")
    return lines


def _facts(proven: Proven, stamped: datetime | None) -> Wire:
    leaf, terms = proven.leaf, proven.terms
    return {
        "holds": True,
        "leaf": base64url(leaf.hash),
        "log": leaf.log,
        "call": leaf.call,
        "at": leaf.at,
        "contract": leaf.contract,
        "outcome": leaf.outcome,
        "code": leaf.code,
        "terms": read_json(terms.encode()),
        "index": proven.index,
        "size": proven.head.checkpoint.size,
        "root": base64.b64encode(proven.head.checkpoint.root).decode(),
        "opened": sorted(proven.opened),
        "witnesses": {name: seen_at(at) for name, at in proven.head.witnesses.items()},
        "stamped": _text(stamped) if stamped else None,
    }


def seen_at(at: int) -> str:
    """Unix seconds as a text; such as no calendar has stay numbers."""
    try:
        return _text(datetime.fromtimestamp(at, UTC))
    except (OverflowError, ValueError, OSError):
        return f"second {at}"


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
