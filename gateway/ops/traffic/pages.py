"""GET /agencies and /agencies/{code}: traffic and refusals of the last hour or day."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.client import Client
from bus.envelope import instant
from bus.messages.message import to_wire
from contracts.agencies.traffic import TRAFFIC, AskTraffic, TrafficRow
from gateway import web
from gateway.html import rendering
from gateway.http.facts import TRACEPARENT
from gateway.http.problems import PROBLEMS, translations
from gateway.ops.access import Access, wants_page

AT = "/agencies"
CALLER = {"face": "ops"}
SPANS = {"hour": dt.timedelta(hours=1), "day": dt.timedelta(days=1)}
# Codes by which we failed the agency; all others say that it asked for what it may not have.
OURS = ("internal", "database.", "broker.", "service.", "deadline.", "reply.", "replays.")
MANY = 0.05


class Line(NamedTuple):
    """The calls of an agency, or of one of its contracts."""

    name: str
    calls: int
    refused: int
    failed: int
    mean: float
    longest: int
    codes: list[tuple[str, int]]

    @property
    def kind(self) -> str:
        """How it stands: bad if we fail it, warn if much is refused."""
        if self.failed > MANY * self.calls:
            return "bad"
        return "warn" if self.refused > MANY * self.calls else ""

    def share(self, count: int) -> str:
        """Return a count of its calls as a percentage."""
        return f"{100 * count / self.calls:.1f}٪" if self.calls else ""


def is_ours(code: str) -> bool:
    """Return True for a code by which we failed, not the agency."""
    return code.startswith(OURS)


def lines(rows: Iterable[TrafficRow], name_of: Callable[[TrafficRow], str]) -> list[Line]:
    """Return the rows added up by a name, the most calls first."""
    by_name: dict[str, list[TrafficRow]] = {}
    for row in rows:
        by_name.setdefault(name_of(row), []).append(row)
    added = [_line(name, group) for name, group in by_name.items()]
    return sorted(added, key=lambda line: line.calls, reverse=True)


def _line(name: str, rows: list[TrafficRow]) -> Line:
    codes: Counter[str] = Counter()
    for row in rows:
        codes[row.code] += row.count
    calls = codes.total()
    failed = sum(count for code, count in codes.items() if is_ours(code))
    return Line(
        name,
        calls,
        calls - failed - codes[""],
        failed,
        sum(row.milliseconds for row in rows) / calls if calls else 0.0,
        max(row.longest for row in rows),
        [(code, count) for code, count in codes.most_common() if code],
    )


def meaning(code: str) -> str:
    """Return what a code means, in Persian where that is written."""
    if code not in PROBLEMS:
        return ""
    return translations(code).get("fa", PROBLEMS[code]).title


class TrafficPages:
    """The pages of agencies by traffic."""

    def __init__(self, client: Client, access: Access) -> None:
        self._client, self._access = client, access

    async def by_agency(self, request: Request) -> Response:
        """GET /agencies?span=hour|day: each agency, the busiest first."""
        return await self._show(request, None, lambda row: row.agency)

    async def by_contract(self, request: Request) -> Response:
        """GET /agencies/{code}?span=: one agency by contract."""
        return await self._show(request, request.path_params["code"][:64], lambda row: row.contract)

    async def _show(
        self, request: Request, agency: str | None, name_of: Callable[[TrafficRow], str]
    ) -> Response:
        reader = await self._access.reader(request)
        span = request.query_params.get("span", "hour")
        span = span if span in SPANS else "hour"
        since = instant(dt.datetime.now(dt.UTC) - SPANS[span])
        message = AskTraffic(since=since, agency=agency)
        reply = await self._client.call(
            TRAFFIC, message, caller=CALLER, traceparent=TRACEPARENT.of(request)
        )
        if not wants_page(request):
            return web.json_response(to_wire(reply))
        return rendering.page(
            "ops/agencies.html",
            reader=reader,
            here=request.url.path,
            agency=agency,
            span=span,
            lines=lines(reply.rows, name_of),
            codes=_line("", list(reply.rows)).codes if reply.rows else [],
            meaning=meaning,
            is_ours=is_ours,
        )

    def routes(self) -> list[Route]:
        """The routes of agencies by traffic."""
        return [Route(AT, self.by_agency), Route(AT + "/{code}", self.by_contract)]
