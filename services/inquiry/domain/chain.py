"""The chain of the log of inquiries: each row's hash covers the row before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping

GENESIS = bytes(32)
# Made once: json.dumps makes an encoder at each call.
_canonical_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def link(previous: bytes, row: Mapping[str, object]) -> bytes:
    """Hash a row that follows ``previous``: sha-256 over it and the row's canonical JSON."""
    return hashlib.sha256(previous + _canonical_json(row).encode()).digest()


def first_broken(
    rows: Iterable[tuple[int, Mapping[str, object], bytes]], previous: bytes, expected: int
) -> tuple[int | None, bytes, int]:
    """Follow rows of (seq, content, hash) to the first seq that does not fit; None if all do.

    Returns also the hash reached and the next seq, to go on from there. A missing row shows at the
    row that follows it.
    """
    for seq, row, written in rows:
        previous = link(previous, row)
        if seq != expected or previous != written:
            return seq, previous, expected
        expected += 1
    return None, previous, expected
