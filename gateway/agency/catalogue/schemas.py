"""/schemas/<contract>.json (JSON Schema 2020-12), and /asyncapi.json: Commands and Events."""

from functools import cache, lru_cache

import orjson
from starlette.requests import Request
from starlette.responses import Response

from bus.errors import NotFound
from bus.messages import kinds
from bus.process.version import release
from bus.topology import COMMANDS, EVENTS, agency_events
from contracts import Command, Contract, Event, agency_contracts, catalogue
from gateway.http.documents import Document
from gateway.openapi.document import CACHE, LICENCE
from gateway.openapi.shapes import Node, inline

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REPLY, HEARD_OF = ".reply", ".heard"
IN_SPEC, IN_SCHEMA = b'"#/components/schemas/', b'"#/$defs/'
_TEXT = {"type": "string"}
_PROPERTIES: Node = {
    "ce-specversion": {"const": "1.0"},
    **dict.fromkeys(("ce-id", "ce-type", "ce-source", "ce-correlation", "ce-causation"), _TEXT),
    "ce-time": {"type": "string", "format": "date-time"},
    "ce-subject": _TEXT,
    "traceparent": _TEXT,
}
# bus/envelope.py writes these.
ENVELOPE: Node = {
    "type": "object",
    "required": ["ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "ce-correlation"],
    "properties": _PROPERTIES,
}
# services/agencies/feeds/feed.py writes these into the queue of an agency.
HEARD: Node = {
    "type": "object",
    "required": ["ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "ce-sequence"],
    "properties": {
        **{
            name: schema
            for name, schema in _PROPERTIES.items()
            if name not in ("ce-correlation", "ce-causation")
        },
        "ce-sequence": {"type": "string", "pattern": "^[0-9]{12}$"},
    },
}
HEARING = "hearing"


@lru_cache(maxsize=1)
def public_contracts() -> dict[str, Contract]:
    """The contracts whose schemas are public: those of agencies, and all Commands and Events."""
    return {c.name: c for c in (*agency_contracts(), *published())}


def published() -> list[Contract]:
    """All Commands and Events, in the order of their names."""
    return [c for _, c in sorted(catalogue().items()) if isinstance(c, Command | Event)]


def schema_names() -> list[str]:
    """The names of all public schemas."""
    names = []
    for name, contract in public_contracts().items():
        names.append(name)
        if isinstance(contract, kinds.Request):
            names.append(name + REPLY)
        if isinstance(contract, Event) and contract.hearable:
            names.append(name + HEARD_OF)
    return names


@cache
def json_schema(name: str) -> bytes | None:
    """The schema of a contract's message; with ``.reply`` behind its name that of the answer, with
    ``.heard`` that of what agencies hear of an Event.
    """
    contract = public_contracts().get(name.removesuffix(REPLY).removesuffix(HEARD_OF))
    if contract is None:
        return None
    schema, doc = contract.schema, contract.doc
    if name.endswith(REPLY):
        if not isinstance(contract, kinds.Request):
            return None
        schema, doc = contract.reply_schema, f"The answer to {contract.name}"
    elif name.endswith(HEARD_OF):
        if not isinstance(contract, Event) or not contract.hearable:
            return None
        schema = contract.agency_schema
    content, inner = inline(
        schema, closed=contract.unknown == "raise" and schema is contract.schema
    )
    whole = {
        "$schema": DIALECT,
        "$id": f"/schemas/{name}.json",
        "title": name,
        "description": doc,
        **content,
        **({"$defs": inner} if inner else {}),
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2).replace(IN_SPEC, IN_SCHEMA)


@lru_cache(maxsize=1)
def asyncapi() -> bytes:
    """The AsyncAPI 3.0 document, as JSON."""
    schemas: Node = {"Envelope": ENVELOPE, "HeardEnvelope": HEARD}
    messages: Node = {}
    for contract in published():
        content, inner = inline(contract.schema, closed=contract.unknown == "raise")
        schemas |= {**inner, contract.name: content}
        messages[contract.name] = _message(contract, contract.name, "Envelope")
    for event in hearable():
        content, inner = inline(event.agency_schema, closed=False)
        name = event.name + HEARD_OF
        schemas |= {**inner, name: content}
        messages[name] = _message(event, name, "HeardEnvelope")
    whole = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Mirab, Commands and Events",
            "version": release(),
            "description": "What is told over the bus; an Event never carries personal data.",
            "license": {"name": LICENCE["name"]},
        },
        "defaultContentType": "application/json",
        "channels": {**{c.name: _channel(c) for c in published()}, HEARING: _hearing_channel()},
        "operations": {
            **{f"tell-{c.name}": _operation(c) for c in published()},
            HEARING: _operation_on(HEARING, "An agency hears what it may, in its own queue"),
        },
        "components": {"messages": messages, "schemas": schemas},
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2)


def hearable() -> list[Event]:
    """The Events that agencies may hear, in the order of their names."""
    return [c for c in published() if isinstance(c, Event) and c.hearable]


def _message(contract: Contract, payload: str, envelope: str) -> Node:
    return {
        "name": contract.name,
        "summary": contract.doc,
        "contentType": "application/json",
        "headers": {"$ref": f"#/components/schemas/{envelope}"},
        "payload": {"$ref": f"#/components/schemas/{payload}"},
    }


def _hearing_channel() -> Node:
    name = agency_events("{agency}").name
    return {
        "address": name,
        "description": "The queue of one agency; CloudEvents 1.0 in binary mode.",
        "parameters": {"agency": {"description": "The code of the agency"}},
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"}
            for name in (c.name + HEARD_OF for c in hearable())
        },
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {"name": name, "durable": True, "exclusive": False, "autoDelete": False},
                "bindingVersion": "0.3.0",
            }
        },
    }


def _channel(contract: Contract) -> Node:
    exchange = EVENTS if isinstance(contract, Event) else COMMANDS
    return {
        "address": contract.name,
        "messages": {contract.name: {"$ref": f"#/components/messages/{contract.name}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": exchange, "type": "topic", "durable": True},
                "bindingVersion": "0.3.0",
            }
        },
    }


def _operation(contract: Contract) -> Node:
    event = isinstance(contract, Event)
    summary = f"{contract.context} tells what happened" if event else "One service is told"
    return _operation_on(contract.name, summary)


def _operation_on(channel: str, summary: str) -> Node:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
    }


async def asyncapi_json(request: Request) -> Response:
    """GET /asyncapi.json"""
    return Document(asyncapi(), "application/json", CACHE).response(request)


async def schema_json(request: Request) -> Response:
    """GET /schemas/{name}.json"""
    schema = json_schema(request.path_params["name"])
    if schema is None:
        raise NotFound("There is no schema of that name.", code="contract.unknown")
    return Document(schema, "application/schema+json", CACHE).response(request)
