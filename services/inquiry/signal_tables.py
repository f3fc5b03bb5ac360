"""The tables of the signal hub, beside those of tables.py: watches, seeds, and what is due."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()
MOMENT = DateTime(timezone=True)

# An agency that watches. Its row is locked while its watches are counted or its signals numbered.
WATCHERS = Table(
    "watchers",
    metadata,
    Column("agency", Text, primary_key=True),
    # Which kinds of keys it has ever watched: others need not be hashed for it.
    Column("kinds", ARRAY(Text), nullable=False, server_default="{}"),
    # The grants of its last deposit: they count where there is no register.
    Column("grants", JSONB, nullable=False, server_default="[]"),
    # The last number of its signals, and the oldest that is kept.
    Column("last", BigInteger, nullable=False, server_default="0"),
    Column("oldest", BigInteger, nullable=False, server_default="1"),
)
# A seed follows from the secret of the service and this salt: once the row is gone it is destroyed.
WATCH_SEEDS = Table(
    "watch_seeds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("agency", Text, ForeignKey("watchers.agency"), nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    # When an older one is destroyed; empty for the one in use.
    Column("until", MOMENT),
)
Index(
    "watch_seeds_in_use",
    WATCH_SEEDS.c.agency,
    unique=True,
    postgresql_where=WATCH_SEEDS.c.until.is_(None),
)
WATCHES = Table(
    "watches",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("pseudonym", LargeBinary, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("key_kind", Text, nullable=False),
    Column("seed", Text, nullable=False),
    Column("deposited_at", MOMENT, nullable=False),
    Column("until", MOMENT, nullable=False),
)
# What has changed and was not compared with watches yet: the record before and after.
SIGNAL_CHANGES = Table(
    "signal_changes",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("file_no", Text, nullable=False),
    Column("old_id", BigInteger),
    Column("new_id", BigInteger),
    Column("version", Integer),
    Column("noted_at", MOMENT, nullable=False),
    # Of what changed by its date alone: the day up to which that was compared before.
    Column("since", Date),
    CheckConstraint("kind in ('record', 'unread', 'decree', 'debt', 'day')"),
)
# One row: up to which day in Iran it is noted what changes by its date, and how far the next is.
SIGNAL_DAYS = Table(
    "signal_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("to_day", Date),
    Column("after_id", BigInteger, nullable=False, server_default="0"),
)
# Of whom an agency hears when the span of minutes has ended; again and again changed is once heard.
SIGNALS_DUE = Table(
    "signals_due",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("pseudonym", LargeBinary, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("due_at", MOMENT, nullable=False),
)
Index("signals_due_at", SIGNALS_DUE.c.due_at)
SIGNALS = Table(
    "signals",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("pseudonym", LargeBinary),
    Column("key_kind", Text),
    Column("seed", Text, nullable=False),
    # Under which purposes it is watched; none for a signal that concerns all of them.
    Column("purposes", ARRAY(Text), nullable=False),
    Column("at", MOMENT, nullable=False),
)
