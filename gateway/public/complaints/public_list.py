"""The public list: tickets that their writers published, without names (as in Open311)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.ticketing.citizens import LIST_PUBLIC, ListPublic
from gateway.forms.fields import page_number
from gateway.public.site.pages import show
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services

ON_A_PAGE = 20


def routes(services: Services) -> list[Route]:
    """Return the route of the public list."""

    async def reports(request: Request) -> Response:
        """GET /reports?page=2: newest first."""
        page = page_number(request)
        question = ListPublic(page=page, page_size=ON_A_PAGE)
        rows = (await services.ask(request, LIST_PUBLIC, question)).tickets
        return show(request, "reports", rows=rows, page=page, more=len(rows) == ON_A_PAGE)

    return [Route("/reports", same_for_all(reports))]
