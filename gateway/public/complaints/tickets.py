"""The pages of a request: contact, the ticket and the acts of its writer."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, NotFound
from bus.messages import kinds
from contracts.ticketing import citizens as contracts
from contracts.ticketing import public
from gateway.forms.downloads import file_response
from gateway.forms.fields import parse_form
from gateway.forms.multipart import TEXT_FORM, read_form
from gateway.forms.values import text_of
from gateway.limits import budgets
from gateway.public.site import words
from gateway.public.site.access import DOOR, TICKET, CodeProof, keep_open, leave, with_proof
from gateway.public.site.forms import Texts
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
        if request.path_params["act"] not in ACTS:
            raise NotFound("There is nothing at this path.", code="http.not_found")
        return await self._act(request)

    @with_proof
    async def _act(self, request: Request, proof: CodeProof) -> Response:
        name = request.path_params["act"]
        blobs = self.services.blobs_of(request) if name == "write" else None
        form = await read_form(request, blobs, fields_limit=TEXT_FORM, shrinks=True)
        typed = {field: text_of(form.values, field) for field in form.values}
        if (press := parse_press(typed.pop("press", ""))) is not None:
            typed |= press._asdict()
        shown = {**typed, "act": name}
        if words.choose(request, form.values):
            return await self._ticket(request, proof, shown, {})
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
                return await leave(request, TICKET)
            status = budgets.status_of(form.problems) or status_of(error)
            return await self._ticket(request, proof, shown, faults_of(request, error), status)
        return RedirectResponse(f"{TICKET.page}?did={name}", 303)

    @with_proof
    async def withdraw_page(self, request: Request, _: CodeProof) -> Response:
        """GET /contact/ticket/withdraw: are you sure?"""
        return show(request, "withdraw", form=self.services.new_id())

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
        Route("/contact/ticket/{act}", tickets.act, methods=["POST"]),
        *(
            Route(f"/contact/ticket/{act}", leads_to(TICKET.page), methods=["GET"])
            for act in ACTS
            if act != "withdraw"
        ),
        Route("/contact/leave", partial(leave, door=TICKET), methods=["POST"]),
        Route("/contact/leave", leads_to(DOOR), methods=["GET"]),
    ]
