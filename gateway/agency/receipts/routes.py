"""GET /v1/receipts/<id> for the agency whose call it was, and GET /v1/log/… for everybody."""

import time
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from bus.messages import kinds
from contracts.agencies.receipts import (
    LOG_CONSISTENCY,
    LOG_ENTRIES,
    LOG_HEAD,
    LOG_INCLUSION,
    READ_RECEIPT,
    SignedHead,
)
from contracts.agencies.register import Nothing
from gateway import web
from gateway.agency.door.checks import JSON
from gateway.agency.door.door import Door
from gateway.agency.door.queries import question_of
from gateway.http import bodies
from gateway.http.facts import TRACEPARENT
from gateway.http.origin import for_every_site
from gateway.limits.shares import Rate, Shares

WAITING, RETRY_SECONDS = 202, "2"
TEXT = "text/plain; charset=utf-8"
NUMBERS = ("size", "old", "new", "start", "limit")
# What strangers may ask of the log here, together and one of them: each process answers so many.
OF_ALL, OF_ONE = Rate(a_second=50.0, at_once=200.0), Rate(a_second=10.0, at_once=60.0)
KEPT_SECONDS = 1.0
FACE = {"face": "agency"}


class _Kept(NamedTuple):
    head: SignedHead
    at: float


class LogReading:
    """The routes of the log of receipts."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._strangers = Shares(OF_ALL, OF_ONE)
        self._kept: _Kept | None = None

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/v1/receipts/{id}", self.receipt),
            Route("/v1/log/checkpoint", for_every_site(self.checkpoint)),
            Route("/v1/log/key", for_every_site(self.key)),
            Route("/v1/log/inclusion", for_every_site(self.inclusion)),
            Route("/v1/log/consistency", for_every_site(self.consistency)),
            Route("/v1/log/entries", for_every_site(self.entries)),
        ]

    async def receipt(self, request: Request) -> Response:
        """GET /v1/receipts/<hash of the leaf, or id of the call>: receipt.json; 202 until a signed
        head covers the leaf.
        """
        visitor = await self._door.identify(request, READ_RECEIPT)
        bodies.answer_type(request, JSON)
        raw = await bodies.body(request)
        if raw or "content-digest" in visitor.http_message.headers:
            visitor.check_body(raw)
        data = READ_RECEIPT.load_data({"id": request.path_params["id"]})
        try:
            reply = await self._door.call(request, visitor, READ_RECEIPT, data)
        except NotFound as error:
            error.headers = {"Retry-After": RETRY_SECONDS}  # type: ignore[attr-defined]
            raise
        text = reply.get("receipt")
        if not isinstance(text, str):
            return web.json_response(reply, WAITING, {"Retry-After": RETRY_SECONDS})
        headers = {"Cache-Control": "no-store"}
        return Response(text.encode(), 200, headers, media_type=JSON)

    async def checkpoint(self, request: Request) -> Response:
        """GET /v1/log/checkpoint: the newest signed head (C2SP tlog-checkpoint)."""
        return _text((await self._head(request)).note)

    async def key(self, request: Request) -> Response:
        """GET /v1/log/key: the key that signs heads (C2SP signed-note, vkey)."""
        return _text((await self._head(request)).key + "\n")

    async def inclusion(self, request: Request) -> Response:
        """GET /v1/log/inclusion?leaf=&size="""
        return await self._ask(request, LOG_INCLUSION)

    async def consistency(self, request: Request) -> Response:
        """GET /v1/log/consistency?old=&new="""
        return await self._ask(request, LOG_CONSISTENCY)

    async def entries(self, request: Request) -> Response:
        """GET /v1/log/entries?start=&limit="""
        return await self._ask(request, LOG_ENTRIES)

    async def _ask(self, request: Request, contract: kinds.Request) -> Response:
        self._take(request)
        data = contract.load_data(question_of(request, NUMBERS))
        reply = await self._door.client.call_json(
            contract, data, caller=FACE, traceparent=TRACEPARENT.of(request)
        )
        return web.json_response(reply)

    async def _head(self, request: Request) -> SignedHead:
        now = time.monotonic()
        if self._kept is None or now - self._kept.at > KEPT_SECONDS:
            self._take(request)
            head = await self._door.client.call(
                LOG_HEAD, Nothing(), caller=FACE, traceparent=TRACEPARENT.of(request)
            )
            self._kept = _Kept(head, now)
        return self._kept.head

    def _take(self, request: Request) -> None:
        """TooMany ``limit.strangers`` if this address or everybody together asks too often."""
        self._strangers.take(request.client.host if request.client else "")


def _text(text: str) -> Response:
    return Response(text.encode(), 200, {"Cache-Control": "no-store"}, media_type=TEXT)
