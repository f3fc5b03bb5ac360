"""Bulk jobs and their rows."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.notify.tables.metadata import DOCUMENT, MOMENT, metadata

JOBS = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("code", Uuid, nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("key_id", Text),
    Column("name", Text, nullable=False),
    Column("request", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("versions", DOCUMENT),
    Column("good", Integer, nullable=False, server_default="0"),
    Column("bad", Integer, nullable=False, server_default="0"),
    Column("parts", BigInteger, nullable=False, server_default="0"),
    Column("cost_rials", BigInteger, nullable=False, server_default="0"),
    Column("submitted_at", MOMENT, nullable=False),
    Column("checked_at", MOMENT),
    Column("start_at", MOMENT),
    Column("ended_at", MOMENT),
)
# The file as it came, until it was checked.
JOB_PARTS = Table(
    "job_parts",
    metadata,
    Column("job", BigInteger, ForeignKey(JOBS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)
# A row becomes a message in the transaction that changes its state: once.
JOB_ROWS = Table(
    "job_rows",
    metadata,
    Column("job", BigInteger, ForeignKey(JOBS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("request", DOCUMENT),
    Column("state", Text, nullable=False),
    Column("problem", DOCUMENT),
    Column("message", Uuid),
)
