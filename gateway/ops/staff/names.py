"""The names of colleagues and agencies, for every page that mentions them."""

import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request

from bus.errors import BusError
from contracts.agencies import register
from contracts.agencies.desk import AGENCY_NAMES, AgencyNames
from contracts.ticketing import desk as ticketing
from contracts.ticketing.desk import STAFF_NAMES
from gateway.ops.staff.session import Desk

SECONDS, AGAIN_SECONDS = 30.0, 1.0
# Who acts without an account at the desk.
OTHERS = {
    "mirab": "سامانه",
    "system": "سامانه",
    "citizen": "شهروند",
    "mail": "نامه",
    "import": "فایل",
}

OURSELVES = "خود شرکت"

Person = Callable[[str | None], str]
NameOf = Callable[[str | None], str]


class Names:
    """The names of colleagues and agencies, refreshed every half minute."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._colleagues, self._agencies = Kept(), Kept()

    async def person(self, request: Request) -> Person:
        """Return the function from an account to its name; to the account itself without names."""
        if self._colleagues.is_old():
            reply = self._desk.ask(request, STAFF_NAMES, ticketing.Nothing())
            self._colleagues.keep(await _names_of(reply))
        names = self._colleagues.names

        def named(account: str | None) -> str:
            return names.get(account or "") or OTHERS.get(account or "", account or "")

        return named

    async def agency(self, request: Request) -> NameOf:
        """Return the function from the code of an agency to its name with the code."""
        names = await self._agency_names(request)

        def named(code: str | None) -> str:
            if code == "mirab":
                return OURSELVES
            name = names.get(code or "")
            return f"{name} ({code})" if name else code or ""

        return named

    async def agency_codes(self, request: Request) -> list[str]:
        """Return the codes of all agencies that have names."""
        return list(await self._agency_names(request))

    async def _agency_names(self, request: Request) -> Mapping[str, str]:
        if self._agencies.is_old():
            reply = self._desk.ask_as_desk(request, AGENCY_NAMES, register.Nothing())
            self._agencies.keep(await _names_of(reply))
        return self._agencies.names


async def _names_of(reply: Awaitable[ticketing.Names | AgencyNames]) -> Mapping[str, str] | None:
    try:
        return (await reply).names
    except BusError:
        return None  # A page without names is better than none.


class Kept:
    """Names and their expiry; after a failure the old ones are kept, and asked for again soon: a
    visitor who has not signed in yet is told none.
    """

    def __init__(self) -> None:
        self.names: Mapping[str, str] = {}
        self._until = 0.0

    def is_old(self) -> bool:
        return time.monotonic() >= self._until

    def keep(self, names: Mapping[str, str] | None) -> None:
        self.names = self.names if names is None else names
        self._until = time.monotonic() + (AGAIN_SECONDS if names is None else SECONDS)
