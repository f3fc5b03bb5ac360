"""What every face may answer beside the good answer: problems, with their headers and examples."""

import re
from collections.abc import Iterable
from http import HTTPStatus

from bus.errors import BusError
from gateway.http import problems
from gateway.openapi.shapes import Node

# What any address of any face may answer, whatever was asked there.
ALWAYS = (400, 404, 405, 406, 414, 421, 431, 500)
# What it may answer to a body beside, and what a question to a service may get.
BODY = (408, 413, 415, 422)
SERVICE = (422, 429, 503, 504)
EXAMPLES: dict[int, tuple[str, ...]] = {
    400: ("json.invalid", "idempotency_key.invalid", "digest.mismatch"),
    401: ("signature.missing", "token.expired"),
    403: ("contract.not_granted", "purpose.not_granted"),
    404: ("http.not_found", "call.not_found"),
    405: ("http.method",),
    406: ("http.not_acceptable",),
    408: ("http.timeout",),
    409: ("batch.not_ready", "call.begun"),
    410: ("contract.ended",),
    413: ("http.too_large",),
    414: ("http.uri",),
    415: ("http.media_type",),
    421: ("http.host",),
    422: ("contract.broken", "idempotency_key.reused"),
    429: ("limit.reached",),
    431: ("http.headers",),
    500: ("internal",),
    503: ("broker.unreachable", "service.maintenance"),
    504: ("deadline.passed",),
}
AGAIN = "Retry-After"
PROBLEM: Node = {
    "type": "object",
    "description": "What went wrong (RFC 9457), in the language that Accept-Language asks for",
    "required": ["type", "title", "status", "detail", "instance", "code", "check", "trace_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "/problems/{code}, a page on what to do",
        },
        "title": {"type": "string", "minLength": 1},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path that was asked"},
        "code": {
            "type": "string",
            "pattern": "^[a-z0-9_]+(\\.[a-z0-9_]+)*$",
            "description": "Stable; what a program decides by",
        },
        "check": {"type": "string", "description": "The code up to its first dot"},
        "what_to_do": {"type": "string"},
        "trace_id": {"type": ["string", "null"], "pattern": "^[0-9a-f]{32}$"},
        "error_id": {"type": "string", "format": "uuid", "description": "Tell us this number"},
        "errors": {
            "type": "array",
            "description": "Each field that is wrong",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
HEADERS: dict[str, Node] = {
    "traceparent": {
        "description": "The trace of this request (W3C Trace Context)",
        "required": True,
        "schema": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
    },
    AGAIN: {
        "description": "Ask again after so many seconds",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "Allow": {
        "description": "The methods of this address",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Z]+(, [A-Z]+)*$"},
    },
    "Accept": {
        "description": "The media types that are taken here",
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {
        "description": "How one proves who one is here",
        "required": True,
        "schema": {"type": "string"},
    },
    "Cache-Control": {"schema": {"type": "string"}},
    "Location": {"required": True, "schema": {"type": "string", "format": "uri-reference"}},
}
_OWN = {401: "WWW-Authenticate", 405: "Allow", 415: "Accept", 429: AGAIN, 503: AGAIN, 504: AGAIN}


def name_of(status: int) -> str:
    """The name of a status among the components: NotFound."""
    return re.sub("[^A-Za-z]", "", HTTPStatus(status).phrase.title())


def refusals(statuses: Iterable[int]) -> Node:
    """References to the refusals of these statuses."""
    return {
        str(status): {"$ref": f"#/components/responses/{name_of(status)}"}
        for status in sorted(set(statuses))
    }


def header_refs(names: Iterable[str]) -> Node:
    """References to headers of answers."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def problem_responses(headers: Iterable[str]) -> Node:
    """The components that ``refusals`` leads to; every answer has these headers beside its own."""
    return {name_of(status): _problem(status, headers) for status in EXAMPLES}


def _problem(status: int, headers: Iterable[str]) -> Node:
    names = [*headers, *([_OWN[status]] if status in _OWN else [])]
    return {
        "description": HTTPStatus(status).phrase,
        "headers": header_refs(names),
        "content": {
            problems.MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"value": _example(code)} for code in EXAMPLES[status]},
            }
        },
    }


def _example(code: str) -> Node:
    """A problem as it is told, with the table's own sentence as its detail."""
    error = BusError(problems.PROBLEMS[code].what_to_do, code=code)
    made = problems.describe(error, instance="/v1/inquiry/ask", trace_id="0" * 31 + "1")
    return {**made, "status": next(status for status, codes in EXAMPLES.items() if code in codes)}
