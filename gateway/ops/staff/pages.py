"""What pages of colleagues share: who acts, how a form becomes one Request, how errors are shown.

The desk's cookie names the colleague; what he may do, the context says at each act.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.errors import BusError, Unauthenticated
from bus.kinds import Request as Contract
from gateway.html import rendering
from gateway.http.problems import status_of
from gateway.ops.staff import forms
from gateway.ops.staff.forms import parse_form, parse_whole, value_of
from gateway.ops.staff.names import NameOf, Names, Person
from gateway.ops.staff.previews import (
    Preview,
    Previewer,
    carried_fields,
    wants_change,
    wants_preview,
)
from gateway.ops.staff.session import Desk, form_id

MOST_NUMBER = 2**31
Values = Mapping[str, list[str]]
# Where somebody goes after an act, below the part's address.
Back = str | Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class Submission:
    """A form as it was sent, and what was wrong with it; nothing, when a page is just read."""

    act: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    error: BusError | None = None


Show = Callable[[Request, Submission], Awaitable[Response]]
NO_SUBMISSION = Submission()


@dataclass(frozen=True)
class Section:
    """A part of the desk: its address, the folder of its templates, the Request that tells who
    somebody is there, the code that turns strangers away, and the module of its words, which has
    DONE (act → sentence), ``faults_of`` and ``lines_of`` a refusal.
    """

    at: str
    templates: str
    who_am_i: Contract
    stranger: str
    words: Any


class StaffPages:
    """Asks a context in a colleague's name, and makes pages of what it says."""

    def __init__(self, desk: Desk, section: Section) -> None:
        self._desk, self.section, self._names = desk, section, Names(desk)

    async def ask(
        self, request: Request, contract: Contract, *, form: str | None = None, **data: Any
    ) -> dict[str, Any]:
        """The answer to a Request in the colleague's name; ``form`` is the id of the form that
        asks: sent twice it is one act.
        """
        return await self._desk.ask(request, contract, data, id=form)

    async def person(self, request: Request) -> Person:
        """Gives the name of an account."""
        return await self._names.person(request)

    async def agency(self, request: Request) -> NameOf:
        """Gives the name of an agency."""
        return await self._names.agency(request)

    async def page(
        self,
        request: Request,
        name: str,
        submission: Submission = NO_SUBMISSION,
        **asked: Awaitable[Any],
    ) -> Response:
        """A page with the answers to what it asks; it tells who acts, in which role.
        Forbidden with the code of ``stranger``.
        """
        return await self._render(
            request, f"{self.section.templates}/{name}.html", submission, asked
        )

    async def preview_page(self, request: Request, values: Values, preview: Preview) -> Response:
        """The page before an act of weight: what will be done, and the form as it was sent."""
        return await self._render(
            request,
            "desk/preview.html",
            NO_SUBMISSION,
            {},
            preview=preview,
            carried=carried_fields(values, preview),
            action=request.url.path,
            layout=f"{self.section.templates}/layout.html",
        )

    async def _render(
        self,
        request: Request,
        template: str,
        submission: Submission,
        asked: Mapping[str, Awaitable[Any]],
        **more: Any,
    ) -> Response:
        officer, person, agency, *told = await asyncio.gather(
            self.ask(request, self.section.who_am_i),
            self._names.person(request),
            self._names.agency(request),
            *asked.values(),
        )
        words, error = self.section.words, submission.error
        response = rendering.page(
            template,
            status_of(error) if error else 200,
            who=self._desk.who(request),
            here=request.url.path,
            officer=officer,
            person=person,
            agency=agency,
            form_id=form_id(),
            w=words,
            at=self.section.at,
            note=words.DONE.get(request.query_params.get("done", ""), ""),
            act=submission.act,
            typed=submission.typed,
            faults=words.faults_of(error) if error else {},
            lines=words.lines_of(error) if error else [],
            **dict(zip(asked, told, strict=True)),
            **more,
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    async def act(
        self,
        request: Request,
        contract: Contract,
        show: Show,
        back: Back,
        *,
        preview: Previewer | None = None,
        **fixed: Any,
    ) -> Response:
        """POST of a form: one Request, however often the form is sent, then on to ``back``.

        An act of weight is looked at first. What is refused is shown by ``show`` beside what was
        typed.
        """
        values = (await forms.read(request)).values
        data = {**parse_form(contract, values), **fixed}
        return await self.send(request, contract, show, back, values, data, preview)

    async def send(  # noqa: PLR0913 - a form has as many ends
        self,
        request: Request,
        contract: Contract,
        show: Show,
        back: Back,
        values: Values,
        data: dict[str, Any],
        preview: Previewer | None = None,
    ) -> Response:
        """What ``act`` does with a form that was read already; ``back`` may ask the reply."""
        typed = {name: value_of(values, name) for name in values}
        if wants_change(values):
            return await show(request, Submission(typed.get("act", ""), typed))
        try:
            if preview is not None and wants_preview(values):
                contract.load(dict(data))
                return await self.preview_page(request, values, await preview(request, data))
            reply = await self.ask(request, contract, form=typed.get("form") or None, **data)
        except BusError as error:
            return await self.refused(request, show, typed, error)
        target = back if isinstance(back, str) else back(reply)
        return RedirectResponse(f"{self.section.at}/{target}", 303)

    async def refused(
        self, request: Request, show: Show, typed: Mapping[str, str], error: BusError
    ) -> Response:
        """The page of a form that was refused; a stranger gets no page at all."""
        if isinstance(error, Unauthenticated) or error.code == self.section.stranger:
            raise error
        return await show(request, Submission(typed.get("act", ""), typed, error))


def before(request: Request) -> dict[str, Any]:
    """The number before which a list goes on, from ``?before=120``; nothing if none is told."""
    number = parse_whole(forms.query_value(request, "before"))
    return {"before": number} if isinstance(number, int) and 0 < number < MOST_NUMBER else {}


async def resolved(value: Any) -> Any:
    """What is known already, for a page that waits for what it asks."""
    return value


def attachment(name: str) -> dict[str, str]:
    """Headers of a file to be saved that no cache keeps (RFC 6266)."""
    return {
        "Cache-Control": "no-store",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }
