"""Rows of work: one that fails costs no other its turn, is tried ever later, and is seen.

A chore works on a page of rows in one transaction. If that fails, the page is worked on row by row,
and the rows that fail are noted in ``failed_rows``: after a minute, then ever later, a row is tried
again; after ``TRIES`` it is left alone but for a try a day, and counted in the service's health.
What passes by itself (bus/database/faults.py) is no row's fault.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, text

from bus.database.faults import is_of_store, passing_trouble
from bus.database.store import Store, Tx
from bus.errors import BusError
from bus.process import log

TRIES = 5
Row = TypeVar("Row")
Context = TypeVar("Context")
_log = log.get("chores")
_NOTED = text("""
    select item, at > now() - least(power(4, tries), 1440) * interval '1 minute' as leave
    from failed_rows where chore = :chore""")
_FAILED = text("""
    insert into failed_rows (chore, item, tries, problem) values (:chore, :item, 1, :problem)
    on conflict (chore, item) do update set tries = failed_rows.tries + 1, problem = :problem,
        at = now() returning tries""")
_DONE = text("delete from failed_rows where chore = :chore and item = any(:items)")
_LEFT_ALONE = text("select count(*) from failed_rows where tries >= :tries")
_FORGET = text("delete from failed_rows where at < now() - interval '30 days'")


class Chore(NamedTuple):
    """A chore of a service, by its name, such as ``billing.expire``."""

    store: Store
    name: str

    def page(
        self,
        context: Callable[[Tx], Context],
        select: Callable[[Context, list[str]], Sequence[Row]],
        work: Callable[[Context, Row], None],
        item: Callable[[Row], object],
    ) -> int:
        """Works on a page of rows in one transaction; how many were done.

        ``select`` gives the rows whose ``item`` is not among those that it is told to leave.
        """
        noted = self._noted()
        left = [name for name, leave in noted.items() if leave]
        try:
            with self.store.transaction() as tx:
                on = context(tx)
                rows = select(on, left)
                for row in rows:
                    work(on, row)
        except Exception as error:
            _raise_if_passing(error)
            return self._one_by_one(context, lambda on: select(on, left), work, item)
        self._done([str(item(row)) for row in rows] if noted else [])
        return len(rows)

    def _one_by_one(
        self,
        context: Callable[[Tx], Context],
        select: Callable[[Context], Sequence[Row]],
        work: Callable[[Context, Row], None],
        item: Callable[[Row], object],
    ) -> int:
        done, failed = [], {}
        with self.store.transaction() as tx:
            on = context(tx)
            for row in select(on):
                name = str(item(row))
                try:
                    with tx.savepoint():
                        work(on, row)
                    done.append(name)
                except Exception as error:
                    _raise_if_passing(error)
                    failed[name] = error
        self._done(done)
        for name, problem in failed.items():
            self._failed(name, problem)
        return len(done)

    def each(
        self,
        rows: Iterable[Row],
        work: Callable[[Row], object],
        item: Callable[[Row], object] = str,
    ) -> None:
        """Works on rows, each in transactions of its own."""
        noted = self._noted()
        for row in rows:
            name = str(item(row))
            if noted.get(name):
                continue
            try:
                work(row)
            except Exception as error:
                _raise_if_passing(error)
                self._failed(name, error)
            else:
                self._done([name] if name in noted else [])

    def begin(self, item: object) -> bool:
        """Notes before the work that it begins, for it may kill the process; False if it was begun
        ``TRIES`` times and never came to its end, which ``end`` tells.
        """
        with self.store.transaction() as tx:
            asked = {"chore": self.name, "item": str(item), "problem": "begun"}
            tries = tx.conn.execute(_FAILED, asked).scalar_one()
        if tries > TRIES:
            _log.error("row_given_up", chore=self.name, item=str(item), tries=tries)
        return bool(tries <= TRIES)

    def end(self, item: object) -> None:
        """The work on a row came to its end, whichever it was."""
        self._done([str(item)])

    def left(self) -> list[str]:
        """The items that are to be left alone now."""
        return [name for name, leave in self._noted().items() if leave]

    def _noted(self) -> dict[str, bool]:
        """The items that have failed, and whether each is to be left alone now."""
        with self.store.transaction() as tx:
            rows = tx.conn.execute(_NOTED, {"chore": self.name})
            return {row.item: row.leave for row in rows}

    def _failed(self, item: str, error: Exception) -> None:
        reason = error.code if isinstance(error, BusError) else type(error).__name__
        with self.store.transaction() as tx:
            asked = {"chore": self.name, "item": item, "problem": reason[:300]}
            tries = tx.conn.execute(_FAILED, asked).scalar_one()
        event = "row_given_up" if tries >= TRIES else "row_failed"
        told: dict[str, Any] = {"chore": self.name, "item": item, "code": reason, "tries": tries}
        _log.error(event, **told, exc_info=None if isinstance(error, BusError) else error)

    def _done(self, items: list[str]) -> None:
        """What failed before and was done now is forgotten."""
        if items:
            with self.store.transaction() as tx:
                tx.conn.execute(_DONE, {"chore": self.name, "items": items})


def _raise_if_passing(error: Exception) -> None:
    if is_of_store(error) or passing_trouble(error):
        raise error


def left_alone(conn: Connection) -> int:
    """How many rows were given up and not done since."""
    return int(conn.execute(_LEFT_ALONE, {"tries": TRIES}).scalar_one())


def forget(conn: Connection) -> None:
    """A row that was not tried for a month is there no more."""
    conn.execute(_FORGET)
