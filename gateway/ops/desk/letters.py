"""The pages of letters that came in: where each lies and why, and what a colleague makes of it."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.contracts import letters_desk as contracts
from bus.contracts.kinds import Request as Contract
from bus.errors import BusError, NotFound, Unauthenticated, Unavailable
from gateway import pages, uploads
from gateway.ops.desk.session import Desk, form_id
from gateway.ops.forms import one, taken
from gateway.ops.sentences import FAULTS, Refusals
from gateway.origin import same_origin
from gateway.problems import status_of

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
    problems={
        "letter.in_work": "این نامه در نوبت رسیدگی است؛ یک دقیقه دیگر صفحه را به‌روز کنید.",
        "letter.settled": "درباره این نامه پیش‌تر تصمیم گرفته شده است؛ وضعیت آن را پایین ببینید.",
        "desk.unit": "این پرونده یا نامه از واحد دیگری است.",
        "desk.role": "نقش شما اجازه این کار را ندارد؛ از رئیس واحد بخواهید.",
    },
    faults=FAULTS
    | {
        "choice": "چنین پرونده یا موضوعی نیست؛ دوباره نگاه کنید.",
        "tracking_code.length": "کد رهگیری ده رقم دارد.",
        "tracking_code.characters": "کد رهگیری تنها رقم دارد.",
        "tracking_code.check_digit": "یک رقم اشتباه است؛ کد را دوباره ببینید.",
    },
    fields={"category": "موضوع", "code": "کد رهگیری", "text": "متن"},
)


def status_shown(error: BusError | None) -> int:
    """Of a page that shows a form again: 503 while something is away, else 422."""
    if isinstance(error, Unavailable):
        return status_of(error)
    return 200 if error is None else 422


class LetterPages:
    """What the routes share."""

    def __init__(self, desk: Desk, blobs: Blobs) -> None:
        self._desk, self._blobs = desk, blobs

    async def listing(self, request: Request) -> Response:
        """GET /desk/letters: where a person has to look comes first."""
        query = request.query_params
        state, page = query.get("state", ""), query.get("page", "1")
        wanted = {
            "state": state if state in STATES else "WAITING",
            "unit": query.get("unit") or None,
            "page": int(page) if page.isascii() and page.isdigit() and int(page) > 0 else 1,
        }
        reply = await self._desk.ask(request, contracts.LETTERS, wanted)
        return self._page(request, "letters", reply=reply, wanted=wanted, states=STATES)

    async def letter(self, request: Request) -> Response:
        """GET /desk/letters/{letter}"""
        return await self._letter(request, None, {})

    async def _letter(
        self, request: Request, error: BusError | None, typed: Mapping[str, str]
    ) -> Response:
        letter = {"letter": request.path_params["letter"]}
        reply = await self._desk.ask(request, contracts.READ_LETTER, letter)
        done = request.query_params.get("done", "")
        return self._page(
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
        same_origin(request)
        name, letter = request.path_params["act"], request.path_params["letter"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        values = (await uploads.read_form(request, None, fields_limit=uploads.TEXT_FORM)).values
        typed = {field: one(values, field) for field in values}
        try:
            data = {**taken(ACTS[name], values), "letter": letter}
            await self._desk.ask(request, ACTS[name], data, id=typed.get("form"))
        except (Unauthenticated, NotFound):
            raise
        except BusError as error:
            return await self._letter(request, error, {**typed, "act": name})
        return RedirectResponse(f"/desk/letters/{letter}?done={name}", 303)

    async def source(self, request: Request) -> Response:
        """GET /desk/letters/{letter}/source: the letter as it came, to be saved."""
        letter = {"letter": request.path_params["letter"]}
        file = await self._desk.ask(request, contracts.LETTER_SOURCE, letter)
        return uploads.file_response(
            self._blobs, sha256=file["sha256"], type=file["type"], name=file["name"]
        )

    def _page(self, request: Request, name: str, status: int = 200, **values: Any) -> Response:
        response = pages.page(
            f"desk/{name}.html", status, who=self._desk.who(request), form_id=form_id(), **values
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def routes(self) -> list[Route]:
        """All routes of the letters."""
        return [
            Route("/desk/letters", self.listing),
            Route("/desk/letters/{letter:int}", self.letter),
            Route("/desk/letters/{letter:int}/source", self.source),
            Route("/desk/letters/{letter:int}/{act}", self.act, methods=["POST"]),
        ]
