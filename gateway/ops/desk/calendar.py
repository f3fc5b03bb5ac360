"""The calendar with the times for visits, and the figures."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, NotFound, Unauthenticated
from bus.messages.kinds import Request as Contract
from contracts.ticketing import desk as contracts
from gateway.forms.values import value_of
from gateway.ops.desk import day_previews, words
from gateway.ops.desk.shared import DeskSection, done, status_shown
from gateway.ops.staff import forms
from gateway.ops.staff.forms import parse_day, parse_form, query_value
from gateway.ops.staff.previews import wants_change, wants_preview

CHANGES: dict[str, Contract] = {
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
        reply = await self.desk.ask_json(request, contracts.CALENDAR, {})
        return await self.page(
            request,
            "calendar",
            status_shown(error),
            reply=reply,
            counties=words.names_of(reply["counties"]),
            offices=words.names_of(reply["offices"]),
            code=error.code if error else "",
            faults=words.faults_of(error),
            typed=typed,
            done=done(request),
        )

    async def change(self, request: Request) -> Response:
        """POST /desk/calendar/{act}: add a row, take one back, open times for visits."""
        act = request.path_params["act"]
        if act not in CHANGES:
            raise NotFound("There is no such act.", code="http.not_found")
        values = (await forms.read_form(request)).values
        typed = {**{field: value_of(values, field) for field in values}, "act": act}
        if wants_change(values):
            return await self._calendar(request, None, typed)
        try:
            data = parse_form(CHANGES[act], values)
            if act in day_previews.PREVIEWS and wants_preview(values):
                calendar = await self.desk.ask_json(request, contracts.CALENDAR, {})
                preview = day_previews.PREVIEWS[act](calendar, CHANGES[act].load_data(dict(data)))
                return await self.preview_page(request, values, preview)
            await self.desk.ask_json(request, CHANGES[act], data, id=typed.get("form"))
        except Unauthenticated:
            raise
        except BusError as error:
            return await self._calendar(request, error, typed)
        return RedirectResponse(f"/desk/calendar?done={act}", 303)

    async def report(self, request: Request) -> Response:
        """GET /desk/figures"""
        typed = {n: query_value(request, n) for n in ("from_day", "to_day")}
        days = {name: parse_day(text) if text else None for name, text in typed.items()}
        try:
            reply = await self.desk.ask_json(request, contracts.REPORT, days)
        except (Unauthenticated, NotFound):
            raise
        except BusError as error:
            if not error.fields:
                raise
            reply = await self.desk.ask_json(request, contracts.REPORT, {})
            return await self.page(
                request, "report", 422, reply=reply, faults=words.faults_of(error), typed=typed
            )
        return await self.page(request, "report", reply=reply, faults={}, typed={})

    def routes(self) -> list[Route]:
        """The routes of calendar and figures."""
        return [
            Route("/desk/calendar", self.calendar),
            Route("/desk/calendar/{act}", self.change, methods=["POST"]),
            Route("/desk/figures", self.report),
        ]
