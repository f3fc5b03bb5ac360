"""What an agency may at the door of this face, by the register."""

from collections.abc import Mapping
from typing import Any

from bus.agencies import Agency, Credential, grants_of, today, told
from bus.errors import Forbidden
from bus.register import Register, rights

__all__ = [
    "Agency", "Credential", "Register", "caller", "grants_for", "is_granted", "require_grant",
    "rights", "today",
]  # fmt: skip


def grants_for(agency: Agency, contract: str) -> list[dict[str, Any]]:
    """The purposes granted for a contract, as they go into the caller: the service decides."""
    return told(grants_of(agency, contract))


def is_granted(agency: Agency, contract: str) -> bool:
    """True if a grant for this contract is in force, for whatever purpose."""
    return any(grant.until >= today() for grant in grants_of(agency, contract))


def require_grant(agency: Agency, contract: str) -> None:
    """Forbidden unless a grant for this contract is in force; for contracts without a purpose."""
    found = grants_of(agency, contract)
    if not found:
        raise Forbidden(
            f"Your agency has no grant for {contract}; ask the water company.",
            code="contract.not_granted",
        )
    if all(grant.until < today() for grant in found):
        raise Forbidden(
            f"Your agency's grant for {contract} has expired.", code="contract.grant_expired"
        )


def caller(agency: Agency, keyid: str, contract: str) -> Mapping[str, Any]:
    """Who asks, as the envelope tells the service."""
    return {"agency": agency.code, "key": keyid, "grants": grants_for(agency, contract)}
