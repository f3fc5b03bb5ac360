"""The OpenAPI document of X-Road's REST face, /xroad.json: what is the same for all services.

Each service has a description of its own, which getOpenAPI gives.
"""

from functools import cache

import orjson

from bus.process.version import release
from gateway.agency.xroad.names import SERVICE_PARTS
from gateway.openapi.document import JSON, header_parameter
from gateway.openapi.shapes import Node

SERVICE = "/r1/{instance}/{member_class}/{member_code}/{subsystem}/{code}"
METHODS = ("get", "post", "put", "patch", "delete", "options")
_TEXT: Node = {"type": "string"}
_NAME: Node = {"type": "string", "minLength": 1, "maxLength": 255}
_CLIENT = header_parameter(
    "X-Road-Client", _NAME, "instance/class/member[/subsystem]; the last one counts."
)
_SAID = [
    {**_CLIENT, "required": True},
    header_parameter("X-Road-Id", _NAME, "A UUID; one is made if it is left out."),
    header_parameter("X-Road-UserId", _NAME, "The field operator of a question without one."),
    header_parameter("X-Road-Issue", _NAME, "The field case_number of a question without one."),
    header_parameter("X-Road-Represented-Party", _NAME, "[class/]code; it must lend its name."),
    header_parameter("X-Road-Security-Server", _NAME, "Ours, or left out."),
]
_NAMES = [{"in": "path", "name": name, "required": True, "schema": _NAME} for name in SERVICE_PARTS]
_ANSWER_HEADERS: Node = {
    f"X-Road-{name}": {"schema": _TEXT}
    for name in ("Client", "Service", "Id", "Request-Id", "Request-Hash")
}
_ERROR: Node = {
    "type": "object",
    "required": ["type", "message", "detail"],
    "properties": {"type": _TEXT, "message": _TEXT, "detail": {"type": "string", "format": "uuid"}},
}
_ERRORS: Node = {
    "description": "An error of X-Road, as JSON or XML by Accept; or without X-Road-Error the "
    "answer of the service, which is a problem (RFC 9457)",
    "headers": {"X-Road-Error": {"schema": _TEXT}},
    "content": {
        JSON: {"schema": {"$ref": "#/components/schemas/Error"}},
        "text/xml": {"schema": {"$ref": "#/components/schemas/Error"}},
        "application/xml": {"schema": {"$ref": "#/components/schemas/Error"}},
        "application/problem+json": {"schema": {"type": "object"}},
    },
}
_META = (
    "Of the metaservices: listMethods, allowedMethods, getOpenAPI, "
    "getSecurityServerOperationalData, getSecurityServerHealthData."
)


@cache
def document() -> bytes:
    """The document as JSON, without the servers."""
    calls = {method: _call(method) for method in METHODS}
    whole: Node = {
        "openapi": "3.1.0",
        "info": {
            "title": "Mirab, X-Road's REST face",
            "version": release(),
            "description": "For who calls us as its security server; /docs/xroad.md tells how.",
        },
        "security": [{"certificate": []}],
        "paths": {
            SERVICE: calls,
            "/listClients": {"get": _list_clients()},
            "/asic": {"get": _asic()},
        },
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "certificate": {
                    "type": "mutualTLS",
                    "description": "The certificate whose SHA-256 your entry of the register has",
                }
            },
        },
    }
    return orjson.dumps(whole)


def _call(method: str) -> Node:
    doc = {"post": "Calls a service.", "get": f"{_META} No service is called by it."}
    operation: Node = {
        "operationId": f"xroad.{method}",
        "summary": doc.get(method, "No service is called by it: access_denied."),
        "parameters": [*_NAMES, *_SAID],
        "responses": {
            "200": {
                "description": "The answer of the service",
                "headers": _ANSWER_HEADERS,
                "content": {JSON: {}},
            },
            "default": _ERRORS,
        },
    }
    if method == "post":
        operation["requestBody"] = {"content": {JSON: {}, "application/jsonl": {}, "text/csv": {}}}
    if method == "get":
        operation["parameters"] += [
            {"in": "query", "name": name, "schema": _TEXT}
            for name in ("serviceCode", "recordsFrom", "recordsTo", "outputField")
        ]
    return operation


def _list_clients() -> Node:
    return {
        "operationId": "xroad.list_clients",
        "summary": "Lists members and subsystems, as JSON where Accept has it, else as XML.",
        "parameters": [{"in": "query", "name": "xRoadInstance", "schema": _TEXT}],
        "responses": {
            "200": {"description": "The list", "content": {JSON: {}, "text/xml": {}}},
            "default": _ERRORS,
        },
    }


def _asic() -> Node:
    return {
        "operationId": "xroad.asic",
        "summary": "Gives the receipts of your own calls with an X-Road-Id.",
        "parameters": [
            {"in": "query", "name": name, "required": required, "schema": _TEXT}
            for name, required in (
                ("queryId", True),
                ("memberClass", True),
                ("memberCode", True),
                ("subsystemCode", False),
                ("xRoadInstance", False),
            )
        ],
        "responses": {"200": {"description": "It", "content": {JSON: {}}}, "default": _ERRORS},
    }
