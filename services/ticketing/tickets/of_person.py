"""Which tickets are a person's, by what is proven of the person."""

import datetime as dt

from sqlalchemy import and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from contracts.notify.persons import Person
from services.ticketing.context import Context
from services.ticketing.tables import PEOPLE, TICKETS
from services.ticketing.tickets import mobiles


def own(context: Context, person: Person, registered: dt.datetime | None) -> ColumnElement[bool]:
    """Return the condition of a person's ticket, by what is proven of the person: both stand on it;
    or the mobile alone does, and it was registered when both were known to belong together, to us
    or to the water registry (since ``registered``). An earlier one may be that of whoever had the
    number before.
    """
    by_both = PEOPLE.c.national_id == person.national_id
    starts = (since(context, person), registered)
    start = min((moment for moment in starts if moment is not None), default=None)
    if start is not None:
        on_file = mobiles.SINCE
        later = and_(PEOPLE.c.national_id.is_(None), on_file >= start)
        by_both = or_(by_both, later)
    return and_(PEOPLE.c.mobile == person.mobile, by_both)


def since(context: Context, person: Person) -> dt.datetime | None:
    """Return since when a ticket has both the mobile and the national ID; None if none has."""
    query = (
        select(func.min(mobiles.SINCE))
        .join(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id)
        .where(PEOPLE.c.mobile == person.mobile, PEOPLE.c.national_id == person.national_id)
    )
    first: dt.datetime | None = context.conn.execute(query).scalar_one()
    return first
