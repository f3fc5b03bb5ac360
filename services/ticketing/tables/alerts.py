"""Alerts by e-mail about public reports, and how easy people found forms."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)

from services.ticketing.tables.base import MOMENT, metadata

# The address and the place are forgotten when an alert ends.
REPORT_ALERTS = Table(
    "report_alerts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text),
    # By what the alerts of one mailbox are counted: a keyed hash.
    Column("email_hash", LargeBinary),
    Column("language", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("county", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("report", BigInteger, ForeignKey("tickets.id")),
    Column("lat", Double),
    Column("long", Double),
    Column("radius_km", Integer),
    Column("asked_at", MOMENT, nullable=False),
    Column("confirmed_at", MOMENT),
    Column("until", MOMENT),
    Column("ended_at", MOMENT),
    # Up to when reports were looked at, or up to which version of the one report.
    Column("since", MOMENT),
    Column("since_entry", Integer, nullable=False, server_default="0"),
    Column("next_at", MOMENT),
    # The last day (Tehran) on which something was sent, and how much on it.
    Column("sent_on", Date),
    Column("sent_that_day", Integer, nullable=False, server_default="0"),
    Column("reminded_at", MOMENT),
)
# What happened with alerts on each day (Tehran); of nobody.
ALERT_DAYS = Table(
    "alert_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("confirmed", Integer, nullable=False, server_default="0"),
    Column("ended", Integer, nullable=False, server_default="0"),
    Column("digests", Integer, nullable=False, server_default="0"),
    Column("updates", Integer, nullable=False, server_default="0"),
)
# How easy people found a form, by day (Tehran); of nobody.
FORM_RATINGS = Table(
    "form_ratings",
    metadata,
    Column("day", Date, primary_key=True),
    Column("form", Text, primary_key=True),
    Column("score", Integer, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
)
