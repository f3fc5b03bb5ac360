"""A person's own tickets, for who has proven on the portal to be that person."""

import datetime as dt

from sqlalchemy.sql.elements import ColumnElement

from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import NotFound
from contracts.notify.persons import Pass, Person
from contracts.ticketing.persons import (
    MyTicket,
    MyTickets,
    OnFile,
    OpenMyTicket,
    TicketsOfPerson,
)
from services.ticketing.context import Context
from services.ticketing.domain import labels
from services.ticketing.domain.ticket import citizen_may
from services.ticketing.tables import PEOPLE, TICKETS
from services.ticketing.tickets import acts, mobiles, of_person, rows, views
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.rows import TicketRow

MOST = 50


def on_file(context: Context, person: Person) -> OnFile:
    """Tell since when a ticket has both the mobile and the national ID."""
    return OnFile(since=views.optional_instant(of_person.since(context, person)))


def my_tickets(context: Context, message: MyTickets) -> TicketsOfPerson:
    """List the person's tickets, the newest first."""
    query = rows.tickets().join(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id)
    query = query.where(_own_of(context, message)).order_by(TICKETS.c.id.desc()).limit(MOST + 1)
    listed = fetch_all(context.conn, TicketRow, query)
    return TicketsOfPerson(
        tickets=tuple(_my_ticket(context, row) for row in listed[:MOST]), more=len(listed) > MOST
    )


def open_ticket(context: Context, message: OpenMyTicket) -> Pass:
    """Return a pass to a ticket of the person; NotFound ``ticket.not_opened`` for any other."""
    # Locked, so that no number counts as proven that a colleague is just putting in its place.
    rows.by_code(context.conn, message.code, lock=True)
    query = rows.tickets().join(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id)
    own = query.where(TICKETS.c.code == message.code, _own_of(context, message))
    row = fetch_one(context.conn, TicketRow, own)
    if row is None:
        raise NotFound("There is no such request of yours.", code="ticket.not_opened")
    mobiles.note_proven(context, row.id)
    return Pass(code=row.code, secret=mobiles.new_pass(context, row))


def _own_of(context: Context, message: MyTickets) -> ColumnElement[bool]:
    registered = dt.datetime.fromisoformat(message.since) if message.since else None
    return of_person.own(context, message, registered)


def _my_ticket(context: Context, row: TicketRow) -> MyTicket:
    case = acts.load_by_id(context, row.id, lock=False)
    ticket = case.ticket
    fa, en = labels.PAUSES[ticket.pause] if ticket.pause else labels.STATES[ticket.state]
    return MyTicket(
        code=row.code,
        kind=row.kind,
        category=views.category_of(context, row.category),
        unit=views.unit_of(context, ticket.unit),
        state=ticket.state,
        state_fa=fa,
        state_en=en,
        registered_at=instant(row.registered_at),
        updated_at=instant(row.updated_at),
        solution_due=_due(context, case),
        may=tuple(citizen_may(ticket, public=row.public)),
        appointment=views.appointment_of(context, case),
    )


def _due(context: Context, case: Case) -> str | None:
    running = (
        clock.due
        for clock in case.clocks(context)
        if clock.name == "solution" and clock.state in ("RUNNING", "MISSED")
    )
    return views.optional_instant(next(running, None))
