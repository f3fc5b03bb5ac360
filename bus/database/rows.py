"""Rows of a database as frozen dataclasses: a statement, a class with its columns, typed values."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Label, Table

T = TypeVar("T")


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
