"""Civic apps that send reports over Open311."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.ticketing.tables.base import MOMENT, id_column, metadata, ticket_column

# Which app sent a report: it alone may write about it.
APP_REPORTS = Table(
    "app_reports",
    metadata,
    Column("ticket", BigInteger, ForeignKey("tickets.id"), primary_key=True, autoincrement=False),
    Column("app", Text, nullable=False),
)
# What apps wrote, by their own ids, so that a repeat is the same; the words stand in the log.
APP_UPDATES = Table(
    "app_updates",
    metadata,
    id_column(),
    Column("app", Text, nullable=False),
    Column("update_id", Text, nullable=False),
    ticket_column(),
    Column("digest", LargeBinary, nullable=False),
    Column("at", MOMENT, nullable=False),
)
# Tickets that were sent on to other cities. ``payload`` is what goes, kept until it is there.
FORWARDINGS = Table(
    "forwardings",
    metadata,
    id_column(),
    ticket_column(),
    Column("city", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("payload", JSONB(none_as_null=True)),
    Column("consent", Text, nullable=False, server_default=""),
    Column("by", Text, ForeignKey("staff.username"), nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("next_at", MOMENT, nullable=False),
    Column("sent_at", MOMENT),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("news", Integer, nullable=False, server_default="0"),
    Column("remote_id", Text),
    Column("token", Text),
    Column("remote_status", Text),
    Column("remote_notes", Text),
    Column("seen", JSONB, nullable=False, server_default="[]"),
    Column("problem", Text),
    Column("problem_text", Text),
)
