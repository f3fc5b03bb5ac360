"""How many single questions agencies were answered on a day: published once, when it is over.

The chained log is the source (decision 17: no event for every answer); a day's row makes it once.
"""

import datetime as dt

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from contracts.inquiry.questions import ASK, DAY_COUNTED, DayCounted
from iran.persian import TEHRAN, tehran_day
from services.inquiry.context import Context
from services.inquiry.tables import COUNTED_DAYS

# Answers that were under way at midnight have been written by then, also if a clock is slow.
AFTER_MIDNIGHT = dt.timedelta(minutes=30)
# An agency in whose name was asked is charged, not its delegate. The lines of batches stand in the
# log under "<batch>/<line>"; single questions bear a UUID. Whatever version of the contract a
# question came by, it is charged.
_COUNT = text("""
    select coalesce(on_behalf_of, agency) as agency, count(*) as answers from inquiry_log
    where at >= :first and at < :after and tracking_code is not null
    and regexp_replace(contract, '[.]v[0-9]+$', '') = :question
    and position('/' in message_id) = 0 group by 1 order by 1""")
QUESTION = ASK.name.rpartition(".")[0]


def next_day(context: Context) -> dt.date | None:
    """Find the first day of Tehran that is over and not counted; None if there is none.

    The first day ever is yesterday: what was answered before there was a count stays uncharged.
    """
    newest = tehran_day(context.now - AFTER_MIDNIGHT) - dt.timedelta(days=1)
    last = context.conn.execute(select(func.max(COUNTED_DAYS.c.day))).scalar()
    day = newest if last is None else last + dt.timedelta(days=1)
    return day if day <= newest else None


def count(context: Context, day: dt.date) -> bool:
    """Count a day and publish each agency's answers; False if it was counted before."""
    first = dt.datetime.combine(day, dt.time(), TEHRAN)
    after = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), TEHRAN)
    rows = context.conn.execute(_COUNT, {"first": first, "after": after, "question": QUESTION})
    counts = {agency: int(answers) for agency, answers in rows}
    added = context.conn.execute(
        insert(COUNTED_DAYS)
        .values(day=day, answers=counts, counted_at=context.now)
        .on_conflict_do_nothing()
    )
    if added.rowcount == 0:
        return False
    for agency, answers in counts.items():
        context.tx.publish(
            DAY_COUNTED, DayCounted(day=day.isoformat(), agency=agency, answers=answers)
        )
    return True
