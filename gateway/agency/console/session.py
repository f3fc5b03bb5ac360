"""The session of the console: begun by a code that a key has asked for, kept in a cookie.

The cookie is a random text of which only the digest goes on. Whatever the console asks, it asks as
the agency of the session, with the rights that its key has at that moment.
"""

import hashlib
import secrets
from contextlib import suppress
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import BusError, Unauthenticated, Unavailable
from bus.messages import kinds
from bus.messages.kinds import M, R
from contracts.agencies.console import (
    CONSOLE_SESSION,
    ENTER_CONSOLE,
    LEAVE_CONSOLE,
    EnterConsole,
    OfSession,
    Session,
)
from gateway.agency.door.door import Door
from gateway.agency.door.facts import CONSOLE_KEY
from gateway.agency.door.grants import caller_fields, granted, require_grant
from gateway.http.facts import AGENCY, LIMITS, TRACEPARENT
from members.documents import Agency

FACE = {"face": "agency"}
COOKIE, COOKIE_BYTES = "mirab-console", 32


class Member(NamedTuple):
    """Who reads the console: an agency, the key that opened it, and the end of the session."""

    agency: Agency
    key: str
    until: str


class Sessions:
    """The way from an agency's browser to the services."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def enter(self, request: Request, response: Response, code: str) -> None:
        """Exchange a code for a session in the browser's cookie. Unauthenticated
        ``console.code``.
        """
        cookie = secrets.token_urlsafe(COOKIE_BYTES)
        entry = EnterConsole(entry_code=code, session=digest_of(cookie))
        await self._door.client.call(
            ENTER_CONSOLE, entry, caller=FACE, traceparent=TRACEPARENT.of(request)
        )
        secure = request.url.scheme == "https"
        response.set_cookie(
            _name(request), cookie, path="/", httponly=True, samesite="strict", secure=secure
        )

    async def leave(self, request: Request, response: Response) -> None:
        """End the session, here and in the register; here also while the register is away, whose
        session ends by its hour.
        """
        with suppress(Unavailable):
            await self._door.client.call(
                LEAVE_CONSOLE, _of(request), caller=FACE, traceparent=TRACEPARENT.of(request)
            )
        secure = request.url.scheme == "https"
        response.delete_cookie(
            _name(request), path="/", httponly=True, samesite="strict", secure=secure
        )

    async def member(self, request: Request) -> Member:
        """Return whose session the request is of. Unauthenticated ``console.signed_out``; TooMany
        ``limit.reached``, since a page counts as one request of the agency.
        """
        if not request.cookies.get(_name(request)):
            raise signed_out()
        session: Session = await self._door.client.call(
            CONSOLE_SESSION, _of(request), caller=FACE, traceparent=TRACEPARENT.of(request)
        )
        register = self._door.verifiers.register
        credential, agency = register.credential(session.key), register.agency(session.agency)
        if agency is None or credential is None or credential.agency != agency.code:
            raise signed_out()
        AGENCY.set(request, agency.code)
        CONSOLE_KEY.set(request, session.key)
        LIMITS.set(request, self._door.verifiers.limits.take(agency))
        return Member(agency, session.key, session.until)

    async def is_signed_in(self, request: Request) -> bool:
        """True for a browser whose session still holds."""
        try:
            await self.member(request)
        except BusError:
            return False
        return True

    async def ask(
        self,
        request: Request,
        member: Member,
        contract: kinds.Request[M, R],
        message: M,
        *,
        id: str | None = None,
    ) -> R:
        """Ask as the agency, by the grants that it has now; as the door, Forbidden without one."""
        register, host = self._door.verifiers.register, request.client
        address = host.host if host else None
        grants = granted(register, member.agency, contract, None, address)
        require_grant(grants, contract)
        return await self._door.client.call(
            contract,
            contract.checked(message),
            id=id,
            caller=caller_fields(member.agency, member.key, grants),
            traceparent=TRACEPARENT.of(request),
        )

    async def ask_for_all(self, request: Request, contract: kinds.Request[M, R], message: M) -> R:
        """Ask what everybody may read, which is no call of the agency."""
        trace = TRACEPARENT.of(request)
        return await self._door.client.call(contract, message, caller=FACE, traceparent=trace)


def signed_out() -> Unauthenticated:
    """Return the refusal of whoever has no session."""
    return Unauthenticated("Nobody is signed in to the console here.", code="console.signed_out")


def digest_of(cookie: str) -> str:
    """Return the name of a session in messages and in the table."""
    return hashlib.sha256(cookie.encode()).hexdigest()


def _of(request: Request) -> OfSession:
    return OfSession(session=digest_of(request.cookies.get(_name(request), "")))


def _name(request: Request) -> str:
    """A name that only this host can set, over TLS (RFC 6265bis, section 4.1.3.2)."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE
