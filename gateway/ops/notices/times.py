"""Jalali days and Tehran's hours, as colleagues write them, and the moments of contracts."""

import datetime as dt

from iran.hours import parse_hour
from iran.persian import TEHRAN, Malformed, jalali, parse_jalali


def moment_of(day: str, hour: str) -> str | None:
    """The moment (RFC 3339) of a Jalali day and an hour in Tehran; None if neither is told. What is
    no moment is given back as it was typed, for the contract to refuse.

    >>> moment_of("۱۴۰۵/۰۹/۰۴", "۲۲:۳۰")
    '2026-11-25T22:30:00+03:30'
    """
    day, hour = day.strip(), hour.strip()
    if not day and not hour:
        return None
    try:
        moment = dt.datetime.combine(parse_jalali(day), parse_hour(hour), TEHRAN)
    except (Malformed, ValueError):
        return f"{day} {hour}"
    return moment.isoformat()


def day_and_hour(moment: str | None) -> tuple[str, str]:
    """The Jalali day and the hour in Tehran of a moment; two empty texts for None.

    >>> day_and_hour("2026-11-25T19:00:00Z")
    ('1405/09/04', '22:30')
    """
    if moment is None:
        return "", ""
    local = dt.datetime.fromisoformat(moment).astimezone(TEHRAN)
    return jalali(local.date()).replace("-", "/"), f"{local:%H:%M}"
