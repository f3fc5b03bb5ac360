"""Dates, hours and amounts as people say them, for the citizens' face."""

import datetime as dt
from collections.abc import Sequence

from persiantools.jdatetime import JalaliDate

from gateway.html.amounts import number_fa, words_en
from gateway.html.formats import MONTHS_EN, MONTHS_FA, WEEKDAYS_FA
from gateway.texts.files import dates_of
from iran.persian import TEHRAN

# How far a day is from today, where people have a word for it.
NEAR = {
    -1: ("دیروز", "yesterday"),
    0: ("امروز", "today"),
    1: ("فردا", "tomorrow"),
    2: ("پس‌فردا", "in two days"),
}


def _local(moment: str) -> dt.datetime:
    return dt.datetime.fromisoformat(moment).astimezone(TEHRAN)


def _today(now: dt.datetime | None) -> dt.date:
    return (now or dt.datetime.now(dt.UTC)).astimezone(TEHRAN).date()


def weekday_and_day(day: dt.date, language: str, today: dt.date) -> str:
    """Return a day with its weekday, and with its year if that is not this year."""
    jalali, this = JalaliDate(day), JalaliDate(today)
    if dates := dates_of(language):
        weekday, month = dates.weekdays[day.weekday()], dates.months[jalali.month - 1]
        return dates.day.format(weekday=weekday, day=jalali.day, month=month, year=jalali.year)
    if language == "fa":
        year = "" if jalali.year == this.year else f" {jalali.year}"
        return f"{WEEKDAYS_FA[day.weekday()]} {jalali.day} {MONTHS_FA[jalali.month - 1]}{year}"
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day:%A %-d %B}{year} ({jalali.day} {MONTHS_EN[jalali.month - 1]})"


def _near(day: dt.date, language: str, today: dt.date) -> str:
    away = (day - today).days
    if (dates := dates_of(language)) and away in NEAR:
        return f" ({dates.near[list(NEAR).index(away)]})"
    words = NEAR.get(away)
    return f" ({words[0 if language == 'fa' else 1]})" if words else ""


def spoken(moment: str, language: str = "fa", now: dt.datetime | None = None) -> str:
    """Return a moment (RFC 3339) in the time of Tehran as people say it, with ASCII digits, which
    the font shows as Persian ones.

    >>> spoken("2026-11-30T06:30:00Z", now=dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC))
    'دوشنبه 9 آذر، ساعت 10:00 (فردا)'
    """
    local, today = _local(moment), _today(now)
    day, near = weekday_and_day(local.date(), language, today), _near(local.date(), language, today)
    hour = f"{local:%-H:%M}"
    if dates := dates_of(language):
        return dates.moment.format(date=day, hour=hour) + near
    return f"{day}، ساعت {hour}{near}" if language == "fa" else f"{day}, {hour}{near}"


def spoken_day(day: str, language: str = "fa", now: dt.datetime | None = None) -> str:
    """Return a Gregorian day (ISO 8601) as people say it: دوشنبه 9 آذر (فردا)."""
    date, today = dt.date.fromisoformat(day[:10]), _today(now)
    return weekday_and_day(date, language, today) + _near(date, language, today)


def spoken_span(
    starts: str, ends: str, language: str = "fa", now: dt.datetime | None = None
) -> str:
    """Return the time of a visit as people say it.

    >>> now = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
    >>> spoken_span("2026-11-30T06:30:00Z", "2026-11-30T07:30:00Z", now=now)
    'دوشنبه 9 آذر، ساعت 10 تا 11 (فردا)'
    """
    first, last, today = _local(starts), _local(ends), _today(now)
    day, near = weekday_and_day(first.date(), language, today), _near(first.date(), language, today)
    from_, to = _hour(first), _hour(last)
    if dates := dates_of(language):
        return dates.span.format(date=day, first=from_, last=to) + near
    if language == "fa":
        return f"{day}، ساعت {from_} تا {to}{near}"
    return f"{day}, {from_} to {to}{near}"


def _hour(moment: dt.datetime) -> str:
    return f"{moment:%-H:%M}" if moment.minute else f"{moment:%-H}"


def month_name(month: str, language: str = "fa") -> str:
    """Return a Jalali month such as 1405-09 by its name: آذر 1405."""
    year, number = month.split("-")
    return f"{month_names(language)[int(number) - 1]} {year}"


def month_names(language: str) -> Sequence[str]:
    """Return the names of the twelve Jalali months."""
    dates = dates_of(language)
    return dates.months if dates else MONTHS_FA if language == "fa" else MONTHS_EN


def toman(rials: int, language: str = "fa") -> str:
    """Return an amount in toman, as everybody counts; a rest of rials stays.

    >>> toman(1_755_000)
    '175,500 تومان'
    """
    whole, rest = divmod(abs(rials), 10)
    sign = "-" if rials < 0 else ""
    if language == "fa":
        return f"{sign}{whole:,} تومان{f' و {rest} ریال' if rest else ''}"
    return f"{sign}{whole:,} toman{f' and {rest} rials' if rest else ''}"


def amount_in_words(rials: int, language: str = "fa") -> str:
    """Return an amount in words, in the toman in which it is said; ValueError beyond 10^18.

    >>> amount_in_words(1_755_000)
    'صد و هفتاد و پنج هزار و پانصد تومان'
    """
    if language != "fa":
        return words_en(rials)
    whole, rest = divmod(abs(rials), 10)
    sign = "منهای " if rials < 0 else ""
    return f"{sign}{number_fa(whole)} تومان{f' و {number_fa(rest)} ریال' if rest else ''}"
