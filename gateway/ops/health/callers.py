"""Which agencies call which contracts, so that the board names who is affected by a fault.

Asked once a minute; while nobody answers, who called before still counts: they ask again.
"""

import asyncio
import datetime as dt
from collections.abc import Collection

from bus.client import Client
from bus.envelope import instant
from bus.errors import BusError
from contracts.agencies.traffic import TRAFFIC, AskTraffic

SPAN, EVERY_SECONDS = dt.timedelta(hours=1), 60.0
CALLER = {"face": "ops"}


class Callers:
    """The agencies of the last hour by contract."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._agencies: dict[str, set[str]] = {}

    async def run(self) -> None:
        """Ask again and again, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Ask now; what is not answered changes nothing."""
        message = AskTraffic(since=instant(dt.datetime.now(dt.UTC) - SPAN))
        try:
            reply = await self._client.call(TRAFFIC, message, caller=CALLER)
        except BusError:
            return
        agencies: dict[str, set[str]] = {}
        for row in reply.rows:
            agencies.setdefault(row.contract, set()).add(row.agency)
        self._agencies = agencies

    def of(self, contracts: Collection[str]) -> tuple[str, ...]:
        """Return the agencies that called one of these contracts."""
        called = (self._agencies.get(contract, set()) for contract in contracts)
        return tuple(sorted(set().union(*called)))
