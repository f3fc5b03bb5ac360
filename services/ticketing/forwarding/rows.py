"""Rows of forwarded tickets."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict, Unpack

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from bus.database.rows import columns, fetch_all, fetch_one
from bus.messages.values import Json
from services.ticketing.tables import FORWARDINGS, TICKETS

State: TypeAlias = Literal[
    "QUEUED", "SENDING", "TOKEN", "TAKEN", "ENDED", "UNKNOWN", "REFUSED", "DROPPED"
]
# What is still to be done at the other side.
OPEN: tuple[State, ...] = ("QUEUED", "SENDING", "TOKEN", "TAKEN", "UNKNOWN")
# A call takes seconds; what is under way for longer was left by a process that died.
LEASE = dt.timedelta(minutes=5)
# How long something may wait, or not be readable, before somebody has to look.
PATIENCE = dt.timedelta(hours=6)
REFUSED_SHOWN = dt.timedelta(days=30)
LISTED = 200


@dataclass(frozen=True, slots=True)
class ForwardingRow:
    """A ticket that was sent on; moments in UTC."""

    id: int
    ticket: int
    city: str
    state: State
    payload: Json | None
    by: str
    made_at: dt.datetime
    next_at: dt.datetime
    sent_at: dt.datetime | None
    tries: int
    failures: int
    news: int
    remote_id: str | None
    token: str | None
    remote_status: str | None
    remote_notes: str | None
    seen: list[str]
    problem: str | None
    problem_text: str | None


class Changes(TypedDict, total=False):
    """Columns that change."""

    state: State
    payload: Json | None
    next_at: dt.datetime
    sent_at: dt.datetime | None
    tries: int
    failures: int
    news: int
    remote_id: str | None
    token: str | None
    remote_status: str | None
    remote_notes: str | None
    seen: list[str]
    problem: str | None
    problem_text: str | None


def add(  # noqa: PLR0913 - a row has as many parts
    conn: Connection, ticket: int, city: str, payload: Json, consent: str, by: str, now: dt.datetime
) -> None:
    """Add one that waits."""
    conn.execute(
        insert(FORWARDINGS).values(
            ticket=ticket,
            city=city,
            state="QUEUED",
            payload=payload,
            consent=consent,
            by=by,
            made_at=now,
            next_at=now,
        )
    )


def change(conn: Connection, forwarding: int, **changes: Unpack[Changes]) -> None:
    """Change columns of one."""
    conn.execute(update(FORWARDINGS).where(FORWARDINGS.c.id == forwarding).values(**changes))


def of_ticket(conn: Connection, ticket: int) -> list[ForwardingRow]:
    """List those of a ticket, the newest first."""
    where = FORWARDINGS.c.ticket == ticket
    return _rows(conn, where, limit=LISTED)


def locked(conn: Connection, forwarding: int) -> ForwardingRow | None:
    """Return one, locked until the end of the transaction."""
    statement = select(*columns(FORWARDINGS, ForwardingRow)).where(FORWARDINGS.c.id == forwarding)
    return fetch_one(conn, ForwardingRow, statement.with_for_update())


def take_due(
    conn: Connection, states: Sequence[State], cities: Sequence[str], now: dt.datetime
) -> ForwardingRow | None:
    """Return the next that is due in one of these states, locked; None if there is none."""
    column = FORWARDINGS.c
    statement = (
        select(*columns(FORWARDINGS, ForwardingRow))
        .where(column.state.in_(states), column.city.in_(cities), column.next_at <= now)
        .order_by(column.next_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return fetch_one(conn, ForwardingRow, statement)


def left_behind(conn: Connection, now: dt.datetime) -> list[ForwardingRow]:
    """List those whose sender died while it sent."""
    column = FORWARDINGS.c
    return _rows(conn, and_(column.state == "SENDING", column.sent_at < now - LEASE), limit=LISTED)


def followed_by_updates(conn: Connection, city: str) -> list[ForwardingRow]:
    """List those that a city has and works on."""
    column = FORWARDINGS.c
    return _rows(conn, and_(column.city == city, column.state == "TAKEN"), limit=1000)


def waiting_for_somebody(
    conn: Connection, now: dt.datetime, units: Sequence[str] | None
) -> list[ForwardingRow]:
    """List those that go on by nobody's act: unknown, refused, or in vain for hours; all units
    without a choice.
    """
    where = _stuck(now)
    if units is not None:
        of_units = select(TICKETS.c.id).where(TICKETS.c.unit.in_(units))
        where = and_(where, FORWARDINGS.c.ticket.in_(of_units))
    return _rows(conn, where, limit=LISTED)


def count_stuck(conn: Connection, now: dt.datetime) -> int:
    """Count those that wait for somebody."""
    statement = select(func.count()).select_from(FORWARDINGS).where(_stuck(now))
    return int(conn.execute(statement).scalar_one())


def _stuck(now: dt.datetime) -> ColumnElement[bool]:
    column = FORWARDINGS.c
    newer = FORWARDINGS.alias()
    again = (
        select(newer.c.id)
        .where(newer.c.ticket == column.ticket, newer.c.city == column.city, newer.c.id > column.id)
        .exists()
    )
    return or_(
        and_(column.state == "UNKNOWN", column.failures > 0),
        and_(column.state == "QUEUED", column.made_at < now - PATIENCE),
        and_(column.state.in_(("TOKEN", "TAKEN")), column.problem.is_not(None)),
        and_(column.state == "REFUSED", column.made_at > now - REFUSED_SHOWN, ~again),
    )


def _rows(conn: Connection, where: ColumnElement[bool], *, limit: int) -> list[ForwardingRow]:
    statement = (
        select(*columns(FORWARDINGS, ForwardingRow))
        .where(where)
        .order_by(FORWARDINGS.c.id.desc())
        .limit(limit)
    )
    return fetch_all(conn, ForwardingRow, statement)
