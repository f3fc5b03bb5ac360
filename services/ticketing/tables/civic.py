"""Civic apps that send reports over Open311."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table, Text

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
