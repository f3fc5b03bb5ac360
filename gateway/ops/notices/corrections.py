"""Signed reports of months: their editions, and corrections by two editors."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from bus.messages.message import to_wire
from contracts.inquiry.ratings import RATINGS, AskRatings
from contracts.notify import promises as contracts
from contracts.notify.announcements import Nothing
from contracts.ticketing.public import STATISTICS, AskStatistics
from gateway.forms.fields import Fields
from gateway.forms.values import typed_of
from gateway.html.days import month_in_words
from gateway.html.formats import percent
from gateway.ops.health.month_closing import other_figures
from gateway.ops.notices.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Fact, Preview
from gateway.papers.pdf import FIGURES

CHANGED = {
    "value": "انجام",
    "target": "هدف",
    "of": "آنچه سنجیده شد",
    "missed": "قطع یا خلاف",
    "excluded": "اعلام‌شده از پیش",
}


class Corrections:
    """The page of reports: a correction is proposed by one editor and signed by another."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def page(self, request: Request) -> Response:
        """GET /desk/notices/reports: the months, their editions, and what waits."""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        reply = self._pages.ask(request, contracts.PROMISES, Nothing())
        return await self._pages.page(
            request,
            "reports",
            submission,
            reply=reply,
            waiting=self._waiting(request),
            fact_of=resolved(fact_of),
        )

    async def _waiting(self, request: Request) -> contracts.Corrections:
        return await self._pages.ask(request, contracts.CORRECTIONS, Nothing())

    async def propose(self, request: Request) -> Response:
        """POST /desk/notices/reports: measured again now; nothing is signed yet."""
        values = (await forms.read_form(request)).values
        typed = typed_of(values)
        month = typed.get("month", "")
        try:
            figures = await self._figures(request, month)
        except BusError as error:
            return await self._pages.refused(request, self._show, typed, error)
        reason = typed.get("reason", "")
        fields: Fields = {"month": month, "reason": reason, "figures": figures}
        return await self._pages.send(
            request,
            contracts.PROPOSE_CORRECTION,
            self._show,
            "reports?done=propose_correction",
            values,
            fields,
        )

    async def _figures(self, request: Request, month: str) -> list[dict[str, object]]:
        """What the other contexts count of a month now; nobody types it."""
        statistics, ratings = await asyncio.gather(
            self._pages.ask(request, STATISTICS, AskStatistics()),
            self._pages.ask(request, RATINGS, AskRatings()),
        )
        return [to_wire(figure) for figure in other_figures(statistics, ratings, month)]

    async def approve(self, request: Request) -> Response:
        """POST /desk/notices/reports/{id}/approve: after a look at the old and the new."""
        return await self._pages.act(
            request,
            contracts.APPROVE_CORRECTION,
            self._show,
            "reports?done=approve_correction",
            preview=self._preview,
            id=request.path_params["id"],
        )

    async def withdraw(self, request: Request) -> Response:
        """POST /desk/notices/reports/{id}/withdraw"""
        return await self._pages.act(
            request,
            contracts.WITHDRAW_CORRECTION,
            self._show,
            "reports?done=withdraw_correction",
            preview=self._end_preview,
            id=request.path_params["id"],
        )

    async def _preview(self, request: Request, message: contracts.OneCorrection) -> Preview:
        """What will be signed. NotFound if it was decided meanwhile."""
        correction = await self._one(request, message)
        return Preview(
            title=f"ویرایش تازه گزارش {month_in_words(correction.month)} امضا می‌شود",
            button="تأیید و امضا",
            facts=tuple(map(fact_of, correction.changes)),
            text=correction.reason,
            leaves=(
                "ویرایش تازه و دلیل آن بی‌درنگ در درگاه دیده می‌شود و تغییر نمی‌کند.",
                "ویرایش‌های پیشین با همان امضا در نشانی خود می‌مانند.",
            ),
            again=False,
        )

    async def _end_preview(self, request: Request, message: contracts.OneCorrection) -> Preview:
        """What will not be signed."""
        correction = await self._one(request, message)
        return Preview(
            title=f"پیشنهاد اصلاح گزارش {month_in_words(correction.month)} پایان می‌یابد",
            button="پایان دادن به پیشنهاد",
            facts=tuple(map(fact_of, correction.changes)),
            text=correction.reason,
            leaves=("گزارش امضاشده همان است که بود.",),
            danger=True,
            again=False,
            asks_why=not self._pages.is_own(request, correction.proposed_by),
        )

    async def _one(
        self, request: Request, message: contracts.OneCorrection
    ) -> contracts.Correction:
        for correction in (await self._waiting(request)).corrections:
            if correction.id == message.id:
                return correction
        raise NotFound("No such correction waits.", code="correction.not_found")

    def routes(self) -> list[Route]:
        """The routes of reports."""
        at = f"{AT}/reports"
        return [
            Route(at, self.page, methods=["GET"]),
            Route(at, self.propose, methods=["POST"]),
            Route(f"{at}/{{id:int}}/approve", self.approve, methods=["POST"]),
            Route(f"{at}/{{id:int}}/withdraw", self.withdraw, methods=["POST"]),
        ]


def fact_of(change: contracts.Change) -> Fact:
    """Return a figure with what it was and what it becomes.

    >>> fact_of(contracts.Change(code="S4", figure="value", old=9900, new=None))
    Fact(label='S4، انجام', text='از 99.00% به سنجیده‌نشده')
    """
    name = FIGURES[change.code][0] if change.code in FIGURES else change.code
    label = name if change.figure == "count" else f"{name}، {CHANGED[change.figure]}"
    return Fact(label, f"از {_number(change, change.old)} به {_number(change, change.new)}")


def _number(change: contracts.Change, value: int | None) -> str:
    if value is None:
        return "کمتر از حد نمایش" if change.figure == "count" else "سنجیده‌نشده"
    if change.figure in ("value", "target"):
        return percent(value)
    return f"{value / 100:.2f}" if change.code.startswith("mean") else f"{value:,}"
