"""The checks of the door, made in this order: those of ``ROUTE``, of ``HEADERS``, of ``BODY``.

The first check that fails is the answer, so a request shows one fault after the other. docs/join.md
names the same order (*What is checked, and in which order*), which
tests/gateway/agency/test_check_order.py compares with ``ORDER`` and with what requests meet.
Uploads of files (gateway/agency/files) make those of ``BODY`` themselves, as their lines come, and
so do GET and DELETE of a call that is answered later (gateway/agency/deferred), which have no body.
"""

import re
from dataclasses import dataclass, field

from starlette.requests import Request

from bus.errors import Forbidden, Unauthenticated
from bus.messages import kinds
from bus.messages.values import Json
from bus.process import records
from bus.signatures.signing import ON_BEHALF_OF, HttpMessage
from gateway.agency.door.addresses import contract_of
from gateway.agency.door.opening import Opening
from gateway.agency.door.verification import (
    RequestProof,
    Verifiers,
    is_signed,
    proof_by_certificate,
    proof_by_signature,
    proof_by_token,
    require_own_host,
    require_token_in_force,
)
from gateway.agency.door.visitor import Visitor
from gateway.agency.door.ways import XROAD_ASKER
from gateway.http import bodies
from gateway.http.facts import AGENCY, LIMITS
from gateway.http.problems import HttpError
from members.documents import Agency
from members.register import Register

JSON = "application/json"
# As ECMA-262 reads it too: the OpenAPI document tells it.
IDEMPOTENCY_KEY = r'^"[\x21\x23-\x5b\x5d-\x7e]{16,128}"$'
_KEY = re.compile(IDEMPOTENCY_KEY)


# --- the contract ---


@dataclass(slots=True)
class Arrival:
    """A request before its sender is looked at; ``contract`` is given where its route names it."""

    request: Request
    opening: Opening
    contract: kinds.Request | None = None

    def known_contract(self) -> kinds.Request:
        """The contract, once ``address`` was checked."""
        assert self.contract is not None
        return self.contract


def check_address(arrival: Arrival) -> None:
    """``contract.unknown`` if there is no contract at this path."""
    if arrival.contract is None:
        arrival.contract = contract_of(arrival.request)


def check_open(arrival: Arrival) -> None:
    """``service.maintenance`` in an announced window; ``contract.ended`` after the last day."""
    arrival.opening.require_open(arrival.request, arrival.known_contract())


ROUTE = (check_address, check_open)


def arrive(
    opening: Opening, request: Request, contract: kinds.Request | None = None
) -> kinds.Request:
    """The contract that a request is for. Raises what the first failed check raises."""
    arrival = Arrival(request, opening, contract)
    for check in ROUTE:
        check(arrival)
    return arrival.known_contract()


# --- who asks ---


@dataclass(slots=True)
class Admission:
    """A request on its way through the door: each check adds what it finds out."""

    request: Request
    http_message: HttpMessage  # the request as signatures cover it
    proof: RequestProof | None = None
    agency: Agency | None = None
    on_behalf_of: str | None = None
    idempotency_key: str | None = None
    is_recorded: bool = False

    def proven(self) -> RequestProof:
        """The proof, once ``proof`` was checked."""
        assert self.proof is not None
        return self.proof

    def proven_agency(self) -> Agency:
        """The agency, once ``key`` was checked."""
        assert self.agency is not None
        return self.agency

    def visitor(self, register: Register) -> Visitor:
        """The agency that has passed all checks of ``HEADERS``."""
        proof = self.proven()
        return Visitor(
            register,
            self.proven_agency(),
            proof.keyid,
            proof.nonce,
            self.http_message,
            self.idempotency_key,
            _address_of(self.request),
            proof.access,
            self.on_behalf_of,
            proof.way,
            proof.xroad.stated if proof.xroad is not None else {},
        )


def check_host(verifiers: Verifiers, admission: Admission) -> None:
    """``http.host`` if our name is asked for at another port: that is another server's address,
    and what is signed for ours is none of its (RFC 9110, section 7.4).
    """
    require_own_host(admission.request, verifiers.address)


def check_one_identity(_: Verifiers, admission: Admission) -> None:
    """``identity.two`` for a signature and a token together."""
    if admission.http_message.headers.get("authorization") and is_signed(admission.http_message):
        raise _two_identities()


def check_proof(verifiers: Verifiers, admission: Admission) -> None:
    """``signature.*`` (RFC 9421), or ``token.*`` and ``dpop.*`` (RFC 9449): the proof of the asker;
    of X-Road ``xroad.*``.

    The key is named for the log of refusals before it is proven.
    """
    authorization = admission.http_message.headers.get("authorization", "")
    if (asker := XROAD_ASKER.get(admission.request)) is not None:
        admission.proof = proof_by_certificate(verifiers, admission.request, asker)
    elif authorization[:4].lower() == "dpop" or authorization[:6].lower() == "bearer":
        admission.proof = proof_by_token(
            verifiers, admission.request, admission.http_message, authorization
        )
    else:
        admission.proof = proof_by_signature(verifiers, admission.request, admission.http_message)
    records.note_way(admission.proof.way)


def check_key(verifiers: Verifiers, admission: Admission) -> None:
    """``token.revoked`` for a token that was revoked, or whose key or exception was;
    ``identity.key_expired``.
    """
    proof = admission.proven()
    if proof.token is not None:
        admission.agency = require_token_in_force(verifiers, proof.token)
    else:
        admission.agency = verifiers.register.owner(proof.keyid)


def check_certificate(verifiers: Verifiers, admission: Admission) -> None:
    """``identity.two`` for the certificate of another agency beside the proof of this one."""
    thumbprint = verifiers.certificates.thumbprint(admission.request)
    credential = verifiers.register.certificate(thumbprint) if thumbprint else None
    agency = admission.proven_agency()
    if credential is not None and credential.agency != agency.code:
        raise _two_identities()
    AGENCY.set(admission.request, agency.code)


def check_replay(verifiers: Verifiers, admission: Admission) -> None:
    """``*.replayed`` and ``*.before_start``: a proof is accepted once.

    Where the rate leaves room, the same statement records it; what is over the rate is not.
    """
    proof = admission.proven()
    if proof.kind is None:
        return
    admission.is_recorded = verifiers.limits.has_room(admission.proven_agency())
    look = verifiers.replays.take if admission.is_recorded else verifiers.replays.check
    look(proof.kind, proof.scope, proof.nonce, proof.created)


def check_rate(verifiers: Verifiers, admission: Admission) -> None:
    """``limit.reached``. A replay takes nothing of the agency's rate: it was refused before."""
    LIMITS.set(admission.request, verifiers.limits.take(admission.proven_agency()))


def check_once(verifiers: Verifiers, admission: Admission) -> None:
    """``*.replayed``, where ``check_replay`` recorded nothing, if another process was faster."""
    proof = admission.proven()
    if proof.kind is not None and not admission.is_recorded:
        verifiers.replays.note(proof.kind, proof.scope, proof.nonce)


def check_on_behalf_of(_: Verifiers, admission: Admission) -> None:
    """``token.on_behalf_of`` if the header names another agency than the token."""
    if admission.proven().xroad is not None:
        admission.on_behalf_of = admission.proven().behalf
        return
    header = admission.http_message.headers.get(ON_BEHALF_OF)
    access = admission.proven().access
    if access is not None and header is not None and header != access.on_behalf_of:
        raise Forbidden(
            "In whose name you ask stands in the token: ask for one with on_behalf_of.",
            code="token.on_behalf_of",
        )
    admission.on_behalf_of = access.on_behalf_of if access is not None else header


def check_idempotency_key(_: Verifiers, admission: Admission) -> None:
    """``idempotency_key.invalid`` for one that is no structured-field string."""
    header = admission.http_message.headers.get("idempotency-key")
    if header is None:
        return
    text = header.strip()
    if _KEY.fullmatch(text) is None:
        raise HttpError(
            "idempotency_key.invalid",
            'Idempotency-Key is a text in quotes, 16 to 128 characters: "…".',
        )
    admission.idempotency_key = text[1:-1]


HEADERS = (
    check_host,
    check_one_identity,
    check_proof,
    check_key,
    check_certificate,
    check_replay,
    check_rate,
    check_once,
    check_on_behalf_of,
    check_idempotency_key,
)


async def identify(verifiers: Verifiers, request: Request, http_message: HttpMessage) -> Visitor:
    """The agency that asks, by the headers alone. Raises what the first failed check raises."""
    admission = Admission(request, http_message)
    for check in HEADERS:
        check(verifiers, admission)
    await ask_other_machines(verifiers, admission.proven())
    return admission.visitor(verifiers.register)


async def ask_other_machines(verifiers: Verifiers, proof: RequestProof) -> None:
    """``token.revoked`` and ``*.replayed`` by what other faces know: the rest of two checks."""
    if proof.token is not None:
        await verifiers.revoked_tokens.require_valid(proof.token)
    if proof.kind is not None:
        await verifiers.shared_replays.take(proof.kind, proof.scope, proof.nonce)


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


async def check_size(reading: Reading) -> None:
    """``http.too_large``, ``http.timeout``"""
    reading.body = await bodies.body(reading.request)


async def check_digest(reading: Reading) -> None:
    """``digest.*`` (RFC 9530)"""
    reading.visitor.check_body(reading.body)


async def check_message(reading: Reading) -> None:
    """``json.*``, and ``contract.broken`` with each field that is wrong."""
    stated = reading.visitor.stated_for(reading.contract)
    reading.data = reading.contract.load_data({**stated, **bodies.parse_object(reading.body)})


async def check_right(reading: Reading) -> None:
    """``token.scope``, ``contract.not_granted`` and their like; a purpose is the service's."""
    reading.visitor.require_right(reading.contract)


BODY = (
    check_media_type,
    check_answer_type,
    check_size,
    check_digest,
    check_message,
    check_right,
)


async def read_message(reading: Reading) -> None:
    """Read a visitor's JSON body. Raises what the first failed check raises."""
    for check in BODY:
        await check(reading)


# As docs/join.md names them: ``check_one_identity`` is there "one identity".
ORDER = tuple(
    check.__name__.removeprefix("check_").replace("_", " ") for check in (*ROUTE, *HEADERS, *BODY)
)


def _two_identities() -> Unauthenticated:
    return Unauthenticated(
        "This request names two askers: sign it or send a token, beside no certificate but yours.",
        code="identity.two",
    )


def _address_of(request: Request) -> str | None:
    """The address from which a request comes, behind the proxies that are trusted."""
    return request.client.host if request.client else None
