"""The page of a person's own matters, and the ways from there into each of them."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.envelope import instant
from bus.errors import BusError, NotFound, Unavailable
from contracts.billing.bills import BILLS_OF, BillsOf, OwnBills
from contracts.inquiry.persons import MATTERS, OPEN_MY_INQUIRY, Matters, OpenMine, SessionProof
from contracts.notify.inbox import (
    ATTACH_INBOX,
    MY_INBOXES,
    OPEN_MY_INBOX,
    MyInboxes,
    OpenMyInbox,
)
from contracts.notify.persons import Pass, Person
from contracts.ticketing.citizens import LEAVE_SLOT, TicketProof
from contracts.ticketing.person_acts import WISH_FOR_MY_DATA
from contracts.ticketing.persons import (
    MY_TICKETS,
    OPEN_MY_TICKET,
    MyTicket,
    MyTickets,
    OpenMyTicket,
    TicketsOfPerson,
)
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.public.matters.session import MY, session_of, to, with_session
from gateway.public.matters.sign_in import SignInPages
from gateway.public.site.access import INBOX, OWN, TICKET, CodeProof, SecretPage, keep_open
from gateway.public.site.forms import Texts
from gateway.public.site.pages import faults_of, leads_to, show, status_of
from gateway.public.site.services import Services

R = TypeVar("R")
# By the name in its address: what can be opened.
DOORS: dict[str, SecretPage] = {"request": TICKET, "inquiry": OWN, "inbox": INBOX}


class MyPage(NamedTuple):
    """All that stands on the page; None for a part whose service is away."""

    matters: Matters
    tickets: TicketsOfPerson | None
    inboxes: MyInboxes | None
    bills: OwnBills | None

    @property
    def visits(self) -> list[MyTicket]:
        """Requests with a visit that is invited to or booked, the next one first."""
        tickets = self.tickets.tickets if self.tickets else ()
        open_ = [t for t in tickets if t.appointment and _is_open(t)]
        return sorted(open_, key=lambda t: (t.appointment or {}).get("starts_at") or "")


def _is_open(ticket: MyTicket) -> bool:
    return "choose_slot" in ticket.may or "leave_slot" in ticket.may


class MattersPages:
    """The pages; the session proves whose they are at each of them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._sign_in = SignInPages(services)

    async def page(self, request: Request) -> Response:
        """GET /my: one's own matters; without a session the form that begins one."""
        if session_of(self.services, request) is None:
            return self._sign_in.form(request, {}, {})
        return await self._mine(request)

    @with_session
    async def _mine(self, request: Request, proof: SessionProof) -> Response:
        return await self._show(request, proof, {}, {})

    async def _show(
        self,
        request: Request,
        proof: SessionProof,
        typed: Texts,
        faults: Texts,
        status: int = 200,
    ) -> Response:
        page = await self._read(request, proof)
        done = request.query_params.get("done", "")
        done = done if done in ("visit", "inbox", "data", "other") else ""
        now = instant(dt.datetime.now(dt.UTC))
        whose = self._whose(proof)
        shown = {"page": page, "typed": typed, "done": done, "now": now, "whose": whose}
        return show(request, "my", status, faults=faults, **shown)

    def _whose(self, proof: SessionProof) -> str:
        """Name the person on their page: what is sent from it is not done for somebody else who
        came in meanwhile, in another tab of the same browser.
        """
        return self.services.acts.message_id(MY, proof.mobile, proof.national_id)

    async def _read(self, request: Request, proof: SessionProof) -> MyPage:
        """The session is proven first; what else is there is asked for at once."""
        matters = await self.services.ask(request, MATTERS, proof)
        of_tickets, of_inboxes = _my_tickets(proof, matters), _person(proof)
        tickets, inboxes = await asyncio.gather(
            _or_none(lambda: self.services.ask(request, MY_TICKETS, of_tickets)),
            _or_none(lambda: self.services.ask(request, MY_INBOXES, of_inboxes)),
        )
        of_bills = BillsOf(
            inquiries=tuple(inquiry.code for inquiry in matters.inquiries),
            tickets=tuple(ticket.code for ticket in tickets.tickets) if tickets else (),
            file_nos=matters.file_nos,
        )
        bills = await _or_none(lambda: self.services.ask(request, BILLS_OF, of_bills))
        return MyPage(matters, tickets, inboxes, bills)

    @with_session
    async def open(self, request: Request, proof: SessionProof) -> Response:
        """POST /my/open/{what}/{code}: open one of one's own matters without its secret."""
        door = DOORS.get(request.path_params["what"])
        if door is None:
            raise NotFound("There is nothing at this path.", code="http.not_found")
        opened = await self._pass(request, proof, door, request.path_params["code"])
        visit = "#visit" if "visit" in request.query_params else ""
        response = to(f"{door.page}{visit}")
        proof_of = CodeProof(opened.code, opened.secret)
        keep_open(self.services, request, response, door, proof_of)
        return response

    async def _pass(
        self, request: Request, proof: SessionProof, door: SecretPage, code: str
    ) -> Pass:
        """Return a pass, after the session was proven where it is kept."""
        if door is OWN:
            mine = OpenMine(
                mobile=proof.mobile, national_id=proof.national_id, token=proof.token, code=code
            )
            return await self.services.ask(request, OPEN_MY_INQUIRY, mine)
        matters = await self.services.ask(request, MATTERS, proof)
        if door is INBOX:
            inbox = OpenMyInbox(mobile=proof.mobile, national_id=proof.national_id, code=code)
            return await self.services.ask(request, OPEN_MY_INBOX, inbox)
        ticket = OpenMyTicket(
            mobile=proof.mobile,
            national_id=proof.national_id,
            since=matters.session.since,
            code=code,
        )
        return await self.services.ask(request, OPEN_MY_TICKET, ticket)

    @with_session
    async def leave_visit(self, request: Request, proof: SessionProof) -> Response:
        """POST /my/visits/{code}/leave: give the chosen time of a visit back."""
        opened = await self._pass(request, proof, TICKET, request.path_params["code"])
        ticket = TicketProof(code=opened.code, secret=opened.secret)
        await self.services.ask(request, LEAVE_SLOT, ticket)
        return to(f"{MY}?done=visit")

    @with_session
    async def attach(self, request: Request, proof: SessionProof) -> Response:
        """POST /my/inboxes: attach an inbox, whose code and secret prove it once."""
        await self.services.ask(request, MATTERS, proof)
        values = await read_fields(request)
        if text_of(values, "whose") not in ("", self._whose(proof)):
            return to(f"{MY}?done=other")
        typed = {name: text_of(values, name) for name in CodeProof._fields}
        person = {"mobile": proof.mobile, "national_id": proof.national_id}
        fields = {name: text for name, text in typed.items() if text} | person
        try:
            await self.services.ask_fields(request, ATTACH_INBOX, fields)
        except BusError as error:
            faults, shown = faults_of(request, error), {"code": typed["code"]}
            return await self._show(request, proof, shown, faults, status_of(error))
        return to(f"{MY}?done=inbox#inboxes")

    @with_session
    async def ask_for_data(self, request: Request, proof: SessionProof) -> Response:
        """POST /my/data: ask for a copy of all that is kept of oneself, or for its erasure."""
        matters = await self.services.ask(request, MATTERS, proof)
        values = await read_fields(request)
        if text_of(values, "whose") not in ("", self._whose(proof)):
            return to(f"{MY}?done=other")
        fields = {
            "kind": text_of(values, "kind"),
            "mobile": proof.mobile,
            "national_id": proof.national_id,
            "since": matters.session.since,
        }
        await self.services.ask_fields(request, WISH_FOR_MY_DATA, fields)
        return to(f"{MY}?done=data#data")


def _person(proof: SessionProof) -> Person:
    return Person(mobile=proof.mobile, national_id=proof.national_id)


def _my_tickets(proof: SessionProof, matters: Matters) -> MyTickets:
    return MyTickets(
        mobile=proof.mobile, national_id=proof.national_id, since=matters.session.since
    )


async def _or_none(ask: Callable[[], Awaitable[R]]) -> R | None:
    """Return None for a part whose service is away: the rest of the page is shown."""
    try:
        return await ask()
    except Unavailable:
        return None


def routes(services: Services) -> list[Route]:
    """Return the routes of one's own matters."""
    pages = MattersPages(services)
    return [
        Route(MY, pages.page, methods=["GET"]),
        Route(f"{MY}/open/{{what}}/{{code}}", pages.open, methods=["POST"]),
        Route(f"{MY}/open/{{what}}/{{code}}", leads_to(MY), methods=["GET"]),
        Route(f"{MY}/visits/{{code}}/leave", pages.leave_visit, methods=["POST"]),
        Route(f"{MY}/visits/{{code}}/leave", leads_to(MY), methods=["GET"]),
        Route(f"{MY}/inboxes", pages.attach, methods=["POST"]),
        Route(f"{MY}/inboxes", leads_to(MY), methods=["GET"]),
        Route(f"{MY}/data", pages.ask_for_data, methods=["POST"]),
        Route(f"{MY}/data", leads_to(MY), methods=["GET"]),
    ]
