"""Days that come back each year (RFC 5545, 3.3.10): the only rule of recurrence that is followed;
pure.

A rule of the Gregorian year is no rule of the Jalali one, whose days it leaves now and then, so
that each day of it is proposed by itself and a colleague sees it.
"""

import datetime as dt
from collections.abc import Iterator

from icalendar import vRecur

# What such a rule may say; anything else is another rule than one day of each year.
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "WKST", "RSCALE"}


class BadRule(ValueError):
    """The rule is another one than that of a day each year."""


def years_of(rule: object, begin: dt.date, window: tuple[dt.date, dt.date]) -> Iterator[dt.date]:
    """The days of a yearly rule from ``begin`` on that lie in a window of days. Raises BadRule.

    A 29th of February comes back in leap years alone, and counts only then.
    """
    count, until = _bounds(rule, begin)
    first, last = window
    number = 0
    for year in range(begin.year, min(last.year, until.year) + 1):
        day = _in_year(begin, year)
        if day is None or day > until:
            continue
        number += 1
        if count is not None and number > count:
            return
        if first <= day <= last:
            yield day


def _in_year(day: dt.date, year: int) -> dt.date | None:
    try:
        return day.replace(year=year)
    except ValueError:
        return None


def _bounds(rule: object, begin: dt.date) -> tuple[int | None, dt.date]:
    """How often the day comes back, if it is counted, and its last possible day. Raises BadRule."""
    if not isinstance(rule, vRecur) or set(map(str.upper, rule)) - _PARTS:
        raise BadRule
    wanted = {"FREQ": "YEARLY", "INTERVAL": "1", "RSCALE": "GREGORIAN"}
    wanted |= {"BYMONTH": str(begin.month), "BYMONTHDAY": str(begin.day)}
    for name, value in wanted.items():
        if [str(item).upper() for item in rule.get(name, [value])] != [value]:
            raise BadRule
    counts = rule.get("COUNT", [])
    if len(counts) > 1 or not all(isinstance(item, int) for item in counts):
        raise BadRule
    return (int(counts[0]) if counts else None), _until(rule.get("UNTIL", []))


def _until(values: list[object]) -> dt.date:
    if not values:
        return dt.date.max
    (value, *more) = values
    if more or not isinstance(value, dt.date):
        raise BadRule
    return value.date() if isinstance(value, dt.datetime) else value
