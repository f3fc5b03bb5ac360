"""The queue: its tabs and filters, the next ticket of a list, saved filters, live counts."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError
from contracts.ticketing import queue as contracts
from contracts.ticketing.queue import SIZES, AskMark, AskNext, Queue, QueuePage
from gateway.forms.values import typed_of
from gateway.http.documents import Document
from gateway.ops.desk import words
from gateway.ops.desk.lists import addresses
from gateway.ops.desk.lists.addresses import DONE_FIELDS, QUEUE_AT, TABS
from gateway.ops.desk.lists.urgency import Urgency, urgency
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.list_links import back_query, list_query
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission
from iran.persian import Malformed
from people import tracking

TabLink = tuple[str, str, int | None, str]


@dataclass(frozen=True, slots=True)
class QueueView:
    """A page of a list: what was asked for, its tabs, the urgency of each ticket, the address
    without its order, and where its first row stands in the list.
    """

    page: QueuePage
    query: Queue
    fields: Mapping[str, str]
    tabs: tuple[TabLink, ...]
    tab: str
    urgencies: Mapping[str, Urgency]
    unsorted: str
    first: int
    filtered: int
    saved: int | None
    done: str
    sizes: tuple[int, ...] = SIZES


class QueuePages:
    """The pages of the queue."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def queue(self, request: Request) -> Response:
        """GET /desk/queue: a list of tickets, or the colleague's default one."""
        if not list_query(request) and "done" not in request.query_params:
            default = await self._default(request)
            if default:
                return RedirectResponse(f"{QUEUE_AT}?{default}", 303)
        elif "go" in request.query_params and (ticket := await self._of_code(request)):
            back = urlencode({"back": list_query(request)})
            return RedirectResponse(f"{AT}/tickets/{ticket}?{back}", 303)
        return await self._queue(request, NO_SUBMISSION)

    async def _queue(self, request: Request, submission: Submission) -> Response:
        text = back_query(request, submission.typed) if submission.act else list_query(request)
        fields = addresses.parse(text)
        return await self._pages.page(
            request, "queue", submission, view=self._view(request, fields)
        )

    async def _view(self, request: Request, fields: Mapping[str, str]) -> QueueView:
        query = addresses.queue_of(fields)
        page = await self._pages.ask(request, contracts.QUEUE, query)
        now = dt.datetime.now(dt.UTC)
        counts, by_part = page.counts or {}, query.late_part or query.sort == "part"
        return QueueView(
            page=page,
            query=query,
            fields=fields,
            tabs=tuple(
                (addresses.tab_address(tab, fields), tab.label, counts.get(tab.key), tab.key)
                for tab in TABS
                # Without a unit that has a time of its own there is nothing to be late by.
                if tab.key != "part" or "part" in counts
            ),
            tab=addresses.current_tab(query),
            urgencies={row.code: urgency(row, now, by_part=by_part) for row in page.tickets},
            unsorted=addresses.address({**fields, "sort": "", "page": "", "at": ""}) + "&sort=",
            first=(page.page - 1) * query.size,
            filtered=sum(1 for name in ("category", "county", "kind", "unit") if name in fields),
            saved=next((kept.id for kept in page.filters or () if _same(kept.query, fields)), None),
            done=_done(request, page),
        )

    async def _of_code(self, request: Request) -> str | None:
        """Return the ticket whose code was typed into the box of search, if one may see it."""
        try:
            code = tracking.parse(query_value(request, "search"))
        except Malformed:
            return None
        page = await self._pages.ask(request, contracts.QUEUE, Queue(codes=(code,)))
        return next((row.code for row in page.tickets), None)

    async def _default(self, request: Request) -> str:
        reply = await self._pages.ask(request, contracts.FILTERS, contracts.Nothing())
        return next((kept.query for kept in reply.filters if kept.default), "")

    async def next(self, request: Request) -> Response:
        """GET /desk/queue/next: on to the ticket that now stands where the last one stood."""
        fields = addresses.parse(back_query(request))
        query = addresses.queue_of(fields)
        message = AskNext(
            **{name: getattr(query, name) for name in Queue.__dataclass_fields__},
            after=request.query_params.get("from", ""),
            at=addresses.place_of(fields),
        )
        reply = await self._pages.ask(request, contracts.NEXT_TICKET, message)
        # What was done with the last one is said on the page of this one.
        done = {name: request.query_params.get(name, "")[:45] for name in DONE_FIELDS}
        if reply.code is None:
            outcome = done if done["done"] == "moved" else {"done": "last", "did": done["done"]}
            return RedirectResponse(addresses.address({**fields, "at": ""}, **outcome), 303)
        page = str(reply.at // query.size + 1) if reply.at >= query.size else ""
        back = urlencode({**fields, "at": str(reply.at), **({"page": page} if page else {})})
        onward = {"back": back, **{name: value for name, value in done.items() if value}}
        return RedirectResponse(f"{AT}/tickets/{reply.code}?{urlencode(onward)}", 303)

    async def live(self, request: Request) -> Response:
        """GET /desk/queue/live: counts for a page that stands open, 304 while they are the same.

        It keeps no session from growing idle (gateway/ops/staff/session.py, UNATTENDED).
        """
        query = addresses.queue_of(addresses.parse(list_query(request)))
        message = AskMark(
            **{name: getattr(query, name) for name in Queue.__dataclass_fields__},
            since=request.query_params.get("since", ""),
        )
        mark = await self._pages.ask(request, contracts.QUEUE_MARK, message)
        body = orjson.dumps({"fresh": mark.fresh, "counts": dict(mark.counts)})
        return Document(body, "application/json", "private, no-cache").response(request)

    # --- saved filters ---

    async def save(self, request: Request) -> Response:
        """POST /desk/queue/filters: name the list that is shown."""
        values = {**(await forms.read_form(request)).values, "act": ["filter"]}
        typed = typed_of(values)
        text = _without_place(back_query(request, typed))
        try:
            message = contracts.SaveFilter(
                name=typed.get("name", ""), query=text, default=typed.get("default") == "1"
            )
            form = typed.get("form") or None
            await self._pages.ask(request, contracts.SAVE_FILTER, message, form=form)
        except BusError as error:
            return await self._pages.refused(request, self._queue, typed, error)
        return RedirectResponse(f"{QUEUE_AT}?{text}&done=filter", 303)

    async def remove(self, request: Request) -> Response:
        """POST /desk/queue/filters/{id}/remove"""
        typed = typed_of((await forms.read_form(request)).values)
        message = contracts.OneFilter(filter=request.path_params["id"])
        form = typed.get("form") or None
        await self._pages.ask(request, contracts.REMOVE_FILTER, message, form=form)
        text = _without_place(back_query(request, typed))
        return RedirectResponse(f"{QUEUE_AT}?{text}&done=filter_gone", 303)

    def routes(self) -> list[Route]:
        """The routes of the queue."""
        return [
            Route(QUEUE_AT, self.queue),
            Route(f"{QUEUE_AT}/next", self.next),
            Route(f"{QUEUE_AT}/live", self.live),
            Route(f"{QUEUE_AT}/filters", self.save, methods=["POST"]),
            Route(f"{QUEUE_AT}/filters/{{id:int}}/remove", self.remove, methods=["POST"]),
        ]


def _without_place(text: str) -> str:
    return urlencode(_list_itself(addresses.parse(text)))


def _done(request: Request, page: QueuePage) -> str:
    """Say how many tickets were given, or which one left, and to whom: a name of the page's own
    lists; what was done with the last of a list; empty for anything else, which anybody could write
    into an address.
    """
    done, of, count, to = (query_value(request, name) for name in ("done", "of", "count", "to"))
    if done == "last":
        did = words.DONE.get(query_value(request, "did"), "")
        return f"{did} {words.DONE[done]}".strip()
    names = {f"c:{row['username']}": row["name"] for row in page.colleagues or ()}
    names |= {f"u:{row['code']}": row["fa"] for row in page.all_units or ()}
    if to not in names:
        return ""
    if done == "assign_many" and re.fullmatch("[1-9][0-9]{0,2}", count):
        return f"{count} پرونده به {names[to]} ارجاع شد."
    return (
        words.left_for(of, names[to]) if done == "moved" and re.fullmatch("[0-9]{10}", of) else ""
    )


def _same(query: str, fields: Mapping[str, str]) -> bool:
    return _list_itself(addresses.parse(query)) == _list_itself(fields)


def _list_itself(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields of a list without the place in it."""
    kept = {name: value for name, value in fields.items() if name not in ("page", "at")}
    return {**kept, "state": kept.get("state", "WORK")}
