"""Who wrote a ticket, for the colleague who may know it."""

from dataclasses import asdict

from sqlalchemy import select

from bus.messages.values import Json
from services.ticketing.context import Context
from services.ticketing.tables import PEOPLE
from services.ticketing.tickets import rows
from services.ticketing.tickets.acts import Case


def person_of(context: Context, case: Case) -> Json | None:
    """Who wrote, for the unit that works on it, or for others if the citizen allowed it."""
    if context.colleague.unit != case.ticket.unit and case.row.privacy != "identified":
        return None
    person = rows.person(context.conn, case.id)
    return asdict(person) if person is not None else None


def has_contact(context: Context, case: Case) -> bool:
    """Tell whether somebody is on file whom the colleague may know, or was until the mobile, all
    that there was, was taken off; nobody is once the ticket is emptied.
    """
    person = person_of(context, case)
    if person is None or case.row.emptied_at is not None:
        return False
    return any(person.values()) or case.last("correct_mobile") is not None


def is_reachable(context: Context, case: Case) -> bool:
    """Tell whether there is a mobile or an address to send a secret to, of whom one may know."""
    person = person_of(context, case)
    return person is not None and bool(person["mobile"] or person["email"])


def is_mobile_proven(context: Context, case: Case) -> bool:
    """Tell whether the holder of the number on file has proven it by a code that went there."""
    column = PEOPLE.c
    query = select(column.mobile_proven_at).where(
        column.ticket == case.id, column.mobile.is_not(None)
    )
    return context.conn.scalar(query) is not None
