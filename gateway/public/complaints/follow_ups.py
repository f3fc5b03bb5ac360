"""The question weeks after the end of a request: is it mended? One page, opened by its number.

Reading it answers nothing, for scanners of mail follow each link; the number opens the question
alone, for letters are passed on.
"""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, NotFound, Unavailable
from contracts.ticketing.citizens import (
    ANSWER_FOLLOW_UP,
    READ_FOLLOW_UP,
    FollowUp,
)
from gateway.forms.fields import parse_form
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.public.complaints.registration import Register
from gateway.public.site import words
from gateway.public.site.forms import Texts, submit
from gateway.public.site.pages import faults_of, leads_to, show, status_of
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services
from people.tracking import in_text

PAGE = "/contact/follow-up"
QUESTION = f"{PAGE}/{{number}}"
ANSWERED = ("follow_up.answered", "follow_up.over")


class FollowUpPages:
    """The pages of the question."""

    def __init__(self, services: Services) -> None:
        self._services, self._register = services, Register(services)

    async def number_page(self, request: Request) -> Response:
        """GET /contact/follow-up: a form for the number of an SMS."""
        return self._number(request, {}, {})

    def _number(self, request: Request, typed: Texts, faults: Texts, status: int = 200) -> Response:
        return show(request, "follow_up_number", status, typed=typed, faults=faults)

    async def find(self, request: Request) -> Response:
        """POST /contact/follow-up: lead to the question that the number opens."""

        async def find(typed: Texts) -> Response:
            message = READ_FOLLOW_UP.load({"question_number": typed["question_number"]})
            await self._services.ask(request, READ_FOLLOW_UP, message)
            return RedirectResponse(f"{PAGE}/{message.question_number}", 303)

        return await submit(
            request,
            ("question_number",),
            lambda typed, faults, status: self._number(request, typed, faults, status),
            find,
        )

    async def page(self, request: Request) -> Response:
        """GET with a number: the question, or how it stands."""
        return await self._question(request, {}, {})

    async def _question(
        self, request: Request, typed: Texts, faults: Texts, status: int = 200
    ) -> Response:
        try:
            question = await self._read(request)
        except (ContractError, NotFound) as error:
            return self._number(request, {}, faults_of(request, error), 404)
        return self._show(request, question, typed, faults, status)

    def _show(
        self,
        request: Request,
        question: FollowUp | None,
        typed: Texts,
        faults: Texts,
        status: int,
    ) -> Response:
        """Show the page; without what the question is about while nobody can tell."""
        form = typed.get("form") or self._services.new_id()
        values = {"question": question, "number": request.path_params["number"], "form": form}
        return show(request, "follow_up", status, typed=typed, faults=faults, **values)

    async def _read(self, request: Request) -> FollowUp:
        message = READ_FOLLOW_UP.load({"question_number": request.path_params["number"]})
        return await self._services.ask(request, READ_FOLLOW_UP, message)

    async def answer(self, request: Request) -> Response:
        """POST with a number: the answer; what was typed wrongly stands beside its field."""
        names = ("mended", "first_time", "text", "form")
        values = await read_fields(request)
        typed = {name: text_of(values, name) for name in names}
        if words.choose(request, values):
            return await self._question(request, typed, {})
        number = request.path_params["number"]
        texts = {name: [typed[name]] for name in names if name != "form"}
        try:
            fields = {**parse_form(ANSWER_FOLLOW_UP, texts), "question_number": number}
            await self._services.ask_fields(
                request, ANSWER_FOLLOW_UP, fields, id=typed["form"] or None
            )
        except NotFound as error:
            return self._number(request, {}, faults_of(request, error), 404)
        except Unavailable as error:  # what the question is about cannot be read either
            return self._show(request, None, typed, faults_of(request, error), 503)
        except BusError as error:
            if error.code not in ANSWERED:
                # The refusal was answered under this id: what is put right is another act.
                again = {**typed, "form": ""}
                return await self._question(
                    request, again, faults_of(request, error), status_of(error)
                )
        return RedirectResponse(f"{PAGE}/{number}", 303)

    async def begin_new(self, request: Request) -> Response:
        """POST with a number: a new request about the same, to be completed and sent."""
        try:
            question = await self._read(request)
        except (ContractError, NotFound) as error:
            return self._number(request, {}, faults_of(request, error), 404)
        lang = words.language(request)
        text = words.speaker(lang)("follow_up_new_text", code=in_text(question.code, lang))
        answers = {
            "kind": question.kind,
            "category": str(question.category["code"]),
            "county": question.county,
            "text": text,
        }
        return await self._register.begin_with(request, answers)


def routes(services: Services) -> list[Route]:
    """Return the routes of the question."""
    pages = FollowUpPages(services)
    return [
        Route(PAGE, same_for_all(pages.number_page), methods=["GET"]),
        Route(PAGE, pages.find, methods=["POST"]),
        Route(QUESTION, pages.page, methods=["GET"]),
        Route(QUESTION, pages.answer, methods=["POST"]),
        Route(f"{QUESTION}/new", pages.begin_new, methods=["POST"]),
        Route(f"{QUESTION}/new", leads_to(QUESTION), methods=["GET"]),
    ]
