"""An agency's own messages in the console: by day and template, as a page and as files."""

from collections.abc import Mapping
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import Response

from contracts.notify.usage.limits import OWN_LIMITS, OwnLimits, ReadOwnLimits
from contracts.notify.usage.statistics import OWN_FIGURES, Figure
from contracts.notify.usage.unsubscriptions import (
    OWN_UNSUBSCRIPTIONS,
    ListUnsubscriptions,
    Unsubscriptions,
)
from gateway import web
from gateway.agency.console.session import Member, Sessions
from gateway.forms.downloads import download_headers
from gateway.html import message_figures, message_names, unsubscriptions
from gateway.html.csv_tables import csv_text
from gateway.html.message_figures import DAYS, FILE_DAYS, FiguresView


class ShownFigures(TypedDict):
    """What the page shows: the choice of days, the figures, and when they were counted."""

    days: int
    choices: tuple[int, ...]
    view: FiguresView
    limits: OwnLimits
    channels: Mapping[str, str]
    counted_at: str | None


async def shown(
    sessions: Sessions, request: Request, member: Member, language: str
) -> ShownFigures:
    """What the page of the last days shows."""
    days = message_figures.chosen_days(request.query_params.get("days", ""))
    by_day, counted_at = await _read(sessions, request, member, "day", days)
    by_template, _ = await _read(sessions, request, member, "template", days)
    view = message_figures.view(by_day, by_template, days, language)
    limits = await sessions.ask(request, member, OWN_LIMITS, ReadOwnLimits())
    return ShownFigures(
        days=days,
        choices=DAYS,
        view=view,
        limits=limits,
        channels=message_names.CHANNELS if language == "fa" else message_names.CHANNELS_EN,
        counted_at=counted_at,
    )


async def csv_file(sessions: Sessions, request: Request, member: Member) -> Response:
    """All rows of a year as CSV."""
    figures, _ = await _read(sessions, request, member, "row", FILE_DAYS)
    text = csv_text(message_figures.FILE_HEAD, map(message_figures.file_row, figures))
    return Response(text, 200, download_headers("messages.csv"), "text/csv")


async def unsubscribed_file(sessions: Sessions, request: Request, member: Member) -> Response:
    """Who unsubscribed, by message, as CSV."""

    async def page(before: int | None, limit: int) -> Unsubscriptions:
        question = ListUnsubscriptions(before=before, limit=limit)
        return await sessions.ask(request, member, OWN_UNSUBSCRIPTIONS, question)

    rows = await unsubscriptions.read_all(page)
    text = csv_text(unsubscriptions.FILE_HEAD, map(unsubscriptions.file_row, rows))
    return Response(text, 200, download_headers(unsubscriptions.FILE), "text/csv")


async def json_file(sessions: Sessions, request: Request, member: Member) -> Response:
    """All rows of a year as JSON."""
    figures, counted_at = await _read(sessions, request, member, "row", FILE_DAYS)
    document = message_figures.file_document(figures, counted_at)
    return web.json_response(document, 200, download_headers("messages.json"))


async def _read(
    sessions: Sessions, request: Request, member: Member, by: str, days: int
) -> tuple[list[Figure], str | None]:
    """All figures of the last days, page by page, and when they were counted."""
    figures: list[Figure] = []
    before, today = None, message_figures.today()
    while True:
        reply = await sessions.ask(
            request, member, OWN_FIGURES, message_figures.question(days, by, before, today)
        )
        figures += reply.figures
        if reply.next is None:
            return figures, reply.counted_at
        before = reply.next
