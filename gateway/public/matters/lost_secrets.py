"""A lost secret: a one-time code goes to the contact on file, and its owner sees a new secret.

Nobody says what the code belongs to: the services of requests and of inquiries are both asked, and
the page, its words and its time are the same whatever they have on file.
"""

import asyncio
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, TooMany, Unavailable
from contracts.ticketing import lost_secrets as contracts
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.public.matters.level_time import level_time
from gateway.public.site import words
from gateway.public.site.access import OWN, TICKET, CodeProof, keep_open
from gateway.public.site.forms import Texts, submit
from gateway.public.site.pages import faults_of, leads_to, show, status_of
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services

LOST = "/lost"
# Where the pages of each kind stood before.
EARLIER = ("/contact/lost", "/inquiry/lost")
ASK = (contracts.ASK_NEW_SECRET, contracts.ASK_NEW_SECRET_OF_OWN)
RENEW = (contracts.NEW_SECRET, contracts.NEW_SECRET_OF_OWN)
WRONG = "secret_code.wrong"
# In the query where the form of the door was sent on: with a code, and no contact yet.
FROM_DOOR = "door"


class Renewed(NamedTuple):
    """What has a new secret: its code, and whether it is an own inquiry."""

    code: str
    is_own: bool


class Lost:
    """The pages of a lost secret."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def page(self, request: Request) -> Response:
        """GET /lost: by which code, and to which contact?"""
        return show(request, "lost", typed={}, faults={})

    async def ask(self, request: Request) -> Response:
        """POST /lost: a code goes to the contact, if it is the one on file; the page is the same.

        The door's form leads here with the code that was typed there, and no contact yet.
        """

        def page(typed: Texts, faults: Texts, status: int) -> Response:
            return show(request, "lost", status, typed=typed, faults=faults)

        async def ask(typed: Texts) -> Response:
            question = contracts.AskNewSecret(
                code=typed["code"], contact=typed["contact"], language=words.language(request)
            )
            async with level_time():
                ids = await self._ask_both(request, question)
            return RedirectResponse(f"{LOST}/{'.'.join(ids)}", 303)

        if FROM_DOOR in request.query_params:
            values = await read_fields(request)
            return page({"code": text_of(values, "code")}, {}, 200)
        return await submit(request, ("code", "contact"), page, ask)

    async def _ask_both(self, request: Request, question: contracts.AskNewSecret) -> list[str]:
        """Return the id of what each service was asked. A service that is away is no refusal of
        the other: its id is an empty text. The error of both, if both refuse.
        """
        replies = await asyncio.gather(
            *(self._services.ask(request, contract, question) for contract in ASK),
            return_exceptions=True,
        )
        errors = [reply for reply in replies if isinstance(reply, BaseException)]
        for error in errors:
            if not isinstance(error, Unavailable) or len(errors) == len(ASK):
                raise error
        return [
            reply.request_id if isinstance(reply, contracts.CodeReceipt) else ""
            for reply in replies
        ]

    async def code_page(self, request: Request) -> Response:
        """GET with the ids of what was asked: a form for the code that came."""
        return self._code(request, {}, self._services.acts.new_form())

    def _code(
        self, request: Request, faults: dict[str, str], form: str, status: int = 200
    ) -> Response:
        return show(request, "lost_code", status, faults=faults, form=form, back=LOST)

    async def renew(self, request: Request) -> Response:
        """POST: the new secret, shown this once; what it opens stands open from here."""
        values = await read_fields(request)
        form = self._services.acts.form_or_new(text_of(values, "form"))
        ids = request.path_params["ids"].split(".")
        try:
            renewed = await self._renew(request, ids, text_of(values, "pin"), form.secret, form.id)
        except BusError as error:
            faults = {name or "pin": text for name, text in faults_of(request, error).items()}
            # A wrong code was answered under this form: the next one is another act.
            acts = self._services.acts
            again = acts.seal(form) if isinstance(error, Unavailable) else acts.new_form()
            return self._code(request, faults, again, status_of(error))
        door = OWN if renewed.is_own else TICKET
        response = show(
            request, "lost_done", renewed=renewed, secret=form.secret, leads_to=door.page
        )
        proof = CodeProof(renewed.code, form.secret)
        keep_open(self._services, request, response, door, proof)
        return response

    async def _renew(
        self, request: Request, ids: list[str], pin: str, secret: str, act: str
    ) -> Renewed:
        """Try the code at each service that was asked. One wrong code is one guess; of two
        refusals the one that leaves a way is raised.
        """
        refusals: list[BusError] = []
        for contract, request_id in zip(RENEW, ids, strict=False):
            if not request_id:
                continue
            question = contracts.NewSecret(request_id=request_id, pin=pin, secret=secret)
            try:
                reply = await self._services.ask(
                    request, contract, question, id=act, counted=not refusals
                )
            except TooMany:
                raise
            except BusError as error:
                refusals.append(error)
            else:
                return Renewed(reply.code, contract is contracts.NEW_SECRET_OF_OWN)
        # Nothing was asked under such an address.
        refusals = refusals or [BusError("There is no such code.", code="secret_code.gone")]
        raise next(
            (error for error in refusals if isinstance(error, Unavailable)),
            next((error for error in refusals if error.code == WRONG), refusals[0]),
        )


def routes(services: Services) -> list[Route]:
    """Return the routes of lost secrets."""
    lost = Lost(services)
    earlier = [
        route
        for path in EARLIER
        for route in (
            Route(path, leads_to(LOST), methods=["GET"]),
            Route(path, lost.ask, methods=["POST"]),
        )
    ]
    return [
        Route(LOST, same_for_all(lost.page), methods=["GET"]),
        Route(LOST, lost.ask, methods=["POST"]),
        Route(f"{LOST}/{{ids}}", lost.code_page, methods=["GET"]),
        Route(f"{LOST}/{{ids}}", lost.renew, methods=["POST"]),
        *earlier,
    ]
