"""Opening times by day of the week, as colleagues type them in a field a day and read them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from contracts.ticketing.calendar import WEEKDAYS, OpenTime
from gateway.forms.fields import parse_hour_text
from gateway.forms.values import Values, text_of
from gateway.ops.desk import words
from iran.persian import fold_code

# The fields of the form: hours-sat, …
FIELD = "hours-"
_HOUR = r"[0-9]{1,2}(?:[:.٫][0-9]{1,2})?"
_TIME = re.compile(rf"({_HOUR})\s*(?:-|–|—|−|تا|to)\s*({_HOUR})")
_BETWEEN = re.compile(r"(?:\s|،|,|؛|;|\+|و|and)*")
# What no office hours are, so that the service names the field.
UNREADABLE = ("?", "?")


class DayHours(NamedTuple):
    """Days of the week that have the same opening times, and these."""

    days: str
    hours: str


def typed_times(values: Values) -> list[dict[str, object]]:
    """The opening times of a form's fields by day of the week, for the contract; a text that is
    none becomes a time that is refused.
    """
    return [
        {"weekdays": [weekday], "opens": opens, "closes": closes}
        for weekday in WEEKDAYS
        for opens, closes in parse_day_hours(text_of(values, FIELD + weekday))
    ]


def parse_day_hours(text: str) -> list[tuple[str, str]]:
    """The opening times of one day, as people write them; none of an empty text.

    >>> parse_day_hours("۷:۳۰ تا ۱۲ و ۱۳-۱۴:۳۰")
    [('07:30', '12:00'), ('13:00', '14:30')]
    """
    plain = fold_code(text).replace("：", ":")
    times = [
        (parse_hour_text(match[1]), parse_hour_text(match[2])) for match in _TIME.finditer(plain)
    ]
    rest = _TIME.sub("", plain)
    return times if _BETWEEN.fullmatch(rest) else [*times, UNREADABLE]


def week_in_words(times: Iterable[OpenTime]) -> list[DayHours]:
    """Opening times as a table of a few lines: days of the week with the same hours together."""
    listed = list(times)
    hours = {
        weekday: _hours_in_words(
            (time.opens, time.closes)
            for time in listed
            if not time.weekdays or weekday in time.weekdays
        )
        for weekday in WEEKDAYS
    }
    groups: dict[str, list[str]] = {}
    for weekday, text in hours.items():
        groups.setdefault(text, []).append(weekday)
    return [DayHours(_days_in_words(days), text) for text, days in groups.items() if text]


def _hours_in_words(times: Iterable[tuple[str, str]]) -> str:
    return " و ".join(f"{opens[:5]} تا {closes[:5]}" for opens, closes in sorted(times))


def _days_in_words(days: Sequence[str]) -> str:
    """Days of the week; of three and more in a row the first and the last."""
    names: Mapping[str, str] = words.WEEKDAYS
    if len(days) == len(WEEKDAYS):
        return "همه روزها"
    first, last = WEEKDAYS.index(days[0]), WEEKDAYS.index(days[-1])
    in_a_row = last - first == len(days) - 1
    if in_a_row and len(days) > 2:  # noqa: PLR2004 - two are both said
        return f"{names[days[0]]} تا {names[days[-1]]}"
    return "، ".join(names[day] for day in days)
