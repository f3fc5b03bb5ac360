"""The queue of PDFs for strangers: bounded, one at a time, with a share for each address. What was
made is kept.
"""

import asyncio
import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable

from bus.errors import TooMany, Unavailable
from gateway.limits.guesses import neighbourhood

MOST_KEPT = 48 * 1024 * 1024
# How many of one address may wait, and the seconds after which a refused one may come back.
SHARE, SECONDS = 2, 5


class PrintQueue:
    """The queue of a face and a cache of the papers that it made, least recently used out first."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._papers = OrderedDict[str, bytes]()
        self._running: dict[str, asyncio.Task[bytes]] = {}
        self._shares = Counter[str]()
        self._turn = asyncio.Lock()

    async def paper(self, address: str, content: bytes, make: Callable[[], bytes]) -> bytes:
        """Return the PDF that ``make`` makes of this content, which determines it wholly.

        TooMany ``printing.share`` if others of the address wait; Unavailable ``printing.busy``
        while the queue is full.
        """
        key = hashlib.sha256(content).hexdigest()
        if (paper := self._papers.get(key)) is not None:
            self._papers.move_to_end(key)
            return paper
        task = self._running.get(key)
        if task is None:
            name = neighbourhood(address)
            self._admit(name)
            task = self._running[key] = asyncio.create_task(self._print(key, name, make))
        return await asyncio.shield(task)

    def _admit(self, name: str) -> None:
        if self._shares[name] >= SHARE:
            raise TooMany(
                "Other documents are being made for your network; ask for this one in a moment.",
                code="printing.share",
                retry_after=SECONDS,
            )
        if len(self._running) >= self._most:
            raise Unavailable(
                "Many documents are being made now; ask for this one in a moment.",
                code="printing.busy",
                retry_after=SECONDS,
            )
        self._shares[name] += 1

    async def _print(self, key: str, name: str, make: Callable[[], bytes]) -> bytes:
        try:
            async with self._turn:
                paper = await asyncio.to_thread(make)
            self._keep(key, paper)
            return paper
        finally:
            del self._running[key]
            self._shares -= Counter({name: 1})

    def _keep(self, key: str, paper: bytes) -> None:
        self._papers[key] = paper
        self._size += len(paper)
        while self._size > MOST_KEPT:
            _, oldest = self._papers.popitem(last=False)
            self._size -= len(oldest)
