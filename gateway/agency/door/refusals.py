"""Refused requests, which an agency can read about itself.

Recorded is what a code means, in our own words: nothing that the agency sent. Records go to the
agencies service each second; a process that is killed loses its last ones.
"""

import asyncio
import time
import uuid
from datetime import UTC, datetime

from starlette.requests import Request

from bus.client import Client
from bus.envelope import instant
from bus.errors import BusError, Unavailable
from bus.process import log
from contracts.agencies.hearing import (
    NOTE_REFUSALS,
    REFUSALS_AT_ONCE,
    NotedRefusal,
    NoteRefusals,
)
from gateway.http.facts import AGENCY, CODE, CONTRACT, KEY, trace_id
from gateway.http.problems import PROBLEMS
from members.register import Register

PAUSE_SECONDS = 1.0
SEND_SECONDS = 5.0
MOST_WAITING = 5_000
# For each key and minute. A request that only names a key takes no room of those that prove it.
MOST_PROVEN, MOST_CLAIMED = 60, 10
WINDOW_SECONDS = 60.0
CLIENT_ERRORS = range(400, 500)
_log = log.get("refusals")

Records = list[NotedRefusal]


def claim(request: Request, key: str) -> None:
    """Remember which key of the register a request names, before anything is proven."""
    KEY.set(request, key)


class Refusals:
    """Records that were not sent yet, at most MOST_WAITING; more are dropped."""

    def __init__(self, client: Client, register: Register) -> None:
        self._client, self._register = client, register
        self._waiting: Records = []
        # The id and the records of a message that was not acknowledged yet.
        self._sending: tuple[str, Records] | None = None
        self._counts: dict[tuple[str, bool], int] = {}
        self._window = 0.0

    def note(self, request: Request, status: int) -> None:
        """Record an answer if it refuses an agency that was proven, or whose key was named."""
        code, key = CODE.get(request), KEY.get(request)
        if status not in CLIENT_ERRORS or code is None or key is None:
            return
        proven = AGENCY.get(request) is not None
        credential = self._register.credential(key)
        if credential is None or not self._has_room(key, proven):
            return
        problem = PROBLEMS.get(code)
        self._waiting.append(
            NotedRefusal(
                agency=credential.agency,
                at=instant(datetime.now(UTC)),
                trace_id=trace_id(request),
                contract=CONTRACT.get(request),
                status=status,
                code=code,
                message=f"{problem.title}. {problem.what_to_do}" if problem else code,
                key=key,
                proven=proven,
            )
        )

    def _has_room(self, key: str, proven: bool) -> bool:
        now = time.monotonic()
        if now - self._window > WINDOW_SECONDS:
            self._window = now
            self._counts.clear()
        count = self._counts.get((key, proven), 0) + 1
        self._counts[key, proven] = count
        most = MOST_PROVEN if proven else MOST_CLAIMED
        return count <= most and len(self._waiting) < MOST_WAITING

    async def keep(self) -> None:
        """Send the records each second, and once more when the face ends."""
        try:
            while True:
                await asyncio.sleep(PAUSE_SECONDS)
                await self._send()
        finally:
            await self._send()

    async def _send(self) -> None:
        """Send all records; those that were not acknowledged go again under their id."""
        while self._sending or self._waiting:
            if self._sending is None:
                batch = self._waiting[:REFUSALS_AT_ONCE]
                del self._waiting[: len(batch)]
                self._sending = (str(uuid.uuid4()), batch)
            id_, batch = self._sending
            try:
                await self._client.call(
                    NOTE_REFUSALS,
                    NoteRefusals(refusals=tuple(batch)),
                    id=id_,
                    deadline=SEND_SECONDS,
                )
            except Unavailable as error:
                waiting = len(batch) + len(self._waiting)
                _log.warning("refusals_not_sent", code=error.code, waiting=waiting)
                return
            except BusError as error:  # it would be refused the next time too
                _log.error("refusals_lost", code=error.code, count=len(batch))
            self._sending = None
