"""Alerts are asked for, proven by the link that went to the address, prolonged and ended."""

import datetime as dt
import uuid

from sqlalchemy import func, insert, select

from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import FieldError, NotFound, RuleBroken
from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.receiver import Receiver
from contracts.ticketing.civic.alerts import Alert, AlertReceipt, AskAlert
from people import retention
from services.ticketing.alerts import rows, wording
from services.ticketing.alerts.rows import AlertRow
from services.ticketing.context import Context
from services.ticketing.domain.reports import alerts as rules
from services.ticketing.figures.reports import is_public
from services.ticketing.tables import REPORT_ALERTS, TICKET_EVENTS, TICKETS
from services.ticketing.tickets import rows as tickets

VALID = dt.timedelta(hours=24)
# What a stranger may ask for in another's name, within a day.
ASKED_A_DAY = 8
# A place is kept to a hundred metres: it is about where somebody lives.
PLACE_DIGITS = 3


def ask(context: Context, message: AskAlert) -> AlertReceipt:
    """Keep the wish, and send the link that proves the address; nothing else goes there before.

    The reply is the same whether the address has alerts, and whether it was asked for too often:
    then nothing is sent. NotFound ``ticket.not_found`` for a report that is not public; RuleBroken
    ``alert.no_such_choice`` for a subject or county that there is not.
    """
    report = _report(context, message.report)
    _require_known(context, message)
    mailbox = rows.mailbox_hash(context, message.email)
    receipt = AlertReceipt(valid_hours=int(VALID.total_seconds()) // 3600)
    if _asked_today(context, mailbox) >= ASKED_A_DAY:
        return receipt
    id_ = uuid.uuid4()
    has_place = message.lat is not None and message.long is not None
    values = insert(REPORT_ALERTS).values(
        id=id_,
        email=message.email,
        email_hash=mailbox,
        language=message.language,
        category=message.category,
        county=message.county,
        state=message.state,
        report=report,
        lat=round(message.lat or 0, PLACE_DIGITS) if has_place else None,
        long=round(message.long or 0, PLACE_DIGITS) if has_place else None,
        radius_km=message.radius_km,
        asked_at=context.now,
    )
    context.conn.execute(values)
    alert = rows.lock(context, id_)
    assert alert is not None
    _send_link(context, alert, receipt.valid_hours)
    return receipt


def _send_link(context: Context, alert: AlertRow, hours: int) -> None:
    language = alert.language
    context.tx.send(
        SEND_MESSAGE,
        SendMessage(
            template="report_alert_confirm",
            channels=("email",),
            to=Receiver(email=alert.email),
            language=language,
            personalisation={
                "what": wording.describe(context, alert, code_of(context, alert), language),
                "link": rows.address_of(context, alert.id),
                "hours": wording.number(hours, language),
            },
        ),
    )


def read(context: Context, key: str) -> Alert:
    """Return the alert of a key. NotFound ``alert.not_found``, also for a wish that is too old."""
    return _reply(context, _open(context, key))


def confirm(context: Context, key: str) -> Alert:
    """Put an alert in force by its link, or let it go on for a year from now.

    The same alert that the mailbox had before is replaced. NotFound ``alert.not_found``; RuleBroken
    ``alert.too_many`` if the mailbox has as many as one has.
    """
    alert = _open(context, key)
    if alert.ended_at is not None or alert.email is None:
        raise rows.not_found()
    until = context.now + rules.LASTS
    if alert.confirmed_at is not None:
        rows.change(context, alert.id, until=until, reminded_at=None)
        return _reply(context, _open(context, key))
    others = _of_mailbox(context, rows.mailbox_hash(context, alert.email))
    for same in (other for other in others if _wish(other) == _wish(alert)):
        rows.end(context, same.id)
        others.remove(same)
    if len(others) >= rules.ALERTS_MOST:
        raise RuleBroken(
            f"An address has at most {rules.ALERTS_MOST} alerts. End one of them first.",
            code="alert.too_many",
        )
    rows.change(
        context,
        alert.id,
        confirmed_at=context.now,
        until=until,
        since=context.now,
        since_entry=_last_entry(context, alert.report),
        next_at=None if alert.report else rules.next_morning(context.now),
    )
    rows.note(context, "confirmed")
    return _reply(context, _open(context, key))


def end(context: Context, key: str) -> Alert:
    """End an alert and forget its address; a repeat changes nothing."""
    alert = _open(context, key)
    rows.end(context, alert.id)
    return _reply(context, _open(context, key))


def code_of(context: Context, alert: AlertRow) -> str | None:
    """Return the code of the report that an alert is about; None for one of the list."""
    if alert.report is None:
        return None
    query = select(TICKETS.c.code).where(TICKETS.c.id == alert.report)
    return str(context.conn.scalar(query))


def _open(context: Context, key: str) -> AlertRow:
    alert = rows.lock(context, rows.id_of(context, key))
    if alert is None:
        raise rows.not_found()
    if alert.confirmed_at is None and alert.asked_at <= context.now - VALID:
        raise rows.not_found()
    return alert


def _report(context: Context, code: str | None) -> int | None:
    if code is None:
        return None
    row = tickets.by_code(context.conn, code)
    if row is None or not is_public(row):
        raise NotFound("There is no public report with this code.", code="ticket.not_found")
    return row.id


def _require_known(context: Context, message: AskAlert) -> None:
    chosen = {
        "category": (message.category, set(context.book.categories)),
        "county": (message.county, set(context.book.counties)),
    }
    faults = [
        FieldError(name, "choice", "Choose one of the list.")
        for name, (code, listed) in chosen.items()
        if code and code not in listed
    ]
    if faults:
        raise RuleBroken(
            "The list has no such subject or county.", code="alert.no_such_choice", fields=faults
        )


def _asked_today(context: Context, mailbox: bytes) -> int:
    column = REPORT_ALERTS.c
    query = select(func.count()).where(
        column.email_hash == mailbox, column.asked_at > context.now - dt.timedelta(days=1)
    )
    return int(context.conn.execute(query).scalar_one())


def _of_mailbox(context: Context, mailbox: bytes) -> list[AlertRow]:
    """The alerts in force of a mailbox, locked: two that are proven at once count each other."""
    of_mailbox = rows.alerts().where(REPORT_ALERTS.c.email_hash == mailbox)
    query = of_mailbox.order_by(REPORT_ALERTS.c.id).with_for_update()
    alerts = fetch_all(context.conn, AlertRow, query)
    return [row for row in alerts if row.confirmed_at is not None and row.ended_at is None]


def _wish(alert: AlertRow) -> tuple[object, ...]:
    filters = (alert.category, alert.county, alert.state, alert.report)
    return (*filters, alert.lat, alert.long, alert.radius_km)


def _last_entry(context: Context, report: int | None) -> int:
    query = select(func.max(TICKET_EVENTS.c.seq)).where(TICKET_EVENTS.c.ticket == report)
    return int(context.conn.scalar(query) or 0) if report is not None else 0


def _reply(context: Context, alert: AlertRow) -> Alert:
    code = code_of(context, alert)
    state = "PENDING" if alert.confirmed_at is None else "ACTIVE"
    return Alert(
        state="ENDED" if alert.ended_at is not None else state,
        address=hidden(alert.email or ""),
        what_fa=wording.describe(context, alert, code, "fa"),
        what_en=wording.describe(context, alert, code, "en"),
        language=alert.language,
        report=code,
        until=instant(alert.until) if alert.until else None,
    )


def hidden(address: str) -> str:
    """An e-mail address with most of it hidden, so that its owner knows it and nobody learns it.

    >>> hidden("someone@example.org")
    's…@example.org'
    """
    local, at, host = address.partition("@")
    return f"{local[:1]}…@{host}" if at else ""


def delete_old(context: Context) -> None:
    """Delete wishes that nobody proved in a day, and ended alerts a month after their end."""
    column, table = REPORT_ALERTS.c, REPORT_ALERTS
    unproven = column.asked_at < context.now - retention.span("report_alerts_unconfirmed")
    ended = column.ended_at < context.now - retention.span("report_alerts_ended")
    context.conn.execute(table.delete().where(column.confirmed_at.is_(None), unproven))
    context.conn.execute(table.delete().where(ended))
