"""Guaranteed Delivery: messages are rows of the same transaction; the relay sends them."""

from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    insert,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from bus import topology
from bus.envelope import Envelope
from bus.errors import ContractError
from bus.kinds import Command, Contract

CHANNEL = "mirab_outbox"

metadata = MetaData()
TABLE = Table(
    "outbox",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("exchange", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("sent_at", DateTime(timezone=True)),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("problem", Text),
    # The services that have not acknowledged it yet, and those of them where it died.
    Column("awaits", ARRAY(Text), nullable=False, server_default="{}"),
    Column("died", ARRAY(Text), nullable=False, server_default="{}"),
    Column("resends", Integer, nullable=False, server_default="0"),
    Column("resend_at", DateTime(timezone=True)),
)
Index("outbox_unsent", TABLE.c.seq, postgresql_where=TABLE.c.sent_at.is_(None))
Index("outbox_sent", TABLE.c.sent_at, postgresql_where=TABLE.c.sent_at.is_not(None))
Index("outbox_awaited", TABLE.c.resend_at, postgresql_where=text("awaits <> '{}'"))


def row(
    contract: Contract, envelope: Envelope, data: dict[str, Any], agency: str | None = None
) -> dict[str, Any]:
    """One message as a row to insert; one for an ``agency`` goes to that agency's queue.

    ContractError if no broker would take it: it would be tried for ever.
    """
    body = orjson.dumps(data)
    if len(body) > topology.LONGEST_MESSAGE:
        raise ContractError(
            f"A message of {contract.name} has at most {topology.LONGEST_MESSAGE} bytes; put what "
            "is larger into the blob store.",
            contract=contract.name,
        )
    exchange = topology.COMMANDS if isinstance(contract, Command) else topology.EVENTS
    return {
        "id": envelope.id,
        "exchange": topology.AGENCY if agency else exchange,
        "name": topology.agency_key(agency, contract.name) if agency else contract.name,
        "headers": envelope.headers(),
        "body": body,
        "awaits": [] if agency else list(contract.receivers),
    }


def heard(agency: str, id: str, headers: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """What an agency hears, as a row to insert; ``id`` is of this one telling."""
    (key,) = topology.agency_events(agency).keys
    return {
        "id": id,
        "exchange": topology.AGENCY,
        "name": key,
        "headers": headers,
        "body": orjson.dumps(data),
        "awaits": [],
    }


def add(conn: Connection, rows: list[dict[str, Any]]) -> None:
    """Puts messages into the outbox and wakes the relay when the transaction commits."""
    conn.execute(insert(TABLE), rows)
    conn.execute(text(f"notify {CHANNEL}"))
