"""What notify says of the burn of promises, asked once a minute: so often its probes change."""

import asyncio

from bus.client import Client
from bus.errors import BusError
from contracts.notify.announcements import Nothing
from contracts.notify.measures.burns import BURNS, Burns

KEPT_SECONDS = 60.0


class LatestBurns:
    """The newest reply, for a minute; after that None while notify does not answer."""

    def __init__(self, client: Client, seconds: float) -> None:
        self._client, self._seconds = client, seconds
        self._reply: Burns | None = None
        self._asked_at = 0.0

    async def read(self) -> Burns | None:
        """Return the burns of the last minute; None if they are not known."""
        now = asyncio.get_running_loop().time()
        if self._reply is None or now - self._asked_at >= KEPT_SECONDS:
            try:
                self._reply = await self._client.call(BURNS, Nothing(), deadline=self._seconds)
                self._asked_at = now
            except BusError:
                self._reply = None
        return self._reply
