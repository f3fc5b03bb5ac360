"""The auditor: reads the whole log and compares it with each head that is held elsewhere."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from bus.errors import BusError
from bus.evidence.errors import EvidenceError, unreadable
from bus.evidence.leaves import Anchor, parse_leaf
from bus.evidence.merkle import HASH_BYTES, Frontier, leaf_hash
from bus.evidence.notes import Checkpoint, Head, TrustedKeys
from bus.evidence.strict_json import read_json

Entries = Iterable[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a log was audited: its tree, and the head that was compared last."""

    frontier: Frontier
    note: str

    def write(self) -> bytes:
        """As a JSON text, for the next audit to go on from."""
        hashes = [base64.b64encode(hash).decode() for hash in self.frontier.hashes]
        return orjson.dumps({"size": self.frontier.size, "hashes": hashes, "note": self.note})

    @classmethod
    def parse(cls, raw: bytes) -> "Progress":
        """From what ``write`` made; EvidenceError if it is something else."""
        try:
            document = read_json(raw)
            hashes = tuple(base64.b64decode(h, validate=True) for h in document["hashes"])
            hashes = tuple(hash for hash in hashes if len(hash) == HASH_BYTES)
            return cls(Frontier(document["size"], hashes), document["note"])
        except (EvidenceError, ValueError, TypeError, KeyError, AttributeError):
            raise unreadable("The file of the last audit is damaged; audit anew.") from None


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit saw: the head, the entries that it read, and the heads that agree with it."""

    head: Head
    entries: int
    anchors: tuple[Anchor, ...]
    compared: tuple[int, ...]
    progress: Progress


def split_view(heads: Sequence[Head]) -> None:
    """EvidenceError if two of these heads show different trees of one size."""
    by_size: dict[int, Checkpoint] = {}
    for head in heads:
        first = by_size.setdefault(head.checkpoint.size, head.checkpoint)
        if first.root != head.checkpoint.root:
            raise EvidenceError(
                f"Split view: there are two signed heads of {first.size} entries, with the roots "
                f"{_text(first.root)} and {_text(head.checkpoint.root)}. The log showed one tree "
                "to some and another to others. Keep both heads: together they prove it.",
                code="evidence.split_view",
            )


def audit(
    head: Head, held: Sequence[Head], entries: Entries, progress: Progress | None = None
) -> Audit:
    """Compares all entries of a log with its head and with heads that are held elsewhere.

    ``entries`` begin behind what ``progress`` has. EvidenceError names what is wrong: a split view,
    a head beyond the log's, an entry that is none or is missing, a head that the entries do not
    lead to.
    """
    _require_one_log((*held, head), head.checkpoint.origin)
    heads = sorted((*held, head), key=lambda other: other.checkpoint.size)
    split_view(heads)
    _require_whole(head, heads[-1])
    frontier = progress.frontier if progress else Frontier()
    begun, anchors, compared = frontier.size, [], []
    due = [other for other in heads if other.checkpoint.size >= begun]
    source, last = iter(entries), begun
    for other in due:
        size = other.checkpoint.size
        hashes: list[bytes] = []
        while frontier.size + len(hashes) < size:
            leaf, hash = _next(source, frontier.size + len(hashes), head)
            hashes.append(hash)
            if isinstance(leaf, Anchor):
                anchors.append(leaf)
        frontier = frontier.append(hashes)[0]
        _compare(frontier, other, last)
        last = size
        compared.append(size)
    done = Progress(frontier, str(head.note))
    return Audit(head, frontier.size - begun, tuple(anchors), tuple(compared), done)


def _require_one_log(heads: Iterable[Head], origin: str) -> None:
    """EvidenceError for a head of another log, which proves nothing of this one: taken for one of
    its own, it would have an honest log accused.
    """
    for head in heads:
        if head.checkpoint.origin != origin:
            raise EvidenceError(
                f"A head that is held, or the file of the last audit, is of the log "
                f"{head.checkpoint.origin}, not of {origin}; compare heads of one log.",
                code="evidence.other_log",
            )


def _require_whole(head: Head, largest: Head) -> None:
    if largest.checkpoint.size > head.checkpoint.size:
        raise EvidenceError(
            f"The log was rolled back: it shows {head.checkpoint.size} entries, and signed a head "
            f"of {largest.checkpoint.size} before. Keep that head.",
            code="evidence.rolled_back",
        )


def _next(source: Entries, place: int, head: Head) -> tuple[object, bytes]:
    """The entry at a place, judged, with its hash."""
    for index, raw in source:
        if index != place:
            break
        try:
            leaf = parse_leaf(raw)
        except EvidenceError as error:
            raise EvidenceError(
                f"Entry {place} is damaged: {error.message}", code="evidence.entry"
            ) from None
        if leaf.log != head.checkpoint.origin:
            raise EvidenceError(
                f"Entry {place} is of another log, {leaf.log}.", code="evidence.entry"
            )
        return leaf, leaf_hash(raw)
    raise EvidenceError(
        f"Entry {place} of {head.checkpoint.size} is missing.", code="evidence.entry_missing"
    )


def _compare(frontier: Frontier, head: Head, last: int) -> None:
    checkpoint = head.checkpoint
    if frontier.root() != checkpoint.root:
        raise EvidenceError(
            f"The entries do not lead to the signed head of {checkpoint.size} entries: their root "
            f"is {_text(frontier.root())}, the head's is {_text(checkpoint.root)}. An entry was "
            f"changed, dropped or put in, the first of them at {last} or behind, or the head "
            "was rewritten. Keep both.",
            code="evidence.rewritten",
        )


def read_head(raw: bytes, trusted: TrustedKeys) -> Head:
    """A head that is held: a checkpoint, or a receipt that has one."""
    if raw.lstrip()[:1] == b"{":
        document = read_json(raw)
        raw = str(document.get("checkpoint") or document.get("note") or "").encode()
    return trusted.open(raw)


def load_progress(path: Path | None) -> Progress | None:
    """What the last audit kept; None if there was none."""
    if path is None or not path.exists():
        return None
    return Progress.parse(path.read_bytes())


def save_progress(progress: Progress, path: Path) -> None:
    """Keeps it for the next audit, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    try:
        draft.write_bytes(progress.write())
        draft.replace(path)
    except OSError as error:
        raise BusError(f"{path} cannot be written: {error}", code="evidence.unwritable") from None


def _text(root: bytes) -> str:
    return base64.b64encode(root).decode()
