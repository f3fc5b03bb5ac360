"""Pages of exceptions that wait for an officer, and of refunds that a second officer decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import NotFound
from bus.messages import kinds
from contracts.billing import treasury as contracts
from contracts.billing.tariffs import OneRow
from contracts.billing.treasury_views import (
    EXCEPTION_KINDS,
    REFUND_STATES,
    ExceptionView,
    RefundView,
)
from gateway.ops.staff import tables
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Preview
from gateway.ops.staff.tables import ORDER, address_of, csv_response, filters_of, ordered
from gateway.ops.treasury import cells, texts
from gateway.ops.treasury.bills import bank_names
from gateway.ops.treasury.exception_view import exception_view
from gateway.ops.treasury.ledger_words import Describe, describer
from gateway.ops.treasury.previews import Previews
from gateway.ops.treasury.section import AT

REFUND_ACTS: dict[str, kinds.Request] = {
    "approve": contracts.APPROVE_REFUND,
    "refuse": contracts.REFUSE_REFUND,
    "back": contracts.TAKE_REFUND_BACK,
    "paid": contracts.NOTE_REFUND_PAID,
}
EXCEPTION_ORDERS: tables.Keys[ExceptionView] = {
    "opened": lambda row: row.opened_at,
    "rials": lambda row: row.rials,
    "kind": lambda row: texts.EXCEPTIONS[row.kind][0],
}
REFUND_ORDERS: tables.Keys[RefundView] = {
    "requested": lambda row: row.requested_at,
    "rials": lambda row: row.rials,
}
Row = TypeVar("Row")
# A statement of thousands of entries that fit nothing must not make a page that no browser opens.
EXCEPTIONS_SHOWN = 300


@dataclass(frozen=True, slots=True)
class ListView(Generic[Row]):
    """The rows that are shown, how many there are in each state, the names of banks, and how many
    rows only the file has.
    """

    rows: Sequence[Row]
    counts: Mapping[str, int]
    banks: Mapping[str, str]
    left_out: int = 0

    @property
    def describe(self) -> Describe:
        """What the system writes, in Persian."""
        return describer(self.banks)


class Money:
    """The pages of exceptions and refunds."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._previews = pages, Previews(pages)

    # --- exceptions ---

    async def exceptions(self, request: Request) -> Response:
        """GET /desk/treasury/exceptions: the open ones, or by state and kind; sorted."""
        typed = _typed(request, EXCEPTION_ORDERS, ("state", "kind"), "OPEN")
        return await self._pages.page(
            request,
            "exceptions",
            Submission("", typed),
            view=self._exceptions(request, typed, EXCEPTIONS_SHOWN),
            address=resolved(address_of(typed)),
        )

    async def _exceptions(
        self, request: Request, typed: Mapping[str, str], most: int | None = None
    ) -> ListView[ExceptionView]:
        reply = await self._pages.ask(request, contracts.EXCEPTIONS, contracts.Nothing())
        rows = [
            row
            for row in reply.exceptions
            if typed["state"] in ("ALL", row.state) and typed["kind"] in ("", row.kind)
        ]
        counts = {"ALL": len(reply.exceptions)}
        for state in texts.EXCEPTION_STATES:
            counts[state] = sum(row.state == state for row in reply.exceptions)
        shown = ordered(rows, typed[ORDER], EXCEPTION_ORDERS)
        banks = await bank_names(self._pages, request)
        return ListView(shown[:most], counts, banks, len(shown) - len(shown[:most]))

    async def exceptions_csv(self, request: Request) -> Response:
        """GET /desk/treasury/exceptions.csv: the same list as a file."""
        typed = _typed(request, EXCEPTION_ORDERS, ("state", "kind"), "OPEN")
        view = await self._exceptions(request, typed)
        person = await self._pages.person(request)
        rows = (cells.exception_cells(row, view.banks, person) for row in view.rows)
        return csv_response("exceptions.csv", cells.EXCEPTION_HEADS, rows)

    async def exception(self, request: Request) -> Response:
        """GET /desk/treasury/exceptions/{id}: what it is about, and the ways to end it."""
        return await self._exception(request, NO_SUBMISSION)

    async def _exception(self, request: Request, submission: Submission) -> Response:
        view = exception_view(self._pages, request)
        return await self._pages.page(request, "exception", submission, view=view)

    async def resolve(self, request: Request) -> Response:
        """POST /desk/treasury/exceptions/{id}/{how}: refund, apply, explained."""
        id_, how = request.path_params["id"], request.path_params["how"]
        if how not in contracts.RESOLUTIONS:
            raise NotFound("There is no such act.", code="http.not_found")
        return await self._pages.act(
            request,
            contracts.RESOLVE,
            self._exception,
            f"exceptions?done={'resolve_refund' if how == 'refund' else 'resolve'}",
            preview=self._previews.resolve,
            id=id_,
            how=how,
        )

    # --- refunds ---

    async def refunds(self, request: Request) -> Response:
        """GET /desk/treasury/refunds: by state, sorted."""
        typed = _typed(request, REFUND_ORDERS, ("state",), "ALL")
        return await self._pages.page(
            request,
            "refunds",
            Submission("", typed),
            view=self._refunds(request, typed),
            address=resolved(address_of(typed)),
        )

    async def _refunds(self, request: Request, typed: Mapping[str, str]) -> ListView[RefundView]:
        reply = await self._pages.ask(request, contracts.REFUNDS, contracts.Nothing())
        rows = [row for row in reply.refunds if typed["state"] in ("ALL", row.state)]
        counts = {"ALL": len(reply.refunds)}
        for state in REFUND_STATES:
            counts[state] = sum(row.state == state for row in reply.refunds)
        return ListView(ordered(rows, typed[ORDER], REFUND_ORDERS), counts, {})

    async def refunds_csv(self, request: Request) -> Response:
        """GET /desk/treasury/refunds.csv: the same list as a file."""
        view = await self._refunds(request, _typed(request, REFUND_ORDERS, ("state",), "ALL"))
        person = await self._pages.person(request)
        rows = (cells.refund_cells(row, person) for row in view.rows)
        return csv_response("refunds.csv", cells.REFUND_HEADS, rows)

    async def refund(self, request: Request) -> Response:
        """GET /desk/treasury/refunds/{id}: one, and what can be decided about it."""
        return await self._refund(request, NO_SUBMISSION)

    async def _refund(self, request: Request, submission: Submission) -> Response:
        row = self._previews.refund_row(request, request.path_params["id"])
        return await self._pages.page(request, "refund", submission, r=row)

    async def move(self, request: Request) -> Response:
        """POST /desk/treasury/refunds/{id}/{act}: approve, refuse, take back, paid."""
        id_, name = request.path_params["id"], request.path_params["act"]
        if name not in REFUND_ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = f"refunds?done=refund_{name}"

        async def preview(request: Request, _: OneRow) -> Preview:
            return await self._previews.refund(request, id_, name)

        return await self._pages.act(
            request, REFUND_ACTS[name], self._refund, back, preview=preview, id=id_
        )

    def routes(self) -> list[Route]:
        """The routes of exceptions and refunds."""
        return [
            Route(f"{AT}/exceptions", self.exceptions),
            Route(f"{AT}/exceptions.csv", self.exceptions_csv),
            Route(f"{AT}/exceptions/{{id:int}}", self.exception),
            Route(f"{AT}/exceptions/{{id:int}}/{{how}}", self.resolve, methods=["POST"]),
            Route(f"{AT}/refunds", self.refunds),
            Route(f"{AT}/refunds.csv", self.refunds_csv),
            Route(f"{AT}/refunds/{{id:int}}", self.refund),
            Route(f"{AT}/refunds/{{id:int}}/{{act}}", self.move, methods=["POST"]),
        ]


def _typed(
    request: Request, keys: tables.Keys[Row], names: tuple[str, ...], state: str
) -> dict[str, str]:
    """The filters of a list and its order; ``state`` is what is shown without a choice."""
    typed = {**filters_of(request, names), ORDER: tables.order_of(request, keys)}
    if typed["state"] not in ("ALL", *texts.EXCEPTION_STATES, *REFUND_STATES):
        typed["state"] = state
    if typed.get("kind") not in ("", None, *EXCEPTION_KINDS):
        typed["kind"] = ""
    return typed
