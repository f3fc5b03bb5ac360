"""How near the due time of a ticket is, in words and by the colour of its row."""

import datetime as dt
from typing import NamedTuple

from contracts.ticketing.queue import QueueRow
from gateway.ops.staff.ticket_words import CLOCKS, PART
from iran.persian import tehran_day

SOON = dt.timedelta(hours=4)
DAY, HOUR, MINUTE = 86_400, 3600, 60


class Urgency(NamedTuple):
    """A row's ``kind`` (bad, warn, info, good, or empty), its words, which promise is meant, and
    when that is due: the nearest one, or the unit's own time where that ends before it.
    """

    kind: str
    text: str
    clock: str = ""
    due: str | None = None


def urgency(row: QueueRow, now: dt.datetime, *, by_part: bool = False) -> Urgency:
    """Return how urgent a ticket is; ``now`` in UTC. ``by_part``: a list by units' own times."""
    if row.unread:
        return Urgency("warn", "پیام تازه پس از پایان")
    if row.part_due_at and (by_part or row.due_at is None or _is_before_promise(row, now)):
        return _of_part(row.part_due_at, now)
    if row.due_at is None:
        if row.state == "PAUSED":
            return Urgency("info", "مهلت متوقف است")
        return Urgency("", "بدون مهلت" if row.state in ("NEW", "OPEN") else "")
    due = dt.datetime.fromisoformat(row.due_at)
    clock = CLOCKS.get(row.due_clock or "", "")
    if due < now:
        return Urgency("bad", f"{length(now - due)} دیر", clock, row.due_at)
    kind = "warn" if _is_near(due, now) else ""
    return Urgency(kind, f"{length(due - now)} مانده", clock, row.due_at)


def _is_before_promise(row: QueueRow, now: dt.datetime) -> bool:
    """A promise that is broken is said whatever else is late: it was made to a citizen."""
    assert row.due_at is not None
    assert row.part_due_at is not None
    due = dt.datetime.fromisoformat(row.due_at)
    return due >= now and dt.datetime.fromisoformat(row.part_due_at) < due


def _of_part(part_due_at: str, now: dt.datetime) -> Urgency:
    due = dt.datetime.fromisoformat(part_due_at)
    if due < now:
        return Urgency("warn", f"{length(now - due)} دیر در واحد", PART, part_due_at)
    kind = "warn" if _is_near(due, now) else ""
    return Urgency(kind, f"{length(due - now)} مانده در واحد", PART, part_due_at)


def _is_near(due: dt.datetime, now: dt.datetime) -> bool:
    return due - now < SOON or tehran_day(due) == tehran_day(now)


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
