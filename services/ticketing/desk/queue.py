"""The queue of the desk: tickets of a unit by due time, filtered and searched."""

import re

from sqlalchemy import ColumnElement, Text, func, literal_column, or_, select

from bus.database.rows import fetch_all
from bus.envelope import instant
from contracts.ticketing.desk import Queue, QueuePage, QueueRow
from iran.persian import search_key
from services.ticketing.context import Context
from services.ticketing.desk import paging
from services.ticketing.domain import labels, moves
from services.ticketing.domain.moves import WORK
from services.ticketing.tables import TICKETS
from services.ticketing.tickets import rows, views
from services.ticketing.tickets.rows import TicketRow

PAGE, WORDS_MOST = 25, 8
# Digits of a tracking code or a telephone number, which people write in groups.
NUMBER_LEAST, NUMBER_MOST = 7, 14
# The text for search without blanks and dashes: half-spaced, joined and spaced words meet in it.
# Written as the index tickets_squeezed has it (literals, not parameters).
SQUEEZED = func.translate(
    TICKETS.c.search, literal_column("' -'"), literal_column("''"), type_=Text()
)
_SQUEEZE = str.maketrans("", "", " -")
_GROUPED = re.compile(r"[0-9]+(?:[ -]+[0-9]+)+")


def queue(context: Context, message: Queue) -> QueuePage:
    """List the unit's tickets by due time; what waits for somebody else comes last."""
    moves.require(context.colleague.role, "read")
    where = _conditions(context, message)
    count = select(func.count()).select_from(TICKETS).where(*where)
    shown = paging.numbered(message.page, context.conn.execute(count).scalar_one(), PAGE)
    statement = (
        rows.tickets()
        .where(*where)
        .order_by(
            TICKETS.c.unread.desc(),
            TICKETS.c.due_at.asc().nulls_last(),
            TICKETS.c.registered_at,
            TICKETS.c.id,
        )
        .limit(PAGE)
        .offset(shown.skip)
    )
    tickets = fetch_all(context.conn, TicketRow, statement)
    return QueuePage(
        tickets=tuple(_row(context, ticket) for ticket in tickets),
        total=shown.total,
        page=shown.page,
        pages=shown.pages,
        units=paging.own_units(context),
    )


def _conditions(context: Context, message: Queue) -> list[ColumnElement[bool]]:
    colleague = context.colleague
    unit = message.unit if colleague.all_units else colleague.unit
    where: list[ColumnElement[bool]] = []
    if unit:
        where.append(TICKETS.c.unit == unit)
    if message.state == "WORK":
        where.append(or_(TICKETS.c.state.in_(WORK), TICKETS.c.unread))
    elif message.state != "ALL":
        where.append(TICKETS.c.state == message.state)
    if message.mine:
        where.append(TICKETS.c.assignee == colleague.username)
    if message.late:
        where.append(TICKETS.c.due_at < context.now)
    return where + [_holds(word) for word in _words(message.search)]


def _holds(word: str) -> ColumnElement[bool]:
    """True for tickets that hold a word, however it is spaced, or have it as their code."""
    # A word of signs alone has no squeezed form: it must stand in the text as it is.
    squeezed = word.translate(_SQUEEZE) or word
    return or_(
        TICKETS.c.search.like(_within(word)),
        SQUEEZED.like(_within(squeezed)),
        TICKETS.c.code == squeezed,
    )


def _words(search: str) -> list[str]:
    """The words of a search; groups of digits that together are a code or a number are one."""
    joined = _GROUPED.sub(lambda match: _joined(match[0]), search_key(search))
    return joined.split()[:WORDS_MOST]


def _joined(groups: str) -> str:
    digits = groups.translate(_SQUEEZE)
    return digits if NUMBER_LEAST <= len(digits) <= NUMBER_MOST else groups


def _within(word: str) -> str:
    return f"%{_escaped(word)}%"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _row(context: Context, row: TicketRow) -> QueueRow:
    subject = " ".join(row.text.split())
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
        subject=subject[:100],
        registered_at=instant(row.registered_at),
        due_at=views.optional_instant(row.due_at),
        due_clock=row.due_clock,
        unread=row.unread,
        late=row.due_at is not None and row.due_at < context.now,
    )
