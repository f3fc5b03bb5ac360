"""The kernel's own tables, which every service has in its database; migrations make them.

``bus/kernel_tables.py`` holds the SQL of the migrations; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()
MOMENT = DateTime(timezone=True)

OUTBOX = Table(
    "outbox",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("exchange", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", MOMENT, nullable=False, server_default=func.now()),
    Column("due_at", MOMENT, nullable=False, server_default=func.now()),
    Column("sent_at", MOMENT),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("problem", Text),
    # The services that have not acknowledged it yet, and those of them where it died.
    Column("awaits", ARRAY(Text), nullable=False, server_default="{}"),
    Column("died", ARRAY(Text), nullable=False, server_default="{}"),
    Column("resends", Integer, nullable=False, server_default="0"),
    Column("resend_at", MOMENT),
)
Index("outbox_unsent", OUTBOX.c.seq, postgresql_where=OUTBOX.c.sent_at.is_(None))
Index("outbox_sent", OUTBOX.c.sent_at, postgresql_where=OUTBOX.c.sent_at.is_not(None))
Index("outbox_awaited", OUTBOX.c.resend_at, postgresql_where=text("awaits <> '{}'"))

INBOX = Table(
    "inbox",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("reply", LargeBinary),
    Column("at", MOMENT, nullable=False, server_default=func.now(), index=True),
)

FAILED_ROWS = Table(
    "failed_rows",
    metadata,
    Column("chore", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("at", MOMENT, nullable=False, server_default=func.now()),
)

COMMANDS_RUN = Table(
    "commands_run",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("at", MOMENT, nullable=False, server_default=func.now()),
    Column("run_by", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("details", JSONB, nullable=False),
)
