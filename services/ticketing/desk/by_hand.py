"""A word to the citizen by SMS, in an approved template: kept in the log as any other word."""

import datetime as dt

from sqlalchemy import func, literal_column, select

from bus.errors import RuleBroken, TooMany
from contracts.ticketing.answers import TextPerson
from contracts.ticketing.desk import Acted
from iran.persian import TEHRAN, tehran_day
from services.ticketing.context import Context
from services.ticketing.desk import contacts, standing, tickets
from services.ticketing.tables import STAFF, TICKET_EVENTS

# Of one colleague in a day (Tehran), and about one ticket.
A_DAY, ABOUT_ONE_A_DAY = 20, 3


def text_person(context: Context, message: TextPerson) -> Acted:
    """Text the citizen's proven number, and write the words into the log.

    RuleBroken ``by_hand.unproven`` for a number that its holder has not proven by a code; TooMany
    ``by_hand.day`` and ``by_hand.receiver``.
    """
    case = tickets.load(context, "say", message)
    standing.require(context, case, "say")
    if not contacts.is_mobile_proven(context, case):
        raise RuleBroken(
            "Nobody has proven this ticket's mobile. Write to the citizen on the ticket instead.",
            code="by_hand.unproven",
        )
    since = dt.datetime.combine(tehran_day(context.now), dt.time(), TEHRAN)
    texts = [e for e in case.entries if e.act == "say" and e.data.get("template") and e.at >= since]
    if len(texts) >= ABOUT_ONE_A_DAY:
        raise _too_many(context, "This ticket's citizen got as many today.", "by_hand.receiver")
    if _sent_since(context, since) >= A_DAY:
        raise _too_many(context, f"You have sent {A_DAY} today.", "by_hand.day")
    tickets.add(
        context,
        case,
        "say",
        text=message.text,
        template=message.template,
        language=message.language,
        values=dict(message.values),
    )
    return tickets.finish(context, case)


def _sent_since(context: Context, since: dt.datetime) -> int:
    """Count the colleague's own of today; two at once follow each other, so that both count."""
    username = context.colleague.username
    own = select(STAFF.c.username).where(STAFF.c.username == username)
    context.conn.execute(own.with_for_update())
    column = TICKET_EVENTS.c
    query = select(func.count()).where(
        column.actor == username,
        column.at >= since,
        column.data.has_key(literal_column("'template'")),
    )
    return int(context.conn.execute(query).scalar_one())


def _too_many(context: Context, sentence: str, code: str) -> TooMany:
    midnight = dt.datetime.combine(tehran_day(context.now), dt.time(), TEHRAN)
    left = midnight + dt.timedelta(days=1) - context.now
    return TooMany(sentence, code=code, retry_after=int(left.total_seconds()) + 1)
