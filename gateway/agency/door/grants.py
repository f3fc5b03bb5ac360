"""What an agency may at the door of this face, by the register."""

from collections.abc import Iterable
from typing import Any

from bus.errors import Forbidden
from contracts import Request as Contract
from members.documents import Agency, Credential, Grant, from_network, grants_to_wire, today
from members.register import Register, rights

__all__ = [
    "Agency",
    "Credential",
    "Grant",
    "Register",
    "caller",
    "granted",
    "names",
    "require_grant",
]


def granted(
    register: Register, agency: Agency, contract: Contract, behalf: str | None, address: str | None
) -> list[Grant]:
    """The grants, in force or not, by which an agency uses a contract from that address, in its
    own name or on ``behalf`` of another.

    Forbidden ``delegation.not_given``; ``grant.network`` if only the address is against it.
    """
    if contract.everyone and behalf is None:
        return []
    found = rights(register, agency, contract.name, behalf)
    near = from_network(found, address)
    if len(near) < len(found) and _any_in_force(found) and not _any_in_force(near):
        raise Forbidden(
            "This grant holds for other networks than the one that you come from.",
            code="grant.network",
        )
    return near


def require_grant(grants: list[Grant], contract: Contract) -> None:
    """Forbidden unless one of these is in force; for contracts without a purpose."""
    if contract.everyone:
        return
    if not grants:
        raise Forbidden(
            f"Your agency has no grant for {contract.name}; ask the water company.",
            code="contract.not_granted",
        )
    if not _any_in_force(grants):
        raise Forbidden(
            f"Your agency's grant for {contract.name} has expired.", code="contract.grant_expired"
        )


def caller(
    agency: Agency, keyid: str, grants: Iterable[Grant], behalf: str | None = None
) -> dict[str, Any]:
    """Who asks, as the envelope tells the service: the service decides by the grants."""
    named = {"agency": agency.code, "key": keyid, "grants": grants_to_wire(grants)}
    return named if behalf is None else {**named, "on_behalf_of": behalf}


def names(agency: Agency, behalf: Agency | None) -> dict[str, dict[str, str]]:
    """What people call who asks, and in whose name: the service writes it into what it answers."""
    parties = {"names": agency, "names_of_behalf": behalf}
    return {
        field: {"fa": party.name_fa or party.name, "en": party.name}
        for field, party in parties.items()
        if party
    }


def _any_in_force(grants: Iterable[Grant]) -> bool:
    day = today()
    return any(grant.until >= day for grant in grants)
