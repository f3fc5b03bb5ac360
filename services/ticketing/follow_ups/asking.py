"""Ask the citizens of ended tickets, weeks later, whether it is mended: each ticket once.

What is decided of a ticket is kept, so that nothing is asked twice, however often this runs and
however long it did not.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, func, literal, select

from bus.database.store import Store, Tx
from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.receiver import Receiver
from people import tracking
from services.ticketing.context import SYSTEM, Context
from services.ticketing.domain import follow_ups
from services.ticketing.domain.follow_ups import Delays, Outcome
from services.ticketing.domain.moves import ENDED
from services.ticketing.domain.ticket import Entry
from services.ticketing.failed_rows import chore
from services.ticketing.follow_ups import rows as questions
from services.ticketing.notifications import tickets as notifications
from services.ticketing.privacy import holds
from services.ticketing.tables import FOLLOW_UPS, MAILS, PEOPLE, TICKETS
from services.ticketing.tickets import acts, rows
from services.ticketing.tickets.acts import Case

AT_ONCE = 50
PAGE = "/contact/follow-up"


class Contact(NamedTuple):
    """Where the question goes: by e-mail, else by SMS."""

    email: str | None
    mobile: str | None


def ask_due(store: Store, context_of: Callable[[Tx], Context]) -> None:
    """Decide of all tickets whose day has come, and ask."""
    asking = chore(store, "follow_up")
    while asking.page(context_of, _due, _decide, int) == AT_ONCE:
        pass


def _due(context: Context, left: list[str]) -> Sequence[int]:
    """The ended tickets of which nothing is decided and whose day has come, the oldest first.

    One that a legal hold protects waits until the hold ends, one with a word of the citizen until
    somebody has read that. After LATE_DAYS more nobody is asked any more.
    """
    ticket, delays = TICKETS.c, Delays.of(context.book)
    oldest = context.now - dt.timedelta(days=delays.longest + follow_ups.LATE_DAYS)
    asked_on = ticket.ended_at + func.make_interval(0, 0, 0, _days(delays))
    late = dt.timedelta(days=follow_ups.LATE_DAYS)
    query = (
        select(ticket.id)
        .where(
            ticket.emptied_at.is_(None),
            ticket.ended_at > oldest,
            ticket.ended_at <= context.now - dt.timedelta(days=delays.shortest),
            asked_on <= context.now,
            asked_on > context.now - late,
            ticket.state.in_(ENDED),
            ticket.kind.in_(follow_ups.KINDS),
            ~ticket.unread,
            ~select(FOLLOW_UPS.c.ticket).where(FOLLOW_UPS.c.ticket == ticket.id).exists(),
            ~holds.is_held(context),
            ticket.id.not_in([int(item) for item in left]),
        )
        .order_by(ticket.ended_at, ticket.id)
        .limit(AT_ONCE)
    )
    return context.conn.scalars(query.with_for_update(of=TICKETS)).all()


def _days(delays: Delays) -> ColumnElement[int]:
    """Days from the end of a row of TICKETS to its question."""
    ticket = TICKETS.c
    by_category = [(ticket.category == code, n) for code, n in delays.by_category.items()]
    by_unit = [(ticket.unit == code, n) for code, n in delays.by_unit.items()]
    ways = [*by_category, *by_unit]
    return case(*ways, else_=follow_ups.DAYS) if ways else literal(follow_ups.DAYS)


def _decide(context: Context, ticket: int) -> None:
    case_ = acts.load_by_id(context, ticket)
    contact = _contact(context, case_)
    outcome = _outcome(context, case_, contact)
    number = tracking.new_follow_up() if outcome == "asked" else None
    questions.add(context, ticket, case_.ticket.unit, outcome, number)
    if number is not None:
        entry = acts.add(context, case_, "follow_up", by="system", actor=SYSTEM)
        acts.project(context, case_)
        _send(context, case_, entry, contact, number)


def _outcome(context: Context, case_: Case, contact: Contact) -> Outcome:
    """What is decided of a ticket whose day has come."""
    if not follow_ups.was_worked_out(case_.entries):
        return "other_end"
    share = follow_ups.share_of(context.book, case_.ticket.unit)
    if context.keys.percentile(case_.id) >= share:
        return "share"
    if contact.email is None and contact.mobile is None:
        return "no_contact"
    if questions.was_asked_lately(context, contact.mobile, contact.email):
        return "asked_lately"
    return "asked"


def _contact(context: Context, case_: Case) -> Contact:
    """The e-mail address, unless e-mails came back from it: all our e-mails about the ticket, with
    the link that opens it, went there. Else the mobile, if its holder has proven it by a code: an
    SMS carries no link, and this number opens something.
    """
    person = rows.person(context.conn, case_.id)
    if person is None:
        return Contact(None, None)
    if person.email and not _comes_back(context, case_, person.email):
        return Contact(person.email, None)
    proven = select(PEOPLE.c.mobile_proven_at).where(PEOPLE.c.ticket == case_.id)
    is_proven = context.conn.scalar(proven) is not None
    return Contact(None, person.mobile if is_proven else None)


def _comes_back(context: Context, case_: Case, address: str) -> bool:
    """Tell whether an e-mail about the ticket came back from its citizen's address, or our mail
    server refused one to it; what comes back from a unit's mailbox says nothing of the citizen.
    """
    if any(e.act == "bounce" and e.data.get("role") != follow_ups.TO_UNIT for e in case_.entries):
        return True
    refused = select(MAILS.c.id).where(
        MAILS.c.ticket == case_.id,
        func.lower(MAILS.c.recipient) == address.lower(),
        MAILS.c.state == "REFUSED",
    )
    return context.conn.scalar(refused.limit(1)) is not None


def _send(context: Context, case_: Case, entry: Entry, contact: Contact, number: str) -> None:
    if contact.email is not None:
        question = f"{context.portal_url}{PAGE}/{number}"
        notifications.email_citizen(
            context, case_, entry, "follow_up", contact.email, question=question
        )
        return
    context.tx.send(
        SEND_MESSAGE,
        SendMessage(
            template="ticket_follow_up",
            channels=("sms",),
            to=Receiver(mobile=contact.mobile),
            language=case_.row.language,
            personalisation={
                "code": case_.row.code,
                "question_number": tracking.grouped_secret(number),
            },
            reference=case_.row.code,
        ),
    )
