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
from contracts.notify import promises, senders
from contracts.notify.announcements import Nothing as OfNotices
from contracts.ticketing import book, person_acts
from contracts.ticketing import queue as contracts
from contracts.ticketing.calendars.holidays import HOLIDAY_SOURCES, AskHolidaySources
from contracts.ticketing.colleagues import LIST_CORRECTIONS, MY_NOTICES, Notice, Outcome
from contracts.ticketing.desk import Nothing as OfDesk
from contracts.ticketing.queue import DeskHome, Queue, QueueRow
from gateway.ops.desk.lists import opened
from gateway.ops.desk.lists.addresses import QUEUE_AT
from gateway.ops.desk.lists.outcome_words import namer
from gateway.ops.desk.lists.urgency import Urgency, urgency
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.list_links import list_query
from gateway.ops.staff.pages import StaffPages, resolved
from gateway.ops.staff.session import Desk

# The first page does not wait longer for a neighbour.
NEIGHBOUR_SECONDS = 2.0
AWAY_SECONDS = 15.0
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
    happened for the colleague and was not read, what became of the own proposals, and which tickets
    were opened last.
    """

    home: DeskHome
    urgencies: Mapping[str, Urgency]
    waiting: tuple[Waiting, ...]
    notices: tuple[Notice, ...]
    outcomes: tuple[Outcome, ...]
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
            "corrections": self._corrections,
            "calendar": self._holidays,
        }
        self._away: dict[str, float] = {}

    async def home(self, request: Request) -> Response:
        """GET /desk: the first page; an address of the queue as it was before leads on to it."""
        if query := list_query(request):
            return RedirectResponse(f"{QUEUE_AT}?{query}", 303)
        view = await self._view(request)
        name_of = namer(self._pages, request, view.outcomes)
        return await self._pages.page(request, "home", view=resolved(view), name_of=name_of)

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
            outcomes=tuple(row for row in mine.outcomes or () if row.unread)[:NOTICES_MOST],
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
        username, strangers = self._desk.colleague(request).username, self._desk.strangers
        now = time.monotonic()
        if strangers.are_at(part, username) or self._away.get(part, 0.0) > now:
            return []
        try:
            return await asyncio.wait_for(self._neighbours[part](request), NEIGHBOUR_SECONDS)
        except Forbidden:
            strangers.note(part, username)
        except (BusError, TimeoutError):
            self._away[part] = now + AWAY_SECONDS
        return []

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
        forms_, senders_, months = await asyncio.gather(
            self._pages.ask(request, notices.FORMS, notices.ListForms(drafts=True)),
            self._pages.ask(request, senders.SENDERS, senders.ListSenders()),
            self._pages.ask(request, promises.CORRECTIONS, OfNotices()),
        )
        proposed = sum(sender.state == "PROPOSED" for sender in senders_.senders)
        return [
            Waiting("الگوی پیش‌نویس در انتظار تأیید", len(forms_.forms), f"{AT}/notices/templates"),
            Waiting("فرستنده در انتظار تأیید", proposed, f"{AT}/notices/senders"),
            Waiting(
                "اصلاح گزارش ماه در انتظار تأیید", len(months.corrections), f"{AT}/notices/reports"
            ),
        ]

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

    async def _corrections(self, request: Request) -> list[Waiting]:
        reply = await self._pages.ask(request, LIST_CORRECTIONS, OfDesk())
        count = sum(row.may_decide for row in reply.corrections)
        return [Waiting("اصلاح شماره همراه در انتظار تأیید شما", count, f"{AT}/corrections")]

    async def _holidays(self, request: Request) -> list[Waiting]:
        reply = await self._pages.ask(request, HOLIDAY_SOURCES, AskHolidaySources())
        proposed = sum(len(source.proposals) for source in reply.sources)
        page = f"{AT}/calendar/holidays"
        return [Waiting("تغییر پیشنهادی تعطیلات در انتظار تصمیم شما", proposed, page)]

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
