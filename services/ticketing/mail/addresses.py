"""Addresses of receivers and authors."""

# RFC 5321, 4.5.1, and RFC 2142, section 4: each mail server must have them.
OFFICES = ("postmaster", "abuse")


def plain(address: str) -> str:
    """The address in small letters without its sub-address (RFC 5233)."""
    local, _, host = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{host.rstrip('.')}"


def is_of_office(address: str, units: set[str]) -> bool:
    """True for postmaster and abuse at a domain of ours, and for postmaster without a domain."""
    if address.lower() == "postmaster":
        return True
    local, _, host = plain(address).rpartition("@")
    return local in OFFICES and host in {unit.rpartition("@")[2] for unit in units}
