"""The page of senders whose letters are set aside, for heads of units and supervisors; and the
letters that lie there.
"""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import NotFound
from bus.messages import kinds
from contracts.ticketing import letters as contracts
from contracts.ticketing.desk import Nothing
from contracts.ticketing.letters import TAKE_OUT_LETTERS, LettersTakenOut, TakeOutLetters
from gateway.forms.fields import page_number, parse_form, whole_or_none
from gateway.forms.values import Values
from gateway.ops.desk.section import LETTERS
from gateway.ops.staff import forms
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission

SENDERS_AT = f"{LETTERS.at}/senders"
STATE = "SET_ASIDE"
# address of the form → what it asks
ACTS: dict[str, kinds.Request] = {"put": contracts.SET_ASIDE, "end": contracts.END_SET_ASIDE}


class SenderPages:
    """The list of senders, and the button below letters that were set aside."""

    def __init__(self, pages: StaffPages) -> None:
        self._pages = pages

    async def listed(self, request: Request) -> Response:
        """GET /desk/letters/senders; ``?sender=`` is typed already, from the page of a letter."""
        typed = {"sender": query_value(request, "sender")[:320]}
        shown = Submission("put", typed) if typed["sender"] else NO_SUBMISSION
        return await self._listed(request, shown)

    async def _listed(self, request: Request, submission: Submission) -> Response:
        question = contracts.AskSenders(page=page_number(request))
        reply = self._pages.ask(request, contracts.SENDERS, question)
        return await self._pages.page(request, "senders", submission, reply=reply)

    async def act(self, request: Request) -> Response:
        """POST /desk/letters/senders/{act}: put a sender on the list, or end a row."""
        name = request.path_params["act"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        values = {**(await forms.read_form(request)).values, "act": [name]}
        fields = parse_form(ACTS[name], values)
        target = f"senders?done=sender_{name}"
        return await self._pages.send(request, ACTS[name], self._listed, target, values, fields)

    async def take_out(self, request: Request) -> Response:
        """POST /desk/letters/take-out: tickets of the letters that were ticked."""
        values = (await forms.read_form(request)).values
        letters = _ticked(values)
        list_of = f"{LETTERS.at}?state={STATE}"
        if not letters:
            return RedirectResponse(f"{list_of}&done=none", 303)
        message = TakeOutLetters(letters=letters)
        form = values.get("form", [""])[0] or None
        reply = await self._pages.ask(request, TAKE_OUT_LETTERS, message, form=form)
        return RedirectResponse(f"{list_of}&done={_done(reply)}", 303)

    def routes(self) -> list[Route]:
        """The routes of the list and of the button."""
        return [
            Route(SENDERS_AT, self.listed),
            Route(f"{SENDERS_AT}/{{act}}", self.act, methods=["POST"]),
            Route(f"{LETTERS.at}/take-out", self.take_out, methods=["POST"]),
        ]


def _ticked(values: Values) -> tuple[int, ...]:
    numbers = map(whole_or_none, values.get("selected", []))
    return tuple(dict.fromkeys(number for number in numbers if number))


def _done(reply: LettersTakenOut) -> str:
    if not reply.taken:
        return "take_out_none"
    return "take_out_some" if reply.settled else "take_out"


async def look(pages: StaffPages, request: Request) -> contracts.LookedAt | None:
    """Note that the colleague looks at letters that were set aside, if they keep the list."""
    if not pages.may(request, "set_aside"):
        return None
    return await pages.ask(request, contracts.LOOK_AT_SET_ASIDE, Nothing())
