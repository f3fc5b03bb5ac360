"""A new secret that a colleague has sent to the contact on file of a ticket."""

from typing import Any

from bus.errors import RuleBroken
from people.tracking import grouped_secret, new_secret
from services.ticketing.citizens import lost_secrets
from services.ticketing.desk import tickets
from services.ticketing.tickets import acts as acting
from services.ticketing.tickets import rows as store
from services.ticketing.tickets.acts import Desk


def send_new(at: Desk, code: str, version: int) -> dict[str, Any]:
    """A colleague has a new secret made, which goes to the contact on file; he never sees it.

    RuleBroken ``ticket.no_contact`` if the citizen left none.
    """
    case = tickets.take(at, "new_secret", code, version)
    person = store.person(at.conn, case.id)
    contact = (person.mobile or person.email) if person is not None else None
    if not contact:
        raise RuleBroken(
            "This ticket has neither a mobile nor an e-mail address to send a secret to.",
            code="ticket.no_contact",
        )
    secret = new_secret()
    lost_secrets.replace(at, case, secret)
    acting.add(at, case, "new_secret", by="unit", actor=at.who.username)
    reply = acting.project(at, case)
    shown = grouped_secret(secret)
    lost_secrets.send(at, case, "new_secret", contact, case.row.language, secret=shown)
    return reply
