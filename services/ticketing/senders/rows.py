"""The rows of senders whose letters are set aside, and looks at those letters."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from bus.database.rows import columns, fetch_all, fetch_one
from people import retention
from services.ticketing.context import Context
from services.ticketing.domain.mailboxes import domain_of, mailbox_of
from services.ticketing.tables import LETTERS, SET_ASIDE_LOOKS, SET_ASIDE_SENDERS, TICKETS

_ROW = SET_ASIDE_SENDERS.c
STATE = "SET_ASIDE"


@dataclass(frozen=True, slots=True)
class SenderRow:
    """A sender on the list: an address or @domain; ``unit`` None: on that of all units."""

    id: int
    sender: str
    unit: str | None
    reason: str
    ticket: int | None
    put_by: str
    put_at: dt.datetime
    until: dt.datetime
    ended_by: str | None
    ended_at: dt.datetime | None

    def in_force(self, now: dt.datetime) -> bool:
        return self.ended_at is None and now < self.until


_ROWS = select(*columns(SET_ASIDE_SENDERS, SenderRow))


def is_in_force(now: dt.datetime) -> ColumnElement[bool]:
    """The condition of the rows that set letters aside now."""
    return and_(_ROW.ended_at.is_(None), _ROW.until > now)


def meets(context: Context, address: str, unit: str) -> SenderRow | None:
    """Return the row that sets a letter from this address to this unit aside; None if none does."""
    names = (mailbox_of(address), domain_of(address))
    statement = _ROWS.where(
        _ROW.sender.in_(names),
        or_(_ROW.unit.is_(None), _ROW.unit == unit),
        is_in_force(context.now),
    )
    return fetch_one(context.conn, SenderRow, statement.order_by(_ROW.id).limit(1))


def of_list(context: Context, sender: str, unit: str | None) -> SenderRow | None:
    """Return the row in force of a sender on the list of a unit, or of all units."""
    statement = _ROWS.where(_ROW.sender == sender, on_list(unit), is_in_force(context.now))
    return fetch_one(context.conn, SenderRow, statement.limit(1))


def find(context: Context, row: int) -> SenderRow | None:
    """Return a row, locked for an act; None if there is none."""
    return fetch_one(context.conn, SenderRow, _ROWS.where(_ROW.id == row).with_for_update())


def by_id(context: Context, row: int) -> SenderRow | None:
    """Return a row; None if it was deleted."""
    return fetch_one(context.conn, SenderRow, _ROWS.where(_ROW.id == row))


def visible(context: Context) -> ColumnElement[bool]:
    """The condition of the rows that the colleague sees: the unit's and those of all units."""
    own = context.colleague
    return true() if own.all_units else or_(_ROW.unit.is_(None), _ROW.unit == own.unit)


def on_list(unit: str | None) -> ColumnElement[bool]:
    """The condition of the rows on the list of a unit, or of all units."""
    return _ROW.unit.is_not_distinct_from(unit)


def count(context: Context, *where: ColumnElement[bool]) -> int:
    """Count rows."""
    statement = select(func.count()).select_from(SET_ASIDE_SENDERS).where(*where)
    return int(context.conn.execute(statement).scalar_one())


def page(context: Context, most: int, skip: int) -> list[SenderRow]:
    """List the rows that the colleague sees: those in force first, then the newest first."""
    statement = _ROWS.where(visible(context)).order_by(
        is_in_force(context.now).desc(), _ROW.id.desc()
    )
    return fetch_all(context.conn, SenderRow, statement.limit(most).offset(skip))


def letters_by_row(context: Context, ids: Sequence[int]) -> dict[int, int]:
    """Count the letters that each of these rows has set aside and that are still kept."""
    column = LETTERS.c.set_aside_by
    statement = select(column, func.count()).where(column.in_(ids)).group_by(column)
    return dict(map(tuple, context.conn.execute(statement)))


def codes(context: Context, tickets: Sequence[int]) -> dict[int, str]:
    """Return the codes of tickets by their ids."""
    statement = select(TICKETS.c.id, TICKETS.c.code).where(TICKETS.c.id.in_(tickets))
    return dict(map(tuple, context.conn.execute(statement)))


def add(context: Context, row: SenderRow) -> int:
    """Add a row, whose own ``id`` is not looked at; return its id."""
    statement = insert(SET_ASIDE_SENDERS).values(
        sender=row.sender,
        unit=row.unit,
        reason=row.reason,
        ticket=row.ticket,
        put_by=row.put_by,
        put_at=row.put_at,
        until=row.until,
    )
    return int(context.conn.execute(statement.returning(_ROW.id)).scalar_one())


def end(context: Context, row: int) -> None:
    """End a row now, in the colleague's name."""
    statement = update(SET_ASIDE_SENDERS).where(_ROW.id == row)
    by = context.colleague.username
    context.conn.execute(statement.values(ended_by=by, ended_at=context.now))


# --- looks ---


def last_look(context: Context) -> dt.datetime | None:
    """When the colleague last looked at letters that were set aside."""
    column = SET_ASIDE_LOOKS.c
    own = column.username == context.colleague.username
    return context.conn.execute(select(column.at).where(own)).scalar()


def note_look(context: Context) -> None:
    """Note that the colleague looks now."""
    values = {"username": context.colleague.username, "at": context.now}
    statement = upsert(SET_ASIDE_LOOKS).values(**values)
    context.conn.execute(
        statement.on_conflict_do_update(index_elements=["username"], set_={"at": context.now})
    )


# --- a person's rows, and the end of rows ---


def of_ticket(context: Context, ticket: int) -> list[SenderRow]:
    """List the rows that were made at a ticket: of no other is it proven whose address it is."""
    return fetch_all(context.conn, SenderRow, _ROWS.where(_ROW.ticket == ticket))


def leave_ticket(context: Context, ticket: int) -> None:
    """Delete the rows that were made at a ticket of which nothing personal is left."""
    context.conn.execute(delete(SET_ASIDE_SENDERS).where(_ROW.ticket == ticket))


def forget(conn: Connection) -> None:
    """Delete rows whose time has passed since they ended."""
    ended = func.coalesce(_ROW.ended_at, _ROW.until)
    old = func.now() - retention.span("set_aside_senders")
    conn.execute(delete(SET_ASIDE_SENDERS).where(ended < old))
