"""/openapi.json of the Notify API: the calls of GOV.UK Notify's API v2 that are taken here."""

from collections.abc import Iterable
from functools import cache

from gateway.notify.schemas import REFERENCE_MOST, STATUSES, TYPES
from gateway.openapi.answers import AGAIN, header_refs
from gateway.openapi.document import JSON, Document, header_parameter, path_parameter
from gateway.openapi.shapes import UUID, Node

ABOUT = (
    "The calls of GOV.UK Notify's public API v2 with the same bodies, answers and refusals; "
    "docs/notify-api.md tells what differs. Authorization: Bearer and a JWT (HS256) by the key."
)
_TEXT: Node = {"type": "string"}
_ID: Node = {"type": "string", "format": "uuid", "pattern": UUID}
_VALUES: Node = {"type": "object", "description": "Values of the placeholders"}
_REFERENCE: Node = {"type": "string", "maxLength": REFERENCE_MOST}
IDEMPOTENCY = header_parameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[ -~]{1,128}$"},
    "The same key is the same message, for 30 days; Notify itself has no such header.",
)
REFUSAL: Node = {
    "type": "object",
    "required": ["status_code", "errors"],
    "properties": {
        "status_code": {"type": "integer"},
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["error", "message"],
                "properties": {"error": _TEXT, "message": _TEXT},
            },
        },
    },
}
# What belongs to no call has the form of Notify's root.
ROOT_REFUSAL: Node = {
    "type": "object",
    "required": ["result", "message"],
    "properties": {"result": {"const": "error"}, "message": _TEXT},
}
ID = path_parameter("id", _ID, "Of the message or template")
ALWAYS = (400, 401, 403, 404, 405, 414, 421, 431, 500, 503, 504)
SENDS = (*ALWAYS, 408, 409, 413, 415, 429)


def _body(required: Iterable[str], **properties: Node) -> Node:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


_COMMON: dict[str, Node] = {
    "reference": _REFERENCE,
    "template_id": _ID,
    "personalisation": _VALUES,
}
_LATER: Node = {"type": ["string", "null"], "description": "ISO 8601, at most 24 hours ahead"}
BODIES: dict[str, Node] = {
    "sms": _body(
        ("phone_number", "template_id"),
        phone_number=_TEXT,
        **_COMMON,
        scheduled_for=_LATER,
        sms_sender_id=_ID,
    ),
    "email": _body(
        ("email_address", "template_id"),
        email_address={"type": "string", "format": "email"},
        **_COMMON,
        scheduled_for=_LATER,
        email_reply_to_id=_ID,
        one_click_unsubscribe_url={"type": "string", "pattern": "^https://[!-;=?-~]{1,900}$"},
        sanitise_content_for={"type": ["array", "null"]},
    ),
    "letter": {
        "oneOf": [
            _body(("template_id", "personalisation"), **_COMMON),
            _body(
                ("reference", "content"),
                reference=_REFERENCE,
                content={"type": "string", "contentEncoding": "base64"},
                postage={"type": "string", "enum": ["first", "second", "economy"]},
            ),
        ]
    },
}
NOTIFICATION: Node = {"type": "object", "required": ["id", "type", "status"]}
TEMPLATE: Node = {"type": "object", "required": ["id", "type", "version", "body"]}
QUERY: dict[str, Node] = {
    "template_type": {"type": "array", "items": {"enum": list(TYPES)}},
    "status": {"type": "array", "items": {"enum": list(STATUSES)}},
    "reference": _TEXT,
    "older_than": _ID,
    "include_jobs": {"type": "string", "enum": ["true", "True"]},
}


def _refusals(statuses: Iterable[int]) -> Node:
    answers: Node = {}
    for status in statuses:
        forms = [{"$ref": "#/components/schemas/Refusal"}]
        forms += [{"$ref": "#/components/schemas/RootRefusal"}] if status in (404, 405) else []
        names = {405: ("Allow",), 429: (AGAIN,), 503: (AGAIN,), 504: (AGAIN,)}.get(status, ())
        answers[str(status)] = {
            "description": "A refusal in Notify's form",
            "headers": header_refs(names),
            "content": {JSON: {"schema": {"anyOf": forms}}},
        }
    return answers


class _Paths:
    def __init__(self, document: Document) -> None:
        self._document = document

    def add(  # noqa: PLR0913 - the parts of an operation
        self,
        method: str,
        path: str,
        summary: str,
        answer: Node,
        *,
        parameters: Iterable[Node] = (),
        body: Node | None = None,
        status: int = 200,
        media: str = JSON,
    ) -> None:
        """One call."""
        operation: Node = {
            "operationId": f"{method} {path}".replace("/", ".").replace(" ", ""),
            "summary": summary,
            "tags": ["notify"],
            "security": [{"key": []}],
            "parameters": list(parameters),
            "responses": {
                str(status): {"description": summary, "content": {media: {"schema": answer}}},
                **_refusals(SENDS if body else ALWAYS),
            },
        }
        if body is not None:
            operation["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
        self._document.add(path, method, operation)


def _messages(paths: _Paths) -> None:
    for kind, body in BODIES.items():
        paths.add(
            "post",
            f"/v2/notifications/{kind}",
            f"Sends a message by {kind}.",
            {"type": "object", "required": ["id"]},
            body=body,
            status=201,
            parameters=[IDEMPOTENCY],
        )
    listing = {"type": "object", "required": ["notifications", "links"]}
    query = [
        {"in": "query", "name": name, "schema": schema, "explode": True, "style": "form"}
        for name, schema in QUERY.items()
    ]
    paths.add(
        "get", "/v2/notifications", "Lists messages, newest first.", listing, parameters=query
    )
    paths.add("get", "/v2/notifications/{id}", "Reads a message.", NOTIFICATION, parameters=[ID])
    paths.add(
        "get",
        "/v2/notifications/{id}/pdf",
        "Reads a letter as PDF.",
        {"type": "string", "contentMediaType": "application/pdf"},
        parameters=[ID],
        media="application/pdf",
    )


def _templates(paths: _Paths) -> None:
    paths.add("get", "/v2/template/{id}", "Reads a template.", TEMPLATE, parameters=[ID])
    version = path_parameter("version", {"type": "integer", "minimum": 1}, "From 1")
    paths.add(
        "get",
        "/v2/template/{id}/version/{version}",
        "Reads a version of a template.",
        TEMPLATE,
        parameters=[ID, version],
    )
    preview = {"type": "object", "properties": {"personalisation": _VALUES}}
    paths.add(
        "post",
        "/v2/template/{id}/preview",
        "Shows a template filled in.",
        {"type": "object", "required": ["id", "type", "version", "body"]},
        body=preview,
        parameters=[ID],
    )
    of_kind = {"in": "query", "name": "type", "schema": {"type": "string", "enum": list(TYPES)}}
    paths.add(
        "get",
        "/v2/templates",
        "Lists templates.",
        {"type": "object", "required": ["templates"]},
        parameters=[of_kind],
    )


@cache
def openapi() -> bytes:
    """The OpenAPI 3.1 document as JSON, but for the servers."""
    document = Document("Mirab, Notify API", ABOUT, {})
    document.tag("notify", "Messages and templates")
    document.security = {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    document.schemas |= {"Refusal": REFUSAL, "RootRefusal": ROOT_REFUSAL}
    paths = _Paths(document)
    _messages(paths)
    _templates(paths)
    older = {"in": "query", "name": "older_than", "schema": _ID}
    paths.add(
        "get",
        "/v2/received-text-messages",
        "Lists SMS that came in, newest first.",
        {"type": "object", "required": ["received_text_messages", "links"]},
        parameters=[older],
    )
    return document.text()
