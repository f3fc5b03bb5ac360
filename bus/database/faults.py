"""Passing faults of the database, separated from faults of our own.

| code | what it is | what becomes of a Command |
|---|---|---|
| database.unreachable | no connection, starting, stopping, failing over | held until it is over |
| database.read_only | a standby, or switched to read only | held until it is over |
| database.full | the disk has no room, or fails | held until it is over |
| database.busy | locks, timeouts, no memory or connection left | held, an hour at the most |
| database.conflict | two transactions in each other's way | tried again, then as busy |
"""

import psycopg2
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bus.errors import Unavailable

PREFIX, NUMBERS, LEAVES = "database.", "numbers.", "receipts.folder"
# By SQLSTATE, the longer prefix first (PostgreSQL, appendix A).
CODES = (
    ("25006", "database.read_only"),
    ("25P02", "database.busy"),  # the error before it was not raised to us
    ("25P03", "database.busy"),
    ("25P04", "database.busy"),
    ("40001", "database.conflict"),
    ("40P01", "database.conflict"),
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
}
# What psycopg2 raises without a SQLSTATE and not for a connection: our own mistakes.
OURS = (
    psycopg2.ProgrammingError,
    psycopg2.DataError,
    psycopg2.IntegrityError,
    psycopg2.NotSupportedError,
)


def passing_trouble(error: Exception) -> Unavailable | None:
    """The Unavailable that an error means, or None if it is a fault of ours."""
    code = _code(error)
    return Unavailable(TEXTS[code], code=code) if code else None


def is_of_store(error: Exception) -> bool:
    """True for what ``passing_trouble`` gives, and while the folder of the marks is away: nobody
    who asks for a number can be served before it is back, whatever he asks, and no leaf is taken.
    """
    return isinstance(error, Unavailable) and error.code.startswith((PREFIX, NUMBERS, LEAVES))


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
