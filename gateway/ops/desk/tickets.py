"""Tickets at the desk; every form is one Request, and works without JavaScript."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.errors import BusError, ContractError, FieldError, NotFound, Unauthenticated
from bus.messages import kinds
from contracts.billing.treasury import OPEN_BILLS_OF_TICKET, OfTicket, OpenBill
from contracts.ticketing import desk as contracts
from contracts.ticketing.desk import DeskTicket, OneTicket
from gateway.forms.downloads import file_response
from gateway.forms.fields import Fields, parse_form
from gateway.forms.multipart import SubmittedForm
from gateway.forms.values import typed_of
from gateway.ops.desk import words
from gateway.ops.desk.section import AT
from gateway.ops.desk.ticket_previews import TicketPreviews
from gateway.ops.staff import forms
from gateway.ops.staff.list_links import back_query, with_back
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Previewer, wants_change
from gateway.ops.staff.session import Desk

# address of the form → its contract, and the fields that the form does not have
ACTS: dict[str, tuple[kinds.Request, Fields]] = {
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
# Words to the citizen: they take files, and offer prepared texts.
FILES = frozenset({"say", "answer"})
# Acts after which nobody looks after an unpaid bill by itself.
ENDS = frozenset({"answer", "close", "merge"})


class TicketPages:
    """The pages of tickets."""

    def __init__(self, pages: StaffPages, desk: Desk, blobs: Blobs) -> None:
        self._pages, self._desk, self._blobs = pages, desk, blobs
        previews = TicketPreviews(pages)
        self._previews: Mapping[str, Previewer] = {
            "close": previews.close,
            "merge": previews.merge,
            "new_secret": previews.new_secret,
        }

    async def ticket(self, request: Request) -> Response:
        """GET /desk/tickets/{code}"""
        return await self._ticket(request, NO_SUBMISSION)

    async def _ticket(self, request: Request, submission: Submission) -> Response:
        if submission.error and submission.act in FILES:
            submission = replace(submission, error=words.or_prepared(submission.error))
        ticket = await self._read(request)
        bills = self._open_bills(request, ticket)
        return await self._pages.page(
            request, "ticket", submission, reply=resolved(ticket), bills=bills
        )

    async def _read(self, request: Request) -> DeskTicket:
        message = OneTicket(code=request.path_params["code"])
        return await self._pages.ask(request, contracts.READ, message)

    async def _open_bills(self, request: Request, ticket: DeskTicket) -> tuple[OpenBill, ...]:
        """Return unpaid bills that the ticket is about or that were issued for it.

        None while billing is away, for a ticket is worked on without it too.
        """
        about = ticket.about or {}
        bill = about["ref"][:20] if about.get("kind") == "bill" else None
        try:
            message = OfTicket(ticket=ticket.code, bill=bill)
            return (await self._pages.ask(request, OPEN_BILLS_OF_TICKET, message)).bills
        except BusError:
            return ()

    async def act(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/{act}: one act; an error is shown beside what was typed."""
        name, code = request.path_params["act"], request.path_params["code"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        form = await forms.read_form(request, self._blobs_of(request, name))
        values = {**form.values, "act": [name]}
        typed, (contract, fixed) = typed_of(values), ACTS[name]
        fields = {**parse_form(contract, values), **fixed, "code": code}
        if name in FILES:
            fields["attachments"] = [claim.attachment() for claim in form.claims]
        try:
            if not wants_change(values):
                if name in FILES and (text := await self._prepared(request, typed)) is not None:
                    filled = {**typed, "text": text, "filled": "1"}
                    return await self._ticket(request, Submission(name, filled))
                await self._judge(request, name, form, typed)
        except BusError as error:
            return await self._pages.refused(request, self._ticket, typed, error)
        target = with_back(f"tickets/{code}?done={name}", back_query(request, typed))
        return await self._pages.send(
            request, contract, self._ticket, target, values, fields, self._previews.get(name)
        )

    async def _judge(
        self, request: Request, name: str, form: SubmittedForm, typed: Mapping[str, str]
    ) -> None:
        """Raise ContractError for files that cannot be taken, or if a bill is open and nobody has
        said that it stays so.
        """
        if form.problems:
            raise ContractError("The files cannot be taken.", fields=form.problems)
        if name not in ENDS or typed.get("bills_stay") == "1":
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
        for prepared in (await self._read(request)).canned:
            if prepared["code"] == canned:
                return f"{text}\n\n{prepared['text']}".strip()
        sentence = "There is no such prepared text."
        raise ContractError(sentence, fields=[FieldError("canned", "choice", sentence)])

    def _blobs_of(self, request: Request, name: str) -> Blobs | None:
        """Return where files of the act are kept; None without a sign-in."""
        try:
            self._desk.colleague(request)
        except Unauthenticated:
            return None
        return self._blobs if name in FILES else None

    async def file(self, request: Request) -> Response:
        """GET /desk/tickets/{code}/files/{file}"""
        params = request.path_params
        message = contracts.OpenFile(code=params["code"], attachment=params["file"])
        file = await self._pages.ask(request, contracts.OPEN_FILE, message)
        return file_response(self._blobs, sha256=file.sha256, type=file.type, name=file.name)

    def routes(self) -> list[Route]:
        """The routes of tickets."""
        ticket = f"{AT}/tickets/{{code}}"
        return [
            Route(ticket, self.ticket),
            Route(f"{ticket}/files/{{file:int}}", self.file),
            Route(f"{ticket}/{{act}}", self.act, methods=["POST"]),
        ]
