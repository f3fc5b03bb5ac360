"""Verification of answers: for machines at /v1/verify/{code}, for people as a page."""

import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.client import Client
from bus.contracts.inquiry import VERIFY
from bus.errors import TooMany
from bus.persian import persian_digits
from bus.settings import Settings
from gateway import bodies, pages, web
from gateway.problems import HttpError

JSON, HTML = "application/json", "text/html"
LONGEST_CODE = 60
SENTENCES = {
    404: "چنین صفحه‌ای نیست.",
    422: "این کد خوانا نیست؛ آن را دوباره از روی برگه وارد کنید.",
    429: "در یک دقیقه بیش از اندازه پرسیده‌اید؛ یک دقیقه دیگر دوباره بپرسید.",
    503: "اکنون نمی‌توانیم پاسخ دهیم؛ چند دقیقه دیگر دوباره بپرسید.",
    504: "پاسخ به‌موقع نرسید؛ چند دقیقه دیگر دوباره بپرسید.",
    500: "کار انجام نشد؛ این شماره را به شرکت آب منطقه‌ای بگویید.",
}
REQUESTS, SECONDS = 60, 60
MOST_ADDRESSES = 50_000


class Guesses:
    """How often an address may ask in a minute, so that codes cannot be guessed in bulk."""

    def __init__(self) -> None:
        self._minute, self._counts = 0, dict[str, int]()

    def take(self, address: str) -> None:
        """TooMany if the address has used up its minute."""
        minute = int(time.time()) // SECONDS
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        name = neighbourhood(address)
        # In a flood of addresses the new ones share one count: memory has an end, the limit none.
        if name not in self._counts and len(self._counts) >= MOST_ADDRESSES:
            name = "others"
        self._counts[name] = self._counts.get(name, 0) + 1
        if self._counts[name] > REQUESTS:
            wait = SECONDS - int(time.time()) % SECONDS
            raise TooMany(
                f"You may ask {REQUESTS} times a minute; wait {wait} s.", retry_after=wait
            )


def neighbourhood(address: str) -> str:
    """The address, or the /64 of an IPv6 one: one subscriber has all of that for himself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and not found.ipv4_mapped:
        return str(IPv6Address(int(found) >> 64 << 64))
    return address


class Public:
    """What the routes of this face share."""

    def __init__(self, settings: Settings) -> None:
        self.client = Client(settings.text("AMQP_URL"), name="gateway.public")
        self._contact = settings.text("SECURITY_CONTACT", "mailto:security@mirab.example")
        self._guesses = Guesses()

    async def verify(self, request: Request) -> Response:
        """GET /v1/verify/{code}: whether an answer with this code was given."""
        self._guesses.take(request.client.host if request.client else "")
        asked = VERIFY.load({"verification_code": request.path_params["code"]})
        form = bodies.answer_type(request, JSON, HTML)
        told = await self.client.call(VERIFY, asked, traceparent=request.state.traceparent)
        if form == HTML:
            response = pages.page("verified.html", told=told, fa=persian_digits)
        else:
            response = web.json_response(told)
        response.headers.update({"Vary": "Accept", "Cache-Control": "no-store"})
        return response

    async def home(self, request: Request) -> Response:
        """GET /: a form for a code; it leads to the page of that code."""
        told = request.query_params.get("code", "")
        code = "".join(c for c in told if c.isalnum() or c == "-")[:LONGEST_CODE]
        if code:
            return RedirectResponse(f"/v1/verify/{code}", 303)
        return pages.page("verify.html", empty="code" in request.query_params)

    async def security(self, _: Request) -> Response:
        """GET /.well-known/security.txt (RFC 9116)."""
        expires = (datetime.now(UTC) + timedelta(days=180)).replace(microsecond=0)
        return Response(
            f"Contact: {self._contact}\nExpires: {expires.isoformat()}\n"
            "Preferred-Languages: fa, en\n",
            media_type="text/plain",
        )


def make(settings: Settings) -> web.Face:
    """The public face."""
    public = Public(settings)
    return web.Face(
        "public",
        [
            Route("/v1/verify/{code}", public.verify),
            Route("/", public.home),
            Route("/.well-known/security.txt", public.security),
            Route("/health/live", web.live),
            *pages.COMMON,
        ],
        lifespan=web.while_connected(public.client),
        show=show,
    )


def show(request: Request, problem: dict[str, Any]) -> Response | None:
    """A problem as a page, for who asks with a browser; None for a machine."""
    try:
        if bodies.answer_type(request, JSON, HTML) == JSON:
            return None
    except HttpError:
        return None
    sentence = SENTENCES.get(problem["status"], SENTENCES[500])
    return pages.page("sorry.html", problem["status"], sentence=sentence, problem=problem)
