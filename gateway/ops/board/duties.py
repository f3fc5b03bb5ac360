"""What is due: promises to people, calls to be answered, and the backup of today."""

import datetime as dt
import json
from pathlib import Path
from typing import NamedTuple

from gateway.html.durations import span
from gateway.ops.board.figures import UNKNOWN
from gateway.ops.desk.lists.addresses import address
from gateway.ops.health.survey import Survey

BACKUP_HOURS = 26


class Duty(NamedTuple):
    """A figure of what is due: its name, its value in words, and how it stands."""

    label: str
    value: str
    kind: str = ""
    # The list of them, for who may open it.
    href: str = ""


OPEN, LATE = (
    address({"state": "WORK", "sort": "due"}),
    address({"state": "WORK", "late": "1", "sort": "due"}),
)
# What a service counts among its worries → what it is called, how it stands if there is one, and
# where the list is.
COUNTED = (
    ("ticketing", "tickets_due_soon", "مهلت درخواست‌ها تا ۴ ساعت دیگر", "info", OPEN),
    ("ticketing", "tickets_late", "درخواست‌هایی که مهلتشان گذشته", "warn", LATE),
    (
        "ticketing",
        "waits_for_holidays",
        "نشانی تعطیلات که دو روز است خوانده نمی‌شود",
        "warn",
        "/desk/calendar/holidays",
    ),
    ("agencies", "calls_due_soon", "پاسخ به دستگاه‌ها تا ۱۵ دقیقه دیگر", "info", ""),
    ("agencies", "receipts_unsigned", "برگ‌های رسید که امضا نشده", "warn", ""),
    ("agencies", "waits_for_call", "پاسخ‌هایی که مهلتشان گذشته", "warn", ""),
    (
        "agencies",
        "client_exceptions",
        "دستگاه‌هایی که استثنای ورود دارند",
        "info",
        "/desk/agencies",
    ),
)


def duties(survey: Survey, backup: dt.datetime | None) -> list[Duty]:
    """Return what is due; a service that did not answer is unknown, never 0."""
    healths = {view.name: view.health for view in survey.services}
    shown = []
    for service, name, label, kind, href in COUNTED:
        health = healths.get(service)
        count = health.worries.get(name) if health else None
        value = UNKNOWN if count is None else str(count)
        shown.append(Duty(label, value, kind if count else "", href))
    return [*shown, _backup(survey.at, backup)]


def _backup(now: dt.datetime, ended: dt.datetime | None) -> Duty:
    label = "از آخرین پشتیبان"
    if ended is None:
        return Duty(label, "معلوم نیست", "warn")
    age = now - ended
    late = age > dt.timedelta(hours=BACKUP_HOURS)
    return Duty(label, span(int(age.total_seconds() // 60)), "warn" if late else "")


def last_backup(path: str | None) -> dt.datetime | None:
    """Return when the last backup ended, from the file that it left (LAST_BACKUP_FILE); None if
    nobody knows.
    """
    if not path:
        return None
    try:
        ended = json.loads(Path(path).read_text(encoding="utf-8"))["ended_at"]
        moment = dt.datetime.fromisoformat(ended)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return moment if moment.tzinfo else None
