"""Inboxes of people: made, and read."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from contracts.notify import inbox as contracts
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.public.site.access import DOOR, INBOX, CodeProof, keep_open, leave, with_proof
from gateway.public.site.pages import leads_to, show
from gateway.public.site.prose import prose
from gateway.public.site.services import Services


class Inbox:
    """What the routes share; a sealed cookie holds code and secret for half an hour."""

    door = INBOX

    def __init__(self, services: Services) -> None:
        self.services = services

    async def page(self, request: Request) -> Response:
        """GET /inbox: what it is, and a button that makes one."""
        return show(request, "inbox", form=self.services.acts.new_form())

    async def make(self, request: Request) -> Response:
        """POST /inbox: a form that is sent twice is one inbox, with one secret."""
        values = await read_fields(request)
        form = self.services.acts.form_or_new(text_of(values, "form"))
        message = contracts.MakeInbox(secret=form.secret)
        made = await self.services.ask(request, contracts.MAKE_INBOX, message, id=form.id)
        response: Response = RedirectResponse(f"{INBOX.page}?new=1", 303)
        keep_open(self.services, request, response, INBOX, CodeProof(made.code, form.secret))
        return response

    @with_proof
    async def mine(self, request: Request, proof: CodeProof) -> Response:
        """GET /inbox/mine: what lies in it, twenty a page."""
        before = request.query_params.get("before") or None
        query = contracts.ReadInbox(code=proof.code, secret=proof.secret, before=before)
        inbox = await self.services.ask(request, contracts.READ_INBOX, query)
        response = show(
            request,
            "inbox_mine",
            inbox=inbox,
            secret=proof.secret,
            before=before,
            prose=prose,
            new=request.query_params.get("new") == "1",
        )
        keep_open(self.services, request, response, INBOX, proof)
        return response


def routes(services: Services) -> list[Route]:
    """The routes of inboxes."""
    inbox = Inbox(services)
    return [
        Route("/inbox", inbox.page, methods=["GET"]),
        Route("/inbox", inbox.make, methods=["POST"]),
        Route("/inbox/mine", inbox.mine),
        Route("/inbox/leave", partial(leave, door=INBOX), methods=["POST"]),
        Route("/inbox/leave", leads_to(DOOR), methods=["GET"]),
    ]
