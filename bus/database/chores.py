"""Chores: periodic work on rows, in which a failing row delays no other and is retried.

A chore works on a page of rows in one transaction. If that fails, it works on the page row by row
and notes the failing rows in ``failed_rows``. A failed row is retried with growing pauses; after
``TRIES`` it is tried once a day and counted in the service's health. A passing fault of the
database (bus/database/faults.py) is not counted as a row's fault.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, delete, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert

from bus.database.faults import is_of_store, passing_trouble
from bus.database.store import Store, Tx
from bus.database.tables import FAILED_ROWS
from bus.errors import BusError
from bus.process import log

TRIES = 5
KEEP_DAYS = 30
Row = TypeVar("Row")
Context = TypeVar("Context")
DateTime = ColumnElement[dt.datetime]
_log = log.get("chores")
# A row that failed is left alone for 4, 16, 64 … minutes, for a day at the most.
_PAUSE = func.least(func.power(4, FAILED_ROWS.c.tries), 1440) * literal_column(
    "interval '1 minute'"
)
_LEFT_ALONE = FAILED_ROWS.c.at > func.now() - _PAUSE


def is_due(
    moment: DateTime, *, longest: dt.timedelta, now: dt.datetime | None = None
) -> ColumnElement[bool]:
    """True once the moment in a column has come (``now``: the database's, or this one).

    A moment further ahead than the ``longest`` pause that is ever set was written under a clock
    that ran ahead and has been corrected since: such a row would wait for hours, and is due now.
    """
    at: DateTime | dt.datetime = now or func.now()
    return or_(moment <= at, moment > at + longest)


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
        """Work on a page of rows in one transaction; return how many were done.

        ``select`` takes the items to leave out and returns the rows.
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

    def work_on(
        self,
        rows: Iterable[Row],
        work: Callable[[Row], object],
        item: Callable[[Row], object] = str,
    ) -> None:
        """Work on rows, each in transactions of its own."""
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
        """Record that work begins which may kill the process; ``end`` records its end.

        False if the work was begun ``TRIES`` times without reaching its end.
        """
        tries = self._count_try(str(item), "begun")
        if tries > TRIES:
            _log.error("row_given_up", chore=self.name, item=str(item), tries=tries)
        return bool(tries <= TRIES)

    def end(self, item: object) -> None:
        """Record that the work on a row reached its end, whichever it was."""
        self._done([str(item)])

    def left(self) -> list[str]:
        """Return the items that are left alone now."""
        return [name for name, leave in self._noted().items() if leave]

    def _noted(self) -> dict[str, bool]:
        """Return the items that have failed, each with whether it is left alone now."""
        query = select(FAILED_ROWS.c.item, _LEFT_ALONE.label("leave")).where(
            FAILED_ROWS.c.chore == self.name
        )
        with self.store.transaction() as tx:
            return {row.item: row.leave for row in tx.conn.execute(query)}

    def _count_try(self, item: str, problem: str) -> int:
        new = insert(FAILED_ROWS).values(chore=self.name, item=item, tries=1, problem=problem)
        counted = new.on_conflict_do_update(
            index_elements=["chore", "item"],
            set_={"tries": FAILED_ROWS.c.tries + 1, "problem": problem, "at": func.now()},
        )
        with self.store.transaction() as tx:
            return int(tx.conn.execute(counted.returning(FAILED_ROWS.c.tries)).scalar_one())

    def _failed(self, item: str, error: Exception) -> None:
        reason = error.code if isinstance(error, BusError) else type(error).__name__
        tries = self._count_try(item, reason[:300])
        event = "row_given_up" if tries >= TRIES else "row_failed"
        _log.error(
            event,
            chore=self.name,
            item=item,
            code=reason,
            tries=tries,
            exc_info=None if isinstance(error, BusError) else error,
        )

    def _done(self, items: list[str]) -> None:
        """Forget the failures of items that were done now."""
        if items:
            these = (FAILED_ROWS.c.chore == self.name) & FAILED_ROWS.c.item.in_(items)
            with self.store.transaction() as tx:
                tx.conn.execute(delete(FAILED_ROWS).where(these))


def _raise_if_passing(error: Exception) -> None:
    if is_of_store(error) or passing_trouble(error):
        raise error


def left_alone(conn: Connection) -> int:
    """Return how many rows were given up and not done since."""
    given_up = select(func.count()).where(FAILED_ROWS.c.tries >= TRIES)
    return int(conn.execute(given_up).scalar_one())


def forget(conn: Connection) -> None:
    """Delete failures that are older than a month."""
    old = func.now() - dt.timedelta(days=KEEP_DAYS)
    conn.execute(delete(FAILED_ROWS).where(FAILED_ROWS.c.at < old))
