"""The pages of the console: read-only, but for replays of the agency's own call-backs."""

import asyncio
import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypedDict, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, Forbidden, NotFound, Unauthenticated
from contracts.agencies.deferred import READ_CALLS, ReadCalls
from contracts.agencies.hearing import REFUSALS, ReadRefusals
from contracts.agencies.register import OWN, Nothing
from contracts.inquiry.questions import PURPOSES
from contracts.inquiry.use import OWN_QUESTIONS, OWN_USE, OwnUse, ReadOwnUse
from contracts.notify.callbacks import (
    CALLBACK_DELIVERIES,
    CALLBACKS,
    REPLAY_CALLBACK,
    AllCallbacks,
    Callbacks,
    ReadDeliveries,
    Replay,
)
from gateway.agency.console import evidence, figures, views
from gateway.agency.console.queries import DAYS, number, wanted_questions
from gateway.agency.console.session import Member, Sessions
from gateway.agency.console.test_data import CASES
from gateway.agency.console.words import STATES_FA, WHAT_TO_DO_FA
from gateway.agency.door.door import Door
from gateway.forms.multipart import read_fields
from gateway.forms.values import value_of
from gateway.html import problem_page, rendering
from gateway.html.inquiry_names import BLOCKS
from gateway.html.inquiry_names import PURPOSES as NAMES
from gateway.http.facts import CODE
from gateway.http.problems import PROBLEMS, status_of

T = TypeVar("T")
Page = Callable[[Request, Member], Awaitable[Response]]
RECENT = 200
OK = 200


class ConsolePages:
    """The console on the agency face."""

    def __init__(self, door: Door, portal: str, *, sandbox: bool) -> None:
        self._sessions, self._base, self._sandbox = Sessions(door), door.base, sandbox
        self._portal = portal

    def routes(self) -> list[Route]:
        """The routes of the console."""
        pages: dict[str, Page] = {
            "/console": self.overview,
            "/console/grants": self.grants,
            "/console/calls": self.calls,
            "/console/refusals": self.refusals,
            "/console/receipts": self.receipts,
            "/console/receipt": self.receipt_file,
            "/console/signals": self.signals,
            "/console/callbacks": self.callbacks,
            "/console/messages": self.messages,
            "/console/messages.csv": partial(figures.csv_file, self._sessions),
            "/console/unsubscribed.csv": partial(figures.unsubscribed_file, self._sessions),
            "/console/messages.json": partial(figures.json_file, self._sessions),
            "/console/keys": self.keys,
            "/console/test-data": self.test_data,
        }
        return [
            *(Route(path, self._signed_in(page)) for path, page in pages.items()),
            Route("/console/enter", self.enter, methods=["POST"]),
            Route("/console/replay", self._signed_in(self.replay), methods=["POST"]),
            Route("/console/sign-out", self.sign_out, methods=["POST"]),
        ]

    def _signed_in(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def run(request: Request) -> Response:
            code = request.query_params.get("code", "")
            if request.method == "GET" and code:
                return self._door_page(request, code=code)
            try:
                member = await self._sessions.member(request)
            except Unauthenticated as error:
                CODE.set(request, error.code)
                return self._door_page(request, status=status_of(error))
            return await page(request, member)

        return run

    # --- coming and going ---

    def _door_page(
        self, request: Request, *, code: str = "", error: BusError | None = None, status: int = OK
    ) -> Response:
        page = rendering.page(
            "console/enter.html",
            status,
            code=code,
            error=error,
            base=self._base,
            page="enter",
            **_shown(request),
        )
        return _private(page)

    async def enter(self, request: Request) -> Response:
        """POST /console/enter: a browser takes its session for a code. A GET would let whatever
        looks at a link use the code up.
        """
        code = value_of(await read_fields(request), "code")
        response = RedirectResponse("/console", 303)
        try:
            await self._sessions.enter(request, response, code[:64] or "-")
        except BusError as error:
            if not await self._sessions.is_signed_in(request):  # by a second press, or another tab
                CODE.set(request, error.code)
                return self._door_page(request, error=error, status=status_of(error))
        return _private(response)

    async def sign_out(self, request: Request) -> Response:
        """POST /console/sign-out"""
        response = RedirectResponse("/console", 303)
        await self._sessions.leave(request, response)
        return _private(response)

    # --- the pages ---

    async def overview(self, request: Request, member: Member) -> Response:
        """GET /console: what waits, what ends, what goes wrong."""
        own, use, refusals, endpoints = await asyncio.gather(
            self._sessions.ask(request, member, OWN, Nothing()),
            self._use(request, member, 14),
            self._sessions.ask(request, member, REFUSALS, ReadRefusals(limit=RECENT)),
            self._endpoints(request, member),
        )
        now = dt.datetime.now(dt.UTC)
        yesterday = (now - dt.timedelta(days=1)).isoformat()
        return self._page(
            request,
            member,
            "overview",
            use=use,
            quotas=views.quotas_of(member.agency, use) if use else [],
            refused=sum(refusal.at >= yesterday for refusal in refusals.refusals),
            endpoints=endpoints,
            keys=views.keys_of(own.document, member.key, now),
        )

    async def grants(self, request: Request, member: Member) -> Response:
        """GET /console/grants: what the register lets the agency do."""
        own, use = await asyncio.gather(
            self._sessions.ask(request, member, OWN, Nothing()),
            self._use(request, member, 1),
        )
        return self._page(
            request,
            member,
            "grants",
            grants=views.grants_of(own.document, dt.datetime.now(dt.UTC)),
            quotas=views.quotas_of(member.agency, use) if use else [],
            document=own.document,
            version=own.version,
        )

    async def calls(self, request: Request, member: Member) -> Response:
        """GET /console/calls: questions of the last days, by purpose and end; deferred calls."""
        wanted = wanted_questions(request)
        question = self._sessions.ask(request, member, OWN_QUESTIONS, wanted)
        questions, deferred = await asyncio.gather(
            self._maybe(question),
            self._sessions.ask(request, member, READ_CALLS, ReadCalls(limit=50)),
        )
        return self._page(
            request,
            member,
            "calls",
            wanted=wanted,
            questions=questions,
            deferred=deferred.calls,
            purposes=PURPOSES,
            days=DAYS,
        )

    async def refusals(self, request: Request, member: Member) -> Response:
        """GET /console/refusals: why requests were refused, and what to do."""
        question = ReadRefusals(before=number(request, "before"), limit=100)
        reply = await self._sessions.ask(request, member, REFUSALS, question)
        values = {"refusals": reply.refusals, "next": reply.next, "fa_to_do": WHAT_TO_DO_FA}
        return self._page(request, member, "refusals", **values)

    async def receipts(self, request: Request, member: Member) -> Response:
        """GET /console/receipts?id=&day=: the receipt of a call, and the calls of a day."""
        shown = await evidence.receipts_of(self._sessions, request, member)
        return self._page(request, member, "receipts", portal=self._portal, **shown)

    async def receipt_file(self, request: Request, member: Member) -> Response:
        """GET /console/receipt?id=: receipt.json, to be kept."""
        id_ = evidence.wanted_id(request)
        reply = await evidence.receipt(self._sessions, request, member, id_) if id_ else None
        if reply is None or reply.receipt is None:
            raise NotFound("There is no such receipt yet; ask again.", code="receipt.not_found")
        name = f'attachment; filename="receipt-{reply.leaf[:12]}.json"'
        headers = {"Content-Disposition": name}
        return _private(Response(reply.receipt.encode(), OK, headers, "application/json"))

    async def signals(self, request: Request, member: Member) -> Response:
        """GET /console/signals: whom the agency watches by pseudonym, its seeds, and what came."""
        watches = await evidence.watches(self._sessions, request, member)
        watching = watches is not None and bool(watches.watches)
        seeds, sent = (
            await asyncio.gather(
                evidence.seeds(self._sessions, request, member),
                evidence.last_signals(self._sessions, request, member),
            )
            if watching
            else ((), ())
        )
        return self._page(request, member, "signals", watches=watches, seeds=seeds, sent=sent)

    async def messages(self, request: Request, member: Member) -> Response:
        """GET /console/messages?days=: the agency's messages by day and by template."""
        language = problem_page.language(request)
        shown = await self._maybe(figures.shown(self._sessions, request, member, language))
        return self._page(request, member, "messages", shown=shown)

    async def callbacks(self, request: Request, member: Member) -> Response:
        """GET /console/callbacks: endpoints, and the deliveries to each."""
        endpoints = await self._endpoints(request, member)
        deliveries = {}
        if endpoints:
            replies = await asyncio.gather(
                *(
                    self._sessions.ask(
                        request,
                        member,
                        CALLBACK_DELIVERIES,
                        ReadDeliveries(callback=endpoint.callback, limit=50),
                    )
                    for endpoint in endpoints.callbacks
                )
            )
            ids = (endpoint.callback for endpoint in endpoints.callbacks)
            deliveries = dict(zip(ids, (reply.deliveries for reply in replies), strict=True))
        return self._page(
            request,
            member,
            "callbacks",
            endpoints=endpoints,
            deliveries=deliveries,
            form=str(uuid.uuid4()),
            replayed=number(request, "replayed"),
        )

    async def replay(self, request: Request, member: Member) -> Response:
        """POST /console/replay: sends a delivery again, or all dead ones of an endpoint."""
        fields = await read_fields(request)
        since = value_of(fields, "since") or None
        message = Replay(
            callback=value_of(fields, "callback"), id=value_of(fields, "id") or None, since=since
        )
        name = f"{member.agency.code} {value_of(fields, 'form')} {message.id}"
        act = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        reply = await self._sessions.ask(request, member, REPLAY_CALLBACK, message, id=act)
        return RedirectResponse(f"/console/callbacks?replayed={reply.replayed}", 303)

    async def keys(self, request: Request, member: Member) -> Response:
        """GET /console/keys: what ends when, and how keys are changed."""
        own = await self._sessions.ask(request, member, OWN, Nothing())
        keys = views.keys_of(own.document, member.key, dt.datetime.now(dt.UTC))
        return self._page(request, member, "keys", keys=keys)

    async def test_data(self, request: Request, member: Member) -> Response:
        """GET /console/test-data: whom one can ask about in the sandbox."""
        return self._page(request, member, "test_data", cases=CASES, sandbox=self._sandbox)

    # --- what they share ---

    async def _use(self, request: Request, member: Member, days: int) -> OwnUse | None:
        """How much the agency asks; None while inquiry is away."""
        use = self._sessions.ask(request, member, OWN_USE, ReadOwnUse(days=days))
        return await self._maybe(use)

    async def _endpoints(self, request: Request, member: Member) -> Callbacks | None:
        """The endpoints of an agency; None if it may have none, or while notify is away."""
        question = self._sessions.ask(request, member, CALLBACKS, AllCallbacks())
        try:
            return await self._maybe(question)
        except Forbidden:
            return None

    @staticmethod
    async def _maybe(question: Awaitable[T]) -> T | None:
        """The reply of a service, or None while it is away: the rest of the page stands."""
        try:
            return await question
        except BusError as error:
            if error.kind == "Unavailable":
                return None
            raise

    @staticmethod
    def _page(request: Request, member: Member, page: str, **values: object) -> Response:
        response = rendering.page(
            f"console/{page}.html",
            OK,
            **_shown(request),
            page=page,
            member=member,
            names=NAMES,
            blocks=BLOCKS,
            states=STATES_FA,
            problems=PROBLEMS,
            **values,
        )
        return _private(response)


class Shown(TypedDict):
    """The language of a page, and what its links carry so that it stays."""

    lang: str
    keep: str


def _shown(request: Request) -> Shown:
    chosen = request.query_params.get("lang") in problem_page.LANGUAGES
    lang = problem_page.language(request)
    return {"lang": lang, "keep": f"?lang={lang}" if chosen else ""}


def _private(response: Response) -> Response:
    """The same, to be kept by nobody."""
    response.headers["Cache-Control"] = "no-store"
    return response
