"""Tickets that are taken along, and what was typed without a connection and is sent later.

The page and its scripts talk in JSON here: what is taken goes sealed into the browser's own store,
and what was typed comes back as the very acts of the ticket's page, each under the id of its form.
"""

import asyncio
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import BusError, Conflict, Forbidden, NotFound, Unauthenticated, Unavailable
from bus.messages import kinds
from bus.messages.message import to_wire
from bus.messages.values import Json
from contracts.ticketing import desk as acts
from contracts.ticketing import visits as contracts
from contracts.ticketing.desk import OneTicket
from contracts.ticketing.queue import DESK_HOME, QUEUE, Nothing, Queue, QueueRow, VisitToday
from contracts.ticketing.visits import ALONG_MOST, AskTakes, TakeAlong
from gateway import web
from gateway.forms.fields import parse_form
from gateway.forms.values import value_of
from gateway.http.problems import status_of
from gateway.ops.along import app
from gateway.ops.desk import words
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import StaffPages, resolved
from gateway.ops.staff.session import Desk

ALONG = f"{AT}/along"
# What can be typed where there is no connection: acts that need no file and no second look.
SENT_LATER: dict[str, kinds.Request] = {"note": acts.NOTE, "visit": acts.VISITED}
OWN_MOST = 50
NOT_YOURS = "این نوشته از همکار دیگری است؛ همان همکار باید وارد شود و آن را بفرستد."


class Offered(NamedTuple):
    """What may be taken along: today's visits, and the colleague's other tickets."""

    visits: tuple[VisitToday, ...]
    mine: tuple[QueueRow, ...]


class AlongPages:
    """The page where tickets are taken along, and what the scripts ask."""

    def __init__(self, pages: StaffPages, desk: Desk) -> None:
        self._pages, self._desk = pages, desk

    async def page(self, request: Request) -> Response:
        """GET /desk/along: what can be taken along, and who took what."""
        takes = self._pages.ask(request, contracts.LIST_TAKES, AskTakes())
        return await self._pages.page(
            request,
            "along",
            offered=self._offered(request),
            takes=takes,
            most=resolved(ALONG_MOST),
        )

    async def _offered(self, request: Request) -> Offered:
        own = Queue(mine=True, size=OWN_MOST)
        home, mine = await asyncio.gather(
            self._pages.ask(request, DESK_HOME, Nothing()),
            self._pages.ask(request, QUEUE, own),
        )
        visits = {visit.code for visit in home.visits}
        rows = tuple(row for row in mine.tickets if row.code not in visits)
        return Offered(home.visits, rows)

    async def take(self, request: Request) -> Response:
        """POST /desk/along/take: the least of each ticket, as JSON; who took which is noted."""
        values = (await forms.read_form(request)).values
        try:
            message = TakeAlong(
                **self._desk.of_session(request),
                codes=tuple(values.get("codes", ())),
                persons=value_of(values, "persons") == "1",
            )
            reply = await self._pages.ask(request, contracts.TAKE_ALONG, message)
        except BusError as error:
            return _refused(error)
        return web.json_response(to_wire(reply))

    async def standing(self, request: Request) -> Response:
        """POST /desk/along/standing: what of a take may stay on this device, and who is signed in.

        Needs no session, for the device of somebody who is signed out has to hear of the end too;
        the number of a take is random, and only its device has it.
        """
        values = (await forms.read_form(request)).values
        try:
            message = contracts.ALONG_STANDING.load({"take": value_of(values, "take")})
            reply = await self._desk.ask_as_desk(request, contracts.ALONG_STANDING, message)
        except BusError as error:
            return _refused(error)
        return web.json_response({**to_wire(reply), "who": self._who(request)})

    def _who(self, request: Request) -> str | None:
        try:
            return self._desk.colleague(request).username
        except (Unauthenticated, Forbidden, Unavailable):
            return None

    async def send(self, request: Request) -> Response:
        """POST /desk/along/send: an act that was typed without a connection, once however often."""
        values = (await forms.read_form(request)).values
        name, code = value_of(values, "act"), value_of(values, "code")
        try:
            contract = SENT_LATER.get(name)
            if contract is None:
                raise NotFound("There is no such act.", code="http.not_found")
            if self._desk.colleague(request).username != value_of(values, "owner"):
                return web.json_response({"refused": NOT_YOURS}, 403)
            message = contract.load({**parse_form(contract, values), "code": code})
            form = value_of(values, "form")
            reply = await self._pages.ask(request, contract, message, form=form)
        except Conflict as error:
            return _refused(error, await self._now(request, code))
        except BusError as error:
            return _refused(error)
        return web.json_response({"version": reply.version})

    async def _now(self, request: Request, code: str) -> Json:
        """How the ticket is now, for who has to look before the act is sent anew."""
        try:
            ticket = await self._pages.ask(request, acts.READ, OneTicket(code=code))
        except BusError:
            return {}
        return {"version": ticket.version, "state": ticket.state_fa}

    def routes(self) -> list[Route]:
        """The routes of what is taken along, and of the desk as an app."""
        return [
            *app.ROUTES,
            Route(ALONG, self.page, methods=["GET"]),
            Route(f"{ALONG}/take", self.take, methods=["POST"]),
            Route(f"{ALONG}/standing", self.standing, methods=["POST"]),
            Route(f"{ALONG}/send", self.send, methods=["POST"]),
        ]


def _refused(error: BusError, more: Json | None = None) -> Response:
    """Tell a script why not, in the words of the desk; ``unknown``: perhaps it was done."""
    answer: Json = {
        "refused": " ".join(words.faults_of(error).values()),
        "unknown": isinstance(error, Unavailable),
        "signed_out": isinstance(error, Unauthenticated),
    }
    return web.json_response({**answer, **(more or {})}, status_of(error))
