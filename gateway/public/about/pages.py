"""Pages that anybody reads about us: figures, the agreement, accessibility, privacy."""

import tomllib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.ticketing import citizens as contracts
from gateway.public.about.satisfaction import satisfaction
from gateway.public.site.pages import show
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services

# The agreement's own text, and what the portal does for each clause.
AGREEMENT = tomllib.loads((Path(__file__).parent / "agreement.toml").read_text(encoding="utf-8"))


class About:
    """What the pages share."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def statistics(self, request: Request) -> Response:
        """GET /statistics: figures in which nobody can be found."""
        question = contracts.AskStatistics()
        figures = await self._services.ask_kept(request, contracts.STATISTICS, question)
        rows = await satisfaction(self._services, request)
        return show(request, "statistics", figures=figures, satisfaction=rows)

    async def agreement(self, request: Request) -> Response:
        """GET /agreement: the agreement itself, and what the portal does for each clause."""
        return show(request, "agreement", agreement=AGREEMENT)

    async def accessibility(self, request: Request) -> Response:
        """GET /accessibility"""
        return show(request, "accessibility")

    async def privacy(self, request: Request) -> Response:
        """GET /privacy"""
        return show(request, "privacy")


def routes(services: Services) -> list[Route]:
    """The routes of these pages."""
    about = About(services)
    return [
        Route("/statistics", same_for_all(about.statistics)),
        Route("/agreement", same_for_all(about.agreement)),
        Route("/accessibility", same_for_all(about.accessibility)),
        Route("/privacy", same_for_all(about.privacy)),
    ]
