"""What people are told on their telephone about their own inquiries: two SMS at the most of a bill
that is due, one when the answer is there. Each carries the code, never a link, a name or a file.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.database.store import Tx
from contracts.notify.messages import SEND_MESSAGE
from iran.persian import TEHRAN, jalali, persian_digits, tehran_day

# An inquiry that has ended may be charged again, or asked about, for some days.
MOBILE_DAYS, MOST_DAYS = dt.timedelta(days=3), dt.timedelta(days=60)
# A reminder of the last hours of a day waits for the next morning.
MORNING, NIGHT = dt.time(9), dt.timedelta(hours=3)
# (last day to come, last day past) of a bill, by language
DUE = {
    "fa": ("مهلت پرداخت {day} است", "مهلت پرداخت {day} بود"),
    "en": ("It is due on {day}", "It was due on {day}"),
}


def remind(tx: Tx, fact: Mapping[str, Any], now: dt.datetime) -> None:
    """Tells who asked that a bill's last day is near, or has passed, but not at night; ``fact`` is
    a Reminder.
    """
    if fact["source_kind"] != "inquiry":
        return
    row = tx.conn.execute(
        text(
            "select * from own_inquiries where code = :code and state in ('CHARGING', 'UNPAID') "
            "and (bill is null or bill <= :bill)"
        ),
        {"code": fact["source_ref"], "bill": fact["number"]},
    ).one_or_none()
    if row is None:
        return
    day = jalali(dt.date.fromisoformat(fact["due_on"])).replace("-", "/")
    due = DUE[row.language][fact["overdue"]].format(day=day)
    amount = f"{fact['total_rials']:,}"
    if row.language == "fa":
        due, amount = persian_digits(due), persian_digits(amount.replace(",", "٬"))
    _send(tx, row, "own_bill_due", _morning(now), amount=amount, due=due)


def answered(tx: Tx, row: Any) -> None:
    """Tells who asked that the answer is there; ``row`` is of own_inquiries."""
    _send(tx, row, "own_answered")


def send_code(tx: Tx, row: Any, language: str, pin: str) -> None:
    """Sends the one-time code of who lost the secret; ``row`` is of own_inquiries."""
    tx.send(
        SEND_MESSAGE,
        template="own_secret_code",
        channels=["sms"],
        to={"mobile": row.mobile},
        language=language,
        personalisation={"code": row.code, "pin": pin},
        reference=row.code,
    )


def _morning(now: dt.datetime) -> str:
    """From when on a reminder may wake somebody: billing makes most of them at midnight."""
    day = tehran_day(now + NIGHT)
    return dt.datetime.combine(day, MORNING, TEHRAN).isoformat()


def _send(tx: Tx, row: Any, template: str, not_before: str | None = None, **values: str) -> None:
    if row.mobile is None:
        return
    tx.send(
        SEND_MESSAGE,
        template=template,
        channels=["sms"],
        to={"mobile": row.mobile},
        language=row.language,
        personalisation={"code": row.code, **values},
        reference=row.code,
        not_before=not_before,
    )


def forget(conn: Connection, now: dt.datetime) -> None:
    """Empties mobiles some days after their inquiry has ended, and of what never came to an end."""
    conn.execute(
        text(
            "update own_inquiries set mobile = null where mobile is not null "
            "and (ended_at < :ended or asked_at < :asked)"
        ),
        {"ended": now - MOBILE_DAYS, "asked": now - MOST_DAYS},
    )
