"""The one door: any code of ours with its secret leads on to what it belongs to."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import ContractError, FieldError, NotFound
from contracts.ticketing.citizens import TRACK, TicketProof
from gateway.public.matters.codes import LINK, Fault, Lead, lead_of
from gateway.public.site import words
from gateway.public.site.access import (
    DOOR,
    INBOX,
    OWN,
    TICKET,
    CodeProof,
    SecretPage,
    keep_open,
    open_door,
)
from gateway.public.site.forms import Texts, submit
from gateway.public.site.pages import leads_to, show
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services

# Where the doors of one kind stood before; what was sent there is tried at that kind first.
EARLIER = {"/inquiry/open": OWN, "/inbox/open": INBOX}


class Door:
    """The page with its form, at its address and at the earlier ones."""

    def __init__(self, services: Services, first: SecretPage) -> None:
        self._services, self._first = services, first

    async def form(self, request: Request) -> Response:
        """GET /contact/track"""
        return self.show(request, {}, {})

    def show(self, request: Request, typed: Texts, faults: Texts, status: int = 200) -> Response:
        """Show the form with what was typed and what is wrong."""
        return show(request, "track", status, typed=typed, faults=faults)

    async def open(self, request: Request) -> Response:
        """POST /contact/track: lead on by what was typed."""

        async def follow(typed: Texts) -> Response:
            lead = lead_of(typed["code"], typed["secret"])
            if not isinstance(lead, Lead):
                raise _wrong(lead)
            if lead.proof:
                return await open_door(self._services, request, self._first, typed)
            return RedirectResponse(lead.address, 303)

        return await submit(
            request,
            CodeProof._fields,
            lambda typed, faults, status: self.show(request, typed, faults, status),
            follow,
            secrets=("secret",),
        )

    async def link(self, request: Request) -> Response:
        """GET /l/{key}: the link of our e-mails opens the request."""
        match = LINK.fullmatch(request.path_params["key"])
        dead = {"": words.speaker(words.language(request))("link_dead")}
        if match is None:
            return self.show(request, {}, dead, 404)
        proof = CodeProof(match[1], match[2])
        try:
            await self._services.ask(request, TRACK, TicketProof(**proof._asdict()))
        except (ContractError, NotFound):
            return self.show(request, {}, dead, 404)
        response: Response = RedirectResponse(TICKET.page, 303)
        keep_open(self._services, request, response, TICKET, proof)
        return response


def _wrong(faults: list[Fault]) -> ContractError:
    return ContractError(
        "This is no code of ours.",
        fields=[FieldError(fault.field, fault.text, "") for fault in faults],
    )


def routes(services: Services) -> list[Route]:
    """Return the routes of the door."""
    made = [
        Route(DOOR, same_for_all(Door(services, TICKET).form), methods=["GET"]),
        Route(DOOR, Door(services, TICKET).open, methods=["POST"]),
        Route("/l/{key}", Door(services, TICKET).link, methods=["GET"]),
    ]
    for path, first in EARLIER.items():
        made += [
            Route(path, leads_to(DOOR), methods=["GET"]),
            Route(path, Door(services, first).open, methods=["POST"]),
        ]
    return made
