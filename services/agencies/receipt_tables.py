"""The tables of the log of receipts: a tree that only grows (RFC 9162), and its signed heads."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    false,
)

from services.agencies.key_tables import metadata

__all__ = ["metadata"]

# One row: the size of the tree, and its perfect subtrees' hashes from the largest to the smallest,
# one behind the other. Whoever adds leaves locks it.
RECEIPT_LOG = Table(
    "receipt_log",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)

# ``secret`` and ``terms`` open the leaf's commitments; empty once they were destroyed, and for
# anchors. ``agency`` is whose call it was.
RECEIPT_LEAVES = Table(
    "receipt_leaves",
    metadata,
    Column("index", BigInteger, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("leaf", Text, nullable=False),
    Column("agency", Text, nullable=False),
    Column("call", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("terms", Text, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
)
Index("receipt_leaves_call", RECEIPT_LEAVES.c.call, RECEIPT_LEAVES.c.index.desc())
Index("receipt_leaves_added", RECEIPT_LEAVES.c.added_at)

# The roots of perfect subtrees from level 4 (16 leaves) on; smaller ones are made of their leaves.
RECEIPT_NODES = Table(
    "receipt_nodes",
    metadata,
    Column("level", SmallInteger, primary_key=True),
    Column("index", BigInteger, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
)

# Signed heads: ``note`` with the log's signature and those of witnesses, ``stamp`` a time stamp.
RECEIPT_HEADS = Table(
    "receipt_heads",
    metadata,
    Column("size", BigInteger, primary_key=True),
    Column("note", Text, nullable=False),
    Column("stamp", LargeBinary),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("cosigned", Boolean, nullable=False, server_default=false()),
)
Index(
    "receipt_heads_stamped",
    RECEIPT_HEADS.c.size,
    postgresql_where=RECEIPT_HEADS.c.stamp.is_not(None),
)
Index("receipt_heads_cosigned", RECEIPT_HEADS.c.size, postgresql_where=RECEIPT_HEADS.c.cosigned)


@dataclass(frozen=True, slots=True)
class LeafRow:
    """A leaf of the log, and what opens it."""

    index: int
    hash: bytes
    leaf: str
    agency: str
    call: str
    secret: bytes
    terms: str


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A signed head."""

    size: int
    note: str
    stamp: bytes | None
    signed_at: dt.datetime
