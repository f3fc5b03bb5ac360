"""Colleagues by the name that people call them, wherever a page tells who did something."""

import time
from collections.abc import Callable, Mapping

from starlette.requests import Request

from bus.contracts.desk import STAFF_NAMES
from bus.errors import BusError
from gateway.ops.desk.session import Desk

SECONDS = 30.0
# Who acts without an account at the desk.
OTHERS = {
    "mirab": "سامانه", "system": "سامانه", "citizen": "شهروند", "mail": "نامه", "import": "فایل",
}  # fmt: skip

Person = Callable[[str | None], str]


class Names:
    """What colleagues are called, asked anew after half a minute."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._until = desk, 0.0
        self._names: Mapping[str, str] = {}

    async def person(self, request: Request) -> Person:
        """Gives the name of an account; the account itself while the names are not to be had."""
        if time.monotonic() >= self._until:
            try:
                self._names = (await self._desk.ask(request, STAFF_NAMES, {}))["names"]
                self._until = time.monotonic() + SECONDS
            except BusError:
                pass  # A page without names is better than none.
        names = self._names

        def named(account: str | None) -> str:
            return names.get(account or "") or OTHERS.get(account or "", account or "")

        return named
