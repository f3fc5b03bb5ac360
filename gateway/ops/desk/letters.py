"""The pages of letters that came in: where each lies and why, and what a colleague makes of it."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.errors import BusError, NotFound, Unauthenticated
from bus.messages.kinds import Request as Contract
from contracts.ticketing import letters as contracts
from gateway.forms.downloads import file_response
from gateway.forms.values import value_of
from gateway.ops.desk.shared import DeskSection, status_shown
from gateway.ops.staff import forms
from gateway.ops.staff.forms import parse_form, query_value
from gateway.ops.staff.list_links import back_query, with_back
from gateway.ops.staff.refusal_texts import FAULTS
from gateway.ops.staff.refusals import Refusals
from gateway.ops.staff.session import Desk

# address of the form → what it asks
ACTS: dict[str, Contract] = {
    "register": contracts.REGISTER_LETTER,
    "attach": contracts.ATTACH_LETTER,
    "retry": contracts.RETRY_LETTER,
    "finish": contracts.FINISH_LETTER,
}
STATES = {
    "WAITING": "همه آنچه باید دید",
    "FAILED": "خوانده نشد",
    "FLOOD": "نگه داشته شد",
    "NOBODY": "بدون نشانی فرستنده",
    "NO_UNIT": "نشانی بدون واحد",
    "NO_CATEGORY": "واحد بدون موضوع",
    "POSTMASTER": "به postmaster یا abuse",
    "AUTOMATIC": "نامه خودکار",
    "BOUNCE": "برگشت نامه",
    "RECEIPT": "رسید یا گزارش سامانه",
    "RECEIVED": "در نوبت رسیدگی",
    "DONE": "بررسی شد",
    "NOTE": "یادداشت در پرونده شد",
    "MESSAGE": "پیام در پرونده شد",
    "TICKET": "پرونده شد",
    "ALL": "همه نامه‌ها",
}
DONE = {
    "register": "از نامه پرونده ساخته می‌شود",
    "attach": "نامه در پرونده گذاشته می‌شود",
    "retry": "نامه دوباره بررسی می‌شود",
    "finish": "نامه بررسی‌شده شد",
}
REFUSALS = Refusals(
    away="سامانه اکنون پاسخ نمی‌دهد. نوشته شما پایین مانده است؛ یک دقیقه دیگر دوباره بفرستید.",
    problems={},
    faults=FAULTS | {"choice": "چنین پرونده یا موضوعی نیست؛ دوباره نگاه کنید."},
    fields={"category": "موضوع", "code": "کد رهگیری", "text": "متن"},
)


class LetterPages(DeskSection):
    """What the routes share."""

    def __init__(self, desk: Desk, blobs: Blobs) -> None:
        super().__init__(desk)
        self._blobs = blobs

    async def listing(self, request: Request) -> Response:
        """GET /desk/letters: where a person has to look comes first."""
        state = query_value(request, "state")
        wanted = {
            "state": state if state in STATES else "WAITING",
            "unit": query_value(request, "unit")[:40] or None,
            "page": forms.page_number(request),
        }
        reply = await self.desk.ask_json(request, contracts.LETTERS, wanted)
        return await self.page(request, "letters", reply=reply, wanted=wanted, states=STATES)

    async def letter(self, request: Request) -> Response:
        """GET /desk/letters/{letter}"""
        return await self._letter(request, None, {})

    async def _letter(
        self, request: Request, error: BusError | None, typed: Mapping[str, str]
    ) -> Response:
        letter = {"letter": request.path_params["letter"]}
        reply = await self.desk.ask_json(request, contracts.READ_LETTER, letter)
        done = request.query_params.get("done", "")
        return await self.page(
            request,
            "letter",
            status_shown(error),
            reply=reply,
            typed=typed,
            faults=REFUSALS.faults_of(error) if error else {},
            outcome=DONE.get(done, ""),
            fields=REFUSALS.fields,
        )

    async def act(self, request: Request) -> Response:
        """POST /desk/letters/{letter}/{act}: an error is shown beside what was typed."""
        name, letter = request.path_params["act"], request.path_params["letter"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        values = (await forms.read_form(request)).values
        typed = {field: value_of(values, field) for field in values}
        try:
            data = {**parse_form(ACTS[name], values), "letter": letter}
            await self.desk.ask_json(request, ACTS[name], data, id=typed.get("form"))
        except (Unauthenticated, NotFound):
            raise
        except BusError as error:
            return await self._letter(request, error, {**typed, "act": name})
        back = back_query(request, typed)
        return RedirectResponse(with_back(f"/desk/letters/{letter}?done={name}", back), 303)

    async def source(self, request: Request) -> Response:
        """GET /desk/letters/{letter}/source: the letter as it came, to be saved."""
        letter = {"letter": request.path_params["letter"]}
        file = await self.desk.ask_json(request, contracts.LETTER_SOURCE, letter)
        return file_response(
            self._blobs, sha256=file["sha256"], type=file["type"], name=file["name"]
        )

    def routes(self) -> list[Route]:
        """All routes of the letters."""
        return [
            Route("/desk/letters", self.listing),
            Route("/desk/letters/{letter:int}", self.letter),
            Route("/desk/letters/{letter:int}/source", self.source),
            Route("/desk/letters/{letter:int}/{act}", self.act, methods=["POST"]),
        ]
