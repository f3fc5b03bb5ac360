"""Seals: data that a browser carries for us and that nobody else can read, make or change."""

from collections.abc import Mapping

import orjson

from bus.sealing import Seal


class Seals:
    """Seals data of one ``purpose``; what was sealed for one purpose opens for no other."""

    def __init__(self, key: str, purpose: str = "claim") -> None:
        self._seal = Seal(key, f"mirab seals:{purpose}")

    def seal(self, data: Mapping[str, object]) -> str:
        """Return the JSON data as opaque text."""
        return self._seal.close(orjson.dumps(data).decode())

    def open(self, text: str, seconds: int) -> dict[str, object] | None:
        """Return the data of one of our seals not older than ``seconds``; None for any other."""
        try:
            opened = self._seal.open(text, seconds)
            data = orjson.loads(opened) if opened is not None else None
        except ValueError:
            return None
        return data if isinstance(data, dict) else None
