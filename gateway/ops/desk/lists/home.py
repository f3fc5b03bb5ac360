"""The first page of each colleague: what waits, what is late, who comes today; and the keys."""

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, Forbidden
from contracts.agencies import desk as register
from contracts.agencies.register import Nothing as OfRegister
from contracts.billing import treasury
from contracts.notify import desk as notices
from contracts.ticketing import book, person_acts
from contracts.ticketing import queue as contracts
from contracts.ticketing.colleagues import MY_NOTICES, Notice
from contracts.ticketing.desk import Nothing as OfDesk
from contracts.ticketing.queue import DeskHome, Queue, QueueRow
from gateway.ops.desk.lists import opened
from gateway.ops.desk.lists.addresses import QUEUE_AT
from gateway.ops.desk.lists.urgency import Urgency, urgency
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.list_links import list_query
from gateway.ops.staff.pages import StaffPages, resolved
from gateway.ops.staff.session import Desk

# The first page does not wait longer for a neighbour.
NEIGHBOUR_SECONDS = 2.0
STRANGER_SECONDS, AWAY_SECONDS, UNASKED_MOST = 300.0, 15.0, 10_000
NOTICES_MOST = 6
KEYS_COOKIE, YEAR = "mirab_keys", 365 * 24 * 3600


class Waiting(NamedTuple):
    """What waits for a second officer in another part of the desk."""

    label: str
    number: int
    href: str


@dataclass(frozen=True, slots=True)
class HomeView:
    """The first page: what ticketing tells, the urgency of each ticket, what waits elsewhere, what
    happened for the colleague and was not read, and which tickets were opened last.
    """

    home: DeskHome
    urgencies: Mapping[str, Urgency]
    waiting: tuple[Waiting, ...]
    notices: tuple[Notice, ...]
    opened: tuple[QueueRow, ...]


Neighbour = Callable[[Request], Awaitable[list[Waiting]]]


class HomePages:
    """The first page of the desk, and the sheet of its keys."""

    def __init__(self, pages: StaffPages, desk: Desk) -> None:
        self._pages, self._desk = pages, desk
        self._neighbours: Mapping[str, Neighbour] = {
            "treasury": self._treasury,
            "register": self._register,
            "notices": self._notices,
            "book": self._book,
            "privacy": self._privacy,
        }
        self._unasked: dict[tuple[str, str], float] = {}

    async def home(self, request: Request) -> Response:
        """GET /desk: the first page; an address of the queue as it was before leads on to it."""
        if query := list_query(request):
            return RedirectResponse(f"{QUEUE_AT}?{query}", 303)
        return await self._pages.page(request, "home", view=self._view(request))

    async def _view(self, request: Request) -> HomeView:
        home, mine, last, lists = await asyncio.gather(
            self._pages.ask(request, contracts.DESK_HOME, contracts.Nothing()),
            self._pages.ask(request, MY_NOTICES, OfDesk()),
            self._opened(request),
            asyncio.gather(*(self._of_neighbour(request, part) for part in self._neighbours)),
        )
        now = dt.datetime.now(dt.UTC)
        return HomeView(
            home=home,
            urgencies={row.code: urgency(row, now) for row in (*home.mine, *home.late)},
            waiting=tuple(waiting for part in lists for waiting in part if waiting.number),
            notices=tuple(notice for notice in mine.notices if notice.unread)[:NOTICES_MOST],
            opened=last,
        )

    async def _opened(self, request: Request) -> tuple[QueueRow, ...]:
        """The tickets that were opened last in this browser, as far as one may see them still."""
        codes = opened.codes(self._desk, request)
        if not codes:
            return ()
        page = await self._pages.ask(request, contracts.QUEUE, Queue(codes=codes, state="ALL"))
        return tuple(sorted(page.tickets, key=lambda row: codes.index(row.code)))

    async def _of_neighbour(self, request: Request, part: str) -> list[Waiting]:
        """What waits in a part of the desk; nothing for a stranger there, or while it is away.

        Neither is asked again at once: most colleagues are no officers.
        """
        username = self._desk.colleague(request).username
        now = time.monotonic()
        if any(self._unasked.get(key, 0.0) > now for key in ((part, username), (part, ""))):
            return []
        try:
            return await asyncio.wait_for(self._neighbours[part](request), NEIGHBOUR_SECONDS)
        except Forbidden:
            self._leave_out((part, username), now + STRANGER_SECONDS)
        except (BusError, TimeoutError):
            self._leave_out((part, ""), now + AWAY_SECONDS)
        return []

    def _leave_out(self, key: tuple[str, str], until: float) -> None:
        if len(self._unasked) >= UNASKED_MOST:
            self._unasked.clear()
        self._unasked[key] = until

    async def _treasury(self, request: Request) -> list[Waiting]:
        tariffs, refunds, exceptions = await asyncio.gather(
            self._pages.ask(request, treasury.TARIFFS, treasury.Nothing()),
            self._pages.ask(request, treasury.REFUNDS, treasury.Nothing()),
            self._pages.ask(request, treasury.EXCEPTIONS, treasury.Nothing()),
        )
        drafts = sum(row.state == "DRAFT" for row in tariffs.tariffs)
        requested = sum(row.state == "REQUESTED" for row in refunds.refunds)
        open_ = sum(row.state == "OPEN" for row in exceptions.exceptions)
        return [
            Waiting("تعرفه پیش‌نویس در انتظار تأیید", drafts, f"{AT}/treasury/tariffs"),
            Waiting("استرداد در انتظار تأیید", requested, f"{AT}/treasury/refunds"),
            Waiting("مغایرت باز", open_, f"{AT}/treasury/exceptions"),
        ]

    async def _register(self, request: Request) -> list[Waiting]:
        reply = await self._pages.ask(request, register.LIST, OfRegister())
        count = len(reply.changes)
        return [Waiting("پیشنهاد ثبت دستگاه در انتظار تأیید", count, f"{AT}/agencies")]

    async def _notices(self, request: Request) -> list[Waiting]:
        reply = await self._pages.ask(request, notices.FORMS, notices.ListForms(drafts=True))
        count = len(reply.forms)
        return [Waiting("قالب پیش‌نویس در انتظار تأیید", count, f"{AT}/notices/templates")]

    async def _book(self, request: Request) -> list[Waiting]:
        reply = await self._pages.ask(request, book.READ_BOOK, OfDesk())
        drafts = sum(change.state == "DRAFT" for change in reply.changes)
        return [Waiting("تغییر دفتر میز در انتظار تأیید", drafts, f"{AT}/book")]

    async def _privacy(self, request: Request) -> list[Waiting]:
        reply = await self._pages.ask(request, person_acts.PERSON_ACTS, OfDesk())
        wished = sum(act.state == "WISHED" for act in reply.acts)
        proposed = sum(act.state == "PROPOSED" for act in reply.acts)
        return [
            Waiting("خواست شهروند درباره داده‌هایش", wished, f"{AT}/privacy"),
            Waiting("نسخه یا حذف داده در انتظار تأیید", proposed, f"{AT}/privacy"),
        ]

    # --- keys ---

    async def keys(self, request: Request) -> Response:
        """GET /desk/keys: the sheet of keys, and whether they are in use."""
        used = resolved(request.cookies.get(KEYS_COOKIE) != "off")
        return await self._pages.page(request, "keys", used=used)

    async def set_keys(self, request: Request) -> Response:
        """POST /desk/keys: use keys of one letter, or leave them to the browser (WCAG 2.1.4)."""
        values = (await forms.read_form(request)).values
        response = RedirectResponse(f"{AT}/keys", 303)
        response.set_cookie(
            KEYS_COOKIE,
            "off" if values.get("keys") == ["off"] else "on",
            max_age=YEAR,
            path=AT,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    def routes(self) -> list[Route]:
        """The routes of the first page and of the keys."""
        return [
            Route(AT, self.home),
            Route(f"{AT}/keys", self.keys, methods=["GET"]),
            Route(f"{AT}/keys", self.set_keys, methods=["POST"]),
        ]
