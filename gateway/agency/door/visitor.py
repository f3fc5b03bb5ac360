"""The agency that has passed the door, with all that belongs to its request beside the body."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from bus.errors import Forbidden
from bus.messages import kinds
from bus.messages.values import Json
from bus.signatures.digest import DigestCheck, check_digest
from bus.signatures.signing import HttpMessage
from gateway.agency.door.grants import CallerFields, caller_fields, granted, require_grant
from gateway.agency.door.verification import SIGNATURE
from gateway.agency.proofs.tokens import Access
from members.documents import Agency, Grant
from members.register import Register

NAMESPACE = uuid.UUID("6d697261-6200-5000-8000-000000000001")


@dataclass(frozen=True, slots=True)
class Visitor:
    """An agency that was proven, and the key by which it was.

    ``nonce`` makes this request the only one of its kind; ``address`` is where it comes from;
    ``access`` is what its token gives, None for a signed request; ``on_behalf_of`` is the agency
    in whose name it asks, if that is not itself; ``way`` is that of RequestProof. ``stated`` are
    fields that its questions have where their bodies leave them out.
    """

    register: Register
    agency: Agency
    keyid: str
    nonce: str
    http_message: HttpMessage
    idempotency_key: str | None
    address: str | None
    access: Access | None = None
    on_behalf_of: str | None = None
    way: str = SIGNATURE
    stated: Mapping[str, str] = field(default_factory=dict)

    def stated_for(self, contract: kinds.Contract) -> Json:
        """What it states beside its bodies, of the fields that a message has."""
        fields = contract.schema.fields
        return {name: value for name, value in self.stated.items() if name in fields}

    def digest_check(self) -> DigestCheck:
        """The check of the body's digest, which signed requests must have and others may."""
        return DigestCheck(self.http_message.headers, required=self.way == SIGNATURE)

    def check_body(self, body: bytes) -> None:
        """SignatureError if Content-Digest is not the digest of the body."""
        check_digest(self.http_message.headers, body, required=self.way == SIGNATURE)

    def request_id(self, contract: str) -> str:
        """The id of the message: the same for a repeat of this request."""
        cause = (
            f"key {self.idempotency_key}"
            if self.idempotency_key
            else f"nonce {self.keyid} {self.nonce}"
        )
        behalf = f" for {self.on_behalf_of}" if self.on_behalf_of else ""
        return str(uuid.uuid5(NAMESPACE, f"{self.agency.code}{behalf} {contract} {cause}"))

    def require_right(self, contract: kinds.Request) -> None:
        """Forbidden ``token.scope`` for a token of other contracts, or without a grant in force.

        Whether a purpose was granted is judged by its service, which logs the refusal; whose grants
        they are, and from which network they may be used, ``caller`` judges.
        """
        if contract.judges_purpose:
            return
        if self.access and contract.name not in self.access.scope:
            raise Forbidden(f"The token is not for {contract.name}.", code="token.scope")
        require_grant(self.grants(contract), contract)

    def grants(self, contract: kinds.Request) -> list[Grant]:
        """The grants by which it uses the contract. Raises as ``granted`` does."""
        return granted(self.register, self.agency, contract, self.on_behalf_of, self.address)

    def caller(self, contract: kinds.Request) -> CallerFields:
        """The caller of the envelope; of a token only the grants in its scope and purpose."""
        behalf = self.register.agency(self.on_behalf_of) if self.on_behalf_of else None
        fields = caller_fields(
            self.agency, self.keyid, self.grants(contract), self.on_behalf_of, behalf
        )
        fields["way"] = self.way
        if self.access:
            in_scope = contract.name in self.access.scope
            fields["grants"] = [
                grant
                for grant in fields["grants"]
                if in_scope and grant["purpose"] == self.access.purpose
            ]
        return fields
