"""Until which day a citizen may object or answer before the ticket ends by itself.

Counted as legal periods are (domain/clock.py): what a notification promises is never shorter than
the law would have it. The last day counts to its end, for the portal is always open.
"""

import datetime as dt

from iran.persian import tehran_day
from services.ticketing.context import Context
from services.ticketing.domain import clock
from services.ticketing.tickets.acts import Case


def objection_ends(context: Context, case: Case, answered_at: dt.datetime) -> dt.date:
    """Return the last day for an objection to an answer."""
    return _last_day(context, case, answered_at, context.book.after_answer_days)


def silence_ends(context: Context, case: Case, reminded_at: dt.datetime) -> dt.date:
    """Return the last day for the applicant's answer after a reminder."""
    days = context.book.silence_days - context.book.remind_days
    return _last_day(context, case, reminded_at, days)


def _last_day(context: Context, case: Case, start: dt.datetime, days: int) -> dt.date:
    try:
        end = clock.legal(start, days, context.calendar, case.row.county).at
    except clock.NoWorkingTime:
        end = None
    # A calendar that hardly opens takes nobody's days away: they end with the day of action.
    return tehran_day(end or start + dt.timedelta(days=days + 1))
