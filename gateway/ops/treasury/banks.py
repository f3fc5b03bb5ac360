"""Pages of the queue of work, of banks' files and of the daily close."""

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, FieldError
from contracts.billing import treasury as contracts
from contracts.billing.treasury_figures import TREASURY_FIGURES, LastDays
from contracts.billing.treasury_views import Channel
from gateway.forms.fields import parse_day
from gateway.forms.values import value_of
from gateway.ops.staff import forms
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.treasury.bills import yesterday
from gateway.ops.treasury.figures import FiguresView, figures_view
from gateway.ops.treasury.previews import Previews
from gateway.ops.treasury.section import AT

FILE_LIMIT = 6_000_000
BILLS = "bills"
MONTH, QUARTER = 30, 92


class TakenFile(NamedTuple):
    """A file that was taken just now: of which bank, of which day, and what came of its rows."""

    channel: str
    day: str
    result: contracts.FileTaken


@dataclass(frozen=True, slots=True)
class FilesView:
    """The banks whose files can be taken, the day offered first, and the file taken just now."""

    channels: tuple[Channel, ...]
    day: str
    taken: TakenFile | None


class Banks:
    """The pages of files and days."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._previews = pages, Previews(pages)

    async def home(self, request: Request) -> Response:
        """GET /desk/treasury: the work that waits for an officer, and the money of a month."""
        day = self._pages.ask(request, contracts.LOOK_AT_DAY, contracts.OfDay(day=yesterday()))
        return await self._pages.page(
            request, "home", figures=self._figures(request, MONTH), day=day
        )

    async def _figures(self, request: Request, days: int) -> FiguresView:
        message = LastDays(days=days)
        return figures_view(await self._pages.ask(request, TREASURY_FIGURES, message))

    # --- files ---

    async def files(self, request: Request) -> Response:
        """GET /desk/treasury/files?channel=sep&day=1405/09/03: the form, for a bank and a day."""
        typed = {name: query_value(request, name) for name in ("channel", "day")}
        named = {name: value for name, value in typed.items() if value}
        return await self._files(request, Submission("take", named) if named else NO_SUBMISSION)

    async def _files(
        self, request: Request, submission: Submission, file: TakenFile | None = None
    ) -> Response:
        return await self._pages.page(
            request, "files", submission, view=self._files_view(request, file)
        )

    async def _files_view(self, request: Request, file: TakenFile | None) -> FilesView:
        # A day's controls name every bank whose files can be taken.
        message = contracts.OfDay(day=yesterday())
        day = await self._pages.ask(request, contracts.LOOK_AT_DAY, message)
        return FilesView(day.channels, day.day, file)

    async def take(self, request: Request) -> Response:
        """POST /desk/treasury/files: the file of a bank and a day, and the result of its rows."""
        typed: dict[str, str] = {"act": "take"}
        try:
            form = await forms.read_form(request, files=1, fields_limit=FILE_LIMIT, as_text=True)
            typed |= {name: value_of(form.values, name) for name in ("channel", "day", "form")}
            channel = typed["channel"]
            if not value_of(form.values, "text"):
                reason = "Choose the file of the bank."
                raise ContractError(reason, fields=[FieldError("text", "file.missing", reason)])
            message = contracts.TAKE_FILE.load(
                {
                    "kind": "bills" if channel == BILLS else "settlement",
                    "psp": None if channel == BILLS else channel or None,
                    "day": parse_day(typed["day"]),
                    "text": value_of(form.values, "text"),
                }
            )
            result = await self._pages.ask(
                request, contracts.TAKE_FILE, message, form=typed["form"] or None
            )
        except BusError as error:
            return await self._pages.refused(request, self._files, typed, error)
        file = TakenFile(channel, message.day, result)
        return await self._files(request, NO_SUBMISSION, file)

    # --- the day ---

    async def day(self, request: Request) -> Response:
        """GET /desk/treasury/day?day=1405/09/03: yesterday without a day."""
        return await self._day(request, NO_SUBMISSION)

    async def _day(self, request: Request, submission: Submission) -> Response:
        typed = request.path_params.get("day") or query_value(request, "day")
        message = contracts.OfDay(day=yesterday())
        if typed:
            try:
                message = contracts.LOOK_AT_DAY.load({"day": parse_day(typed)})
            except BusError as error:
                submission = Submission("look", {"day": typed}, error)
        reply = self._pages.ask(request, contracts.LOOK_AT_DAY, message)
        figures = self._figures(request, QUARTER)
        return await self._pages.page(request, "day", submission, reply=reply, figures=figures)

    async def close(self, request: Request) -> Response:
        """POST /desk/treasury/day/{day}/close"""
        day = request.path_params["day"]
        back = f"day?day={quote(day, safe='')}&done=close"
        preview = self._previews.close
        return await self._pages.act(
            request, contracts.CLOSE_DAY, self._day, back, preview=preview, day=day
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
