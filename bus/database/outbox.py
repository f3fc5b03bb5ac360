"""Guaranteed Delivery: outgoing messages are rows of the transaction; the relay sends them."""

import orjson

from bus import topology
from bus.call_leaves import ADD_LEAVES
from bus.database.prepared import Prepared, Writer
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


# Several rows of arrays at once, numbered in the order in which they were put.
_ADD = Prepared(
    "outbox_add",
    """
    insert into outbox (id, exchange, name, headers, body, awaits)
    select id, exchange, name, cast(headers as jsonb), body, cast(awaits as text[])
    from unnest(cast(%s as text[]), cast(%s as text[]), cast(%s as text[]), cast(%s as text[]),
                cast(%s as bytea[]), cast(%s as text[]))
        with ordinality as row(id, exchange, name, headers, body, awaits, n)
    order by n""",
)
_WAKE = Prepared("outbox_wake", f"select pg_notify('{CHANNEL}', '')")


def add(tx: Writer, rows: list[Wire]) -> None:
    """Insert messages into the outbox and wake the relay when the transaction commits."""
    tx.write(
        _ADD,
        [row["id"] for row in rows],
        [row["exchange"] for row in rows],
        [row["name"] for row in rows],
        [orjson.dumps(row["headers"]).decode() for row in rows],
        [row["body"] for row in rows],
        # Names of services, which need no quotes in an array.
        [f"{{{','.join(row['awaits'])}}}" for row in rows],
    )
    # Leaves are in no hurry: they wait for the relay's next round, and travel together.
    if any(row["name"] != ADD_LEAVES for row in rows):
        tx.write(_WAKE)
