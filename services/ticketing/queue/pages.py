"""The queue of the desk: a page of a list, what comes next in it, and what came in meanwhile."""

import datetime as dt

from sqlalchemy import ColumnElement, func, select

from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.messages.values import Json
from contracts.ticketing.queue import (
    AskMark,
    AskNext,
    NextTicket,
    Queue,
    QueueMark,
    QueuePage,
    QueueRow,
)
from iran.collation import collation_key
from services.ticketing.accounts import staff
from services.ticketing.context import Context
from services.ticketing.desk import paging
from services.ticketing.domain import labels, moves
from services.ticketing.queue import lists, saved_filters
from services.ticketing.tables import TICKETS
from services.ticketing.tickets import rows, views
from services.ticketing.tickets.rows import TicketRow


def queue(context: Context, message: Queue) -> QueuePage:
    """Return a page of a list, with what its filters and bulk acts offer."""
    moves.require(context.colleague.role, "read")
    where = lists.conditions(context, message)
    count = select(func.count()).select_from(TICKETS).where(*where)
    limit = len(message.codes) or message.size
    shown = paging.numbered(message.page, context.conn.execute(count).scalar_one(), limit)
    book = context.book
    return QueuePage(
        tickets=page_rows(context, message, where, limit, shown.skip),
        total=shown.total,
        page=shown.page,
        pages=shown.pages,
        units=paging.own_units(context),
        all_units=tuple(views.by_name(book.units)),
        counts=counts(context, message),
        at=instant(context.now),
        filters=tuple(saved_filters.of(context)),
        categories=tuple(views.by_name(book.categories)),
        counties=tuple(views.by_name(book.counties)),
        colleagues=_colleagues(context, message),
        canned=_prepared_texts(context),
        may=tuple(sorted(moves.ROLES[context.colleague.role])),
    )


def page_rows(
    context: Context,
    query: Queue,
    where: list[ColumnElement[bool]],
    limit: int,
    skip: int = 0,
) -> tuple[QueueRow, ...]:
    """Read rows of a list in its order."""
    statement = rows.tickets().where(*where).order_by(*lists.order(query))
    tickets = fetch_all(context.conn, TicketRow, statement.limit(limit).offset(skip))
    return tuple(row_of(context, ticket) for ticket in tickets)


def counts(context: Context, query: Queue) -> dict[str, int]:
    """Count open tickets for the tabs of a list, in one statement over open tickets alone."""
    count, state = func.count(), TICKETS.c.state
    own = TICKETS.c.assignee == context.colleague.username
    tabs = {
        "new": count.filter(state == "NEW"),
        "mine": count.filter(own),
        "late": count.filter(TICKETS.c.due_at < context.now),
        "waiting": count.filter(state == "PAUSED"),
        "free": count.filter(TICKETS.c.assignee.is_(None)),
        "work": count,
    }
    if context.book.has_parts(context.colleague.only_unit):
        tabs["part"] = count.filter(TICKETS.c.part_due_at < context.now)
    statement = (
        select(*(column.label(name) for name, column in tabs.items()))
        .select_from(TICKETS)
        .where(*lists.open_tickets(context, query))
    )
    return dict(context.conn.execute(statement).one()._mapping)


def next_ticket(context: Context, message: AskNext) -> NextTicket:
    """Return the ticket that now stands where ``after`` stood, or behind it if it still does.

    An act may take a ticket out of its list or move it; the place is what a colleague goes on from.
    """
    moves.require(context.colleague.role, "read")
    place = func.row_number().over(order_by=lists.order(message)) - 1
    ranked = (
        select(TICKETS.c.code, place.label("place"))
        .where(*lists.conditions(context, message))
        .subquery()
    )
    others = (
        select(ranked.c.code, ranked.c.place)
        .where(ranked.c.code != message.after)
        .order_by(ranked.c.place)
        .limit(1)
    )
    # At the end of the list a ticket may still wait before the place where one began.
    for skip in {message.at: None, 0: None}:
        row = context.conn.execute(others.offset(skip)).one_or_none()
        if row is not None:
            return NextTicket(code=row.code, at=row.place)
    return NextTicket(code=None, at=0)


def mark(context: Context, message: AskMark) -> QueueMark:
    """Count what came into a list since a moment, and what its tabs hold now."""
    moves.require(context.colleague.role, "read")
    since = dt.datetime.fromisoformat(message.since)
    fresh = (
        select(func.count())
        .select_from(TICKETS)
        .where(*lists.conditions(context, message), TICKETS.c.registered_at > since)
    )
    count = context.conn.execute(fresh).scalar_one()
    return QueueMark(fresh=count, counts=counts(context, message))


def _colleagues(context: Context, query: Queue) -> tuple[Json, ...]:
    """Those of the unit whose list it is; a supervisor names one to choose from its people."""
    colleague = context.colleague
    unit = query.unit if colleague.all_units and query.unit else colleague.unit
    return tuple(
        {"username": member.username, "name": member.name}
        for member in staff.of_unit(context.conn, unit)
    )


def _prepared_texts(context: Context) -> tuple[Json, ...]:
    texts = sorted(context.book.canned.values(), key=lambda text: collation_key(text.title_fa))
    return tuple(
        {
            "code": text.code,
            "title_fa": text.title_fa,
            "text_fa": text.text_fa,
            "text_en": text.text_en,
        }
        for text in texts
    )


def row_of(context: Context, row: TicketRow) -> QueueRow:
    """Describe a ticket in a list."""
    return QueueRow(
        code=row.code,
        version=row.version,
        kind=row.kind,
        category=views.category_of(context, row.category),
        unit=views.unit_of(context, row.unit),
        county=views.named(context.book.counties, row.county),
        state=row.state,
        state_fa=labels.STATES[row.state][0],
        assignee=row.assignee,
        subject=views.beginning(row.text),
        registered_at=instant(row.registered_at),
        due_at=views.optional_instant(row.due_at),
        due_clock=row.due_clock,
        unread=row.unread,
        late=row.due_at is not None and row.due_at < context.now,
        language=row.language,
        about=views.about(row),
        part_due_at=views.optional_instant(row.part_due_at),
        priority=row.priority or None,
    )
