"""Tickets beside one: of the same person, of the same place, alike in words, joined with it."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, func, or_, select

from bus.database.rows import fetch_all
from bus.envelope import instant
from contracts.ticketing.desk import OneTicket
from contracts.ticketing.related import Related, RelatedTicket
from services.ticketing.context import Context
from services.ticketing.desk import mentions, standing, tickets
from services.ticketing.desk.similar import alike
from services.ticketing.domain import labels
from services.ticketing.domain.moves import ROLES, TRANSITIONS, WORK
from services.ticketing.tables import PEOPLE, TICKETS
from services.ticketing.tickets import rows, views
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.rows import TicketRow

MOST, LENGTH = 5, 120
LOOK_BACK = dt.timedelta(days=730)
# A box around a place: some 250 metres.
NEAR_DEGREES = 0.0025


def related(context: Context, message: OneTicket) -> Related:
    """Return what a colleague should know beside a ticket, each ticket in one list only."""
    case = tickets.load_to_read(context, message)
    shown = {case.id}
    joined = _fresh(_joined(context, case), shown)
    same_person = _fresh(_same_person(context, case), shown)
    similar = _fresh(_similar(context, case), shown)
    same_place = _fresh(_same_place(context, case), shown)
    return Related(
        same_person=_views(context, case, same_person),
        same_place=_views(context, case, same_place),
        similar=_views(context, case, similar),
        joined=_views(context, case, joined),
        mentionable=mentions.listed(context, case),
    )


def _fresh(candidates: Iterable[TicketRow], shown: set[int]) -> list[TicketRow]:
    fresh = [row for row in candidates if row.id not in shown][:MOST]
    shown.update(row.id for row in fresh)
    return fresh


def sees_person(context: Context, unit: str, privacy: str) -> bool:
    """True if the colleague may see who wrote a ticket: its unit may, or the citizen allowed it."""
    return context.colleague.unit == unit or privacy == "identified"


def _same_person(context: Context, case: Case) -> list[TicketRow]:
    """Tickets of the same mobile or national ID, where the colleague may see who wrote both."""
    if not sees_person(context, case.ticket.unit, case.row.privacy):
        return []
    own = context.conn.execute(
        select(PEOPLE.c.mobile_key, PEOPLE.c.national_id_key).where(PEOPLE.c.ticket == case.id)
    ).one_or_none()
    if own is None or not (own.mobile_key or own.national_id_key):
        return []
    same = [
        column == key
        for column, key in (
            (PEOPLE.c.mobile_key, own.mobile_key),
            (PEOPLE.c.national_id_key, own.national_id_key),
        )
        if key is not None
    ]
    statement = (
        rows.tickets()
        .join(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id)
        .where(
            or_(*same),
            or_(TICKETS.c.unit == context.colleague.unit, TICKETS.c.privacy == "identified"),
        )
    )
    return _newest(context, case, statement)


def _same_place(context: Context, case: Case) -> list[TicketRow]:
    """Tickets near the place; without one, of the county and category."""
    row = case.row
    if row.lat is not None and row.long is not None:
        where: list[ColumnElement[bool]] = [
            TICKETS.c.lat.between(row.lat - NEAR_DEGREES, row.lat + NEAR_DEGREES),
            TICKETS.c.long.between(row.long - NEAR_DEGREES, row.long + NEAR_DEGREES),
        ]
    elif row.county:
        where = [TICKETS.c.county == row.county, TICKETS.c.category == row.category]
    else:
        return []
    return _newest(context, case, rows.tickets().where(*where, _readable(context)))


def _similar(context: Context, case: Case) -> list[TicketRow]:
    """Open tickets of the unit that are near in words (trigrams)."""
    near = func.similarity(TICKETS.c.search, case.row.search)
    statement = rows.tickets().where(*alike(case)).order_by(near.desc()).limit(MOST)
    return fetch_all(context.conn, TicketRow, statement)


def _joined(context: Context, case: Case) -> list[TicketRow]:
    statement = rows.tickets().where(TICKETS.c.merged_into == case.id).order_by(TICKETS.c.id)
    return fetch_all(context.conn, TicketRow, statement)


def _readable(context: Context) -> ColumnElement[bool]:
    colleague = context.colleague
    return TICKETS.c.unit == colleague.unit if not colleague.all_units else TICKETS.c.id > 0


# Any: the rows are TicketRow
def _newest(context: Context, case: Case, statement: Select) -> list[TicketRow]:  # type: ignore[type-arg]
    newest = (
        statement.where(TICKETS.c.id != case.id, TICKETS.c.registered_at > context.now - LOOK_BACK)
        .order_by(TICKETS.c.registered_at.desc(), TICKETS.c.id.desc())
        .limit(2 * MOST)
    )
    return fetch_all(context.conn, TicketRow, newest)


def _views(
    context: Context, case: Case, related_rows: list[TicketRow]
) -> tuple[RelatedTicket, ...]:
    merges = bool(related_rows) and _merges(context, case)
    return tuple(_view(context, row, merges=merges) for row in related_rows)


def _merges(context: Context, case: Case) -> bool:
    """Tell whether the ticket that is read can be joined with another at all."""
    return (
        "merge" in ROLES[context.colleague.role]
        and TRANSITIONS.allows(case.ticket.state, "merge")
        and standing.obstacle(context, case, "merge") is None
    )


def _view(context: Context, row: TicketRow, *, merges: bool) -> RelatedTicket:
    colleague = context.colleague
    is_open = colleague.all_units or row.unit == colleague.unit
    subject = views.beginning(row.text, LENGTH) if is_open else ""
    return RelatedTicket(
        code=row.code,
        version=row.version,
        kind=row.kind,
        category=views.category_of(context, row.category),
        unit=views.unit_of(context, row.unit),
        state=row.state,
        state_fa=labels.STATES[row.state][0],
        subject=subject or views.category_of(context, row.category)["fa"],
        registered_at=instant(row.registered_at),
        open=is_open,
        may_merge=merges and is_open and row.state in WORK,
    )
