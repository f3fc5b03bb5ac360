"""Pages of bills: the list, a bill line by line, its issuance, voiding, waiver and refunds."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, FieldError, NotFound
from bus.messages import kinds
from contracts.billing import treasury as contracts
from contracts.billing.bills import BILL_STATES, Bill
from contracts.billing.tariffs import TariffRow
from contracts.billing.treasury_figures import TREASURY_FIGURES, LastDays
from contracts.billing.treasury_views import RefundView
from gateway.forms.fields import Fields, parse_form, parse_whole
from gateway.forms.values import value_of
from gateway.html import formats
from gateway.ops.staff import forms
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Previewer
from gateway.ops.staff.tables import ORDER, address_of, csv_response, filters_of, order_of
from gateway.ops.treasury import cells, texts
from gateway.ops.treasury.previews import Previews
from gateway.ops.treasury.section import AT
from iran.persian import TEHRAN, Malformed, parse_jalali, tehran_day

PAGE, MOST = 50, 2**53
CSV_PAGE, CSV_MOST = 200, 20_000
FILTERS = ("search", "state", "agency")
BILL_KEYS = ("number", "total", "due")
OVERDUE = "OVERDUE"
ACTS: dict[str, kinds.Request] = {
    "void": contracts.VOID_BILL,
    "waive": contracts.WAIVE_BILL,
    "ask_refund": contracts.ASK_REFUND,
}
REMINDERS = ("hold", "resume")
PAYERS = ("applicant", "agency")


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill, its refunds, the rials that can still be asked for, and whether no other bill names
    its agency.
    """

    bill: Bill
    refunds: tuple[RefundView, ...]
    available: int
    first_of_agency: bool


class Bills:
    """The pages of bills."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages, self._previews = pages, Previews(pages)

    async def search(self, request: Request) -> Response:
        """GET /desk/treasury/bills: by number, bill ID, source or file; by state and agency;
        sorted; page by page.
        """
        typed = {**filters_of(request, FILTERS), ORDER: order_of(request, BILL_KEYS)}
        query = _find(typed, query_value(request, "after", "0"), PAGE)
        reply = self._pages.ask(request, contracts.FIND_BILLS, query)
        figures = self._pages.ask(request, TREASURY_FIGURES, LastDays(days=1))
        return await self._pages.page(
            request,
            "bills",
            Submission("", typed),
            reply=reply,
            figures=figures,
            billed=billed_agencies(self._pages, request),
            address=resolved(address_of(typed)),
        )

    async def csv(self, request: Request) -> Response:
        """GET /desk/treasury/bills.csv: the same list as a file, up to CSV_MOST rows."""
        typed = {**filters_of(request, FILTERS), ORDER: order_of(request, BILL_KEYS)}
        bills, after = list[Bill](), 0
        while len(bills) < CSV_MOST:
            query = _find(typed, str(after), CSV_PAGE)
            reply = await self._pages.ask(request, contracts.FIND_BILLS, query)
            bills += reply.bills
            if reply.next is None:
                break
            after = reply.next
        agency = await self._pages.agency(request)
        return csv_response(
            "bills.csv", cells.BILL_HEADS, (cells.bill_cells(bill, agency) for bill in bills)
        )

    async def bill(self, request: Request) -> Response:
        """GET /desk/treasury/bills/{number}"""
        return await self._bill(request, NO_SUBMISSION)

    async def _bill(self, request: Request, submission: Submission) -> Response:
        return await self._pages.page(
            request,
            "bill",
            submission,
            view=self._read(request),
            banks=bank_names(self._pages, request),
        )

    async def _read(self, request: Request) -> BillView:
        number = request.path_params["number"]
        bill = await self._previews.bill(request, number)
        reply = await self._pages.ask(request, contracts.REFUNDS, contracts.Nothing())
        refunds = tuple(refund for refund in reply.refunds if refund.bill == number)
        requested = sum(row.rials for row in refunds if row.state == "REQUESTED")
        paid = bill.total_rials if bill.state == "PAID" else 0
        return BillView(
            bill=bill,
            refunds=refunds,
            available=max(paid - bill.refunded_rials - requested, 0),
            first_of_agency=await self._first(request, bill.agency),
        )

    async def _first(self, request: Request, agency: str | None) -> bool:
        """Tell whether no other bill names this agency: its code may be a typing error."""
        if agency is None:
            return False
        reply = await self._pages.ask(request, contracts.BILLED_AGENCIES, contracts.Nothing())
        return any(row.agency == agency and row.bills == 1 for row in reply.agencies)

    async def move(self, request: Request) -> Response:
        """POST /desk/treasury/bills/{number}/{act}: void, waive, ask_refund, hold, resume."""
        name, number = request.path_params["act"], request.path_params["number"]
        if name in REMINDERS:
            return await self._hold(request, number, name)
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        back = f"bills/{quote(number, safe='')}?done={name}"
        previews: dict[str, Previewer] = {
            "void": self._previews.void,
            "waive": self._previews.waive,
            "ask_refund": self._previews.ask_refund,
        }
        return await self._pages.act(
            request, ACTS[name], self._bill, back, preview=previews[name], number=number
        )

    async def _hold(self, request: Request, number: str, name: str) -> Response:
        """Stop the reminders of a bill, or let them go on: nothing is owed less or later by it."""
        contract, back = contracts.HOLD_REMINDERS, f"bills/{quote(number, safe='')}?done={name}"
        return await self._pages.act(
            request, contract, self._bill, back, number=number, stop=name == "hold"
        )

    # --- a new one ---

    async def new(self, request: Request) -> Response:
        """GET /desk/treasury/bills/new: the form, for a voided bill too (?replaces=number)."""
        replaces = query_value(request, "replaces")[:20]
        typed = {"replaces": replaces}
        if replaces:
            old = await self._previews.bill(request, replaces)
            reply = await self._pages.ask(request, contracts.TARIFFS, contracts.Nothing())
            typed |= _typed_again(old, reply.tariffs)
        return await self._new(request, Submission("issue", typed))

    async def _new(self, request: Request, submission: Submission) -> Response:
        tariff = self._pages.ask(request, contracts.TARIFFS, contracts.Nothing())
        billed = billed_agencies(self._pages, request)
        return await self._pages.page(request, "bill_new", submission, tariff=tariff, billed=billed)

    async def issue(self, request: Request) -> Response:
        """POST /desk/treasury/bills/new: the bill as it would be, then on to the bill."""
        values = (await forms.read_form(request)).values
        values["act"] = ["issue"]
        try:
            data = _issue_fields(values)
        except BusError as error:
            typed = {name: value_of(values, name) for name in values}
            return await self._pages.refused(request, self._new, typed, error)
        return await self._pages.send(
            request,
            contracts.ISSUE_BILL,
            self._new,
            lambda reply: f"bills/{reply.number}?done=issue",
            values,
            data,
            self._previews.issue,
        )

    def routes(self) -> list[Route]:
        """The routes of bills."""
        return [
            Route(f"{AT}/bills", self.search),
            Route(f"{AT}/bills.csv", self.csv),
            Route(f"{AT}/bills/new", self.new, methods=["GET"]),
            Route(f"{AT}/bills/new", self.issue, methods=["POST"]),
            Route(f"{AT}/bills/{{number}}", self.bill),
            Route(f"{AT}/bills/{{number}}/{{act}}", self.move, methods=["POST"]),
        ]


def _find(typed: Mapping[str, str], after: str, limit: int) -> contracts.Find:
    """The query of a list; OVERDUE stands among the states of the address."""
    passed, state = parse_whole(after), typed["state"]
    return contracts.Find(
        search=typed["search"],
        state=state if state in BILL_STATES else None,
        after=passed if isinstance(passed, int) and passed < MOST else 0,
        limit=limit,
        agency=typed["agency"] or None,
        overdue=state == OVERDUE,
        order=typed[ORDER] or None,
    )


def _issue_fields(values: Mapping[str, list[str]]) -> Fields:
    """The fields of ISSUE_BILL. Raises ContractError, which names each missing one."""
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
            "Say who pays, and for which service.",
            fields=[FieldError(name, "required", "Fill it in.") for name in missing],
        )
    if payer == "applicant":
        data.pop("agency", None)
    return {**data, "requested_at": _noon(value_of(values, "requested_at"))}


async def bank_names(pages: StaffPages, request: Request) -> dict[str, str]:
    """The names of banks and gateways, by their codes."""
    reply = await pages.ask(request, contracts.LOOK_AT_DAY, contracts.OfDay(day=yesterday()))
    names = {channel.code: channel.fa for channel in reply.channels}
    return {**names, "account": texts.ACCOUNTS["account"]}


async def billed_agencies(pages: StaffPages, request: Request) -> list[str]:
    """The codes of the agencies that bills can be asked for: the register's, and those that were
    ever billed.
    """
    reply = await pages.ask(request, contracts.BILLED_AGENCIES, contracts.Nothing())
    registered = await pages.agency_codes(request)
    return sorted({*registered, *(row.agency for row in reply.agencies)})


def yesterday() -> str:
    """Yesterday in Tehran, in ISO form."""
    return (tehran_day(dt.datetime.now(dt.UTC)) - dt.timedelta(days=1)).isoformat()


def _typed_again(old: Bill, tariffs: Iterable[TariffRow]) -> dict[str, str]:
    """The fields of the form as they were for a bill, for the one that comes in its place."""
    line = old.quote.lines[0]
    row = next((row for row in tariffs if row.id == line.tariff), None)
    classes = ("agency_class", "use", "area_class") if row else ()
    return {
        "service": line.service,
        "quantity": str(line.quantity),
        "requested_at": formats.day(old.requested_on),
        "payer": "agency" if old.agency else "applicant",
        "agency": old.agency or "",
        "file_no": old.file_no or "",
        "source_kind": old.source_kind,
        "source_ref": old.source_ref or "",
        **{name: getattr(row, name) for name in classes},
    }


def _noon(text: str) -> str:
    """Noon of a Jalali day in Tehran, of today if the field is empty. Any other text stays as it
    is, for the contract to refuse.
    """
    if "T" in text:
        return text  # the moment of the preview
    try:
        day = parse_jalali(text) if text.strip() else tehran_day(dt.datetime.now(dt.UTC))
    except Malformed:
        return text
    return dt.datetime.combine(day, dt.time(12), TEHRAN).isoformat()
