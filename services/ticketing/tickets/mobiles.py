"""The mobile of a ticket: put right by a colleague, and since when it is the one on file."""

from dataclasses import replace

from sqlalchemy import func, select, update

from people import passes
from services.ticketing.context import Context
from services.ticketing.tables import PEOPLE, TICKETS
from services.ticketing.tickets import rows
from services.ticketing.tickets.rows import Person, TicketRow

# Since when a ticket has its mobile: from its registration, or since a colleague put it right.
SINCE = func.coalesce(PEOPLE.c.mobile_since, TICKETS.c.registered_at)


def put(context: Context, ticket: int, person: Person, mobile: str | None) -> None:
    """Put another mobile in the place of the one on file; None takes it off."""
    changed = replace(person, mobile=mobile)
    keys = rows.person_keys(mobile, person.national_id, context.keys)
    search = rows.people_key(changed)
    since = {"mobile_since": context.now, "mobile_proven_at": None}
    values = {"mobile": mobile, "search": search, **since, **keys}
    context.conn.execute(update(PEOPLE).where(PEOPLE.c.ticket == ticket).values(**values))


def note_proven(context: Context, ticket: int) -> None:
    """Note that a code which went to the mobile on file came back: it is no slip of the pen."""
    unproven = (PEOPLE.c.ticket == ticket, PEOPLE.c.mobile_proven_at.is_(None))
    context.conn.execute(update(PEOPLE).where(*unproven).values(mobile_proven_at=context.now))


def new_pass(context: Context, row: TicketRow) -> str:
    """Make a pass to a ticket for who has proven to hold the mobile on it."""
    return passes.new_pass(context.keys.pepper, _subject(context, row), context.now)


def opens(context: Context, row: TicketRow, proof: str) -> bool:
    """Tell whether it is a pass to the ticket for who holds the mobile that is on it now."""
    if not passes.is_pass(proof):
        return False
    return passes.opens(context.keys.pepper, _subject(context, row), proof, context.now)


def _subject(context: Context, row: TicketRow) -> str:
    """What a pass is made for: it ends when the mobile is put right."""
    query = select(PEOPLE.c.mobile_since).where(PEOPLE.c.ticket == row.id)
    since = context.conn.scalar(query)
    return f"{row.code} {since.timestamp()}" if since is not None else row.code
