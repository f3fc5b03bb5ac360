"""What was just registered: code and secret, for ten minutes on a page, and as a paper to keep."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from contracts.ticketing.citizens import Registered
from gateway.forms.downloads import download_headers
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.papers import pdf
from gateway.public.site import words
from gateway.public.site.pages import leads_to, show
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
        sealed = request.cookies.get(COOKIE, "")
        ticket = self._services.cookies.open(sealed, SECONDS)
        return show(request, "done", ticket=ticket, sealed=sealed)

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
