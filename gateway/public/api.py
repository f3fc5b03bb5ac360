"""The public face: its routes, its problem pages, and the verification of answers."""

from datetime import UTC, datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.client import Client
from bus.messages.values import Json
from bus.settings import Settings, broker_url
from contracts.inquiry.questions import VERIFY
from gateway import web
from gateway.announcements import AnnouncementCache, Maintenance
from gateway.html import assets
from gateway.http import bodies, security_txt
from gateway.http.address import own_address
from gateway.http.problems import HttpError
from gateway.limits.guesses import Guesses
from gateway.openapi.document import document_route
from gateway.public import (
    bills,
    inbox,
    json_api,
    openapi_document,
    own_inquiries,
    received_texts,
    sent_files,
    sms_receipts,
)
from gateway.public.about import heat_pages, holidays, laws, receipts
from gateway.public.about import pages as about
from gateway.public.complaints import confirmation, follow_ups, registration, tickets
from gateway.public.georeport import api as georeport
from gateway.public.georeport import xml as georeport_xml
from gateway.public.matters import asked, door, lost_secrets, sign_in
from gateway.public.matters import pages as matters
from gateway.public.promise import pages as promise
from gateway.public.proofs import own as own_proofs
from gateway.public.proofs import pages as proofs
from gateway.public.proofs import views as proof_views
from gateway.public.reports import alerts as report_alerts
from gateway.public.reports import pages as reports
from gateway.public.site import components, feedback, problem_replies, words
from gateway.public.site.facts import BANNER, CLOSED, TELEPHONE
from gateway.public.site.pages import show as show_page
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services, address_of, guesses_a_minute
from gateway.public.status import badges, unsubscribing
from gateway.public.status import messages as message_pages
from gateway.public.status import pages as news

JSON, HTML = "application/json", "text/html"
LONGEST_CODE = 60
# Pages of one person, and addresses for programs: nothing for a search engine.
PRIVATE = (
    "/v1/",
    "/open311/",
    "/contact/ticket",
    "/contact/follow-up/",
    "/inquiry/mine",
    "/inbox/",
    "/files/",
    "/bills/",
    "/pay/",
    "/subscription",
    "/unsubscribe/",
    "/alert/",
    "/problems/",
)


class Public:
    """What the routes of this face share."""

    def __init__(self, settings: Settings) -> None:
        settings.require("AMQP_URL", "PORTAL_KEY", "PORTAL_URL", "BLOBS_DIR", "OPEN311_KEYS_FILE")
        self.address = own_address(settings, "PORTAL_URL")
        self.client = Client(broker_url(settings), name="gateway.public")
        self.guesses = Guesses(guesses_a_minute(settings))
        self.services = Services(self.client, settings, self.guesses)
        self.notices = AnnouncementCache(self.client)
        self._first_page = same_for_all(self._show_first_page)
        self._verify_form = same_for_all(self._show_verify_form)
        self.news = news.News(self.services, settings.text("PORTAL_URL").rstrip("/"))

    def first(self, request: Request) -> None:
        """Notes what the page has to say of us. Maintenance in an announced window."""
        now = datetime.now(UTC)
        self._tell(request, now)
        try:
            for component in components.components_of(request.url.path):
                self.notices.require_open(component, now)
        except Maintenance as error:
            CLOSED.set(request, error.announcement)
            raise

    def show(self, request: Request, problem: Json) -> Response | None:
        """A problem as a page, which tells what every page does."""
        self._tell(request, datetime.now(UTC))
        return show(request, problem)

    def _tell(self, request: Request, now: datetime) -> None:
        parts = components.parts_shown(request.url.path)
        BANNER.set(request, self.notices.banner(parts, now))
        TELEPHONE.set(request, self.notices.contact)

    async def verify(self, request: Request) -> Response:
        """GET /v1/verify/{code}: whether an answer with this code was given."""
        fields = {"verification_code": request.path_params["code"]}
        wanted = bodies.answer_type(request, JSON, HTML)
        reply = await self.services.ask_json(request, VERIFY, fields)
        verification = VERIFY.reply_of(reply)
        if not verification.genuine:
            self.guesses.take(address_of(request))
        if wanted == HTML:
            response = show_page(request, "verified", verification=verification)
        else:
            response = web.json_response(reply)
        response.headers.update({"Vary": "Accept", "Cache-Control": "no-store"})
        return response

    async def home(self, request: Request) -> Response:
        """GET /: the first page; with a code it leads to the page of that code, as it ever did."""
        if "code" in request.query_params:
            return await self.verify_page(request)
        return await self._first_page(request)

    @staticmethod
    async def _show_first_page(request: Request) -> Response:
        return show_page(request, "home")

    @staticmethod
    def _empty(request: Request) -> dict[str, str]:
        if "code" not in request.query_params:
            return {}
        return {"code": words.speaker(words.language(request))("verify_empty")}

    async def verify_page(self, request: Request) -> Response:
        """GET /verify: a form for a code; it leads to the page of that code."""
        typed = request.query_params.get("code", "")
        code = "".join(c for c in typed if c.isalnum() or c == "-")[:LONGEST_CODE]
        if code:
            return RedirectResponse(f"/v1/verify/{code}", 303)
        return await self._verify_form(request)

    async def _show_verify_form(self, request: Request) -> Response:
        return show_page(
            request,
            "verify",
            empty="code" in request.query_params,
            faults=self._empty(request),
            texts=proof_views.script_texts(words.language(request)),
        )


def make(settings: Settings) -> web.Face:
    """The public face."""
    public = Public(settings)
    return web.Face(
        "public",
        [
            Route("/v1/verify/{code}", public.verify),
            Route("/", public.home),
            Route("/verify", public.verify_page, methods=["GET"]),
            *proofs.routes(public.services, receipts.keys_of(settings)),
            *own_proofs.routes(public.services, settings.text("PORTAL_URL").rstrip("/")),
            *door.routes(public.services),
            *tickets.routes(public.services),
            *about.routes(public.services, settings.text("PORTAL_URL").rstrip("/")),
            *message_pages.routes(public.services, settings.text("PORTAL_URL").rstrip("/")),
            *promise.routes(public.services, settings.text("PORTAL_URL").rstrip("/")),
            *registration.routes(public.services),
            *follow_ups.routes(public.services),
            *confirmation.routes(public.services, settings.text("PORTAL_URL").rstrip("/")),
            *bills.routes(public.services, settings.text("PORTAL_URL").rstrip("/")),
            *own_inquiries.routes(public.services, settings.text("PORTAL_URL").rstrip("/")),
            *laws.routes(public.services),
            *holidays.routes(public.services, settings.text("PORTAL_URL").rstrip("/")),
            *receipts.routes(settings),
            *feedback.routes(public.services),
            *report_alerts.routes(public.services),
            *unsubscribing.routes(public.services),
            *heat_pages.routes(public.services, settings.text("PORTAL_URL").rstrip("/")),
            *reports.routes(public.services, settings.text("PORTAL_URL").rstrip("/")),
            *lost_secrets.routes(public.services),
            *matters.routes(public.services),
            *sign_in.routes(public.services),
            *asked.routes(public.services),
            *inbox.routes(public.services),
            *sent_files.routes(public.services),
            *news.routes(public.news),
            *badges.routes(badges.Badges(public.services)),
            *_of_programs(public, settings),
            Route("/health/live", web.live),
            assets.robots(*PRIVATE),
            *assets.ROUTES,
        ],
        lifespan=web.while_connected(
            public.client, public.notices.keep, partial(public.news.keep, public.client)
        ),
        show=public.show,
        first=public.first,
        address=public.address,
    )


def _of_programs(public: Public, settings: Settings) -> list[Route]:
    """What no person opens: civic apps, providers of SMS, programs of citizens."""
    return [
        *georeport.routes(public.services, settings),
        *sms_receipts.routes(public.client, settings, public.guesses),
        *received_texts.routes(public.client, settings, public.guesses),
        Route("/.well-known/security.txt", security_txt.text_of(settings)),
        *json_api.routes(public.services),
        document_route(openapi_document.openapi, str(public.address)),
    ]


def show(request: Request, problem: Json) -> Response | None:
    """A problem as a page, for who asks with a browser; in Open311's own form under its path; as
    JSON for other programs, in the language that they ask for.
    """
    if (
        response := georeport_xml.show(request, problem_replies.spoken(request, problem))
    ) is not None:
        return response
    try:
        if bodies.answer_type(request, JSON, HTML) == JSON:
            return problem_replies.answer(request, problem)
    except HttpError:
        return problem_replies.answer(request, problem)
    if problem["code"] == Maintenance.default_code:
        reason, contact = CLOSED.of(request), TELEPHONE.of(request)
        status = problem["status"]
        return show_page(request, "maintenance", status, announcement=reason, contact=contact)
    speak = words.speaker(words.language(request))
    try:
        sentence = speak(f"sorry_{problem['status']}")
    except KeyError:
        sentence = speak("sorry_500")
    return show_page(request, "sorry", problem["status"], sentence=sentence, problem=problem)
