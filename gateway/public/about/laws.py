"""The laws by which we answer, each with its use (clause 3 of the agreement)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.inquiry.laws import LAWS, ReadLaws
from gateway.public.site.pages import show
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services


def routes(services: Services) -> list[Route]:
    """Return the route of the page."""

    async def page(request: Request) -> Response:
        """GET /laws"""
        reply = await services.ask(request, LAWS, ReadLaws())
        return show(request, "laws", acts=reply.acts)

    return [Route("/laws", same_for_all(page))]
