"""The first page of the desk: what waits for a colleague, and how a unit's work is spread."""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, select

from bus.envelope import instant
from contracts.ticketing.queue import DeskHome, Load, Queue, QueueRow, VisitToday
from iran.collation import collation_key
from iran.persian import TEHRAN, tehran_day
from services.ticketing.accounts import staff
from services.ticketing.context import Context
from services.ticketing.desk import paging
from services.ticketing.desk.mail import incoming_mail, senders
from services.ticketing.domain import moves
from services.ticketing.queue import lists
from services.ticketing.queue import pages as queue
from services.ticketing.tables import BOOKINGS, PEOPLE, SLOTS, TICKETS
from services.ticketing.tickets import views

MOST, VISITS_MOST = 6, 50
_COUNT = func.count()


def home(context: Context) -> DeskHome:
    """Return the colleague's first page."""
    moves.require(context.colleague.role, "read")
    rights = moves.ROLES[context.colleague.role]
    loads = _loads(context) if "report" in rights else ()
    return DeskHome(
        counts=queue.counts(context, Queue()),
        letters=incoming_mail.waiting(context),
        mine=_first(context, Queue(mine=True)),
        late=_first(context, Queue(late=True)),
        visits=tuple(_visits(context)),
        loads=tuple(loads),
        set_aside=senders.count_new(context) if "set_aside" in rights else None,
    )


def _first(context: Context, query: Queue) -> tuple[QueueRow, ...]:
    return queue.page_rows(context, query, lists.conditions(context, query), MOST)


def _visits(context: Context) -> Iterator[VisitToday]:
    """Who comes today (in Tehran), to offices of the unit's tickets."""
    day = dt.datetime.combine(tehran_day(context.now), dt.time(), TEHRAN)
    statement = (
        select(
            TICKETS.c.code,
            TICKETS.c.unit,
            func.left(TICKETS.c.text, 200).label("text"),
            SLOTS.c.starts_at,
            SLOTS.c.office,
            func.coalesce(PEOPLE.c.name, "").label("name"),
            lists.person_is_seen(context).label("seen"),
        )
        .join_from(BOOKINGS, SLOTS, SLOTS.c.id == BOOKINGS.c.slot)
        .join(TICKETS, TICKETS.c.id == BOOKINGS.c.ticket)
        .outerjoin(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id)
        .where(
            SLOTS.c.starts_at >= day,
            SLOTS.c.starts_at < day + dt.timedelta(days=1),
            *lists.of_unit(context, None),
        )
        .order_by(SLOTS.c.starts_at, TICKETS.c.id)
        .limit(VISITS_MOST)
    )
    for row in context.conn.execute(statement):
        yield VisitToday(
            code=row.code,
            starts_at=instant(row.starts_at),
            office=views.named(context.book.offices, row.office) or {},
            unit=views.unit_of(context, row.unit),
            subject=views.beginning(row.text),
            name=row.name if row.seen else None,
        )


def _loads(context: Context) -> list[Load]:
    """Open work by colleague of the unit, or by unit for who sees all units; most first."""
    if context.colleague.all_units:
        names = {unit["code"]: unit["fa"] for unit in paging.own_units(context)}
        column: ColumnElement[str] = TICKETS.c.unit
    else:
        members = staff.of_unit(context.conn, context.colleague.unit)
        names = {"": "بی‌مسئول", **{member.username: member.name for member in members}}
        column = func.coalesce(TICKETS.c.assignee, "")
    counted = _counted(context, column)
    loads = [
        Load(code=code, name=name, open=open_, late=late, waiting=waiting)
        for code, name in names.items()
        for open_, late, waiting in (counted.get(code, (0, 0, 0)),)
        if code or open_
    ]
    return sorted(loads, key=lambda load: (-load.open, collation_key(load.name)))


def _counted(context: Context, column: ColumnElement[str]) -> dict[str, tuple[int, int, int]]:
    statement = (
        select(
            column.label("code"),
            _COUNT,
            _COUNT.filter(TICKETS.c.due_at < context.now),
            _COUNT.filter(TICKETS.c.state == "PAUSED"),
        )
        .where(*lists.of_unit(context, None), lists.OPEN)
        .group_by(column)
    )
    return {
        code: (open_, late, wait) for code, open_, late, wait in context.conn.execute(statement)
    }
