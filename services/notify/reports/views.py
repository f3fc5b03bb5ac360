"""What the desk shows of reports: about one message, and the rates of all senders."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select

from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from contracts.notify.editors.email_reports import (
    MessageReports,
    PostReturn,
    SenderRate,
    SenderRates,
    ShownReport,
)
from services.notify.context import Context
from services.notify.domain.email_report import RATE_DAYS, RATE_LEAST
from services.notify.reports import rates
from services.notify.sending.email_reports import email_hash
from services.notify.sending.rows import MessageRow, load_message
from services.notify.tables import CONSENTS, EMAIL_REPORTS, RETURNED_LETTERS, SUBSCRIPTIONS

ENDED_BY = ("undeliverable", "complaint")


@dataclass(frozen=True, slots=True)
class _ReportRow:
    kind: str
    status: str
    address_unknown: bool
    letter: int | None
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class _ReturnRow:
    reason: str
    noted_by: str
    at: dt.datetime


def of_message(context: Context, id_: str) -> MessageReports:
    """What was reported of a message. NotFound ``message.not_found``."""
    message = load_message(context.conn, id_)
    table = EMAIL_REPORTS.c
    query = (
        select(table.kind, table.status, table.address_unknown, table.letter, table.at)
        .where(table.message == message.id)
        .order_by(table.at.desc(), table.ref.desc(), table.kind)
    )
    return MessageReports(
        reports=tuple(
            ShownReport(
                kind=row.kind,
                status=row.status,
                address_unknown=row.address_unknown,
                letter=row.letter,
                at=instant(row.at),
            )
            for row in fetch_all(context.conn, _ReportRow, query)
        ),
        news_ended=_news_ended(context, message),
        post_return=_post_return(context, message),
    )


def _news_ended(context: Context, message: MessageRow) -> str:
    """Why the receiver gets no more news by e-mail, if reports are the reason."""
    receiver = email_hash(context, message)
    query = select(CONSENTS.c.source).where(
        CONSENTS.c.receiver_hash == (receiver or b""),
        CONSENTS.c.channel == "email",
        CONSENTS.c.consent == "news",
        CONSENTS.c.given.is_(False),
        CONSENTS.c.source.in_(ENDED_BY),
    )
    return context.conn.execute(query).scalar() or ""


def _post_return(context: Context, message: MessageRow) -> PostReturn | None:
    table = RETURNED_LETTERS.c
    query = select(table.reason, table.noted_by, table.at).where(table.message == message.id)
    row = fetch_one(context.conn, _ReturnRow, query)
    if row is None:
        return None
    return PostReturn(reason=row.reason, by=row.noted_by, at=instant(row.at))


def sender_rates(context: Context) -> SenderRates:
    """The rates of all senders as they were counted last."""
    rows = rates.rate_rows(context.conn)
    since = context.now - dt.timedelta(days=RATE_DAYS)
    ended = select(func.count()).where(
        SUBSCRIPTIONS.c.ended_by == "undeliverable", SUBSCRIPTIONS.c.ended_at >= since
    )
    return SenderRates(
        days=RATE_DAYS,
        least=RATE_LEAST,
        at=instant(rows[0].at) if rows else None,
        ended_subscriptions=context.conn.execute(ended).scalar_one(),
        senders=tuple(
            SenderRate(
                owner=row.owner,
                handed=row.handed,
                failed=row.failed,
                complaints=row.complaints,
                failed_level=row.failed_level,
                complaint_level=row.complaint_level,
            )
            for row in rows
        ),
    )
