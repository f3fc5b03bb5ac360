"""Verification of answers: for machines at /v1/verify/{code}, for people as a page."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.client import Client
from bus.contracts.inquiry import VERIFY
from bus.errors import TooMany
from bus.persian import persian_digits
from bus.settings import Settings
from gateway import pages, web

REQUESTS, SECONDS = 60, 60
MOST_ADDRESSES = 50_000


class Guesses:
    """How often an address may ask in a minute, so that codes cannot be guessed in bulk."""

    def __init__(self) -> None:
        self._minute, self._counts = 0, dict[str, int]()

    def take(self, address: str) -> None:
        """TooMany if the address has used up its minute."""
        minute = int(time.time()) // SECONDS
        if minute != self._minute or len(self._counts) > MOST_ADDRESSES:
            self._minute, self._counts = minute, {}
        self._counts[address] = self._counts.get(address, 0) + 1
        if self._counts[address] > REQUESTS:
            wait = SECONDS - int(time.time()) % SECONDS
            raise TooMany(
                f"You may ask {REQUESTS} times a minute; wait {wait} s.", retry_after=wait
            )


def make(settings: Settings) -> web.Face:
    """The public face."""
    client = Client(settings.require("AMQP_URL").text("AMQP_URL"), name="gateway.public")
    guesses = Guesses()

    async def verify(request: Request) -> Response:
        guesses.take(request.client.host if request.client else "")
        asked = VERIFY.load({"verification_code": request.path_params["code"]})
        told = await client.call(VERIFY, asked, traceparent=request.state.traceparent)
        if prefers_page(request):
            return pages.page("verified.html", 200, told=told, fa=persian_digits)
        return web.json_response(told)

    async def home(request: Request) -> Response:
        code = request.query_params.get("code", "").strip()
        if code:
            return RedirectResponse(
                "/v1/verify/" + "".join(c for c in code if c.isalnum() or c == "-"), 303
            )
        return pages.page("verify.html", empty="code" in request.query_params)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        await client.start()
        yield
        await client.stop()

    contact = settings.text("SECURITY_CONTACT", "mailto:security@mirab.example")

    async def security(_: Request) -> Response:
        expires = (datetime.now(UTC) + timedelta(days=180)).replace(microsecond=0)
        return Response(
            f"Contact: {contact}\nExpires: {expires.isoformat()}\nPreferred-Languages: fa, en\n",
            media_type="text/plain",
        )

    return web.Face(
        "public",
        [
            Route("/v1/verify/{code}", verify),
            Route("/", home),
            Route("/.well-known/security.txt", security),
            Route("/health/live", web.live),
            *pages.COMMON,
        ],
        lifespan=lifespan,
    )


def prefers_page(request: Request) -> bool:
    """True for a browser: HTML is named before JSON."""
    accept = request.headers.get("accept", "")
    html, json = accept.find("text/html"), accept.find("application/json")
    return html >= 0 and (json < 0 or html < json)
