"""Until which day a citizen may object or answer before the ticket ends by itself.

Counted as legal periods are (domain/clock.py): what a letter promises is never shorter than the law
would have it. The last day counts to its end, for the portal is always open.
"""

import datetime as dt

from iran.persian import tehran_day
from services.ticketing.domain import clock
from services.ticketing.tickets.acts import Case, Desk


def objection_ends(desk: Desk, case: Case, answered_at: dt.datetime) -> dt.date:
    """The last day for an objection to an answer."""
    return _last_day(desk, case, answered_at, desk.book.after_answer_days)


def silence_ends(desk: Desk, case: Case, reminded_at: dt.datetime) -> dt.date:
    """The last day for an answer of the applicant, after he was reminded of it."""
    days = desk.book.silence_days - desk.book.remind_days
    return _last_day(desk, case, reminded_at, days)


def _last_day(desk: Desk, case: Case, start: dt.datetime, days: int) -> dt.date:
    try:
        end = clock.legal(start, days, desk.calendar, case.row.county).at
    except clock.NoWorkingTime:
        end = None
    # A calendar that hardly opens takes nobody's days away: they end with the day of action.
    return tehran_day(end or start + dt.timedelta(days=days + 1))
