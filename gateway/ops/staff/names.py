"""Colleagues and agencies by the name that people call them, wherever a page tells of them."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request

from bus.errors import BusError
from contracts.agencies.desk import AGENCY_NAMES
from contracts.ticketing.desk import STAFF_NAMES
from gateway.ops.staff.session import Desk

SECONDS = 30.0
# Who acts without an account at the desk.
OTHERS = {
    "mirab": "سامانه", "system": "سامانه", "citizen": "شهروند", "mail": "نامه", "import": "فایل",
}  # fmt: skip

OURSELVES = "خود شرکت"

Person = Callable[[str | None], str]
NameOf = Callable[[str | None], str]


class Names:
    """What colleagues and agencies are called, asked anew after half a minute."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._colleagues, self._agencies = Kept(), Kept()

    async def person(self, request: Request) -> Person:
        """Gives the name of an account; the account itself while the names are not to be had."""
        if self._colleagues.is_old():
            self._colleagues.keep(await self._asked(self._desk.ask(request, STAFF_NAMES, {})))
        names = self._colleagues.names

        def named(account: str | None) -> str:
            return names.get(account or "") or OTHERS.get(account or "", account or "")

        return named

    async def agency(self, request: Request) -> NameOf:
        """Gives the name of an agency with its code; the code while the names are not to be had."""
        if self._agencies.is_old():
            reply = self._desk.ask_as_desk(request, AGENCY_NAMES, {})
            self._agencies.keep(await self._asked(reply))
        names = self._agencies.names

        def named(code: str | None) -> str:
            if code == "mirab":
                return OURSELVES
            name = names.get(code or "")
            return f"{name} ({code})" if name else code or ""

        return named

    async def _asked(self, reply: Awaitable[Mapping[str, Any]]) -> Mapping[str, str] | None:
        try:
            return dict((await reply)["names"])
        except BusError:
            return None  # A page without names is better than none.


class Kept:
    """Names and how long they hold; after a failure the old ones hold as long again."""

    def __init__(self) -> None:
        self.names: Mapping[str, str] = {}
        self._until = 0.0

    def is_old(self) -> bool:
        return time.monotonic() >= self._until

    def keep(self, names: Mapping[str, str] | None) -> None:
        self.names = self.names if names is None else names
        self._until = time.monotonic() + SECONDS
