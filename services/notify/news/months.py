"""How promises were kept in each month of the Jalali calendar."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from persiantools.jdatetime import JalaliDate
from sqlalchemy import func, select

from contracts.notify.promises import MONTHS_MOST, KeptPromise, PromiseMonth, Promises
from iran.persian import jalali, tehran_day
from services.notify.context import Context
from services.notify.domain import book
from services.notify.domain.book import in_force
from services.notify.domain.measures import uptime
from services.notify.domain.measures.uptime import Day
from services.notify.news import editions, status
from services.notify.tables import COMPONENT_DAYS, PROMISE_REPORTS

# What was noted late, and a maintenance that ended after midnight, have arrived by then.
SETTLED = dt.timedelta(days=3)


class Month(NamedTuple):
    """A month by its name (1405-08), and its first and last day."""

    name: str
    first: dt.date
    last: dt.date

    def is_settled(self, today: dt.date) -> bool:
        """Tell whether a report of the month can be made."""
        return today > self.last + SETTLED


def month_of(name: str) -> Month:
    """Return the month of a name such as 1405-08."""
    year, number = int(name[:4]), int(name[5:])
    after = JalaliDate(year + number // 12, number % 12 + 1, 1).to_gregorian()
    first = JalaliDate(year, number, 1).to_gregorian()
    return Month(name, first, after - dt.timedelta(days=1))


def promises(context: Context) -> Promises:
    """Return the promises in force over 90 days, and by month as far as anything was measured."""
    now = status.status(context)
    today = tehran_day(context.now)
    table = PROMISE_REPORTS.c
    query = select(table.month, func.max(table.edition).label("newest")).group_by(table.month)
    newest = {row.month: row.newest for row in context.conn.execute(query)}
    corrections = editions.corrections(context)
    return Promises(
        now=now.now,
        from_day=now.from_day,
        announce_hours_before=now.announce_hours_before,
        promises=now.promises,
        months=tuple(
            PromiseMonth(
                month=month.name,
                first_day=month.first.isoformat(),
                last_day=min(month.last, today).isoformat(),
                over=today > month.last,
                edition=newest.get(month.name),
                promises=kept(context, month),
                corrections=corrections.get(month.name, ()),
            )
            for month in _months(context, today)
        ),
    )


def _months(context: Context, today: dt.date) -> list[Month]:
    """The last months, newest first, from the first one in which a day was measured."""
    first = context.conn.execute(select(func.min(COMPONENT_DAYS.c.day))).scalar() or today
    months: list[Month] = []
    day = today
    while len(months) < MONTHS_MOST and day >= first:
        months.append(month_of(jalali(day)[:7]))
        day = months[-1].first - dt.timedelta(days=1)
    return months


def kept(context: Context, month: Month) -> tuple[KeptPromise, ...]:
    """Return how each promise that was in force on the last day of a month was kept in it."""
    last = min(month.last, tehran_day(context.now))
    days = status.days_between(context, month.first, last)
    totals = {code: uptime.total(of_component.values()) for code, of_component in days.items()}
    return tuple(
        _kept(context, row, totals, month)
        for row in in_force(context.book.promises, last)
        if row.measure != "elsewhere"
    )


def _kept(
    context: Context, row: book.Promise, totals: Mapping[str, Day], month: Month
) -> KeptPromise:
    least = context.book.least_minutes
    if row.measure == "announced":
        after = uptime.bounds(month.last).end
        measured = status.announced(context, uptime.bounds(month.first).start, after)
        excluded = 0
    else:
        measured = status.of_uptime(row, totals, least)
        weakest = uptime.weakest([totals[code] for code in row.components], least)
        excluded = weakest.excluded_down if weakest else 0
    return KeptPromise(
        code=row.code,
        value=measured.value,
        of=measured.of,
        missed=measured.missed,
        excluded=excluded,
        budget_left=measured.budget_left,
    )
