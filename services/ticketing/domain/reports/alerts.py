"""When alerts are sent and end, and how they are worded; pure.

A digest goes in the morning, so that a day's reports come together; what comes of one report goes
at once, up to a number a day, and what follows comes with the next day's.
"""

import datetime as dt

from iran.persian import TEHRAN

MORNING = dt.time(8)
# What an e-mail holds and what a mailbox may have; the rest of a digest is a link to the list.
REPORTS_MOST, ALERTS_MOST, UPDATES_A_DAY = 20, 10, 3
# A registration that is just being committed is older than it looks: it comes with the next one.
LAG = dt.timedelta(minutes=5)
LASTS, REMINDED_BEFORE = dt.timedelta(days=365), dt.timedelta(days=30)

WORDS = {
    "fa": {
        "new": "گزارش‌های همگانی تازه",
        "open": "گزارش‌های همگانی تازه که باز است",
        "closed": "گزارش‌های همگانی که رسیدگی به آنها پایان یافت",
        "near": "تا {km} کیلومتری جایی که انتخاب کردید",
        "report": "آنچه درباره گزارش {code} انجام می‌شود",
        "is_open": "در دست رسیدگی",
        "is_closed": "رسیدگی پایان یافت",
    },
    "en": {
        "new": "New public reports",
        "open": "New public reports that are open",
        "closed": "Public reports on which work has ended",
        "near": "up to {km} km around the place that you chose",
        "report": "What comes of report {code}",
        "is_open": "being worked on",
        "is_closed": "work has ended",
    },
}


def next_morning(moment: dt.datetime) -> dt.datetime:
    """Return the first morning after a moment, at eight by the clocks of Tehran, in UTC.

    >>> next_morning(dt.datetime(2026, 12, 1, 4, 29, tzinfo=dt.UTC)).isoformat()
    '2026-12-01T04:30:00+00:00'
    >>> next_morning(dt.datetime(2026, 12, 1, 4, 30, tzinfo=dt.UTC)).isoformat()
    '2026-12-02T04:30:00+00:00'
    """
    local = moment.astimezone(TEHRAN)
    morning = dt.datetime.combine(local.date(), MORNING, TEHRAN)
    if morning <= local:
        morning += dt.timedelta(days=1)
    return morning.astimezone(dt.UTC)


def sent_today(sent_on: dt.date | None, sent_that_day: int, today: dt.date) -> int:
    """Return how many e-mails an alert had today, from what is kept of its last day."""
    return sent_that_day if sent_on == today else 0
