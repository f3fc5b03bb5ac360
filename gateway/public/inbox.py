"""Inboxes of people: made, opened by code and secret, read."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError
from contracts.notify import inbox as contracts
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.public.site import words
from gateway.public.site.access import INBOX, keep_open, open_door, proof_of
from gateway.public.site.backend import Tickets
from gateway.public.site.pages import faults_of, leads_to, show, status_of


class Inbox:
    """What the routes share; a sealed cookie holds code and secret for half an hour."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    async def page(self, request: Request) -> Response:
        """GET /inbox: what it is, and a button that makes one."""
        return show(request, "inbox", form=self._tickets.acts.new_form())

    async def make(self, request: Request) -> Response:
        """POST /inbox: a form that is sent twice is one inbox, with one secret."""
        values = await read_fields(request)
        form = self._tickets.acts.form_or_new(text_of(values, "form"))
        data = {"secret": form.secret}
        told = await self._tickets.ask(request, contracts.MAKE_INBOX, data, id=form.id)
        return self._opened(request, {"code": told["code"], **data}, "?new=1")

    async def open_page(self, request: Request) -> Response:
        """GET /inbox/open: by code and secret."""
        return show(request, "inbox_open", typed={}, faults={})

    async def open(self, request: Request) -> Response:
        """POST /inbox/open"""
        values = await read_fields(request)
        typed = {name: text_of(values, name) for name in ("code", "secret")}
        if words.choose(request, values):
            return show(request, "inbox_open", typed=typed, faults={})
        try:
            return await open_door(self._tickets, request, INBOX, typed)
        except BusError as error:
            # What was typed as a secret is not sent back.
            return show(
                request, "inbox_open", status_of(error), typed={"code": typed["code"]},
                faults=faults_of(request, error),
            )  # fmt: skip

    async def mine(self, request: Request) -> Response:
        """GET /inbox/mine: what lies in it, twenty a page."""
        proof = proof_of(self._tickets, request, INBOX)
        if proof is None:
            return RedirectResponse("/inbox/open", 303)
        before = request.query_params.get("before")
        told = await self._tickets.ask(
            request, contracts.READ_INBOX, {**proof, **({"before": before} if before else {})}
        )
        response = show(
            request, "inbox_mine", told=told, secret=proof["secret"], before=before,
            new=request.query_params.get("new") == "1",
        )  # fmt: skip
        keep_open(self._tickets, request, response, INBOX, proof)
        return response

    async def leave(self, request: Request) -> Response:
        """POST /inbox/leave: the browser opens the inbox no more."""
        response = RedirectResponse("/inbox/open", 303)
        response.delete_cookie(INBOX.cookie, path=INBOX.path)
        return response

    def _opened(self, request: Request, proof: dict[str, Any], query: str = "") -> Response:
        response: Response = RedirectResponse(f"/inbox/mine{query}", 303)
        keep_open(self._tickets, request, response, INBOX, proof)
        return response


def routes(tickets: Tickets) -> list[Route]:
    """The routes of inboxes."""
    inbox = Inbox(tickets)
    return [
        Route("/inbox", inbox.page, methods=["GET"]),
        Route("/inbox", inbox.make, methods=["POST"]),
        Route("/inbox/open", inbox.open_page, methods=["GET"]),
        Route("/inbox/open", inbox.open, methods=["POST"]),
        Route("/inbox/mine", inbox.mine),
        Route("/inbox/leave", inbox.leave, methods=["POST"]),
        Route("/inbox/leave", leads_to("/inbox/open"), methods=["GET"]),
    ]
