"""HTTP Message Endpoint: what each face does before and after the handler of a request."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import orjson
import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from bus.client import Client
from bus.envelope import child_of, valid_traceparent
from bus.errors import BusError, Internal
from bus.messages.values import Json
from bus.process import log, monitor, records, spans
from bus.process.records import HttpEnd
from bus.process.spans import Kind, Span
from gateway.call_records import CallRecords
from gateway.html import problem_page
from gateway.http import problems, request_metrics
from gateway.http.address import Address
from gateway.http.facts import AGENCY, CODE, CONTRACT, ROUTE, SIGNS, TRACEPARENT, trace_id
from gateway.http.hosts import Hosts
from gateway.http.origin import (
    is_for_every_site,
    is_from_other_sites,
    own_path,
    preflight,
    same_origin,
)
from gateway.http.problems import HttpError

HEADERS_LIMIT = 32 * 1024
URI_LIMIT = 4096
# Of so many paths a face knows by heart which routes can match them; strangers may think of more.
MOST_PATHS = 2000
# A label for each method that a stranger can think of would fill our memory.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Two of these would be read in two ways (RFC 9110, section 5.3).
SINGLE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"dpop",
        b"idempotency-key",
        b"mirab-on-behalf-of",
        b"origin",
        b"payment-key",
        b"sec-fetch-site",
        b"ticket-secret",
        b"x-forwarded-host",
        b"x-forwarded-proto",
    }
)
OUR_FAULT = 500
SIZE_DIGITS = 13
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    # With no-referrer browsers would send Origin: null with our own forms (Fetch, "append a
    # request Origin header").
    "Referrer-Policy": "same-origin",
    # Scripts only make a page quicker to use; every page works without. What people sent in is
    # never served as a script (nosniff, and a media type of its own).
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "style-src 'self'; font-src 'self'; img-src 'self' data:; manifest-src 'self'; "
    "worker-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
_SECURITY = [(name.lower().encode(), value.encode()) for name, value in SECURITY.items()]
Handler = Callable[[Request], Awaitable[Response]]
Finish = Callable[[Request, Response], Response]
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]
Show = Callable[[Request, Json], Response | None]
First = Callable[[Request], Awaitable[None] | None]
Prove = Callable[[Request, Response, Callable[[Request, BusError], Response]], Awaitable[Response]]
_log = log.get("web")


class Face:
    """An ASGI app: routes, problems for all that goes wrong, a trace, a log line, metrics.

    ``finish`` may change each response, of problems too (the agency face signs them), and ``prove``
    before that. ``show`` may make a page of a problem, for a person; None leaves it as JSON.
    ``first`` sees each request before its handler; what it raises is the answer. ``address`` is the
    configured one: its scheme is that of every request. Other sites may send forms only to handlers
    that declare ``from_other_sites``. ``hosts``, which gateway/run.py sets, are the names by which
    it is reached, any if None.
    """

    hosts: Hosts | None = None
    prove: Prove | None = None

    def __init__(  # noqa: PLR0913 - the parts of a face
        self,
        name: str,
        routes: Sequence[Route],
        *,
        lifespan: Lifespan | None = None,
        finish: Finish | None = None,
        show: Show | None = None,
        first: First | None = None,
        address: Address | None = None,
    ) -> None:
        self.address = address
        self.name, self.routes, self._finish, self._show = name, routes, finish, show
        self._first = first
        self._lifespan = Starlette(lifespan=lifespan)
        self._routes_of: dict[str, Sequence[Route]] = {}
        for route in routes:
            request_metrics.begin_counts(name, route.path, route.methods or ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._lifespan(scope, receive, send)
            return
        if self.address:
            scope["scheme"] = self.address.scheme
        request = Request(scope, receive)
        span = _begin_trace(request)
        ROUTE.set(request, "unknown")
        SIGNS.set(request, self._finish is not None)
        bound = structlog.contextvars.bound_contextvars(trace_id=trace_id(request))
        with spans.within(span), bound:
            await self._serve(request, scope, receive, send, span)

    async def _serve(
        self, request: Request, scope: Scope, receive: Receive, send: Send, span: Span | None
    ) -> None:
        started = time.perf_counter()
        http = records.begin_http()
        response = await self._respond(request)
        if self.prove is not None:
            response = await self.prove(request, response, self._problem)
        present = {name for name, _ in response.raw_headers}
        response.raw_headers += [header for header in _SECURITY if header[0] not in present]
        response.headers["traceparent"] = TRACEPARENT.of(request)
        if response.status_code in problems.AGAIN:  # a page with the form again, too
            response.headers.setdefault("Retry-After", str(problems.RETRY_SECONDS))
        if self._finish is not None:
            response = self._finish(request, response)
        try:
            await response(scope, receive, send)
        finally:
            counted = problems.counted(request, response.status_code)
            self._account(request, counted, time.perf_counter() - started)
            records.end_http(http, _http_end(request, response))
            if span is not None:
                _end_trace(request, counted, span)

    async def _respond(self, request: Request) -> Response:
        try:
            if self.hosts is not None:
                self.hosts.check(request)
            _check_headers(request)
            handler = self._handler(request)
            if request.method not in READING and not is_from_other_sites(handler):
                same_origin(request)
            if self._first is not None and (waits := self._first(request)) is not None:
                await waits
            return await handler(request)
        except BusError as error:
            CODE.set(request, error.code)
            return self._problem(request, error)
        except ClientDisconnect:
            CODE.set(request, "client.gone")
            return Response(status_code=499)
        except Exception as error:
            error_id = str(uuid.uuid4())
            route = ROUTE.of(request)
            _log.error("request_failed", error_id=error_id, route=route, exc_info=error)
            CODE.set(request, "internal")
            return self._problem(
                request,
                Internal(
                    f"We failed to work on this. Tell us the number {error_id}.", error_id=error_id
                ),
            )

    def _handler(self, request: Request) -> Handler:
        scope = request.scope
        if len(scope["raw_path"]) + len(scope["query_string"]) > URI_LIMIT:
            raise HttpError("http.uri", f"The address may take {URI_LIMIT} bytes.")
        if any(code in scope["raw_path"].lower() for code in (b"%2f", b"%5c", b"%00")):
            raise HttpError("http.not_found", "There is nothing at this path.")
        others = []
        for route in self._candidates(scope["path"]):
            match, child = route.matches(scope)
            if match is Match.FULL:
                scope.update(child)
                ROUTE.set(request, route.path)
                handler: Handler = route.endpoint
                return handler
            if match is Match.PARTIAL:
                others.append(route)
        if not others:
            raise HttpError("http.not_found", "There is nothing at this path.")
        methods = set().union(*(route.methods or () for route in others))
        if request.method == "OPTIONS" and any(is_for_every_site(r.endpoint) for r in others):
            return partial(preflight, methods=methods)
        allow = ", ".join(sorted(methods))
        raise HttpError("http.method", f"This path takes {allow}.", Allow=allow)

    def _candidates(self, path: str) -> Sequence[Route]:
        """Return the routes that can match a path, in their order; each path is tried once."""
        routes = self._routes_of.get(path)
        if routes is None:
            routes = [route for route in self.routes if route.path_regex.match(path)]
            if len(self._routes_of) >= MOST_PATHS:
                self._routes_of.clear()
            self._routes_of[path] = routes
        return routes

    def _problem(self, request: Request, error: BusError) -> Response:
        problem = problems.describe(
            error,
            instance=own_path(request),
            trace_id=trace_id(request),
        )
        response = self._show(request, problem) if self._show else None
        problem = problems.without_repeats(problem)
        response = response or problem_page.page(request, problem)
        if response is None:
            response = Response(orjson.dumps(problem), problem["status"], None, problems.MEDIA_TYPE)
        response.headers.update(problems.headers(error, problem["status"]))
        return response

    def _account(self, request: Request, status: int, seconds: float) -> None:
        route = ROUTE.of(request)
        method = request.method if request.method in METHODS else "other"
        request_metrics.requests(self.name, route, method, status).inc()
        request_metrics.seconds(self.name, route).observe(seconds)
        _log.info(
            "answered",
            method=request.method,
            route=route,
            status=status,
            agency=AGENCY.get(request),
            contract=CONTRACT.get(request),
            code=CODE.get(request),
            ms=round(seconds * 1000, 2),
        )


def _http_end(request: Request, response: Response) -> HttpEnd:
    """How a request ended, for the operational record."""
    size = request.headers.get("content-length", "")
    return HttpEnd(
        method=request.method if request.method in METHODS else "other",
        route=ROUTE.of(request),
        status=problems.counted(request, response.status_code),
        code=CODE.get(request),
        agency=AGENCY.get(request),
        contract=CONTRACT.get(request),
        trace_id=trace_id(request),
        request_bytes=int(size) if size.isdecimal() and len(size) < SIZE_DIGITS else 0,
        # A stream has no body to measure.
        response_bytes=len(getattr(response, "body", b"")),
    )


def _begin_trace(request: Request) -> Span | None:
    """Say to which trace a request belongs, and begin its span; None if nobody records it."""
    parent = valid_traceparent(request.headers.get("traceparent"))
    span = spans.begin(Kind.SERVER, "HTTP", parent=parent, outside=True)
    TRACEPARENT.set(request, span.traceparent if span else child_of(parent))
    return span


def _end_trace(request: Request, status: int, span: Span) -> None:
    """Name the span by the route, never by the path, which may hold somebody's ID."""
    method = request.method if request.method in METHODS else "_OTHER"
    span.rename(f"{method} {ROUTE.of(request)}")
    span.note(
        http__request__method=method,
        http__route=ROUTE.of(request),
        http__response__status_code=status,
        mirab__agency=AGENCY.get(request) or "",
        mirab__contract=CONTRACT.get(request) or "",
    )
    if status >= OUR_FAULT:
        span.fail(CODE.get(request) or str(status))


def _check_headers(request: Request) -> None:
    """Raise HttpError if headers are too many, or one that must be single is there twice."""
    headers = request.scope["headers"]
    if sum(len(name) + len(value) for name, value in headers) > HEADERS_LIMIT:
        raise HttpError("http.headers", f"Headers may take {HEADERS_LIMIT} bytes together.")
    single = [name for name, _ in headers if name in SINGLE]
    if len(set(single)) < len(single):
        names = sorted({name.decode() for name in single if single.count(name) > 1})
        raise HttpError("http.header_twice", f"{', '.join(names)}: send this header once.")


def json_response(
    data: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return data as JSON that no cache keeps."""
    return Response(
        orjson.dumps(data),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        "application/json",
    )


def while_connected(
    client: Client, *works: Callable[[], Coroutine[object, None, None]]
) -> Lifespan:
    """Return the lifespan of a face: its client is connected from start to end, and its
    ``works`` run beside the requests, and what it has recorded is sent.
    """
    call_records = CallRecords(client)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        monitor.watch("loop", monitor.loop_turns(asyncio.get_running_loop()))
        await client.start()
        tasks = [asyncio.create_task(work()) for work in (*works, call_records.keep)]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await client.stop()

    return lifespan


async def live(_: Request) -> Response:
    """Answer that the process lives; nothing else is asked."""
    return Response(b'{"status":"pass"}', media_type="application/health+json")
