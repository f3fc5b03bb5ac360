"""Texts (SMS) of citizens, put into the ticket whose message they answer.

A number of SMS can be forged, as the sender of an e-mail can: the unit sees that the words came by
SMS, and nothing is opened, closed or disclosed by one.
"""

from contracts.notify.received import NOTE_TEXT, NoteText
from contracts.ticketing.letters import TakeTicketText
from iran.identifiers import as_dialled
from services.ticketing.citizens import messages
from services.ticketing.citizens.messages import Words
from services.ticketing.context import Context
from services.ticketing.tickets import acts, rows

EMPTY = "(پیامک بدون متن)"
BY_SMS = "پیامک از {mobile}"


def take(context: Context, message: TakeTicketText) -> None:
    """Put a text into its ticket, and answer notify whether it is there. It is the citizen's word
    if it came from the mobile that the ticket has; another's goes to the unit alone, and only if a
    clerk has chosen the ticket.
    """
    case = acts.find(context, message.ticket)
    is_filed = False
    if case is not None:
        person = rows.person(context.conn, case.id)
        text = message.text.strip() or EMPTY
        sender = BY_SMS.format(mobile=as_dialled(message.mobile))
        if person is not None and person.mobile == message.mobile:
            messages.write(context, case, Words(text, sender=sender))
            is_filed = True
        elif message.clerk is not None:
            messages.note_outsider(context, case, Words(text, actor=message.clerk, sender=sender))
            is_filed = True
    context.tx.send(NOTE_TEXT, NoteText(id=message.received, is_filed=is_filed))
