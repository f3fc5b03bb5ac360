"""The figures of /status/messages: tiles, charts, rows of its tables, and the same as open data."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson
from markupsafe import Markup

from bus.messages.message import to_wire
from contracts.notify.messages import CHANNELS
from contracts.notify.pace import PACES, MessageCount, MessageFigures
from gateway.html import charts
from gateway.html.csv_tables import BOM, line
from gateway.html.spoken import month_names, spoken_day
from gateway.public.about.figures import LICENCE, LICENCE_AT
from gateway.public.about.span_tables import months_label
from gateway.public.site import words
from iran.persian import jalali

ALL = 10_000
COLUMNS = (
    "table",
    "month",
    "from",
    "to",
    "channel",
    "pace",
    "within_seconds",
    "accepted",
    "judged",
    "on_time",
    "delivered",
    "licence",
)


class Sum(NamedTuple):
    """Messages together; a share is in percent, None of nothing."""

    accepted: int
    on_time: str | None
    delivered: str | None


class Row(NamedTuple):
    """A month or a day, and its messages by channel; None where there was none to count."""

    label: str
    cells: tuple[Sum | None, ...]


class PaceRow(NamedTuple):
    """The messages of one pace, the seconds within which they are to go, and how many did."""

    pace: str
    seconds: int
    messages: Sum


def share(part: int, whole: int) -> str | None:
    """Return a part in percent, rounded down: only all of it is 100.

    >>> share(99_999, 100_000), share(7, 7), share(0, 0)
    ('99.99', '100', None)
    """
    if not whole:
        return None
    return f"{ALL * part // whole / 100:.2f}".rstrip("0").rstrip(".")


def total(rows: Iterable[MessageCount]) -> Sum:
    """Return rows together."""
    counts = list(rows)
    judged = sum(row.judged for row in counts)
    accepted = sum(row.accepted for row in counts)
    on_time = share(sum(row.on_time for row in counts), judged)
    return Sum(accepted, on_time, share(sum(row.delivered for row in counts), accepted))


def channels_of(figures: MessageFigures) -> list[str]:
    """Return the channels in which anything was sent."""
    return [name for name in CHANNELS if any(row.channel == name for row in figures.months)]


def prompt(figures: MessageFigures) -> Sum:
    """Return the messages that were to go at once."""
    return total(row for row in figures.months if row.pace == PACES[0])


def pace_rows(figures: MessageFigures) -> list[PaceRow]:
    """Return how each pace was kept in all months."""
    return [
        PaceRow(limit.pace, limit.seconds, sum_)
        for limit in figures.limits
        if (sum_ := total(row for row in figures.months if row.pace == limit.pace)).accepted
    ]


def month_rows(figures: MessageFigures, lang: str) -> list[Row]:
    """Return the table by month, the newest first; each cell is of one channel, the last of all."""
    months = sorted({row.month for row in figures.months}, reverse=True)
    return [
        Row(months_label(month, month, lang), _cells(figures, figures.months, month=month))
        for month in months
    ]


def day_rows(figures: MessageFigures, lang: str) -> list[Row]:
    """Return the table by day, the newest first; what was too small stands at the day at which it
    was enough.
    """
    days = sorted({row.last for row in figures.days}, reverse=True)
    return [Row(spoken_day(day, lang), _cells(figures, figures.days, last=day)) for day in days]


def _cells(
    figures: MessageFigures, rows: Sequence[MessageCount], *, month: str = "", last: str = ""
) -> tuple[Sum | None, ...]:
    shown = [row for row in rows if row.month == month or row.last == last]
    of_channels = [
        [row for row in shown if row.channel == channel] for channel in channels_of(figures)
    ]
    return tuple(total(of_one) if of_one else None for of_one in [*of_channels, shown])


def figures_drawn(figures: MessageFigures, lang: str) -> dict[str, Markup]:
    """Return the charts of the page by their names."""
    t = words.speaker(lang)
    months = sorted({row.month for row in figures.months})
    labels = [months_label(month, month, lang, short=True) for month in months]
    points = [
        charts.Point(label, total(row for row in figures.months if row.month == month).accepted)
        for label, month in zip(labels, months, strict=True)
    ]
    drawn = {"months": charts.columns(t("messages_by_month"), points, language=lang)}
    days = sorted({row.last for row in figures.days})
    if len(days) > 1:
        of_days = [total(row for row in figures.days if row.last == day) for day in days]
        names = [_short(day, lang) for day in days]
        points = [
            charts.Point(name, of_day.accepted) for name, of_day in zip(names, of_days, strict=True)
        ]
        drawn["days"] = charts.columns(t("messages_by_day"), points, language=lang)
    if len(months) > 1:
        series = [charts.Series(t("messages_at_once"), _shares(figures, months))]
        title = t("messages_at_once")
        drawn["prompt"] = charts.lines(title, labels, series, "%", language=lang)
    return drawn


def _short(day: str, lang: str) -> str:
    """A day without its weekday and year, for below a chart."""
    _, month, number = jalali(dt.date.fromisoformat(day)).split("-")
    return f"{int(number)} {month_names(lang)[int(month) - 1]}"


def prompt_rows(figures: MessageFigures, lang: str) -> list[tuple[str, str]]:
    """Return the table behind the line: each month and its share in time."""
    months = sorted({row.month for row in figures.months})
    shares = _shares(figures, months)
    return [
        (months_label(month, month, lang), "–" if value is None else f"{value:g}")
        for month, value in zip(months, shares, strict=True)
    ]


def _shares(figures: MessageFigures, months: Sequence[str]) -> list[float | None]:
    of_months = (
        total(row for row in figures.months if row.month == month and row.pace == PACES[0])
        for month in months
    )
    return [None if sum_.on_time is None else float(sum_.on_time) for sum_ in of_months]


# --- open data ---


def as_csv(figures: MessageFigures) -> bytes:
    """Return each row of days and months as a line of CSV in UTF-8, and the senders."""
    limits = {limit.pace: limit.seconds for limit in figures.limits}
    rows: list[Sequence[object]] = [COLUMNS]
    for table, counts in (("months", figures.months), ("days", figures.days)):
        rows += [
            (
                table,
                row.month,
                row.first,
                row.last,
                row.channel,
                row.pace,
                limits.get(row.pace, ""),
                row.accepted,
                row.judged,
                row.on_time,
                row.delivered,
                LICENCE,
            )
            for row in counts
        ]
    rows += [
        ("senders", row.month, *[""] * 5, row.senders, *[""] * 3, LICENCE)
        for row in figures.senders
    ]
    return (BOM + "".join(map(line, rows))).encode()


def as_json(figures: MessageFigures, page: str) -> bytes:
    """Return the same as JSON."""
    licence = {"name": LICENCE, "url": LICENCE_AT}
    return orjson.dumps({"page": page, "licence": licence, **to_wire(figures)})
