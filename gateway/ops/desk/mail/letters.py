"""The pages of letters that came in: where each lies and why, and what a colleague makes of it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.errors import NotFound
from bus.messages import kinds
from contracts.ticketing import letters as contracts
from gateway.forms.downloads import file_response
from gateway.forms.fields import page_number, parse_form
from gateway.forms.values import typed_of
from gateway.ops.desk import letter_words
from gateway.ops.desk.mail import senders
from gateway.ops.desk.section import LETTERS
from gateway.ops.staff import forms
from gateway.ops.staff.forms import query_value
from gateway.ops.staff.list_links import back_query, with_back
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved

# address of the form → what it asks
ACTS: dict[str, kinds.Request] = {
    "register": contracts.REGISTER_LETTER,
    "attach": contracts.ATTACH_LETTER,
    "retry": contracts.RETRY_LETTER,
    "finish": contracts.FINISH_LETTER,
}


class LetterPages:
    """The pages of letters."""

    def __init__(self, pages: StaffPages, blobs: Blobs) -> None:
        self._pages, self._blobs = pages, blobs

    async def listing(self, request: Request) -> Response:
        """GET /desk/letters: where a person has to look comes first."""
        state = query_value(request, "state")
        query = contracts.AskLetters(
            state=state if state in letter_words.STATES else "WAITING",
            unit=query_value(request, "unit")[:40] or None,
            page=page_number(request),
        )
        reply = self._pages.ask(request, contracts.LETTERS, query)
        is_aside = query.state == senders.STATE
        looked = senders.look(self._pages, request) if is_aside else resolved(None)
        return await self._pages.page(
            request, "letters", reply=reply, wanted=resolved(query), looked=looked
        )

    async def letter(self, request: Request) -> Response:
        """GET /desk/letters/{letter}"""
        return await self._letter(request, NO_SUBMISSION)

    async def _letter(self, request: Request, submission: Submission) -> Response:
        reply = self._pages.ask(request, contracts.READ_LETTER, _of(request))
        return await self._pages.page(request, "letter", submission, reply=reply)

    async def act(self, request: Request) -> Response:
        """POST /desk/letters/{letter}/{act}: an error is shown beside what was typed."""
        name, letter = request.path_params["act"], request.path_params["letter"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        values = {**(await forms.read_form(request)).values, "act": [name]}
        fields = {**parse_form(ACTS[name], values), "letter": letter}
        target = with_back(f"{letter}?done={name}", back_query(request, typed_of(values)))
        return await self._pages.send(request, ACTS[name], self._letter, target, values, fields)

    async def source(self, request: Request) -> Response:
        """GET /desk/letters/{letter}/source: the letter as it came, to be saved."""
        file = await self._pages.ask(request, contracts.LETTER_SOURCE, _of(request))
        return file_response(self._blobs, sha256=file.sha256, type=file.type, name=file.name)

    def routes(self) -> list[Route]:
        """All routes of the letters."""
        letter = f"{LETTERS.at}/{{letter:int}}"
        return [
            Route(LETTERS.at, self.listing),
            Route(letter, self.letter),
            Route(f"{letter}/source", self.source),
            Route(f"{letter}/{{act}}", self.act, methods=["POST"]),
        ]


def _of(request: Request) -> contracts.OfLetter:
    return contracts.OfLetter(letter=request.path_params["letter"])
