"""Figures of senders, their limits, and for how long their messages are kept."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Table,
    Text,
    Uuid,
)

from services.notify.tables.metadata import MOMENT, metadata

# Messages by the day of Tehran on which they were accepted, as they stand now.
SENDER_DAYS = Table(
    "sender_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("template", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("parts", BigInteger, nullable=False),
    Column("cost_rials", BigInteger, nullable=False),
)
# Until when what ended is in the figures.
SENDER_DAYS_COUNTED = Table(
    "sender_days_counted",
    metadata,
    Column("one_row", Boolean, primary_key=True, server_default="true"),
    Column("until_at", MOMENT, nullable=False),
)
# Limits a day and a year, and days of keeping, each from a day on; a value of null ends one.
SENDER_RULES = Table(
    "sender_rules",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("value", BigInteger),
    Column("from_day", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("approved_by", Text),
    Column("withdrawn_by", Text),
    Column("made_at", MOMENT, nullable=False),
)
# What senders were told about a limit, once a day or year that begins then.
LIMIT_NOTICES = Table(
    "limit_notices",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("begins", Date, primary_key=True),
    Column("most", BigInteger, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("at", MOMENT, nullable=False),
)
