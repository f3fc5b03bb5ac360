"""Services, keys, guests and counts of the Notify API."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.notify.tables.messages import MESSAGES
from services.notify.tables.metadata import MOMENT, metadata

# What an agency is called in the Notify API: a service with keys.
API_SERVICES = Table(
    "api_services",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False, unique=True),
    Column("a_minute", Integer, nullable=False, server_default="3000"),
    Column("a_day", JSONB, nullable=False),
    Column("archived_at", MOMENT),
)
API_KEYS = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("service", Uuid, ForeignKey(API_SERVICES.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("revoked_at", MOMENT),
    UniqueConstraint("service", "name"),
)
# The guest list of team keys; addresses are not kept, only their hashes.
API_GUESTS = Table(
    "api_guests",
    metadata,
    Column("service", Uuid, ForeignKey(API_SERVICES.c.id), primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("receiver_hash", LargeBinary, primary_key=True),
)
API_MESSAGES = Table(
    "api_messages",
    metadata,
    Column("message", Uuid, ForeignKey(MESSAGES.c.id, ondelete="CASCADE"), primary_key=True),
    Column("key", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
)
API_COUNTS = Table(
    "api_counts",
    metadata,
    Column("service", Uuid, ForeignKey(API_SERVICES.c.id), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)
# Files that are sent by e-mail; names are sealed, keys and addresses are hashes.
SENT_FILES = Table(
    "sent_files",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False),
    Column("email_hash", LargeBinary),
    # By what a legal hold finds it: the receiver, hashed as that of a message, and a reference.
    Column("receiver_hash", LargeBinary),
    Column("reference", Text),
    Column("state", Text, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failed_at", MOMENT),
    Column("opened_at", MOMENT),
    Column("made_at", MOMENT, nullable=False),
    Column("until_at", MOMENT, nullable=False),
)
# Names under which agencies write: lines of SMS, addresses for answers, blocks of letters.
SENDERS = Table(
    "senders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("provider", Text),
    Column("is_default", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("approved_by", Text),
    Column("withdrawn_by", Text),
    Column("made_at", MOMENT, nullable=False),
)
