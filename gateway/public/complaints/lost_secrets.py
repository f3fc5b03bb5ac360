"""A lost secret: a one-time code goes to the contact on file, and its owner sees a new secret."""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bus.errors import BusError, Unavailable
from bus.messages import kinds
from contracts.ticketing import lost_secrets as contracts
from gateway.forms.multipart import read_fields
from gateway.forms.values import text_of
from gateway.public.site import words
from gateway.public.site.forms import Texts, submit
from gateway.public.site.pages import faults_of, show, status_of
from gateway.public.site.same_for_all import same_for_all
from gateway.public.site.services import Services


class Kind(NamedTuple):
    """What a lost secret opened: the address of its pages, the entrance, and its two Requests."""

    path: str
    open_at: str
    name: str
    ask: kinds.Request[contracts.AskNewSecret, contracts.CodeReceipt]
    renew: kinds.Request[contracts.NewSecret, contracts.RenewedSecret]


KINDS = (
    Kind(
        "/contact/lost",
        "/contact/track",
        "ticket",
        contracts.ASK_NEW_SECRET,
        contracts.NEW_SECRET,
    ),
    Kind(
        "/inquiry/lost",
        "/inquiry/open",
        "own",
        contracts.ASK_NEW_SECRET_OF_OWN,
        contracts.NEW_SECRET_OF_OWN,
    ),
)


class Lost:
    """The pages of one kind."""

    def __init__(self, services: Services, kind: Kind) -> None:
        self._services, self._kind = services, kind

    async def page(self, request: Request) -> Response:
        """GET: by which code, and to which contact?"""
        return show(request, "lost", kind=self._kind, typed={}, faults={})

    async def ask(self, request: Request) -> Response:
        """POST: a code goes to the contact, if it is the one on file; the page is the same."""

        def page(typed: Texts, faults: Texts, status: int) -> Response:
            return show(request, "lost", status, kind=self._kind, typed=typed, faults=faults)

        async def ask(typed: Texts) -> Response:
            question = contracts.AskNewSecret(
                code=typed["code"], contact=typed["contact"], language=words.language(request)
            )
            reply = await self._services.ask(request, self._kind.ask, question)
            return RedirectResponse(f"{self._kind.path}/{reply.request_id}", 303)

        return await submit(request, ("code", "contact"), page, ask)

    async def code_page(self, request: Request) -> Response:
        """GET with the id of what was asked: a form for the code that came."""
        return self._code(request, {}, self._services.acts.new_form())

    def _code(
        self, request: Request, faults: dict[str, str], form: str, status: int = 200
    ) -> Response:
        return show(request, "lost_code", status, kind=self._kind, faults=faults, form=form)

    async def renew(self, request: Request) -> Response:
        """POST: the new secret, shown this once."""
        values = await read_fields(request)
        form = self._services.acts.form_or_new(text_of(values, "form"))
        question = contracts.NewSecret(
            request_id=request.path_params["id"],
            pin=text_of(values, "pin"),
            secret=form.secret,
        )
        try:
            reply = await self._services.ask(request, self._kind.renew, question, id=form.id)
        except BusError as error:
            faults = {name or "pin": text for name, text in faults_of(request, error).items()}
            # A wrong code was answered under this form: the next one is another act.
            acts = self._services.acts
            again = acts.seal(form) if isinstance(error, Unavailable) else acts.new_form()
            return self._code(request, faults, again, status_of(error))
        return show(request, "lost_done", kind=self._kind, code=reply.code, secret=form.secret)


def routes(services: Services) -> list[Route]:
    """Return the routes of lost secrets."""
    made = []
    for kind in KINDS:
        lost = Lost(services, kind)
        made += [
            Route(kind.path, same_for_all(lost.page), methods=["GET"]),
            Route(kind.path, lost.ask, methods=["POST"]),
            Route(f"{kind.path}/{{id}}", lost.code_page, methods=["GET"]),
            Route(f"{kind.path}/{{id}}", lost.renew, methods=["POST"]),
        ]
    return made
