"""The key by which this installation signs answers, and what else others can verify by it."""

import functools

from bus.errors import Unavailable
from bus.settings import Settings
from bus.signatures.keys import SigningKey


def answer_key(settings: Settings, year: int) -> SigningKey | None:
    """The key in SIGNING_KEY_FILE, by its id; None if no file is named.

    Unavailable ``secret.unavailable`` while the file is gone or holds none.
    """
    path = settings.get("SIGNING_KEY_FILE")
    if not path:
        return None
    try:
        return _load(path.strip(), answer_key_id(settings, year))
    except (OSError, ValueError):
        raise Unavailable(
            "The service lacks the key by which it signs. Try again later.",
            code="secret.unavailable",
        ) from None


def answer_key_id(settings: Settings, year: int) -> str:
    """The id by which others know that key: SIGNING_KEY_ID, or ``mirab-YEAR`` without it."""
    return settings.text("SIGNING_KEY_ID", f"mirab-{year}")


@functools.lru_cache(maxsize=4)
def _load(path: str, keyid: str) -> SigningKey:
    return SigningKey.load(path, keyid)
