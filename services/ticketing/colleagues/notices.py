"""The notices of a colleague: what happened, what was read, whether they come by e-mail."""

import datetime as dt

from sqlalchemy import select, update

from bus.envelope import instant
from bus.errors import BusError
from contracts.ticketing.colleagues import (
    MyNotices,
    Notice,
    NoticesSet,
    ProveNoticeAddress,
    ReadNotices,
    RemindMe,
    SetNotices,
    Unread,
)
from contracts.ticketing.desk import OneTicket
from iran.persian import tehran_day
from services.ticketing.accounts import unread as of_colleague
from services.ticketing.colleagues import notice_address, outcomes
from services.ticketing.context import Context
from services.ticketing.desk import tickets
from services.ticketing.tables import COLLEAGUE_NOTICES, TICKETS
from services.ticketing.tickets import reminders, views
from services.ticketing.tickets.refusals import field_refusal

MOST = 100
# How far away a reminder may be.
FARTHEST = dt.timedelta(days=366)


def own(context: Context) -> MyNotices:
    """List one's notices and what became of one's proposals, unread first, then the newest."""
    table, own_name = COLLEAGUE_NOTICES.c, context.colleague.username
    statement = (
        select(
            table.id,
            table.kind,
            table.actor,
            table.at,
            table.read_at,
            TICKETS.c.code,
            TICKETS.c.category,
            TICKETS.c.state,
        )
        .join(TICKETS, TICKETS.c.id == table.ticket)
        .where(table.username == own_name, table.at <= context.now)
        .order_by(table.read_at.is_not(None), table.id.desc())
        .limit(MOST)
    )
    settings = notice_address.of(context)
    return MyNotices(
        notices=tuple(
            Notice(
                id=row.id,
                kind=row.kind,
                code=row.code,
                category=views.category_of(context, row.category),
                state=row.state,
                actor=row.actor,
                at=instant(row.at),
                unread=row.read_at is None,
            )
            for row in context.conn.execute(statement)
        ),
        unread=unread(context),
        email=settings.proven,
        mails=settings.mails,
        unproven=settings.unproven,
        asked=settings.code is not None,
        outcomes=outcomes.own(context),
    )


def read(context: Context, message: ReadNotices) -> Unread:
    """Mark one's notices as read: of a ticket, those named, that of one proposal, or all."""
    if message.outcome is not None:
        outcomes.read(context, message.outcome)
        return Unread(unread=unread(context))
    table = COLLEAGUE_NOTICES.c
    statement = update(COLLEAGUE_NOTICES).where(
        table.username == context.colleague.username,
        table.read_at.is_(None),
        table.at <= context.now,
    )
    if message.code is not None:
        of_code = select(TICKETS.c.id).where(TICKETS.c.code == message.code).scalar_subquery()
        statement = statement.where(table.ticket == of_code)
    elif message.ids:
        statement = statement.where(table.id.in_(message.ids))
    else:
        outcomes.read(context)
    context.conn.execute(statement.values(read_at=context.now))
    return Unread(unread=unread(context))


def remind(context: Context, message: RemindMe) -> Unread:
    """Be told of a ticket again on a day, or no more.

    RuleBroken ``field.wrong`` on ``day`` if it is past, or more than a year away.
    """
    case = tickets.load_to_read(context, OneTicket(code=message.code))
    day, today = None, tehran_day(context.now)
    if message.day is not None:
        day = dt.date.fromisoformat(message.day)
        if not today < day <= today + FARTHEST:
            sentence = "Choose a day from tomorrow on, within a year."
            raise field_refusal("day", sentence, "future_day")
    reminders.put(context, case.id, day)
    return Unread(unread=unread(context))


def set_mails(context: Context, message: SetNotices) -> NoticesSet:
    """Have one's notices by e-mail too, or not."""
    code_sent = notice_address.put(context, message.email, mails=message.mails)
    return NoticesSet(unread=unread(context), code_sent=code_sent)


def prove_address(context: Context, message: ProveNoticeAddress) -> Unread | BusError:
    """Have notices go to the address that the code came to from now on."""
    refusal = notice_address.prove(context, message.pin)
    return refusal or Unread(unread=unread(context))


def unread(context: Context) -> int:
    """Count one's unread notices."""
    return of_colleague.count(context.conn, context.colleague.username, context.now)
