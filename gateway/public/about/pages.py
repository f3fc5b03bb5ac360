"""Pages that anybody reads about us: figures, the agreement, accessibility, privacy."""

import tomllib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.ticketing import citizens as contracts
from gateway.public.about.satisfaction import satisfaction
from gateway.public.site.backend import Tickets
from gateway.public.site.pages import show

# The agreement's own text, and what the portal does for each clause.
AGREEMENT = tomllib.loads((Path(__file__).parent / "agreement.toml").read_text(encoding="utf-8"))


class About:
    """What the pages share."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    async def statistics(self, request: Request) -> Response:
        """GET /statistics: figures in which nobody can be found."""
        figures = await self._tickets.ask(request, contracts.STATISTICS, {})
        rows = await satisfaction(self._tickets, request)
        return show(request, "statistics", told=figures, satisfaction=rows)

    async def agreement(self, request: Request) -> Response:
        """GET /agreement: the agreement itself, and what the portal does for each clause."""
        return show(request, "agreement", agreement=AGREEMENT)

    async def accessibility(self, request: Request) -> Response:
        """GET /accessibility"""
        return show(request, "accessibility")

    async def privacy(self, request: Request) -> Response:
        """GET /privacy"""
        return show(request, "privacy")


def routes(tickets: Tickets) -> list[Route]:
    """The routes of these pages."""
    about = About(tickets)
    return [
        Route("/statistics", about.statistics),
        Route("/agreement", about.agreement),
        Route("/accessibility", about.accessibility),
        Route("/privacy", about.privacy),
    ]
