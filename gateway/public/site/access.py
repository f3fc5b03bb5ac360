"""Access by code and secret to a ticket, an own inquiry or an inbox: a sealed cookie keeps it open
for half an hour. The form is gateway/public/matters/door.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import NamedTuple, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.errors import BusError, Unavailable
from bus.messages import kinds
from contracts.inquiry.own import READ_OWN
from contracts.notify.inbox import OPEN_INBOX
from contracts.ticketing.citizens import TRACK
from gateway.public.site.services import NOT_OPENED, Services

SECONDS = 30 * 60


class CodeProof(NamedTuple):
    """The code and the secret that open something."""

    code: str
    secret: str


class SecretPage(NamedTuple):
    """Something that opens by code and secret: the Request that tries them, the cookie and its
    path, and the page behind the door.
    """

    contract: kinds.Request
    cookie: str
    path: str
    page: str


DOOR = "/contact/track"
TICKET = SecretPage(TRACK, "mirab_ticket", "/contact", "/contact/ticket")
OWN = SecretPage(READ_OWN, "mirab_own", "/inquiry", "/inquiry/mine")
INBOX = SecretPage(OPEN_INBOX, "mirab_inbox", "/inbox", "/inbox/mine")
DOORS = (TICKET, OWN, INBOX)
# A proof that was right when it was kept, and is no more.
NO_MORE = ("ticket.not_opened", "own.not_opened", "inbox.not_opened")


async def leave(_: Request, door: SecretPage) -> Response:
    """Lead back to the form; the browser opens what is behind the door no more."""
    response = RedirectResponse(DOOR, 303)
    response.delete_cookie(door.cookie, path=door.path)
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
    """Give the handler the proof of the cookie; without one, or with one that opens no more (of an
    old secret, or a pass whose time is over), the browser is led to the form.
    """

    @wraps(handler)
    async def run(self: Pages, request: Request) -> Response:
        proof = proof_of(self.services, request, self.door)
        if proof is None:
            return RedirectResponse(DOOR, 303)
        try:
            return await handler(self, request, proof)
        except BusError as error:
            if error.code not in NO_MORE:
                raise
            return await leave(request, self.door)

    return run


async def open_door(
    services: Services, request: Request, first: SecretPage, typed: Mapping[str, str]
) -> Response:
    """Lead to what code and secret belong to, on whichever page they were typed.

    A door that is away does not shut the others. If they open nothing, the refusal of the
    ``first`` door is raised.
    """
    message = first.contract.load({name: value for name, value in typed.items() if value})
    proof = CodeProof(message.code, message.secret)
    door = first
    try:
        await services.ask_json(request, first.contract, proof._asdict())
    except BusError as error:
        away = isinstance(error, Unavailable)
        if not (_refused(error) or away):
            raise
        other = await _other_door(services, request, first, proof, counted=away)
        if other is None:
            raise
        door = other
    response: Response = RedirectResponse(door.page, 303)
    keep_open(services, request, response, door, proof)
    return response


def _refused(error: BusError) -> bool:
    return error.code in NOT_OPENED


async def _other_door(
    services: Services, request: Request, first: SecretPage, proof: CodeProof, *, counted: bool
) -> SecretPage | None:
    """Return another door that this proof opens.

    A wrong secret is one guess, at however many doors it is tried; it is ``counted`` here if the
    first one, which is away, has not counted it.
    """
    others = [door for door in DOORS if door is not first]
    replies = await asyncio.gather(
        *(
            services.ask_json(request, door.contract, proof._asdict(), counted=counted)
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
