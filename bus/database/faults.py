"""Passing faults of the database, separated from faults of our own.

| code | what it is | what becomes of a Command |
|---|---|---|
| database.unreachable | no connection, starting, stopping, failing over | held until it is over |
| database.read_only | a standby, or switched to read only | held until it is over |
| database.full | the disk has no room, or fails | held until it is over |
| database.busy | locks, timeouts, no memory or connection left | held, an hour at the most |
| database.conflict | two transactions in each other's way | tried again, then as busy |
| database.refused | the role lacks a right that migrations give | held, an hour at the most |

Those of a process that were met lately are kept, for its health and for callers who still wait.
"""

import threading
import time
from collections import deque

import psycopg2
from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bus.errors import Unavailable

PREFIX, NUMBERS, LEAVES, SECRET = "database.", "numbers.", "receipts.folder", "secret."
# By SQLSTATE, the longer prefix first (PostgreSQL, appendix A).
CODES = (
    ("25006", "database.read_only"),
    ("25P02", "database.busy"),  # the error before it was not raised to us
    ("25P03", "database.busy"),
    ("25P04", "database.busy"),
    ("40001", "database.conflict"),
    ("40P01", "database.conflict"),
    ("42501", "database.refused"),
    ("53100", "database.full"),
    ("55P03", "database.busy"),
    ("57014", "database.busy"),
    ("08", "database.unreachable"),
    ("53", "database.busy"),
    ("57P", "database.unreachable"),
    ("58", "database.full"),
)
TEXTS = {
    "database.unreachable": "The database cannot be reached.",
    "database.read_only": "The database takes no changes now.",
    "database.full": "The database has no room, or its disk fails.",
    "database.busy": "The database is busy, or what is needed is locked.",
    "database.conflict": "The database is busy with the same rows.",
    "database.refused": "The database does not let the service do its work.",
}
# What psycopg2 raises without a SQLSTATE and not for a connection: our own mistakes.
OURS = (
    psycopg2.ProgrammingError,
    psycopg2.DataError,
    psycopg2.IntegrityError,
    psycopg2.NotSupportedError,
)

MOST = 10_000
NOTED = Counter("mirab_store_troubles_total", "Passing faults of the database", ["code"])
for code in TEXTS:
    NOTED.labels(code)


def passing_trouble(error: Exception) -> Unavailable | None:
    """The Unavailable that an error means, or None if it is a fault of ours."""
    code = _code(error)
    return Unavailable(TEXTS[code], code=code) if code else None


def is_of_store(error: Exception) -> bool:
    """True for what ``passing_trouble`` gives, and while the folder of the marks is away, or the
    service's own key: nobody who asks for a number can be served before it is back, whatever he
    asks, and no leaf is taken.
    """
    passing = (PREFIX, NUMBERS, LEAVES, SECRET)
    return isinstance(error, Unavailable) and error.code.startswith(passing)


def _code(error: Exception) -> str | None:
    if isinstance(error, PoolTimeout):
        return "database.busy"
    if isinstance(error, PendingRollbackError):  # its connection was lost before
        return "database.unreachable"
    origin = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(origin, psycopg2.Error):
        return None
    if state := origin.pgcode:
        return next((code for prefix, code in CODES if state.startswith(prefix)), None)
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return "database.unreachable" if lost or not isinstance(origin, OURS) else None


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
