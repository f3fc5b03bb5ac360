"""The settings, editors and templates of notices."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.notify.tables.metadata import MOMENT, metadata

BOOKS = Table(
    "books",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("document", JSONB, nullable=False),
    Column("at", MOMENT, nullable=False, server_default=func.now()),
)


EDITORS = Table(
    "editors",
    metadata,
    Column("username", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default="true"),
)
LOOKS = Table(
    "looks",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("subject", JSONB, nullable=False),
)
# What an editor sent to one receiver, and what for.
HAND_MESSAGES = Table(
    "hand_messages",
    metadata,
    Column("message", Uuid, primary_key=True),
    Column("editor", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
)
TEMPLATES = Table(
    "templates",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("consent", Text, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Column("archived_at", MOMENT),
    Column("archived_by", Text),
    UniqueConstraint("owner", "code", "channel"),
)
TEMPLATE_VERSIONS = Table(
    "template_versions",
    metadata,
    Column("template", Uuid, ForeignKey(TEMPLATES.c.id), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("texts", JSONB, nullable=False),
    # Whether its e-mails have our link, by which their receivers end them.
    Column("unsubscribe", Boolean, nullable=False, server_default="false"),
    Column("state", Text, nullable=False, server_default="DRAFT"),
    Column("drafted_by", Text, nullable=False),
    Column("drafted_at", MOMENT, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", MOMENT),
    Column("withdrawn_by", Text),
)
