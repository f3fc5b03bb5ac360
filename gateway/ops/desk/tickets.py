"""The queue and its tickets; every form is one Request, and works without JavaScript."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.errors import BusError, ContractError, FieldError, NotFound, RuleBroken, Unauthenticated
from bus.messages.kinds import Request as Contract
from bus.messages.values import Json
from contracts.billing.treasury import OPEN_BILLS_OF_TICKET
from contracts.ticketing import desk as contracts
from contracts.ticketing.citizens import FORM, REGISTER, STATES, AskForm
from gateway.forms.downloads import file_response
from gateway.forms.multipart import SubmittedForm
from gateway.forms.values import value_of
from gateway.ops.desk import ticket_previews, words
from gateway.ops.desk.shared import DeskSection, done, status_shown
from gateway.ops.staff import forms
from gateway.ops.staff.forms import parse_form, query_value
from gateway.ops.staff.list_links import back_query, with_back
from gateway.ops.staff.previews import wants_change, wants_preview
from gateway.ops.staff.session import Desk
from people.tracking import grouped, grouped_secret

# address of the form → its contract, and the fields that the form does not have
ACTS: dict[str, tuple[Contract, Json]] = {
    "say": (contracts.ANSWER, {"final": False}),
    "answer": (contracts.ANSWER, {"final": True}),
    "note": (contracts.NOTE, {}),
    "assign": (contracts.ASSIGN, {}),
    "pause": (contracts.PAUSE, {}),
    "resume": (contracts.RESUME, {}),
    "invite": (contracts.INVITE, {}),
    "visit": (contracts.VISITED, {}),
    "merge": (contracts.MERGE, {}),
    "unmerge": (contracts.UNMERGE, {}),
    "close": (contracts.CLOSE, {}),
    "take_up": (contracts.TAKE_UP, {}),
    "new_secret": (contracts.SEND_NEW_SECRET, {}),
}
FILES = frozenset({"say", "answer"})
PREVIEWED = frozenset({"close", "merge", "new_secret"})
# Acts after which nobody looks after an unpaid bill by itself.
ENDS = frozenset({"answer", "close", "merge"})
QUEUES = (*STATES, "WORK", "ALL")


class TicketPages(DeskSection):
    """The pages of tickets."""

    def __init__(self, desk: Desk, blobs: Blobs, portal: str) -> None:
        super().__init__(desk)
        self._blobs, self._portal = blobs, portal

    async def queue(self, request: Request) -> Response:
        """GET /desk: the unit's tickets by due time."""
        state = query_value(request, "state", "WORK")
        wanted = {
            "state": state if state in QUEUES else "WORK",
            "search": query_value(request, "search")[:100],
            "mine": query_value(request, "mine") == "1",
            "late": query_value(request, "late") == "1",
            "unit": query_value(request, "unit")[:40] or None,
            "page": forms.page_number(request),
        }
        reply = await self.desk.ask_json(request, contracts.QUEUE, wanted)
        return await self.page(request, "queue", reply=reply, wanted=wanted)

    async def ticket(self, request: Request) -> Response:
        """GET /desk/tickets/{code}"""
        return await self._ticket(request, None, {})

    async def _ticket(
        self, request: Request, error: BusError | None, typed: Mapping[str, str]
    ) -> Response:
        reply = await self._read(request)
        return await self.page(
            request,
            "ticket",
            status_shown(error),
            reply=reply,
            bills=await self._open_bills(request, reply),
            typed=typed,
            faults=words.faults_of(error, typed.get("act", "")),
            done=done(request),
            portal=self._portal,
        )

    async def _read(self, request: Request) -> Json:
        code = {"code": request.path_params["code"]}
        return await self.desk.ask_json(request, contracts.READ, code)

    async def _open_bills(self, request: Request, ticket: Json) -> list[Json]:
        """Return unpaid bills that the ticket is about or that were issued for it.

        None while billing is away, for a ticket is worked on without it too.
        """
        about = ticket["about"] or {}
        bill = about["ref"][:20] if about.get("kind") == "bill" else None
        try:
            question = {"ticket": ticket["code"], "bill": bill}
            reply = await self.desk.ask_json(request, OPEN_BILLS_OF_TICKET, question)
        except BusError:
            return []
        return list(reply["bills"])

    async def act(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/{act}: one act; an error is shown beside what was typed."""
        name, code = request.path_params["act"], request.path_params["code"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        form = await forms.read_form(request, self._blobs_of(request, name))
        typed = {**{field: value_of(form.values, field) for field in form.values}, "act": name}
        if wants_change(form.values):
            return await self._ticket(request, None, typed)
        try:
            if name in FILES and (prepared := await self._prepared(request, typed)) is not None:
                return await self._ticket(request, None, {**typed, "text": prepared, "filled": "1"})
            answer = await self._do(request, name, code, form, typed)
        except (Unauthenticated, NotFound) as error:
            if error.code != "office.not_found":
                raise
            return await self._ticket(request, error, typed)
        except BusError as error:
            return await self._ticket(request, error, typed)
        back = back_query(request, typed)
        return answer or RedirectResponse(with_back(f"/desk/tickets/{code}?done={name}", back), 303)

    async def _do(
        self, request: Request, name: str, code: str, form: SubmittedForm, typed: Mapping[str, str]
    ) -> Response | None:
        """Do the act, or return the preview of it."""
        if form.problems:
            raise ContractError("The files cannot be taken.", fields=form.problems)
        contract, fixed = ACTS[name]
        data = {**parse_form(contract, form.values), **fixed, "code": code}
        if name in FILES:
            data["attachments"] = [claim.attachment() for claim in form.claims]
        if name in ENDS:
            await self._settle_bills(request, typed)
        if name in PREVIEWED and wants_preview(form.values):
            contract.load_data(dict(data))
            preview = await ticket_previews.preview(self.desk, request, name, data)
            return await self.preview_page(request, form.values, preview)
        await self.desk.ask_json(request, contract, data, id=typed.get("form"))
        return None

    async def _settle_bills(self, request: Request, typed: Mapping[str, str]) -> None:
        """Raise ContractError if a bill is open and nobody has said that it stays so."""
        if typed.get("bills_stay") == "1":
            return
        if await self._open_bills(request, await self._read(request)):
            sentence = "A bill of this ticket is unpaid; say that it stays open."
            fault = FieldError("bills_stay", "required", sentence)
            raise ContractError(sentence, fields=[fault])

    async def _prepared(self, request: Request, typed: Mapping[str, str]) -> str | None:
        """Return the prepared text for the box: a colleague reads it before a citizen does."""
        canned, text = typed.get("canned", ""), typed.get("text", "").strip()
        if not canned or (text and typed.get("fill") != "1"):
            return None
        ticket = await self._read(request)
        for prepared in ticket["canned"]:
            if prepared["code"] == canned:
                return f"{text}\n\n{prepared['text']}".strip()
        sentence = "There is no such prepared text."
        raise ContractError(sentence, fields=[FieldError("canned", "choice", sentence)])

    def _blobs_of(self, request: Request, name: str) -> Blobs | None:
        """Return where files of the act are kept; None without a sign-in."""
        try:
            self.desk.colleague(request)
        except Unauthenticated:
            return None
        return self._blobs if name in FILES else None

    async def file(self, request: Request) -> Response:
        """GET /desk/tickets/{code}/files/{file}"""
        params = request.path_params
        question = {"code": params["code"], "attachment": params["file"]}
        file = await self.desk.ask_json(request, contracts.OPEN_FILE, question)
        return file_response(
            self._blobs, sha256=file["sha256"], type=file["type"], name=file["name"]
        )

    async def telephone(self, request: Request) -> Response:
        """GET and POST /desk/telephone: a clerk writes down what a citizen says."""
        if request.method == "GET":
            form = await self.desk.ask_as_desk(request, FORM, AskForm())
            fresh = self.desk.acts.new_form()
            return await self.page(request, "telephone", form=form, act=fresh, typed={}, faults={})
        values = (await forms.read_form(request)).values
        form = await self.desk.ask_as_desk(request, FORM, AskForm())
        typed = {field: value_of(values, field) for field in values}
        act = self.desk.acts.form_or_new(typed.get("form", ""))
        data = {
            **{n: typed.get(n, "") for n in ("kind", "category", "county", "text", "name")},
            **{n: typed.get(n) or None for n in ("mobile", "email", "national_id")},
            "privacy": typed.get("privacy") or "private",
            "channel": "telephone",
            "declared": typed.get("declared") == "1",
            "secret": act.secret,
        }
        try:
            reply = await self.desk.ask_json(request, REGISTER, data, id=act.id)
        except (ContractError, RuleBroken) as error:
            faults, again = words.faults_of(error), self.desk.acts.seal(act)
            return await self.page(
                request, "telephone", 422, form=form, act=again, typed=typed, faults=faults
            )
        return await self.page(
            request,
            "telephone_done",
            reply=reply,
            code=grouped(reply["code"]),
            secret=grouped_secret(act.secret),
        )

    def routes(self) -> list[Route]:
        """The routes of tickets."""
        return [
            Route("/desk", self.queue),
            Route("/desk/telephone", self.telephone, methods=["GET", "POST"]),
            Route("/desk/tickets/{code}", self.ticket),
            Route("/desk/tickets/{code}/files/{file:int}", self.file),
            Route("/desk/tickets/{code}/{act}", self.act, methods=["POST"]),
        ]
