"""The operational record of a face on its way to the agencies service."""

import asyncio
import uuid

from bus.client import Client
from bus.errors import BusError, Unavailable
from bus.process import log
from bus.process.records import RECORDER
from bus.wire import Wire
from contracts.agencies.records import NOTE_CALLS

PAUSE_SECONDS, LONGEST_PAUSE = 1.0, 30.0
SEND_SECONDS = 5.0
_log = log.get("records")


class CallRecords:
    """Sends each second what this process has recorded. While the service is away it tries less
    often, and what waits is bounded.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        # The id and the data of a message that was not acknowledged yet.
        self._sending: tuple[str, Wire] | None = None
        self._away = False

    async def keep(self) -> None:
        """Send the record each second, and once more when the face ends."""
        pause = PAUSE_SECONDS
        try:
            while True:
                await asyncio.sleep(pause)
                sent = await self._send()
                pause = PAUSE_SECONDS if sent else min(2 * pause, LONGEST_PAUSE)
        finally:
            await self._send(all_sums=True)

    async def _send(self, *, all_sums: bool = False) -> bool:
        """Send all that waits; False if the service cannot be asked now."""
        while True:
            if self._sending is None:
                batch = RECORDER.take(all_sums=all_sums)
                if batch is None:
                    return True
                self._sending = (str(uuid.uuid4()), batch)
            id_, data = self._sending
            try:
                await self._client.call_json(NOTE_CALLS, data, id=id_, deadline=SEND_SECONDS)
            except Unavailable as error:
                if not self._away:
                    _log.warning("records_not_sent", code=error.code)
                self._away = True
                return False
            except BusError as error:  # it would be refused the next time too
                _log.error("records_lost", code=error.code)
                RECORDER.lost(data)
            self._sending, self._away = None, False
