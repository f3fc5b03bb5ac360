"""POST /oauth/token: client credentials (RFC 6749, section 4.4) against a token that is bound."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from bus.errors import BusError, Forbidden, RuleBroken, Unauthenticated
from contracts import agency_contracts
from gateway import web
from gateway.agency.door.door import Door
from gateway.agency.door.refusals import claim
from gateway.agency.door.verification import is_signed
from gateway.agency.proofs.jose import CLIENT_ALGORITHMS, LEAST_JTI, Token, Unreadable
from gateway.agency.proofs.replays import KEEP_SECONDS
from gateway.agency.proofs.tokens import LIFE, Access
from gateway.http import bodies, problems
from members.documents import Agency, Credential, Grant, today
from members.register import Register, rights

FORM = "application/x-www-form-urlencoded"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Common libraries make assertions of an hour; a jti is kept for as long as its assertion lives.
LONGEST_LIFE, SKEW = 3600, 60
MOST_FIELDS = 20
UNPROVEN = "This client was not proven: compare client_id, key id, key and certificate."
# The errors of RFC 6749 (section 5.2) and RFC 9449 (section 5) by our own codes.
ERRORS = {
    "oauth.grant_type": "unsupported_grant_type",
    "oauth.scope": "invalid_scope",
    "dpop.nonce": "use_dpop_nonce",
}
FAMILIES = {
    "dpop": "invalid_dpop_proof",
    **dict.fromkeys(("assertion", "client", "identity"), "invalid_client"),
}
CALLERS_FAULT, LATER = (401, 422), (429, 503)
_SCHEME = re.compile(r"[A-Za-z0-9-]{1,20}")
UNSAFE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


GrantForm = Mapping[str, str]


class OneTime(NamedTuple):
    """A proof that is accepted once, and the seconds for which it is recorded."""

    kind: str
    scope: str
    nonce: str
    created: float
    keep: int


class Endpoint:
    """Give tokens to agencies that prove themselves by a registered key or certificate."""

    def __init__(self, door: Door) -> None:
        self._door, self._verifiers = door, door.verifiers

    async def token(self, request: Request) -> Response:
        """POST /oauth/token; a refusal has the form of RFC 6749, with our code beside."""
        try:
            self._door.require_own_host(request)
            form = await _form(request)
            self._check_one_way(request, form)
            return web.json_response(
                await self._grant(request, form), headers={"Pragma": "no-cache"}
            )
        except BusError as error:
            request.state.code = error.code
            return _refusal(request, error, self._door.base)

    def _check_one_way(self, request: Request, form: GrantForm) -> None:
        """RFC 6749, section 2.3: a client proves itself in one way. Passwords are none of ours."""
        signed = is_signed(self._door.http_message(request))
        others = [signed, "authorization" in request.headers, "client_secret" in form]
        if sum([*others, "client_assertion" in form]) > 1:
            raise RuleBroken("Prove yourself in one way only.", code="oauth.request")
        if any(others):
            raise Unauthenticated(
                "Prove yourself by client_assertion (private_key_jwt), or by your certificate.",
                code="client.unproven",
            )

    async def _grant(self, request: Request, form: GrantForm) -> dict[str, object]:
        if form.get("grant_type") != "client_credentials":
            raise RuleBroken("grant_type is client_credentials.", code="oauth.grant_type")
        credential, assertion = self._client(request, form)
        agency = self._verifiers.register.owner(credential.id)
        request.state.agency = agency.code
        proofs = [self._checked_assertion(credential, assertion)] if assertion else []
        binding: dict[str, object] = {"x5t#S256": credential.thumbprint}
        if "dpop" in self._door.http_message(request).headers or credential.thumbprint is None:
            dpop = self._dpop_proof(request)
            proofs.append(dpop)
            binding = {"jkt": dpop.scope}
        await self._accept_once(request, agency, proofs)
        access = _access(self._verifiers.register, agency, credential, form, binding)
        return {
            "access_token": self._verifiers.tokens.make(access, self._door.base),
            "token_type": "DPoP" if "jkt" in binding else "Bearer",
            "expires_in": LIFE,
            "scope": " ".join(sorted(access.scope)),
        }

    async def _accept_once(
        self, request: Request, agency: Agency, proofs: Sequence[OneTime]
    ) -> None:
        """Refuse proofs that were used before, count the request, and record the proofs."""
        replays = self._verifiers.replays
        for proof in proofs:
            replays.check(proof.kind, proof.scope, proof.nonce, proof.created)
        request.state.limits = self._verifiers.limits.take(agency)
        for proof in proofs:
            replays.note(proof.kind, proof.scope, proof.nonce, proof.keep)
        for proof in proofs:
            await self._verifiers.shared_replays.take(
                proof.kind, proof.scope, proof.nonce, proof.keep
            )

    def _checked_assertion(self, credential: Credential, assertion: Token) -> OneTime:
        base = self._door.base
        _check_assertion(assertion, (base, f"{base}/oauth/token"))
        keep = int(assertion.seconds("exp") - time.time()) + 2 * SKEW
        return OneTime(
            "assertion",
            credential.id,
            assertion.text("jti"),
            assertion.seconds("iat"),
            max(keep, KEEP_SECONDS),
        )

    def _dpop_proof(self, request: Request) -> OneTime:
        message = self._door.http_message(request)
        url = message.target_uri.partition("?")[0]
        proof = self._verifiers.proofs.check(message.headers.get("dpop"), message.method, url)
        return OneTime("dpop", proof.thumbprint, proof.jti, proof.created, KEEP_SECONDS)

    def _client(self, request: Request, form: GrantForm) -> tuple[Credential, Token | None]:
        """The credential that the client proves, and its assertion if it sent one.

        Unauthenticated tells nobody which clients and keys are registered.
        """
        thumbprint = self._verifiers.certificates.thumbprint(request)
        shown = self._verifiers.register.certificate(thumbprint) if thumbprint else None
        if "client_assertion" in form:
            return self._client_of_assertion(request, form, shown)
        if shown is None or form.get("client_id") != shown.agency:
            raise Unauthenticated(UNPROVEN, code="client.unproven")
        claim(request, shown.id)
        return shown, None

    def _client_of_assertion(
        self, request: Request, form: GrantForm, shown: Credential | None
    ) -> tuple[Credential, Token]:
        """The key that signed the client assertion; ``shown`` is the certificate beside it."""
        if form.get("client_assertion_type") != ASSERTION:
            raise RuleBroken(f"client_assertion_type is {ASSERTION}.", code="oauth.request")
        try:
            token = Token(form["client_assertion"])
            token.require_algorithm(CLIENT_ALGORITHMS)
            issuer, subject, keyid = token.text("iss"), token.text("sub"), token.header.get("kid")
            key = self._verifiers.register.credential(keyid) if isinstance(keyid, str) else None
            if key is not None:
                claim(request, key.id)
            proven = (
                key is not None
                and token.holds(key.jwk, key.algorithms)
                and issuer == subject == key.agency == form.get("client_id", issuer)
                and (shown is None or shown.agency == key.agency)
            )
        except Unreadable as error:
            raise Unauthenticated(
                f"The client assertion cannot be used: {error}", code="assertion.malformed"
            ) from None
        if key is None or not proven:
            raise Unauthenticated(UNPROVEN, code="client.unproven")
        return key, token


def _check_assertion(token: Token, audiences: tuple[str, ...]) -> None:
    """RFC 7523, section 3, with a jti and a short life; its signature was verified before."""
    now = time.time()
    audience = token.claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if len(named) != 1 or named[0] not in audiences:
        raise Unauthenticated(
            f"aud of the assertion must be {audiences[0]}.", code="assertion.audience"
        )
    try:
        created, expires = token.seconds("iat"), token.seconds("exp")
        before = token.seconds("nbf") if "nbf" in token.claims else created
        token.text("jti", least=LEAST_JTI)
    except Unreadable as error:
        raise Unauthenticated(str(error), code="assertion.malformed") from None
    if not 0 < expires - created <= LONGEST_LIFE or max(created, before) > now + SKEW:
        raise Unauthenticated(
            f"iat must be now and exp at most {LONGEST_LIFE} s later; our clock says {int(now)}.",
            code="assertion.time",
        )
    if expires < now - SKEW:
        raise Unauthenticated(
            f"The assertion has expired; our clock says {int(now)}.", code="assertion.expired"
        )


def _access(
    register: Register,
    agency: Agency,
    credential: Credential,
    form: GrantForm,
    binding: Mapping[str, object],
) -> Access:
    """The rights of the token: of what the agency is granted, no more than it asks for."""
    behalf = form.get("on_behalf_of")
    granted = _granted(register, agency, behalf)
    scope = set(form["scope"].split()) if "scope" in form else set(granted)
    if not scope <= granted.keys() or not scope:
        raise RuleBroken(
            "scope names contracts that your agency is granted, with a space between them.",
            code="oauth.scope",
        )
    purpose = form.get("purpose")
    if purpose is not None and not any(
        purpose in grant.purposes for name in scope for grant in granted[name]
    ):
        raise RuleBroken(
            "purpose is one that your agency is granted for a contract of the scope.",
            code="oauth.scope",
        )
    return Access(agency.code, credential.id, frozenset(scope), purpose, binding, behalf)


def _granted(register: Register, agency: Agency, behalf: str | None) -> dict[str, list[Grant]]:
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


async def _form(request: Request) -> GrantForm:
    bodies.media_type(request, FORM)
    raw = await bodies.body(request)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), strict_parsing=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise RuleBroken("The body is not a form.", code="oauth.request") from None
    if len(dict(pairs)) < len(pairs):
        raise RuleBroken("A parameter stands twice.", code="oauth.request")
    return dict(pairs)


def _refusal(request: Request, error: BusError, base: str) -> Response:
    """An error of OAuth; error_description is ASCII without quotes, as RFC 6749 wants it.

    A 401 must name how to come in (RFC 9110), and clients that meet a challenge read no further:
    so it stands for a client alone that tried the header Authorization (RFC 6749, section 5.2).
    """
    trace = request.state.traceparent.split("-")[1]
    problem = problems.describe(error, instance=request.url.path, trace_id=trace)
    family = FAMILIES.get(error.code.partition(".")[0], "invalid_request")
    name, status = ERRORS.get(error.code, family), problem["status"]
    if status in LATER:
        name = "temporarily_unavailable"
    elif status in CALLERS_FAULT:
        status = 400
    headers = problems.headers(error, status)
    if name == "invalid_client" and "authorization" in request.headers:
        status, headers = 401, {**headers, "WWW-Authenticate": _scheme(request)}
    answer = {
        "error": name,
        "error_description": UNSAFE.sub("'", error.message),
        "error_uri": base + problem["type"],
        "code": error.code,
        "trace_id": trace,
    }
    return web.json_response(answer, status, headers)


def _scheme(request: Request) -> str:
    """The challenge of the scheme that the client used."""
    scheme = request.headers["authorization"].partition(" ")[0]
    return f'{scheme.capitalize() if _SCHEME.fullmatch(scheme) else "Basic"} realm="mirab"'
