"""Agencies' webhook endpoints, and what is delivered to them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from services.notify.tables.metadata import MOMENT, metadata

CALLBACKS = Table(
    "callbacks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("key_id", Text),
    Column("url", Text, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("secret", Text, nullable=False),
    Column("secret_by", Text, nullable=False),
    Column("secret_at", MOMENT, nullable=False),
    Column("old_secret", Text),
    Column("old_until", MOMENT),
    Column("private_key", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("ok_at", MOMENT),
    Column("failing_since", MOMENT),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("rests_until", MOMENT),
)
CALLBACK_DELIVERIES = Table(
    "callback_deliveries",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("callback", Uuid, ForeignKey(CALLBACKS.c.id, ondelete="CASCADE"), nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_at", MOMENT, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("status", Integer),
    Column("problem", Text, nullable=False, server_default=""),
    Column("made_at", MOMENT, nullable=False),
    Column("tried_at", MOMENT),
    Column("ended_at", MOMENT),
)
