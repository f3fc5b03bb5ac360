"""Jalali days and months in words."""

import datetime as dt

from gateway.html.formats import MONTHS_FA, WEEKDAYS_FA
from iran.persian import jalali


def day_in_words(day: dt.date | str) -> str:
    """Return a Gregorian day (ISO form) as people say it in Persian, digits in ASCII.

    >>> day_in_words("2026-12-22")
    '1 دی 1405'
    """
    date = dt.date.fromisoformat(day[:10]) if isinstance(day, str) else day
    year, month, number = (int(part) for part in jalali(date).split("-"))
    return f"{number} {MONTHS_FA[month - 1]} {year}"


def weekday_and_day(day: str) -> str:
    """Return a Gregorian day (ISO form) with the day of its week.

    >>> weekday_and_day("2026-12-22")
    'سه‌شنبه 1 دی 1405'
    """
    return f"{WEEKDAYS_FA[dt.date.fromisoformat(day).weekday()]} {day_in_words(day)}"


def month_in_words(month: str) -> str:
    """Return a Jalali month such as 1405-09 in words.

    >>> month_in_words("1405-09")
    'آذر 1405'
    """
    year, number = month.split("-")
    return f"{MONTHS_FA[int(number) - 1]} {int(year)}"
