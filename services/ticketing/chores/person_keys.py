"""Keyed hashes for people whose tickets were registered before there were any."""

from collections.abc import Callable

from sqlalchemy import and_, or_, select, update

from bus.database.store import Store, Tx
from services.ticketing.context import Context
from services.ticketing.tables import PEOPLE
from services.ticketing.tickets import rows

AT_ONCE = 500


def fill(store: Store, context_of: Callable[[Tx], Context]) -> None:
    """Give each person the keys by which other tickets of the same person are found."""
    while True:
        with store.transaction() as tx:
            if _fill_some(context_of(tx)) < AT_ONCE:
                return


def _fill_some(context: Context) -> int:
    statement = (
        select(PEOPLE.c.ticket, PEOPLE.c.mobile, PEOPLE.c.national_id)
        .where(
            or_(
                and_(PEOPLE.c.mobile.is_not(None), PEOPLE.c.mobile_key.is_(None)),
                and_(PEOPLE.c.national_id.is_not(None), PEOPLE.c.national_id_key.is_(None)),
            )
        )
        .limit(AT_ONCE)
    )
    people = context.conn.execute(statement).all()
    for person in people:
        keys = rows.person_keys(person.mobile, person.national_id, context.keys)
        context.conn.execute(update(PEOPLE).values(**keys).where(PEOPLE.c.ticket == person.ticket))
    return len(people)
