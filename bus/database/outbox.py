"""Guaranteed Delivery: messages are rows of the same transaction; the relay sends them."""

from typing import Any

import orjson
from sqlalchemy import Connection, insert, text

from bus import topology
from bus.database.tables import OUTBOX
from bus.envelope import Envelope
from bus.errors import ContractError
from bus.kinds import Command, Contract

CHANNEL = "mirab_outbox"


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


def agency_row(
    agency: str, id: str, headers: dict[str, Any], data: dict[str, Any]
) -> dict[str, Any]:
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
    conn.execute(insert(OUTBOX), rows)
    # A constant; SQLAlchemy has no statement for it.
    conn.execute(text(f"notify {CHANNEL}"))
