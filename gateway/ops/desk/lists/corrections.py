"""Corrections of citizens' mobiles: those that wait for a second person, and all that were made."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from contracts.ticketing import colleagues as contracts
from contracts.ticketing.colleagues import DECIDE_CORRECTION
from contracts.ticketing.desk import Nothing
from gateway.forms.fields import parse_form
from gateway.forms.values import typed_of
from gateway.html.formats import moment
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.list_links import back_query, with_back
from gateway.ops.staff.names import Person
from gateway.ops.staff.pages import NO_SUBMISSION, Show, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Fact, Preview
from iran.identifiers import as_dialled
from people.tracking import grouped

CORRECTIONS = f"{AT}/corrections"
# How each state looks, and what it is called.
STATES = {
    "WAITING": ("warn", "منتظر نفر دوم"),
    "DONE": ("good", "انجام شد"),
    "REFUSED": ("neutral", "پذیرفته نشد"),
}
DECISIONS = {"approve": True, "refuse": False}


class CorrectionPages:
    """The list of corrections, which heads of units and supervisors read."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def listed(self, request: Request) -> Response:
        """GET /desk/corrections"""
        return await self._listed(request, NO_SUBMISSION)

    async def _listed(self, request: Request, submission: Submission) -> Response:
        reply = self._pages.ask(request, contracts.LIST_CORRECTIONS, Nothing())
        return await self._pages.page(
            request, "corrections", submission, reply=reply, states=resolved(STATES)
        )

    async def decide(self, request: Request) -> Response:
        """POST /desk/corrections/{id}/{decision}: approve or refuse one that waits."""
        decision = request.path_params["decision"]
        if decision not in DECISIONS:
            raise NotFound("There is no such act.", code="http.not_found")
        values = {**(await forms.read_form(request)).values, "act": ["decide"]}
        fields = {
            **parse_form(contracts.DECIDE_CORRECTION, values),
            "correction": request.path_params["id"],
            "approve": DECISIONS[decision],
        }
        target = f"corrections?done=correction_{decision}"
        return await self._pages.send(
            request,
            contracts.DECIDE_CORRECTION,
            self._listed,
            target,
            values,
            fields,
            self._preview,
        )

    async def _preview(self, request: Request, message: contracts.DecideCorrection) -> Preview:
        """What would change, beside the number on file; NotFound if it was decided meanwhile."""
        reply = await self._pages.ask(request, contracts.LIST_CORRECTIONS, Nothing())
        for row in reply.corrections:
            if row.id == message.correction and row.may_decide:
                return _decision(row, await self._pages.person(request), approve=message.approve)
        raise NotFound("No such correction waits.", code="mobile_correction.not_found")

    def routes(self) -> list[Route]:
        """The routes of corrections."""
        return [
            Route(CORRECTIONS, self.listed),
            Route(f"{CORRECTIONS}/{{id:int}}/{{decision}}", self.decide, methods=["POST"]),
        ]


class OwnCorrections:
    """The button on the ticket; ``show`` is the ticket's page, for what is refused."""

    def __init__(self, pages: StaffPages, show: Show) -> None:
        self._pages, self._show = pages, show

    async def take_back(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/correction: nobody needs to decide about it any more."""
        values = (await forms.read_form(request)).values
        code, back = request.path_params["code"], back_query(request, typed_of(values))
        return await self._pages.send(
            request,
            DECIDE_CORRECTION,
            self._show,
            with_back(f"tickets/{code}?done=correction_back", back),
            values,
            {**parse_form(DECIDE_CORRECTION, values), "approve": False},
        )

    def routes(self) -> list[Route]:
        """The route of the button."""
        return [Route(f"{AT}/tickets/{{code}}/correction", self.take_back, methods=["POST"])]


def _decision(row: contracts.MobileCorrection, person: Person, *, approve: bool) -> Preview:
    now = row.before.shown if row.before else "ندارد"
    facts = (
        Fact("پرونده", f"{grouped(row.code)}، {row.unit['fa']}"),
        Fact("خواست", f"{person(row.made_by)}، {moment(row.made_at)}"),
        Fact("شماره اکنون", now),
        Fact("شماره تازه", as_dialled(row.mobile) if row.mobile else "برداشته می‌شود"),
    )
    if approve:
        return Preview(
            title="شماره همراه این پرونده عوض می‌شود",
            button="تأیید اصلاح شماره",
            facts=facts,
            text=row.text or "",
            leaves=(
                "کدی که به شماره پیشین رفته است دیگر این پرونده را باز نمی‌کند.",
                "به شماره پیشین خبر داده می‌شود؛ برگشت ندارد مگر با اصلاحی دیگر.",
            ),
            again=False,
        )
    return Preview(
        title="این اصلاح پذیرفته نمی‌شود",
        button="نپذیرفتن",
        facts=facts,
        leaves=("شماره همان است که بود؛ شهروند چیزی نمی‌شنود.",),
        danger=True,
        again=False,
        asks_why=True,
    )
