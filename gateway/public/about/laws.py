"""The laws by which we answer, each with what it is used for (clause 3 of the agreement)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.inquiry.laws import LAWS
from gateway.public.site.backend import Tickets
from gateway.public.site.pages import show


def routes(tickets: Tickets) -> list[Route]:
    """The route of the page."""

    async def page(request: Request) -> Response:
        """GET /laws"""
        reply = await tickets.ask(request, LAWS, {})
        return show(request, "laws", acts=reply["acts"])

    return [Route("/laws", page)]
