"""The register of agencies: who they are, their keys, their grants; read from TOML files."""

import base64
import datetime as dt
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from joserfc.jwk import Key

from bus import log
from bus.errors import Forbidden, Unauthenticated
from bus.keys import PublicKey
from bus.persian import tehran_day
from gateway.agency.jose import public_key

LOOK_SECONDS = 0.5
DEFAULT_LIMIT = (600, 60)
SHA256_BYTES = 32
_log = log.get("register")


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to use contracts (``inquiry.ask.v1``, ``inquiry.*``) for purposes until a day."""

    contract: str
    purposes: tuple[str, ...]
    until: dt.date


@dataclass(frozen=True, slots=True)
class Agency:
    """A member: ``requests`` in ``seconds`` is its rate limit."""

    code: str
    name: str
    grants: tuple[Grant, ...]
    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Credential:
    """What an agency proves itself by until a day: a key, or a certificate by its SHA-256.

    ``signs`` is an Ed25519 key, which alone may sign requests; ``jwk`` any key, by which it asks
    for tokens with one of ``algorithms``.
    """

    id: str
    agency: str
    until: dt.date
    signs: PublicKey | None = None
    jwk: Key | None = None
    algorithms: tuple[str, ...] = ()
    thumbprint: str | None = None


@dataclass(slots=True)
class Known:
    """What the files said when they were last read whole."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    keys: dict[str, Credential] = field(default_factory=dict)
    certificates: dict[str, Credential] = field(default_factory=dict)


class Register:
    """All agencies; a changed file is in force within a second, a broken one changes nothing."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ValueError(f"AGENCIES_DIR: there is no folder {folder}.")
        self._folder = folder
        self._seen: tuple[Any, ...] = ()
        self._looked = 0.0
        self._known = Known()
        self._read()

    def key(self, keyid: str) -> PublicKey | None:
        """The public key of that id by which requests are signed, if it is known."""
        found = self.credential(keyid)
        return found.signs if found else None

    def credential(self, id: str) -> Credential | None:
        """The key or certificate of that id, if it is known."""
        self._look()
        return self._known.keys.get(id)

    def certificate(self, thumbprint: str) -> Credential | None:
        """The certificate with that SHA-256 (base64url), if it is known."""
        self._look()
        return self._known.certificates.get(thumbprint)

    def owner(self, keyid: str) -> Agency:
        """Whose key it is; Unauthenticated if it is out of date."""
        found = self._known.keys[keyid]
        if found.until < today():
            raise Unauthenticated(
                "Your key is out of date; register a new one.", code="identity.key_expired"
            )
        return self._known.agencies[found.agency]

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            if self._state() != self._seen:
                self._read()

    def _state(self) -> tuple[Any, ...]:
        try:
            stats = [(path.name, path.stat()) for path in sorted(self._folder.glob("*.toml"))]
        except OSError:  # a file went while we looked; look again next time
            return ()
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)

    def _read(self) -> None:
        self._seen = self._state()
        known = Known()
        try:
            for path in sorted(self._folder.glob("*.toml")):
                _add(known, path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            if not self._known.agencies:
                raise ValueError(f"AGENCIES_DIR: {error}") from None
            _log.error("register not read, the old one stays", why=str(error))
            return
        self._known = known
        _log.info("register read", agencies=len(known.agencies), keys=len(known.keys))


def _add(known: Known, path: Path) -> None:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        limits = dict(told.get("limits", {}))
        agency = Agency(
            str(told["code"]),
            str(told["name"]),
            tuple(
                Grant(str(g["contract"]), tuple(map(str, g.get("purposes", ()))), _day(g["until"]))
                for g in told.get("grants", ())
            ),
            _positive(limits.get("requests", DEFAULT_LIMIT[0])),
            _positive(limits.get("seconds", DEFAULT_LIMIT[1])),
        )
        given = [
            *(_key(agency.code, k) for k in told.get("keys", ())),
            *(_certificate(agency.code, c) for c in told.get("certificates", ())),
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name}: {error!r}") from None
    keys = {one.id: one for one in given}
    certificates = {one.thumbprint: one for one in given if one.thumbprint}
    if (
        agency.code in known.agencies
        or keys.keys() & known.keys.keys()
        or certificates.keys() & known.certificates.keys()
    ):
        raise ValueError(f"{path.name}: the agency or one of its keys is there twice")
    known.agencies[agency.code] = agency
    known.keys.update(keys)
    known.certificates.update(certificates)


def _key(agency: str, told: dict[str, Any]) -> Credential:
    """A key of a file: ``public_key`` in base64, or ``jwk``, a table after RFC 7517."""
    signs = PublicKey.from_base64(str(told["public_key"])) if "public_key" in told else None
    jwk, algorithms = public_key(signs.jwk("") if signs else told["jwk"])
    return Credential(str(told["id"]), agency, _day(told["until"]), signs, jwk, algorithms)


def _certificate(agency: str, told: dict[str, Any]) -> Credential:
    """A certificate of a file: ``sha256`` of its DER in hex, as openssl prints it."""
    digest = bytes.fromhex(str(told["sha256"]).replace(":", ""))
    if len(digest) != SHA256_BYTES:
        raise ValueError("sha256 of a certificate has 32 bytes")
    thumbprint = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return Credential(str(told["id"]), agency, _day(told["until"]), thumbprint=thumbprint)


def _day(value: Any) -> dt.date:
    if type(value) is not dt.date:  # a datetime is a date to isinstance
        raise ValueError(f"{value!r} is not a day")
    return value


def _positive(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{value!r} is not a whole number from 1")
    return value


def today() -> dt.date:
    """The day in Iran, by which grants and keys end."""
    return tehran_day(dt.datetime.now(dt.UTC))


def grants_for(agency: Agency, contract: str) -> list[dict[str, str]]:
    """The purposes granted for a contract, as they go into the caller: the service decides."""
    return [
        {"purpose": purpose, "until": grant.until.isoformat()}
        for grant in agency.grants
        if fnmatchcase(contract, grant.contract)
        for purpose in grant.purposes
    ]


def is_granted(agency: Agency, contract: str) -> bool:
    """True if a grant for this contract is in force, for whatever purpose."""
    return any(
        fnmatchcase(contract, grant.contract) and grant.until >= today() for grant in agency.grants
    )


def require_grant(agency: Agency, contract: str) -> None:
    """Forbidden unless a grant for this contract is in force; for contracts without a purpose."""
    found = [grant for grant in agency.grants if fnmatchcase(contract, grant.contract)]
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
