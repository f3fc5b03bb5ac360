"""How many messages were sent and how many in time: the page, and its open data."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.notify.desk import Nothing
from contracts.notify.pace import MESSAGE_FIGURES, MessageFigures
from gateway.http.origin import for_every_site
from gateway.public.about.figures import LICENCE, LICENCE_AT
from gateway.public.site import words
from gateway.public.site.pages import show
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services
from gateway.public.status import message_figures as of_messages


class MessagePages:
    """What the routes share."""

    def __init__(self, services: Services, portal: str) -> None:
        self._services, self._portal = services, portal

    async def _figures(self, request: Request) -> MessageFigures:
        return await self._services.ask_kept(request, MESSAGE_FIGURES, Nothing())

    async def page(self, request: Request) -> Response:
        """GET /status/messages: what was sent, by month, day and channel, and how fast."""
        figures, lang = await self._figures(request), words.language(request)
        return show(
            request,
            "status_messages",
            figures=figures,
            channels=of_messages.channels_of(figures),
            whole=of_messages.total(figures.months),
            prompt=of_messages.prompt(figures),
            paces=of_messages.pace_rows(figures),
            months=of_messages.month_rows(figures, lang),
            days=of_messages.day_rows(figures, lang),
            drawn=of_messages.figures_drawn(figures, lang) if figures.months else {},
            shares=of_messages.prompt_rows(figures, lang),
            licence=(LICENCE, LICENCE_AT),
        )

    async def csv(self, request: Request) -> Response:
        """GET /status/messages.csv: the same counts as open data."""
        body = of_messages.as_csv(await self._figures(request))
        return Response(body, media_type="text/csv; charset=utf-8")

    async def json(self, request: Request) -> Response:
        """GET /status/messages.json: the same counts for programs."""
        page = f"{self._portal}/status/messages"
        body = of_messages.as_json(await self._figures(request), page)
        return Response(body, media_type="application/json")


def routes(services: Services, portal: str) -> list[Route]:
    """The routes of the page and of its open data."""
    pages = MessagePages(services, portal)
    return [
        Route("/status/messages", same_for_all(pages.page)),
        Route("/status/messages.csv", for_every_site(same_for_all(pages.csv))),
        Route("/status/messages.json", for_every_site(same_for_all(pages.json))),
    ]
