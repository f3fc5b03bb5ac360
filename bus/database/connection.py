"""A connection of the driver whose ``begin`` travels with the first statement of a transaction.

Each statement that is sent alone is a wait for another process. PostgreSQL takes several at once,
so a transaction that writes last sends its writes and ``commit`` together (store.py, ``Tx.write``).
Of a pool, those that nobody used for a while are closed.
"""

import time
from collections import OrderedDict

from psycopg2 import extensions, sql
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT, TRANSACTION_STATUS_IDLE
from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

BEGIN = "begin; "
# PostgreSQL keeps three to five MiB for each, and a burst opens as many as the pool may have.
IDLE_SECONDS = 60.0
Query = str | bytes | sql.Composable


class Utf8(bytes):
    """A text that is in UTF-8 already, such as a written JSON document: sent as it is, where the
    driver would decode, encode and search a str of a megabyte for backslashes.
    """

    def getquoted(self) -> bytes:
        """The text as a literal; a backslash is itself in it (``standard_conforming_strings``)."""
        return b"'%b'" % self.replace(b"'", b"''")

    def __conform__(self, _protocol: object) -> "Utf8":
        """What the driver is to ask how it is written."""
        return self


class Connection(extensions.connection):
    """The driver's own transactions are off; ``begins`` says that a statement begins one of ours,
    if none is open.
    """

    begins = False

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # the driver's own parameters
        self.autocommit = True
        self.cursor_factory = Cursor

    @property
    def must_begin(self) -> bool:
        """True if the next statement begins one of our transactions."""
        return self.begins and self.idle

    @property
    def idle(self) -> bool:
        """True if no transaction is open, as far as the driver knows; it asks nobody."""
        return self.get_transaction_status() == TRANSACTION_STATUS_IDLE

    def commit(self) -> None:
        """Commit the open transaction; nothing is sent if there is none."""
        self._end("commit")

    def rollback(self) -> None:
        """Roll the open transaction back; nothing is sent if there is none."""
        self._end("rollback")

    def set_isolation_level(self, level: int | None) -> None:
        """Take each statement for a transaction of its own, or begin transactions again."""
        self.rollback()
        self.begins = level != ISOLATION_LEVEL_AUTOCOMMIT

    def _end(self, statement: str) -> None:
        if self.idle:
            super().rollback()  # sends nothing, and raises if the connection is closed
            return
        with self.cursor() as cursor:
            cursor.execute(statement)


class Cursor(extensions.cursor):
    """Begins a transaction with its first statement, where the connection wants that."""

    connection: Connection

    def execute(self, query: Query, vars: object = None) -> None:
        """Send statements, with ``begin`` before them if no transaction is open."""
        if self.connection.must_begin:
            text = query.as_string(self) if isinstance(query, sql.Composable) else query
            query = BEGIN.encode() + text if isinstance(text, bytes) else BEGIN + text
        super().execute(query, vars)  # type: ignore[arg-type]  # the driver's own parameters

    def executemany(self, query: Query, vars_list: object) -> None:
        """Send a statement once for each set of values."""
        self._begin()
        super().executemany(query, vars_list)  # type: ignore[arg-type]  # the driver's parameters

    def copy_expert(self, *args: object, **kwargs: object) -> None:
        """Copy rows to or from a file."""
        self._begin()
        super().copy_expert(*args, **kwargs)  # type: ignore[arg-type]  # the driver's parameters

    def _begin(self) -> None:
        if self.connection.must_begin:
            super().execute("begin")


class IdleConnections:
    """What lies in the pool of an engine, the longest unused first. The pool gives the one that was
    used last (``pool_use_lifo``), so that few are used while little is to be done.
    """

    def __init__(self, engine: Engine) -> None:
        self._since: OrderedDict[ConnectionPoolEntry, float] = OrderedDict()
        event.listen(engine, "checkout", self._note_checkout)
        event.listen(engine, "checkin", self._close_unused)

    def _note_checkout(self, _driver: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
        self._since.pop(entry, None)

    def _close_unused(self, _driver: object, entry: ConnectionPoolEntry) -> None:
        """Close what is unused for too long whenever one comes back; chores look often enough."""
        now = time.monotonic()
        self._since[entry] = now
        while self._since:
            oldest, since = next(iter(self._since.items()))
            if now - since < IDLE_SECONDS:
                return
            del self._since[oldest]
            oldest.close()
