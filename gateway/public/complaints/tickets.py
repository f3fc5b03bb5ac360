"""The pages of a request: contact, the ticket and the acts of its writer."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, NotFound, Unavailable
from bus.messages import kinds
from contracts.ticketing import citizens as contracts
from contracts.ticketing import public
from gateway.forms.downloads import file_response
from gateway.forms.fields import parse_form
from gateway.forms.multipart import TEXT_FORM, SubmittedForm, read_form
from gateway.forms.values import text_of
from gateway.limits import budgets
from gateway.public.site import words
from gateway.public.site.access import (
    DOOR,
    TICKET,
    CodeProof,
    keep_open,
    leave,
    proof_of,
    with_proof,
)
from gateway.public.site.forms import Texts, submit
from gateway.public.site.one_press import parse_press
from gateway.public.site.pages import faults_of, leads_to, show, status_of
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services

# The last part of the address of each act, and its Request.
ACTS: dict[str, kinds.Request] = {
    "write": contracts.WRITE,
    "reopen": contracts.REOPEN,
    "withdraw": contracts.WITHDRAW,
    "choose_slot": contracts.CHOOSE_SLOT,
    "leave_slot": contracts.LEAVE_SLOT,
    "rate": contracts.RATE,
    "unpublish": public.UNPUBLISH,
}
REFUSED = ("ticket.not_opened", "ticket.locked")
# What goes on with a form that came too late.
CARRIED = ("act", "text", "score", "solved", "slot")
LATER_SECONDS = 60


class TicketPages:
    """The pages of a ticket; the proof of the writer stands in a sealed cookie."""

    door = TICKET

    def __init__(self, services: Services) -> None:
        self.services = services

    async def contact(self, request: Request) -> Response:
        """GET /contact: register, follow up, units and their addresses."""
        return show(request, "contact", form=await self.services.form(request))

    def open_for(self, request: Request, response: Response, proof: CodeProof) -> None:
        """Let the browser open this ticket for half an hour."""
        keep_open(self.services, request, response, TICKET, proof)

    # --- the ticket ---

    @with_proof
    async def ticket(self, request: Request, proof: CodeProof) -> Response:
        """GET /contact/ticket: the ticket that the cookie opens."""
        return await self._ticket(request, proof, {}, {})

    async def _ticket(
        self, request: Request, proof: CodeProof, typed: Texts, faults: Texts, status: int = 200
    ) -> Response:
        ticket = await self.services.ask(
            request, contracts.TRACK, contracts.TicketProof(**proof._asdict())
        )
        did = request.query_params.get("did", "")
        response = show(
            request,
            "ticket",
            status,
            ticket=ticket,
            typed=typed,
            faults=faults,
            did=did if did in ACTS else "",
            form=self.services.new_id(),
        )
        self.open_for(request, response, proof)
        return response

    async def act(self, request: Request) -> Response:
        """POST /contact/ticket/{act}: one act; a refusal is shown beside what was typed."""
        name = request.path_params["act"]
        if name not in ACTS:
            raise NotFound("There is nothing at this path.", code="http.not_found")
        proof = proof_of(self.services, request, TICKET)
        blobs = self.services.blobs_of(request) if proof and name == "write" else None
        form = await read_form(request, blobs, fields_limit=TEXT_FORM, shrinks=True)
        typed = {field: text_of(form.values, field) for field in form.values} | {"act": name}
        if (press := parse_press(typed.pop("press", ""))) is not None:
            typed |= press._asdict()
        # The form names its ticket: what was meant for it is not done to another one that was
        # opened in the same browser since.
        if proof is None or typed.get("of", proof.code) != proof.code:
            return self._late(request, "other" if proof else "ended", typed, {}, 422)
        try:
            return await self._act(request, proof, form, typed)
        except Unavailable:  # the page of the ticket cannot be shown either
            return self._late(request, "away", typed, {}, 503)

    async def _act(
        self, request: Request, proof: CodeProof, form: SubmittedForm, typed: Texts
    ) -> Response:
        name = typed["act"]
        if words.choose(request, form.values):
            return await self._ticket(request, proof, typed, {})
        try:
            if form.problems:
                raise ContractError("The files cannot be taken.", fields=form.problems)
            texts = {field: [text] for field, text in typed.items() if field != "attachments"}
            data = {**parse_form(ACTS[name], texts), **proof._asdict()}
            if form.claims:
                data["attachments"] = [claim.attachment() for claim in form.claims]
            await self.services.ask_fields(request, ACTS[name], data, id=typed.get("form") or None)
        except BusError as error:
            if error.code in REFUSED:
                return self._late(request, "ended", typed, {}, 422)
            status = budgets.status_of(form.problems) or status_of(error)
            faults = faults_of(request, error)
            faults |= words.refused_files(words.language(request), form.refused)
            return await self._ticket(request, proof, typed, faults, status)
        return RedirectResponse(f"{TICKET.page}?did={name}", 303)

    # --- a form that came too late ---

    def _late(
        self, request: Request, reason: str, typed: Texts, faults: Texts, status: int
    ) -> Response:
        """Show what was typed, why nothing was sent, and how to go on with it: the browser has no
        proof any more (ended) or that of another ticket (other), or the service is away.
        """
        shown = {**typed, "code": typed.get("code") or typed.get("of", "")}
        carried = [name for name in CARRIED if typed.get(name)]
        values = {"typed": shown, "reason": reason, "carried": carried}
        response = show(request, "late", status, faults=faults, **values)
        if reason == "away":
            response.headers["Retry-After"] = str(LATER_SECONDS)
        return response

    async def again(self, request: Request) -> Response:
        """POST /contact/ticket/again: code and secret open the request, and what was typed stands
        in its form; nothing is sent.
        """

        async def reopen(typed: Texts) -> Response:
            proof = {name: typed[name] for name in CodeProof._fields if typed[name]}
            opened = contracts.TRACK.load(proof)
            return await self._ticket(request, CodeProof(opened.code, opened.secret), typed, {})

        return await submit(
            request,
            (*CodeProof._fields, *CARRIED),
            partial(self._late, request, "ended"),
            reopen,
            secrets=("secret",),
            limit=TEXT_FORM,
        )

    @with_proof
    async def withdraw_page(self, request: Request, proof: CodeProof) -> Response:
        """GET /contact/ticket/withdraw: are you sure?"""
        return show(request, "withdraw", form=self.services.new_id(), code=proof.code)

    @with_proof
    async def file(self, request: Request, proof: CodeProof) -> Response:
        """GET /contact/ticket/files/{file}"""
        question = contracts.OpenAttachment(
            **proof._asdict(), attachment=request.path_params["file"]
        )
        file = await self.services.ask(request, contracts.OPEN_ATTACHMENT, question)
        return file_response(
            self.services.blobs, sha256=file.sha256, type=file.type, name=file.name
        )

    @with_proof
    async def visit(self, request: Request, proof: CodeProof) -> Response:
        """GET /contact/ticket/visit.ics: the appointment for a calendar."""
        reply = await self.services.ask(
            request, contracts.INVITATION, contracts.TicketProof(**proof._asdict())
        )
        return Response(
            reply.ics,
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": 'attachment; filename="visit.ics"',
            },
            media_type="text/calendar",
        )


def routes(services: Services) -> list[Route]:
    """Return the routes of tickets, but for registering."""
    tickets = TicketPages(services)
    return [
        Route("/contact", same_for_all(tickets.contact)),
        Route(TICKET.page, tickets.ticket),
        Route("/contact/ticket/visit.ics", tickets.visit),
        Route("/contact/ticket/files/{file:int}", tickets.file),
        Route("/contact/ticket/withdraw", tickets.withdraw_page, methods=["GET"]),
        Route("/contact/ticket/again", tickets.again, methods=["POST"]),
        Route("/contact/ticket/again", leads_to(TICKET.page), methods=["GET"]),
        Route("/contact/ticket/{act}", tickets.act, methods=["POST"]),
        *(
            Route(f"/contact/ticket/{act}", leads_to(TICKET.page), methods=["GET"])
            for act in ACTS
            if act != "withdraw"
        ),
        Route("/contact/leave", partial(leave, door=TICKET), methods=["POST"]),
        Route("/contact/leave", leads_to(DOOR), methods=["GET"]),
    ]
