"""The holidays of our offices for everybody, by which other calendars subscribe to ours."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from bus.database.rows import columns, fetch_all
from bus.envelope import instant
from contracts.ticketing.calendars.holidays import AskPublicHolidays, PublicHoliday, PublicHolidays
from iran.persian import tehran_day
from services.ticketing.context import Context
from services.ticketing.tables import CALENDAR_ROWS as ROWS
from services.ticketing.tickets.refusals import field_refusal

# So long ago a holiday may be, so that a calendar of this year stays whole.
BACK = dt.timedelta(days=400)
MOST = 1000


@dataclass(frozen=True, slots=True)
class Closure:
    """A closed span of days as the calendar has it."""

    id: int
    from_day: dt.date
    to_day: dt.date
    title: str
    status: str
    entered_at: dt.datetime
    withdrawn_at: dt.datetime | None

    @property
    def days(self) -> list[dt.date]:
        """Its days."""
        length = (self.to_day - self.from_day).days
        return [self.from_day + dt.timedelta(days=n) for n in range(length + 1)]


def public_holidays(context: Context, message: AskPublicHolidays) -> PublicHolidays:
    """List the closed days of a county, or of the whole province; what was withdrawn and is an
    open day again stays as cancelled. RuleBroken ``field.wrong``.
    """
    county = message.county or ""
    if county and county not in context.book.counties:
        raise field_refusal("county", f"There is no county {county}.")
    last = context.calendar.known_until
    return PublicHolidays(
        holidays=tuple(
            _view(closure)
            for closure in _closures(context, county)
            if _is_listed(context, closure, county)
        ),
        known_until=last.isoformat() if last else None,
    )


def _closures(context: Context, county: str) -> list[Closure]:
    for_all = func.cardinality(ROWS.c.counties) == 0
    statement = (
        select(*columns(ROWS, Closure))
        .where(
            ROWS.c.kind == "closure",
            ROWS.c.to_day >= tehran_day(context.now) - BACK,
            or_(for_all, ROWS.c.counties.contains([county])),
        )
        .order_by(ROWS.c.from_day, ROWS.c.id)
        .limit(MOST)
    )
    return fetch_all(context.conn, Closure, statement)


def _is_listed(context: Context, closure: Closure, county: str) -> bool:
    """True for a closure of which a day is closed, and for one that was withdrawn whose days to
    come are open again.
    """
    open_days = [context.calendar.day(day, county).is_open for day in closure.days]
    if closure.withdrawn_at is None:
        return not all(open_days)
    return closure.to_day >= tehran_day(context.now) and all(open_days)


def _view(closure: Closure) -> PublicHoliday:
    return PublicHoliday(
        id=closure.id,
        from_day=closure.from_day.isoformat(),
        to_day=closure.to_day.isoformat(),
        title=closure.title,
        estimated=closure.status == "estimated",
        cancelled=closure.withdrawn_at is not None,
        changed_at=instant(closure.withdrawn_at or closure.entered_at),
    )
