"""How many single questions agencies were answered on a day: told once, when the day is over.

The chained log is the source (decision 17: no event for every answer); a day's row makes it once.
"""

import datetime as dt

import orjson
from sqlalchemy import Connection, text

from bus.database.store import Tx
from contracts.inquiry.questions import ASK, DAY_COUNTED
from iran.persian import TEHRAN, tehran_day

# Answers that were under way at midnight have been written by then, also if a clock is slow.
AFTER_MIDNIGHT = dt.timedelta(minutes=30)
# An agency in whose name was asked is charged, not its delegate. The lines of batches stand in the
# log under "<batch>/<line>"; single questions bear a UUID.
_COUNT = text("""
    select coalesce(on_behalf_of, agency) as agency, count(*) as answers from inquiry_log
    where at >= :first and at < :after and contract = :contract and tracking_code is not null
    and position('/' in message_id) = 0 group by 1 order by 1""")


def next_day(conn: Connection, now: dt.datetime) -> dt.date | None:
    """The first day of Tehran that is over and not counted; None if there is none.

    The first day ever is yesterday: what was answered before there was a count stays uncharged.
    """
    newest = tehran_day(now - AFTER_MIDNIGHT) - dt.timedelta(days=1)
    last = conn.execute(text("select max(day) from counted_days")).scalar()
    day = newest if last is None else last + dt.timedelta(days=1)
    return day if day <= newest else None


def count(tx: Tx, day: dt.date, now: dt.datetime) -> bool:
    """Counts a day and tells each agency's answers; False if it was counted before."""
    first = dt.datetime.combine(day, dt.time(), TEHRAN)
    after = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), TEHRAN)
    asked = {"first": first, "after": after, "contract": ASK.name}
    counts = {row.agency: row.answers for row in tx.conn.execute(_COUNT, asked)}
    added = tx.conn.execute(
        text(
            "insert into counted_days (day, answers, counted_at) values "
            "(:day, cast(:answers as jsonb), :now) on conflict do nothing returning 1"
        ),
        {"day": day, "answers": orjson.dumps(counts).decode(), "now": now},
    ).scalar()
    if added is None:
        return False
    for agency, answers in counts.items():
        tx.publish(DAY_COUNTED, day=day.isoformat(), agency=agency, answers=answers)
    return True
