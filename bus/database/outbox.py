"""Guaranteed Delivery: outgoing messages are rows of the transaction; the relay sends them."""

import orjson
from sqlalchemy import Connection, insert, text

from bus import topology
from bus.database.tables import OUTBOX
from bus.envelope import Envelope
from bus.errors import ContractError
from bus.messages.kinds import Command, Contract
from bus.wire import Wire

CHANNEL = "mirab_outbox"


def row(contract: Contract, envelope: Envelope, data: Wire, agency: str | None = None) -> Wire:
    """Return the outbox row of a message; one for an ``agency`` goes to that agency's queue.

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


def agency_row(agency: str, id: str, headers: Wire, data: Wire) -> Wire:
    """Return the outbox row of an event for one agency; ``id`` is that of this one message."""
    (key,) = topology.agency_events(agency).keys
    return {
        "id": id,
        "exchange": topology.AGENCY,
        "name": key,
        "headers": headers,
        "body": orjson.dumps(data),
        "awaits": [],
    }


def add(conn: Connection, rows: list[Wire]) -> None:
    """Insert messages into the outbox and wake the relay when the transaction commits."""
    conn.execute(insert(OUTBOX), rows)
    # A constant; SQLAlchemy has no statement for it.
    conn.execute(text(f"notify {CHANNEL}"))
