"""Verification of answers: for machines at /v1/verify/{code}, for people as a page."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.client import Client
from bus.settings import Settings, broker_url
from contracts.inquiry.questions import VERIFY
from gateway import bodies, pages, security, web
from gateway.address import own_address
from gateway.guesses import Guesses
from gateway.notices import Maintenance, Notices
from gateway.problems import HttpError
from gateway.public import (
    bills,
    callbacks,
    closing,
    described,
    form,
    inbox,
    json_api,
    laws,
    lost,
    news,
    open311,
    open311_xml,
    own,
    portal,
    refusals,
    reports,
    words,
)
from gateway.public.tickets import Tickets, address_of, guesses_a_minute

JSON, HTML = "application/json", "text/html"
LONGEST_CODE = 60
# Where the pages of others send browsers, on purpose: a bank after a payment, a mail program that
# ends a subscription (RFC 8058), civic apps with their own keys. None of these believes a cookie.
FROM_ELSEWHERE = frozenset(
    {
        "/pay/return/{order:int}/{key}",
        "/u/{token}",
        *(f"{open311.V2}/requests.{form}" for form in open311_xml.FORMS),
    }
)


class Public:
    """What the routes of this face share."""

    def __init__(self, settings: Settings) -> None:
        settings.require("AMQP_URL", "PORTAL_KEY", "PORTAL_URL", "BLOBS_DIR", "OPEN311_KEYS_FILE")
        self.address = own_address(settings, "PORTAL_URL")
        self.client = Client(broker_url(settings), name="gateway.public")
        self.guesses = Guesses(guesses_a_minute(settings))
        self.tickets = Tickets(self.client, settings, self.guesses)
        self.notices = Notices(self.client)
        self.news = news.News(self.tickets, settings.text("PORTAL_URL").rstrip("/"))

    def first(self, request: Request) -> None:
        """Notes what the page has to say of us. Maintenance in an announced window."""
        now = datetime.now(UTC)
        self._tell(request, now)
        try:
            for component in closing.components_of(request.url.path):
                self.notices.require_open(component, now)
        except Maintenance as error:
            request.state.closed = {"told": error.told, "contact": self.notices.contact}
            raise

    def show(self, request: Request, problem: dict[str, Any]) -> Response | None:
        """A problem as a page, which tells what every page does."""
        self._tell(request, datetime.now(UTC))
        return show(request, problem)

    def _tell(self, request: Request, now: datetime) -> None:
        parts = closing.parts_shown(request.url.path)
        request.state.banner = self.notices.banner(parts, now)

    async def verify(self, request: Request) -> Response:
        """GET /v1/verify/{code}: whether an answer with this code was given."""
        asked = {"verification_code": request.path_params["code"]}
        wanted = bodies.answer_type(request, JSON, HTML)
        told = await self.tickets.ask(request, VERIFY, asked)
        if not told["genuine"]:
            self.guesses.take(address_of(request))
        if wanted == HTML:
            response = portal.show(request, "verified", told=told)
        else:
            response = web.json_response(told)
        response.headers.update({"Vary": "Accept", "Cache-Control": "no-store"})
        return response

    async def home(self, request: Request) -> Response:
        """GET /: the first page; with a code it leads to the page of that code, as it ever did."""
        if "code" in request.query_params:
            return await self.verify_page(request)
        return portal.show(request, "home")

    @staticmethod
    def _empty(request: Request) -> dict[str, str]:
        if "code" not in request.query_params:
            return {}
        return {"code": words.speaker(words.language(request))("verify_empty")}

    async def verify_page(self, request: Request) -> Response:
        """GET /verify: a form for a code; it leads to the page of that code."""
        told = request.query_params.get("code", "")
        code = "".join(c for c in told if c.isalnum() or c == "-")[:LONGEST_CODE]
        if code:
            return RedirectResponse(f"/v1/verify/{code}", 303)
        return portal.show(
            request, "verify", empty="code" in request.query_params, faults=self._empty(request)
        )


def make(settings: Settings) -> web.Face:
    """The public face."""
    public = Public(settings)
    return web.Face(
        "public",
        [
            Route("/v1/verify/{code}", public.verify),
            Route("/", public.home),
            Route("/verify", public.verify_page),
            *portal.routes(public.tickets),
            *form.routes(public.tickets),
            *bills.routes(public.tickets, settings.text("PORTAL_URL").rstrip("/")),
            *own.routes(public.tickets, settings.text("PORTAL_URL").rstrip("/")),
            *laws.routes(public.tickets),
            *reports.routes(public.tickets),
            *lost.routes(public.tickets),
            *inbox.routes(public.tickets),
            *news.routes(public.news),
            *open311.routes(public.tickets, settings),
            *callbacks.routes(public.client, settings, public.guesses),
            Route("/.well-known/security.txt", security.text_of(settings)),
            *json_api.routes(public.tickets),
            described.route(str(public.address)),
            Route("/health/live", web.live),
            *pages.COMMON,
        ],
        lifespan=web.while_connected(
            public.client, public.notices.keep, partial(public.news.keep, public.client)
        ),
        show=public.show,
        first=public.first,
        from_elsewhere=FROM_ELSEWHERE,
        address=public.address,
    )


def show(request: Request, problem: dict[str, Any]) -> Response | None:
    """A problem as a page, for who asks with a browser; in Open311's own form under its path; as
    JSON for other programs, in the language that they ask for.
    """
    if (told := open311_xml.show(request, refusals.spoken(request, problem))) is not None:
        return told
    try:
        if bodies.answer_type(request, JSON, HTML) == JSON:
            return refusals.answer(request, problem)
    except HttpError:
        return refusals.answer(request, problem)
    if problem["code"] == Maintenance.default_code:
        return portal.show(request, "maintenance", problem["status"], **request.state.closed)
    speak = words.speaker(words.language(request))
    try:
        sentence = speak(f"sorry_{problem['status']}")
    except KeyError:
        sentence = speak("sorry_500")
    return portal.show(request, "sorry", problem["status"], sentence=sentence, problem=problem)
