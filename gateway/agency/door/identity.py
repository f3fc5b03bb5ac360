"""Who asks: by a signature (RFC 9421), or by a token with a proof that it is the asker's own."""

import hmac
import re
import uuid
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from bus.errors import Forbidden, Unauthenticated
from bus.signatures.digest import DigestCheck
from bus.signatures.keys import PublicKey
from bus.signatures.signing import ON_BEHALF_OF, REQUEST_TAG, Message, verify_request
from contracts import Request as Contract
from gateway.agency.door.grants import (
    Agency,
    Grant,
    Register,
    caller,
    granted,
    names,
    require_grant,
)
from gateway.agency.door.rate_limits import RateLimits
from gateway.agency.door.refusals import claim
from gateway.agency.proofs.certificates import Certificates
from gateway.agency.proofs.dpop import Proofs
from gateway.agency.proofs.replays import Replays
from gateway.agency.proofs.tokens import Access, Tokens
from gateway.http.problems import HttpError

NAMESPACE = uuid.UUID("6d697261-6200-5000-8000-000000000001")
# As ECMA-262 reads it too: the OpenAPI document tells it.
IDEMPOTENCY_KEY = r'^"[\x21\x23-\x5b\x5d-\x7e]{16,128}"$'
_KEY = re.compile(IDEMPOTENCY_KEY)
AUTHORIZATION = re.compile(r"(dpop|bearer) +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Visitor:
    """An agency that was proven, by which of its keys, and what it sent beside the body.

    ``nonce`` is what made this request one of its kind; ``address`` is where it comes from;
    ``access`` is what its token gives, None if it signed the request itself; ``on_behalf_of`` is
    the agency in whose name it asks, if that is not itself.
    """

    register: Register
    agency: Agency
    keyid: str
    nonce: str
    message: Message
    idempotency_key: str | None
    address: str | None
    access: Access | None = None
    on_behalf_of: str | None = None

    def digest_check(self) -> DigestCheck:
        """What compares the body with its digest, which who signed must send and others may."""
        return DigestCheck(self.message.headers, required=self.access is None)

    def check_body(self, body: bytes) -> None:
        """SignatureError if the body is not the one that Content-Digest tells."""
        check = self.digest_check()
        check.update(body)
        check.finish()

    def request_id(self, contract: str) -> str:
        """The id that makes a repeat of this request known as one."""
        told = (
            f"key {self.idempotency_key}"
            if self.idempotency_key
            else f"nonce {self.keyid} {self.nonce}"
        )
        behalf = f" for {self.on_behalf_of}" if self.on_behalf_of else ""
        return str(uuid.uuid5(NAMESPACE, f"{self.agency.code}{behalf} {contract} {told}"))

    def require_right(self, contract: Contract) -> None:
        """Forbidden if it came with a token that is not for this contract, or without a grant. A
        purpose is the service's to judge, and to log.
        """
        if contract.judges_purpose:
            return
        if self.access and contract.name not in self.access.scope:
            raise Forbidden(f"The token is not for {contract.name}.", code="token.scope")
        require_grant(self.grants(contract), contract)

    def grants(self, contract: Contract) -> list[Grant]:
        """By which grants it uses the contract; Forbidden, see ``granted``."""
        return granted(self.register, self.agency, contract, self.on_behalf_of, self.address)

    def caller(self, contract: Contract) -> dict[str, Any]:
        """Who asks, as the envelope tells the service: of a token's scope and purpose alone."""
        behalf = self.register.agency(self.on_behalf_of) if self.on_behalf_of else None
        told = caller(self.agency, self.keyid, self.grants(contract), self.on_behalf_of)
        told |= names(self.agency, behalf)
        if self.access:
            inside = contract.name in self.access.scope
            told["grants"] = [
                grant
                for grant in told["grants"]
                if inside and grant["purpose"] == self.access.purpose
            ]
        return told


class Identities:
    """The two ways in."""

    def __init__(
        self,
        register: Register,
        replays: Replays,
        tokens: Tokens,
        proofs: Proofs,
        certificates: Certificates,
    ) -> None:
        self.register, self.replays, self.limits = register, replays, RateLimits()
        self.tokens, self.proofs, self.certificates = tokens, proofs, certificates

    def identify(self, request: Request, message: Message, base: str) -> Visitor:
        """Who asks; Unauthenticated names the check that failed. ``base`` is our own address."""
        told = message.headers.get("authorization", "")
        if told and is_signed(message):
            raise _two_identities()
        if told[:4].lower() == "dpop" or told[:6].lower() == "bearer":
            return self._by_token(request, message, told, base)
        return self._by_signature(request, message)

    def _by_signature(self, request: Request, message: Message) -> Visitor:
        found = verify_request(message, lambda keyid: self._signer(request, keyid))
        agency = self.register.owner(found.keyid)
        self._check_certificate_of(request, agency)
        request.state.agency = agency.code
        # A replay takes nothing of the agency's rate; what is over the rate fills no book.
        self.replays.check("signature", found.keyid, found.nonce, found.created)
        request.state.limits = self.limits.take(agency)
        self.replays.note("signature", found.keyid, found.nonce)
        return Visitor(
            self.register, agency, found.keyid, found.nonce, message, idempotency_key(message),
            address(request), None, message.headers.get(ON_BEHALF_OF),
        )  # fmt: skip

    def _signer(self, request: Request, keyid: str) -> PublicKey | None:
        found = self.register.key(keyid)
        if found is not None:
            claim(request, keyid)
        return found

    def _by_token(self, request: Request, message: Message, told: str, base: str) -> Visitor:
        match = AUTHORIZATION.fullmatch(told)
        if match is None:
            raise Unauthenticated("Send one token: Authorization: DPoP …", code="token.invalid")
        scheme, token = match[1].lower(), match[2]
        access = self.tokens.read(token, base)
        claim(request, access.key)
        if scheme == "bearer":
            self._check_certificate(request, access)
            return self._visitor(request, message, access, uuid.uuid4().hex)
        url = message.target_uri.partition("?")[0]
        proof = self.proofs.check(message.headers.get("dpop"), message.method, url, token=token)
        if not _same(access.binding.get("jkt"), proof.thumbprint):
            raise Unauthenticated("The token belongs to another key.", code="token.binding")
        self.replays.check("dpop", proof.thumbprint, proof.jti, proof.created)
        visitor = self._visitor(request, message, access, proof.jti)
        self.replays.note("dpop", proof.thumbprint, proof.jti)
        return visitor

    def _check_certificate_of(self, request: Request, agency: Agency) -> None:
        """A certificate of another agency beside a proof of this one: nobody is both."""
        thumbprint = self.certificates.thumbprint(request)
        known = self.register.certificate(thumbprint) if thumbprint else None
        if known is not None and known.agency != agency.code:
            raise _two_identities()

    def _check_certificate(self, request: Request, access: Access) -> None:
        """A token without a proof is taken only with the certificate that it is bound to."""
        if not _same(access.binding.get("x5t#S256"), self.certificates.thumbprint(request)):
            raise Unauthenticated(
                "Send the token with the certificate or the DPoP proof that it is bound to.",
                code="token.binding",
            )

    def _visitor(self, request: Request, message: Message, access: Access, nonce: str) -> Visitor:
        """Looks up again what the token says: a key that was taken back ends its tokens."""
        known = self.register.credential(access.key)
        if known is None or known.agency != access.client:
            raise Unauthenticated("The key of this token was revoked.", code="token.revoked")
        agency = self.register.owner(access.key)
        self._check_certificate_of(request, agency)
        request.state.agency = agency.code
        request.state.limits = self.limits.take(agency)
        if message.headers.get(ON_BEHALF_OF, access.on_behalf_of) != access.on_behalf_of:
            raise Forbidden(
                "In whose name you ask stands in the token: ask for one with on_behalf_of.",
                code="token.on_behalf_of",
            )
        return Visitor(
            self.register, agency, access.key, nonce, message, idempotency_key(message),
            address(request), access, access.on_behalf_of,
        )  # fmt: skip


def is_signed(message: Message) -> bool:
    """True if it carries a signature with our tag; proxies may add others of their own."""
    return f'tag="{REQUEST_TAG}"' in message.headers.get("signature-input", "")


def _two_identities() -> Unauthenticated:
    return Unauthenticated(
        "This request names two askers: sign it, or send a token, and with your own certificate.",
        code="identity.two",
    )


def _same(bound: object, shown: str | None) -> bool:
    return (
        isinstance(bound, str)
        and shown is not None
        and hmac.compare_digest(bound.encode(), shown.encode())
    )


def address(request: Request) -> str | None:
    """Where a request comes from, behind the proxies that are trusted."""
    return request.client.host if request.client else None


def idempotency_key(message: Message) -> str | None:
    """The Idempotency-Key (a structured-field string), or None; HttpError if it cannot be read."""
    told = message.headers.get("idempotency-key")
    if told is None:
        return None
    text = told.strip()
    if _KEY.fullmatch(text) is None:
        raise HttpError(
            "idempotency_key.invalid",
            'Idempotency-Key is a text in quotes, 16 to 128 characters: "…".',
        )
    return text[1:-1]
