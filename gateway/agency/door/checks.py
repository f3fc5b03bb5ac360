"""The checks of the door. ``ORDER`` names them in the order in which they are made.

The routes make those of ``ROUTE`` (gateway/agency/api.py); ``IDENTITY`` and ``BODY`` are made here.
docs/join.md names the same order (*What is checked, and in which order*); a test compares the two.
The first check that fails is the answer, so a request shows one fault after the other.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from starlette.requests import Request

from bus.errors import Forbidden, Unauthenticated
from bus.messages import kinds
from bus.messages.values import Json
from bus.signatures.signing import ON_BEHALF_OF, Message
from gateway.agency.door.grants import Agency, Register
from gateway.agency.door.verification import (
    Proof,
    Verifiers,
    is_signed,
    proof_by_signature,
    proof_by_token,
    require_own_host,
)
from gateway.agency.door.visitor import Visitor
from gateway.http import bodies
from gateway.http.problems import HttpError

JSON = "application/json"
# As ECMA-262 reads it too: the OpenAPI document tells it.
IDEMPOTENCY_KEY = r'^"[\x21\x23-\x5b\x5d-\x7e]{16,128}"$'
_KEY = re.compile(IDEMPOTENCY_KEY)


@dataclass(slots=True)
class Admission:
    """A request on its way through the door: each check adds what it finds out."""

    request: Request
    message: Message
    proof: Proof | None = None
    agency: Agency | None = None
    on_behalf_of: str | None = None
    idempotency_key: str | None = None
    is_recorded: bool = False

    def proven(self) -> Proof:
        """The proof, once ``proof`` was checked."""
        assert self.proof is not None
        return self.proof

    def owner(self) -> Agency:
        """The agency, once ``key`` was checked."""
        assert self.agency is not None
        return self.agency

    def visitor(self, register: Register) -> Visitor:
        """The agency that has passed all checks of ``IDENTITY``."""
        proof = self.proven()
        return Visitor(
            register,
            self.owner(),
            proof.keyid,
            proof.nonce,
            self.message,
            self.idempotency_key,
            _address_of(self.request),
            proof.access,
            self.on_behalf_of,
        )


def check_host(verifiers: Verifiers, admission: Admission) -> None:
    """``http.host`` if our name is asked for at another port: that is another server's address,
    and what is signed for ours is none of its (RFC 9110, section 7.4).
    """
    require_own_host(admission.request, verifiers.address)


def check_one_identity(_: Verifiers, admission: Admission) -> None:
    """``identity.two`` for a signature and a token together."""
    if admission.message.headers.get("authorization") and is_signed(admission.message):
        raise _two_identities()


def check_proof(verifiers: Verifiers, admission: Admission) -> None:
    """``signature.*`` (RFC 9421), or ``token.*`` and ``dpop.*`` (RFC 9449): the proof of the asker.

    The key is named for the log of refusals before it is proven.
    """
    authorization = admission.message.headers.get("authorization", "")
    if authorization[:4].lower() == "dpop" or authorization[:6].lower() == "bearer":
        admission.proof = proof_by_token(
            verifiers, admission.request, admission.message, authorization
        )
    else:
        admission.proof = proof_by_signature(verifiers, admission.request, admission.message)


def check_key(verifiers: Verifiers, admission: Admission) -> None:
    """``token.revoked`` for a token whose key was taken back, ``identity.key_expired``."""
    proof = admission.proven()
    if proof.access is not None:
        credential = verifiers.register.credential(proof.keyid)
        if credential is None or credential.agency != proof.access.client:
            raise Unauthenticated("The key of this token was revoked.", code="token.revoked")
    admission.agency = verifiers.register.owner(proof.keyid)


def check_certificate(verifiers: Verifiers, admission: Admission) -> None:
    """``identity.two`` for the certificate of another agency beside the proof of this one."""
    thumbprint = verifiers.certificates.thumbprint(admission.request)
    credential = verifiers.register.certificate(thumbprint) if thumbprint else None
    agency = admission.owner()
    if credential is not None and credential.agency != agency.code:
        raise _two_identities()
    admission.request.state.agency = agency.code


def check_replay(verifiers: Verifiers, admission: Admission) -> None:
    """``*.replayed`` and ``*.before_start``: a proof is accepted once.

    Where the rate leaves room, it is recorded by the same statement that looks for it.
    """
    proof = admission.proven()
    if proof.kind is None:
        return
    admission.is_recorded = verifiers.limits.has_room(admission.owner())
    look = verifiers.replays.take if admission.is_recorded else verifiers.replays.check
    look(proof.kind, proof.owner, proof.nonce, proof.created)


def check_rate(verifiers: Verifiers, admission: Admission) -> None:
    """``limit.reached``. A replay takes nothing of the agency's rate: it was refused before."""
    admission.request.state.limits = verifiers.limits.take(admission.owner())


def record_proof(verifiers: Verifiers, admission: Admission) -> None:
    """``*.replayed`` if another process was faster. What is over the rate is not recorded."""
    proof = admission.proven()
    if proof.kind is not None and not admission.is_recorded:
        verifiers.replays.note(proof.kind, proof.owner, proof.nonce)


def check_on_behalf_of(_: Verifiers, admission: Admission) -> None:
    """``token.on_behalf_of`` if the header names another agency than the token."""
    header = admission.message.headers.get(ON_BEHALF_OF)
    access = admission.proven().access
    if access is not None and header is not None and header != access.on_behalf_of:
        raise Forbidden(
            "In whose name you ask stands in the token: ask for one with on_behalf_of.",
            code="token.on_behalf_of",
        )
    admission.on_behalf_of = access.on_behalf_of if access is not None else header


def check_idempotency_key(_: Verifiers, admission: Admission) -> None:
    """``idempotency_key.invalid`` for one that is no structured-field string."""
    header = admission.message.headers.get("idempotency-key")
    if header is None:
        return
    text = header.strip()
    if _KEY.fullmatch(text) is None:
        raise HttpError(
            "idempotency_key.invalid",
            'Idempotency-Key is a text in quotes, 16 to 128 characters: "…".',
        )
    admission.idempotency_key = text[1:-1]


class IdentityCheck(NamedTuple):
    """A check that finds out which agency asks, with its name in docs/join.md."""

    name: str
    run: Callable[[Verifiers, Admission], None]


IDENTITY = (
    IdentityCheck("host", check_host),
    IdentityCheck("one identity", check_one_identity),
    IdentityCheck("proof", check_proof),
    IdentityCheck("key", check_key),
    IdentityCheck("certificate", check_certificate),
    IdentityCheck("replay", check_replay),
    IdentityCheck("rate", check_rate),
    IdentityCheck("once", record_proof),
    IdentityCheck("on behalf of", check_on_behalf_of),
    IdentityCheck("idempotency key", check_idempotency_key),
)


def identify(verifiers: Verifiers, request: Request, message: Message) -> Visitor:
    """The agency that asks, by the headers alone. Raises what the first failed check raises."""
    admission = Admission(request, message)
    for check in IDENTITY:
        check.run(verifiers, admission)
    return admission.visitor(verifiers.register)


# --- the body ---


@dataclass(slots=True)
class Reading:
    """The body of a visitor's request while it is read: each check adds what it finds out.

    ``forms`` are the media types in which the answer can go; ``form`` is the one that it likes.
    """

    request: Request
    visitor: Visitor
    contract: kinds.Request
    forms: tuple[str, ...]
    form: str = ""
    body: bytes = b""
    # The message as loaded; it goes to the service as it is.
    data: Json = field(default_factory=dict)


async def check_media_type(reading: Reading) -> None:
    """``http.media_type``"""
    bodies.media_type(reading.request, JSON)


async def check_answer_type(reading: Reading) -> None:
    """``http.not_acceptable``"""
    reading.form = bodies.answer_type(reading.request, *reading.forms)


async def read_body(reading: Reading) -> None:
    """``http.too_large``, ``http.timeout``"""
    reading.body = await bodies.body(reading.request)


async def check_digest(reading: Reading) -> None:
    """``digest.*`` (RFC 9530)"""
    reading.visitor.check_body(reading.body)


async def check_message(reading: Reading) -> None:
    """``json.*``, and ``contract.broken`` with each field that is wrong."""
    reading.data = reading.contract.load_data(bodies.parse_object(reading.body))


async def check_right(reading: Reading) -> None:
    """``token.scope``, ``contract.not_granted`` and their like; a purpose is the service's."""
    reading.visitor.require_right(reading.contract)


class BodyCheck(NamedTuple):
    """A check of what is asked, with its name in docs/join.md."""

    name: str
    run: Callable[[Reading], Awaitable[None]]


BODY = (
    BodyCheck("media type", check_media_type),
    BodyCheck("answer type", check_answer_type),
    BodyCheck("size", read_body),
    BodyCheck("digest", check_digest),
    BodyCheck("message", check_message),
    BodyCheck("right", check_right),
)


async def read_message(reading: Reading) -> None:
    """Read a visitor's JSON body. Raises what the first failed check raises."""
    for check in BODY:
        await check.run(reading)


# Of all requests to contracts: addresses.contract_of, then the announcements of the face.
ROUTE = ("address", "open")
ORDER = (*ROUTE, *(check.name for check in IDENTITY), *(check.name for check in BODY))


def _two_identities() -> Unauthenticated:
    return Unauthenticated(
        "This request names two askers: sign it, or send a token, and with your own certificate.",
        code="identity.two",
    )


def _address_of(request: Request) -> str | None:
    """The address from which a request comes, behind the proxies that are trusted."""
    return request.client.host if request.client else None
