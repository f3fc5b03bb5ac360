"""Colleagues whom an internal note names: those who may read the ticket."""

from bus.errors import FieldError, RuleBroken
from bus.messages.values import Json
from contracts.ticketing.desk import Note
from iran.collation import collation_key
from people.mentions import mentioned
from services.ticketing.accounts import staff
from services.ticketing.accounts.staff import Colleague
from services.ticketing.context import Context
from services.ticketing.tickets.acts import Case


def candidates(context: Context, case: Case) -> list[Colleague]:
    """List who may read the ticket, in the order of the Persian alphabet: its unit, and whoever
    sees all units.
    """
    unit = case.ticket.unit
    readers = [c for c in staff.active(context.conn) if c.unit == unit or c.all_units]
    return sorted(readers, key=lambda colleague: collation_key(colleague.name))


def listed(context: Context, case: Case) -> tuple[Json, ...]:
    """Describe whom this colleague can mention."""
    own = context.colleague.username
    return tuple(
        {"username": colleague.username, "name": colleague.name}
        for colleague in candidates(context, case)
        if colleague.username != own
    )


def readers(context: Context, case: Case, note: Note) -> list[str]:
    """Return the user names that a note mentions, chosen from the list or typed in its text.

    RuleBroken ``field.wrong`` for one who has no account or may not read the ticket: nobody is
    mentioned in vain.
    """
    allowed = {colleague.username for colleague in candidates(context, case)}
    chosen = [name.lower() for name in note.mentions]
    typed = mentioned(note.text)
    for field, names in (("mentions", chosen), ("text", typed)):
        unknown = [name for name in names if name not in allowed]
        if unknown:
            sentence = f"@{unknown[0]} is nobody who may read this ticket."
            fault = FieldError(field, "mention", sentence)
            raise RuleBroken(sentence, code="field.wrong", fields=[fault], username=unknown[0])
    return list(dict.fromkeys((*chosen, *typed)))
