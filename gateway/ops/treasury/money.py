"""Pages of exceptions that wait for an officer, and of refunds that a second officer decides."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from bus.messages import kinds
from contracts.billing import treasury as contracts
from contracts.billing.tariffs import OneRow
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.staff.previews import Preview
from gateway.ops.treasury.bills import bank_names
from gateway.ops.treasury.previews import Previews
from gateway.ops.treasury.section import AT

REFUND_ACTS: dict[str, kinds.Request] = {
    "approve": contracts.APPROVE_REFUND,
    "refuse": contracts.REFUSE_REFUND,
    "paid": contracts.NOTE_REFUND_PAID,
}
REFUND_WORDS = {
    "approve": ("این استرداد تأیید می‌شود", "تأیید استرداد"),
    "refuse": ("این استرداد رد می‌شود", "رد استرداد"),
    "paid": ("واریز این استرداد ثبت می‌شود", "واریز شد"),
}


class Money:
    """The pages of exceptions and refunds."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._previews = pages, Previews(pages)

    async def exceptions(self, request: Request) -> Response:
        """GET /desk/treasury/exceptions"""
        return await self._exceptions(request, NO_SUBMISSION)

    async def _exceptions(self, request: Request, submission: Submission) -> Response:
        reply = self._pages.ask(request, contracts.EXCEPTIONS, contracts.Nothing())
        banks = bank_names(self._pages, request)
        return await self._pages.page(request, "exceptions", submission, reply=reply, banks=banks)

    async def resolve(self, request: Request) -> Response:
        """POST /desk/treasury/exceptions/{id}/{how}: refund, apply, explained."""
        id_, how = request.path_params["id"], request.path_params["how"]
        if how not in contracts.RESOLUTIONS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = "exceptions?done=resolve"
        return await self._pages.act(
            request,
            contracts.RESOLVE,
            self._exceptions,
            back,
            preview=self._previews.resolve,
            id=id_,
            how=how,
        )

    async def refunds(self, request: Request) -> Response:
        """GET /desk/treasury/refunds"""
        return await self._refunds(request, NO_SUBMISSION)

    async def _refunds(self, request: Request, submission: Submission) -> Response:
        reply = self._pages.ask(request, contracts.REFUNDS, contracts.Nothing())
        return await self._pages.page(request, "refunds", submission, reply=reply)

    async def move(self, request: Request) -> Response:
        """POST /desk/treasury/refunds/{id}/{act}: approve, refuse, paid."""
        id_, name = request.path_params["id"], request.path_params["act"]
        if name not in REFUND_ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = f"refunds?done=refund_{name}"
        title, button = REFUND_WORDS[name]

        async def preview(request: Request, _: OneRow) -> Preview:
            return await self._previews.refund(request, id_, title, button)

        return await self._pages.act(
            request, REFUND_ACTS[name], self._refunds, back, preview=preview, id=id_
        )

    def routes(self) -> list[Route]:
        """The routes of exceptions and refunds."""
        return [
            Route(f"{AT}/exceptions", self.exceptions),
            Route(f"{AT}/exceptions/{{id:int}}/{{how}}", self.resolve, methods=["POST"]),
            Route(f"{AT}/refunds", self.refunds),
            Route(f"{AT}/refunds/{{id:int}}/{{act}}", self.move, methods=["POST"]),
        ]
