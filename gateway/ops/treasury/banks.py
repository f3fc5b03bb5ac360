"""The first page with what waits, banks' files, and the daily close."""

import datetime as dt
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, FieldError
from contracts.billing import treasury as contracts
from gateway.forms.values import value_of
from gateway.ops.staff import forms
from gateway.ops.staff.forms import parse_day, query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.treasury.previews import Looks
from gateway.ops.treasury.section import AT
from iran.persian import tehran_day

FILE_LIMIT = 6_000_000
BILLS = "bills"


class Banks:
    """The pages of files and days."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._looks = pages, Looks(pages)

    async def home(self, request: Request) -> Response:
        """GET /desk/treasury: what waits for an officer."""
        ask = self._pages.ask
        return await self._pages.page(
            request,
            "home",
            tariffs=ask(request, contracts.TARIFFS),
            refunds=ask(request, contracts.REFUNDS),
            day=ask(request, contracts.LOOK_AT_DAY, day=_yesterday()),
        )

    # --- files ---

    async def files(self, request: Request) -> Response:
        """GET /desk/treasury/files"""
        return await self._files(request, NO_SUBMISSION)

    async def _files(
        self, request: Request, submission: Submission, result: dict[str, Any] | None = None
    ) -> Response:
        async def told() -> dict[str, Any]:
            # A day's controls name every bank whose files we can take.
            day = await self._pages.ask(request, contracts.LOOK_AT_DAY, day=_yesterday())
            return {"channels": day["channels"], "day": day["day"], "result": result}

        return await self._pages.page(request, "files", submission, told=told())

    async def take(self, request: Request) -> Response:
        """POST /desk/treasury/files: the file of a bank and a day; what became of its rows."""
        typed: dict[str, str] = {"act": "take"}
        try:
            form = await forms.read_form(request, files=1, fields_limit=FILE_LIMIT, as_text=True)
            typed |= {name: value_of(form.values, name) for name in ("channel", "day", "form")}
            channel = typed["channel"]
            if not value_of(form.values, "text"):
                why = "Choose the file of the bank."
                raise ContractError(why, fields=[FieldError("text", "file.missing", why)])
            result = await self._pages.ask(
                request,
                contracts.TAKE_FILE,
                form=typed["form"] or None,
                kind="bills" if channel == BILLS else "settlement",
                psp=None if channel == BILLS else channel or None,
                day=parse_day(typed["day"]),
                text=value_of(form.values, "text"),
            )
        except BusError as error:
            return await self._pages.refused(request, self._files, typed, error)
        return await self._files(request, NO_SUBMISSION, result)

    # --- the day ---

    async def day(self, request: Request) -> Response:
        """GET /desk/treasury/day?day=1405/09/03: yesterday if none is told."""
        return await self._day(request, NO_SUBMISSION)

    async def _day(self, request: Request, submission: Submission) -> Response:
        typed = request.path_params.get("day") or query_value(request, "day")
        try:
            day = contracts.LOOK_AT_DAY.load_data(
                {"day": parse_day(typed) if typed else _yesterday()}
            )
        except BusError as error:
            submission, day = Submission("look", {"day": typed}, error), {"day": _yesterday()}
        told = self._pages.ask(request, contracts.LOOK_AT_DAY, **day)
        return await self._pages.page(request, "day", submission, told=told)

    async def close(self, request: Request) -> Response:
        """POST /desk/treasury/day/{day}/close"""
        day = request.path_params["day"]
        back = f"day?day={quote(day, safe='')}&done=close"
        return await self._pages.act(
            request, contracts.CLOSE_DAY, self._day, back, preview=self._looks.close, day=day
        )

    def routes(self) -> list[Route]:
        """The routes of the first page, files and days."""
        return [
            Route(AT, self.home),
            Route(f"{AT}/files", self.files, methods=["GET"]),
            Route(f"{AT}/files", self.take, methods=["POST"]),
            Route(f"{AT}/day", self.day),
            Route(f"{AT}/day/{{day}}/close", self.close, methods=["POST"]),
        ]


def _yesterday() -> str:
    return (tehran_day(dt.datetime.now(dt.UTC)) - dt.timedelta(days=1)).isoformat()
