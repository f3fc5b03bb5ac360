"""Tickets: the page where a clerk works; every form is one Request, and works without script."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.blobs import Blobs
from bus.errors import BusError, ContractError, FieldError, Forbidden, NotFound, Unauthenticated
from bus.messages import kinds
from contracts.billing.treasury import OPEN_BILLS_OF_TICKET, OfTicket, OpenBill
from contracts.ticketing import desk as contracts
from contracts.ticketing.answers import (
    DRAFT_ACTS,
    DRAFT_MOST,
    DRAFTS,
    SAVE_DRAFT,
    Drafts,
    SaveDraft,
)
from contracts.ticketing.civic.blanking import BLANK, UNBLANK
from contracts.ticketing.colleagues import READ_NOTICES, ReadNotices
from contracts.ticketing.desk import DeskTicket, OneTicket
from contracts.ticketing.letters import SPAM
from contracts.ticketing.queue import PRIORITISE
from contracts.ticketing.related import RELATED, Related
from gateway.forms.fields import Fields, parse_form
from gateway.forms.multipart import SubmittedForm
from gateway.forms.values import text_of, typed_of, value_of
from gateway.http.facts import Fact
from gateway.ops.desk import ticket_claims, words
from gateway.ops.desk.lists import opened
from gateway.ops.desk.lists.addresses import DONE_FIELDS
from gateway.ops.desk.lists.corrections import OwnCorrections
from gateway.ops.desk.lists.onward import Target
from gateway.ops.desk.section import AT
from gateway.ops.desk.ticket_beside import BesideTicket
from gateway.ops.desk.ticket_claims import WaitingFile
from gateway.ops.desk.ticket_files import FilePages
from gateway.ops.desk.ticket_previews import TicketPreviews
from gateway.ops.desk.ticket_reminders import Reminders
from gateway.ops.desk.ticket_view import TicketPage
from gateway.ops.staff import forms
from gateway.ops.staff.list_links import back_query, with_back
from gateway.ops.staff.pages import NO_SUBMISSION, StaffPages, Submission, resolved
from gateway.ops.staff.previews import Previewer, wants_change
from gateway.ops.staff.session import Desk

# address of the form → its contract, and the fields that the form does not have
ACTS: dict[str, tuple[kinds.Request, Fields]] = {
    "take": (contracts.TAKE, {}),
    "say": (contracts.ANSWER, {"final": False}),
    "answer": (contracts.ANSWER, {"final": True}),
    "note": (contracts.NOTE, {}),
    "assign": (contracts.ASSIGN, {}),
    "sort": (contracts.SORT, {}),
    "pause": (contracts.PAUSE, {}),
    "resume": (contracts.RESUME, {}),
    "invite": (contracts.INVITE, {}),
    "visit": (contracts.VISITED, {}),
    "merge": (contracts.MERGE, {}),
    "unmerge": (contracts.UNMERGE, {}),
    "close": (contracts.CLOSE, {}),
    "spam": (SPAM, {}),
    "take_up": (contracts.TAKE_UP, {}),
    "take_down": (contracts.TAKE_DOWN, {}),
    "blank": (BLANK, {}),
    "unblank": (UNBLANK, {}),
    "prioritise": (PRIORITISE, {}),
    "new_secret": (contracts.SEND_NEW_SECRET, {}),
    "correct_mobile": (contracts.CORRECT_MOBILE, {}),
}
# Files that wait for their act, and colleagues who are named in what was typed.
WAITING = Fact[list[WaitingFile]]("waiting")
MENTIONED = Fact[list[str]]("mentioned")
# Words to the citizen; what takes files, and what offers prepared texts.
WORDS = frozenset({"say", "answer"})
FILES = WORDS | {"note"}
PREPARED = WORDS | {"pause", "invite", "close"}
# Acts after which nobody looks after an unpaid bill by itself.
ENDS = frozenset({"answer", "close", "merge"})


class TicketPages:
    """The pages of tickets."""

    def __init__(self, pages: StaffPages, desk: Desk, blobs: Blobs) -> None:
        self._pages, self._desk, self._blobs = pages, desk, blobs
        previews = TicketPreviews(pages)
        self._files = FilePages(pages, blobs)
        self._reminders = Reminders(pages, self._ticket)
        self._corrections = OwnCorrections(pages, self._ticket)
        self._beside = BesideTicket(pages)
        self._previews: Mapping[str, Previewer] = {
            "answer": previews.answer,
            "close": previews.close,
            "spam": previews.spam,
            "merge": previews.merge,
            "take_down": previews.take_down,
            "blank": self._beside.blank,
            "unblank": self._beside.unblank,
            "new_secret": previews.new_secret,
            "correct_mobile": previews.correct_mobile,
        }

    # --- the page ---

    async def ticket(self, request: Request) -> Response:
        """GET /desk/tickets/{code}; ``?open=`` names an act whose form stands open."""
        opened = request.query_params.get("open", "")
        shown = Submission(opened) if opened in ACTS else NO_SUBMISSION
        try:
            return await self._ticket(request, shown)
        except Forbidden as error:
            if error.code != "desk.unit":
                raise
            # With which unit it is now, for who comes by a link of before.
            elsewhere = Submission(error=error)
            code = resolved(request.path_params["code"])
            return await self._pages.page(request, "elsewhere", elsewhere, code=code)

    async def _ticket(self, request: Request, submission: Submission) -> Response:
        if submission.error and submission.act in PREPARED:
            submission = replace(submission, error=words.or_prepared(submission.error))
        ticket = await self._read(request)
        page = await self._pages.page(
            request,
            "ticket",
            submission,
            reply=resolved(ticket),
            bills=self._open_bills(request, ticket),
            view=self._view(request, ticket),
            files=resolved(WAITING.get(request, [])),
            mentioned=resolved(MENTIONED.get(request, [])),
            done=resolved(_done(request)),
        )
        opened.remember(self._desk, request, page, ticket.code)
        return page

    async def _read(self, request: Request) -> DeskTicket:
        message = OneTicket(code=request.path_params["code"])
        return await self._pages.ask(request, contracts.READ, message)

    async def _view(self, request: Request, ticket: DeskTicket) -> TicketPage:
        """Gather what stands beside the ticket; whoever reads it has read its notices."""
        related, drafts, public, levels, _ = await asyncio.gather(
            self._related(request, ticket),
            self._drafts(request, ticket),
            self._beside.words(request, ticket),
            self._beside.levels(request, ticket),
            self._read_notices(request, ticket),
        )
        return TicketPage.of(ticket, related, drafts, public, levels)

    async def _read_notices(self, request: Request, ticket: DeskTicket) -> None:
        if self._desk.colleague(request).unread:
            await self._pages.ask(request, READ_NOTICES, ReadNotices(code=ticket.code))

    async def _related(self, request: Request, ticket: DeskTicket) -> Related | None:
        try:
            return await self._pages.ask(request, RELATED, OneTicket(code=ticket.code))
        except BusError:
            return None

    async def _drafts(self, request: Request, ticket: DeskTicket) -> Drafts:
        return await self._pages.ask(request, DRAFTS, OneTicket(code=ticket.code))

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

    # --- acts ---

    async def act(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/{act}: one act; an error is shown beside what was typed."""
        name, code = request.path_params["act"], request.path_params["code"]
        if name not in ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        form = await forms.read_form(request, self._blobs_of(request, name))
        form.values["act"] = [name]
        MENTIONED.set(request, form.values.get("mentions", []))
        files = self._waiting(request, name, form)
        typed = typed_of(form.values)
        contract, fixed = ACTS[name]
        if value_of(form.values, "draft") == "1":
            return await self._keep_draft(request, name, form)
        fields = {**parse_form(contract, form.values), **fixed, "code": code}
        if name in FILES:
            fields["attachments"] = [file.claim.attachment() for file in files]
        fields.pop("canned", None)
        if name == "assign" and _goes_without_its_colleague(typed):
            fields.pop("assignee", None)
        try:
            if not wants_change(form.values):
                text = await self._prepared(request, typed) if name in PREPARED else None
                if text is not None or ticket_claims.DROP in form.values:
                    filled = {**typed, **({"text": text, "filled": "1"} if text else {})}
                    return await self._ticket(request, Submission(name, filled))
                await self._judge(request, name, form, typed)
        except BusError as error:
            return await self._pages.refused(request, self._ticket, typed, error)
        preview = self._previews.get(name)
        return await self._pages.send(
            request,
            contract,
            self._ticket,
            self._target(request, typed),
            form.values,
            fields,
            preview,
        )

    def _target(self, request: Request, typed: Mapping[str, str]) -> Target:
        act, back = request.path_params["act"], back_query(request, typed)
        return Target(act, back, typed.get("then", ""), typed.get("version", ""))

    def _waiting(self, request: Request, name: str, form: SubmittedForm) -> list[WaitingFile]:
        files = ticket_claims.waiting(self._desk, form) if name in FILES else []
        WAITING.set(request, files)
        if files:
            ticket_claims.carry(form, files)
        return files

    async def _judge(
        self, request: Request, name: str, form: SubmittedForm, typed: Mapping[str, str]
    ) -> None:
        """Raise ContractError for files that cannot be taken, or if a bill is open and nobody has
        said that it stays so: ticketing knows of no bills.
        """
        if form.problems:
            raise ContractError("The files cannot be taken.", fields=form.problems)
        if name not in ENDS or typed.get("bills_stay") == "1":
            return
        if await self._open_bills(request, await self._read(request)):
            sentence = "A bill of this ticket is unpaid; say that it stays open."
            fault = FieldError("bills_stay", "required", sentence)
            raise ContractError("A bill is open beside the ticket.", fields=[fault])

    async def _prepared(self, request: Request, typed: Mapping[str, str]) -> str | None:
        """Return the prepared text for the box: a colleague reads it before a citizen does."""
        canned, text = typed.get("canned", ""), typed.get("text", "").strip()
        if not canned:
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

    # --- drafts ---

    async def _keep_draft(self, request: Request, name: str, form: SubmittedForm) -> Response:
        """Keep the text of a form by its button, for a browser without script."""
        typed = typed_of(form.values)
        try:
            await self._save(request, name, form)
        except BusError as error:
            return await self._pages.refused(request, self._ticket, typed, error)
        code, back = request.path_params["code"], back_query(request, typed)
        done = "draft" if typed.get("text") else "draft_gone"
        target = f"{AT}/tickets/{code}?done={done}&open={name}"
        return RedirectResponse(with_back(target, back), 303)

    async def draft(self, request: Request) -> Response:
        """POST /desk/tickets/{code}/draft: keep a text that is being typed; 204, without a page."""
        form = await forms.read_form(request)
        name = text_of(form.values, "act")
        await self._save(request, name if name in DRAFT_ACTS else "", form)
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def _save(self, request: Request, name: str, form: SubmittedForm) -> None:
        if name not in DRAFT_ACTS:
            raise NotFound("There is no such act.", code="http.not_found")
        form_id = text_of(form.values, "form")
        message = SaveDraft(
            code=request.path_params["code"],
            act=name,
            text=value_of(form.values, "text")[:DRAFT_MOST],
            form=self._desk.form_message_id(request, ACTS[name][0], form_id) if form_id else None,
        )
        await self._pages.ask(request, SAVE_DRAFT, message)

    def routes(self) -> list[Route]:
        """The routes of tickets."""
        ticket = f"{AT}/tickets/{{code}}"
        return [
            Route(ticket, self.ticket),
            *self._files.routes(),
            *self._reminders.routes(),
            *self._corrections.routes(),
            Route(f"{ticket}/draft", self.draft, methods=["POST"]),
            Route(f"{ticket}/{{act}}", self.act, methods=["POST"]),
        ]


def _goes_without_its_colleague(typed: Mapping[str, str]) -> bool:
    """True if another unit was chosen and the colleague left as the form had it: nobody meant that
    a colleague of this unit works on it there.
    """
    unit, assignee = typed.get("unit"), typed.get("assignee")
    return unit != typed.get("was_unit") and assignee == typed.get("was_assignee")


def _done(request: Request) -> Mapping[str, str]:
    """What was done before this page came: the act, its ticket, and the version that it left."""
    return {name: forms.query_value(request, name)[:45] for name in DONE_FIELDS}
