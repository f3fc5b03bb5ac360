"""What the files of the register hold together, by what it is looked up by."""

from dataclasses import dataclass, field

from members.documents import Agency, Credential, XRoadIdentifier

Stamp = tuple[int, int, int]
# The class and code of a member of X-Road, and the code of its subsystem.
XRoadName = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """The content of one file when it was last read completely."""

    stamp: Stamp
    version: int
    agency: Agency
    credentials: tuple[Credential, ...]


@dataclass(slots=True)
class Contents:
    """The content of all files together."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    keys: dict[str, Credential] = field(default_factory=dict)
    certificates: dict[str, Credential] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)
    xroad: dict[XRoadName, tuple[str, XRoadIdentifier]] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Add an entry; ValueError if another file has the same agency, key or served contract."""
        agency = entry.agency
        keys = {credential.id: credential for credential in entry.credentials}
        certificates = {
            credential.thumbprint: credential
            for credential in entry.credentials
            if credential.thumbprint
        }
        servers = dict.fromkeys(agency.serves, agency.code)
        if (
            agency.code in self.agencies
            or len(keys) < len(entry.credentials)
            or keys.keys() & self.keys.keys()
            or certificates.keys() & self.certificates.keys()
        ):
            raise ValueError("the agency or one of its keys is there twice")
        if servers.keys() & self.servers.keys():
            raise ValueError("it serves what another agency serves")
        xroad = {
            (name.member_class, name.member_code, name.subsystem): (agency.code, name)
            for name in agency.xroad
        }
        if xroad.keys() & self.xroad.keys() or len(xroad) < len(agency.xroad):
            raise ValueError("an identifier of X-Road is there twice")
        self.xroad.update(xroad)
        self.agencies[agency.code] = agency
        self.keys.update(keys)
        self.certificates.update(certificates)
        self.servers.update(servers)
