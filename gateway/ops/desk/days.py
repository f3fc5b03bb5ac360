"""The calendar with the times for visits, and the figures."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.contracts import desk as contracts
from bus.errors import BusError, NotFound, Unauthenticated
from gateway import pages
from gateway.ops import forms
from gateway.ops.desk import words
from gateway.ops.desk.shared import DeskSection, done, status_shown
from gateway.ops.forms import day_of, one, query, taken
from gateway.ops.looking import Fact, Look, wants_form, wants_look
from gateway.origin import same_origin

CHANGES = {
    "row": contracts.CHANGE_CALENDAR,
    "withdraw": contracts.WITHDRAW_ROW,
    "slots": contracts.ADD_SLOTS,
}


class DayPages(DeskSection):
    """The pages of the calendar and of figures."""

    async def calendar(self, request: Request) -> Response:
        """GET /desk/calendar"""
        return await self._calendar(request, None, {})

    async def _calendar(
        self, request: Request, error: BusError | None, typed: Mapping[str, str]
    ) -> Response:
        told = await self.desk.ask(request, contracts.CALENDAR, {})
        return await self.page(
            request,
            "calendar",
            status_shown(error),
            told=told,
            counties=words.names_of(told["counties"]),
            offices=words.names_of(told["offices"]),
            code=error.code if error else "",
            faults=words.faults_of(error),
            typed=typed,
            done=done(request),
        )

    async def change(self, request: Request) -> Response:
        """POST /desk/calendar/{what}: add a row, take one back, open times for visits."""
        same_origin(request)
        what = request.path_params["what"]
        if what not in CHANGES:
            raise NotFound("There is no such act.", code="http.not_found")
        values = (await forms.read(request)).values
        typed = {**{field: one(values, field) for field in values}, "act": what}
        if wants_form(values):
            return await self._calendar(request, None, typed)
        try:
            data = taken(CHANGES[what], values)
            if what == "withdraw" and wants_look(values):
                contract = CHANGES[what].load(dict(data))
                look = await self._look(request, contract["row"], contract["source"])
                return await self.look_page(request, values, look)
            await self.desk.ask(request, CHANGES[what], data, id=typed.get("form"))
        except Unauthenticated:
            raise
        except BusError as error:
            return await self._calendar(request, error, typed)
        return RedirectResponse(f"/desk/calendar?done={what}", 303)

    async def _look(self, request: Request, row: int, source: str) -> Look:
        """The row of the calendar that would be taken back."""
        told = await self.desk.ask(request, contracts.CALENDAR, {})
        found = next((r for r in told["rows"] if r["id"] == row), None)
        if found is None:
            raise NotFound("There is no such row.", code="calendar.row_not_found")
        counties = words.names_of(told["counties"])
        to_day = pages.day(found["to_day"]) if found["to_day"] else "اطلاع بعدی"
        return Look(
            title="این ردیف تقویم برداشته می‌شود",
            button="برداشتن ردیف",
            facts=(
                Fact("ردیف", f"{words.KINDS[found['kind']]}: {found['title']}"),
                Fact("از و تا", f"{pages.day(found['from_day'])} تا {to_day}"),
                Fact("برای", "، ".join(counties.get(c, c) for c in found["counties"]) or "همه"),
                Fact("سند برداشتن", source),
            ),
            leaves=("سررسید همه پرونده‌های باز دوباره حساب می‌شود و شاید جابه‌جا شود.",),
            danger=True,
        )

    async def report(self, request: Request) -> Response:
        """GET /desk/figures"""
        asked = {n: query(request, n) for n in ("from_day", "to_day")}
        days = {name: day_of(text) if text else None for name, text in asked.items()}
        try:
            told = await self.desk.ask(request, contracts.REPORT, days)
        except (Unauthenticated, NotFound):
            raise
        except BusError as error:
            if not error.fields:
                raise
            told = await self.desk.ask(request, contracts.REPORT, {})
            return await self.page(
                request, "report", 422, told=told, faults=words.faults_of(error), typed=asked
            )
        return await self.page(request, "report", told=told, faults={}, typed={})

    def routes(self) -> list[Route]:
        """The routes of calendar and figures."""
        return [
            Route("/desk/calendar", self.calendar),
            Route("/desk/calendar/{what}", self.change, methods=["POST"]),
            Route("/desk/figures", self.report),
        ]
