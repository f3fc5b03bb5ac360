"""Bills: found, read line by line, issued, voided, let off; and refunds of what was paid."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, FieldError, NotFound
from contracts import Request as Asked
from contracts.billing import treasury as contracts
from contracts.billing.bills import BILL_STATES
from gateway.forms.values import value_of
from gateway.ops.staff import forms
from gateway.ops.staff.forms import parse_form, parse_whole, query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from gateway.ops.treasury.previews import Looks
from gateway.ops.treasury.section import AT
from iran.persian import TEHRAN, Malformed, parse_jalali, tehran_day

PAGE, MOST = 50, 2**53
ACTS: dict[str, Asked] = {
    "void": contracts.VOID_BILL,
    "waive": contracts.WAIVE_BILL,
    "ask_refund": contracts.ASK_REFUND,
}
PAYERS = ("applicant", "agency")


class Bills:
    """The pages of bills."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._looks = pages, Looks(pages)

    async def found(self, request: Request) -> Response:
        """GET /desk/treasury/bills: by number, bill ID, source or file; by state; page by page."""
        typed = {name: query_value(request, name)[:64] for name in ("search", "state")}
        after = parse_whole(query_value(request, "after", "0"))
        told = self._pages.ask(
            request,
            contracts.FIND_BILLS,
            search=typed["search"],
            state=typed["state"] if typed["state"] in BILL_STATES else None,
            after=after if isinstance(after, int) and after < MOST else 0,
            limit=PAGE,
        )
        return await self._pages.page(request, "bills", Submission("", typed), told=told)

    async def bill(self, request: Request) -> Response:
        """GET /desk/treasury/bills/{number}"""
        return await self._bill(request, NO_SUBMISSION)

    async def _bill(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(
            request, "bill", submission, told=self._read(request), banks=banks(self._pages, request)
        )

    async def _read(self, request: Request) -> dict[str, Any]:
        """The bill, its refunds, and how many rials can still be asked for."""
        number = request.path_params["number"]
        bill = await self._looks.bill(request, number)
        told = await self._pages.ask(request, contracts.REFUNDS)
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
        told = await self._pages.ask(request, contracts.BILLED_AGENCIES)
        return any(e["agency"] == agency and e["bills"] == 1 for e in told["agencies"])

    async def move(self, request: Request) -> Response:
        """POST /desk/treasury/bills/{number}/{act}: void, waive, ask_refund."""
        name, number = request.path_params["act"], request.path_params["number"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = f"bills/{quote(number, safe='')}?done={name}"
        preview = {
            "void": self._looks.void,
            "waive": self._looks.waive,
            "ask_refund": self._looks.ask_refund,
        }[name]
        return await self._pages.act(
            request, ACTS[name], self._bill, back, preview=preview, number=number
        )

    # --- a new one ---

    async def new(self, request: Request) -> Response:
        """GET /desk/treasury/bills/new: the form, for a voided bill too (?replaces=number)."""
        replaces = query_value(request, "replaces")[:20]
        typed = {"replaces": replaces}
        if replaces:
            old = await self._looks.bill(request, replaces)
            typed |= {
                "source_kind": old["source_kind"], "agency": old["agency"] or "",
                "payer": "agency" if old["agency"] else "applicant",
                "service": old["quote"]["lines"][0]["service"],
            }  # fmt: skip
        return await self._new(request, Submission("issue", typed))

    async def _new(self, request: Request, submission: Submission) -> Response:
        ask = self._pages.ask
        return await self._pages.page(
            request,
            "bill_new",
            submission,
            told=ask(request, contracts.TARIFFS),
            billed=ask(request, contracts.BILLED_AGENCIES),
        )

    async def issue(self, request: Request) -> Response:
        """POST /desk/treasury/bills/new: the bill as it would be, then on to the bill."""
        values = (await forms.read_form(request)).values
        values["act"] = ["issue"]
        try:
            data = _issued(values)
        except BusError as error:
            typed = {name: value_of(values, name) for name in values}
            return await self._pages.refused(request, self._new, typed, error)
        return await self._pages.send(
            request,
            contracts.ISSUE_BILL,
            self._new,
            lambda reply: f"bills/{reply['number']}?done=issue",
            values,
            data,
            self._looks.issue,
        )

    def routes(self) -> list[Route]:
        """The routes of bills."""
        return [
            Route(f"{AT}/bills", self.found),
            Route(f"{AT}/bills/new", self.new, methods=["GET"]),
            Route(f"{AT}/bills/new", self.issue, methods=["POST"]),
            Route(f"{AT}/bills/{{number}}", self.bill),
            Route(f"{AT}/bills/{{number}}/{{act}}", self.move, methods=["POST"]),
        ]


def _issued(values: Mapping[str, list[str]]) -> dict[str, Any]:
    """What ISSUE_BILL is asked for. ContractError names each thing that nobody has said."""
    data = parse_form(contracts.ISSUE_BILL, values)
    payer, missing = value_of(values, "payer"), []
    if payer not in PAYERS:
        missing.append("payer")
    if payer == "agency" and not data.get("agency"):
        missing.append("agency")
    if payer == "applicant" and not data.get("file_no") and data.get("source_kind") == "office":
        missing.append("file_no")
    missing += [name for name in ("source_kind", "source_ref") if not data.get(name)]
    if missing:
        raise ContractError(
            "Say who pays, and for what.",
            fields=[FieldError(name, "required", "Fill it in.") for name in missing],
        )
    if payer == "applicant":
        data.pop("agency", None)
    return {**data, "requested_at": _noon(value_of(values, "requested_at"))}


async def banks(pages: StaffPages, request: Request) -> dict[str, str]:
    """What banks and gateways are called, by their codes."""
    day = (tehran_day(dt.datetime.now(dt.UTC)) - dt.timedelta(days=1)).isoformat()
    reply = await pages.ask(request, contracts.LOOK_AT_DAY, day=day)
    return {channel["code"]: channel["fa"] for channel in reply["channels"]}


def _noon(told: str) -> str:
    """Noon of a Jalali day in Tehran, of today if none is told; what is none is left as it is."""
    if "T" in told:
        return told  # the moment that was looked at already
    try:
        day = parse_jalali(told) if told.strip() else tehran_day(dt.datetime.now(dt.UTC))
    except Malformed:
        return told
    return dt.datetime.combine(day, dt.time(12), TEHRAN).isoformat()
