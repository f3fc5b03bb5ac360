"""Announcements, subscriptions and the probes of the status page."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.notify.tables.metadata import DOCUMENT, MOMENT, metadata

ANNOUNCEMENTS = Table(
    "announcements",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", JSONB, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("components", ARRAY(Text), nullable=False),
    Column("impact", Text, nullable=False),
    Column("starts_at", MOMENT),
    Column("ends_at", MOMENT),
    Column("contracts", ARRAY(Text), nullable=False),
    Column("sunset", Date),
    Column("drafted_by", Text, nullable=False),
    Column("drafted_at", MOMENT, nullable=False),
    Column("published_at", MOMENT),
    Column("updated_at", MOMENT, nullable=False),
)
ANNOUNCEMENT_UPDATES = Table(
    "announcement_updates",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("announcement", BigInteger, ForeignKey(ANNOUNCEMENTS.c.id), nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("actor", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("impact", Text, nullable=False),
    Column("text", JSONB, nullable=False),
    Column("starts_at", MOMENT),
    Column("ends_at", MOMENT),
    Column("tell", Boolean, nullable=False),
)
SUBSCRIPTIONS = Table(
    "subscriptions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("receiver", DOCUMENT),
    Column("receiver_hash", LargeBinary, nullable=False),
    Column("language", Text, nullable=False),
    Column("topics", ARRAY(Text), nullable=False),
    Column("news", Boolean, nullable=False),
    Column("pin_hash", Text),
    Column("wrong_pins", Integer, nullable=False, server_default="0"),
    Column("asked_at", MOMENT, nullable=False),
    Column("confirmed_at", MOMENT),
    Column("ended_at", MOMENT),
    # Empty if its receiver ended it; else what did: e-mails that came back, or a complaint.
    Column("ended_by", Text, nullable=False, server_default=""),
)
# The updates that are to be sent to subscribers, and the last subscriber that each has reached.
NOTICE_RUNS = Table(
    "notice_runs",
    metadata,
    Column("update", BigInteger, ForeignKey(ANNOUNCEMENT_UPDATES.c.id), primary_key=True),
    Column("after", Uuid, nullable=False, server_default="00000000-0000-0000-0000-000000000000"),
    Column("done_at", MOMENT),
)
# A subscriber is sent an update once at the most.
SUBSCRIBER_NOTICES = Table(
    "subscriber_notices",
    metadata,
    Column("update", BigInteger, ForeignKey(ANNOUNCEMENT_UPDATES.c.id), primary_key=True),
    Column("subscription", Uuid, ForeignKey(SUBSCRIPTIONS.c.id), primary_key=True),
    Column("message", Uuid),
    Column("code", Text, nullable=False, server_default=""),
)
PROBES = Table(
    "probes",
    metadata,
    Column("component", Text, primary_key=True),
    Column("minute", MOMENT, primary_key=True),
    Column("up", Boolean, nullable=False),
    Column("partial", Boolean, nullable=False, server_default="false"),
)
# Days that are over, added up; nothing that is announced later changes them.
COMPONENT_DAYS = Table(
    "component_days",
    metadata,
    Column("component", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("measured", Integer, nullable=False),
    Column("down", Integer, nullable=False),
    Column("excluded", Integer, nullable=False),
    Column("excluded_down", Integer, nullable=False),
)
# Signed reports of months that are over. A row never changes: a correction is another edition.
PROMISE_REPORTS = Table(
    "promise_reports",
    metadata,
    Column("month", Text, primary_key=True),
    Column("edition", Integer, primary_key=True, autoincrement=False),
    Column("made_at", MOMENT, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("report", JSONB, nullable=False),
    Column("jws", Text, nullable=False),
    Column("key", JSONB, nullable=False),
)
# Corrections of reports: what an editor proposed to sign, and who decided.
PROMISE_CORRECTIONS = Table(
    "promise_corrections",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("month", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("report", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", MOMENT, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", MOMENT),
)
