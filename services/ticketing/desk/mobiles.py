"""A citizen's mobile that was written down wrongly, put right by a colleague.

Whoever holds the old number could follow the ticket by codes that went there: from then on none of
them opens it, and a secret that ever went there is replaced.
"""

from bus.errors import Conflict, RuleBroken
from contracts.ticketing.desk import Acted, CorrectMobile
from people.tracking import grouped_secret, new_secret
from services.ticketing.citizens import lost_secrets
from services.ticketing.context import Context
from services.ticketing.desk import tickets, views
from services.ticketing.privacy import holds
from services.ticketing.tickets import mobiles, rows
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.refusals import field_refusal
from services.ticketing.tickets.rows import Person


def correct(context: Context, message: CorrectMobile) -> Acted:
    """Put the mobile right or take it off, and tell the citizen where one can be reached.

    RuleBroken ``ticket.no_contact`` where the colleague may not see who wrote, or nobody is on
    file; Conflict ``person_act.held`` while a legal hold keeps the ticket as it is.
    """
    case = tickets.load(context, "correct_mobile", message)
    person = rows.person(context.conn, case.id)
    if person is None or not views.has_contact(context, case):
        sentence = "This ticket has no contact that you may put right."
        raise RuleBroken(sentence, code="ticket.no_contact")
    if message.mobile == person.mobile:
        raise field_refusal("mobile", "This is the number on file.")
    if holds.is_ticket_held(context, case.id):
        sentence = "A legal hold forbids this. Wait until it ends, or end it with a reason."
        raise Conflict(sentence, code="person_act.held")
    mobiles.put(context, case.id, person, message.mobile)
    lost_secrets.end_codes(context, case.row.code)
    tickets.add(context, case, "correct_mobile", text=message.text)
    reply = tickets.finish(context, case)
    if case.last("new_secret") is not None:
        _replace_secret(context, case, person, message.mobile)
    return reply


def _replace_secret(context: Context, case: Case, person: Person, mobile: str | None) -> None:
    """End a secret that went to the old number; the new one goes to what is on file now."""
    secret = new_secret()
    lost_secrets.replace(context, case, secret)
    contact = mobile or person.email
    if contact:
        shown = grouped_secret(secret)
        lost_secrets.send(context, case, "new_secret", contact, case.row.language, secret=shown)
