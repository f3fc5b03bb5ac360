"""The chain of the log of inquiries: each row's hash covers the row before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

GENESIS = bytes(32)


def link(previous: bytes, row: Mapping[str, Any]) -> bytes:
    """The hash of a row that follows ``previous``: sha-256 over it and the row's canonical JSON."""
    told = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + told.encode()).digest()


def first_broken(
    rows: Iterable[tuple[int, Mapping[str, Any], bytes]], previous: bytes, expected: int
) -> tuple[int | None, bytes, int]:
    """Follows rows of (seq, content, hash); the first seq that does not fit, or None.

    Also the hash reached and the next seq, to go on from there. A missing row shows at the row
    that follows it.
    """
    for seq, row, told in rows:
        previous = link(previous, row)
        if seq != expected or previous != told:
            return seq, previous, expected
        expected += 1
    return None, previous, expected
