"""Agencies as this service knows them: who asks in whose name, and what the register says now."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from bus.envelope import Envelope
from bus.errors import Unavailable
from bus.settings import Settings
from members.register import Register, current
from members.rights import register_in
from services.inquiry.domain.question import Name


class Asker(NamedTuple):
    """An agency, and the other in whose name it asks, as the gateway's door has proven them."""

    agency: str
    on_behalf_of: str | None

    @property
    def charged(self) -> str:
        """Whose question it is: by whose grant it is asked, and who is charged for it."""
        return self.on_behalf_of or self.agency


def asker_of(message: Envelope | None) -> Asker:
    """Who asks."""
    return asker_in((message.caller if message else None) or {})


def asker_in(caller: Mapping[str, Any]) -> Asker:
    """Who asks, by the caller of an envelope."""
    return Asker(str(caller.get("agency")), caller.get("on_behalf_of"))


def still(settings: Settings, caller: Mapping[str, Any], contract: str) -> dict[str, Any]:
    """The caller with what the register leaves of his rights now; as he was where this service has
    no register. Raises what ``members.register.current`` does.
    """
    try:
        register = register_of(settings)
    except (OSError, ValueError) as error:
        raise Unavailable(f"The register of agencies cannot be read: {error}") from None
    return current(register, caller, contract) if register else dict(caller)


def name_of(settings: Settings, agency: str | None) -> Name | None:
    """What people call an agency by the register of now; None if it is not there, or away."""
    try:
        register = register_of(settings) if agency else None
    except (OSError, ValueError):
        return None
    entry = register.agency(str(agency)) if register else None
    return Name(entry.name_fa or entry.name, entry.name) if entry else None


def register_of(settings: Settings) -> Register | None:
    """The register of AGENCIES_DIR, the same object each time, read anew when it has changed; None
    without that setting. ValueError if it cannot be read the first time.
    """
    folder = settings.get("AGENCIES_DIR")
    if folder is None:
        return None
    found = register_in(folder, settings.get("REGISTER_PUBLIC_KEY"))
    found.look_now()
    return found
