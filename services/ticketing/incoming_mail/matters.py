"""The ticket that an e-mail is about, and whose word it is."""

from typing import Literal, NamedTuple

from sqlalchemy import select

from bus.errors import BusError
from services.ticketing.citizens.opening import open_ticket
from services.ticketing.context import Context
from services.ticketing.mail import reading
from services.ticketing.mail.reading import Email
from services.ticketing.tables import LETTERS, MAILS
from services.ticketing.tickets import acts, rows
from services.ticketing.tickets.acts import Case


class Matter(NamedTuple):
    """The ticket that an e-mail is about, and whose word it is."""

    case: Case
    author: Literal["citizen", "colleague", "outsider"]


def matter_of(context: Context, rcpt_to: str, email: Email) -> Matter | None:
    """Return the ticket of an e-mail and its author; None if it is about no ticket."""
    token = reading.token_of(rcpt_to)
    if token is not None:
        opened = open_ticket(context, *token, lock=True)
        if not isinstance(opened, BusError):
            return Matter(opened, "citizen")
    ticket, recipient = _referred(context, email)
    if ticket is None:
        return None
    case = acts.load_by_id(context, ticket)
    own = own_address(context, case)
    if own and email.sender == own:
        return Matter(case, "citizen")
    if _is_unit(context, recipient) and _same_host(email.sender, recipient):
        return Matter(case, "colleague")
    return Matter(case, "outsider")


def _referred(context: Context, email: Email) -> tuple[int | None, str]:
    """The ticket of the e-mail that this one answers, and the recipient if it was ours."""
    sent = context.conn.execute(
        select(MAILS.c.ticket, MAILS.c.recipient)
        .where(MAILS.c.message_id.in_(email.references), MAILS.c.ticket.is_not(None))
        .order_by(MAILS.c.id.desc())
        .limit(1)
    ).one_or_none()
    if sent is not None:
        return sent.ticket, sent.recipient.lower()
    earlier = context.conn.execute(
        select(LETTERS.c.ticket)
        .where(LETTERS.c.message_id.in_(email.references), LETTERS.c.ticket.is_not(None))
        .order_by(LETTERS.c.id.desc())
        .limit(1)
    ).scalar()
    return earlier, ""


def own_address(context: Context, case: Case) -> str:
    """Return the citizen's own e-mail address; empty if none is on file."""
    person = rows.person(context.conn, case.id)
    return person.email.lower() if person and person.email else ""


def _is_unit(context: Context, address: str) -> bool:
    """True if an address is where people of a unit read."""
    return any(
        address == (own or "").lower()
        for unit in context.book.units.values()
        for own in (unit.email, unit.mailbox, unit.head_email)
        if own
    )


def _same_host(sender: str, recipient: str) -> bool:
    return sender.rpartition("@")[2] == recipient.rpartition("@")[2]
