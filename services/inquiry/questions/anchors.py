"""Anchors: the head of the chained log of inquiries becomes a leaf of the log of receipts, so that
old rows verify under heads that others hold (services/inquiry/audit.py, ``--anchors``).
"""

from collections.abc import Iterable
from datetime import datetime

import orjson

from bus.call_leaves import anchor
from bus.database.store import Tx
from bus.signatures.keys import from_base64url
from services.inquiry.questions import inquiry_log

CHAIN, SERIES = "inquiry", "inquiry.anchored_rows"


def put(tx: Tx, origin: str, now: datetime) -> bool:
    """Send the head to the log if it has rows that no anchor covers; True if it had."""
    head = inquiry_log.log_head(tx.conn)
    if head is None or head[0] <= tx.numbers.floor(SERIES):
        return False
    rows, hash = head
    tx.put_leaves([anchor(origin, CHAIN, rows, hash, now)])
    tx.numbers.give(SERIES, rows)
    return True


def read(lines: Iterable[str]) -> list[tuple[int, bytes]]:
    """The anchors of this chain among leaves, one a line: (rows, head). ValueError for a line that
    is no leaf.
    """
    leaves = (orjson.loads(line) for line in lines if line.strip())
    return [
        (int(leaf["rows"]), from_base64url(leaf["head"]))
        for leaf in leaves
        if leaf.get("chain") == CHAIN
    ]
