"""Lost leaves, put back from a copy of the log: in their places, if the root is the signed one."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import delete, update

from bus.database.store import Tx
from bus.errors import Conflict
from bus.evidence.merkle import leaf_hash, root_of
from services.agencies.receipt_tables import (
    RECEIPT_BUNDLES,
    RECEIPT_HEADS,
    RECEIPT_LOG,
    RECEIPT_NODES,
    RECEIPT_PLACES,
)
from services.agencies.receipts import bundles, heads, tree
from services.agencies.receipts.bundles import KeptLeaf, NewLeaf


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
    frontier = tree.lock(tx, origin)
    kept = {leaf.hash: leaf for leaf in bundles.read_range(tx.conn, 0, frontier.size)}
    signed = set(hashes)
    lost = [hash for hash in hashes if hash not in kept]
    later = [leaf for hash, leaf in kept.items() if hash not in signed]
    first = [_leaf(hash, text, kept) for hash, text in zip(hashes, texts, strict=True)]
    for table in (RECEIPT_BUNDLES, RECEIPT_PLACES, RECEIPT_NODES, RECEIPT_HEADS):
        tx.conn.execute(delete(table))
    tx.conn.execute(update(RECEIPT_LOG).values(size=0, frontier=b""))
    tree.add(tx, [*first, *later], origin)
    return len(lost)


def _leaf(hash: bytes, text: str, kept: dict[bytes, KeptLeaf]) -> NewLeaf:
    """A leaf of the copy; with what opens it, if it was not lost."""
    return kept[hash] if hash in kept else NewLeaf(hash, text, "", "", "", "")
