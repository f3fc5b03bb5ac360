"""How a client proves itself at the OAuth endpoints: private_key_jwt (RFC 7523), or a certificate.

Strict is the rule; what an agency's entry in the register allows beyond it, until a day, is in
members/clients.py. Which exceptions were used stands in the token, so that it ends with them.
"""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.requests import Request

from bus.errors import RuleBroken, Unauthenticated
from gateway.agency.door.door import Door
from gateway.agency.door.refusals import claim
from gateway.agency.oauth.forms import GrantForm
from gateway.agency.proofs.jose import (
    CLIENT_ALGORITHMS,
    EXCEPTIONAL_ALGORITHM,
    LEAST_JTI,
    Token,
    Unreadable,
)
from gateway.agency.proofs.replays import KEEP_SECONDS
from gateway.http.facts import AGENCY, LIMITS
from members.clients import ANY_CERTIFICATE, LONG_ASSERTION, NO_KEY_ID, RS256
from members.documents import Agency, Credential, exceptions_of

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address
# Common libraries make assertions of an hour. Whatever exp says, none is taken more than an hour
# after its iat: so the book of replays keeps none for longer, and a stolen one is soon worthless.
LONGEST_LIFE, SKEW = 3600, 60
# By exception: clients are set up for 30 days and more; a month and a day.
EXCEPTIONAL_LIFE = 31 * 86_400
PURPOSE = "purposeId"
ALL_ALGORITHMS = (*CLIENT_ALGORITHMS, EXCEPTIONAL_ALGORITHM)
UNPROVEN = (
    "This client was not proven: compare client_id, iss, the header kid, key and certificate with "
    "what is registered."
)


class OneTime(NamedTuple):
    """A proof that is accepted once, and the seconds for which it is recorded."""

    kind: str
    scope: str
    nonce: str
    created: float
    keep: int


class ProvenClient(NamedTuple):
    """A client that was proven: by which credential, and ``by`` which algorithm or "certificate".

    ``exceptions`` are those that it needed; ``assertion`` is to be accepted once; ``purpose`` is
    the one that the assertion names, as PDND's clients do.
    ``certificate`` is the thumbprint of the connection's, to which a token may be bound, and
    ``certificate_id`` its id if the register holds it beside the key that proves the client.
    """

    agency: Agency
    credential: Credential
    by: str
    exceptions: frozenset[str]
    assertion: OneTime | None
    certificate: str | None
    certificate_id: str | None
    purpose: str | None = None


class _Assertion(NamedTuple):
    token: Token
    key: Credential
    agency: Agency
    exceptions: frozenset[str]


class Clients:
    """Prove clients; ``prove`` is the same for tokens, introspection and revocation."""

    def __init__(self, door: Door) -> None:
        self._door, self._verifiers = door, door.verifiers
        self._register = door.verifiers.register

    def prove(self, request: Request, form: GrantForm, path: str) -> ProvenClient:
        """The client of a request to the endpoint ``path``.

        Unauthenticated tells nobody which clients and keys are registered, nor which exceptions;
        a client that is proven learns what else was wrong.
        """
        thumbprint = self._verifiers.certificates.thumbprint(request)
        shown = self._register.certificate(thumbprint) if thumbprint else None
        if "client_assertion" not in form:
            return self._by_certificate(request, form, shown)
        assertion = self._by_assertion(request, form, shown)
        AGENCY.set(request, assertion.agency.code)
        base = self._door.base
        audiences = (base, f"{base}{TOKEN_PATH}", f"{base}{path}")
        is_long = _check_assertion(assertion, audiences)
        used = assertion.exceptions | ({LONG_ASSERTION} if is_long else set())
        certificate_id = shown.id if shown is not None else None
        if thumbprint is not None and shown is None:
            is_bound = ANY_CERTIFICATE in exceptions_of(assertion.agency)
            thumbprint = thumbprint if is_bound else None
        return ProvenClient(
            assertion.agency,
            assertion.key,
            str(assertion.token.header["alg"]),
            used,
            _once(assertion),
            thumbprint,
            certificate_id,
            _purpose(assertion.token),
        )

    async def accept_once(
        self, request: Request, agency: Agency, proofs: Sequence[OneTime]
    ) -> None:
        """Refuse proofs that were used before, count the request, and record the proofs."""
        replays = self._verifiers.replays
        for proof in proofs:
            replays.check(proof.kind, proof.scope, proof.nonce, proof.created)
        LIMITS.set(request, self._verifiers.limits.take(agency))
        for proof in proofs:
            replays.note(proof.kind, proof.scope, proof.nonce, proof.keep)
        for proof in proofs:
            await self._verifiers.shared_replays.take(
                proof.kind, proof.scope, proof.nonce, proof.keep
            )

    def _by_certificate(
        self, request: Request, form: GrantForm, shown: Credential | None
    ) -> ProvenClient:
        if shown is None or form.get("client_id") != shown.agency:
            raise Unauthenticated(UNPROVEN, code="client.unproven")
        claim(request, shown.id)
        agency = self._register.owner(shown.id)
        AGENCY.set(request, agency.code)
        return ProvenClient(agency, shown, "certificate", frozenset(), None, shown.thumbprint, None)

    def _by_assertion(
        self, request: Request, form: Mapping[str, str], shown: Credential | None
    ) -> _Assertion:
        """The assertion and the key that signed it; ``shown`` is the certificate beside it."""
        if form.get("client_assertion_type") != ASSERTION:
            raise RuleBroken(f"client_assertion_type is {ASSERTION}.", code="oauth.request")
        try:
            token = Token(form["client_assertion"])
            token.require_algorithm(ALL_ALGORITHMS)
            issuer, subject = token.text("iss"), token.text("sub")
        except Unreadable as error:
            raise Unauthenticated(
                f"The client assertion cannot be used: {error}", code="assertion.malformed"
            ) from None
        key = self._signer(request, token, issuer)
        if (
            key is None
            or not issuer == subject == key.agency == form.get("client_id", issuer)
            or (shown is not None and shown.agency != key.agency)
        ):
            raise Unauthenticated(UNPROVEN, code="client.unproven")
        agency = self._register.owner(key.id)
        return _Assertion(token, key, agency, _exceptions_needed(token, agency))

    def _signer(self, request: Request, token: Token, issuer: str) -> Credential | None:
        """The key of the client that signed the assertion: the one that it names, or without a
        name, where the register says so, any of its own.
        """
        named = token.header.get("kid")
        if "kid" in token.header:
            keys = self._named(named, issuer) if isinstance(named, str) else []
        else:
            agency = self._register.agency(issuer)
            allowed = agency is not None and NO_KEY_ID in exceptions_of(agency)
            keys = self._register.credentials_of(issuer) if allowed else []
        for key in keys:
            claim(request, key.id)
            if token.holds(key.jwk, _algorithms(key)):
                return key
        return None

    def _named(self, kid: str, issuer: str) -> list[Credential]:
        """The key with that id in the register, or in the key set of that agency."""
        key = self._register.credential(kid)
        if key is not None and key.kid is None and key.agency == issuer:
            return [key]
        return [key for key in self._register.credentials_of(issuer) if key.kid == kid]


def _algorithms(key: Credential) -> tuple[str, ...]:
    """The algorithms that a key can sign assertions with, some of them only by exception."""
    return (*key.algorithms, EXCEPTIONAL_ALGORITHM) if "PS256" in key.algorithms else key.algorithms


def _exceptions_needed(token: Token, agency: Agency) -> frozenset[str]:
    """What a proven assertion needs beyond the strict rules.

    Unauthenticated ``assertion.algorithm`` for RS256 that the register does not allow.
    """
    needed = frozenset() if "kid" in token.header else frozenset({NO_KEY_ID})
    if token.header["alg"] != EXCEPTIONAL_ALGORITHM:
        return needed
    if RS256 not in exceptions_of(agency):
        raise Unauthenticated(
            "RS256 is not allowed for your agency today: sign by PS256 with the same key, by ES256 "
            "or EdDSA, or ask the water company for the exception rs256.",
            code="assertion.algorithm",
        )
    return needed | {RS256}


def _purpose(token: Token) -> str | None:
    """The purpose that an assertion names, if it does; PDND has it nowhere else."""
    try:
        return token.text(PURPOSE) if PURPOSE in token.claims else None
    except Unreadable as error:
        raise Unauthenticated(str(error), code="assertion.malformed") from None


def _once(assertion: _Assertion) -> OneTime:
    token = assertion.token
    created = token.seconds("iat")
    ends = min(token.seconds("exp"), created + LONGEST_LIFE)
    keep = int(ends - time.time()) + 2 * SKEW
    return OneTime(
        "assertion", assertion.key.id, token.text("jti"), created, max(keep, KEEP_SECONDS)
    )


def _check_assertion(assertion: _Assertion, audiences: tuple[str, ...]) -> bool:
    """RFC 7523, section 3, with a jti and a short life; its signature was verified before. True if
    it lives longer than without an exception of the register.
    """
    token, now = assertion.token, time.time()
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
    is_exception = LONG_ASSERTION in exceptions_of(assertion.agency)
    longest = EXCEPTIONAL_LIFE if is_exception else LONGEST_LIFE
    if not 0 < expires - created <= longest or max(created, before) > now + SKEW:
        raise Unauthenticated(
            f"iat must be now and exp at most {longest} s later; our clock says {int(now)}.",
            code="assertion.time",
        )
    if min(expires, created + LONGEST_LIFE) < now - SKEW:
        raise Unauthenticated(
            f"The assertion has expired, or its iat is more than an hour ago; our clock says "
            f"{int(now)}.",
            code="assertion.expired",
        )
    return expires - created > LONGEST_LIFE
