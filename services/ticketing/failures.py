"""Rows that a chore could not do: counted, left alone after three tries, and tried once an hour.

One row that fails holds back no other, and is counted in the metrics until it is done.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, text

from bus.database.store import Store
from bus.errors import BusError, Unavailable
from bus.process import log

_log = log.get("chores")
TRIES = 3
# The names of the chores, which are labels of the metric too.
CHORES = ("scan_files", "recalculate", "watch", "close_quietly")


class Chore(NamedTuple):
    """A chore that works on one row after the other."""

    store: Store
    name: str

    def each(self, items: Iterable[int], work: Callable[[int], None]) -> None:
        """Does the work on each row that is not left alone now."""
        failing = self._failing()
        for item in items:
            if failing.get(item, 0) < TRIES:
                self._attempt(item, work, failed_before=item in failing)

    def _attempt(self, item: int, work: Callable[[int], None], *, failed_before: bool) -> None:
        try:
            work(item)
        except Exception as error:
            # While the database is away no row can be done, and none is to blame.
            if isinstance(error, Unavailable) and not self.store.reachable():
                raise
            self._note(item, error)
            return
        if failed_before:
            self._forget(item)

    def _failing(self) -> dict[int, int]:
        """The tries of rows that failed; what is tried again this hour has none left to lose."""
        with self.store.transaction() as tx:
            rows = tx.conn.execute(
                text(
                    "select item, case when at < now() - interval '1 hour' then 0 else tries end "
                    "as tries from chore_failures where chore = :chore"
                ),
                {"chore": self.name},
            )
            return {row.item: row.tries for row in rows}

    def _note(self, item: int, error: Exception) -> None:
        reason = error.code if isinstance(error, BusError) else type(error).__name__
        with self.store.transaction() as tx:
            tries = tx.conn.execute(
                text(
                    "insert into chore_failures (chore, item, tries, problem, at) "
                    "values (:chore, :item, 1, :problem, now()) on conflict (chore, item) "
                    "do update set tries = chore_failures.tries + 1, problem = :problem, "
                    "at = now() returning tries"
                ),
                {"chore": self.name, "item": item, "problem": reason[:300]},
            ).scalar_one()
        event = {"chore": self.name, "item": item, "code": reason, "tries": tries}
        if isinstance(error, BusError):
            _log.warning("chore_item_failed", **event)
        else:
            _log.error("chore_item_failed", **event, exc_info=error)

    def _forget(self, item: int) -> None:
        with self.store.transaction() as tx:
            forget(tx.conn, self.name, [item])


def forget(conn: Connection, chore: str, items: list[int]) -> None:
    """These rows were done."""
    conn.execute(
        text("delete from chore_failures where chore = :chore and item = any(:items)"),
        {"chore": chore, "items": items},
    )


def counts(conn: Connection) -> dict[str, int]:
    """How many rows each chore has left alone; every chore is there."""
    rows = conn.execute(
        text("select chore, count(*) as n from chore_failures where tries >= :most group by 1"),
        {"most": TRIES},
    )
    return dict.fromkeys(CHORES, 0) | {row.chore: row.n for row in rows}


def forget_old(conn: Connection) -> None:
    """A row that was not tried for two days is not there any more."""
    conn.execute(text("delete from chore_failures where at < now() - interval '2 days'"))
