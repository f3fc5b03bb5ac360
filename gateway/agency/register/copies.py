"""Keeps the folder of signed copies in line with the register of agencies.

An event makes it ask for the versions that came after; without one it asks every few seconds, so
that a lost message costs no more. While the register cannot be reached, its last versions stay in
force.
"""

import asyncio
import contextlib
import time
from pathlib import Path

from bus.client import Client
from bus.errors import BusError
from bus.messages.values import Json
from bus.process import log
from contracts.agencies.register import CHANGED, COPIES, CopiesAfter
from members.copies import write
from members.register import Register

LOOK_SECONDS, RETRY_SECONDS, WHOLE_SECONDS = 5.0, 1.0, 300.0
CALLER = {"face": "agency"}
_log = log.get("copying")


class RegisterCopies:
    """The folder of one machine; ``run`` is a work of the face."""

    def __init__(self, client: Client, register: Register, folder: Path) -> None:
        self._client, self._register, self._folder = client, register, folder
        self._version, self._whole_at = 0, 0.0
        self._copies: dict[str, Json] = {}
        self._wake, self._lock = asyncio.Event(), asyncio.Lock()
        client.hear(CHANGED, lambda _: self._wake.set())

    async def run(self) -> None:
        """Update the folder again and again, at once after an event."""
        while True:
            self._wake.clear()
            pause = LOOK_SECONDS
            try:
                await self.look()
            except (BusError, OSError) as error:
                _log.warning("copies_update_failed", error=str(error))
                pause = RETRY_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    async def look(self) -> None:
        """Update the folder now. BusError if the register does not answer; OSError."""
        async with self._lock:
            whole = time.monotonic() >= self._whole_at
            after = 0 if whole else self._version
            reply = await self._client.call(COPIES, CopiesAfter(after=after), caller=CALLER)
            changed = {copy["code"]: copy for copy in reply.copies}
            self._copies = changed if whole else self._copies | changed
            # All copies, also where somebody changed or removed a file by hand.
            await asyncio.to_thread(write, self._folder, self._copies.values(), whole=whole)
            self._register.look_now()
            if reply.copies:
                _log.info("copies_updated", version=reply.version, copies=len(reply.copies))
            self._version = reply.version
            if whole:
                self._whole_at = time.monotonic() + WHOLE_SECONDS
