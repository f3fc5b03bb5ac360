"""A request that a citizen makes on the telephone: a clerk writes it down."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError
from contracts.ticketing.citizens import FORM, REGISTER, AskForm
from contracts.ticketing.desk import READ, DeskTicket
from contracts.ticketing.queue import CALLERS_TICKETS, QueueRow
from gateway.forms.fields import Fields
from gateway.forms.values import typed_of
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.session import Desk
from iran.identifiers import as_dialled


@dataclass(frozen=True, slots=True)
class Earlier:
    """Earlier tickets of the number that was typed; ``looked`` is false until it is one."""

    looked: bool = False
    tickets: tuple[QueueRow, ...] = ()


class TelephonePages:
    """The form, and the code and secret that the clerk reads out."""

    def __init__(self, pages: StaffPages, desk: Desk) -> None:
        self._pages, self._desk = pages, desk

    async def form(self, request: Request) -> Response:
        """GET /desk/telephone; ``?like=`` names a ticket whose citizen has another matter."""
        like = query_value(request, "like")
        if not like:
            return await self._show(request, NO_SUBMISSION)
        ticket = await self._pages.ask(request, READ, READ.load({"code": like}))
        return await self._show(request, Submission("telephone", _like(ticket)))

    async def _show(self, request: Request, submission: Submission) -> Response:
        token = submission.typed.get("form") or self._desk.acts.new_form()
        form = self._desk.ask_as_desk(request, FORM, AskForm())
        return await self._pages.page(
            request,
            "telephone",
            submission,
            form=form,
            token=resolved(token),
            earlier=self._earlier(request, submission.typed),
        )

    async def _earlier(self, request: Request, typed: Mapping[str, str]) -> Earlier:
        """Look the caller up; nothing for what is no number, or while nobody answers."""
        if not typed.get("mobile"):
            return Earlier()
        try:
            message = CALLERS_TICKETS.load({"mobile": typed["mobile"]})
            reply = await self._pages.ask(request, CALLERS_TICKETS, message)
        except BusError:
            return Earlier()
        return Earlier(looked=True, tickets=reply.tickets)

    async def earlier(self, request: Request) -> Response:
        """POST /desk/telephone/earlier: the part of the page about the caller, while one types.

        The number goes in the body: an address would stand in logs.
        """
        typed = typed_of((await forms.read_form(request)).values)
        return await self._pages.page(request, "earlier", earlier=self._earlier(request, typed))

    async def register(self, request: Request) -> Response:
        """POST /desk/telephone: the same form sent twice is one ticket with one secret.

        The button beside the number only looks the caller up, and shows the form again.
        """
        typed = typed_of((await forms.read_form(request)).values)
        act = self._desk.acts.form_or_new(typed.get("form", ""))
        typed |= {"act": "telephone", "form": self._desk.acts.seal(act)}
        if typed.get("look") == "1":
            return await self._show(request, Submission("telephone", typed))
        try:
            message = REGISTER.load({**_fields(typed), "secret": act.secret})
            reply = await self._pages.ask(request, REGISTER, message, form=act.id)
        except BusError as error:
            return await self._pages.refused(request, self._show, typed, error)
        return await self._pages.page(
            request, "telephone_done", reply=resolved(reply), secret=resolved(act.secret)
        )

    def routes(self) -> list[Route]:
        """The routes of the telephone."""
        return [
            Route(f"{AT}/telephone", self.form, methods=["GET"]),
            Route(f"{AT}/telephone", self.register, methods=["POST"]),
            Route(f"{AT}/telephone/earlier", self.earlier, methods=["POST"]),
        ]


def _like(ticket: DeskTicket) -> dict[str, str]:
    """Who wrote a ticket and how, as the form has it; what it is about is left to be chosen, and
    whether it is an objection, which is one to something.
    """
    names = ("name", "mobile", "email", "national_id")
    person = {name: str((ticket.person or {}).get(name) or "") for name in names}
    person["mobile"] = as_dialled(person["mobile"])
    county = str(ticket.county["code"]) if ticket.county else ""
    kind = "" if ticket.kind == "objection" else ticket.kind
    return {**person, "kind": kind, "county": county, "privacy": ticket.privacy}


def _fields(typed: dict[str, str]) -> Fields:
    """The fields of REGISTER that a clerk fills in."""
    return {
        **{n: typed.get(n, "") for n in ("kind", "county", "text", "name", "address")},
        **{n: typed[n] for n in ("category",) if typed.get(n)},
        **{n: typed.get(n) or None for n in ("mobile", "email", "national_id")},
        **{n: typed.get(n) or None for n in ("about_kind", "about_ref")},
        "privacy": typed.get("privacy") or "private",
        "channel": "telephone",
        "declared": typed.get("declared") == "1",
    }
