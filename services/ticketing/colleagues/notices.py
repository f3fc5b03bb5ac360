"""The notices of a colleague: what happened, what was read, whether they come by e-mail."""

from sqlalchemy import func, select, update

from bus.envelope import instant
from contracts.ticketing.colleagues import MyNotices, Notice, ReadNotices, SetNotices, Unread
from services.ticketing.context import Context
from services.ticketing.tables import COLLEAGUE_NOTICES, STAFF, TICKETS
from services.ticketing.tickets import views

MOST = 100


def own(context: Context) -> MyNotices:
    """List one's notices, unread first, then the newest."""
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
        .where(table.username == own_name)
        .order_by(table.read_at.is_not(None), table.id.desc())
        .limit(MOST)
    )
    settings = context.conn.execute(
        select(STAFF.c.notice_email, STAFF.c.notice_mails).where(STAFF.c.username == own_name)
    ).one()
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
        unread=_unread(context),
        email=settings.notice_email,
        mails=settings.notice_mails,
    )


def read(context: Context, message: ReadNotices) -> Unread:
    """Mark one's notices as read: of a ticket, those named, or all."""
    table = COLLEAGUE_NOTICES.c
    statement = update(COLLEAGUE_NOTICES).where(
        table.username == context.colleague.username, table.read_at.is_(None)
    )
    if message.code is not None:
        of_code = select(TICKETS.c.id).where(TICKETS.c.code == message.code).scalar_subquery()
        statement = statement.where(table.ticket == of_code)
    elif message.ids:
        statement = statement.where(table.id.in_(message.ids))
    context.conn.execute(statement.values(read_at=context.now))
    return Unread(unread=_unread(context))


def set_mails(context: Context, message: SetNotices) -> Unread:
    """Have one's notices by e-mail too, or not; the address stays on record."""
    values = {"notice_email": message.email, "notice_mails": message.mails}
    own_row = STAFF.c.username == context.colleague.username
    context.conn.execute(update(STAFF).values(**values).where(own_row))
    return Unread(unread=_unread(context))


def _unread(context: Context) -> int:
    statement = select(func.count()).where(
        COLLEAGUE_NOTICES.c.username == context.colleague.username,
        COLLEAGUE_NOTICES.c.read_at.is_(None),
    )
    return int(context.conn.execute(statement).scalar_one())
