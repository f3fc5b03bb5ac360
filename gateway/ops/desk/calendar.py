"""The calendar with the times for visits."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, NotFound
from bus.messages import kinds
from contracts.ticketing import desk as contracts
from contracts.ticketing.calendar import (
    AskCalendar,
    CalendarRow,
    CalendarRows,
    WithdrawRow,
)
from gateway.forms.fields import parse_form
from gateway.ops.desk import day_previews, words
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Preview, Previewer

CHANGES: dict[str, kinds.Request] = {
    "row": contracts.CHANGE_CALENDAR,
    "withdraw": contracts.WITHDRAW_ROW,
    "slots": contracts.ADD_SLOTS,
}


@dataclass(frozen=True, slots=True)
class CalendarView:
    """The calendar, the names of counties and offices by code, and whether the form that was sent
    closes so many days that they must be confirmed.
    """

    calendar: CalendarRows
    counties: Mapping[str, str]
    offices: Mapping[str, str]
    long_closure: bool


class DayPages:
    """The pages of the calendar."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages
        self._previews: Mapping[str, Previewer] = {
            "row": self._added,
            "withdraw": self._withdrawn,
        }

    async def calendar(self, request: Request) -> Response:
        """GET /desk/calendar"""
        return await self._calendar(request, NO_SUBMISSION)

    async def _calendar(self, request: Request, submission: Submission) -> Response:
        view = self._view(request, submission.error)
        return await self._pages.page(request, "calendar", submission, view=view)

    async def _view(self, request: Request, error: BusError | None) -> CalendarView:
        rows = await self._read(request)
        return CalendarView(
            rows,
            words.names_of(rows.counties),
            words.names_of(rows.offices),
            error is not None and error.code == "calendar.long_closure",
        )

    async def _read(self, request: Request) -> CalendarRows:
        return await self._pages.ask(request, contracts.CALENDAR, AskCalendar())

    async def change(self, request: Request) -> Response:
        """POST /desk/calendar/{act}: add a row, take one back, open times for visits."""
        act = request.path_params["act"]
        if act not in CHANGES:
            raise NotFound("There is no such act.", code="http.not_found")
        contract = CHANGES[act]
        values = {**(await forms.read_form(request)).values, "act": [act]}
        fields, target = parse_form(contract, values), f"calendar?done={act}"
        return await self._pages.send(
            request, contract, self._calendar, target, values, fields, self._previews.get(act)
        )

    async def _added(self, request: Request, message: CalendarRow) -> Preview:
        return day_previews.added(await self._read(request), message)

    async def _withdrawn(self, request: Request, message: WithdrawRow) -> Preview:
        return day_previews.withdrawn(await self._read(request), message)

    def routes(self) -> list[Route]:
        """The routes of the calendar."""
        return [
            Route(f"{AT}/calendar", self.calendar),
            Route(f"{AT}/calendar/{{act}}", self.change, methods=["POST"]),
        ]
