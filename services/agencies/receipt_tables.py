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

# Up to 256 leaves that were added at once, ``first`` the place of the first: their hashes one
# behind the other, and a line each in the other columns: the leaf, whose call it was, its id, and
# what opens its commitments (secret, blank, terms). ``openings`` is empty once they were destroyed.
RECEIPT_BUNDLES = Table(
    "receipt_bundles",
    metadata,
    Column("first", BigInteger, primary_key=True),
    Column("hashes", LargeBinary, nullable=False),
    Column("leaves", Text, nullable=False),
    Column("agencies", Text, nullable=False),
    Column("calls", Text, nullable=False),
    Column("openings", Text, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
)
Index(
    "receipt_bundles_open",
    RECEIPT_BUNDLES.c.added_at,
    postgresql_where=RECEIPT_BUNDLES.c.openings != "",
)

# Where a leaf stands, by the first eight bytes of its hash and of the SHA-256 of its call's id.
RECEIPT_PLACES = Table(
    "receipt_places",
    metadata,
    Column("index", BigInteger, nullable=False),
    Column("hash", BigInteger, nullable=False),
    Column("call", BigInteger, nullable=False),
)
Index("receipt_places_hash", RECEIPT_PLACES.c.hash)
Index("receipt_places_call", RECEIPT_PLACES.c.call, RECEIPT_PLACES.c.index)

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
class HeadRow:
    """A signed head."""

    size: int
    note: str
    stamp: bytes | None
    signed_at: dt.datetime
