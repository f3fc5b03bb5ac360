"""The contracts for agencies: /openapi.json, made from the catalogue."""

from functools import cache, partial

from bus.messages import kinds
from contracts import InputForm, agency_contracts
from contracts.agencies.deferred import CANCEL_CALL, DEFER, READ_CALL
from contracts.agencies.records import READ_RECORDS
from contracts.billing.bills import STATEMENT
from contracts.inquiry.questions import ASK, BATCH_KEYS, MATTER, READ_BATCH, SUBMIT_BATCH
from contracts.notify.bulk import JOB_MATTER, SUBMIT_JOB
from gateway.agency.catalogue import open_paths, receipt_paths
from gateway.agency.catalogue.parameters import (
    ANSWER_HEADERS,
    IDEMPOTENCY,
    LANGUAGE,
    ON_BEHALF_OF,
    PREFER,
    SIGNED,
    TRACE,
)
from gateway.agency.door.addresses import path_of
from gateway.agency.files.routes import FILE_ROUTES
from gateway.http.origin import Handler
from gateway.openapi.answers import ALWAYS, BODY, SERVICE, refusals
from gateway.openapi.document import JSON, Document, document_handler, path_parameter
from gateway.openapi.shapes import UUID, Node

SIGNED_HOW = "/docs/join.md tells how a request is signed."
GRANTED = "For agencies whose grant names it."
EVERYONE = "Every registered agency may call it; it needs no grant."
BOUND = "Or send a token of /oauth/token, bound by DPoP (RFC 9449) or mutual TLS (RFC 8705)."
ABOUT = "Inquiries on the status of water subscribers. "
TAGS = {
    "agencies": "Your entry in the register, your keys, what you hear",
    "billing": "What questions cost, and your bills",
    "inquiry": "The status of subscribers, licences and sources",
    "notify": "Messages to people, and call-backs to you",
    "ticketing": "Complaints and requests of citizens",
    "calls": "Calls that are answered later",
}
STATUSES = (*ALWAYS, 401, 403, 410, *BODY, *SERVICE)
QUESTION: Node = {"key_kind": "national_id", "key": "9905251782", "purpose": "fuel_quota"}
IN_QUERY: dict[kinds.Request, InputForm] = {SUBMIT_BATCH: MATTER, SUBMIT_JOB: JOB_MATTER}
_LINE_END = "(\\r?\\n|$)"
LINES: dict[str, Node] = {
    "application/jsonl": {
        "schema": {"type": "string", "description": "A JSON object a line (JSON Lines)"},
    },
    "text/csv": {"schema": {"type": "string", "description": "RFC 4180, UTF-8, with a header"}},
}
KEYS_AS_LINES: dict[str, Node] = {
    "application/jsonl": {
        **LINES["application/jsonl"],
        "example": '{"key_kind":"national_id","key":"9905251782"}\n',
    },
    "text/csv": {
        "schema": {
            "type": "string",
            "pattern": f"^\\ufeff?(key_kind,key|key,key_kind){_LINE_END}",
        },
        "example": "key_kind,key\nnational_id,9905251782\n",
    },
}
PAPERS: dict[str, Node] = {
    "text/csv": {"schema": {"type": "string"}},
    "application/pdf": {"schema": {"type": "string", "contentMediaType": "application/pdf"}},
}
FILE = {"Content-Disposition": {"schema": {"type": "string"}, "description": "Of a file: its name"}}
RETRY = {"schema": {"type": "integer"}, "description": "Ask again after so many seconds"}


@cache
def openapi(*, sandbox: bool = False) -> bytes:
    """The OpenAPI 3.1 document as JSON, but for the servers."""
    document = Document("Mirab, agency face", f"{ABOUT}{SIGNED_HOW} {BOUND}", ANSWER_HEADERS)
    document.security = {
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": f"RFC 9421 with Ed25519, beside Signature-Input. {SIGNED_HOW}",
        },
        "oauth": {
            "type": "oauth2",
            "description": f"Authorization: DPoP, or Bearer with your certificate. {BOUND}",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "/oauth/token",
                    "scopes": {contract.name: contract.doc for contract in agency_contracts()},
                }
            },
        },
    }
    # All bodies are named before all replies (gateway/openapi/shapes.py).
    bodies = {contract: _bodies(document, contract) for contract in agency_contracts()}
    for name, description in TAGS.items():
        document.tag(name, description)
    open_paths.describe(document, sandbox=sandbox)
    for contract, content in bodies.items():
        document.add(path_of(contract), "post", _operation(document, contract, content))
    document.schemas["Links"] = LINKS
    for method, contract in (("get", READ_CALL), ("delete", CANCEL_CALL)):
        document.add("/v1/calls/{id}", method, _call_operation(document, contract))
    document.add("/v1/records", "get", _records_operation(document))
    receipt_paths.describe(document)
    return document.text()


def _operation(document: Document, contract: kinds.Request, content: Node) -> Node:
    good = "202" if contract is SUBMIT_BATCH else "200"
    conflict = (409,) if contract.effect or contract is READ_BATCH else ()
    return {
        "operationId": contract.name,
        "summary": contract.doc,
        "description": EVERYONE if contract.everyone else GRANTED,
        "tags": [contract.context],
        "security": [{"signature": []}, {"oauth": [contract.name]}],
        "parameters": _parameters(document, contract),
        "requestBody": {"required": True, "content": content},
        "responses": {
            good: {
                "description": "The signed answer",
                "headers": FILE if contract in (READ_BATCH, STATEMENT) else {},
                "content": _answers(document, contract),
            },
            **({"202": _kept(document)} if contract not in FILE_ROUTES else {}),
            **refusals((*STATUSES, *conflict)),
        },
    }


def _kept(document: Document) -> Node:
    """The answer to a call that is answered later."""
    return {
        "description": "Kept; its answer will be at Location",
        "headers": {
            "Location": {"$ref": "#/components/headers/Location"},
            "Preference-Applied": {"schema": {"type": "string"}, "required": True},
            "Retry-After": {**RETRY, "required": True},
        },
        "content": _call(document, DEFER),
    }


def _call(document: Document, contract: kinds.Request) -> Node:
    """A call as its resource shows it."""
    parts = [document.shapes.reply(contract.reply_schema), {"$ref": "#/components/schemas/Links"}]
    return {JSON: {"schema": {"allOf": parts}}}


def _call_operation(document: Document, contract: kinds.Request) -> Node:
    """An operation on the resource of a call: the same as its contract."""
    call = {"type": "string", "format": "uuid", "pattern": UUID}
    return {
        "operationId": f"calls.{contract.operation}",
        "summary": contract.doc,
        "description": EVERYONE,
        "tags": ["calls"],
        "security": [{"signature": []}, {"oauth": [contract.name]}],
        "parameters": [
            path_parameter("id", call, "The last part of the call's Location"),
            IDEMPOTENCY,
            ON_BEHALF_OF,
            *SIGNED,
            TRACE,
        ],
        "responses": {
            "200": {
                "description": "The call, signed",
                "headers": {"Retry-After": RETRY},
                "content": _call(document, contract),
            },
            **refusals((*ALWAYS, 401, 403, 408, 409, 413, *SERVICE)),
        },
    }


def _records_operation(document: Document) -> Node:
    """The same as the contract, with its fields in the query."""
    answer = {"schema": document.shapes.reply(READ_RECORDS.reply_schema)}
    return {
        "operationId": "records.get",
        "summary": READ_RECORDS.doc,
        "description": EVERYONE,
        "tags": ["agencies"],
        "security": [{"signature": []}, {"oauth": [READ_RECORDS.name]}],
        "parameters": [
            *document.shapes.query(READ_RECORDS.schema),
            IDEMPOTENCY,
            ON_BEHALF_OF,
            *SIGNED,
            TRACE,
        ],
        "responses": {
            "200": {"description": "The records, signed", "content": {JSON: answer}},
            **refusals((*ALWAYS, 401, 403, 408, 409, 413, 422, *SERVICE)),
        },
    }


def _parameters(document: Document, contract: kinds.Request) -> list[Node]:
    parameters = [IDEMPOTENCY, ON_BEHALF_OF]
    if contract not in FILE_ROUTES:
        parameters.append(PREFER)
    if contract is STATEMENT:
        parameters.append(LANGUAGE)
    if contract in IN_QUERY:
        for parameter in document.shapes.query(IN_QUERY[contract].schema):
            text = parameter.get("description", "")
            note = "Of an upload as JSON Lines or CSV; a JSON body carries it instead"
            needed = "Needed there. " if parameter["required"] else ""
            parameters.append(
                {**parameter, "required": False, "description": f"{note}. {needed}{text}".strip()}
            )
    return [*parameters, *SIGNED, TRACE]


def _bodies(document: Document, contract: kinds.Request) -> Node:
    body_schema = document.shapes.body
    if contract is SUBMIT_BATCH:
        return {JSON: {"schema": body_schema(BATCH_KEYS.schema)}, **KEYS_AS_LINES}
    form: Node = {JSON: {"schema": body_schema(contract.schema)}}
    if contract is ASK:
        form[JSON]["example"] = QUESTION
    return {**form, **LINES} if contract is SUBMIT_JOB else form


def _answers(document: Document, contract: kinds.Request) -> Node:
    answer: Node = {JSON: {"schema": document.shapes.reply(contract.reply_schema)}}
    if contract is READ_BATCH:
        return {**answer, **LINES}
    return {**answer, **PAPERS} if contract is STATEMENT else answer


LINKS: Node = {
    "type": "object",
    "required": ["links"],
    "properties": {
        "links": {
            "type": "object",
            "required": ["self"],
            "properties": {"self": {"type": "string", "format": "uri-reference"}},
        }
    },
}


def openapi_json(address: str, *, sandbox: bool) -> Handler:
    """The handler of GET /openapi.json of the face that is reached at ``address``."""
    return document_handler(partial(openapi, sandbox=sandbox), address)
