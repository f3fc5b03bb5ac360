"""The citizens' pages: contact, follow-up, the ticket and what can be done with it, figures."""

import math
import re
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, ContractError, NotFound, TooMany, Unavailable
from bus.kinds import Request as Contract
from contracts.ticketing import citizens as contracts
from gateway import budgets, pages, uploads
from gateway.origin import own_path
from gateway.public import words
from gateway.public.opening import TICKET, keep_open, open_door, proof_of
from gateway.public.satisfaction import satisfaction
from gateway.public.tickets import Tickets
from gateway.public.times import when_of

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
# The agreement's own text, and what the portal does for each clause.
Endpoint = Callable[[Request], Awaitable[Response]]
AGREEMENT = tomllib.loads((Path(__file__).parent / "agreement.toml").read_text(encoding="utf-8"))


class Faults(dict[str, str]):
    """What is wrong, by field; a field that is well has no text."""

    def __missing__(self, _: str) -> str:
        return ""


def show(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page of the portal in the visitor's language; nobody keeps it."""
    lang = words.language(request)
    values["faults"] = Faults(values.get("faults") or {})
    response = pages.page(
        f"public/{template}.html",
        status,
        lang=lang,
        t=words.speaker(lang),
        none_wrong=Faults(),
        here=own_path(request),
        in_other=_in_other_language(request, lang),
        banner=getattr(request.state, "banner", None),
        when=partial(when_of, lang=lang),
        **values,
    )
    response.headers["Cache-Control"] = "no-store"
    if words.chosen(request):
        response.set_cookie(words.COOKIE, lang, max_age=365 * 86_400, samesite="lax", httponly=True)
    return response


def _in_other_language(request: Request, lang: str) -> str:
    """The address of this page in the other language, with all else that it says."""
    other = words.LANGUAGES[1 - words.LANGUAGES.index(lang)]
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return f"{own_path(request)}?{urlencode([*query, ('lang', other)])}"


def faults_of(request: Request, error: BusError) -> dict[str, str]:
    """What is wrong, by field, in the visitor's words; what belongs to no field under ``""``."""
    lang = words.language(request)
    if isinstance(error, TooMany):
        minutes = math.ceil(int(error.details.get("retry_after", 60)) / 60)
        return {"": words.error_text(lang, error.code, n=minutes)}
    if error.fields:
        return {fault.field: words.fault_text(lang, fault) for fault in error.fields}
    code = "unavailable" if isinstance(error, Unavailable) else error.code
    return {"": words.error_text(lang, code)}


def status_of(error: BusError) -> int:
    """The status of a page that shows an error beside what was typed."""
    return 503 if isinstance(error, Unavailable) else 429 if isinstance(error, TooMany) else 422


def one(values: Mapping[str, list[str]], name: str) -> str:
    """The one value of a field, without blanks around it; empty if it was not sent."""
    return values.get(name, [""])[0].strip()


class Portal:
    """What the pages share."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    # --- pages that anybody reads ---

    async def contact(self, request: Request) -> Response:
        """GET /contact: register, follow up, units and their addresses."""
        return show(request, "contact", form=await self._tickets.form(request))

    async def statistics(self, request: Request) -> Response:
        """GET /statistics: figures in which nobody can be found."""
        told = await self._tickets.ask(request, contracts.STATISTICS, {})
        rows = await satisfaction(self._tickets, request)
        return show(request, "statistics", told=told, satisfaction=rows)

    async def agreement(self, request: Request) -> Response:
        """GET /agreement: the agreement itself, and what the portal does for each clause."""
        return show(request, "agreement", agreement=AGREEMENT)

    async def accessibility(self, request: Request) -> Response:
        """GET /accessibility"""
        return show(request, "accessibility")

    async def privacy(self, request: Request) -> Response:
        """GET /privacy"""
        return show(request, "privacy")

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
        values = (await uploads.read_form(request, None)).values
        typed = {name: one(values, name) for name in ("code", "secret")}
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
        found = LINK.fullmatch(request.path_params["key"])
        lang = words.language(request)
        dead = {"": words.speaker(lang)("link_dead")}
        if found is None:
            return self._track(request, {}, dead, 404)
        try:
            await self._tickets.ask(
                request, contracts.TRACK, {"code": found[1], "secret": found[2]}
            )
        except (ContractError, NotFound):
            return self._track(request, {}, dead, 404)
        response: Response = RedirectResponse("/contact/ticket", 303)
        self.open_for(request, response, found[1], found[2])
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
        told = await self._tickets.ask(request, contracts.TRACK, proof)
        did = request.query_params.get("did", "")
        response = show(
            request,
            "ticket",
            status,
            told=told,
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
        form = await uploads.read_form(request, blobs, fields_limit=uploads.TEXT_FORM)
        typed = {field: one(form.values, field) for field in form.values}
        if words.choose(request, form.values):
            return await self._ticket(request, {**typed, "act": name}, {})
        try:
            if form.problems:
                raise ContractError("The files cannot be taken.", fields=form.problems)
            data = {**_data(ACTS[name], typed), **proof}
            if form.claims:
                data["attachments"] = [claim.told() for claim in form.claims]
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
        asked = {**proof, "attachment": request.path_params["file"]}
        told = await self._tickets.ask(request, contracts.OPEN_ATTACHMENT, asked)
        return uploads.file_response(
            self._tickets.blobs, sha256=told["sha256"], type=told["type"], name=told["name"]
        )

    async def visit(self, request: Request) -> Response:
        """GET /contact/ticket/visit.ics: the appointment for a calendar."""
        proof = self._proof(request)
        if proof is None:
            return RedirectResponse("/contact/track", 303)
        told = await self._tickets.ask(request, contracts.INVITATION, proof)
        return Response(
            told["ics"],
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
    told: dict[str, Any] = {}
    for name in contract.schema.fields:
        value = typed.get(name, "")
        if name in ("slot", "score") and NUMBER.fullmatch(value):
            told[name] = int(value)
        elif name == "solved" and value:
            told[name] = value == "1"
        elif value and name not in ("code", "secret", "attachments"):
            told[name] = value
    return told


def leads_to(page: str) -> Endpoint:
    """What a browser gets that asks for the address of a form's act: the page with the form, for
    who reloads it, comes back to it or changes the language there.
    """

    async def lead(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{page.format(**request.path_params)}{query}", 303)

    return lead


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
        Route("/statistics", portal.statistics),
        Route("/agreement", portal.agreement),
        Route("/accessibility", portal.accessibility),
        Route("/privacy", portal.privacy),
    ]
