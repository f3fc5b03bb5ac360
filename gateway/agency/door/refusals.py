"""Why was I refused: what this face refused an agency is noted for that agency alone.

Noted is what a code means, in our own words: nothing that the asker wrote. What was noted is told
each second; the last of it is lost if this process is killed.
"""

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from bus.client import Client
from bus.envelope import instant
from bus.errors import BusError, Unavailable
from bus.process import log
from contracts.agencies.hearing import NOTE_REFUSALS, REFUSALS_AT_ONCE
from gateway.agency.door.grants import Register
from gateway.http.problems import PROBLEMS

EACH_SECONDS = 1.0
TELL_SECONDS = 5.0
MOST_WAITING = 5_000
# A minute and a key. Who only names a key fills no room of who has proven it.
MOST_PROVEN, MOST_CLAIMED = 60, 10
WINDOW_SECONDS = 60.0
CLIENT_ERRORS = range(400, 500)
_log = log.get("refusals")

Noted = list[dict[str, Any]]


def claim(request: Request, key: str) -> None:
    """Remembers which key of the register a request names, before anything is proven."""
    request.state.key = key


class Refusals:
    """What is noted and not told yet, at most so much; what is over it is dropped."""

    def __init__(self, client: Client, register: Register) -> None:
        self._client, self._register = client, register
        self._waiting: Noted = []
        self._telling: tuple[str, Noted] | None = None
        self._counts: dict[tuple[str, bool], int] = {}
        self._window = 0.0

    def note(self, request: Request, status: int) -> None:
        """Notes an answer if it refuses an agency that was proven, or whose key was named."""
        state = request.state
        code, key = getattr(state, "code", None), getattr(state, "key", None)
        if status not in CLIENT_ERRORS or code is None or key is None:
            return
        proven = getattr(state, "agency", None) is not None
        known = self._register.credential(key)
        if known is None or not self._may(key, proven):
            return
        problem = PROBLEMS.get(code)
        self._waiting.append(
            {
                "agency": known.agency,
                "at": instant(datetime.now(UTC)),
                "trace_id": state.traceparent.split("-")[1],
                "contract": getattr(state, "contract", None),
                "status": status,
                "code": code,
                "message": f"{problem.title}. {problem.what_to_do}" if problem else code,
                "key": key,
                "proven": proven,
            }
        )

    def _may(self, key: str, proven: bool) -> bool:
        now = time.monotonic()
        if now - self._window > WINDOW_SECONDS:
            self._window = now
            self._counts.clear()
        count = self._counts.get((key, proven), 0) + 1
        self._counts[key, proven] = count
        most = MOST_PROVEN if proven else MOST_CLAIMED
        return count <= most and len(self._waiting) < MOST_WAITING

    async def keep(self) -> None:
        """Tells each second what was noted; once more when the face ends."""
        try:
            while True:
                await asyncio.sleep(EACH_SECONDS)
                await self._tell()
        finally:
            await self._tell()

    async def _tell(self) -> None:
        """What was not taken is told again under its id."""
        while self._telling or self._waiting:
            if self._telling is None:
                some = self._waiting[:REFUSALS_AT_ONCE]
                del self._waiting[: len(some)]
                self._telling = (str(uuid.uuid4()), some)
            id_, some = self._telling
            try:
                await self._client.call(
                    NOTE_REFUSALS, {"refusals": some}, id=id_, deadline=TELL_SECONDS
                )
            except Unavailable as error:
                _log.warning("not told", code=error.code, waiting=len(some) + len(self._waiting))
                return
            except BusError as error:  # nor would it be the next time
                _log.error("not taken", code=error.code, lost=len(some))
            self._telling = None
