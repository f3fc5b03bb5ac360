"""The register of agencies where this service has one: what was allowed once, is it still."""

from functools import lru_cache
from pathlib import Path

from bus.keys import PublicKey
from bus.register import Register
from bus.settings import Settings


def register_of(settings: Settings) -> Register | None:
    """The register of AGENCIES_DIR, the same object each time, read anew when it has changed; None
    without that setting. ValueError if it cannot be read the first time.
    """
    folder = settings.get("AGENCIES_DIR")
    if folder is None:
        return None
    found = _register(folder, settings.get("REGISTER_PUBLIC_KEY"))
    found.look_now()
    return found


@lru_cache(maxsize=8)
def _register(folder: str, key: str | None) -> Register:
    return Register(Path(folder), PublicKey.from_base64(key) if key else None)
