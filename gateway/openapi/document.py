"""One OpenAPI 3.1 document: its paths, what they share, and the address that it is served for."""

from collections.abc import Callable, Iterable
from functools import cache

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.process.version import release
from gateway.http import documents
from gateway.http.origin import Handler, for_every_site
from gateway.openapi.answers import HEADERS, PROBLEM, header_refs, problem_responses, refusals
from gateway.openapi.shapes import Node, Shapes

LICENCE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
CACHE = "max-age=300"
JSON = "application/json"
EVERY_ANSWER = ("traceparent",)


class Document:
    """What a face tells of itself. ``headers`` stand on each of its answers."""

    def __init__(self, title: str, description: str, headers: dict[str, Node]) -> None:
        self.shapes = Shapes()
        self.every_answer = (*EVERY_ANSWER, *headers)
        self._headers = {**HEADERS, **headers}
        self._info = {
            "title": title,
            "version": release(),
            "description": description,
            "license": LICENCE,
        }
        self._paths: dict[str, Node] = {}
        self._tags: dict[str, str] = {}
        self.security: Node = {}
        self.schemas: Node = {"Problem": PROBLEM}

    def tag(self, name: str, description: str) -> None:
        """A group of operations."""
        self._tags[name] = description

    def add(self, path: str, method: str, operation: Node) -> None:
        """An operation; its good answers get the headers that every answer has."""
        for answer in operation["responses"].values():
            if "$ref" not in answer:
                own = answer.get("headers", {})
                answer["headers"] = {**header_refs(self.every_answer), **own}
        self._paths.setdefault(path, {})[method.lower()] = operation

    def get(  # noqa: PLR0913 - the parts of a plain GET
        self,
        path: str,
        operation_id: str,
        summary: str,
        content: Node,
        *,
        tag: str,
        parameters: Iterable[Node] = (),
        statuses: Iterable[int] = (),
    ) -> None:
        """A GET that needs no proof of who asks."""
        self.add(
            path,
            "get",
            {
                "operationId": operation_id,
                "summary": summary,
                "tags": [tag],
                "security": [],
                "parameters": list(parameters),
                "responses": {
                    "200": {"description": summary, "content": content},
                    **refusals(statuses),
                },
            },
        )

    def text(self) -> bytes:
        """The document as JSON, without the servers."""
        whole: Node = {
            "openapi": "3.1.0",
            "info": self._info,
            "tags": [{"name": name, "description": text} for name, text in self._tags.items()],
            "security": [],
            "paths": self._paths,
            "components": {
                "schemas": {**self.schemas, **self.shapes.components()},
                "responses": problem_responses(self.every_answer),
                "headers": self._headers,
                "securitySchemes": self.security,
            },
        }
        return orjson.dumps(whole)


def document_route(text: Callable[[], bytes], address: str) -> Route:
    """The route of a document for the face that is reached at ``address``."""
    return Route("/openapi.json", for_every_site(document_handler(text, address)))


def document_handler(text: Callable[[], bytes], address: str) -> Handler:
    """The handler of GET /openapi.json."""

    @cache
    def document() -> documents.Document:
        return served(text(), address)

    async def answer(request: Request) -> Response:
        return document().response(request)

    return answer


def served(text: bytes, base: str) -> documents.Document:
    """The document for whoever reaches us at ``base``."""
    servers = orjson.dumps([{"url": base}])
    return documents.Document(b'{"servers":' + servers + b"," + text[1:], JSON, CACHE)


def path_parameter(name: str, schema: Node, description: str) -> Node:
    """A part of the path."""
    return {
        "in": "path",
        "name": name,
        "required": True,
        "schema": schema,
        "description": description,
    }


def header_parameter(name: str, schema: Node, description: str, *, required: bool = False) -> Node:
    """A header of the request."""
    return {
        "in": "header",
        "name": name,
        "required": required,
        "schema": schema,
        "description": description,
    }
