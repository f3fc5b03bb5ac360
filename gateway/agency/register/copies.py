"""Keeps the folder of signed copies in line with the register of agencies.

Told of a change it asks for what came after; told of nothing it asks all the same, so that a lost
message costs seconds. While the register cannot be reached, what was in force stays so.
"""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

from bus.client import Client
from bus.errors import BusError
from bus.process import log
from contracts.agencies.register import CHANGED, COPIES
from members.copies import write
from members.register import Register

LOOK_SECONDS, AGAIN_SECONDS, WHOLE_SECONDS = 5.0, 1.0, 300.0
CALLER = {"face": "agency"}
_log = log.get("copying")


class Copying:
    """The folder of one machine; ``run`` beside the requests of a face."""

    def __init__(self, client: Client, register: Register, folder: Path) -> None:
        self._client, self._register, self._folder = client, register, folder
        self._known, self._whole_at = 0, 0.0
        self._copies: dict[str, dict[str, Any]] = {}
        self._wake, self._one = asyncio.Event(), asyncio.Lock()
        client.hear(CHANGED, lambda _: self._wake.set())

    async def run(self) -> None:
        """Looks again and again, at once when a change is told."""
        while True:
            self._wake.clear()
            pause = LOOK_SECONDS
            try:
                await self.look()
            except (BusError, OSError) as error:
                _log.warning("copies not looked at", error=str(error))
                pause = AGAIN_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    async def look(self) -> None:
        """Brings the folder in line now. BusError if the register does not answer; OSError."""
        async with self._one:
            whole = time.monotonic() >= self._whole_at
            after = 0 if whole else self._known
            told = await self._client.call(COPIES, {"after": after}, caller=CALLER)
            found = {copy["code"]: copy for copy in told["copies"]}
            self._copies = found if whole else self._copies | found
            # What nobody told of is written too where somebody changed or removed it.
            await asyncio.to_thread(write, self._folder, self._copies.values(), whole=whole)
            self._register.look_now()
            if told["copies"]:
                _log.info("copies taken", version=told["version"], copies=len(told["copies"]))
            self._known = told["version"]
            if whole:
                self._whole_at = time.monotonic() + WHOLE_SECONDS
