"""Pages that anybody reads about us: figures, the agreement, the service's card, help, privacy."""

import tomllib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.messages.values import Json
from contracts.ticketing import public as contracts
from gateway.html.guides import CITIZENS, guide_of
from gateway.http.origin import for_every_site
from gateway.public.about import figures, follow_ups
from gateway.public.about.satisfaction import satisfaction
from gateway.public.site import words
from gateway.public.site.pages import show
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services
from gateway.texts.files import translated
from iran.persian import search_key, squeezed_key
from people import retention
from people.company import company

HERE = Path(__file__).parent
SOUGHT_MOST = 100


@cache
def texts(name: str, lang: str) -> Json:
    """Return the texts of a file of this folder with the company's name in them."""
    text = (HERE / f"{name}.toml").read_text(encoding="utf-8")
    document: Json = tomllib.loads(text.replace("{company}", company(lang)))
    return document


def says(question: Json, sought: str, lang: str) -> bool:
    """Return True if each word that is sought stands in the question, however it is written, in the
    reader's language too.
    """
    written = (*question["title"], *question["text"])
    whole = squeezed_key(" ".join((*written, *(translated(text, lang) for text in written))))
    return all(squeezed_key(word) in whole for word in search_key(sought).split())


class About:
    """What the pages share."""

    def __init__(self, services: Services, portal: str) -> None:
        self._services, self._portal = services, portal

    async def _figures(self, request: Request) -> contracts.Statistics:
        question = contracts.AskStatistics()
        return await self._services.ask_kept(request, contracts.STATISTICS, question)

    async def statistics(self, request: Request) -> Response:
        """GET /statistics: figures in which nobody can be found."""
        counts = await self._figures(request)
        rows = await satisfaction(self._services, request)
        lang = words.language(request)
        return show(
            request,
            "statistics",
            figures=counts,
            satisfaction=rows,
            follow_ups=follow_ups.view_of(counts.follow_ups, lang),
            months=figures.month_rows(counts, lang),
            categories=figures.category_rows(counts, lang),
            shares=figures.on_time(counts, lang),
            drawn=figures.figures_drawn(counts, lang) if counts.periods else {},
            licence=(figures.LICENCE, figures.LICENCE_AT),
        )

    async def statistics_csv(self, request: Request) -> Response:
        """GET /statistics.csv: the same counts as open data."""
        counts = await self._figures(request)
        return Response(figures.as_csv(counts), media_type="text/csv; charset=utf-8")

    async def statistics_json(self, request: Request) -> Response:
        """GET /statistics.json: the same counts, and the satisfaction."""
        counts = await self._figures(request)
        rows = await satisfaction(self._services, request)
        body = figures.as_json(counts, rows, f"{self._portal}/statistics")
        return Response(body, media_type="application/json")

    async def agreement(self, request: Request) -> Response:
        """GET /agreement: the agreement itself, and what the portal does for each clause."""
        return show(request, "agreement", agreement=texts("agreement", words.language(request)))

    async def service(self, request: Request) -> Response:
        """GET /service: the card of the service."""
        return show(request, "service", service=texts("service", words.language(request)))

    async def help(self, request: Request) -> Response:
        """GET /help: questions that people ask, or those that say what was sought (``q``)."""
        lang = words.language(request)
        sought = request.query_params.get("q", "").strip()[:SOUGHT_MOST]
        questions = texts("help", lang)["questions"]
        matching = [question for question in questions if says(question, sought, lang)]
        return show(
            request, "help", questions=matching or questions, sought=sought, matched=bool(matching)
        )

    async def manual(self, request: Request) -> Response:
        """GET /help/manual: the illustrated manual, from the same file as the site of documents."""
        lang = str(words.language(request))
        return show(request, "manual", manual=guide_of(CITIZENS[lang]), of=lang)

    async def accessibility(self, request: Request) -> Response:
        """GET /accessibility"""
        return show(request, "accessibility")

    async def privacy(self, request: Request) -> Response:
        """GET /privacy"""
        return show(request, "privacy", rules=list(retention.shown_to_citizens()))


def routes(services: Services, portal: str) -> list[Route]:
    """The routes of these pages."""
    about = About(services, portal)
    return [
        Route("/statistics", same_for_all(about.statistics)),
        Route("/statistics.csv", for_every_site(same_for_all(about.statistics_csv))),
        Route("/statistics.json", for_every_site(same_for_all(about.statistics_json))),
        Route("/agreement", same_for_all(about.agreement)),
        Route("/service", same_for_all(about.service)),
        Route("/help", same_for_all(about.help)),
        Route("/help/manual", same_for_all(about.manual)),
        Route("/accessibility", same_for_all(about.accessibility)),
        Route("/privacy", same_for_all(about.privacy)),
    ]
