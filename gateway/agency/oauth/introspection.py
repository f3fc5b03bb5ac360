"""What becomes of tokens: POST /oauth/introspect (RFC 7662) and POST /oauth/revoke (RFC 7009).

A token is shown to the agency that it was given to, and to the agency that it was given for
(``resource``); to everybody else it is not active, whatever is wrong. Only the agency that it was
given to revokes it.
"""

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import BusError, Forbidden, RuleBroken, Unauthenticated
from gateway import web
from gateway.agency.door.door import Door
from gateway.agency.door.verification import require_token_in_force
from gateway.agency.oauth.clients import Clients
from gateway.agency.oauth.endpoint import RESOURCE_OF, granted_contracts
from gateway.agency.oauth.forms import GrantForm, read_form, refusal, require_one_way
from gateway.agency.proofs.tokens import Issued
from gateway.http.facts import CODE
from members.documents import Agency

INTROSPECTION_PATH, REVOCATION_PATH = "/oauth/introspect", "/oauth/revoke"
INACTIVE = {"active": False}
NO_STORE = {"Pragma": "no-cache"}
_ASCII = re.compile(r"[\x21-\x7e]{1,8192}")

Answer = Callable[[Agency, str], Awaitable[Response]]


class TokenStates:
    """Tell how a token stands, and revoke it."""

    def __init__(self, door: Door) -> None:
        self._door, self._verifiers, self._clients = door, door.verifiers, Clients(door)

    async def introspect(self, request: Request) -> Response:
        """POST /oauth/introspect: whether the token opens anything now, and what."""
        return await self._answer(request, INTROSPECTION_PATH, self._introspected)

    async def revoke(self, request: Request) -> Response:
        """POST /oauth/revoke: end the token before we answer. What is no token of ours is well."""
        return await self._answer(request, REVOCATION_PATH, self._revoked)

    async def _answer(self, request: Request, path: str, answer: Answer) -> Response:
        try:
            self._door.require_own_host(request)
            form = await read_form(request)
            require_one_way(self._door, request, form)
            client = self._clients.prove(request, form, path)
            proofs = [] if client.assertion is None else [client.assertion]
            await self._clients.accept_once(request, client.agency, proofs)
            return await answer(client.agency, _token_of(form))
        except BusError as error:
            CODE.set(request, error.code)
            return refusal(request, error, self._door.base)

    async def _introspected(self, agency: Agency, text: str) -> Response:
        token = self._read(text, agency)
        if token is None or not self._may_see(agency, token):
            return web.json_response(INACTIVE, headers=NO_STORE)
        try:
            client = require_token_in_force(self._verifiers, token)
            await self._verifiers.revoked_tokens.require_valid(token)
        except Unauthenticated:
            return web.json_response(INACTIVE, headers=NO_STORE)
        return web.json_response(self._state(client, token), headers=NO_STORE)

    async def _revoked(self, agency: Agency, text: str) -> Response:
        token = self._read(text, agency)
        if token is not None:
            if token.access.client != agency.code:
                raise RuleBroken("This token was given to another client.", code="oauth.not_yours")
            await self._verifiers.revoked_tokens.revoke(token)
        return web.json_response({}, headers=NO_STORE)

    def _read(self, text: str, agency: Agency) -> Issued | None:
        """A token that we gave and that lives, for this face or for any agency; else None."""
        base = self._door.base
        try:
            return self._verifiers.tokens.read(text, base)
        except Unauthenticated as error:
            if error.code != "token.audience":
                return None
        audiences = [f"{RESOURCE_OF}{code}" for code in self._possible_audiences(agency)]
        try:
            return self._verifiers.tokens.read(text, base, *audiences)
        except Unauthenticated:
            return None

    def _possible_audiences(self, agency: Agency) -> list[str]:
        """The agencies that serve: a token for one of them is shown to it, or to its client."""
        return [other.code for other in self._verifiers.register.agencies() if other.serves]

    def _may_see(self, agency: Agency, token: Issued) -> bool:
        given_for = token.audience == f"{RESOURCE_OF}{agency.code}"
        return token.access.client == agency.code or (given_for and bool(agency.serves))

    def _state(self, client: Agency, token: Issued) -> dict[str, object]:
        """RFC 7662, section 2.2; the scope is what is left of it in the register today."""
        access = token.access
        try:
            granted = granted_contracts(self._verifiers.register, client, access.on_behalf_of)
        except Forbidden:
            granted = {}
        state: dict[str, object] = {
            "active": True,
            "iss": self._door.base,
            "aud": token.audience,
            "sub": access.client,
            "client_id": access.client,
            "token_type": "DPoP" if "jkt" in access.binding else "Bearer",
            "scope": " ".join(sorted(access.scope & granted.keys())),
            "iat": int(token.created),
            "exp": int(token.expires),
            "jti": token.id,
            "cnf": dict(access.binding),
        }
        optional = {"purpose": access.purpose, "on_behalf_of": access.on_behalf_of}
        return {**state, **{name: value for name, value in optional.items() if value}}


def _token_of(form: GrantForm) -> str:
    token = form.get("token", "")
    if not _ASCII.fullmatch(token):
        raise RuleBroken("Send the token as the parameter token.", code="oauth.request")
    return token
