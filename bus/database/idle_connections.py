"""Closes the connections of a pool that nobody has used for a while: PostgreSQL keeps three to five
MiB for each, and a burst of work opens as many as the pool may have.
"""

import time
from collections import OrderedDict

from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

IDLE_SECONDS = 60.0


class IdleConnections:
    """What lies in the pool of an engine, the longest unused first. The pool gives the one that was
    used last (``pool_use_lifo``), so that few are used while little is to be done.
    """

    def __init__(self, engine: Engine) -> None:
        self._since: OrderedDict[ConnectionPoolEntry, float] = OrderedDict()
        event.listen(engine, "checkout", self._taken)
        event.listen(engine, "checkin", self._returned)

    def _taken(self, _driver: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
        self._since.pop(entry, None)

    def _returned(self, _driver: object, entry: ConnectionPoolEntry) -> None:
        """Close what is unused for too long whenever one comes back; chores look often enough."""
        now = time.monotonic()
        self._since[entry] = now
        while self._since:
            oldest, since = next(iter(self._since.items()))
            if now - since < IDLE_SECONDS:
                return
            del self._since[oldest]
            oldest.close()
