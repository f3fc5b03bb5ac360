"""Texts that come in; numbers and words are sealed."""

from sqlalchemy import BigInteger, Column, Identity, Integer, LargeBinary, Table, Text, Uuid

from services.notify.tables.metadata import MOMENT, metadata

RECEIVED_TEXTS = Table(
    "received_texts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_hash", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("ticket", Text),
    Column("more", Integer, nullable=False, server_default="0"),
    Column("settled_by", Text),
    Column("created_at", MOMENT, nullable=False),
)

# Of a text that is kept no more, or not at all: a repeat is known, and nothing is anybody's.
EMPTIED = {
    "owner": "",
    "sender": "",
    "sender_hash": b"",
    "body": "",
    "state": "DONE",
    "ticket": None,
}

# Of a part whose sender was erased: a repeat is known by its digest, and belongs to no text.
EMPTIED_PART = {"common": b"", "sender": "", "sender_hash": b"", "body": ""}

# Parts of long texts; once those of one text were joined, words are empty and repeats are known.
TEXT_PARTS = Table(
    "text_parts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("common", LargeBinary, nullable=False),
    Column("place", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("provider", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("sender_hash", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("joined_at", MOMENT),
)
