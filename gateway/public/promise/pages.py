"""The routes of the promise page: the page, its open data, and the signed reports of months."""

import asyncio
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, NotFound
from bus.messages.message import to_wire
from contracts.notify.announcements import Nothing
from contracts.notify.promises import (
    PROMISE_REPORT,
    PROMISES,
    AskReport,
    Promises,
    SignedReport,
)
from contracts.ticketing.public import STATISTICS, AskStatistics, Statistics
from gateway import web
from gateway.http.origin import for_every_site
from gateway.papers import pdf
from gateway.public.about.figures import LICENCE, LICENCE_AT, on_time
from gateway.public.about.satisfaction import PATIENCE, satisfaction
from gateway.public.promise import figures
from gateway.public.site import words
from gateway.public.site.pages import show
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services

# An address without an edition has the newest one.
NOT_KEPT = {"Cache-Control": "no-store"}


class PromisePages:
    """What the routes share."""

    def __init__(self, services: Services, portal: str) -> None:
        self._services, self._portal = services, portal

    async def _promises(self, request: Request) -> Promises:
        return await self._services.ask_kept(request, PROMISES, Nothing())

    async def _statistics(self, request: Request) -> Statistics | None:
        """The figures of requests; None while ticketing does not answer in time."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._services.ask_kept(request, STATISTICS, AskStatistics())
        except (BusError, TimeoutError):
            return None

    async def page(self, request: Request) -> Response:
        """GET /promise: each promise with its live measure, and month by month."""
        promises, statistics, rows = await asyncio.gather(
            self._promises(request),
            self._statistics(request),
            satisfaction(self._services, request),
        )
        promises = figures.with_answers(promises, statistics)
        lang = words.language(request)
        return show(
            request,
            "promise",
            health=promises,
            plain=figures.plain_figures(promises, lang),
            measured=figures.measured(promises),
            months=figures.month_rows(promises, lang),
            drawn=figures.drawn(promises, statistics, lang),
            minutes=figures.minutes_rows(promises, lang),
            shares=on_time(statistics, lang) if statistics else [],
            total=statistics.total if statistics else None,
            satisfaction=rows,
            portal=self._portal,
            licence=(LICENCE, LICENCE_AT),
        )

    async def _with_answers(self, request: Request) -> Promises:
        promises, statistics = await asyncio.gather(
            self._promises(request), self._statistics(request)
        )
        return figures.with_answers(promises, statistics)

    async def csv(self, request: Request) -> Response:
        """GET /promise.csv: each promise of each month as open data."""
        promises = await self._with_answers(request)
        return Response(figures.as_csv(promises), media_type="text/csv; charset=utf-8")

    async def json(self, request: Request) -> Response:
        """GET /promise.json: the same, the last 90 days and the satisfaction."""
        promises = await self._with_answers(request)
        rows = await satisfaction(self._services, request)
        body = figures.as_json(promises, rows, f"{self._portal}/promise")
        return Response(body, media_type="application/json")

    # --- reports of months ---

    async def _report(self, request: Request) -> SignedReport:
        """The report of the path's month. NotFound ``http.not_found`` without one."""
        edition = request.query_params.get("edition", "")
        try:
            question = AskReport(
                month=request.path_params["month"],
                edition=int(edition) if edition.isascii() and edition.isdigit() else None,
            )
            return await self._services.ask(request, PROMISE_REPORT, question)
        except (ContractError, NotFound):
            raise NotFound("There is nothing at this path.", code="http.not_found") from None

    async def report_json(self, request: Request) -> Response:
        """GET /promise/{month}.json: what a report says, its signature and the key."""
        report = await self._report(request)
        return web.json_response(to_wire(report))

    async def report_jws(self, request: Request) -> Response:
        """GET /promise/{month}.jws: the signed report alone (RFC 7515, compact)."""
        report = await self._report(request)
        return Response(report.jws, headers=NOT_KEPT, media_type="application/jose")

    async def report_pdf(self, request: Request) -> Response:
        """GET /promise/{month}.pdf: the report as a document, with its signature."""
        report = await self._report(request)
        lang = words.language(request)
        make = partial(pdf.promise_report, report, lang, portal=self._portal)
        paper = await self._services.paper(request, ["promise", str(lang), report.jws], make)
        name = f"promise-{report.month}-{report.edition}.pdf"
        return Response(
            paper,
            media_type="application/pdf",
            headers={**NOT_KEPT, "Content-Disposition": f'inline; filename="{name}"'},
        )


def routes(services: Services, portal: str) -> list[Route]:
    """The routes of the promise page."""
    pages = PromisePages(services, portal)
    return [
        Route("/promise", same_for_all(pages.page)),
        Route("/promise.csv", for_every_site(same_for_all(pages.csv))),
        Route("/promise.json", for_every_site(same_for_all(pages.json))),
        Route("/promise/{month}.json", for_every_site(pages.report_json)),
        Route("/promise/{month}.jws", for_every_site(pages.report_jws)),
        Route("/promise/{month}.pdf", pages.report_pdf),
    ]
