"""Rows of e-mails that go out: threaded for their recipient, limited where strangers cause them."""

import datetime as dt
from typing import NamedTuple

from sqlalchemy import func, insert, literal, select, union_all

from services.ticketing.context import Context
from services.ticketing.mail import writing
from services.ticketing.mail.writing import Outgoing
from services.ticketing.tables import LETTERS, MAILS
from services.ticketing.tickets.acts import Case

# What a stranger can make us write to an address that need not be the stranger's: within an hour.
MOST_AN_HOUR = 20
THREAD_MOST = 10


class Thread(NamedTuple):
    """The e-mail that is answered, and those before it, as mail programs thread by them."""

    in_reply_to: str | None
    references: tuple[str, ...]


def thread(context: Context, case: Case, recipient: str, host: str) -> Thread:
    """Return the e-mails between the ticket and a recipient, under a root that all share."""
    sent = select(MAILS.c.message_id, MAILS.c.made_at.label("at")).where(
        MAILS.c.ticket == case.id, MAILS.c.recipient == recipient
    )
    received = select(LETTERS.c.message_id, LETTERS.c.received_at).where(
        LETTERS.c.ticket == case.id, LETTERS.c.sender == func.lower(literal(recipient))
    )
    both = union_all(sent, received).subquery()
    newest = select(both.c.message_id).order_by(both.c.at.desc()).limit(THREAD_MOST)
    ids = list(reversed(context.conn.execute(newest).scalars().all()))
    answered = context.answered
    if answered is not None and answered.sender == recipient.lower():
        ids.append(answered.message_id)
    chain = tuple(dict.fromkeys((f"<ticket-{case.row.code}@{host}>", *ids)))
    return Thread(ids[-1] if ids else None, chain)


def is_enough(context: Context, recipient: str, kind: str) -> bool:
    """True if this recipient was written so often of late that a stranger may be behind it."""
    return count(context, recipient, kind) >= MOST_AN_HOUR


def count(
    context: Context, recipient: str, kind: str, *, ticket: int | None = None, hours: int = 1
) -> int:
    """Count the e-mails of a kind to a recipient in the last hours, about one ticket or all."""
    statement = (
        select(func.count())
        .select_from(MAILS)
        .where(
            MAILS.c.recipient == recipient,
            MAILS.c.kind == kind,
            MAILS.c.made_at > func.now() - dt.timedelta(hours=hours),
        )
    )
    if ticket is not None:
        statement = statement.where(MAILS.c.ticket == ticket)
    return int(context.conn.execute(statement).scalar_one())


def add(
    context: Context, email: Outgoing, kind: str, *, ticket: int | None, in_hours: int = 0
) -> None:
    """Put the e-mail among those that the chore sends, now or in some hours."""
    context.conn.execute(
        insert(MAILS).values(
            ticket=ticket,
            message_id=email.message_id,
            sender=email.from_address,
            recipient=email.to,
            raw=writing.write(email),
            kind=kind,
            next_at=func.now() + dt.timedelta(hours=in_hours),
        )
    )
