"""Recent passing faults of a process, for its health and for callers who still wait."""

import threading
import time
from collections import deque

from prometheus_client import Counter

from bus.database.faults import TEXTS
from bus.errors import Unavailable

MOST = 10_000
NOTED = Counter("mirab_store_troubles_total", "Passing faults of the database", ["code"])
for code in TEXTS:
    NOTED.labels(code)


class Troubles:
    """The newest passing faults, with the moments at which they were met."""

    def __init__(self) -> None:
        self._met: deque[tuple[float, Unavailable]] = deque(maxlen=MOST)
        # Set by each fault; whoever waits for one clears it when it has looked at all of them.
        self.noted = threading.Event()

    def note(self, trouble: Unavailable) -> None:
        """Record a fault that occurred now."""
        self._met.append((time.monotonic(), trouble))
        NOTED.labels(trouble.code).inc()
        self.noted.set()

    def last(self, seconds: float) -> Unavailable | None:
        """The newest fault, if it was met in the last ``seconds``."""
        if self._met and self._met[-1][0] > time.monotonic() - seconds:
            return self._met[-1][1]
        return None

    def recent(self, seconds: float) -> str | None:
        """The code of the newest fault, if it was met in the last ``seconds``."""
        trouble = self.last(seconds)
        return trouble.code if trouble else None

    def count(self, seconds: float = 60.0) -> int:
        """Count the faults of the last ``seconds``."""
        since = time.monotonic() - seconds
        while self._met and self._met[0][0] < since:
            self._met.popleft()
        return len(self._met)
