"""Lost leaves, put back from a copy of the log: in their places, if the root is the signed one.

The copy and the log are read twice, a bundle at a time, whatever number of leaves they have.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, delete

from bus.database.store import Tx
from bus.errors import Conflict, Internal
from bus.evidence.merkle import Frontier, leaf_hash
from bus.evidence.notes import Checkpoint
from services.agencies.receipt_tables import RECEIPT_HEADS
from services.agencies.receipts import bundles, heads, taking, tree
from services.agencies.receipts.bundles import KeptLeaf, NewLeaf
from services.agencies.receipts.journal import Journal


def put_back(tx: Tx, copy: Path, origin: str, folder: Path, now: dt.datetime) -> int:
    """Make the log begin with the leaves of a copy, one a line, as the last signed head has them;
    what it took since follows them. How many leaves were put back.

    Conflict ``receipts.other_copy`` if the copy does not lead to that head.
    """
    head = heads.parse(heads.noted_head(folder))
    journal = Journal(folder, origin)
    taking.put_back(tx, journal, origin, now)
    same = _compare(tx.conn, copy, head, origin)
    frontier = _begin(tx.conn, copy, same)
    tree.cut(tx, frontier)
    tx.conn.execute(delete(RECEIPT_HEADS).where(RECEIPT_HEADS.c.size > same))
    lost = 0
    for texts in bundles.in_parts(_lines(copy, frontier.size, head.size)):
        leaves = _leaves(tx, texts)
        lost += sum(not isinstance(leaf, KeptLeaf) for leaf in leaves)
        frontier = tree.add(tx, frontier, leaves).frontier
    for since in bundles.read_aside(tx):
        frontier = tree.add(tx, frontier, since).frontier
    bundles.drop_aside(tx)
    journal.note((), frontier)
    return lost


def _compare(conn: Connection, copy: Path, head: Checkpoint, origin: str) -> int:
    """How many leaves the log and the copy begin with that are the same. Conflict as above."""
    frontier, same = Frontier(), 0
    for texts in bundles.in_parts(_lines(copy, 0, head.size)):
        first = frontier.size
        hashes = [leaf_hash(text.encode()) for text in texts]
        frontier = frontier.append(hashes)[0]
        if same == first:
            kept = bundles.read_range(conn, first, frontier.size)
            ours = [(leaf.leaf, leaf.hash) for leaf in kept]
            pairs = zip(ours, zip(texts, hashes, strict=True), strict=False)
            same += next((n for n, (our, its) in enumerate(pairs) if our != its), len(ours))
    if (frontier.size, frontier.root()) != (head.size, head.root) or head.origin != origin:
        raise Conflict(
            f"The copy does not lead to the head of {head.size} leaves that was signed.",
            code="receipts.other_copy",
        )
    return same


def _begin(conn: Connection, copy: Path, same: int) -> Frontier:
    """The tree of the whole bundles that stay as they are: none, if what is kept above them is not
    what their leaves make.
    """
    begin, frontier = bundles.begin_of(conn, same), Frontier()
    for texts in bundles.in_parts(_lines(copy, 0, begin)):
        frontier = frontier.append(leaf_hash(text.encode()) for text in texts)[0]
    try:
        fits = heads.root_at(conn, begin) == frontier.root()
    except Internal:
        fits = False
    return frontier if fits else Frontier()


def _leaves(tx: Tx, texts: Sequence[str]) -> list[NewLeaf]:
    """Leaves of the copy; each with what opens it, if it was not lost."""
    hashes = [leaf_hash(text.encode()) for text in texts]
    kept = bundles.find_aside(tx, hashes)
    return [
        replace(kept[hash], leaf=text) if hash in kept else NewLeaf(hash, text, "", "", "", "")
        for hash, text in zip(hashes, texts, strict=True)
    ]


def _lines(copy: Path, begin: int, end: int) -> Iterator[str]:
    with copy.open(encoding="ascii") as lines:
        for line in islice(lines, begin, end):
            yield line.rstrip("\n")
