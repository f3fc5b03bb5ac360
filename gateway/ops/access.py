"""Access to the ops face: colleagues by session, machines by token.

Machines of METRICS_NETWORKS, or with METRICS_TOKEN, read health and metrics; the token reads the
board too. It needs neither broker nor database, so that somebody can look when both are away. Acts
need a name and the role of an operator, and are recorded before they are done.
"""

import hmac
import time
from ipaddress import ip_address
from typing import NamedTuple

from starlette.requests import Request

from bus.errors import Forbidden, Unauthenticated, Unavailable
from bus.process import log
from bus.settings import Settings
from contracts.ticketing import accounts
from gateway.http.hosts import network
from gateway.ops.staff.session import Desk, digest_of, needs_second_factor

LOOPBACK = "127.0.0.0/8 ::1/128"
# So long a colleague who was recognised may go on looking while ticketing cannot be asked.
RECENT_SECONDS, MOST_RECENT = 900.0, 1000
_log = log.get("ops")


class Reader(NamedTuple):
    """A reader of the ops face: name and role."""

    name: str
    role: str


class Proof(NamedTuple):
    """The session or the token of who acts, as messages name it."""

    session: str | None
    token: str | None


class Access:
    """Judges each request of the ops face."""

    def __init__(self, desk: Desk, settings: Settings) -> None:
        self._desk = desk
        self._token = settings.get("METRICS_TOKEN")
        listed = settings.text("METRICS_NETWORKS", LOOPBACK)
        self._networks = tuple(map(network, listed.split()))
        self._recent = dict[str, tuple[Reader, float]]()

    async def machine(self, request: Request) -> None:
        """Admit machines that may read health and metrics, and readers of all."""
        try:
            address = ip_address(request.client.host if request.client else "")
        except ValueError:
            address = None
        if address is None or not any(address in network for network in self._networks):
            await self.reader(request)

    async def reader(self, request: Request) -> Reader:
        """Return the reader. Unauthenticated ``ops.token`` or ``desk.signed_out``."""
        token = bearer(request)
        if token is None:
            return self._colleague(request)
        if self._token and hmac.compare_digest(token.encode(), self._token.encode()):
            return Reader("metrics", "observer")
        return await self._ask(accounts.Operation(token=digest_of(token)), request)

    def _colleague(self, request: Request) -> Reader:
        cookie = request.cookies.get(self._desk.cookie_name(request), "")
        try:
            colleague = self._desk.colleague(request)
        except Unavailable:
            reader, at = self._recent.get(digest_of(cookie), (None, 0.0))
            if reader is None or time.monotonic() - at > RECENT_SECONDS:
                raise
            return reader
        except Unauthenticated:
            self._recent.pop(digest_of(cookie), None)
            raise
        if colleague.operator is None:
            raise Forbidden("You are no operator.", code="ops.not_an_operator")
        if colleague.factor is None and self._desk.requires_factor("ops", colleague.role):
            raise needs_second_factor()
        reader = Reader(colleague.username, colleague.operator)
        if len(self._recent) >= MOST_RECENT:
            self._recent.clear()
        self._recent[digest_of(cookie)] = (reader, time.monotonic())
        return reader

    async def act(self, request: Request, act: str, subject: str) -> str:
        """Record an act and return the operator's name; Forbidden for a reader without the role."""
        proof = await self.proof(request)
        operation = accounts.Operation(
            token=proof.token, session=proof.session, act=act, subject=subject
        )
        operator = await self._ask(operation, request)
        self.log(operator.name, act, subject)
        return operator.name

    async def proof(self, request: Request) -> Proof:
        """Return what proves who acts, for ticketing to judge; Forbidden for METRICS_TOKEN."""
        reader = await self.reader(request)
        if reader.name == "metrics":
            raise Forbidden(
                "METRICS_TOKEN reads; acts need a token of ops_tokens or a session.",
                code="ops.observer",
            )
        if reader.role != "operator":
            raise Forbidden("You may look, and not act.", code="ops.observer")
        token = bearer(request)
        if token is not None:
            return Proof(None, digest_of(token))
        return Proof(self._desk.of_session(request)["session"], None)

    @staticmethod
    def log(actor: str, act: str, subject: str) -> None:
        """Write an act that is on record to the log."""
        _log.info("operation", actor=actor, act=act, on=subject)

    async def _ask(self, operation: accounts.Operation, request: Request) -> Reader:
        reply = await self._desk.ask_as_desk(request, accounts.OPERATOR, operation)
        return Reader(reply.name, reply.role)


def bearer(request: Request) -> str | None:
    """Return the token of ``Authorization: Bearer``; None without one (RFC 6750)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def wants_page(request: Request) -> bool:
    """Return True for a browser."""
    return "text/html" in request.headers.get("accept", "")
