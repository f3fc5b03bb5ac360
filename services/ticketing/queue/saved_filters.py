"""Lists of the queue that a colleague has named; nobody else sees them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from bus.database.rows import columns, fetch_all
from bus.errors import RuleBroken
from contracts.ticketing.queue import (
    FILTERS_MOST,
    Filters,
    OneFilter,
    SavedFilter,
    SaveFilter,
)
from iran.collation import collation_key
from services.ticketing.context import Context
from services.ticketing.tables import SAVED_FILTERS


@dataclass(frozen=True, slots=True)
class FilterRow:
    """A named list."""

    id: int
    name: str
    query: str
    is_default: bool


def of(context: Context) -> Iterator[SavedFilter]:
    """List the colleague's own filters in the order of the Persian alphabet."""
    statement = select(*columns(SAVED_FILTERS, FilterRow)).where(_own(context))
    rows = fetch_all(context.conn, FilterRow, statement)
    for row in sorted(rows, key=lambda row: collation_key(row.name)):
        yield SavedFilter(id=row.id, name=row.name, query=row.query, default=row.is_default)


def listing(context: Context) -> Filters:
    """List the colleague's own filters."""
    return Filters(filters=tuple(of(context)))


def save(context: Context, message: SaveFilter) -> Filters:
    """Keep a filter under a name; one of this name is changed. One at most is the default.

    RuleBroken ``filters.too_many`` if the colleague has as many as one page shows.
    """
    username = context.colleague.username
    if message.default:
        _end_default(context)
    kept = {"query": message.query, "is_default": message.default}
    statement = (
        upsert(SAVED_FILTERS)
        .values(username=username, name=message.name.strip(), **kept)
        .on_conflict_do_update(index_elements=["username", "name"], set_=kept)
    )
    context.conn.execute(statement)
    count = select(func.count()).select_from(SAVED_FILTERS).where(_own(context))
    if context.conn.execute(count).scalar_one() > FILTERS_MOST:
        raise RuleBroken(
            f"You have {FILTERS_MOST} saved filters; remove one first.", code="filters.too_many"
        )
    return listing(context)


def remove(context: Context, message: OneFilter) -> Filters:
    """Forget a filter; nothing if it is gone already."""
    context.conn.execute(
        delete(SAVED_FILTERS).where(_own(context), SAVED_FILTERS.c.id == message.filter)
    )
    return listing(context)


def _end_default(context: Context) -> None:
    context.conn.execute(update(SAVED_FILTERS).where(_own(context)).values(is_default=False))


def _own(context: Context) -> ColumnElement[bool]:
    return SAVED_FILTERS.c.username == context.colleague.username
