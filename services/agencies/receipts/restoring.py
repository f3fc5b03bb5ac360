"""Lost leaves, put back from a copy of the log: in their places, if the root is the signed one."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import delete, select, update

from bus.database.rows import columns, fetch_all
from bus.database.store import Tx
from bus.errors import Conflict
from bus.evidence.merkle import leaf_hash, root_of
from services.agencies.receipt_tables import (
    RECEIPT_HEADS,
    RECEIPT_LEAVES,
    RECEIPT_LOG,
    RECEIPT_NODES,
    LeafRow,
)
from services.agencies.receipts import heads, tree
from services.agencies.receipts.tree import NewLeaf


def put_back(tx: Tx, copy: Sequence[str], origin: str, folder: Path) -> int:
    """Make the log begin with the leaves of a copy, as the last signed head has them; what it took
    since follows them. How many leaves were put back.

    Conflict ``receipts.other_copy`` if the copy does not lead to that head.
    """
    head = heads.parse(heads.noted_head(folder))
    texts = copy[: head.size]
    hashes = [leaf_hash(text.encode()) for text in texts]
    if (len(texts), root_of(hashes)) != (head.size, head.root) or head.origin != origin:
        raise Conflict(
            f"The copy does not lead to the head of {head.size} leaves that was signed.",
            code="receipts.other_copy",
        )
    tree.lock(tx, origin)
    kept = {bytes(row.hash): row for row in _leaves(tx)}
    lost = [hash for hash in hashes if hash not in kept]
    later = [row for hash, row in kept.items() if hash not in set(hashes)]
    first = [_leaf(hash, text, kept) for hash, text in zip(hashes, texts, strict=True)]
    for table in (RECEIPT_LEAVES, RECEIPT_NODES, RECEIPT_HEADS):
        tx.conn.execute(delete(table))
    tx.conn.execute(update(RECEIPT_LOG).values(size=0, frontier=b""))
    tree.add(tx, [*first, *map(_again, later)], origin)
    return len(lost)


def _leaves(tx: Tx) -> list[LeafRow]:
    statement = select(*columns(RECEIPT_LEAVES, LeafRow)).order_by(RECEIPT_LEAVES.c.index)
    return fetch_all(tx.conn, LeafRow, statement)


def _leaf(hash: bytes, text: str, kept: dict[bytes, LeafRow]) -> NewLeaf:
    """A leaf of the copy; with what opens it, if it was not lost."""
    return _again(kept[hash]) if hash in kept else NewLeaf(hash, text, "", "", b"", "")


def _again(row: LeafRow) -> NewLeaf:
    secret = bytes(row.secret)
    return NewLeaf(bytes(row.hash), row.leaf, row.agency, row.call, secret, row.terms)
