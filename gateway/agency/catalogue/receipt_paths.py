"""The addresses of the log of receipts, as the OpenAPI document has them."""

from contracts.agencies.receipts import (
    LOG_CONSISTENCY,
    LOG_ENTRIES,
    LOG_INCLUSION,
    READ_RECEIPT,
)
from gateway.agency.catalogue.parameters import IDEMPOTENCY, ON_BEHALF_OF, SIGNED, TRACE
from gateway.openapi.answers import ALWAYS, SERVICE, refusals
from gateway.openapi.document import JSON, Document, path_parameter
from gateway.openapi.shapes import Node

TEXT = "text/plain"
RETRY: Node = {"schema": {"type": "integer"}, "description": "Seconds until it is worth asking"}
_WORD: Node = {"type": "string"}
RECEIPT: Node = {
    "type": "object",
    "required": ["v", "leaf", "salts", "terms", "index", "size", "proof", "checkpoint"],
    "properties": {
        "v": {"const": 1},
        "leaf": {**_WORD, "description": "The leaf, exactly as it was hashed"},
        "salts": {"type": "object", "additionalProperties": _WORD},
        "terms": {**_WORD, "description": "Who asked and by which right, as committed to"},
        "index": {"type": "integer"},
        "size": {"type": "integer"},
        "proof": {"type": "array", "items": _WORD},
        "checkpoint": {**_WORD, "description": "The signed head (C2SP tlog-checkpoint)"},
        "stamp": {**_WORD, "description": "An RFC 3161 token over the head's text, in base64"},
    },
}


def describe(document: Document) -> None:
    """Add them all."""
    document.tag("receipts", "The log of receipts (RFC 9162)")
    document.schemas["Receipt"] = RECEIPT
    document.add("/v1/receipts/{id}", "get", _receipt(document))
    for path, id_, summary in (
        ("/v1/log/checkpoint", "checkpoint", "The newest signed head (C2SP tlog-checkpoint)."),
        ("/v1/log/key", "key", "The key that signs heads (C2SP signed-note)."),
    ):
        document.get(
            path,
            f"log.{id_}",
            summary,
            {TEXT: {"schema": _WORD}},
            tag="receipts",
            parameters=[TRACE],
            statuses=(*ALWAYS, 404, *SERVICE),
        )
    for path, contract in (
        ("/v1/log/inclusion", LOG_INCLUSION),
        ("/v1/log/consistency", LOG_CONSISTENCY),
        ("/v1/log/entries", LOG_ENTRIES),
    ):
        document.get(
            path,
            f"log.{path.rpartition('/')[2]}",
            contract.doc,
            {JSON: {"schema": document.shapes.reply(contract.reply_schema)}},
            tag="receipts",
            parameters=[*document.shapes.query(contract.schema), TRACE],
            statuses=(*ALWAYS, 404, 422, *SERVICE),
        )


def _receipt(document: Document) -> Node:
    waiting = document.shapes.reply(READ_RECEIPT.reply_schema)
    id_ = path_parameter(
        "id",
        {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,128}$"},
        "The hash of Mirab-Receipt, or the id of a call answered later",
    )
    return {
        "operationId": "receipts.get",
        "summary": READ_RECEIPT.doc,
        "description": "Of your own calls alone; to be verified without us.",
        "tags": ["receipts"],
        "security": [{"signature": []}, {"oauth": [READ_RECEIPT.name]}],
        "parameters": [id_, IDEMPOTENCY, ON_BEHALF_OF, *SIGNED, TRACE],
        "responses": {
            "200": {
                "description": "receipt.json",
                "content": {JSON: {"schema": {"$ref": "#/components/schemas/Receipt"}}},
            },
            "202": {
                "description": "The leaf stands in the log; its signed head comes in seconds",
                "headers": {"Retry-After": RETRY},
                "content": {JSON: {"schema": waiting}},
            },
            **refusals((*ALWAYS, 401, 403, 404, 408, 409, 413, 422, *SERVICE)),
        },
    }
