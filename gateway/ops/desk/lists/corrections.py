"""Corrections of citizens' mobiles: those that wait for a second person, and all that were made."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from contracts.ticketing import colleagues as contracts
from contracts.ticketing.desk import Nothing
from gateway.forms.fields import parse_form
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved

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
            request, contracts.DECIDE_CORRECTION, self._listed, target, values, fields
        )

    def routes(self) -> list[Route]:
        """The routes of corrections."""
        return [
            Route(CORRECTIONS, self.listed),
            Route(f"{CORRECTIONS}/{{id:int}}/{{decision}}", self.decide, methods=["POST"]),
        ]
