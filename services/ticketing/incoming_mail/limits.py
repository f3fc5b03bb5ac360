"""How many e-mails are filed within an hour; what is over it is held and filed later.

A person does not write that often: a machine that answers machines does, and a flood.
"""

import datetime as dt

from sqlalchemy import ColumnElement, Table, func, select

from services.ticketing.context import Context
from services.ticketing.incoming_mail.rows import Outcome
from services.ticketing.mail.reading import Email
from services.ticketing.notifications.staff import email_about_held
from services.ticketing.tables import LETTERS, TICKETS
from services.ticketing.tickets.acts import Case

HOUR = dt.timedelta(hours=1)
# Within one hour: new tickets of a sender, e-mails of a sender to a ticket, of all to a ticket,
# new tickets by e-mail of a unit.
LIMITS = {"sender_tickets": 10, "sender_letters": 10, "ticket_letters": 30, "unit_tickets": 300}


def exceeded_for_new(context: Context, email: Email, unit: str) -> str | None:
    """Return the limit (of LIMITS) that a new ticket is over; None if it may be registered now."""
    since = context.now - HOUR
    of_sender = _count(
        context,
        LETTERS,
        LETTERS.c.sender == email.sender,
        LETTERS.c.state == "TICKET",
        LETTERS.c.worked_at > since,
    )
    if of_sender >= LIMITS["sender_tickets"]:
        return "sender_tickets"
    of_unit = _count(
        context,
        TICKETS,
        TICKETS.c.channel == "mail",
        TICKETS.c.unit == unit,
        TICKETS.c.registered_at > since,
    )
    return "unit_tickets" if of_unit >= LIMITS["unit_tickets"] else None


def exceeded_for_ticket(
    context: Context, email: Email, case: Case, *, outsider: bool
) -> str | None:
    """Return the limit (of LIMITS) that a word to a ticket is over; None if it may go in now."""
    filed = (
        LETTERS.c.ticket == case.id,
        LETTERS.c.state.in_(("MESSAGE", "NOTE")),
        LETTERS.c.worked_at > context.now - HOUR,
    )
    if (
        _count(context, LETTERS, *filed, LETTERS.c.sender == email.sender)
        >= LIMITS["sender_letters"]
    ):
        return "sender_letters"
    # What strangers write, who need no more than an id of ours, takes nothing from the citizen.
    own = () if outsider else (LETTERS.c.reason.is_distinct_from("outside"),)
    of_ticket = _count(context, LETTERS, *filed, *own)
    return "ticket_letters" if of_ticket >= LIMITS["ticket_letters"] else None


def hold(context: Context, email: Email, reason: str, *, case: Case | None, unit: str) -> Outcome:
    """Keep the e-mail for a later hour; its sender and the unit are written to once.

    The more are held for the same reason, the later is the hour: each is looked at a few times.
    """
    where = [LETTERS.c.state == "FLOOD", LETTERS.c.reason == reason]
    if reason not in ("ticket_letters", "unit_tickets"):
        where.append(LETTERS.c.sender == email.sender)
    if case is not None:
        where.append(LETTERS.c.ticket == case.id)
    ahead = _count(context, LETTERS, *where)
    until = context.now + HOUR * (1 + ahead // LIMITS[reason])
    email_about_held(context, email, unit)
    return Outcome("FLOOD", case.id if case else None, reason, until)


def _count(context: Context, table: Table, *where: ColumnElement[bool]) -> int:
    statement = select(func.count()).select_from(table).where(*where)
    return int(context.conn.execute(statement).scalar_one())
