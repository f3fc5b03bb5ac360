"""What concerns a colleague: notices, days away, and tickets that are handed over."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import NotFound
from bus.messages import kinds
from contracts.ticketing import colleagues as contracts
from contracts.ticketing.colleagues import OfColleague, OpenTickets
from contracts.ticketing.desk import Nothing
from gateway.forms.fields import parse_form
from gateway.forms.values import typed_of
from gateway.html.formats import day
from gateway.ops.desk.lists.outcome_words import namer, page_of
from gateway.ops.desk.section import AT
from gateway.ops.staff import forms
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Fact, Preview
from people.tracking import grouped

FOR_ME, COLLEAGUES = f"{AT}/for-me", f"{AT}/colleagues"
# Codes of so many tickets stand in the preview of a hand-over; the others are counted.
LISTED = 12
OF_NOTICES: dict[str, kinds.Request] = {
    "read": contracts.READ_NOTICES,
    "mails": contracts.SET_NOTICES,
    "prove": contracts.PROVE_NOTICE_ADDRESS,
}
OF_COLLEAGUES: dict[str, kinds.Request] = {
    "absence": contracts.ADD_ABSENCE,
    "back": contracts.END_ABSENCE,
    "hand_over": contracts.HAND_OVER,
}


class ForMePages:
    """The pages of notices, absences and hand-overs."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def notices(self, request: Request) -> Response:
        """GET /desk/for-me: what happened for me."""
        return await self._notices(request, NO_SUBMISSION)

    async def _notices(self, request: Request, submission: Submission) -> Response:
        reply = await self._pages.ask(request, contracts.MY_NOTICES, Nothing())
        name_of = namer(self._pages, request, reply.outcomes or ())
        return await self._pages.page(
            request, "for_me", submission, reply=resolved(reply), name_of=name_of
        )

    async def outcome(self, request: Request) -> Response:
        """GET /desk/for-me/outcomes/{id}: to the page of one's proposal; whoever goes there has
        read what became of it.
        """
        wanted = request.path_params["id"]
        own = await self._pages.ask(request, contracts.MY_NOTICES, Nothing())
        for outcome in own.outcomes or ():
            if outcome.id == wanted:
                read = contracts.ReadNotices(outcome=wanted)
                await self._pages.ask(request, contracts.READ_NOTICES, read)
                return RedirectResponse(page_of(outcome), 303)
        raise NotFound("There is nothing at this path.", code="http.not_found")

    async def change_notices(self, request: Request) -> Response:
        """POST /desk/for-me/{act}: mark as read, have them by e-mail, prove the address."""
        name = request.path_params["act"]
        if name not in OF_NOTICES:
            raise NotFound("There is no such act.", code="http.not_found")
        values = {**(await forms.read_form(request)).values, "act": [name]}
        contract = OF_NOTICES[name]
        fields = parse_form(contract, values)
        if name == "mails":
            fields.setdefault("mails", False)
        return await self._pages.send(
            request, contract, self._notices, _noticed(name), values, fields
        )

    async def colleagues(self, request: Request) -> Response:
        """GET /desk/colleagues: who is away, who stands in, whose tickets are handed over."""
        return await self._colleagues(request, NO_SUBMISSION)

    async def _colleagues(self, request: Request, submission: Submission) -> Response:
        reply = self._pages.ask(request, contracts.ABSENCES, Nothing())
        return await self._pages.page(request, "colleagues", submission, reply=reply)

    async def change_colleagues(self, request: Request) -> Response:
        """POST /desk/colleagues/{act}: an absence, its end, or a hand-over, shown before."""
        name = request.path_params["act"]
        if name not in OF_COLLEAGUES:
            raise NotFound("There is no such act.", code="http.not_found")
        values = {**(await forms.read_form(request)).values, "act": [name]}
        contract = OF_COLLEAGUES[name]
        fields = parse_form(contract, values)
        preview = None
        if name == "hand_over":
            # What was looked at is known once the preview was shown.
            fields.setdefault("basis", "-")
            preview = self._handed_over
        target = f"colleagues?done={name}"
        if name == "absence" and (username := typed_of(values).get("username")):
            target = f"{target}&of={username}"
        return await self._pages.send(
            request, contract, self._colleagues, target, values, fields, preview
        )

    async def _handed_over(self, request: Request, message: contracts.HandOver) -> Preview:
        question = OfColleague(username=message.username)
        tickets = await self._pages.ask(request, contracts.OPEN_TICKETS, question)
        person = await self._pages.person(request)
        count = len(tickets.tickets)
        return Preview(
            title=f"{count} پرونده باز تحویل می‌شود",
            button="تحویل پرونده‌ها",
            facts=(
                Fact("از", person(tickets.username)),
                Fact("به", person(message.to.lower())),
                Fact("دلیل", message.reason),
                Fact("پرونده‌ها", _codes(tickets)),
            ),
            leaves=(
                "در تاریخچه هر پرونده می‌آید که چه کسی آن را تحویل داد و چرا؛ مهلت‌ها عوض نمی‌شود.",
                "همکار گیرنده در «برای من» و اگر خواسته باشد با نامه خبر می‌گیرد.",
            ),
            basis={"basis": tickets.basis},
        )

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [
            Route(FOR_ME, self.notices),
            Route(f"{FOR_ME}/outcomes/{{id:int}}", self.outcome),
            Route(f"{FOR_ME}/{{act}}", self.change_notices, methods=["POST"]),
            Route(COLLEAGUES, self.colleagues),
            Route(f"{COLLEAGUES}/{{act}}", self.change_colleagues, methods=["POST"]),
        ]


def _noticed(name: str) -> Callable[[contracts.Unread], str]:
    """Where an act on one's notices leads: to the code that was sent, if one was."""

    def target(reply: contracts.Unread) -> str:
        sent = isinstance(reply, contracts.NoticesSet) and reply.code_sent
        return f"for-me?done={'code_sent' if sent else name}"

    return target


def _codes(tickets: OpenTickets) -> str:
    """Name the tickets by code, subject and due day."""
    lines = [
        f"{grouped(ticket.code)}، {ticket.category['fa']}"
        + (f"، سررسید {day(ticket.due_at)}" if ticket.due_at else "")
        for ticket in tickets.tickets[:LISTED]
    ]
    rest = len(tickets.tickets) - LISTED
    return "\n".join([*lines, *([f"و {rest} پرونده دیگر"] if rest > 0 else [])]) or "هیچ"
