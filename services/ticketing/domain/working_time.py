"""Whether what was promised can end by a calendar; a setting by which nothing ends is refused."""

import datetime as dt
from collections.abc import Iterable, Sequence

from services.ticketing.domain import promises
from services.ticketing.domain.calendar import Calendar, Row
from services.ticketing.domain.clock import NoWorkingTime
from services.ticketing.domain.promises import Span

# A longer closure is asked about: the longest that the calendar has is Nowruz with its week-ends.
LONGEST_CLOSURE_DAYS = 30
LOOK = dt.timedelta(days=400)
LEAST = Span(minutes=1)


def longest(spans: Iterable[Span]) -> list[Span]:
    """The longest promise of each clock: if these end, every shorter one does."""
    promised = list(spans)
    minutes = max((span.minutes for span in promised), default=0)
    days = max((span.days for span in promised), default=0)
    return [LEAST, *([Span(minutes=minutes)] * bool(minutes)), *([Span(days=days)] * bool(days))]


def ends(span: Span, start: dt.datetime, calendar: Calendar, county: str) -> bool:
    """True if a promise that begins at ``start`` (UTC) comes due."""
    try:
        promises.end_of(span, start, calendar, county)
    except NoWorkingTime:
        return False
    return True


def stopped(
    before: Calendar,
    after: Calendar,
    counties: Sequence[str],
    spans: Sequence[Span],
    starts: Sequence[dt.datetime],
) -> list[str]:
    """The counties in which a promise that ended by the calendar ``before`` ends no more.

    What did not end before is not the new row's doing: a broken calendar can be mended row by row.
    """
    return [
        county
        for county in counties
        if any(
            not ends(span, start, after, county) and ends(span, start, before, county)
            for span in spans
            for start in starts
        )
    ]


def counties_of(row: Row, calendar: Calendar) -> list[str]:
    """The counties for which a row has to be judged: its own, or the whole province ("") and all
    that have rows of their own; the others are as the province.
    """
    own = {county for other in calendar.rows for county in other.counties}
    return sorted(row.counties) or ["", *sorted(own)]


def new_closed_run(before: Calendar, after: Calendar, row: Row, counties: Sequence[str]) -> int:
    """How many days in a row a new row closes, with those around it; 0 if it lengthens no run."""
    if row.kind == "opening":
        return 0
    last = min(row.to_day or dt.date.max, row.from_day + LOOK)
    runs = [
        [closed_run(calendar, row.from_day, last, county) for calendar in (before, after)]
        for county in counties
    ]
    return max((new for old, new in runs if new > old), default=0)


def closed_run(calendar: Calendar, first: dt.date, last: dt.date, county: str) -> int:
    """How many days in a row are closed, in the longest run that touches these days."""
    day, day_long = first, dt.timedelta(days=1)
    while day > first - LOOK and not calendar.day(day, county).is_open:
        day -= day_long
    longest_run = run = 0
    while (day <= last or run) and run <= LOOK.days:
        run = 0 if calendar.day(day, county).is_open else run + 1
        longest_run = max(longest_run, run)
        day += day_long
    return longest_run
