"""The register of agencies: who they are, their keys, their grants; read from TOML files."""

import datetime as dt
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bus import log
from bus.errors import Forbidden, Unauthenticated
from bus.keys import PublicKey
from bus.persian import tehran_day

LOOK_SECONDS = 0.5
DEFAULT_LIMIT = (600, 60)
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


@dataclass(slots=True)
class Known:
    """What the files said when they were last read whole."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    keys: dict[str, tuple[PublicKey, dt.date, str]] = field(default_factory=dict)


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
        """The public key of that id, if it is known."""
        self._look()
        found = self._known.keys.get(keyid)
        return found[0] if found else None

    def owner(self, keyid: str) -> Agency:
        """Whose key it is; Unauthenticated if it is out of date."""
        _, until, code = self._known.keys[keyid]
        if until < today():
            raise Unauthenticated(
                "Your key is out of date; register a new one.", code="identity.key_expired"
            )
        return self._known.agencies[code]

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
        keys = {
            str(k["id"]): (
                PublicKey.from_base64(str(k["public_key"])),
                _day(k["until"]),
                agency.code,
            )
            for k in told.get("keys", ())
        }
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name}: {error!r}") from None
    if agency.code in known.agencies or keys.keys() & known.keys.keys():
        raise ValueError(f"{path.name}: the agency or one of its keys is there twice")
    known.agencies[agency.code] = agency
    known.keys.update(keys)


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
