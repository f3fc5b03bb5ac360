"""Bills: found, read line by line, issued, voided, let off; and refunds of what was paid."""

import datetime as dt
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.contracts import treasury as contracts
from bus.contracts.billing import BILL_STATES
from bus.errors import BusError, NotFound
from bus.persian import TEHRAN, Malformed, parse_jalali, tehran_day
from gateway import uploads
from gateway.ops.counter import NOTHING, Counter, Tried
from gateway.ops.forms import one, taken, whole_of
from gateway.ops.treasury.place import AT
from gateway.origin import same_origin

PAGE, MOST = 50, 2**53
ACTS = {
    "void": contracts.VOID_BILL,
    "waive": contracts.WAIVE_BILL,
    "ask_refund": contracts.ASK_REFUND,
}


class Bills:
    """The pages of bills."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    async def found(self, request: Request) -> Response:
        """GET /desk/treasury/bills: by number, bill ID, source or file; by state; page by page."""
        query = request.query_params
        typed = {name: query.get(name, "").strip()[:64] for name in ("search", "state")}
        after = whole_of(query.get("after", "0"))
        told = self._counter.ask(
            request,
            contracts.FIND_BILLS,
            search=typed["search"],
            state=typed["state"] if typed["state"] in BILL_STATES else None,
            after=after if isinstance(after, int) and after < MOST else 0,
            limit=PAGE,
        )
        return await self._counter.page(request, "bills", Tried("", typed), told=told)

    async def bill(self, request: Request) -> Response:
        """GET /desk/treasury/bills/{number}"""
        return await self._bill(request, NOTHING)

    async def _bill(self, request: Request, tried: Tried) -> Response:
        return await self._counter.page(request, "bill", tried, told=self._read(request))

    async def _read(self, request: Request) -> dict[str, Any]:
        """The bill, its refunds, and how many rials can still be asked for."""
        number = request.path_params["number"]
        told = await self._counter.ask(request, contracts.FIND_BILLS, search=number[:64])
        bill = next((each for each in told["bills"] if each["number"] == number), None)
        if bill is None:
            raise NotFound("There is no such bill; compare the number.", code="bill.not_found")
        told = await self._counter.ask(request, contracts.REFUNDS)
        refunds = [each for each in told["refunds"] if each["bill"] == number]
        asked = sum(each["rials"] for each in refunds if each["state"] == "REQUESTED")
        paid = bill["total_rials"] if bill["state"] == "PAID" else 0
        return {
            "bill": bill,
            "refunds": refunds,
            "available": max(paid - bill["refunded_rials"] - asked, 0),
            "first_of_agency": await self._first(request, bill["agency"]),
        }

    async def _first(self, request: Request, agency: str | None) -> bool:
        """True if no other bill names this agency: its code may be a typing error."""
        if agency is None:
            return False
        told = await self._counter.ask(request, contracts.BILLED_AGENCIES)
        return any(e["agency"] == agency and e["bills"] == 1 for e in told["agencies"])

    async def move(self, request: Request) -> Response:
        """POST /desk/treasury/bills/{number}/{act}: void, waive, ask_refund."""
        name, number = request.path_params["act"], request.path_params["number"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = f"bills/{quote(number, safe='')}?done={name}"
        return await self._counter.act(request, ACTS[name], self._bill, back, number=number)

    # --- a new one ---

    async def new(self, request: Request) -> Response:
        """GET /desk/treasury/bills/new: the form, for a voided bill too (?replaces=number)."""
        typed = {"replaces": request.query_params.get("replaces", "")[:20]}
        return await self._new(request, Tried("issue", typed))

    async def _new(self, request: Request, tried: Tried) -> Response:
        ask = self._counter.ask
        return await self._counter.page(
            request,
            "bill_new",
            tried,
            told=ask(request, contracts.TARIFFS),
            billed=ask(request, contracts.BILLED_AGENCIES),
        )

    async def issue(self, request: Request) -> Response:
        """POST /desk/treasury/bills/new: on to the bill."""
        same_origin(request)
        values = (await uploads.read_form(request, None)).values
        typed = {**{name: one(values, name) for name in values}, "act": "issue"}
        data = taken(contracts.ISSUE_BILL, values)
        data["requested_at"] = _noon(typed.get("requested_at", ""))
        if data.get("source_kind") == "office":
            # An office's bill that has no number of its own is charged once a form.
            data.setdefault("source_ref", typed.get("form", ""))
        try:
            told = await self._counter.ask(
                request, contracts.ISSUE_BILL, form=typed.get("form") or None, **data
            )
        except BusError as error:
            return await self._counter.refused(request, self._new, typed, error)
        return RedirectResponse(f"{AT}/bills/{told['number']}?done=issue", 303)

    def routes(self) -> list[Route]:
        """The routes of bills."""
        return [
            Route(f"{AT}/bills", self.found),
            Route(f"{AT}/bills/new", self.new, methods=["GET"]),
            Route(f"{AT}/bills/new", self.issue, methods=["POST"]),
            Route(f"{AT}/bills/{{number}}", self.bill),
            Route(f"{AT}/bills/{{number}}/{{act}}", self.move, methods=["POST"]),
        ]


def _noon(told: str) -> str:
    """Noon of a Jalali day in Tehran, of today if none is told; what is none is left as it is."""
    try:
        day = parse_jalali(told) if told.strip() else tehran_day(dt.datetime.now(dt.UTC))
    except Malformed:
        return told
    return dt.datetime.combine(day, dt.time(12), TEHRAN).isoformat()
