"""The citizens' pages of a request: contact, follow-up, the ticket and what can be done with it."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, NotFound
from bus.kinds import Request as Contract
from contracts.ticketing import citizens as contracts
from gateway.forms.downloads import file_response
from gateway.forms.multipart import TEXT_FORM, read_fields, read_form
from gateway.forms.values import text_of
from gateway.limits import budgets
from gateway.public.site import words
from gateway.public.site.access import TICKET, keep_open, open_door, proof_of
from gateway.public.site.backend import Tickets
from gateway.public.site.pages import faults_of, leads_to, show, status_of

# Longer ones are left for the contract to refuse: thousands of digits Python itself fails to read.
NUMBER = re.compile(r"[0-9]{1,9}")
LINK = re.compile(r"([0-9]{10})([A-Za-z0-9_-]{22})")
# address of the form → what it asks
ACTS: dict[str, Contract] = {
    "write": contracts.WRITE,
    "reopen": contracts.REOPEN,
    "withdraw": contracts.WITHDRAW,
    "choose_slot": contracts.CHOOSE_SLOT,
    "leave_slot": contracts.LEAVE_SLOT,
    "rate": contracts.RATE,
}
REFUSED = ("ticket.not_opened", "ticket.locked")


class Portal:
    """What the pages share."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    async def contact(self, request: Request) -> Response:
        """GET /contact: register, follow up, units and their addresses."""
        return show(request, "contact", form=await self._tickets.form(request))

    # --- opening a ticket ---

    async def track_page(self, request: Request) -> Response:
        """GET /contact/track"""
        return self._track(request, {}, {})

    def _track(
        self, request: Request, typed: dict[str, str], faults: dict[str, str], status: int = 200
    ) -> Response:
        return show(request, "track", status, typed=typed, faults=faults)

    async def track(self, request: Request) -> Response:
        """POST /contact/track: code and secret open the ticket for half an hour."""
        values = await read_fields(request)
        typed = {name: text_of(values, name) for name in ("code", "secret")}
        if words.choose(request, values):
            return self._track(request, typed, {})
        try:
            return await open_door(self._tickets, request, TICKET, typed)
        except BusError as error:
            # What was typed as a secret is not sent back.
            only_code = {"code": typed["code"]}
            return self._track(request, only_code, faults_of(request, error), status_of(error))

    async def link(self, request: Request) -> Response:
        """GET /l/{key}: the link of our letters opens the ticket."""
        match = LINK.fullmatch(request.path_params["key"])
        lang = words.language(request)
        dead = {"": words.speaker(lang)("link_dead")}
        if match is None:
            return self._track(request, {}, dead, 404)
        try:
            await self._tickets.ask(
                request, contracts.TRACK, {"code": match[1], "secret": match[2]}
            )
        except (ContractError, NotFound):
            return self._track(request, {}, dead, 404)
        response: Response = RedirectResponse("/contact/ticket", 303)
        self.open_for(request, response, match[1], match[2])
        return response

    def open_for(self, request: Request, response: Response, code: str, secret: str) -> None:
        """The browser may open this ticket for half an hour."""
        keep_open(self._tickets, request, response, TICKET, {"code": code, "secret": secret})

    def _proof(self, request: Request) -> dict[str, Any] | None:
        return proof_of(self._tickets, request, TICKET)

    # --- the ticket ---

    async def ticket(self, request: Request) -> Response:
        """GET /contact/ticket: the ticket that the cookie opens."""
        return await self._ticket(request, {}, {})

    async def _ticket(
        self,
        request: Request,
        typed: dict[str, str],
        faults: dict[str, str],
        status: int = 200,
    ) -> Response:
        proof = self._proof(request)
        if proof is None:
            return RedirectResponse("/contact/track", 303)
        ticket = await self._tickets.ask(request, contracts.TRACK, proof)
        did = request.query_params.get("did", "")
        response = show(
            request,
            "ticket",
            status,
            told=ticket,
            typed=typed,
            faults=faults,
            did=did if did in ACTS else "",
            form=self._tickets.new_id(),
        )
        self.open_for(request, response, proof["code"], proof["secret"])
        return response

    async def act(self, request: Request) -> Response:
        """POST /contact/ticket/{act}: one act; an error is shown beside what was typed."""
        name, proof = request.path_params["act"], self._proof(request)
        if name not in ACTS:
            raise NotFound("There is nothing at this path.", code="http.not_found")
        if proof is None:
            return RedirectResponse("/contact/track", 303)
        blobs = self._tickets.blobs_of(request) if name == "write" else None
        form = await read_form(request, blobs, fields_limit=TEXT_FORM)
        typed = {field: text_of(form.values, field) for field in form.values}
        if words.choose(request, form.values):
            return await self._ticket(request, {**typed, "act": name}, {})
        try:
            if form.problems:
                raise ContractError("The files cannot be taken.", fields=form.problems)
            data = {**_data(ACTS[name], typed), **proof}
            if form.claims:
                data["attachments"] = [claim.attachment() for claim in form.claims]
            await self._tickets.ask(request, ACTS[name], data, id=typed.get("form") or None)
        except BusError as error:
            if error.code in REFUSED:
                return await self.leave(request)
            faults = faults_of(request, error)
            status = budgets.status_of(form.problems) or status_of(error)
            return await self._ticket(request, {**typed, "act": name}, faults, status)
        return RedirectResponse(f"/contact/ticket?did={name}", 303)

    async def withdraw_page(self, request: Request) -> Response:
        """GET /contact/ticket/withdraw: are you sure?"""
        if self._proof(request) is None:
            return RedirectResponse("/contact/track", 303)
        return show(request, "withdraw", form=self._tickets.new_id())

    async def file(self, request: Request) -> Response:
        """GET /contact/ticket/files/{file}"""
        proof = self._proof(request)
        if proof is None:
            return RedirectResponse("/contact/track", 303)
        question = {**proof, "attachment": request.path_params["file"]}
        file = await self._tickets.ask(request, contracts.OPEN_ATTACHMENT, question)
        return file_response(
            self._tickets.blobs, sha256=file["sha256"], type=file["type"], name=file["name"]
        )

    async def visit(self, request: Request) -> Response:
        """GET /contact/ticket/visit.ics: the appointment for a calendar."""
        proof = self._proof(request)
        if proof is None:
            return RedirectResponse("/contact/track", 303)
        invitation = await self._tickets.ask(request, contracts.INVITATION, proof)
        return Response(
            invitation["ics"],
            headers={
                "Cache-Control": "no-store",
                "Content-Disposition": 'attachment; filename="visit.ics"',
            },
            media_type="text/calendar",
        )

    async def leave(self, request: Request) -> Response:
        """POST /contact/leave: the browser opens the ticket no more."""
        response = RedirectResponse("/contact/track", 303)
        response.delete_cookie(TICKET.cookie, path=TICKET.path)
        return response


def _data(contract: Contract, typed: Mapping[str, str]) -> dict[str, Any]:
    """A form's words in the types of the contract; an empty field was not filled in."""
    data: dict[str, Any] = {}
    for name in contract.schema.fields:
        value = typed.get(name, "")
        if name in ("slot", "score") and NUMBER.fullmatch(value):
            data[name] = int(value)
        elif name == "solved" and value:
            data[name] = value == "1"
        elif value and name not in ("code", "secret", "attachments"):
            data[name] = value
    return data


def routes(tickets: Tickets) -> list[Route]:
    """The routes of the portal, but for registering."""
    portal = Portal(tickets)
    return [
        Route("/contact", portal.contact),
        Route("/contact/track", portal.track_page, methods=["GET"]),
        Route("/contact/track", portal.track, methods=["POST"]),
        Route("/contact/ticket", portal.ticket),
        Route("/contact/ticket/visit.ics", portal.visit),
        Route("/contact/ticket/files/{file:int}", portal.file),
        Route("/contact/ticket/withdraw", portal.withdraw_page, methods=["GET"]),
        Route("/contact/ticket/{act}", portal.act, methods=["POST"]),
        *(
            Route(f"/contact/ticket/{act}", leads_to("/contact/ticket"), methods=["GET"])
            for act in ACTS
            if act != "withdraw"
        ),
        Route("/contact/leave", portal.leave, methods=["POST"]),
        Route("/contact/leave", leads_to("/contact/track"), methods=["GET"]),
        Route("/l/{key}", portal.link, methods=["GET"]),
    ]
