"""When this process last changed its database: while nothing changes, chores look less often."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event

# What is due at a moment is found late by a quarter of the quiet before it at the most.
SHARE, LONGEST_SECONDS = 4, 30.0
# What another process writes shows only when it is looked for.
OTHERS_SECONDS = 5.0
# So long a chore that looks because of the time alone waits for another that does: they would need
# a connection each, all at the same moment.
TURN_SECONDS = 2.0
CHANGING = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")
# An option of a connection: what its transaction changes is looked for by no chore.
MAKES_NOTHING_DUE = "makes_nothing_due"


class Activity:
    """The moment of the newest change that was committed, and who waits for the next one."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._waiting: set[Callable[[], None]] = set()
        # Beside the connections: one that is broken may not be asked for what was noted on it.
        self._changing: WeakSet[Connection] = WeakSet()
        self._turn = threading.Semaphore(1)

    def watch(self, engine: Engine) -> None:
        """Has the changes of this engine's connections noted."""
        event.listen(engine, "after_cursor_execute", self._mark)
        event.listen(engine, "commit", self._committed)
        event.listen(engine, "rollback", self._changing.discard)

    def pause(self, *, others: bool = False) -> float:
        """So many seconds may pass between two looks, as long as nothing changes; ``others``: for
        what other processes write.
        """
        longest = OTHERS_SECONDS if others else LONGEST_SECONDS
        return min((time.monotonic() - self._at) / SHARE, longest)

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Calls ``wake`` at the next change, if it comes while the body runs."""
        self._waiting.add(wake)
        try:
            yield
        finally:
            self._waiting.discard(wake)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One chore at a time while nothing changes; but none waits long for a slow one."""
        mine = self._turn.acquire(timeout=TURN_SECONDS)
        try:
            yield
        finally:
            if mine:
                self._turn.release()

    def changed(self) -> None:
        """Notes a change that was committed now."""
        self._at = time.monotonic()
        waiting, self._waiting = self._waiting, set()
        for wake in waiting:
            wake()

    def _mark(
        self,
        conn: Connection,
        cursor: object,
        statement: str,
        _parameters: object,
        _context: object,
        _executemany: bool,
    ) -> None:
        if changes(statement, str(getattr(cursor, "statusmessage", ""))):
            self._changing.add(conn)

    def _committed(self, conn: Connection) -> None:
        if conn in self._changing:
            self._changing.discard(conn)
            if not conn.get_execution_options().get(MAKES_NOTHING_DUE):
                self.changed()


def changes(statement: str, status: str) -> bool:
    """True if a statement with this command status (such as `UPDATE 3`) may have changed rows.

    Of several statements the status is that of the last; of a `with` it tells only how many rows
    came back.
    """
    word, _, count = status.partition(" ")
    if word in CHANGING:
        return not count.endswith(" 0") and count != "0"
    if word == "SELECT":
        return count != "0" and not statement.lstrip().lower().startswith("select")
    return ";" in statement
