"""A new secret that a colleague has sent to the contact on file of a ticket."""

from contracts.ticketing.desk import Act, Acted
from people.tracking import grouped_secret, new_secret
from services.ticketing.citizens import lost_secrets
from services.ticketing.context import Context
from services.ticketing.desk import standing, tickets
from services.ticketing.tickets import acts, rows


def send_new(context: Context, message: Act) -> Acted:
    """Make a new secret and send it to the contact on file; the colleague never sees it.

    RuleBroken ``ticket.no_contact`` if the citizen left none.
    """
    case = tickets.load(context, "new_secret", message)
    standing.require(context, case, "new_secret")
    person = rows.person(context.conn, case.id)
    contact = (person.mobile or person.email) if person is not None else None
    assert contact is not None  # else it stands in the way
    secret = new_secret()
    lost_secrets.replace(context, case, secret)
    acts.add(context, case, "new_secret", by="unit", actor=context.colleague.username)
    reply = acts.project(context, case)
    shown = grouped_secret(secret)
    lost_secrets.send(context, case, "new_secret", contact, case.row.language, secret=shown)
    return reply
