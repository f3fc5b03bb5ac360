"""GET /transactions and /transactions/{trace}: for operators, read only."""

import datetime as dt
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.client import Client
from bus.envelope import instant
from bus.errors import NotFound
from bus.messages.message import to_wire
from contracts import catalogue
from contracts.agencies.records import FIND_CALLS, OUTCOMES, FindCalls, FoundCall, FoundCalls
from gateway import web
from gateway.html import rendering
from gateway.http.facts import TRACEPARENT
from gateway.ops.access import Access, wants_page
from gateway.ops.staff.tables import filters_of
from gateway.ops.transactions import words
from gateway.ops.transactions.path import face_of, steps
from iran.persian import TEHRAN, jalali

AT = "/transactions"
CALLER = {"agency": "mirab-ops", "key": "ops-face", "grants": []}
FILTERS = ("id", "agency", "contract", "outcome", "span", "before")
LIMIT, WHOLE_PATH = 50, 200
LONGEST_ID = 255
LONGEST_NUMBER = 16


class Transactions:
    """The pages of transactions."""

    def __init__(self, client: Client, access: Access) -> None:
        self._client, self._access = client, access

    async def listed(self, request: Request) -> Response:
        """GET /transactions?id=&agency=&contract=&outcome=&span=: newest first.

        An id that belongs to one call leads to its path.
        """
        reader = await self._access.reader(request)
        typed = filters_of(request, FILTERS, LONGEST_ID)
        reply = await self._find(request, _query(typed))
        if not wants_page(request):
            return web.json_response(to_wire(reply))
        traces = {record.trace_id for record in reply.records}
        if typed["id"] and len(traces) == 1:
            return RedirectResponse(f"{AT}/{traces.pop()}", 303)
        return rendering.page(
            "ops/transactions.html",
            reader=reader,
            here=AT,
            rows=reply.records,
            next=reply.next,
            typed=typed,
            query={name: text for name, text in typed.items() if text and name != "before"},
            contracts=sorted(catalogue()),
            w=words,
            who=_asker,
            at=_moment,
        )

    async def path(self, request: Request) -> Response:
        """GET /transactions/{trace}: what happened to one call, step by step."""
        reader = await self._access.reader(request)
        trace: str = request.path_params["trace"]
        message = FindCalls(id=trace[:LONGEST_ID], both_sides=True, limit=WHOLE_PATH)
        reply = await self._find(request, message)
        if not reply.records:
            raise NotFound("There is no record of this call.", code="http.not_found")
        if not wants_page(request):
            return web.json_response(to_wire(reply))
        first = next((r for r in reply.records if r.side == "client"), reply.records[0])
        return rendering.page(
            "ops/transaction.html",
            reader=reader,
            here=f"{AT}/",
            call=first,
            steps=steps(reply.records),
            dead=sorted({_service_of(r) for r in reply.records if _may_be_dead(r)}),
            whole=reply.next is None,
            search=urlencode({"contract": first.contract, "agency": first.agency or ""}),
            w=words,
            who=_asker,
            at=_moment,
        )

    async def _find(self, request: Request, message: FindCalls) -> FoundCalls:
        return await self._client.call(
            FIND_CALLS, message, caller=CALLER, traceparent=TRACEPARENT.of(request)
        )

    def routes(self) -> list[Route]:
        """The routes of transactions."""
        return [Route(AT, self.listed), Route(f"{AT}/{{trace}}", self.path)]


def _query(typed: Mapping[str, str]) -> FindCalls:
    """The question that the form asks; what it cannot mean is left out."""
    before, span, agency = typed["before"], typed["span"], _printable(typed["agency"])
    since = None
    if span and span in words.SPANS:
        since = instant(dt.datetime.now(dt.UTC) - dt.timedelta(minutes=int(span)))
    return FindCalls(
        id=_printable(typed["id"]),
        agency=agency[:64] if agency else None,
        contract=typed["contract"] if typed["contract"] in catalogue() else None,
        outcome=typed["outcome"] if typed["outcome"] in OUTCOMES else None,
        since=since,
        before=int(before) if before.isdecimal() and len(before) < LONGEST_NUMBER else None,
        limit=LIMIT,
    )


def _printable(text: str) -> str | None:
    return "".join(c for c in text.strip() if c.isprintable()) or None


def _asker(record: FoundCall) -> str:
    """The agency that asked, or the face of people that did."""
    return record.agency or face_of(record)


def _moment(milliseconds: int) -> str:
    """A moment of a record in Tehran to the second; its day too, unless it is today."""
    local = dt.datetime.fromtimestamp(milliseconds / 1000, TEHRAN)
    today = dt.datetime.now(TEHRAN).date()
    day = "" if local.date() == today else f"{jalali(local.date()).replace('-', '/')} "
    return f"{day}{local:%H:%M:%S}"


def _may_be_dead(record: FoundCall) -> bool:
    return record.side == "service" and record.outcome == "failed"


def _service_of(record: FoundCall) -> str:
    return record.contract.split(".")[0]
