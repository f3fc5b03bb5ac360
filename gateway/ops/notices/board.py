"""The first page: is every message accounted for, who carries them, how many there were."""

import asyncio
import datetime as dt

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from bus.messages import kinds
from contracts.notify import desk as contracts
from contracts.notify.editors.email_reports import SENDER_RATES
from contracts.notify.messages import ACCOUNTS
from contracts.notify.messages import Nothing as AskAccounts
from contracts.notify.pace import PACE, PIN_PROVIDER, PROVIDER_WEIGHTS
from gateway.ops.notices import report_words, words
from gateway.ops.notices.board_figures import (
    HOURS,
    HoursView,
    ProviderView,
    hours_view,
    provider_views,
    rate_views,
)
from gateway.ops.notices.section import AT
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Fact, Preview

NOTHING = contracts.Nothing()
ACTS: dict[str, kinds.Request] = {
    "pause": contracts.PAUSE_PROVIDER,
    "resume": contracts.RESUME_PROVIDER,
    "weigh": contracts.WEIGH_PROVIDER,
    "pin": PIN_PROVIDER,
}


class Board:
    """The first page and what can be done on it."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def home(self, request: Request) -> Response:
        """GET /desk/notices"""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        ask = self._pages.ask
        accounts = ask(request, ACCOUNTS, AskAccounts())
        pace = ask(request, PACE, contracts.Nothing())
        rates = ask(request, SENDER_RATES, NOTHING)
        weights = ask(request, PROVIDER_WEIGHTS, contracts.Nothing())
        drafts = ask(request, contracts.FORMS, contracts.ListForms(drafts=True))
        return await self._pages.page(
            request,
            "board",
            submission,
            accounts=accounts,
            pace=pace,
            providers=self._providers(request),
            hours=self._hours(request),
            weights=weights,
            drafts=drafts,
            rates=rates,
            rate_views=resolved(rate_views),
            rw=resolved(report_words),
        )

    async def _providers(self, request: Request) -> list[ProviderView]:
        rows = await self._pages.ask(request, contracts.PROVIDERS, contracts.Nothing())
        pace, weights = await asyncio.gather(
            self._pages.ask(request, PACE, NOTHING),
            self._pages.ask(request, PROVIDER_WEIGHTS, NOTHING),
        )
        return provider_views(rows, pace, weights)

    async def _hours(self, request: Request) -> HoursView:
        message = contracts.Hours(hours=HOURS)
        figures = await self._pages.ask(request, contracts.FIGURES, message)
        return hours_view(figures, dt.datetime.now(dt.UTC))

    async def provider(self, request: Request) -> Response:
        """POST /desk/notices/providers/{code}/{act}: pause, resume, weigh, pin."""
        name, code = request.path_params["act"], request.path_params["code"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        preview = self._paused if name == "pause" else None
        return await self._pages.act(
            request, ACTS[name], self._show, f"?done={name}", preview=preview, code=code
        )

    async def _paused(self, request: Request, message: contracts.OneProvider) -> Preview:
        """The page before a provider is put aside: who carries its channel then."""
        rows = await self._pages.ask(request, contracts.PROVIDERS, NOTHING)
        row = next((row for row in rows.providers if row.code == message.code), None)
        if row is None:
            raise NotFound("There is no such provider.", code="provider.not_found")
        others = [
            words.provider_label(other.code)
            for other in rows.providers
            if other.channel == row.channel and other.code != row.code and not other.paused_by
        ]
        channel = words.CHANNELS[row.channel]
        left = f"{channel} از این پس با {'، '.join(others)} می‌رود." if others else ""
        return Preview(
            f"{words.provider_label(row.code)} کنار گذاشته می‌شود",
            "کنار گذاشتن",
            (
                Fact("راه", channel),
                Fact("یک ساعت گذشته", f"{row.handed} پیام، {row.share}%"),
            ),
            (left or f"ارائه‌دهنده دیگری برای {channel} نمی‌ماند؛ پیام‌ها در نوبت می‌مانند.",),
            danger=not others,
            again=False,
        )

    def routes(self) -> list[Route]:
        """The routes of the board."""
        return [
            Route(AT, self.home),
            Route(f"{AT}/", self.home),
            Route(f"{AT}/providers/{{code}}/{{act}}", self.provider, methods=["POST"]),
        ]
