"""The description of one service as getOpenAPI gives it: OpenAPI 3.0, which X-Road's readers take.

Our schemas are of JSON Schema 2020-12 (OpenAPI 3.1); what 3.0 has no word for is left out, so that
the description is never stricter than the contract.
"""

from functools import cache
from typing import Any

import orjson

from bus.messages import kinds
from bus.process.version import release
from gateway.agency.xroad.services import code_of
from gateway.openapi.answers import PROBLEM
from gateway.openapi.shapes import Node, Shapes

# Where a service is, is X-Road's matter (Openapi3Anonymiser).
MASKED = "http://example.org/xroad"
_UNKNOWN_TO_3_0 = frozenset(
    {
        "const",
        "examples",
        "propertyNames",
        "patternProperties",
        "contentMediaType",
        "contentEncoding",
        "if",
        "then",
        "else",
        "dependentRequired",
        "dependentSchemas",
        "prefixItems",
        "contains",
        "unevaluatedProperties",
        "$schema",
        "$comment",
    }
)
_INNER = ("items", "not", "additionalProperties")
_LISTS = ("anyOf", "oneOf", "allOf")
_STATED = {
    "purpose": "May be left out if the register names one for your subsystem.",
    "case_number": "X-Road-Issue if left out.",
    "operator": "X-Road-UserId if left out.",
}
_ERROR: Node = {
    "type": "object",
    "description": "An error of X-Road; then there is the header X-Road-Error",
    "properties": {name: {"type": "string"} for name in ("type", "message", "detail")},
}


@cache
def description(contract: kinds.Request) -> bytes:
    """The description of a contract's service, as JSON."""
    shapes = Shapes()
    body, reply = shapes.body(contract.schema), shapes.reply(contract.reply_schema)
    schemas = {**shapes.components(), "Problem": PROBLEM, "XRoadError": _ERROR}
    whole = {
        "openapi": "3.0.3",
        "info": {
            "title": code_of(contract),
            "version": release(),
            "description": f"{contract.doc} This is the contract {contract.name} of Mirab.",
        },
        "servers": [{"url": MASKED}],
        "paths": {"/": {"post": _operation(contract, body, reply)}},
        "components": {"schemas": {name: as_3_0(schema) for name, schema in schemas.items()}},
    }
    return orjson.dumps(whole)


def _operation(contract: kinds.Request, body: Node, reply: Node) -> Node:
    stated = [f"{name}: {text}" for name, text in _STATED.items() if name in contract.schema.fields]
    return {
        "operationId": code_of(contract),
        "summary": contract.doc,
        "description": " ".join([contract.doc, *stated]),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": as_3_0(body)}},
        },
        "responses": {
            "200": {
                "description": "The answer",
                "content": {"application/json": {"schema": as_3_0(reply)}},
            },
            "default": {
                "description": "A refusal: a problem (RFC 9457), or an error of X-Road",
                "content": {
                    "application/problem+json": {"schema": _ref("Problem")},
                    "application/json": {"schema": _ref("XRoadError")},
                },
            },
        },
    }


def _ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def as_3_0(schema: Node) -> Node:
    """A schema of OpenAPI 3.1 as one of 3.0.

    >>> as_3_0({"type": ["string", "null"], "examples": ["a"]})
    {'type': 'string', 'nullable': True, 'example': 'a'}
    >>> as_3_0({"anyOf": [{"$ref": "#/x"}, {"type": "null"}]})
    {'allOf': [{'$ref': '#/x'}], 'nullable': True}
    """
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    result: Node = {}
    for name, value in schema.items():
        result |= _member(name, value)
    if "const" in schema:
        result["enum"] = [schema["const"]]
    if schema.get("examples"):
        result["example"] = schema["examples"][0]
    return result


def _member(name: str, value: Any) -> Node:  # Any: what a member of a schema has
    if name == "properties":
        return {name: {member: as_3_0(inner) for member, inner in value.items()}}
    if name in _INNER and isinstance(value, dict):
        return {name: as_3_0(value)}
    if name in _LISTS:
        return _listed(name, value)
    if name == "type":
        return _typed(value)
    if name in ("exclusiveMinimum", "exclusiveMaximum"):
        return {name.replace("exclusiveM", "m"): value, name: True}
    return {} if name in _UNKNOWN_TO_3_0 else {name: value}


def _typed(types: object) -> Node:
    listed = types if isinstance(types, list) else [types]
    kept = [name for name in listed if name != "null"]
    nullable: Node = {"nullable": True} if len(kept) < len(listed) else {}
    if len(kept) == 1:
        return {"type": kept[0], **nullable}
    return {"anyOf": [{"type": name} for name in kept], **nullable} if kept else nullable


def _listed(name: str, schemas: list[Node]) -> Node:
    kept = [schema for schema in schemas if schema != {"type": "null"}]
    nullable: Node = {"nullable": True} if len(kept) < len(schemas) else {}
    if len(kept) == 1 and nullable:
        return {"allOf": [as_3_0(kept[0])], **nullable}
    return {name: [as_3_0(schema) for schema in kept], **nullable}
