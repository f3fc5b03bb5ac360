"""Fields of the documents of agencies, read strictly: each error begins with the field's path."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# Ten years: longer than any investigation is kept from whom it concerns.
MOST_DAYS = 3650

Table = Mapping[str, Any]  # Any: a document as TOML or JSON has it
T = TypeVar("T")


def parse_tables(table: Table, name: str, make: Callable[[Table], T]) -> list[T]:
    """Convert each table of a list with ``make``."""
    parsed = []
    for number, item in enumerate(list_of(table, name)):
        if not isinstance(item, Mapping):
            raise ValueError(f"{name}.{number}: is not a table")  # noqa: TRY004 - the content is
        try:
            parsed.append(make(item))
        except ValueError as error:
            raise ValueError(f"{name}.{number}.{error}") from None
    return parsed


def parse_texts(table: Table, name: str, make: Callable[[str], T]) -> list[T]:
    parsed = []
    for number, item in enumerate(texts_of(table, name)):
        try:
            parsed.append(make(item))
        except ValueError as error:
            raise ValueError(f"{name}.{number}: {error}") from None
    return parsed


def parse_inside(path: str, read: Callable[..., T], *arguments: object) -> T:
    """Read a field of an inner table; errors carry the path from the outermost table."""
    try:
        return read(*arguments)
    except ValueError as error:
        raise ValueError(f"{path}.{error}") from None


def table_of(table: Table, name: str) -> Table:
    value = table.get(name, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{name}: is not a table")  # noqa: TRY004 - the content is wrong
    return value


def list_of(table: Table, name: str) -> list[Any]:  # Any: a document as TOML or JSON has it
    value = table.get(name, [])
    if not isinstance(value, list):
        raise ValueError(f"{name}: is not a list")  # noqa: TRY004 - the content is wrong
    return value


def text_of(table: Table, name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: is not a text")
    return value


def texts_of(table: Table, name: str) -> tuple[str, ...]:
    value = list_of(table, name)
    if not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name}: is not a list of texts")
    return tuple(value)


def day_of(table: Table, name: str) -> dt.date:
    """A day of TOML, or its text (2026-11-25) in JSON."""
    value = table.get(name)
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if type(value) is not dt.date:  # a datetime is a date to isinstance
        raise ValueError(f"{name}: {value!r} is not a day")
    return value


def days_of(table: Table, name: str) -> int:
    value = table.get(name)
    if type(value) is not int or not 0 <= value <= MOST_DAYS:
        raise ValueError(f"{name}: {value!r} is not a whole number from 0 to {MOST_DAYS}")
    return value


def positive_of(table: Table, name: str, otherwise: int | None = None) -> int:
    value = table.get(name, otherwise)
    if type(value) is not int or value < 1:
        raise ValueError(f"{name}: {value!r} is not a whole number from 1")
    return value
