"""The pages of this face for people, as its OpenAPI document has them."""

from gateway.agency.catalogue.parameters import TRACE
from gateway.openapi.answers import ALWAYS, SERVICE, refusals
from gateway.openapi.document import Document, path_parameter
from gateway.openapi.shapes import Node

HTML, FORM = "text/html", "application/x-www-form-urlencoded"
_TEXT: Node = {"type": "string"}
_PLAIN: Node = {"text/plain": {}}
_PAGE: Node = {HTML: {"schema": _TEXT}}
_QUESTION: Node = {
    "in": "query",
    "name": "q",
    "schema": {"type": "string", "examples": ["licence"]},
}
_VERSION: Node = {
    "in": "query",
    "name": "v",
    "description": "The content's version, as pages name it; such an answer is kept for good",
    "schema": {"type": "string", "examples": ["0123456789ab"]},
}
CONSOLE = {
    "": ("home", "The console of an agency: what waits, what ends, what goes wrong."),
    "/grants": ("grants", "What the agency may, and how much of it was used today."),
    "/calls": ("calls", "Its questions of the last days."),
    "/refusals": ("refusals", "Why it was refused, and what to do."),
    "/receipts": ("receipts", "Receipts of its calls, by id and by day."),
    "/signals": ("signals", "Whom it watches by pseudonym, its seeds, its last signals."),
    "/callbacks": ("callbacks", "Its endpoints and the deliveries to them."),
    "/messages": ("messages", "Its messages by day and template, and how far its limits are used."),
    "/keys": ("keys", "Its keys, what ends when."),
    "/test-data": ("test_data", "Whom one can ask about in the sandbox."),
}
ACTS: dict[str, tuple[str, dict[str, Node]]] = {
    "enter": ("Exchanges a code for a session of this browser.", {"code": _TEXT}),
    "replay": (
        "Sends call-backs again.",
        {"callback": _TEXT, "id": _TEXT, "since": _TEXT, "form": _TEXT},
    ),
    "sign-out": ("Ends the session of this browser.", {}),
}


def describe(document: Document) -> None:
    """Add them all."""
    document.tag("pages", "For people")
    _reference(document)
    _console(document)


def _reference(document: Document) -> None:
    code = path_parameter("code", {"type": "string", "examples": ["signature.bad"]}, "A code")
    file = path_parameter("name", {"type": "string", "examples": ["mirab.css"]}, "A file")
    guide = path_parameter("name", {"type": "string", "examples": ["join.md"]}, "Its file")
    contract = path_parameter(
        "name", {"type": "string", "examples": ["inquiry.ask.v1"]}, "A contract"
    )
    texts: Node = {kind: {} for kind in (HTML, "text/markdown", "text/plain")}
    assets: Node = {
        kind: {} for kind in ("text/css", "text/javascript", "font/woff2", "image/svg+xml")
    }
    pages: tuple[tuple[str, str, str, list[Node], Node], ...] = (
        ("/", "home", "The reference: all contracts, and how one begins.", [], _PAGE),
        ("/docs", "docs", "The same.", [], _PAGE),
        ("/reference/{name}", "contract", "All about one contract.", [contract], _PAGE),
        ("/search", "search", "What holds all words of a question.", [_QUESTION], _PAGE),
        ("/llms.txt", "llms", "The reference for language models.", [], _PLAIN),
        ("/problems/", "problems", "All codes of problems.", [], _PAGE),
        ("/problems/{code}", "problem", "What a code of a problem means.", [code], _PAGE),
        ("/docs/", "guides", "All guides.", [], _PAGE),
        ("/docs/{name}", "guide", "A guide or an example.", [guide], texts),
        ("/docs/pictures/{name}", "picture", "A picture of a guide.", [file], {"image/webp": {}}),
        ("/favicon.ico", "mark", "The mark.", [], {"image/x-icon": {}}),
        ("/robots.txt", "robots", "What search engines leave alone (RFC 9309).", [], _PLAIN),
        ("/static/{name}", "static", "Styles, scripts, fonts, icons.", [file, _VERSION], assets),
    )
    for path, id_, summary, parameters, content in pages:
        document.get(
            path,
            f"pages.{id_}",
            summary,
            content,
            tag="pages",
            parameters=[*parameters, TRACE],
            statuses=ALWAYS,
        )


def _console(document: Document) -> None:
    signed_out: Node = {"401": {"description": "Nobody is signed in", "content": _PAGE}}
    for path, (id_, summary) in CONSOLE.items():
        document.add(
            f"/console{path}",
            "get",
            _operation(
                f"console.{id_}",
                summary,
                {"200": {"description": summary, "content": _PAGE}, **signed_out},
            ),
        )
    for kind, type_ in (("csv", "text/csv"), ("json", "application/json")):
        text = f"The figures of its messages of a year, as {kind.upper()}."
        answers: Node = {"200": {"description": text, "content": {type_: {}}}, **signed_out}
        operation = _operation(f"console.messages_{kind}", text, answers)
        document.add(f"/console/messages.{kind}", "get", operation)
    text = "By which of its messages receivers unsubscribed, as CSV."
    answers = {"200": {"description": text, "content": {"text/csv": {}}}, **signed_out}
    operation = _operation("console.unsubscribed_csv", text, answers)
    document.add("/console/unsubscribed.csv", "get", operation)
    text = "A receipt, to be kept."
    file: Node = {"200": {"description": text, "content": {"application/json": {}}}}
    answers = {**file, **signed_out, **refusals((404,))}
    document.add("/console/receipt", "get", _operation("console.receipt", text, answers))
    for name, (summary, fields) in ACTS.items():
        form: Node = {"type": "object", "properties": fields}
        operation = _operation(
            f"console.{name.replace('-', '_')}",
            summary,
            {
                "303": {"description": "Done; Location is the page to read"},
                **signed_out,
                **refusals((408, 413, 415)),
            },
        )
        operation["requestBody"] = {"content": {FORM: {"schema": form}}}
        document.add(f"/console/{name}", "post", operation)


def _operation(id_: str, summary: str, answers: Node) -> Node:
    return {
        "operationId": id_,
        "summary": summary,
        "tags": ["pages"],
        "security": [],
        "parameters": [TRACE],
        "responses": {**answers, **refusals((*ALWAYS, 403, *SERVICE))},
    }
