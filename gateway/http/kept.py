"""Keeps what is the same for everybody for half a second, so that a thousand readers of a page ask
a service twice a second.

Nothing has to tell that it changed, and nothing older is ever shown (decision 0059). What is kept
of what was kept, a page of a reply, is at most twice as old: a second.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Generic, NamedTuple, TypeVar

from bus.errors import TooMany

SECONDS = 0.5
# Keys come from strangers (a query, a number of months): so many are kept at once.
MOST = 64
T = TypeVar("T")


class _Making(NamedTuple, Generic[T]):
    """What is being made, or was, and since when."""

    since: float
    task: asyncio.Task[T]


class Kept(Generic[T]):
    """Values by key, each for SECONDS from the moment at which its making began.

    Who asks while a value is being made waits for that one. Failures are not kept.
    """

    def __init__(self) -> None:
        self._made = OrderedDict[Hashable, _Making[T]]()

    async def get(self, key: Hashable, make: Callable[[], Coroutine[object, object, T]]) -> T:
        """Return the value of a key, by ``make`` unless it is kept; errors are those of ``make``.

        The budget that one visitor has used up is no other's: TooMany goes to who began, and those
        who waited with him make their own.
        """
        now = time.monotonic()
        made = self._made.get(key)
        if made is None or now - made.since >= SECONDS:
            return await asyncio.shield(self._begin(key, now, make))
        if made.task.done():
            return made.task.result()
        try:
            return await asyncio.shield(made.task)
        except TooMany:
            return await make()

    def _begin(
        self, key: Hashable, now: float, make: Callable[[], Coroutine[object, object, T]]
    ) -> asyncio.Task[T]:
        task = asyncio.create_task(make())
        self._made.pop(key, None)
        self._made[key] = made = _Making(now, task)
        for old, making in list(self._made.items()):
            if len(self._made) <= MOST and now - making.since < SECONDS:
                break
            del self._made[old]

        def ended(task: asyncio.Task[T]) -> None:
            # exception() is read in any case: who began may be gone.
            if (task.cancelled() or task.exception()) and self._made.get(key) is made:
                del self._made[key]

        task.add_done_callback(ended)
        return task
