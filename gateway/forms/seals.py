"""Seals: data that a browser carries for us and that nobody else can read, make or change."""

import base64
from collections.abc import Mapping

import orjson
from cryptography.fernet import Fernet, InvalidToken

from bus.sealing import derived


class Seals:
    """Seals data of one ``purpose``; what was sealed for one purpose opens for no other."""

    def __init__(self, key: str, purpose: str = "claim") -> None:
        own = derived(key, f"mirab seals:{purpose}")
        self._fernet = Fernet(base64.urlsafe_b64encode(own))

    def seal(self, data: Mapping[str, object]) -> str:
        """Return the JSON data as opaque text."""
        return self._fernet.encrypt(orjson.dumps(data)).decode()

    def open(self, text: str, seconds: int) -> dict[str, object] | None:
        """Return the data of one of our seals not older than ``seconds``; None for any other."""
        try:
            data = orjson.loads(self._fernet.decrypt(text.encode(), ttl=seconds))
        except (InvalidToken, ValueError):
            return None
        return data if isinstance(data, dict) else None
