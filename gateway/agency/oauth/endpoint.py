"""POST /oauth/token: client credentials (RFC 6749, section 4.4) against a token that is bound."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import BusError, Forbidden, RuleBroken
from contracts import agency_contracts
from gateway import web
from gateway.agency.door.door import Door
from gateway.agency.oauth.clients import TOKEN_PATH, Clients, OneTime, ProvenClient
from gateway.agency.oauth.forms import GrantForm, read_form, refusal, require_one_way
from gateway.agency.proofs.replays import KEEP_SECONDS
from gateway.agency.proofs.tokens import LIFE, Access
from gateway.http.facts import CODE
from members.clients import ANY_CERTIFICATE
from members.documents import Agency, Grant, today
from members.register import Register, rights

# What a token names that is for an agency which serves contracts, and not for this face (RFC 8707).
RESOURCE_OF = "urn:mirab:agency:"


class Endpoint:
    """Give tokens to agencies that prove themselves by a registered key or certificate."""

    def __init__(self, door: Door) -> None:
        self._door, self._verifiers, self._clients = door, door.verifiers, Clients(door)

    async def token(self, request: Request) -> Response:
        """POST /oauth/token; a refusal has the form of RFC 6749, with our code beside."""
        try:
            self._door.require_own_host(request)
            form = await read_form(request)
            require_one_way(self._door, request, form)
            return web.json_response(
                await self._grant(request, form), headers={"Pragma": "no-cache"}
            )
        except BusError as error:
            CODE.set(request, error.code)
            return refusal(request, error, self._door.base)

    async def _grant(self, request: Request, form: GrantForm) -> dict[str, object]:
        if form.get("grant_type") != "client_credentials":
            raise RuleBroken("grant_type is client_credentials.", code="oauth.grant_type")
        client = self._clients.prove(request, form, TOKEN_PATH)
        binding, client, dpop = self._bind(request, client)
        proofs = [proof for proof in (client.assertion, dpop) if proof is not None]
        await self._clients.accept_once(request, client.agency, proofs)
        audience = self._audience(form)
        access = (
            _access(self._verifiers.register, client, form, binding)
            if audience is None
            else _identity(client, form, binding)
        )
        return {
            "access_token": self._verifiers.tokens.make(access, self._door.base, audience),
            "token_type": "DPoP" if "jkt" in binding else "Bearer",
            "expires_in": LIFE,
            "scope": " ".join(sorted(access.scope)),
        }

    def _bind(
        self, request: Request, client: ProvenClient
    ) -> tuple[dict[str, object], ProvenClient, OneTime | None]:
        """To what the token is bound, by which client: the key of a DPoP proof, or without one the
        certificate of the connection (RFC 8705, section 3). There is no token without.
        """
        has_proof = "dpop" in self._door.http_message(request).headers
        if has_proof or client.certificate is None:
            dpop = self._dpop_proof(request)
            return {"jkt": dpop.scope}, client._replace(certificate_id=None), dpop
        is_registered = client.assertion is None or client.certificate_id is not None
        extra = frozenset() if is_registered else frozenset({ANY_CERTIFICATE})
        bound = client._replace(exceptions=client.exceptions | extra)
        return {"x5t#S256": client.certificate}, bound, None

    def _dpop_proof(self, request: Request) -> OneTime:
        message = self._door.http_message(request)
        url = message.target_uri.partition("?")[0]
        proof = self._verifiers.proofs.check(message.headers.get("dpop"), message.method, url)
        return OneTime("dpop", proof.thumbprint, proof.jti, proof.created, KEEP_SECONDS)

    def _audience(self, form: GrantForm) -> str | None:
        """None for this face; else the agency that serves and for which the token is (RFC 8707)."""
        resource = form.get("resource", self._door.base).rstrip("/")
        if resource == self._door.base:
            return None
        register = self._verifiers.register
        served = register.agency(resource.removeprefix(RESOURCE_OF))
        if not resource.startswith(RESOURCE_OF) or served is None or not served.serves:
            raise RuleBroken(
                f"resource is {self._door.base}, or {RESOURCE_OF} and the code of an agency that "
                "serves contracts.",
                code="oauth.resource",
            )
        return resource


def _identity(client: ProvenClient, form: GrantForm, binding: Mapping[str, object]) -> Access:
    """A token for another agency: it says who the client is, and opens nothing here."""
    if {"scope", "purpose", "on_behalf_of"} & form.keys():
        raise RuleBroken(
            "A token for another agency has no scope, purpose or on_behalf_of: leave them out.",
            code="oauth.scope",
        )
    return _of(client, Access(client.agency.code, client.credential.id, frozenset(), None, binding))


def _of(client: ProvenClient, access: Access) -> Access:
    """The rights of a token, with how its client was proven."""
    return replace(
        access,
        proven_by=client.by,
        exceptions=client.exceptions,
        certificate=client.certificate_id,
    )


def _access(
    register: Register,
    client: ProvenClient,
    form: GrantForm,
    binding: Mapping[str, object],
) -> Access:
    """The rights of the token: of what the agency is granted, no more than it asks for."""
    agency, behalf = client.agency, form.get("on_behalf_of")
    granted = granted_contracts(register, agency, behalf)
    scope = set(form["scope"].split()) if "scope" in form else set(granted)
    if not scope <= granted.keys() or not scope:
        raise RuleBroken(
            "scope names contracts that your agency is granted, with a space between them.",
            code="oauth.scope",
        )
    purpose = _purpose(client, form)
    if purpose is not None and not any(
        purpose in grant.purposes for name in scope for grant in granted[name]
    ):
        raise RuleBroken(
            "purpose is one that your agency is granted for a contract of the scope.",
            code="oauth.scope",
        )
    access = Access(agency.code, client.credential.id, frozenset(scope), purpose, binding, behalf)
    return _of(client, access)


def _purpose(client: ProvenClient, form: GrantForm) -> str | None:
    """The purpose of the token: that of the form, or of the assertion, which may not differ."""
    named = {purpose for purpose in (form.get("purpose"), client.purpose) if purpose is not None}
    if len(named) > 1:
        raise RuleBroken(
            "purpose and the claim purposeId of the assertion name two; leave one out.",
            code="oauth.scope",
        )
    return next(iter(named), None)


def granted_contracts(
    register: Register, agency: Agency, behalf: str | None
) -> dict[str, list[Grant]]:
    """The contracts that the agency may use today, in its own name or on ``behalf`` of another,
    and by which grants. Forbidden ``delegation.not_given`` if that other lets it do nothing.
    """
    granted: dict[str, list[Grant]] = {}
    refusal: Forbidden | None = None
    for contract in agency_contracts():
        try:
            grants = rights(register, agency, contract.name, behalf)
        except Forbidden as error:
            refusal = error
            continue
        in_force = [grant for grant in grants if grant.until >= today()]
        if in_force or contract.everyone:
            granted[contract.name] = in_force
    if refusal and not granted:
        raise refusal
    return granted
