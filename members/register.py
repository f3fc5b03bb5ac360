"""The register of agencies as a folder has it: files by hand (TOML), or signed copies (JWS)."""

import contextlib
import os
import time
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from bus.errors import Forbidden, Unauthenticated
from bus.messages.kinds import Request
from bus.process import log
from bus.settings import Settings
from bus.signatures.keys import JWS_ALGORITHM, PublicKey, from_base64url
from bus.wire import Wire
from contracts import catalogue
from members.contents import Contents, Entry, Stamp, XRoadName
from members.documents import (
    Agency,
    Credential,
    Grant,
    XRoadIdentifier,
    delegations_of,
    grants_of,
    grants_to_wire,
    parse_agency,
    today,
)
from members.reading import Table

__all__ = ["Agency", "Credential", "Register", "XRoadName", "current", "rights"]

# How often the folder is looked at. Where a look takes longer, as of a thousand files,
# it is looked at up to so many times more seldom, which is within the second that is promised.
LOOK_SECONDS, LOOK_TAKES, MORE_SELDOM = 0.2, 0.002, 4.0
KIND = "mirab-register+jws"
TOML, COPIES = "*.toml", "*.jws"
_log = log.get("register")


class Register:
    """All agencies; a changed file is in force within a second, a broken one changes nothing.

    With a ``key`` only copies that it signed count (``*.jws``), each for itself, and never an
    older version after a newer; without it the files of hand (``*.toml``), all or none.
    """

    def __init__(self, folder: Path, key: PublicKey | None = None) -> None:
        if not folder.is_dir():
            raise ValueError(f"AGENCIES_DIR: there is no folder {folder}.")
        self._folder, self._key = folder, key
        self._stamps: dict[str, Stamp] = {}
        self._entries: dict[str, Entry] = {}
        self.versions: dict[str, int] = {}  # of signed copies, by the codes of agencies
        self._looked, self._pause = 0.0, LOOK_SECONDS
        self._known = Contents()
        self._began = False
        self._read()
        self._began = True

    @classmethod
    def of(cls, settings: Settings) -> "Register":
        """The register of AGENCIES_DIR, of signed copies if REGISTER_PUBLIC_KEY is set."""
        key = settings.get("REGISTER_PUBLIC_KEY")
        folder = Path(settings.text("AGENCIES_DIR"))
        return cls(folder, PublicKey.from_base64(key) if key else None)

    def key(self, keyid: str) -> PublicKey | None:
        """The public key with that id, with which requests are signed; None if unknown."""
        credential = self.credential(keyid)
        return credential.signs if credential else None

    def credential(self, id: str) -> Credential | None:
        """The key or certificate with that id; None if unknown."""
        self._look()
        return self._known.keys.get(id)

    def credentials(self) -> list[Credential]:
        """All keys and certificates, those that have ended too, by their ids."""
        self._look()
        return [self._known.keys[id] for id in sorted(self._known.keys)]

    def credentials_of(self, agency: str) -> list[Credential]:
        """The keys and certificates of an agency, those that have ended too."""
        return [credential for credential in self.credentials() if credential.agency == agency]

    def certificate(self, thumbprint: str) -> Credential | None:
        """The certificate with that SHA-256 (base64url); None if unknown."""
        self._look()
        return self._known.certificates.get(thumbprint)

    def owner(self, keyid: str) -> Agency:
        """The agency of a key; Unauthenticated if the key is out of date."""
        credential = self._known.keys[keyid]
        if credential.until < today():
            raise Unauthenticated(
                "Your key is out of date; register a new one.", code="identity.key_expired"
            )
        return self._known.agencies[credential.agency]

    def agency(self, code: str) -> Agency | None:
        """The agency with that code; None if unknown."""
        self._look()
        return self._known.agencies.get(code)

    def server(self, contract: str) -> str | None:
        """The code of the agency that serves a contract; None if there is none."""
        self._look()
        return self._known.servers.get(contract)

    def xroad(self) -> dict[XRoadName, tuple[str, XRoadIdentifier]]:
        """The code of the agency that has a name in X-Road, by these names, those that have ended
        too.
        """
        self._look()
        return self._known.xroad

    @property
    def by_copies(self) -> bool:
        """True if the register is a folder of signed copies, which arrive one by one."""
        return self._key is not None

    def agencies(self) -> list[Agency]:
        """All agencies, by their codes."""
        self._look()
        return [self._known.agencies[code] for code in sorted(self._known.agencies)]

    def look_now(self) -> None:
        """Read changed files now."""
        self._looked = time.monotonic()
        changed = self._state() != self._stamps
        took = time.monotonic() - self._looked
        self._pause = LOOK_SECONDS * min(max(1.0, took / LOOK_TAKES), MORE_SELDOM)
        if changed:
            self._read()

    def _look(self) -> None:
        if time.monotonic() - self._looked >= self._pause:
            self.look_now()

    def _state(self) -> dict[str, Stamp]:
        state, suffix = {}, (COPIES if self._key else TOML).removeprefix("*")
        with os.scandir(self._folder) as files:
            for file in files:
                if file.name.endswith(suffix):
                    with contextlib.suppress(OSError):  # it went while we looked
                        stat = file.stat()
                        state[file.name] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return state

    def _read(self) -> None:
        self._stamps = self._state()
        contents = self._copies() if self._key else self._by_hand()
        if contents is not None:
            self._known = contents
            if self._began:
                _log.info("register_read", agencies=len(contents.agencies), keys=len(contents.keys))

    def _by_hand(self) -> Contents | None:
        """Read all TOML files; None if one of them is wrong."""
        contents = Contents()
        for path in sorted(self._folder.glob(TOML)):
            try:
                document = tomllib.loads(path.read_text(encoding="utf-8"))
                agency, credentials = parse_agency(document)
                contents.add(Entry((0, 0, 0), 0, agency, tuple(credentials)))
            except (OSError, ValueError) as error:
                if not self._began:
                    raise ValueError(f"AGENCIES_DIR: {path.name}: {error}") from None
                _log.error("register_not_read", error=f"{path.name}: {error}")
                return None
        return contents

    def _copies(self) -> Contents:
        """Read the signed copies; a wrong one leaves its agency as it was."""
        for name in self._entries.keys() - self._stamps.keys():
            del self._entries[name]
        for name, stamp in self._stamps.items():
            old = self._entries.get(name)
            if old is None or old.stamp != stamp:
                self._take(name, stamp)
        contents = Contents()
        for entry in sorted(self._entries.values(), key=lambda entry: entry.version):
            try:
                contents.add(entry)
            except ValueError as error:
                _log.error("copy_conflicts", agency=entry.agency.code, error=str(error))
        return contents

    def _take(self, name: str, stamp: Stamp) -> None:
        try:
            document = self._opened((self._folder / name).read_text(encoding="ascii"))
            agency, credentials = parse_agency(document)
            version = self._version(document, agency, name)
        except (OSError, ValueError) as error:
            _log.error("copy_refused", file=name, error=str(error))
            return
        self.versions[agency.code] = version
        self._entries[name] = Entry(stamp, version, agency, tuple(credentials))

    def _version(self, document: Mapping[str, object], agency: Agency, name: str) -> int:
        version = document.get("version")
        if type(version) is not int or f"{agency.code}.jws" != name:
            raise ValueError("its version or its agency's code is not the file's")
        if version < self.versions.get(agency.code, 0):
            raise ValueError(f"version {version} is older than one that was there")
        return version

    def _opened(self, text: str) -> Mapping[str, object]:
        """The document in a compact JWS (RFC 7515); ValueError if the register did not sign it."""
        signed, _, signature = text.strip().rpartition(".")
        header, _, payload = signed.partition(".")
        kind = orjson.loads(from_base64url(header))
        named = (kind.get("typ"), kind.get("alg")) if isinstance(kind, dict) else None
        if named != (KIND, JWS_ALGORITHM):
            raise ValueError(f"it is no {KIND}")
        if self._key is None or not self._key.verify(from_base64url(signature), signed.encode()):
            raise ValueError("it is not signed by the key of the register")
        document = orjson.loads(from_base64url(payload))
        if not isinstance(document, dict):
            raise ValueError("it holds no object")  # noqa: TRY004 - the content is wrong
        return document


def rights(
    register: Register, agency: Agency, contract: str, on_behalf_of: str | None = None
) -> list[Grant]:
    """The grants by which an agency may use a contract, in force or not; its own, or in the name
    of another those of that other that are delegated to it, if the contract can be delegated.

    Forbidden ``delegation.not_given`` if that other lets it not do this; whether there is such an
    agency is not told.
    """
    if on_behalf_of is None:
        return grants_of(agency, contract)
    declared = catalogue().get(contract)
    delegable = isinstance(declared, Request) and declared.delegable
    delegator = register.agency(on_behalf_of) if delegable else None
    delegations = delegations_of(delegator, agency.code, contract) if delegator else []
    if delegator is None or not any(delegation.until >= today() for delegation in delegations):
        raise Forbidden(
            "No agency of that code lets yours do this in its name; the water company registers it "
            "when that agency asks.",
            code="delegation.not_given",
        )
    return grants_of(delegator, contract, delegations)


def current(register: Register, caller: Table, contract_name: str) -> Wire:
    """The caller of an envelope of earlier, with only what still holds now: never more than then.

    Unauthenticated ``identity.key_revoked`` if its key is gone or out of date; Forbidden
    ``contract.grant_revoked`` if none of its rights to the contract is left.
    """
    key = register.credential(str(caller.get("key")))
    agency = register.agency(str(caller.get("agency")))
    if key is None or agency is None or key.agency != agency.code or key.until < today():
        raise Unauthenticated(
            "The key by which this was asked was taken back since.", code="identity.key_revoked"
        )
    contract = catalogue().get(contract_name)
    if isinstance(contract, Request) and contract.everyone and not caller.get("on_behalf_of"):
        return dict(caller)
    try:
        allowed = rights(register, agency, contract_name, caller.get("on_behalf_of"))
    except Forbidden:
        allowed = []
    in_force = [grant for grant in allowed if grant.until >= today()]
    earlier = list(caller.get("grants") or ())
    left = narrowed(earlier, grants_to_wire(in_force))
    if not in_force or (earlier and not left):
        raise Forbidden(
            "The grant by which this was asked was taken back or has ended since.",
            code="contract.grant_revoked",
        )
    return {**caller, "grants": left}


def narrowed(earlier: Iterable[Table], now: Iterable[Table]) -> list[Wire]:
    """What grants of earlier and of now both give, purpose by purpose.

    From where it was asked is known no more: a grant with networks counts for what was asked by
    one whose networks it still has.
    """
    present = list(now)
    kept = []
    for then in earlier:
        for grant in present:
            if grant["purpose"] != then.get("purpose") or not _from_there(then, grant):
                continue
            common = {**grant, "until": min(str(grant["until"]), str(then["until"]))}
            if "blocks" in then:
                allowed = grant.get("blocks", then["blocks"])
                common["blocks"] = [block for block in then["blocks"] if block in allowed]
            if "per_day" in then:
                common["per_day"] = min(grant.get("per_day", then["per_day"]), then["per_day"])
            if "withheld_days" in then:  # what was withheld when it was asked stays so
                days = then["withheld_days"]
                common["withheld_days"] = max(grant.get("withheld_days", days), days)
            if common not in kept:
                kept.append(common)
    return kept


def _from_there(then: Table, now: Table) -> bool:
    if "networks" not in now:
        return True
    return "networks" in then and set(then["networks"]) <= set(now["networks"])
