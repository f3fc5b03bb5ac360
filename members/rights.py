"""What agencies may do now, by the current register.

For services that keep something of an agency and act on it later: a message that waits, a
call-back, a job. An agency of which there is no copy may be one that was not copied to this machine
yet: what is its own is held for a while before it ends.
"""

import time
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from bus.envelope import Envelope
from bus.errors import RuleBroken, Unavailable
from bus.settings import Settings
from bus.signatures.keys import PublicKey
from members.documents import Agency, from_network, grants_of, today
from members.register import Register

MISSING_SECONDS = 600.0
AGENCY_REVOKED, AGENCY_MISSING = "agency.revoked", "agency.missing"
KEY_REVOKED, GRANT_REVOKED = "identity.key_revoked", "contract.grant_revoked"
HEARING_REVOKED = "feed.not_granted"


class Sender(NamedTuple):
    """An agency, and the key with which it called, if that is known."""

    agency: str
    key: str | None = None


def calling_agency(
    envelope: Envelope | None, refusal: str = "Only an agency can call this; use your agency's key."
) -> Sender:
    """Return the agency that calls, as the agency face has authenticated it, and its key.

    Raises RuleBroken ``agency.only`` with the sentence ``refusal`` for any other caller.
    """
    caller = (envelope.caller if envelope else None) or {}
    if not caller.get("agency"):
        raise RuleBroken(refusal, code="agency.only")
    key = caller.get("key")
    return Sender(str(caller["agency"]), str(key) if key else None)


class Members:
    """The agencies of a register; without a register nobody is refused here."""

    def __init__(self, register: Register | None, own: frozenset[str] = frozenset()) -> None:
        self._register, self._own = register, own
        self._missing_since: dict[str, float] = {}

    def refusal(self, sender: Sender, right: str | None = None, address: str | None = None) -> str:
        """Return the code of the refusal if an agency may no longer do this; empty if it may.

        ``right`` is a contract for which it needs a grant in force; ``address``, if it is known, is
        where it asks from. Unavailable while the register cannot be told (no copies yet).
        """
        if self._register is None or sender.agency in self._own:
            return ""
        agency = self._register.agency(sender.agency)
        if agency is None:
            return self._missing(sender.agency)
        self._missing_since.pop(sender.agency, None)
        if agency.revoked:
            return AGENCY_REVOKED
        if sender.key in agency.revoked_keys:
            return KEY_REVOKED
        return "" if right is None or _has(agency, right, address) else GRANT_REVOKED

    def revoked_keys(self, code: str) -> frozenset[str]:
        """The ids of the agency's revoked keys."""
        agency = self._register.agency(code) if self._register else None
        return agency.revoked_keys if agency else frozenset()

    def names(self, code: str) -> tuple[str, str]:
        """The agency's names in Persian and in English; empty for one that is not there."""
        agency = self._register.agency(code) if self._register else None
        return (agency.name_fa or agency.name, agency.name) if agency else ("", "")

    def hears(self, code: str, event: str) -> bool:
        """True if the agency receives events of that name now."""
        agency = self._register.agency(code) if self._register else None
        if self._register is None:
            return True
        return agency is not None and any(fnmatchcase(event, pattern) for pattern in agency.hears)

    def _missing(self, code: str) -> str:
        """Files by hand are read all at once; copies come one by one."""
        assert self._register is not None
        if not self._register.agencies():
            return AGENCY_MISSING
        since = self._missing_since.setdefault(code, time.monotonic())
        is_late = time.monotonic() - since > MISSING_SECONDS
        return AGENCY_REVOKED if is_late or not self._register.by_copies else AGENCY_MISSING


def _has(agency: Agency, right: str, address: str | None) -> bool:
    grants = [grant for grant in grants_of(agency, right) if grant.until >= today()]
    return bool(grants if address is None else from_network(grants, address))


EVERYBODY = Members(None)


def members_of(settings: Settings, own: frozenset[str] = frozenset()) -> Members:
    """The agencies of AGENCIES_DIR. Unavailable if its folder cannot be read the first time."""
    try:
        return _members(settings.get("AGENCIES_DIR"), settings.get("REGISTER_PUBLIC_KEY"), own)
    except (OSError, ValueError) as error:
        raise Unavailable(f"The register of agencies cannot be read: {error}") from None


@lru_cache(maxsize=8)
def _members(folder: str | None, key: str | None, own: frozenset[str]) -> Members:
    return Members(register_in(folder, key) if folder else None, own)


@lru_cache(maxsize=8)
def register_in(folder: str, key: str | None) -> Register:
    """The register of a folder; the same object at each call."""
    return Register(Path(folder), PublicKey.from_base64(key) if key else None)
