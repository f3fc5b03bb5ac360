"""Access by code and secret to a ticket, an own inquiry or an inbox: the form, and a sealed cookie
that keeps it open for half an hour.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import NamedTuple, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.errors import BusError
from bus.messages import kinds
from contracts.inquiry.own import READ_OWN
from contracts.notify.inbox import OPEN_INBOX
from contracts.ticketing.citizens import TRACK
from gateway.public.site.forms import Texts, submit
from gateway.public.site.pages import show
from gateway.public.site.services import NOT_OPENED, Services

SECONDS = 30 * 60


class CodeProof(NamedTuple):
    """The code and the secret that open something."""

    code: str
    secret: str


class SecretPage(NamedTuple):
    """Something that opens by code and secret: the Request that tries them, the cookie and its
    path, the page behind the door, and the page of the form with its template.
    """

    contract: kinds.Request
    cookie: str
    path: str
    page: str
    form_page: str
    template: str


TICKET = SecretPage(TRACK, "mirab_ticket", "/contact", "/contact/ticket", "/contact/track", "track")
OWN = SecretPage(
    READ_OWN, "mirab_own", "/inquiry", "/inquiry/mine", "/inquiry/open", "inquiry_open"
)
INBOX = SecretPage(OPEN_INBOX, "mirab_inbox", "/inbox", "/inbox/mine", "/inbox/open", "inbox_open")
DOORS = (TICKET, OWN, INBOX)


class DoorPages:
    """The pages of a door: the form for code and secret, and the way out."""

    def __init__(self, services: Services, door: SecretPage) -> None:
        self._services, self._door = services, door

    async def form(self, request: Request) -> Response:
        """GET of the page of the form."""
        return self.show(request, {}, {})

    def show(self, request: Request, typed: Texts, faults: Texts, status: int = 200) -> Response:
        """Show the form with what was typed and what is wrong."""
        return show(request, self._door.template, status, typed=typed, faults=faults)

    async def open(self, request: Request) -> Response:
        """POST of the form: code and secret open for half an hour, whichever door they fit."""
        return await submit(
            request,
            CodeProof._fields,
            lambda typed, faults, status: self.show(request, typed, faults, status),
            lambda typed: open_door(self._services, request, self._door, typed),
            secrets=("secret",),
        )

    async def leave(self, _: Request) -> Response:
        """POST: the browser opens it no more."""
        response = RedirectResponse(self._door.form_page, 303)
        response.delete_cookie(self._door.cookie, path=self._door.path)
        return response


class BehindDoor(Protocol):
    """Pages behind a door."""

    @property
    def door(self) -> SecretPage: ...

    @property
    def services(self) -> Services: ...


Pages = TypeVar("Pages", bound=BehindDoor)


def with_proof(
    handler: Callable[[Pages, Request, CodeProof], Awaitable[Response]],
) -> Callable[[Pages, Request], Awaitable[Response]]:
    """Give the handler the proof of the cookie; without one the browser is led to the form."""

    @wraps(handler)
    async def run(self: Pages, request: Request) -> Response:
        proof = proof_of(self.services, request, self.door)
        if proof is None:
            return RedirectResponse(self.door.form_page, 303)
        return await handler(self, request, proof)

    return run


async def open_door(
    services: Services, request: Request, first: SecretPage, typed: Mapping[str, str]
) -> Response:
    """Lead to what code and secret belong to, on whichever page they were typed.

    If they open nothing, the refusal of the ``first`` door is raised.
    """
    message = first.contract.load({name: value for name, value in typed.items() if value})
    proof = CodeProof(message.code, message.secret)
    door = first
    try:
        await services.ask_json(request, first.contract, proof._asdict())
    except BusError as error:
        other = await _other_door(services, request, first, proof) if _refused(error) else None
        if other is None:
            raise
        door = other
    response: Response = RedirectResponse(door.page, 303)
    keep_open(services, request, response, door, proof)
    return response


def _refused(error: BusError) -> bool:
    return error.code in NOT_OPENED


async def _other_door(
    services: Services, request: Request, first: SecretPage, proof: CodeProof
) -> SecretPage | None:
    """Return another door that this proof opens.

    A wrong secret is one guess, at however many doors it is tried.
    """
    others = [door for door in DOORS if door is not first]
    replies = await asyncio.gather(
        *(
            services.ask_json(request, door.contract, proof._asdict(), counted=False)
            for door in others
        ),
        return_exceptions=True,
    )
    opened = zip(others, replies, strict=True)
    return next((door for door, reply in opened if not isinstance(reply, BaseException)), None)


def keep_open(
    services: Services, request: Request, response: Response, door: SecretPage, proof: CodeProof
) -> None:
    """Let the browser open this for half an hour."""
    response.set_cookie(
        door.cookie,
        services.cookies.seal(proof._asdict()),
        max_age=SECONDS,
        path=door.path,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def proof_of(services: Services, request: Request, door: SecretPage) -> CodeProof | None:
    """Return the proof that the cookie of a door keeps; None without a cookie of ours."""
    data = services.cookies.open(request.cookies.get(door.cookie, ""), SECONDS)
    if data is None or set(data) != set(CodeProof._fields):
        return None
    return CodeProof(str(data["code"]), str(data["secret"]))
