"""Files of holidays at the desk: read one, see what it would change, follow that or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, FieldError
from contracts.ticketing.calendars import holidays as contracts
from contracts.ticketing.calendars.holidays import (
    AcceptHolidays,
    HolidayProposal,
    HolidaySource,
    HolidaySources,
    SetHolidaysAside,
)
from gateway.forms.fields import parse_form
from gateway.forms.values import text_of, value_of
from gateway.ops.desk.calendar import previews
from gateway.ops.desk.calendar import words as holiday_words
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Preview

# A file as text, with the few fields beside it.
FORM_MOST = contracts.FILE_MOST + 64 * 1024
PAGE = "calendar/holidays"


@dataclass(frozen=True, slots=True)
class SourceView:
    """A file with its proposals as sentences; ``form`` begins the names of its forms."""

    form: str
    source: HolidaySource
    proposals: Sequence[tuple[HolidayProposal, str]]


@dataclass(frozen=True, slots=True)
class HolidaysView:
    """All files, and whether the form that was sent closes so many days that this is confirmed."""

    sources: Sequence[SourceView]
    kinds: Mapping[str, str]
    faults: Mapping[str, str]
    problems: Mapping[str, str]
    long_closure: bool


class HolidayPages:
    """The page of the files of holidays."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def holidays(self, request: Request) -> Response:
        """GET /desk/calendar/holidays: what was read of each file, and what it proposes."""
        return await self._show(request, NO_SUBMISSION)

    async def _show(self, request: Request, submission: Submission) -> Response:
        view = self._view(request, submission.error)
        return await self._pages.page(request, "holidays", submission, view=view)

    async def _view(self, request: Request, error: BusError | None) -> HolidaysView:
        reply = await self._read_all(request)
        return HolidaysView(
            sources=[
                SourceView(
                    f"holidays-{number}",
                    source,
                    [(p, previews.proposal_in_words(p)) for p in source.proposals],
                )
                for number, source in enumerate(reply.sources, 1)
            ],
            kinds=previews.PROPOSALS,
            faults=holiday_words.FAULTS,
            problems=holiday_words.PROBLEMS,
            long_closure=error is not None and error.code == "calendar.long_closure",
        )

    async def _read_all(self, request: Request) -> HolidaySources:
        message = contracts.AskHolidaySources()
        return await self._pages.ask(request, contracts.HOLIDAY_SOURCES, message)

    async def read(self, request: Request) -> Response:
        """POST /desk/calendar/holidays/read: a file, of which nothing counts before somebody
        accepts it.
        """
        typed: dict[str, str] = {"act": "read"}
        try:
            form = await forms.read_form(request, files=1, fields_limit=FORM_MOST, as_text=True)
            typed["origin"] = text_of(form.values, "origin")
            file = value_of(form.values, "file")
            if not file.strip():
                reason = "Choose the file."
                raise ContractError(reason, fields=[FieldError("file", "required", reason)])
            message = contracts.READ_HOLIDAYS.load({"origin": typed["origin"], "file": file})
            await self._pages.ask(
                request,
                contracts.READ_HOLIDAYS,
                message,
                form=value_of(form.values, "form") or None,
            )
        except BusError as error:
            return await self._pages.refused(request, self._show, typed, error)
        return RedirectResponse(f"{AT}/{PAGE}?done=holidays_read", 303)

    async def accept(self, request: Request) -> Response:
        """POST /desk/calendar/holidays/accept: bring proposals into the calendar."""
        values = (await forms.read_form(request)).values
        fields = parse_form(contracts.ACCEPT_HOLIDAYS, values)
        return await self._pages.send(
            request,
            contracts.ACCEPT_HOLIDAYS,
            self._show,
            f"{PAGE}?done=holidays_accept",
            values,
            fields,
            self._preview_accept,
        )

    async def set_aside(self, request: Request) -> Response:
        """POST /desk/calendar/holidays/aside: do not follow proposals."""
        values = (await forms.read_form(request)).values
        fields = parse_form(contracts.SET_HOLIDAYS_ASIDE, values)
        return await self._pages.send(
            request,
            contracts.SET_HOLIDAYS_ASIDE,
            self._show,
            f"{PAGE}?done=holidays_aside",
            values,
            fields,
            self._preview_aside,
        )

    async def _preview_accept(self, request: Request, message: AcceptHolidays) -> Preview:
        effect = await self._pages.ask(request, contracts.PREVIEW_HOLIDAYS, message)
        reply = await self._read_all(request)
        chosen = _chosen(reply, message.origin, message.keys)
        return previews.accepted(chosen, message, effect, reply.version)

    async def _preview_aside(self, request: Request, message: SetHolidaysAside) -> Preview:
        reply = await self._read_all(request)
        return previews.put_aside(_chosen(reply, message.origin, message.keys), message)

    def routes(self) -> list[Route]:
        """The routes of the files of holidays."""
        return [
            Route(f"{AT}/{PAGE}", self.holidays),
            Route(f"{AT}/{PAGE}/read", self.read, methods=["POST"]),
            Route(f"{AT}/{PAGE}/accept", self.accept, methods=["POST"]),
            Route(f"{AT}/{PAGE}/aside", self.set_aside, methods=["POST"]),
        ]


def _chosen(reply: HolidaySources, origin: str, keys: Sequence[str]) -> list[HolidayProposal]:
    """The proposals of a file that were chosen."""
    return [
        proposal
        for source in reply.sources
        if source.origin == origin
        for proposal in source.proposals
        if proposal.key in keys
    ]
