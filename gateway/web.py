"""HTTP Message Endpoint: what every face does with every request, before and after its handler."""

import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import orjson
import structlog
from prometheus_client import Counter, Histogram
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from bus import log
from bus.envelope import child_of, valid_traceparent
from bus.errors import BusError, Internal
from gateway import problems
from gateway.problems import HttpError

BODY_LIMIT = 256 * 1024
HEADERS_LIMIT = 32 * 1024
URI_LIMIT = 4096
DEEPEST = 32
STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
}
REQUESTS = Counter("mirab_http_requests_total", "Requests", ["face", "route", "status"])
SECONDS = Histogram(
    "mirab_http_request_seconds",
    "Time to answer",
    ["face", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)

Handler = Callable[[Request], Awaitable[Response]]
Finish = Callable[[Request, Response], Response]
_log = log.get("web")


class Face:
    """An ASGI app: routes, problems for all that goes wrong, a trace, a log line, metrics.

    ``finish`` has the last word on each answer, problems too (the agency face signs them).
    """

    def __init__(
        self,
        name: str,
        routes: Sequence[Route],
        *,
        lifespan: Callable[[Any], AbstractAsyncContextManager[None]] | None = None,
        finish: Finish | None = None,
    ) -> None:
        self.name, self._routes, self._finish = name, routes, finish
        self._lifespan = Starlette(lifespan=lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._lifespan(scope, receive, send)
            return
        started = time.perf_counter()
        request = Request(scope, receive)
        given = valid_traceparent(request.headers.get("traceparent"))
        request.state.traceparent = child_of(given)
        request.state.route = "unknown"
        response = await self._respond(request)
        for header, value in SECURITY.items():
            response.headers.setdefault(header, value)
        response.headers["traceparent"] = request.state.traceparent
        if self._finish is not None:
            response = self._finish(request, response)
        try:
            await response(scope, receive, send)
        finally:
            self._account(request, response.status_code, time.perf_counter() - started)

    async def _respond(self, request: Request) -> Response:
        try:
            return await self._handler(request)(request)
        except BusError as error:
            request.state.code = error.code
            return self._problem(request, error)
        except ClientDisconnect:
            request.state.code = "client.gone"
            return Response(status_code=499)
        except Exception as error:
            error_id = str(uuid.uuid4())
            _log.error("failed", error_id=error_id, route=request.state.route, exc_info=error)
            request.state.code = "internal"
            return self._problem(
                request,
                Internal(
                    f"We failed to work on this. Tell us the number {error_id}.", error_id=error_id
                ),
            )

    def _handler(self, request: Request) -> Handler:
        scope = request.scope
        if sum(len(n) + len(v) for n, v in scope["headers"]) > HEADERS_LIMIT:
            raise HttpError("http.headers", f"Headers may take {HEADERS_LIMIT} bytes together.")
        if len(scope["raw_path"]) + len(scope["query_string"]) > URI_LIMIT:
            raise HttpError("http.uri", f"The address may take {URI_LIMIT} bytes.")
        if any(code in scope["raw_path"].lower() for code in (b"%2f", b"%5c", b"%00")):
            raise HttpError("http.not_found", "There is nothing at this path.")
        allowed: set[str] = set()
        for route in self._routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                scope.update(child)
                request.state.route = route.path
                handler: Handler = route.endpoint
                return handler
            if match is Match.PARTIAL:
                allowed |= route.methods or set()
        if allowed:
            raise HttpError(
                "http.method",
                "This path takes " + ", ".join(sorted(allowed)) + ".",
                Allow=", ".join(sorted(allowed)),
            )
        raise HttpError("http.not_found", "There is nothing at this path.")

    def _problem(self, request: Request, error: BusError) -> Response:
        trace_id = request.state.traceparent.split("-")[1]
        return problems.response(error, instance=request.url.path, trace_id=trace_id)

    def _account(self, request: Request, status: int, seconds: float) -> None:
        route, state = request.state.route, request.state
        REQUESTS.labels(self.name, route, str(status)).inc()
        SECONDS.labels(self.name, route).observe(seconds)
        with structlog.contextvars.bound_contextvars(trace_id=state.traceparent.split("-")[1]):
            _log.info(
                "answered",
                method=request.method,
                route=route,
                status=status,
                agency=getattr(state, "agency", None),
                contract=getattr(state, "contract", None),
                code=getattr(state, "code", None),
                ms=round(seconds * 1000, 2),
            )


async def chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body as it comes; HttpError as soon as it is more than ``limit`` bytes."""
    told = request.headers.get("content-length", "0")
    if told.isdigit() and int(told) > limit:
        raise too_large(limit)
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > limit:
            raise too_large(limit)
        yield chunk


def too_large(limit: int) -> HttpError:
    """The refusal of a body over ``limit`` bytes; the connection is closed, the rest unread."""
    return HttpError("http.too_large", f"The body may take {limit} bytes here.", Connection="close")


async def body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The whole body, at most ``limit`` bytes."""
    return b"".join([chunk async for chunk in chunks(request, limit)])


def media_type(request: Request, *accepted: str) -> str:
    """The body's media type, one of those accepted; HttpError http.media_type otherwise."""
    told = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if told not in accepted:
        raise HttpError(
            "http.media_type",
            "Send the body as " + " or ".join(accepted) + ".",
            Accept=", ".join(accepted),
        )
    return told


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body: strict UTF-8, not deep; HttpError json.* says what is wrong."""
    if _depth(raw) > DEEPEST:
        raise HttpError("json.too_deep", f"The body is nested more than {DEEPEST} levels deep.")
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise HttpError(
            "json.invalid",
            f"The body is not JSON in UTF-8: {error.msg} (line "
            f"{error.lineno}, column {error.colno}).",
        ) from None
    if not isinstance(data, dict):
        raise HttpError("json.invalid", "The body must be one JSON object.")
    return data


def _depth(raw: bytes) -> int:
    """How deep the JSON is nested, found without parsing it; 0 if it cannot be too deep."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return 0
    deepest = depth = 0
    for byte in STRINGS.sub(b"", raw):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Data as JSON that no cache keeps."""
    return Response(
        orjson.dumps(data),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        "application/json",
    )


async def live(_: Request) -> Response:
    """The process lives; nothing else is asked."""
    return Response(b'{"status":"pass"}', media_type="application/health+json")
