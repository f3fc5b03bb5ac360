"""The session of "my matters": a sealed cookie with a token, and whose it is.

The inquiry context keeps the token as a hash, with a hash of the person; what the browser carries
is sealed, so that mobile and ID stand nowhere in our databases for it. It ends there: a cookie that
somebody has copied opens nothing after the person has left.
"""

import hashlib
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import NamedTuple, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bus.errors import BusError
from contracts.inquiry.persons import SessionProof
from contracts.notify.persons import Person
from gateway.public.site.access import DOORS
from gateway.public.site.services import Services

MY = "/my"
SESSION, PENDING, KNOWN = "mirab_my", "mirab_my_code", "mirab_my_known"
SECONDS = {SESSION: 30 * 60, PENDING: 10 * 60, KNOWN: 180 * 24 * 3600}
ENDED = "my.signed_out"


class Pending(NamedTuple):
    """Who asked for a code, between the two forms."""

    mobile: str
    national_id: str
    request_id: str


class WithServices(Protocol):
    """Pages behind a session."""

    @property
    def services(self) -> Services: ...


Pages = TypeVar("Pages", bound=WithServices)


def with_session(
    handler: Callable[[Pages, Request, SessionProof], Awaitable[Response]],
) -> Callable[[Pages, Request], Awaitable[Response]]:
    """Give the handler the session of the cookie; without one that holds, lead to signing in."""

    @wraps(handler)
    async def run(self: Pages, request: Request) -> Response:
        proof = session_of(self.services, request)
        if proof is None:
            return to(MY)
        try:
            return await handler(self, request, proof)
        except BusError as error:
            if error.code != ENDED:
                raise
            return forget(to(f"{MY}?ended=1"))

    return run


def to(address: str) -> Response:
    """Lead on; nothing keeps the answer, which may carry a cookie."""
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def session_of(services: Services, request: Request) -> SessionProof | None:
    """Return the session that the cookie names; None without a cookie of ours in time."""
    data = services.cookies.open(request.cookies.get(SESSION, ""), SECONDS[SESSION])
    if data is None or set(data) != {"token", "mobile", "national_id"}:
        return None
    return SessionProof(**{name: str(value) for name, value in data.items()})


def keep_session(
    services: Services, request: Request, response: Response, proof: SessionProof
) -> None:
    """Let the browser carry a session that has just begun; who asked for a code is forgotten.

    It is known from now on: a stranger who has codes sent in vain does not use up its own.
    """
    data = {"token": proof.token, "mobile": proof.mobile, "national_id": proof.national_id}
    _set(services, request, response, SESSION, data)
    _set(services, request, response, KNOWN, {"person": _digest(proof)})
    response.delete_cookie(PENDING, path=MY)


def is_known(services: Services, request: Request, person: Person) -> bool:
    """Tell whether this person has signed in from this browser within half a year."""
    data = services.cookies.open(request.cookies.get(KNOWN, ""), SECONDS[KNOWN])
    return data == {"person": _digest(person)}


def _digest(person: Person) -> str:
    """Name a person so that the browser carries neither mobile nor ID, not even sealed."""
    return hashlib.sha256(f"{person.mobile} {person.national_id}".encode()).hexdigest()


def pending_of(services: Services, request: Request) -> Pending | None:
    """Return who asked for a code in this browser; None if nobody did of late."""
    data = services.cookies.open(request.cookies.get(PENDING, ""), SECONDS[PENDING])
    if data is None or set(data) != set(Pending._fields):
        return None
    return Pending(**{name: str(value) for name, value in data.items()})


def keep_pending(
    services: Services, request: Request, response: Response, pending: Pending
) -> None:
    """Remember who asked for a code: it opens for that person alone, and in this browser."""
    _set(services, request, response, PENDING, pending._asdict())


def leave(response: Response) -> Response:
    """Take all from the browser, also that it is known: it may be borrowed."""
    response.delete_cookie(KNOWN, path=MY)
    return forget(response)


def forget(response: Response) -> Response:
    """Take the session from the browser, and all that was opened with it."""
    for name in (SESSION, PENDING):
        response.delete_cookie(name, path=MY)
    for door in DOORS:
        response.delete_cookie(door.cookie, path=door.path)
    return response


def _set(
    services: Services,
    request: Request,
    response: Response,
    name: str,
    data: dict[str, str],
) -> None:
    response.set_cookie(
        name,
        services.cookies.seal(data),
        max_age=SECONDS[name],
        path=MY,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
