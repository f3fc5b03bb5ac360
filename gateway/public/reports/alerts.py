"""Alerts by e-mail about public reports: asked for from the list or from one report, proven by a
link, prolonged and ended on a page that each e-mail leads to.
"""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import NotFound, RuleBroken
from bus.messages import kinds
from contracts.ticketing.civic import alerts as contracts
from contracts.ticketing.civic.alerts import Alert, AlertKey
from contracts.ticketing.public import LIST_PUBLIC, ListPublic
from gateway.http.origin import from_other_sites
from gateway.limits.guesses import Guesses, neighbourhood
from gateway.public.reports.places import parse_place
from gateway.public.site import words
from gateway.public.site.forms import Texts, submit
from gateway.public.site.pages import faults_of, leads_to, show
from gateway.public.site.services import Services, address_of
from people import tracking

AT = "/reports/alerts"
NAMES = ("email", "category", "county", "state", "place", "radius_km", "report", "form")
FILTERS = ("category", "county", "state", "report")
STATES = ("open", "closed")
# Links that one address has sent to one receiver in an hour.
LINKS, HOUR = 3, 3600


class AlertPages:
    """The handlers; whoever reads them has no account."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._links = Guesses(LINKS, HOUR)

    async def form(self, request: Request) -> Response:
        """GET /reports/alerts?category=&county=&state=&report=: what to hear of, and where."""
        typed = {name: request.query_params.get(name, "")[:40] for name in FILTERS}
        return await self._form(request, typed, {}, 200)

    async def _form(
        self, request: Request, typed: Mapping[str, str], faults: Mapping[str, str], status: int
    ) -> Response:
        return show(
            request,
            "alert_new",
            status,
            typed=typed,
            faults=faults,
            form=await self._services.form(request),
            id=typed.get("form") or self._services.new_id(),
            states=STATES,
            radii=contracts.RADII,
            report=await self._report(request, typed.get("report", "")),
        )

    async def _report(self, request: Request, written: str) -> object:
        """Return the public report of a code; None without one. NotFound ``http.not_found``."""
        if not written:
            return None
        try:
            question = ListPublic(codes=(tracking.parse(written),))
        except ValueError:  # Malformed among them
            raise _not_found() from None
        rows = (await self._services.ask(request, LIST_PUBLIC, question)).tickets
        if not rows:
            raise _not_found()
        return rows[0]

    async def ask(self, request: Request) -> Response:
        """POST /reports/alerts: a link goes to the address; a fault is shown beside its field."""
        pages: list[tuple[Texts, Texts, int]] = []

        def again(typed: Texts, faults: Texts, status: int) -> Response:
            pages.append((typed, faults, status))
            return Response()

        response = await submit(request, NAMES, again, lambda typed: self._ask(request, typed))
        # The page asks for the list's choices, which a function that only shows cannot do.
        return await self._form(request, *pages[0]) if pages else response

    async def _ask(self, request: Request, typed: Texts) -> Response:
        lang = words.language(request)
        place = parse_place(typed["place"])
        if typed["place"] and place is None:
            fault = words.error_text(lang, "place.unread")
            return await self._form(request, typed, {"place": fault}, 422)
        fields: dict[str, object] = {
            name: typed[name] for name in (*FILTERS, "email") if typed[name]
        }
        if place is not None:
            radius = typed["radius_km"]
            fields |= {**place._asdict(), "radius_km": int(radius) if radius.isdecimal() else None}
        message = contracts.ASK_ALERT.load({**fields, "language": str(lang)})
        self._links.take(f"{neighbourhood(address_of(request))} {message.email}")
        reply = await self._services.ask(
            request, contracts.ASK_ALERT, message, id=typed["form"] or None
        )
        return show(request, "alert_asked", reply=reply, report=typed["report"])

    # --- the page of an alert ---

    async def alert(self, request: Request) -> Response:
        """GET /alert/{key}: what it is about; opening it changes nothing, for programs that look
        through letters open each link.
        """
        return await self._alert(request, contracts.ALERT, request.query_params.get("did", ""))

    async def confirm(self, request: Request) -> Response:
        """POST /alert/{key}/confirm: the alert counts; one that counted goes on for a year."""
        try:
            before = await self._services.ask(request, contracts.ALERT, _key(request))
            await self._services.ask(request, contracts.CONFIRM_ALERT, _key(request))
        except NotFound:
            return _gone(request)
        except RuleBroken as error:
            return self._show(request, before, "", faults_of(request, error), 422)
        did = "confirmed" if before.state == "PENDING" else "prolonged"
        return RedirectResponse(f"/alert/{request.path_params['key']}?did={did}", 303)

    async def end(self, request: Request) -> Response:
        """POST /alert/{key}: ends it, for our own button and for the mail programs' one click (RFC
        8058), which comes from elsewhere: who holds the key may end it.
        """
        return await self._alert(request, contracts.END_ALERT, "")

    async def _alert(
        self, request: Request, contract: kinds.Request[AlertKey, Alert], did: str
    ) -> Response:
        try:
            alert = await self._services.ask(request, contract, _key(request))
        except NotFound:
            return _gone(request)
        return self._show(request, alert, did if did in ("confirmed", "prolonged") else "", {}, 200)

    def _show(
        self, request: Request, alert: Alert, did: str, faults: Texts, status: int
    ) -> Response:
        key = request.path_params["key"]
        return show(request, "alert", status, faults=faults, alert=alert, key=key, did=did)


def _gone(request: Request) -> Response:
    return show(request, "alert_gone", 404)


def _key(request: Request) -> AlertKey:
    return AlertKey(key=request.path_params["key"])


def _not_found() -> NotFound:
    return NotFound("There is no public report with this code.", code="http.not_found")


def routes(services: Services) -> list[Route]:
    """Return the routes of alerts."""
    pages = AlertPages(services)
    return [
        Route(AT, pages.form, methods=["GET"]),
        Route(AT, pages.ask, methods=["POST"]),
        Route("/alert/{key}", pages.alert, methods=["GET"]),
        Route("/alert/{key}", from_other_sites(pages.end), methods=["POST"]),
        Route("/alert/{key}/confirm", pages.confirm, methods=["POST"]),
        Route("/alert/{key}/confirm", leads_to("/alert/{key}"), methods=["GET"]),
    ]
