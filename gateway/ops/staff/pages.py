"""Pages of colleagues: who acts, how a form becomes one Request, how refusals are shown.

The cookie of the desk names the colleague; the context judges at each act what he may do.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.errors import BusError, Forbidden, NotFound, Unauthenticated, Unavailable
from bus.messages import kinds
from bus.messages.kinds import M, R
from bus.messages.message import to_wire
from contracts.rehearsals import Rehearse
from contracts.shown_first import REHEARSALS
from gateway.forms.fields import Fields, parse_form
from gateway.forms.values import Values, typed_of
from gateway.html import rendering
from gateway.http.problems import status_of
from gateway.ops.staff import forms
from gateway.ops.staff.list_links import back_query, came_from, list_query
from gateway.ops.staff.names import NameOf, Names, Person
from gateway.ops.staff.previews import (
    Preview,
    Previewer,
    carried_fields,
    wants_change,
    wants_preview,
)
from gateway.ops.staff.refusals import is_late
from gateway.ops.staff.session import Desk, form_id

# What form_id makes, before the name of the form on its page.
SENT_FORM = re.compile(r"desk-[0-9a-f-]{36}-[0-9]+")
# The page after an act, below the address of the section; the reply may decide it.
Target = str | Callable[[R], str]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Submission:
    """A form as it was sent, and its refusal; empty when a page is only read."""

    act: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    error: BusError | None = None


Show = Callable[[Request, Submission], Awaitable[Response]]
NO_SUBMISSION = Submission()


class Texts(Protocol):
    """The texts of a section: a sentence for each act that was done, and those of refusals."""

    @property
    def DONE(self) -> Mapping[str, str]: ...  # noqa: N802 - a constant of the module

    def faults_of(self, error: BusError, /) -> dict[str, str]:
        """Return what is wrong by field; what belongs to no field under ``""``."""

    def lines_of(self, error: BusError, /) -> Sequence[object]:
        """Return what is wrong with the lines of a file."""


@dataclass(frozen=True)
class Section:
    """A section of the desk: its address, the folder of its templates, the Request that tells the
    role of the colleague there, the code that turns strangers away, and its texts.

    Without ``who_am_i`` the colleague's role at the desk counts. ``of_agencies`` says that its
    pages name agencies.
    """

    at: str
    templates: str
    who_am_i: kinds.Request | None
    stranger: str
    words: Texts
    of_agencies: bool = True


class StaffPages:
    """Asks a context in the name of a colleague, and makes pages of the replies."""

    def __init__(self, desk: Desk, section: Section) -> None:
        self._desk, self.section, self._names = desk, section, Names(desk)

    async def ask(
        self,
        request: Request,
        contract: kinds.Request[M, R],
        message: M,
        *,
        form: str | None = None,
    ) -> R:
        """Return the reply to a Request in the colleague's name; ``form`` is the id of the form
        that asks: sent twice it is one act.
        """
        return await self._desk.ask(request, contract, message, id=form)

    def is_own(self, request: Request, username: str | None) -> bool:
        """Tell whether it is the colleague who asks: of an own proposal he is no second person."""
        return self._desk.colleague(request).username == username

    def may(self, request: Request, right: str) -> bool:
        """Tell whether the colleague's role at the desk has a right."""
        return right in self._desk.colleague(request).may

    async def person(self, request: Request) -> Person:
        """Return the function from an account to its name."""
        return await self._names.person(request)

    async def agency(self, request: Request) -> NameOf:
        """Return the function from the code of an agency to its name."""
        return await self._names.agency(request)

    async def agency_codes(self, request: Request) -> list[str]:
        """Return the codes of all agencies of the register; none if it does not answer."""
        return await self._names.agency_codes(request)

    async def page(
        self,
        request: Request,
        name: str,
        submission: Submission = NO_SUBMISSION,
        **replies: Awaitable[object],
    ) -> Response:
        """Show a page with the replies that it waits for, the colleague and his role.

        Forbidden with the code ``stranger`` of the section.
        """
        template = f"{self.section.templates}/{name}.html"
        return await self._render(request, template, submission, replies)

    async def preview_page(self, request: Request, values: Values, preview: Preview) -> Response:
        """Show the page before an act of weight, which carries the form as it was sent."""
        return await self._render(
            request,
            "desk/preview.html",
            NO_SUBMISSION,
            {},
            preview=preview,
            carried=carried_fields(values, preview),
            action=request.url.path,
            came_from=came_from(request, self.section.at),
            layout=f"{self.section.templates}/layout.html",
        )

    async def _render(
        self,
        request: Request,
        template: str,
        submission: Submission,
        replies: Mapping[str, Awaitable[object]],
        **more: object,
    ) -> Response:
        officer, person, agency, *values = await asyncio.gather(
            self._who_am_i(request),
            self._names.person(request),
            self._agency_names(request),
            *replies.values(),
        )
        texts, error = self.section.words, submission.error
        response = rendering.page(
            template,
            status_of(error) if error else 200,
            who=self._desk.colleague(request),
            is_open=self._is_open(request),
            here=request.url.path,
            officer=officer,
            person=person,
            agency=agency,
            form_id=_form_id(submission),
            late=is_late(error),
            w=texts,
            at=self.section.at,
            note=texts.DONE.get(request.query_params.get("done", ""), ""),
            act=submission.act,
            typed=submission.typed,
            faults=texts.faults_of(error) if error else {},
            lines=texts.lines_of(error) if error else [],
            back=back_query(request, submission.typed),
            this_list=list_query(request),
            **dict(zip(replies, values, strict=True)),
            **more,
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _who_am_i(self, request: Request) -> object:
        """Return the colleague's role in the section, whose layout reads the fields; None where
        his role at the desk counts.
        """
        contract = self.section.who_am_i
        if contract is None:
            return None
        part, username = self.section.templates, self._desk.colleague(request).username
        try:
            officer: object = await self.ask(request, contract, contract.message())
        except Forbidden as error:
            if error.code == self.section.stranger:
                self._desk.strangers.note(part, username)
            raise
        self._desk.strangers.forget(part, username)
        return officer

    def _is_open(self, request: Request) -> Callable[[str], bool]:
        """Return the function that tells whether a part of the desk belongs in the menu."""
        username = self._desk.colleague(request).username
        return lambda part: not self._desk.strangers.are_at(part, username)

    async def _agency_names(self, request: Request) -> NameOf | None:
        return await self._names.agency(request) if self.section.of_agencies else None

    async def act(
        self,
        request: Request,
        contract: kinds.Request[M, R],
        show: Show,
        target: Target[R],
        *,
        preview: Previewer[M] | None = None,
        **fixed: object,
    ) -> Response:
        """POST of a form: one Request, however often the form is sent, then on to ``target``.

        An act of weight has a ``preview``, before which it is tried out. A refusal is shown by
        ``show`` beside what was typed.
        """
        values = (await forms.read_form(request)).values
        fields = {**parse_form(contract, values), **fixed}
        return await self.send(request, contract, show, target, values, fields, preview)

    async def send(  # noqa: PLR0913 - a form has as many ends
        self,
        request: Request,
        contract: kinds.Request[M, R],
        show: Show,
        target: Target[R],
        values: Values,
        fields: Fields,
        preview: Previewer[M] | None = None,
    ) -> Response:
        """Do what ``act`` does with a form that was read already: ``fields`` are those of the
        contract, which checks them.
        """
        typed = typed_of(values)
        if wants_change(values):
            return await show(request, Submission(typed.get("act", ""), typed))
        try:
            message = contract.load(fields)
            if preview is not None and wants_preview(values):
                shown = await preview(request, message)
                await self.rehearse(
                    request, contract, contract.load({**fields, **(shown.basis or {})})
                )
                return await self.preview_page(request, values, shown)
            reply = await self.ask(request, contract, message, form=typed.get("form") or None)
        except BusError as error:
            return await self.refused(request, show, typed, error)
        path = target if isinstance(target, str) else target(reply)
        return RedirectResponse(f"{self.section.at}/{path}", 303)

    async def rehearse(self, request: Request, contract: kinds.Request[M, R], message: M) -> None:
        """Raise what the context would refuse the act for, before anybody confirms it. It has the
        time that the act has, since it is done for it.
        """
        act = Rehearse(name=contract.name, typed=to_wire(message))
        trial = REHEARSALS[contract.context]
        await self._desk.ask(request, trial, act, deadline=contract.deadline)

    async def refused(
        self, request: Request, show: Show, typed: Mapping[str, str], error: BusError
    ) -> Response:
        """Show the page of a form that was refused; a stranger of the section gets no page.

        An act whose answer was late may be the very reason why its page is closed to him now: then
        he reads that, not that he may not look.
        """
        if isinstance(error, Unauthenticated) or error.code == self.section.stranger:
            raise error
        try:
            return await show(request, Submission(typed.get("act", ""), typed, error))
        except (Forbidden, NotFound) as closed:
            raise (error if is_late(error) else closed) from None


def _form_id(submission: Submission) -> str:
    """Return the id of the page's forms: that of a form whose fate nobody knows stays, so that it
    is done once however often it is sent.
    """
    sent = SENT_FORM.match(submission.typed.get("form", ""))
    unknown = isinstance(submission.error, Unavailable)
    return sent[0] if sent and unknown else form_id()


async def resolved(value: Value) -> Value:
    """Return a value at once, for a page that waits for its values."""
    return value
