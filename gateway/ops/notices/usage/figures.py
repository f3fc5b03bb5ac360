"""Figures of all senders: how many messages each sent, what became of them, what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.notify.usage.statistics import SENDER_FIGURES, ReadAllFigures, SenderFigure
from contracts.notify.usage.unsubscriptions import (
    UNSUBSCRIPTIONS,
    ListAllUnsubscriptions,
    Unsubscriptions,
)
from gateway.html import message_figures, unsubscriptions
from gateway.html.message_figures import DAYS, FILE_DAYS, FiguresView, Sums
from gateway.ops.notices.section import AT
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, resolved
from gateway.ops.staff.tables import csv_response

CHART_MOST, OWNER_MOST = 12, 64


@dataclass(frozen=True, slots=True)
class SendersView:
    """All senders: a chart of the largest, and a row a sender and channel, by the sender's name."""

    chart: Markup
    rows: Sequence[tuple[str, str, Sums]]


class SenderFigures:
    """The page of figures and its file."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def page(self, request: Request) -> Response:
        """GET /desk/notices/figures?days=&owner=: of all senders, or of the one that is named."""
        days = message_figures.chosen_days(query_value(request, "days"))
        owner = query_value(request, "owner")[:OWNER_MOST]
        return await self._pages.page(
            request,
            "figures",
            NO_SUBMISSION,
            days=resolved(days),
            choices=resolved(DAYS),
            owner=resolved(owner),
            senders=resolved(None) if owner else self._senders(request, days),
            view=self._view(request, days, owner) if owner else resolved(None),
        )

    async def _senders(self, request: Request, days: int) -> SendersView:
        figures = await self._read(request, "total", days)
        name = await self._pages.agency(request)
        sums = message_figures.of_senders((figure.owner, figure) for figure in figures)
        named = [(name(owner), row) for owner, row in sums]
        chart = message_figures.chart_of_senders(named, CHART_MOST)
        return SendersView(chart, [(owner, name(owner), row) for owner, row in sums])

    async def _view(self, request: Request, days: int, owner: str) -> FiguresView:
        by_day = await self._read(request, "day", days, owner)
        by_template = await self._read(request, "template", days, owner)
        return message_figures.view(by_day, by_template, days, "fa")

    async def file(self, request: Request) -> Response:
        """GET /desk/notices/figures.csv?owner=: a year, each row as it is kept."""
        owner = query_value(request, "owner")[:OWNER_MOST]
        figures = await self._read(request, "row", FILE_DAYS, owner)
        rows = ((figure.owner, *message_figures.file_row(figure)) for figure in figures)
        return csv_response("messages.csv", ("sender", *message_figures.FILE_HEAD), rows)

    async def unsubscribed(self, request: Request) -> Response:
        """GET /desk/notices/unsubscribed.csv?owner=: who unsubscribed, by message."""
        owner = query_value(request, "owner")[:OWNER_MOST]

        async def page(before: int | None, limit: int) -> Unsubscriptions:
            question = ListAllUnsubscriptions(owner=owner or None, before=before, limit=limit)
            return await self._pages.ask(request, UNSUBSCRIPTIONS, question)

        rows = [
            (row.owner, *unsubscriptions.file_row(row))
            for row in await unsubscriptions.read_all(page)
        ]
        return csv_response(unsubscriptions.FILE, ("sender", *unsubscriptions.FILE_HEAD), rows)

    async def _read(
        self, request: Request, by: str, days: int, owner: str = ""
    ) -> list[SenderFigure]:
        """All figures of the last days, page by page."""
        figures: list[SenderFigure] = []
        before, today = None, message_figures.today()
        while True:
            span = message_figures.question(days, by, before, today)
            question = ReadAllFigures(**vars(span), owner=owner or None)
            reply = await self._pages.ask(request, SENDER_FIGURES, question)
            figures += reply.figures
            if reply.next is None:
                return figures
            before = reply.next

    def routes(self) -> list[Route]:
        """The routes of figures."""
        return [
            Route(f"{AT}/figures", self.page),
            Route(f"{AT}/figures.csv", self.file),
            Route(f"{AT}/unsubscribed.csv", self.unsubscribed),
        ]
