"""How many letters are worked on within an hour; what is over it is held and worked on later.

A person does not write that often: a machine that answers machines does, and whoever floods us.
"""

import datetime as dt
from typing import NamedTuple

from sqlalchemy import text

from services.ticketing.incoming_mail.rows import Outcome
from services.ticketing.mail.reading import Letter
from services.ticketing.notifications import tickets as notices
from services.ticketing.tickets.acts import Case, Desk

HOUR = dt.timedelta(hours=1)
# Within one hour: new tickets of a sender, letters of a sender to a ticket, of all to a ticket,
# new tickets by letter of a unit.
LIMITS = {"sender_tickets": 10, "sender_letters": 10, "ticket_letters": 30, "unit_tickets": 300}


class _Count(NamedTuple):
    reason: str
    statement: str


_NEW = (
    _Count(
        "sender_tickets",
        "select count(*) from letters where sender = :sender and state = 'TICKET' "
        "and worked_at > :since",
    ),
    _Count(
        "unit_tickets",
        "select count(*) from tickets where channel = 'mail' and unit = :unit "
        "and registered_at > :since",
    ),
)
_IN_TICKET = (
    _Count(
        "sender_letters",
        "select count(*) from letters where ticket = :ticket and sender = :sender "
        "and state in ('MESSAGE', 'NOTE') and worked_at > :since",
    ),
    _Count(
        "ticket_letters",
        "select count(*) from letters where ticket = :ticket "
        "and state in ('MESSAGE', 'NOTE') and worked_at > :since "
        # What strangers write, who need no more than an id of ours, takes nothing from the citizen.
        "and (:outsider or reason is distinct from 'outside')",
    ),
)


def exceeded(
    desk: Desk, letter: Letter, *, case: Case | None, unit: str = "", outsider: bool = False
) -> str | None:
    """The limit (of LIMITS) that this letter is over; None if it may be worked on now."""
    values = {
        "sender": letter.sender,
        "ticket": case.id if case else None,
        "unit": unit,
        "since": desk.now - HOUR,
        "outsider": outsider,
    }
    for reason, statement in _NEW if case is None else _IN_TICKET:
        if desk.conn.execute(text(statement), values).scalar_one() >= LIMITS[reason]:
            return reason
    return None


def hold(desk: Desk, letter: Letter, reason: str, *, case: Case | None, unit: str) -> Outcome:
    """Keep the letter for a later hour; its sender and the unit are told once.

    The more are held for the same reason, the later is the hour: each is looked at a few times.
    """
    ahead = desk.conn.execute(
        text(
            "select count(*) from letters where state = 'FLOOD' and reason = :reason "
            "and (sender = :sender or :reason in ('ticket_letters', 'unit_tickets')) "
            "and (ticket = :ticket or cast(:ticket as bigint) is null)"
        ),
        {"reason": reason, "sender": letter.sender, "ticket": case.id if case else None},
    ).scalar_one()
    until = desk.now + HOUR * (1 + ahead // LIMITS[reason])
    notices.tell_held(desk, letter, unit)
    return Outcome("FLOOD", case.id if case else None, reason, until)
