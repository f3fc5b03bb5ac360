"""SMS to people about their own inquiries: two at most of a bill that is due, one of the answer.

Each carries the code, never a link, a name or a file.
"""

import datetime as dt

from sqlalchemy import or_, update

from bus.database.store import Tx
from bus.messages.values import Json
from contracts.billing.reminders import Reminder
from contracts.notify.messages import SEND_MESSAGE, SendMessage
from contracts.notify.receiver import Receiver
from iran.persian import TEHRAN, jalali, persian_digits, tehran_day
from people import retention
from services.inquiry import holds
from services.inquiry.context import Context
from services.inquiry.own_inquiries.rows import OwnRow, own_row
from services.inquiry.tables import OWN_INQUIRIES

# An inquiry that has ended may be charged again, or asked about, for some days.
MOBILE_DAYS, MOST_DAYS = retention.span("own_mobiles"), retention.span("own_unfinished")
# A reminder of the last hours of a day waits for the next morning.
MORNING, NIGHT = dt.time(9), dt.timedelta(hours=3)
# (last day to come, last day past) of a bill, by language
DUE = {
    "fa": ("مهلت پرداخت {day} است", "مهلت پرداخت {day} بود"),
    "en": ("It is due on {day}", "It was due on {day}"),
}


def remind(tx: Tx, reminder: Reminder, now: dt.datetime) -> None:
    """Remind the person that a bill's last day is near, or has passed, but not at night."""
    if reminder.source_kind != "inquiry":
        return
    column = OWN_INQUIRIES.c
    row = own_row(
        tx.conn,
        reminder.source_ref,
        column.state.in_(("CHARGING", "UNPAID")),
        or_(column.bill.is_(None), column.bill <= reminder.number),
    )
    if row is None:
        return
    day = jalali(dt.date.fromisoformat(reminder.due_on)).replace("-", "/")
    due = DUE[row.language][reminder.overdue].format(day=day)
    amount = f"{reminder.total_rials:,}"
    if row.language == "fa":
        due, amount = persian_digits(due), persian_digits(amount.replace(",", "٬"))
    values = {"code": row.code, "amount": amount, "due": due}
    _send(tx, row, "own_bill_due", row.language, values, not_before=_morning(now))


def send_answered(tx: Tx, row: OwnRow) -> None:
    """Tell the person that the answer is there."""
    _send(tx, row, "own_answered", row.language, {"code": row.code})


def send_code(tx: Tx, row: OwnRow, language: str, pin: str) -> None:
    """Send the one-time code of a person who lost the secret."""
    _send(tx, row, "own_secret_code", language, {"code": row.code, "pin": pin})


def _send(  # noqa: PLR0913 - the parts of a message
    tx: Tx,
    row: OwnRow,
    template: str,
    language: str,
    values: Json,
    *,
    not_before: str | None = None,
) -> None:
    if row.mobile is None:
        return
    tx.send(
        SEND_MESSAGE,
        SendMessage(
            template=template,
            channels=("sms",),
            to=Receiver(mobile=row.mobile),
            language=language,
            personalisation=values,
            reference=row.code,
            not_before=not_before,
        ),
    )


def _morning(now: dt.datetime) -> str:
    """From when on a reminder may wake somebody: billing makes most of them at midnight."""
    day = tehran_day(now + NIGHT)
    return dt.datetime.combine(day, MORNING, TEHRAN).isoformat()


def forget(context: Context) -> None:
    """Empty mobiles some days after their inquiry has ended, and of what never came to an end."""
    column, now = OWN_INQUIRIES.c, context.now
    context.conn.execute(
        update(OWN_INQUIRIES)
        .where(
            column.mobile.is_not(None),
            ~holds.is_held(context),
            or_(column.ended_at < now - MOBILE_DAYS, column.asked_at < now - MOST_DAYS),
        )
        .values(mobile=None)
    )
