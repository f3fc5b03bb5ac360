"""A colleague has himself reminded of a ticket: by one press, or on a day that is typed."""

import datetime as dt

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.ticketing.colleagues import REMIND_ME
from gateway.forms.fields import parse_day
from gateway.forms.values import text_of, typed_of
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.list_links import back_query, with_back
from gateway.ops.staff.pages import Show, StaffPages
from iran.persian import tehran_day

# Days from today → what the button says.
CHOICES = {1: "فردا", 3: "سه روز دیگر", 7: "یک هفته دیگر"}


class Reminders:
    """The form of a reminder; ``show`` is the ticket's page, for what is refused."""

    def __init__(self, pages: StaffPages, show: Show) -> None:
        self._pages, self._show = pages, show

    async def remind(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/remind: in some days, on a day, or no more."""
        values = (await forms.read_form(request)).values
        values["act"] = ["remind"]
        code, chosen = request.path_params["code"], text_of(values, "in")
        day: str | None = parse_day(text_of(values, "day"))
        if chosen.isdecimal() and int(chosen) in CHOICES:
            today = tehran_day(dt.datetime.now(dt.UTC))
            day = (today + dt.timedelta(days=int(chosen))).isoformat()
        done = "remind"
        if chosen == "never":
            day, done = None, "remind_no_more"
        back = back_query(request, typed_of(values))
        target = with_back(f"tickets/{code}?done={done}", back)
        fields = {"code": code, "day": day}
        return await self._pages.send(request, REMIND_ME, self._show, target, values, fields)

    def routes(self) -> list[Route]:
        """The route of reminders."""
        return [Route(f"{AT}/tickets/{{code}}/remind", self.remind, methods=["POST"])]
