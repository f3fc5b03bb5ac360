"""Rows of a database as frozen dataclasses: a statement, a class with its columns, typed values."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Executable, Label, Table, Text, cast, literal_column

T = TypeVar("T")
# Who wrote a row last (PostgreSQL, "System Columns"): a version that was rolled back and another
# that then took its number are told apart by it.
WRITTEN_BY = cast(literal_column("xmin"), Text).label("written_by")


class Kept(Generic[T]):
    """What was made of rows that seldom change, for as long as their mark stays the same.

    Kept for each database by itself; only what nobody changes may be kept.
    """

    def __init__(self) -> None:
        self._made: WeakKeyDictionary[Engine, tuple[object, T]] = WeakKeyDictionary()

    def get(self, conn: Connection, mark: object, make: Callable[[], T]) -> T:
        """Return what was made under this mark; make it if the last one was another."""
        made = self._made.get(conn.engine)
        if made is None or made[0] != mark:
            made = self._made[conn.engine] = (mark, make())
        return made[1]


def columns(table: Table, row: type) -> list[Label[Any]]:  # Any: columns differ
    """The columns of a table that a dataclass names, in its order, for ``select(*columns(…))``.

    A field is named by the column's ``key``, which a Table may give beside its name.
    """
    return [table.c[field.name].label(field.name) for field in fields(row)]


def fetch_all(
    conn: Connection,
    row: type[T],
    statement: Executable,
    values: Mapping[str, object] | None = None,
) -> list[T]:
    """All rows of a statement, each as that dataclass; its columns are named like the fields."""
    return [row(**record._asdict()) for record in conn.execute(statement, values)]


def fetch_one(
    conn: Connection,
    row: type[T],
    statement: Executable,
    values: Mapping[str, object] | None = None,
) -> T | None:
    """The one row of a statement as that dataclass; None if there is none.

    MultipleResultsFound if there are several.
    """
    record = conn.execute(statement, values).one_or_none()
    return None if record is None else row(**record._asdict())


def fetch_only(conn: Connection, row: type[T], statement: Executable) -> T:
    """The only row of a statement, which must be there: NoResultFound or MultipleResultsFound."""
    return row(**conn.execute(statement).one()._asdict())
