"""What was just registered: code and secret, for ten minutes on a page, and as a paper to keep."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.messages.values import Json
from contracts.ticketing.citizens import Registered
from gateway.forms.downloads import download_headers
from gateway.papers import pdf
from gateway.public.site import words
from gateway.public.site.pages import show
from gateway.public.site.services import Services

COOKIE, SECONDS, DONE = "mirab_new", 600, "/contact/done"


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
    response = RedirectResponse(DONE, 303)
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
        """GET /contact/done: code and secret; after ten minutes the secret is gone."""
        return show(request, "done", ticket=self._ticket(request))

    async def paper(self, request: Request) -> Response:
        """GET /contact/done/record.pdf: the same, to be kept."""
        ticket, lang = self._ticket(request), str(words.language(request))
        if ticket is None:
            return RedirectResponse(DONE, 303)
        company = words.speaker(lang)("brand")
        make = partial(pdf.record, ticket, lang, company=company, portal=self._portal)
        body = await self._services.paper(request, ["record", ticket, lang], make)
        return Response(body, headers=download_headers("record.pdf"), media_type="application/pdf")

    def _ticket(self, request: Request) -> Json | None:
        return self._services.cookies.open(request.cookies.get(COOKIE, ""), SECONDS)


def routes(services: Services, portal: str) -> list[Route]:
    """Return the routes; ``portal`` is our own address, where one follows up."""
    pages = ConfirmationPages(services, portal)
    return [Route(DONE, pages.page), Route(f"{DONE}/record.pdf", pages.paper)]
