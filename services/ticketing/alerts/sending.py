"""E-mails of alerts: digests in the morning, what comes of a report at once, and their end.

Each e-mail and the mark of how far it reaches are one transaction: after a stop the next one holds
all that was missed, once. It is composed when it is sent, of what is public then.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypeAlias
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, String, and_, cast, exists, or_

from bus.database.chores import Chore, is_due
from bus.database.rows import fetch_all
from bus.database.store import Store, Tx
from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.receiver import Receiver
from iran.persian import tehran_day
from services.ticketing.alerts import matching, rows, wording
from services.ticketing.alerts.asking import code_of
from services.ticketing.alerts.rows import AlertRow
from services.ticketing.context import Context
from services.ticketing.domain.reports import alerts as rules
from services.ticketing.domain.reports import civic
from services.ticketing.figures.reports import IS_PUBLIC
from services.ticketing.tables import REPORT_ALERTS, TICKETS
from services.ticketing.tickets import rows as tickets

ContextOf: TypeAlias = Callable[[Tx], Context]
PAGE = 100
# The longest pause that is ever set is from one morning to the next.
LONGEST = dt.timedelta(days=1, hours=1)


def send_due(store: Store, context_of: ContextOf) -> None:
    """End what has run out, then send what is due, page by page."""
    chores = (
        ("ticketing.alert_ends", _has_ended, _end),
        ("ticketing.alert_digests", _has_digest, send_digest),
        ("ticketing.alert_updates", _has_news, send_updates),
        ("ticketing.alert_reminders", _ends_soon, remind),
    )
    for name, where, work in chores:
        chore = Chore(store, name)
        while chore.page(context_of, _page_of(where), work, lambda alert: alert.id):
            pass


def _page_of(
    where: Callable[[Context], ColumnElement[bool]],
) -> Callable[[Context, list[str]], Sequence[AlertRow]]:
    def page(context: Context, left: list[str]) -> Sequence[AlertRow]:
        column = REPORT_ALERTS.c
        due = rows.alerts().where(
            rows.in_force(), where(context), cast(column.id, String).not_in(left)
        )
        due = due.order_by(column.id).limit(PAGE).with_for_update(skip_locked=True)
        return fetch_all(context.conn, AlertRow, due)

    return page


def _has_ended(context: Context) -> ColumnElement[bool]:
    """After its year, or once its report is public no more."""
    column = REPORT_ALERTS.c
    shown = exists().where(TICKETS.c.id == column.report, IS_PUBLIC)
    return or_(column.until <= context.now, and_(column.report.is_not(None), ~shown))


def _end(context: Context, alert: AlertRow) -> None:
    rows.end(context, alert.id)


def _has_digest(context: Context) -> ColumnElement[bool]:
    due = is_due(REPORT_ALERTS.c.next_at, longest=LONGEST, now=context.now)
    return and_(REPORT_ALERTS.c.report.is_(None), due)


def send_digest(context: Context, alert: AlertRow) -> None:
    """Send the reports since the last digest; nothing if there are none."""
    until = max(alert.since or context.now, context.now - rules.LAG)
    matches = matching.matches(context, alert, until, rules.REPORTS_MOST)
    if matches.total:
        lines = [wording.report_line(context, row, alert.language) for row in matches.reports]
        _send(
            context,
            alert,
            "report_alert_digest",
            reports=lines,
            count=wording.number(matches.total, alert.language),
            more="yes" if matches.total > len(lines) else "no",
            link=f"{context.portal_url}/reports{_query(alert)}",
        )
        rows.note(context, "digests")
    rows.change(context, alert.id, since=until, next_at=rules.next_morning(context.now))


def _has_news(context: Context) -> ColumnElement[bool]:
    """Its report was acted on since, and not so much was sent today as goes in a day."""
    column = REPORT_ALERTS.c
    acted = exists().where(TICKETS.c.id == column.report, TICKETS.c.version > column.since_entry)
    few = or_(
        column.sent_on.is_(None),
        column.sent_on != tehran_day(context.now),
        column.sent_that_day < rules.UPDATES_A_DAY,
    )
    return and_(column.report.is_not(None), acted, few)


def send_updates(context: Context, alert: AlertRow) -> None:
    """Send what everybody may hear of that was done with the report; the last is in the subject."""
    assert alert.report is not None
    report = tickets.by_id(context.conn, alert.report)
    assert report is not None
    entries = tickets.events(context.conn, alert.report)
    fresh = [u for u in civic.updates(entries) if u.entry.seq > alert.since_entry]
    if fresh:
        today = tehran_day(context.now)
        already = rules.sent_today(alert.sent_on, alert.sent_that_day, today)
        lines = [wording.update_line(update, alert.language) for update in fresh]
        _send(
            context,
            alert,
            "report_alert_update",
            updates=lines[-rules.REPORTS_MOST :],
            subject=wording.category_name(context, report.category, alert.language),
            code=report.code,
            link=f"{context.portal_url}/reports/{report.code}{_language(alert)}",
        )
        rows.note(context, "updates")
        rows.change(context, alert.id, sent_on=today, sent_that_day=already + 1)
    rows.change(context, alert.id, since_entry=report.version)


def _ends_soon(context: Context) -> ColumnElement[bool]:
    column = REPORT_ALERTS.c
    return and_(column.until <= context.now + rules.REMINDED_BEFORE, column.reminded_at.is_(None))


def remind(context: Context, alert: AlertRow) -> None:
    """Say that an alert ends by itself, and how it goes on."""
    _send(context, alert, "report_alert_ends")
    rows.change(context, alert.id, reminded_at=context.now)


def _send(context: Context, alert: AlertRow, template: str, **values: str | list[str]) -> None:
    page = rows.address_of(context, alert.id)
    subject = wording.describe(context, alert, code_of(context, alert), alert.language)
    until = wording.day(alert.until, alert.language) if alert.until else ""
    context.tx.send(
        SEND_MESSAGE,
        SendMessage(
            template=template,
            channels=("email",),
            to=Receiver(email=alert.email),
            language=alert.language,
            personalisation={"what": subject, "until": until, "alert": page, **values},
            unsubscribe_url=page,
        ),
    )


def _query(alert: AlertRow) -> str:
    """The filters of the list that an alert is about, and its language."""
    filters = {"category": alert.category, "county": alert.county, "state": alert.state}
    lang = {} if alert.language == "fa" else {"lang": alert.language}
    query = urlencode({name: value for name, value in {**filters, **lang}.items() if value})
    return f"?{query}" if query else ""


def _language(alert: AlertRow) -> str:
    return "" if alert.language == "fa" else f"?lang={alert.language}"
