"""Pages of the treasury's account: statements, the three sides, and bookings by two officers."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, FieldError, NotFound
from bus.messages import kinds
from contracts.billing import account as contracts
from contracts.billing.tariffs import OneRow
from contracts.billing.treasury import Nothing
from gateway.forms.values import value_of
from gateway.html import charts, formats
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Fact, Preview
from gateway.ops.staff.tables import csv_response
from gateway.ops.treasury import account_texts, cells, texts
from gateway.ops.treasury.banks import FILE_LIMIT
from gateway.ops.treasury.exception_view import batch_options, exception_view, report_of
from gateway.ops.treasury.previews import Previews, rials
from gateway.ops.treasury.section import AT

DAYS = 30
BOOKING_ACTS: dict[str, kinds.Request] = {
    "approve": contracts.APPROVE_BOOKING,
    "refuse": contracts.REFUSE_BOOKING,
    "back": contracts.TAKE_BOOKING_BACK,
}


@dataclass(frozen=True, slots=True)
class SidesView:
    """The three sides, their chart by day, the rows behind it, and the statement taken just now."""

    report: contracts.ThreeSides
    chart: Markup
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    bookings: Sequence[contracts.BookingView]
    result: contracts.StatementTaken | None


class Account:
    """The pages of the account."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._previews = pages, Previews(pages)

    async def sides(self, request: Request) -> Response:
        """GET /desk/treasury/account: each bank's day on three sides, and what is unclear."""
        return await self._sides(request, NO_SUBMISSION)

    async def _sides(
        self,
        request: Request,
        submission: Submission,
        result: contracts.StatementTaken | None = None,
    ) -> Response:
        view = self._view(request, result)
        return await self._pages.page(request, "account", submission, view=view)

    async def _view(self, request: Request, result: contracts.StatementTaken | None) -> SidesView:
        report = await report_of(self._pages, request, DAYS)
        reply = await self._pages.ask(request, contracts.BOOKINGS, Nothing())
        waiting = [row for row in reply.bookings if row.state == "REQUESTED"]
        by_day = _by_day(report)
        points = [
            charts.Point(formats.day(day)[5:], max(expected, 0), "warn" if left else "good")
            for day, (expected, left) in by_day.items()
        ]
        return SidesView(
            report,
            charts.columns(account_texts.CHART, points, "ریال"),
            account_texts.CHART_HEAD,
            [
                (formats.day(day), f"{expected:,}", f"{left:,}")
                for day, (expected, left) in reversed(by_day.items())
            ],
            waiting,
            result,
        )

    async def csv(self, request: Request) -> Response:
        """GET /desk/treasury/account.csv: the sides as a file."""
        report = await report_of(self._pages, request, DAYS)
        rows = (cells.side_cells(side) for side in report.sides)
        return csv_response("account.csv", cells.SIDE_HEADS, rows)

    async def take(self, request: Request) -> Response:
        """POST /desk/treasury/account: a statement, and the result of its entries."""
        typed: dict[str, str] = {"act": "statement"}
        try:
            form = await forms.read_form(request, files=1, fields_limit=FILE_LIMIT, as_text=True)
            typed |= {name: value_of(form.values, name) for name in ("kind", "form")}
            text = value_of(form.values, "text")
            if not text:
                reason = "Choose the file of the bank."
                raise ContractError(reason, fields=[FieldError("text", "file.missing", reason)])
            message = contracts.TAKE_STATEMENT.load({"form": typed["kind"], "text": text})
            result = await self._pages.ask(
                request, contracts.TAKE_STATEMENT, message, form=typed["form"] or None
            )
        except BusError as error:
            return await self._pages.refused(request, self._sides, typed, error)
        return await self._sides(request, NO_SUBMISSION, result)

    # --- bookings ---

    async def propose(self, request: Request) -> Response:
        """POST /desk/treasury/exceptions/{id}/book/{way}: a proposal for a second officer."""
        id_, way = request.path_params["id"], request.path_params["way"]
        if way not in contracts.BOOKING_ACTS:
            raise NotFound("There is no such act.", code="http.not_found")

        async def show(request: Request, submission: Submission) -> Response:
            view = exception_view(self._pages, request)
            return await self._pages.page(request, "exception", submission, view=view)

        return await self._pages.act(
            request,
            contracts.PROPOSE_BOOKING,
            show,
            f"exceptions/{id_}?done=booking",
            preview=self._proposal,
            id=id_,
            **{"act": way},
        )

    async def _proposal(self, request: Request, message: contracts.ProposeBooking) -> Preview:
        row = await self._previews.exception(request, message.id)
        facts = [
            Fact("مغایرت", f"{texts.EXCEPTIONS[row.kind][0]}، شماره {row.id}"),
            Fact("مبلغ", rials(row.rials)),
            Fact("یادداشت", message.note),
        ]
        if message.batch:
            facts.insert(2, Fact("برای", await self._batch_name(request, message.batch)))
        return Preview(
            title=f"این ثبت برای نفر دوم فرستاده می‌شود: {account_texts.ACTS[message.act]}",
            button="فرستادن برای نفر دوم",
            facts=tuple(facts),
            leaves=("پولی جابه‌جا نمی‌شود تا تأییدکننده‌ای جز شما تصمیم بگیرد.",),
        )

    async def _batch_name(self, request: Request, key: str) -> str:
        names = dict(batch_options(await report_of(self._pages, request, DAYS)))
        return names.get(key, key)

    async def decide(self, request: Request) -> Response:
        """POST /desk/treasury/bookings/{id}/{way}: approve, refuse, back."""
        id_, way = request.path_params["id"], request.path_params["way"]
        if way not in BOOKING_ACTS:
            raise NotFound("There is no such act.", code="http.not_found")

        async def preview(request: Request, _: OneRow) -> Preview:
            return await self._decision(request, id_, way)

        return await self._pages.act(
            request,
            BOOKING_ACTS[way],
            self._sides,
            f"account?done=booking_{way}",
            preview=preview,
            id=id_,
        )

    async def _decision(self, request: Request, id_: int, way: str) -> Preview:
        reply = await self._pages.ask(request, contracts.BOOKINGS, Nothing())
        row = next((row for row in reply.bookings if row.id == id_), None)
        if row is None:
            raise NotFound("There is no such proposal.", code="booking.not_found")
        person = await self._pages.person(request)
        title, button, leaves = account_texts.DECISIONS[way]
        facts = [
            Fact("مغایرت", str(row.exception)),
            Fact("ثبت", account_texts.ACTS[row.act]),
            Fact("مبلغ", rials(row.rials)),
            Fact("یادداشت", row.note),
            Fact("پیشنهاد", person(row.requested_by)),
        ]
        if row.batch:
            facts.insert(2, Fact("برای", await self._batch_name(request, row.batch)))
        return Preview(
            title=title,
            button=button,
            facts=tuple(facts),
            leaves=(leaves,),
            again=False,
            asks_why=way == "refuse",
        )

    def routes(self) -> list[Route]:
        """The routes of the account and of bookings."""
        return [
            Route(f"{AT}/account", self.sides, methods=["GET"]),
            Route(f"{AT}/account", self.take, methods=["POST"]),
            Route(f"{AT}/account.csv", self.csv),
            Route(f"{AT}/exceptions/{{id:int}}/book/{{way}}", self.propose, methods=["POST"]),
            Route(f"{AT}/bookings/{{id:int}}/{{way}}", self.decide, methods=["POST"]),
        ]


def _by_day(report: contracts.ThreeSides) -> dict[str, tuple[int, int]]:
    """By day, oldest first: what should come to the account, and what it has not shown."""
    days: dict[str, tuple[int, int]] = {}
    for side in reversed(report.sides):
        expected, left = days.get(side.day, (0, 0))
        missing = side.expected_rials - side.shown_rials
        days[side.day] = (expected + side.expected_rials, left + missing)
    return dict(sorted(days.items()))
