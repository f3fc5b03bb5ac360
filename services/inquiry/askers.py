"""Agencies that ask: in whose name, by which grants, and what the register of agencies says now."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bus.envelope import Envelope
from bus.errors import Unavailable
from bus.messages.values import Json
from bus.settings import Settings
from members.register import Register, current
from members.rights import register_in
from services.inquiry.domain.purposes import Grant
from services.inquiry.domain.question import Name


class Asker(NamedTuple):
    """An agency, and the other in whose name it asks, as the gateway's door has proven them."""

    agency: str
    on_behalf_of: str | None

    @property
    def charged(self) -> str:
        """The agency by whose grant it is asked, and who is charged for it."""
        return self.on_behalf_of or self.agency


def asker_of(envelope: Envelope) -> Asker:
    """Read who asks from an envelope."""
    return asker_in(envelope.caller or {})


def asker_in(caller: Mapping[str, object]) -> Asker:
    """Read who asks from the caller of an envelope."""
    behalf = caller.get("on_behalf_of")
    return Asker(str(caller.get("agency")), None if behalf is None else str(behalf))


def grants_in(caller: Json) -> Sequence[Grant]:
    """Read the grants that the caller of an envelope holds."""
    grants: Sequence[Grant] = caller.get("grants") or ()
    return grants


def with_rights_of_now(settings: Settings, caller: Json, contract: str) -> Json:
    """Return the caller with what the register of agencies leaves of its rights now.

    Without a register they are as they were. Raises what ``members.register.current`` raises, and
    Unavailable while the register cannot be read.
    """
    try:
        register = register_of(settings)
    except (OSError, ValueError) as error:
        raise Unavailable(f"The register of agencies cannot be read: {error}") from None
    return current(register, caller, contract) if register else dict(caller)


def name_of(settings: Settings, agency: str | None) -> Name | None:
    """Look up what people call an agency now; None if the register lacks it, or cannot be read."""
    try:
        register = register_of(settings) if agency else None
    except (OSError, ValueError):
        return None
    entry = register.agency(str(agency)) if register else None
    return Name(entry.name_fa or entry.name, entry.name) if entry else None


def register_of(settings: Settings) -> Register | None:
    """The register of AGENCIES_DIR, the same object each time; None without that setting.

    It is read again when it has changed. ValueError if it cannot be read the first time.
    """
    folder = settings.get("AGENCIES_DIR")
    if folder is None:
        return None
    register = register_in(folder, settings.get("REGISTER_PUBLIC_KEY"))
    register.look_now()
    return register
