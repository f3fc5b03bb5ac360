"""The laws by which we answer, each with its use (clause 3 of the agreement)."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from contracts.inquiry.laws import LAWS, Laws, ReadLaws
from gateway.public.site.pages import show
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services


def routes(services: Services) -> list[Route]:
    """Return the routes of the pages."""

    async def laws(request: Request) -> Laws:
        return await services.ask_kept(request, LAWS, ReadLaws())

    async def page(request: Request) -> Response:
        """GET /laws: all of them, with the articles that answers cite."""
        return show(request, "laws", acts=(await laws(request)).acts)

    async def act_page(request: Request) -> Response:
        """GET /laws/{act}: one of them, article by article."""
        acts = {act.code: act for act in (await laws(request)).acts if act.code}
        act = acts.get(request.path_params["act"])
        if act is None:
            raise NotFound("There is no such law here.", code="http.not_found")
        return show(request, "law", act=act)

    return [Route("/laws", same_for_all(page)), Route("/laws/{act}", same_for_all(act_page))]
