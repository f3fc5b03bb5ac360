"""What agencies can ask, told by the catalogue itself: /openapi.json and a page to read."""

from functools import lru_cache
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from bus.contracts import Request as Contract
from bus.contracts import agency_contracts
from bus.contracts.billing import STATEMENT
from bus.contracts.bulk import JOB_MATTER, SUBMIT_JOB
from bus.contracts.deferred import CANCEL_CALL, DEFER, READ_CALL
from bus.contracts.inquiry import BATCH_KEYS, MATTER, READ_BATCH, SUBMIT_BATCH
from gateway import pages
from gateway.agency.forms import new_spec
from gateway.agency.preferences import can_be_later
from gateway.problems import PROBLEMS

SIGNED = "docs/join.md tells how a request is signed."
GRANTED = "For agencies whose grant names it."
EVERYONE = "Every registered agency may call it; it needs no grant."
BOUND = "Or send a token of /oauth/token, bound by DPoP (RFC 9449) or mutual TLS (RFC 8705)."


def path_of(contract: Contract) -> str:
    """The URL of a contract: inquiry.ask.v1 is /v1/inquiry/ask."""
    return f"/v{contract.version}/{contract.context}/{contract.operation}"


@lru_cache(maxsize=1)
def openapi() -> bytes:
    """The OpenAPI 3.1 document, as JSON."""
    spec, _ = new_spec("Inquiries on the status of water subscribers. " + SIGNED + " " + BOUND)
    spec.components.security_scheme(
        "signature", {"type": "apiKey", "in": "header", "name": "Signature", "description": SIGNED}
    )
    spec.components.security_scheme("oauth", OAUTH)
    spec.components.schema("Problem", PROBLEM_SCHEMA)
    for contract in agency_contracts():
        spec.path(path_of(contract), operations={"post": _operation(contract)})
    told = {"get": _call_operation(READ_CALL), "delete": _call_operation(CANCEL_CALL)}
    spec.path("/v1/calls/{id}", operations=told)
    spec.path("/oauth/token", operations={"post": TOKEN})
    return orjson.dumps(spec.to_dict(), option=orjson.OPT_INDENT_2)


def _operation(contract: Contract) -> dict[str, Any]:
    return {
        "operationId": contract.name,
        "summary": contract.doc,
        "description": EVERYONE if contract.everyone else GRANTED,
        "tags": [contract.context],
        "security": [{"signature": []}, {"oauth": [contract.name]}],
        "parameters": _parameters(contract),
        "requestBody": {"required": True, "content": _bodies(contract)},
        "responses": {
            "202" if contract is SUBMIT_BATCH else "200": {
                "description": "The signed answer",
                "content": _answers(contract),
            },
            **({"202": _kept()} if can_be_later(contract) else {}),
            "default": REFUSAL,
        },
    }


def _kept() -> dict[str, Any]:
    """The answer to a call that is answered later."""
    return {
        "description": "Kept; its answer will be at Location",
        "headers": {
            "Location": {"schema": {"type": "string"}},
            "Preference-Applied": {"schema": {"type": "string"}},
            "Retry-After": {"schema": {"type": "integer"}},
        },
        "content": _call(DEFER),
    }


def _call(contract: Contract) -> dict[str, Any]:
    """A call as its resource tells it."""
    return {"application/json": {"schema": {"allOf": [contract.reply, LINKS]}}}


def _call_operation(contract: Contract) -> dict[str, Any]:
    """Of the resource that stands for a call: the same as the contract does."""
    return {
        "operationId": f"calls.{contract.operation}",
        "summary": contract.doc,
        "description": EVERYONE,
        "tags": ["calls"],
        "security": [{"signature": []}, {"oauth": [contract.name]}],
        "parameters": [
            {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}}
        ],
        "responses": {
            "200": {"description": "The call, signed", "content": _call(contract)},
            "default": REFUSAL,
        },
    }


def _parameters(contract: Contract) -> list[dict[str, Any]]:
    told = [IDEMPOTENCY] if contract.effect else []
    if contract.delegable:
        told = [*told, ON_BEHALF_OF]
    if can_be_later(contract):
        told = [*told, PREFER]
    if contract in IN_QUERY:
        told += [
            {
                "in": "query",
                "name": name,
                "schema": {"type": "string"},
                "description": "Of an upload as JSON Lines or CSV",
            }
            for name in IN_QUERY[contract].schema.fields
        ]
    return told


def _bodies(contract: Contract) -> dict[str, Any]:
    if contract is SUBMIT_BATCH:
        return {"application/json": {"schema": BATCH_KEYS.schema}, **LINES}
    form = {"application/json": {"schema": contract.schema}}
    return {**form, **LINES} if contract is SUBMIT_JOB else form


def _answers(contract: Contract) -> dict[str, Any]:
    answer = {"application/json": {"schema": contract.reply}}
    if contract is READ_BATCH:
        return {**answer, **LINES}
    return {**answer, **PAPERS} if contract is STATEMENT else answer


def _text(*names: str) -> dict[str, Any]:
    return {name: {"type": "string"} for name in names}


OAUTH: dict[str, Any] = {
    "type": "oauth2",
    "description": BOUND,
    "flows": {
        "clientCredentials": {
            "tokenUrl": "/oauth/token",
            "scopes": {contract.name: contract.doc for contract in agency_contracts()},
        }
    },
}
TOKEN: dict[str, Any] = {
    "operationId": "oauth.token",
    "summary": "A token for client credentials, proven by private_key_jwt or a certificate",
    "tags": ["oauth"],
    "parameters": [
        {
            "in": "header",
            "name": "DPoP",
            "schema": {"type": "string"},
            "description": "A proof (RFC 9449) with the nonce of our header DPoP-Nonce",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": _text(
                        "grant_type",
                        "client_id",
                        "client_assertion_type",
                        "client_assertion",
                        "scope",
                        "purpose",
                        "on_behalf_of",
                    ),
                }
            }
        },
    },
    "responses": {
        "200": {
            "description": "The token",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["access_token", "token_type", "expires_in", "scope"],
                        "properties": {
                            **_text("access_token", "token_type", "scope"),
                            "expires_in": {"type": "integer"},
                        },
                    }
                }
            },
        },
        "default": {
            "description": "A refusal (RFC 6749, section 5.2), with our code beside",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["error"],
                        "properties": _text(
                            "error", "error_description", "error_uri", "code", "trace_id"
                        ),
                    }
                }
            },
        },
    },
}
IN_QUERY = {SUBMIT_BATCH: MATTER, SUBMIT_JOB: JOB_MATTER}
LINES: dict[str, Any] = {
    form: {"schema": {"type": "string"}} for form in ("application/jsonl", "text/csv")
}
PAPERS: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}},
    "application/pdf": {"schema": {"type": "string", "contentMediaType": "application/pdf"}},
}
REFUSAL: dict[str, Any] = {
    "description": "A problem; its code says what to do",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
LINKS: dict[str, Any] = {
    "type": "object",
    "properties": {"links": {"type": "object", "properties": _text("self")}},
}
PREFER: dict[str, Any] = {
    "in": "header",
    "name": "Prefer",
    "schema": {"type": "string"},
    "description": "RFC 7240. respond-async: answer later; wait=N: if it takes longer than N "
    "seconds; call-back: and tell our endpoints of call.settled",
    "example": "respond-async, wait=2, call-back",
}
IDEMPOTENCY: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string"},
    "description": "A text in quotes, 16 to 128 characters; the same key gets the first answer",
}
ON_BEHALF_OF: dict[str, Any] = {
    "in": "header",
    "name": "Mirab-On-Behalf-Of",
    "schema": {"type": "string"},
    "description": "The code of the agency in whose name you ask, which lets you; signed with the "
    "rest. With a token it stands in the token instead",
}
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "trace_id"],
    "properties": {
        **{
            name: {"type": "string"}
            for name in (
                "type",
                "title",
                "detail",
                "instance",
                "code",
                "check",
                "what_to_do",
                "trace_id",
                "error_id",
            )
        },
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
            },
        },
    },
}


async def openapi_json(_: Request) -> Response:
    """GET /openapi.json"""
    return Response(
        openapi(),
        media_type="application/json",
        headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "max-age=300"},
    )


async def page(_: Request) -> Response:
    """GET /: the catalogue as a page."""
    told = orjson.loads(openapi())
    return pages.page(
        "catalogue.html",
        contracts=[
            {
                "name": c.name,
                "path": path_of(c),
                "doc": c.doc,
                "effect": c.effect,
                "fields": _fields(c.schema),
                "reply": _fields(c.reply),
            }
            for c in agency_contracts()
        ],
        problems=PROBLEMS,
        version=told["info"]["version"],
    )


def _fields(schema: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "required": f.required,
            "kind": type(f).__name__,
            "doc": f.metadata.get("description", ""),
            "example": f.metadata.get("example"),
        }
        for name, f in schema.fields.items()
    ]
