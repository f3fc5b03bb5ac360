"""How near the due time of a ticket is, in words and by the colour of its row."""

import datetime as dt
from typing import NamedTuple

from contracts.ticketing.queue import QueueRow
from gateway.ops.staff.ticket_words import CLOCKS
from iran.persian import tehran_day

SOON = dt.timedelta(hours=4)
DAY, HOUR, MINUTE = 86_400, 3600, 60


class Urgency(NamedTuple):
    """A row's ``kind`` (bad, warn, info, good, or empty), its words, and which promise is meant."""

    kind: str
    text: str
    clock: str = ""


def urgency(row: QueueRow, now: dt.datetime) -> Urgency:
    """Return how urgent a ticket is; ``now`` in UTC."""
    if row.unread:
        return Urgency("warn", "پیام تازه پس از پایان")
    if row.due_at is None:
        if row.state == "PAUSED":
            return Urgency("info", "مهلت متوقف است")
        return Urgency("", "بدون مهلت" if row.state in ("NEW", "OPEN") else "")
    due = dt.datetime.fromisoformat(row.due_at)
    clock = CLOCKS.get(row.due_clock or "", "")
    if due < now:
        return Urgency("bad", f"{length(now - due)} دیر", clock)
    near = due - now < SOON or tehran_day(due) == tehran_day(now)
    return Urgency("warn" if near else "", f"{length(due - now)} مانده", clock)


def length(span: dt.timedelta) -> str:
    """Return a span by its largest unit, as people say it.

    >>> length(dt.timedelta(hours=2, minutes=50)), length(dt.timedelta(days=3))
    ('2 ساعت', '3 روز')
    """
    seconds = int(span.total_seconds())
    if seconds >= 2 * DAY:
        return f"{seconds // DAY} روز"
    if seconds >= HOUR:
        return f"{seconds // HOUR} ساعت"
    return f"{max(1, seconds // MINUTE)} دقیقه"
