"""By when a promise is due: a pure function of its start, the calendar and the pauses.

A business clock runs only while the office of the county is open. A legal period runs in calendar
days by the Civil Procedure Act 1379: neither the day of notice nor the day of action counts
(article 445), and a last day on which offices are closed gives way to the next working day
(article 444).
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from iran.persian import TEHRAN, jalali, persian_digits, tehran_day
from services.ticketing.domain.calendar import Calendar, Day, day_in_words

FARTHEST_DAYS = 1500
# Among so many days an office is open once, even around Nowruz.
LOOK_DAYS = 30
# By so many days it is judged how long an office is open on most of them.
USUAL_DAYS = 14
ROUND_UP_MINUTES = 30


class NoWorkingTime(ValueError):
    """The calendar opens too seldom for the promise to come due within four years."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock stood still from ``start`` to ``end`` (UTC; None: it still does)."""

    start: dt.datetime
    end: dt.datetime | None
    reason_fa: str = ""
    reason_en: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """When it is due (UTC), or None while the clock is paused; and the sum, line by line."""

    at: dt.datetime | None
    left: dt.timedelta
    lines_fa: tuple[str, ...]
    lines_en: tuple[str, ...]
    beyond: dt.date | None = None  # the calendar's last known day, if it is due after that


def business(
    start: dt.datetime,
    length: dt.timedelta,
    calendar: Calendar,
    county: str,
    pauses: Sequence[Pause] = (),
) -> Due:
    """When ``length`` of open time has passed after ``start``, pauses left out.

    ``start`` and the result are UTC. With an open pause the result is None and ``left`` is what
    will remain when the clock runs on. Raises NoWorkingTime.
    """
    left, lines = length, _Lines()
    day = tehran_day(start)
    stood = next((pause.start for pause in pauses if pause.end is None), None)
    for _ in range(FARTHEST_DAYS):
        today = calendar.day(day, county)
        counted = dt.timedelta()
        for begin, end in _open_spans(today, start, pauses):
            span = min(end - begin, left)
            counted, left = counted + span, left - span
            if not left:
                lines.add(today, counted, pauses)
                at = begin + span
                return _due(at, calendar, lines)
        lines.add(today, counted, pauses)
        if stood is not None and tehran_day(stood) <= day:
            lines.paused(left, office_day(day, calendar, county))
            return Due(None, left, *lines.as_tuples())
        day += dt.timedelta(days=1)
    raise NoWorkingTime(f"There is no end within {FARTHEST_DAYS} days; look at the calendar.")


def legal(start: dt.datetime, days: int, calendar: Calendar, county: str) -> Due:
    """The end of a legal period of calendar ``days``: when the office closes on its last day.

    Twenty days from the second: the second is no day of them, they are the third to the twenty-
    second, and the day of action is the twenty-third. Raises NoWorkingTime.
    """
    first = tehran_day(start)
    last = first + dt.timedelta(days=days + 1)
    lines = _Lines()
    first_fa, first_en = day_in_words(first)
    lines.say(
        f"{persian_digits(str(days))} روز تقویمی از {first_fa}؛ روز ابلاغ و روز اقدام "
        "جزو مدت نیست (ماده ۴۴۵ قانون آیین دادرسی مدنی)",
        f"{days} calendar days from {first_en}; neither the day of notice nor the day of "
        "action counts (Civil Procedure Act, article 445)",
    )
    for _ in range(FARTHEST_DAYS):
        last_day = calendar.day(last, county)
        if last_day.closes is not None:
            return _due(last_day.closes, calendar, lines)
        lines.say(
            f"{day_in_words(last)[0]}: {last_day.reason_fa}؛ نخستین روز کاری پس از آن (ماده ۴۴۴)",
            f"{day_in_words(last)[1]}: {last_day.reason_en}; the next working day (article 444)",
        )
        last += dt.timedelta(days=1)
    raise NoWorkingTime(f"No office opens within {FARTHEST_DAYS} days; look at the calendar.")


def open_time(
    start: dt.datetime,
    end: dt.datetime,
    calendar: Calendar,
    county: str,
    pauses: Sequence[Pause] = (),
) -> dt.timedelta:
    """How long the office of a county is open between two moments (UTC), pauses left out."""
    total, day, last = dt.timedelta(), tehran_day(start), tehran_day(end)
    for _ in range(FARTHEST_DAYS):
        if day > last:
            break
        for begin, close in _open_spans(calendar.day(day, county), start, pauses):
            total += max(min(close, end) - begin, dt.timedelta())
        day += dt.timedelta(days=1)
    return total


class Opening(NamedTuple):
    """Whether an office is open, and the moment (UTC) at which that changes next; None if it does
    not within a month.
    """

    is_open: bool
    at: dt.datetime | None


def opening(now: dt.datetime, calendar: Calendar, county: str) -> Opening:
    """Whether the office of a county is open at ``now`` (UTC), and until when, or from when on."""
    first = tehran_day(now)
    for number in range(LOOK_DAYS):
        day = calendar.day(first + dt.timedelta(days=number), county)
        for opens, closes in day.spans:
            if opens <= now < closes:
                return Opening(True, _end_of_opening(day, closes))
            if opens > now:
                return Opening(False, opens)
    return Opening(False, None)


def _end_of_opening(day: Day, closes: dt.datetime) -> dt.datetime:
    """When an opening time ends, with those that touch it."""
    for later in day.spans:
        if later.opens <= closes < later.closes:
            closes = later.closes
    return closes


def office_day(on: dt.date, calendar: Calendar, county: str) -> dt.timedelta:
    """How long an office is open on most of its next days, from a day on; of two lengths as
    frequent the longer. Eight hours if it opens on none of them.
    """
    days = (calendar.day(on + dt.timedelta(days=n), county) for n in range(USUAL_DAYS))
    lengths = Counter(day.length for day in days if day.is_open)
    if not lengths:
        days = (calendar.day(on + dt.timedelta(days=n), county) for n in range(LOOK_DAYS))
        return next((day.length for day in days if day.is_open), dt.timedelta(hours=8))
    return max(lengths, key=lambda length: (lengths[length], length))


def office_time(span: dt.timedelta, day: dt.timedelta) -> tuple[str, str]:
    """Open time as an office says it, in days of that length and hours: (Persian, English).

    >>> office_time(dt.timedelta(hours=70), dt.timedelta(hours=7, minutes=30))
    ('۹ روز و ۲ ساعت اداری', '9 office days 2 h')
    >>> office_time(dt.timedelta(minutes=95), dt.timedelta(hours=7))
    ('۱ ساعت و ۳۵ دقیقه اداری', '1 h 35 min of office time')
    """
    days, rest = divmod(span, day)
    hours, minutes = divmod(int(rest.total_seconds() // 60), 60)
    if not days:
        fa, en = duration(span)
        return f"{fa} اداری", f"{en} of office time"
    hours += minutes >= ROUND_UP_MINUTES
    fa = " و ".join([f"{days} روز"] + [f"{hours} ساعت"] * bool(hours))
    en = " ".join([f"{days} office day{'s' * (days > 1)}"] + [f"{hours} h"] * bool(hours))
    return persian_digits(f"{fa} اداری"), en


def _due(at: dt.datetime, calendar: Calendar, lines: "_Lines") -> Due:
    """The due time, with a line if the calendar does not know the holidays of that day yet."""
    lines.due(at)
    last = calendar.known_until
    beyond = last if last is not None and tehran_day(at) > last else None
    if beyond is not None:
        lines.say(*beyond_calendar(beyond))
    return Due(at, dt.timedelta(), *lines.as_tuples(), beyond)


def beyond_calendar(last: dt.date) -> tuple[str, str]:
    """What is said of a due time after the last known day: (Persian, English)."""
    day = jalali(last).replace("-", "/")
    return (
        f"تقویم پس از {persian_digits(day)} هنوز اعلام نشده است؛ این سررسید ممکن است تغییر کند.",
        f"The calendar after {day} is not yet known; this due time may still move.",
    )


def _open_spans(
    day: Day, start: dt.datetime, pauses: Sequence[Pause]
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The open time of a day after ``start``, cut by the pauses."""
    stood = sorted(pauses, key=lambda p: p.start)
    for opens, closes in day.spans:
        yield from _cut(max(opens, start), closes, stood)


def _cut(
    begin: dt.datetime, end: dt.datetime, pauses: Sequence[Pause]
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """What the pauses, in their order, leave of an opening time."""
    for pause in pauses:
        if pause.end is not None and pause.end <= begin:
            continue
        if pause.start >= end:
            break
        if pause.start > begin:
            yield begin, pause.start
        if pause.end is None:
            return
        begin = max(begin, pause.end)
    if begin < end:
        yield begin, end


class _Lines:
    """The explanation as it grows, in both languages."""

    def __init__(self) -> None:
        self._fa: list[str] = []
        self._en: list[str] = []

    def say(self, fa: str, en: str) -> None:
        self._fa.append(fa)
        self._en.append(en)

    def add(self, day: Day, counted: dt.timedelta, pauses: Sequence[Pause]) -> None:
        """One day: why it is open or closed, what of it counted, what stood still."""
        fa, en = day_in_words(day.date)
        if not day.is_open:
            self.say(f"{fa}: {day.reason_fa}", f"{en}: {day.reason_en}")
            return
        stood = [p for p in pauses if _touches(p, day)]
        reasons_fa = "".join(f"؛ توقف: {p.reason_fa}" for p in stood)
        reasons_en = "".join(f"; paused: {p.reason_en}" for p in stood)
        amount_fa, amount_en = duration(counted)
        self.say(
            f"{fa}: {day.reason_fa}، شمرده شد {amount_fa}{reasons_fa}",
            f"{en}: {day.reason_en}, counted {amount_en}{reasons_en}",
        )

    def due(self, at: dt.datetime) -> None:
        local = at.astimezone(TEHRAN)
        fa, en = day_in_words(local.date())
        self.say(
            f"سررسید: {fa} ساعت {persian_digits(f'{local:%H:%M}')}",
            f"Due: {en} at {local:%H:%M} Tehran time",
        )

    def paused(self, left: dt.timedelta, day: dt.timedelta) -> None:
        fa, en = office_time(left, day)
        self.say(f"شمارش مهلت متوقف است؛ {fa} باقی مانده است", f"The clock is paused; {en} is left")

    def as_tuples(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tuple(self._fa), tuple(self._en)


def _touches(pause: Pause, day: Day) -> bool:
    """True if a pause takes some of the open time of a day."""
    return any(
        pause.start < closes and (pause.end is None or pause.end > opens)
        for opens, closes in day.spans
    )


def duration(span: dt.timedelta) -> tuple[str, str]:
    """A span as people say it, in hours and minutes: (Persian, English)."""
    minutes = int(span.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    fa = " و ".join([f"{hours} ساعت"] * bool(hours) + [f"{rest} دقیقه"] * bool(rest or not hours))
    en = " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))
    return persian_digits(fa), en
