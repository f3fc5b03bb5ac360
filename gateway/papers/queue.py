"""The queue of PDFs for strangers: bounded, one at a time, with a share for each address. What was
made is kept.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from bus.errors import TooMany, Unavailable
from gateway.limits.guesses import neighbourhood
from gateway.papers.kept import KeptPapers

# How many of one address may wait, and the seconds after which a refused one may come back.
SHARE, SECONDS = 2, 5


class PrintQueue:
    """The queue of a face; what it has printed is given again without waiting."""

    def __init__(self, most: int) -> None:
        self._most, self._kept = most, KeptPapers()
        self._running: dict[bytes, asyncio.Task[bytes]] = {}
        self._shares = Counter[str]()
        self._turn = asyncio.Lock()

    async def paper(self, address: str, content: bytes, make: Callable[[], bytes]) -> bytes:
        """Return the PDF that ``make`` makes of this content, which determines it wholly.

        TooMany ``printing.share`` if others of the address wait; Unavailable ``printing.busy``
        while the queue is full.
        """
        if (paper := self._kept.get(content)) is not None:
            return paper
        task = self._running.get(content)
        if task is None:
            name = neighbourhood(address)
            self._admit(name)
            task = asyncio.create_task(self._print(content, name, make))
            self._running[content] = task
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

    async def _print(self, content: bytes, name: str, make: Callable[[], bytes]) -> bytes:
        try:
            async with self._turn:
                paper = await asyncio.to_thread(make)
            self._kept.keep(content, paper)
            return paper
        finally:
            del self._running[content]
            self._shares -= Counter({name: 1})
