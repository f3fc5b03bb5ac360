"""When the office is open: dated rows of hours, weekends and single days, by county; pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from persiantools.jdatetime import JalaliDate

from iran.persian import TEHRAN, jalali, persian_digits
from services.ticketing.domain import office_hours
from services.ticketing.domain.labels import WEEKDAYS_EN, WEEKDAYS_FA
from services.ticketing.domain.office_hours import WEEKDAYS, Interval, OpenTime

# Holidays of the solar year (month, day), which no moon moves. A year whose rows lack one of them
# was not entered yet.
FIXED_HOLIDAYS = (
    (1, 1),
    (1, 2),
    (1, 3),
    (1, 4),
    (1, 12),
    (1, 13),
    (3, 14),
    (3, 15),
    (11, 22),
    (12, 29),
)
LONGEST_HOLIDAY = dt.timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Row:
    """One dated row, as a colleague entered it.

    ``hours``: the office opens and closes at these times of Tehran, by day of the week in
    ``times``, or on all days alike at ``opens`` and ``closes``; ``weekend``: the weekdays that are
    off; ``closure`` and ``opening``: days that are off, or on, whatever the weekend says. An
    ``opening`` may have ``times`` of its own, which hold on its days alone. Without ``counties`` it
    holds for all; ``to_day`` (inclusive) None is until further notice.
    """

    id: int
    kind: str
    from_day: dt.date
    to_day: dt.date | None = None
    counties: tuple[str, ...] = ()
    opens: dt.time | None = None
    closes: dt.time | None = None
    weekdays: tuple[str, ...] = ()
    status: str = "confirmed"
    title: str = ""
    source: str = ""
    times: tuple[OpenTime, ...] = ()

    def intervals(self, weekday: str) -> tuple[Interval, ...]:
        """When an office is open on a day of the week by this row; empty if it stays closed."""
        if self.times:
            return office_hours.of_weekday(self.times, weekday)
        if self.kind != "hours" or self.opens is None or self.closes is None:
            return ()
        return (Interval(self.opens, self.closes),)

    def covers(self, day: dt.date, county: str) -> bool:
        """True if the row speaks of that day in that county."""
        begun = self.from_day <= day and (self.to_day is None or day <= self.to_day)
        return begun and (not self.counties or county in self.counties)

    @property
    def weight(self) -> tuple[bool, bool, dt.date, int]:
        """Which of two rows that cover a day is believed: the one for the county, then the one
        with an end (a decree) before the standing one, then the later, then the later entered.
        """
        return (bool(self.counties), self.to_day is not None, self.from_day, self.id)


class Span(NamedTuple):
    """An opening time of a day, between two moments (UTC)."""

    opens: dt.datetime
    closes: dt.datetime


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one county: its opening times in their order, none if it is closed; and why."""

    date: dt.date
    spans: tuple[Span, ...]
    reason_fa: str
    reason_en: str

    @property
    def is_open(self) -> bool:
        return bool(self.spans)

    @property
    def opens(self) -> dt.datetime | None:
        """When the office first opens (UTC)."""
        return self.spans[0].opens if self.spans else None

    @property
    def closes(self) -> dt.datetime | None:
        """When the office last closes (UTC)."""
        return self.spans[-1].closes if self.spans else None

    @property
    def length(self) -> dt.timedelta:
        """How long the office is open."""
        return sum((span.closes - span.opens for span in self.spans), dt.timedelta())

    def holds(self, begin: dt.datetime, end: dt.datetime) -> bool:
        """True if the office is open from one moment to another without a break."""
        reached = begin
        for span in self.spans:
            if span.opens <= reached < span.closes:
                reached = span.closes
        return reached >= end


@dataclass(frozen=True)
class Calendar:
    """All rows; ``day`` says what holds on a day in a county."""

    rows: Sequence[Row]
    _days: dict[tuple[dt.date, str], Day] = field(default_factory=dict, compare=False)

    def day(self, date: dt.date, county: str) -> Day:
        """What holds on ``date`` (Gregorian) in ``county`` (a code; "" is the whole province)."""
        day = self._days.get((date, county))
        if day is None:
            day = self._days[date, county] = self._look(date, county)
        return day

    @cached_property
    def known_until(self) -> dt.date | None:
        """The last day of the last Jalali year whose holidays are all on record, without a gap
        from the first such year; None for a calendar without a whole year.
        """
        days: set[dt.date] = set()
        for row in self.rows:
            if row.kind == "closure" and not row.counties and row.to_day is not None:
                span = row.to_day - row.from_day
                if span < LONGEST_HOLIDAY:
                    days |= {row.from_day + dt.timedelta(days=n) for n in range(span.days + 1)}
        years = {int(jalali(day)[:4]) for day in days}
        whole = {
            year
            for year in years
            if all(JalaliDate(year, *day).to_gregorian() in days for day in FIXED_HOLIDAYS)
        }
        if not whole:
            return None
        last = min(whole)
        while last + 1 in whole:
            last += 1
        end: dt.date = JalaliDate(last + 1, 1, 1).to_gregorian() - dt.timedelta(days=1)
        return end

    def _look(self, date: dt.date, county: str) -> Day:
        closed, opened = self._best("closure", date, county), self._best("opening", date, county)
        weekend = self._best("weekend", date, county)
        off = weekend is not None and WEEKDAYS[date.weekday()] in weekend.weekdays
        # A day announced as closed and then as open again: the row entered later is believed.
        if closed and not (opened and opened.id > closed.id):
            estimated = closed.status == "estimated"
            return _closed(
                date,
                closed.title + (" (تاریخ برآوردی)" if estimated else ""),
                # Titles stand in the calendar in Persian alone.
                "holiday" + (" (estimated date)" if estimated else ""),
            )
        if off and not opened:
            return _closed(date, "تعطیل هفتگی", "weekend")
        return self._open(date, self._best("hours", date, county), opened)

    def _open(self, date: dt.date, hours: Row | None, opened: Row | None) -> Day:
        """A day that no weekend and no closure takes: by the times of the day that was opened, or
        by the office hours in force.
        """
        own = opened if opened is not None and opened.times else hours
        if own is None or not (own.times or own.opens):
            return _closed(date, "ساعت کاری ثبت نشده است", "no office hours are on record")
        intervals = own.intervals(WEEKDAYS[date.weekday()])
        if not intervals:
            return _closed(
                date,
                "این روز هفته ساعت کاری ندارد",
                "no office hours on this day of the week",
            )
        fa, en = office_hours.in_words(intervals)
        title_fa = f" ({own.title})" if own.title else ""
        return Day(
            date,
            tuple(Span(moment(date, opens), moment(date, closes)) for opens, closes in intervals),
            f"ساعت کاری {fa}{title_fa}",
            f"office hours {en}",
        )

    def title(self, date: dt.date, county: str) -> str:
        """Why a day is closed, or is no ordinary one: the title of the row that says so."""
        day = self.day(date, county)
        opened = self._best("opening", date, county)
        if not day.is_open:
            return day.reason_fa
        hours = self._best("hours", date, county)
        return opened.title if opened else hours.title if hours and hours.to_day else ""

    def _best(self, kind: str, date: dt.date, county: str) -> Row | None:
        rows = [row for row in self.rows if row.kind == kind and row.covers(date, county)]
        if kind in ("closure", "opening"):
            return max(rows, key=lambda row: row.id, default=None)
        return max(rows, key=lambda row: row.weight, default=None)


def moment(date: dt.date, time: dt.time) -> dt.datetime:
    """The moment (UTC) at which clocks in Tehran show ``time`` on ``date``."""
    return dt.datetime.combine(date, time, TEHRAN).astimezone(dt.UTC)


def _closed(date: dt.date, reason_fa: str, reason_en: str) -> Day:
    return Day(date, (), reason_fa, reason_en)


def row_from(data: Mapping[str, Any], number: int) -> Row:  # Any: checked JSON
    """Build a row from the book's document (days and times as ISO text)."""
    return Row(
        id=number,
        kind=data["kind"],
        from_day=dt.date.fromisoformat(data["from_day"]),
        to_day=dt.date.fromisoformat(data["to_day"]) if data.get("to_day") else None,
        counties=tuple(data.get("counties") or ()),
        opens=dt.time.fromisoformat(data["opens"]) if data.get("opens") else None,
        closes=dt.time.fromisoformat(data["closes"]) if data.get("closes") else None,
        weekdays=tuple(data.get("weekdays") or ()),
        status=data.get("status") or "confirmed",
        title=data.get("title") or "",
        source=data.get("source") or "",
        times=office_hours.from_json(data.get("times") or ()),
    )


def day_in_words(date: dt.date) -> tuple[str, str]:
    """A day as people say it: (Persian, English), both with the Jalali date."""
    jalali_day = jalali(date).replace("-", "/")
    return (
        f"{WEEKDAYS_FA[date.weekday()]} {persian_digits(jalali_day)}",
        f"{WEEKDAYS_EN[date.weekday()]} {jalali_day} ({date.isoformat()})",
    )


def moment_in_words(moment: dt.datetime, language: str) -> str:
    """A moment as people say it, by the clocks of Tehran."""
    local = moment.astimezone(TEHRAN)
    day = jalali(local.date()).replace("-", "/")
    if language == "fa":
        return persian_digits(f"{WEEKDAYS_FA[local.weekday()]} {day} ساعت {local:%H:%M}")
    return f"{WEEKDAYS_EN[local.weekday()]} {day} ({local:%Y-%m-%d}) at {local:%H:%M}"
