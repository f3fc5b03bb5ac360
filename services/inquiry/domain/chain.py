"""The chain of the log of inquiries: each row's hash covers the row before it."""

import hashlib
from collections.abc import Iterable

GENESIS = bytes(32)


def link(previous: bytes, row: bytes) -> bytes:
    """Hash a row, as canonical JSON, that follows ``previous``: sha-256 over both."""
    return hashlib.sha256(previous + row).digest()


def first_broken(
    rows: Iterable[tuple[int, bytes, bytes]], previous: bytes, expected: int
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
