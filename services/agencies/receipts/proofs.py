"""What anybody may ask of the log, and the receipts of an agency's calls."""

import base64
import re

from sqlalchemy import Connection, select

from bus.database.rows import columns, fetch_one
from bus.errors import NotFound, RuleBroken
from bus.evidence.leaves import Leaf, parse_leaf, salts_of
from bus.evidence.merkle import Nodes, consistency_nodes, inclusion_nodes, proof_of
from bus.evidence.receipts import Receipt
from bus.signatures.keys import base64url, from_base64url
from contracts.agencies.receipts import Consistency, Entries, Inclusion, ReceiptReply
from services.agencies.receipt_tables import RECEIPT_HEADS, HeadRow
from services.agencies.receipts import bundles, heads, tree
from services.agencies.receipts.bundles import KeptLeaf

_HASH = re.compile(r"[A-Za-z0-9_-]{43}")
NOT_THERE = "receipt.not_found"


def inclusion(conn: Connection, leaf: str, size: int | None) -> Inclusion:
    """Prove that a leaf stands in the tree of a signed head, the newest if none is named.

    NotFound ``receipt.not_found`` for a leaf that does not, or not yet.
    """
    head = _head(conn, size)
    row = bundles.find_by_hash(conn, from_base64url(leaf))
    if row is None or row.index >= head.size:
        raise NotFound("There is no such leaf under this head.", code=NOT_THERE)
    proof = _proof(conn, inclusion_nodes(row.index, head.size))
    return Inclusion(index=row.index, size=head.size, proof=tuple(map(_base64, proof)))


def consistency(conn: Connection, old: int, new: int) -> Consistency:
    """Prove that the tree of ``new`` leaves begins with that of ``old``.

    RuleBroken ``receipts.sizes`` unless old <= new <= the newest signed size.
    """
    if not old <= new <= _head(conn, None).size:
        raise RuleBroken(
            "The sizes are those of signed heads, the older first.", code="receipts.sizes"
        )
    return Consistency(old=old, new=new, proof=tuple(map(_base64, growth(conn, old, new))))


def entries(conn: Connection, start: int, limit: int) -> Entries:
    """Leaves in their order, as far as a signed head covers them."""
    size = _head(conn, None).size
    leaves = bundles.read_range(conn, start, min(start + limit, size))
    return Entries(start=start, size=size, leaves=tuple(leaf.leaf for leaf in leaves))


def receipt(conn: Connection, agency: str, id_: str) -> ReceiptReply:
    """The receipt of a call of that agency, by its leaf's hash or by the call's id.

    NotFound ``receipt.not_found`` for any other, and for a leaf that the log does not have yet.
    """
    row = _newest_of(conn, agency, id_)
    if row is None and _HASH.fullmatch(id_):
        row = bundles.find_by_hash(conn, from_base64url(id_))
    if row is None or row.agency != agency:
        raise NotFound(
            "The log has no leaf of that hash or call of your agency. One that you were promised "
            "a moment ago may be on its way; ask again.",
            code=NOT_THERE,
        )
    hash_text = base64url(row.hash)
    head = _covering(conn, row.index)
    if head is None:
        return ReceiptReply(leaf=hash_text, state="WAITING")
    return ReceiptReply(leaf=hash_text, state="PROVEN", receipt=_receipt(conn, row, head))


def _receipt(conn: Connection, row: KeptLeaf, head: HeadRow) -> str:
    leaf = parse_leaf(row.leaf.encode())
    if not isinstance(leaf, Leaf) or not row.secret:
        raise NotFound(
            "What opens this leaf was destroyed when its time was over; the leaf stays.",
            code="receipt.expired",
        )
    return (
        Receipt(
            leaf=leaf,
            salts=salts_of(from_base64url(row.secret)),
            contents={"terms": row.terms.encode()},
            index=row.index,
            size=head.size,
            proof=tuple(_proof(conn, inclusion_nodes(row.index, head.size))),
            checkpoint=head.note,
            stamp=bytes(head.stamp) if head.stamp else None,
        )
        .write()
        .decode()
    )


def _covering(conn: Connection, index: int) -> HeadRow | None:
    """The first head behind a leaf that has a time stamp, else the first that a witness co-signed,
    else the newest; None if none covers it yet.
    """
    column = RECEIPT_HEADS.c
    covering = select(*columns(RECEIPT_HEADS, HeadRow)).where(column.size > index).limit(1)
    first = covering.order_by(column.size)
    return (
        fetch_one(conn, HeadRow, first.where(column.stamp.is_not(None)))
        or fetch_one(conn, HeadRow, first.where(column.cosigned))
        or fetch_one(conn, HeadRow, covering.order_by(column.size.desc()))
    )


def growth(conn: Connection, old: int, new: int) -> tuple[bytes, ...]:
    """The hashes that prove that the tree of ``new`` leaves begins with that of ``old``."""
    return tuple(_proof(conn, consistency_nodes(old, new)))


def _head(conn: Connection, size: int | None) -> HeadRow:
    """The signed head of that size, or the newest. NotFound ``receipts.no_head``."""
    if size is None:
        head = heads.newest_head(conn)
    else:
        statement = select(*columns(RECEIPT_HEADS, HeadRow)).where(RECEIPT_HEADS.c.size == size)
        head = fetch_one(conn, HeadRow, statement)
    if head is None:
        raise NotFound("There is no signed head of that size.", code="receipts.no_head")
    return head


def _newest_of(conn: Connection, agency: str, call: str) -> KeptLeaf | None:
    """The newest leaf of a call of that agency; None if there is none."""
    leaves = bundles.find_by_call(conn, call)
    return next((leaf for leaf in leaves if leaf.agency == agency), None)


def _proof(conn: Connection, needed: list[Nodes]) -> list[bytes]:
    nodes = {node for side in needed for node in side}
    return proof_of(needed, tree.hashes_of(conn, nodes))


def _base64(hash: bytes) -> str:
    return base64.b64encode(hash).decode()
