"""Who is on the telephone: earlier tickets of a mobile number."""

from bus.database.rows import fetch_all
from contracts.ticketing.queue import Caller, CallersTickets
from services.ticketing.context import Context
from services.ticketing.domain import moves
from services.ticketing.queue import lists
from services.ticketing.queue import pages as queue
from services.ticketing.tables import PEOPLE, TICKETS
from services.ticketing.tickets import rows
from services.ticketing.tickets.rows import TicketRow

MOST = 10


def tickets_of(context: Context, message: Caller) -> CallersTickets:
    """List the caller's earlier tickets, the newest first.

    Of another unit's tickets only those whose author allowed other units to know the name.
    """
    moves.require(context.colleague.role, "register")
    statement = (
        rows.tickets()
        .join_from(TICKETS, PEOPLE, PEOPLE.c.ticket == TICKETS.c.id)
        .where(PEOPLE.c.mobile == message.mobile, lists.person_is_seen(context))
        .order_by(TICKETS.c.registered_at.desc(), TICKETS.c.id.desc())
        .limit(MOST)
    )
    tickets = fetch_all(context.conn, TicketRow, statement)
    return CallersTickets(tickets=tuple(queue.row_of(context, ticket) for ticket in tickets))
