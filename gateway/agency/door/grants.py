"""The rights of an agency at the door of this face, by the register."""

from collections.abc import Iterable

from bus.errors import Forbidden
from bus.messages import kinds
from bus.messages.values import Json
from members.documents import Agency, Grant, from_network, grants_to_wire, today
from members.register import Register, rights

# The caller as the envelope carries it: agency, key, grants, names and on_behalf_of.
CallerFields = Json


def granted(
    register: Register,
    agency: Agency,
    contract: kinds.Request,
    behalf: str | None,
    address: str | None,
) -> list[Grant]:
    """The grants, in force or not, by which an agency uses a contract from that address, in its
    own name or on ``behalf`` of another.

    Forbidden ``delegation.not_given``; ``grant.network`` if only the address is against it.
    """
    if contract.everyone and behalf is None:
        return []
    grants = rights(register, agency, contract.name, behalf)
    near = from_network(grants, address)
    if len(near) < len(grants) and _any_in_force(grants) and not _any_in_force(near):
        raise Forbidden(
            "This grant holds for other networks than the one that you come from.",
            code="grant.network",
        )
    return near


def require_grant(grants: list[Grant], contract: kinds.Request) -> None:
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


def caller_fields(
    agency: Agency,
    keyid: str,
    grants: Iterable[Grant],
    on_behalf_of: str | None = None,
    behalf: Agency | None = None,
) -> CallerFields:
    """The caller for the envelope: the service decides by the grants, and writes the names of the
    agency and of ``behalf``, in whose name it asks, into its answers.
    """
    fields: CallerFields = {"agency": agency.code, "key": keyid, "grants": grants_to_wire(grants)}
    if on_behalf_of is not None:
        fields["on_behalf_of"] = on_behalf_of
    for name, party in (("names", agency), ("names_of_behalf", behalf)):
        if party is not None:
            fields[name] = {"fa": party.name_fa or party.name, "en": party.name}
    return fields


def _any_in_force(grants: Iterable[Grant]) -> bool:
    day = today()
    return any(grant.until >= day for grant in grants)
