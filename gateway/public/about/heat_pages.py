"""The page of the heat map, and its open data."""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.ticketing import public as contracts
from contracts.ticketing.public import Heat
from gateway.http.origin import for_every_site
from gateway.public.about import heat
from gateway.public.about.figures import LICENCE, LICENCE_AT
from gateway.public.about.span_tables import months_label
from gateway.public.site import words
from gateway.public.site.pages import show
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services

AT = "/reports/heat"


class Wanted(NamedTuple):
    """Of which category or of which month; empty for all."""

    category: str
    month: str

    def query(self) -> dict[str, str]:
        """What is set, for addresses."""
        return {name: value for name, value in self._asdict().items() if value}


class HeatPages:
    """The handlers; everybody gets the same."""

    def __init__(self, services: Services, portal: str) -> None:
        self._services, self._portal = services, portal

    async def _read(self, request: Request) -> tuple[Wanted, Heat]:
        """What an address asks for, and the counts; what there is not is left out. A category wins
        over a month, for both at once are not counted.
        """
        typed = request.query_params
        category, month = typed.get("category", "")[:40], typed.get("month", "")[:7]
        form = await self._services.form(request)
        if category not in {row["code"] for row in form.categories}:
            category = ""
        whole = await self._ask(request, Wanted(category, ""))
        if category or month not in whole.months:
            return Wanted(category, ""), whole
        wanted = Wanted("", month)
        return wanted, await self._ask(request, wanted)

    async def _ask(self, request: Request, wanted: Wanted) -> Heat:
        question = contracts.AskHeat(category=wanted.category or None, month=wanted.month or None)
        return await self._services.ask_kept(request, contracts.HEAT, question)

    async def page(self, request: Request) -> Response:
        """GET /reports/heat?category=&month=: where reports are many."""
        wanted, reply = await self._read(request)
        lang = words.language(request)
        title = words.speaker(lang)("heat_title")
        return show(
            request,
            "heat",
            form=await self._services.form(request),
            wanted=wanted,
            both=bool(wanted.category and request.query_params.get("month")),
            query=wanted.query(),
            reply=reply,
            months=[(month, months_label(month, month, lang)) for month in reply.months],
            rows=heat.rows(reply, lang),
            bands=heat.bands(),
            map=heat.draw(reply, lang, title),
            licence=(LICENCE, LICENCE_AT),
        )

    async def csv(self, request: Request) -> Response:
        """GET /reports/heat.csv: the same counts as open data."""
        wanted, reply = await self._read(request)
        return Response(heat.as_csv(reply, *wanted), media_type="text/csv; charset=utf-8")

    async def json(self, request: Request) -> Response:
        """GET /reports/heat.json: the same counts as open data."""
        wanted, reply = await self._read(request)
        body = heat.as_json(reply, *wanted, f"{self._portal}{AT}")
        return Response(body, media_type="application/json")


def routes(services: Services, portal: str) -> list[Route]:
    """Return the routes of the heat map."""
    pages = HeatPages(services, portal)
    return [
        Route(AT, same_for_all(pages.page)),
        Route(f"{AT}.csv", for_every_site(same_for_all(pages.csv))),
        Route(f"{AT}.json", for_every_site(same_for_all(pages.json))),
    ]
