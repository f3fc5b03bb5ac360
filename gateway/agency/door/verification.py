"""The proof of the asker: by a signature (RFC 9421), or by a token with a proof of its own."""

import hmac
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request

from bus.errors import Forbidden, Unauthenticated
from bus.signatures.keys import PublicKey
from bus.signatures.signing import REQUEST_TAG, HttpMessage, verify_request
from gateway.agency.door.rate_limits import RateLimits
from gateway.agency.door.refusals import claim
from gateway.agency.door.ways import XRoadAsker
from gateway.agency.proofs.certificates import Certificates
from gateway.agency.proofs.dpop import DpopProofs
from gateway.agency.proofs.replays import Replays
from gateway.agency.proofs.revoked_tokens import RevokedTokens
from gateway.agency.proofs.shared_replays import SharedReplays
from gateway.agency.proofs.tokens import Access, Issued, Tokens
from gateway.http.address import Address
from gateway.http.hosts import bare
from gateway.http.problems import HttpError
from members.clients import RS256
from members.documents import Agency, XRoadIdentifier, exceptions_of, today
from members.register import Register, XRoadName

_AUTHORIZATION = re.compile(r"(dpop|bearer) +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
SIGNATURE, DPOP, MTLS, XROAD = "signature", "dpop", "mtls", "xroad"
NO_CERTIFICATE = "Connect with a certificate that the register holds for your agency."
# No code of an agency has this form.
NOBODY = "?"


@dataclass(frozen=True, slots=True)
class Verifiers:
    """The parts that the checks ask: the register, and what knows proofs and their repeats."""

    address: Address
    register: Register
    replays: Replays
    shared_replays: SharedReplays
    tokens: Tokens
    proofs: DpopProofs
    certificates: Certificates
    limits: RateLimits

    @property
    def revoked_tokens(self) -> RevokedTokens:
        """The tokens that were revoked, by the books of used proofs."""
        return RevokedTokens(self.replays, self.shared_replays)


@dataclass(frozen=True, slots=True)
class RequestProof:
    """A proof that holds, and whose it is.

    ``scope`` is that in which ``nonce`` is used once (the id of the key, a thumbprint); ``kind`` is
    that of gateway/agency/proofs/replays.py, None for a token with a certificate, which proves each
    of its requests. ``token`` is the token, if it is by one. ``xroad`` is the asker by X-Road, and
    ``behalf`` the agency in whose name that asks.
    """

    keyid: str
    nonce: str
    created: float
    kind: str | None
    scope: str
    token: Issued | None = None
    xroad: XRoadAsker | None = None
    behalf: str | None = None

    @property
    def access(self) -> Access | None:
        """The rights of the token."""
        return self.token.access if self.token is not None else None

    @property
    def way(self) -> str:
        """By which way the question came in: ``signature``; ``xroad``; or ``oauth``, how the token
        is bound (dpop, mtls), how its client proved itself, and by which exceptions of the
        register, such as ``oauth:mtls:RS256+long_assertion``.
        """
        if self.token is None:
            return XROAD if self.xroad is not None else SIGNATURE
        access = self.token.access
        bound = MTLS if self.kind is None else DPOP
        extra = "".join(f"+{name}" for name in sorted(access.exceptions - {RS256}))
        return f"oauth:{bound}:{access.proven_by or 'key'}{extra}"


def require_own_host(request: Request, address: Address) -> None:
    """HttpError ``http.host`` if our name is asked for at another port."""
    host = request.headers.get("host", "")
    if bare(host) == bare(address.authority) and not _is_own(host, address):
        raise HttpError("http.host", f"This is {address.authority}, not {host}.")


def _is_own(host: str, address: Address) -> bool:
    default = ":443" if address.scheme == "https" else ":80"
    return _without_default(host, default) == _without_default(address.authority, default)


def _without_default(authority: str, default: str) -> str:
    """A host and port without the port of the scheme and the dot of the root."""
    name, colon, port = authority.lower().removesuffix(default).partition(":")
    return name.rstrip(".") + colon + port


def proof_by_signature(
    verifiers: Verifiers, request: Request, message: HttpMessage
) -> RequestProof:
    def key_of(keyid: str) -> PublicKey | None:
        key = verifiers.register.key(keyid)
        if key is not None:
            claim(request, keyid)
        return key

    signed = verify_request(message, key_of)
    return RequestProof(signed.keyid, signed.nonce, signed.created, SIGNATURE, signed.keyid)


def proof_by_token(
    verifiers: Verifiers, request: Request, message: HttpMessage, authorization: str
) -> RequestProof:
    match = _AUTHORIZATION.fullmatch(authorization)
    if match is None:
        raise Unauthenticated("Send one token: Authorization: DPoP …", code="token.invalid")
    scheme, token = match[1].lower(), match[2]
    issued = verifiers.tokens.read(token, str(verifiers.address))
    access = issued.access
    claim(request, access.key)
    if scheme == "bearer":
        _require_certificate(verifiers, request, access)
        return RequestProof(access.key, uuid.uuid4().hex, 0.0, None, access.key, issued)
    url = message.target_uri.partition("?")[0]
    dpop = verifiers.proofs.check(message.headers.get("dpop"), message.method, url, token=token)
    if not _same(access.binding.get("jkt"), dpop.thumbprint):
        raise Unauthenticated("The token belongs to another key.", code="token.binding")
    return RequestProof(access.key, dpop.jti, dpop.created, DPOP, dpop.thumbprint, issued)


def require_token_in_force(verifiers: Verifiers, token: Issued) -> Agency:
    """The agency of a token, if all that it was given by is in force on this day.

    Unauthenticated ``token.revoked`` if its key, its certificate, an exception of the register or
    the token itself is not; ``identity.key_expired``.
    """
    access = token.access
    agency = _owner(verifiers.register, access.key, access.client)
    if access.certificate is not None:
        _owner(verifiers.register, access.certificate, access.client)
    if not access.exceptions <= exceptions_of(agency):
        raise Unauthenticated(
            "The exception of the register by which this token was given has ended.",
            code="token.revoked",
        )
    verifiers.revoked_tokens.require_valid_here(token)
    return agency


def _owner(register: Register, id_: str, client: str) -> Agency:
    credential = register.credential(id_)
    if credential is None or credential.agency != client:
        raise Unauthenticated("The key of this token was revoked.", code="token.revoked")
    return register.owner(id_)


def _require_certificate(verifiers: Verifiers, request: Request, access: Access) -> None:
    """A token without a DPoP proof is accepted only with the certificate that it is bound to."""
    thumbprint = verifiers.certificates.thumbprint(request)
    if not _same(access.binding.get("x5t#S256"), thumbprint):
        raise Unauthenticated(
            "Send the token with the certificate or the DPoP proof that it is bound to.",
            code="token.binding",
        )


def proof_by_certificate(verifiers: Verifiers, request: Request, asker: XRoadAsker) -> RequestProof:
    """The proof of a request of X-Road: the certificate of its connection, whose agency has the
    name that the request says it is from.

    Unauthenticated ``xroad.certificate``; Forbidden ``xroad.client`` for the name of another, of
    nobody, or one that has ended: which of these it is, is not told.
    """
    thumbprint = verifiers.certificates.thumbprint(request)
    credential = verifiers.register.certificate(thumbprint) if thumbprint else None
    if credential is None:
        raise Unauthenticated(NO_CERTIFICATE, code="xroad.certificate")
    claim(request, credential.id)
    names = verifiers.register.xroad()
    agency, name = names.get(asker.name, (None, None))
    if name is None or agency != credential.agency or name.until < today():
        raise Forbidden(
            "The certificate of this connection does not belong to the client that X-Road-Client "
            "names.",
            code="xroad.client",
        )
    if name.purpose:
        asker = replace(asker, stated={"purpose": name.purpose, **asker.stated})
    behalf = _agency_of_party(names, asker.represented) if asker.represented else None
    id_, nonce = credential.id, uuid.uuid4().hex
    return RequestProof(id_, nonce, 0.0, None, id_, xroad=asker, behalf=behalf)


def _agency_of_party(
    names: Mapping[XRoadName, tuple[str, XRoadIdentifier]], party: tuple[str, str]
) -> str:
    """The code of the agency that is a member of X-Road; one that no agency has if there is none
    whose last day has not passed, or several by their subsystems: it is refused as every agency
    that lends nothing.
    """
    of_party = {
        name: code
        for name, (code, identifier) in names.items()
        if name[:2] == party and identifier.until >= today()
    }
    own = of_party.get((*party, None))
    codes = {own} if own else set(of_party.values())
    return codes.pop() if len(codes) == 1 else NOBODY


def is_signed(message: HttpMessage) -> bool:
    """True if it carries a signature with our tag; proxies may add others of their own."""
    return f'tag="{REQUEST_TAG}"' in message.headers.get("signature-input", "")


def _same(bound: object, shown: str | None) -> bool:
    return (
        isinstance(bound, str)
        and shown is not None
        and hmac.compare_digest(bound.encode(), shown.encode())
    )
