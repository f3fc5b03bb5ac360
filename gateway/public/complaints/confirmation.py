"""What was just registered: the page that says what happens next and when, for as long as somebody
keeps its address; on it for ten minutes the secret, and as a paper to keep.
"""

from functools import partial
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError
from bus.messages.values import Json
from contracts.ticketing.citizens import Registered
from gateway.forms.downloads import download_headers
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.papers import pdf
from gateway.public.site import words
from gateway.public.site.pages import leads_to, show
from gateway.public.site.services import Services

COOKIE, SECONDS, DONE = "mirab_new", 600, "/contact/done"
# The address of the page says what it shows, sealed: neither the secret nor anything of a person.
OF, OF_SECONDS = "of", 400 * 86_400
OF_BOOKMARK = ("code", "registered_at", "first_response_due", "solution_due")


def lead_there(
    services: Services, request: Request, registered: Registered, secret: str
) -> Response:
    """Lead to the page; a sealed cookie carries what it shows."""
    shown = {
        "code": registered.code,
        "registered_at": registered.registered_at,
        "unit": registered.unit,
        "first_response_due": registered.first_response_due,
        "solution_due": registered.solution_due,
        "secret": secret,
        "withheld": bool(registered.withheld),
    }
    kept = {name: shown[name] for name in OF_BOOKMARK} | {"unit": registered.unit.get("code", "")}
    response = RedirectResponse(f"{DONE}?{urlencode({OF: services.bookmarks.seal(kept)})}", 303)
    response.set_cookie(
        COOKIE,
        services.cookies.seal(shown),
        max_age=SECONDS,
        path=DONE,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


class ConfirmationPages:
    """The page and the paper."""

    def __init__(self, services: Services, portal: str) -> None:
        self._services, self._portal = services, portal

    async def page(self, request: Request) -> Response:
        """GET /contact/done?of=: what happens next and when; code and secret for ten minutes."""
        sealed = request.cookies.get(COOKIE, "")
        ticket = self._services.cookies.open(sealed, SECONDS)
        kept = self._services.bookmarks.open(request.query_params.get(OF, ""), OF_SECONDS)
        # In another tab another ticket may have been registered since.
        if kept is not None and (ticket is None or ticket.get("code") != kept["code"]):
            unit = await self._unit(request, str(kept["unit"]))
            ticket, sealed = {**kept, "unit": unit}, ""
        return show(request, "done", ticket=ticket, sealed=sealed, form=self._services.new_id())

    async def _unit(self, request: Request, code: str) -> Json | None:
        """Return a unit as it is now, with its e-mail and telephone; None if it cannot be told."""
        try:
            units = (await self._services.form(request)).units
        except BusError:
            return None
        return next((unit for unit in units if unit["code"] == code), None)

    async def paper(self, request: Request) -> Response:
        """POST /contact/done/record.pdf: what the page shows, to be kept; it comes in the form, for
        in another tab another ticket may have been registered since.
        """
        sealed, lang = text_of(await read_fields(request), "ticket"), str(words.language(request))
        ticket = self._services.cookies.open(sealed, SECONDS)
        if ticket is None or "unit" not in ticket:
            return RedirectResponse(DONE, 303)
        company = words.speaker(lang)("brand")
        make = partial(pdf.record, ticket, lang, company=company, portal=self._portal)
        body = await self._services.paper(request, ["record", ticket, lang], make)
        return Response(body, headers=download_headers("record.pdf"), media_type="application/pdf")


def routes(services: Services, portal: str) -> list[Route]:
    """Return the routes; ``portal`` is our own address, where one follows up."""
    pages = ConfirmationPages(services, portal)
    paper = f"{DONE}/record.pdf"
    return [
        Route(DONE, pages.page),
        Route(paper, pages.paper, methods=["POST"]),
        Route(paper, leads_to(DONE), methods=["GET"]),
    ]
