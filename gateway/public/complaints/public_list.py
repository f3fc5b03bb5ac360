"""The public list: reports that their writers let everybody see, without a name (as in Open311)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.ticketing.citizens import LIST_PUBLIC
from gateway.public.complaints.tickets import NUMBER
from gateway.public.site.backend import Tickets
from gateway.public.site.pages import show

ON_A_PAGE, PAGES = 20, 100_000


def routes(tickets: Tickets) -> list[Route]:
    """The route of the public list."""

    async def reports(request: Request) -> Response:
        """GET /reports?page=2: newest first."""
        text = request.query_params.get("page", "1")
        page = min(int(text), PAGES) if NUMBER.fullmatch(text) and int(text) > 0 else 1
        data = {"page": page, "page_size": ON_A_PAGE}
        rows = (await tickets.ask(request, LIST_PUBLIC, data))["tickets"]
        return show(request, "reports", rows=rows, page=page, more=len(rows) == ON_A_PAGE)

    return [Route("/reports", reports)]
