"""Figures of messages as pages show them: a chart by day, tables, the rows of a file."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from bus.messages.message import Wire, to_wire
from contracts.notify.messages import CHANNELS
from contracts.notify.usage.statistics import Figure, ReadFigures
from gateway.html import charts
from gateway.html.csv_tables import Cell
from gateway.html.message_names import CHANNELS as CHANNELS_FA
from gateway.html.message_names import CHANNELS_EN, DOORS, DOORS_EN
from iran.persian import TEHRAN, jalali

DAYS, DEFAULT_DAYS = (7, 31, 92), 31
FILE_DAYS = 366
# The ends of messages, as few as people tell apart.
ENDS = {
    "arrived": ("DELIVERED",),
    "failed": ("UNDELIVERED", "REJECTED", "FAILED"),
    "unknown": ("UNTOLD",),
    "cancelled": ("CANCELLED",),
    "under_way": ("CREATED", "SENDING", "SENT"),
}
# What a test key sends goes to nobody.
TRIED_ONLY = "test"
BAD_PERCENT = 10
FILE_HEAD = (
    *("day", "channel", "template_id", "template", "kind", "state"),
    *("count", "parts", "cost_rials"),
)


@dataclass(frozen=True, slots=True)
class Sums:
    """Messages that were added up: how many there were, how many ended how, parts and rials."""

    label: str
    channel: str
    kind: str
    all: int
    ends: dict[str, int]
    parts: int
    cost_rials: int


@dataclass(frozen=True, slots=True)
class FiguresView:
    """The chart of the days with the table behind it, and the tables of days and of templates."""

    chart: Markup
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    days: Sequence[Sums]
    templates: Sequence[Sums]
    total: Sums


def question(days: int, by: str, before: str | None, today: dt.date) -> ReadFigures:
    """The question for the last days, today with them."""
    first = today - dt.timedelta(days=days - 1)
    return ReadFigures(from_day=first.isoformat(), to_day=today.isoformat(), by=by, before=before)


def chosen_days(text: str) -> int:
    """The days that were chosen: one of the page's choices, or a month.

    >>> chosen_days("7"), chosen_days("8"), chosen_days("")
    (7, 31, 31)
    """
    return next((days for days in DAYS if text == str(days)), DEFAULT_DAYS)


def today() -> dt.date:
    """The day in Tehran."""
    return dt.datetime.now(TEHRAN).date()


def view(
    by_day: Sequence[Figure], by_template: Sequence[Figure], days: int, language: str
) -> FiguresView:
    """Make the page's figures of the last days; test keys stand in the table of templates alone."""
    real = [figure for figure in by_day if figure.kind != TRIED_ONLY]
    last = today()
    span = [last - dt.timedelta(days=back) for back in range(days - 1, -1, -1)]
    sums = [_sums("", "", "", [f for f in real if f.day == day.isoformat()]) for day in span]
    labels = [jalali(day) if language == "fa" else day.isoformat() for day in span]
    points = [
        charts.Point(label[5:], day.all, _kind(day))
        for label, day in zip(labels, sums, strict=True)
    ]
    fa = language == "fa"
    title = "پیام‌های هر روز" if fa else "Messages of each day"
    head = ("روز", "پذیرفته", "رسید", "نرسید") if fa else ("Day", "Accepted", "Arrived", "Failed")
    rows = [
        (label, str(day.all), str(day.ends["arrived"]), str(day.ends["failed"]))
        for label, day in zip(labels, sums, strict=True)
    ]
    return FiguresView(
        charts.columns(title, points, "پیام" if fa else "messages", language=language),
        head,
        rows[::-1],
        _of_days(real, span, labels, language),
        _of_templates(by_template, language),
        _sums("", "", "", real),
    )


def _of_days(
    figures: Sequence[Figure], span: Sequence[dt.date], labels: Sequence[str], language: str
) -> list[Sums]:
    names = CHANNELS_FA if language == "fa" else CHANNELS_EN
    rows = []
    for day, label in zip(reversed(span), reversed(labels), strict=True):
        for channel in CHANNELS:
            same = [f for f in figures if (f.day, f.channel) == (day.isoformat(), channel)]
            if same:
                rows.append(_sums(label, names[channel], "", same))
    return rows


def _of_templates(figures: Sequence[Figure], language: str) -> list[Sums]:
    fa = language == "fa"
    channels, doors = (CHANNELS_FA, DOORS) if fa else (CHANNELS_EN, DOORS_EN)
    groups: dict[tuple[str, str, str], list[Figure]] = {}
    for figure in figures:
        # A letter that came as a PDF is made by no template.
        code = figure.template_code or figure.template or "PDF"
        groups.setdefault((code, figure.channel, figure.kind), []).append(figure)
    rows = [
        _sums(code, channels[channel], doors[kind], same)
        for (code, channel, kind), same in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row.all, row.label, row.channel, row.kind))


def _sums(label: str, channel: str, kind: str, figures: Iterable[Figure]) -> Sums:
    rows = list(figures)
    ends = {
        end: sum(row.count for row in rows if row.state in states) for end, states in ENDS.items()
    }
    return Sums(
        label,
        channel,
        kind,
        sum(row.count for row in rows),
        ends,
        sum(row.parts for row in rows),
        sum(row.cost_rials for row in rows),
    )


def of_senders(figures: Iterable[tuple[str, Figure]]) -> list[tuple[str, Sums]]:
    """Add up the figures of senders by channel, the sender of most messages first."""
    groups: dict[tuple[str, str], list[Figure]] = {}
    for owner, figure in figures:
        if figure.kind != TRIED_ONLY:
            groups.setdefault((owner, figure.channel), []).append(figure)
    rows = [
        (owner, _sums(owner, CHANNELS_FA[channel], "", same))
        for (owner, channel), same in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row[1].all, row[0], row[1].channel))


def chart_of_senders(rows: Sequence[tuple[str, Sums]], most: int) -> Markup:
    """Return the bars of the senders of most messages, over all channels; ``rows`` by name."""
    counts: dict[str, int] = {}
    for name, sums in rows:
        counts[name] = counts.get(name, 0) + sums.all
    largest = sorted(counts.items(), key=lambda row: (-row[1], row[0]))[:most]
    points = [charts.Point(name, count) for name, count in largest]
    return charts.bars("پیام‌های فرستنده‌ها", points, "پیام")


def _kind(day: Sums) -> str:
    many = day.all and 100 * day.ends["failed"] >= BAD_PERCENT * day.all
    return "bad" if many else ""


def file_row(figure: Figure) -> tuple[Cell, ...]:
    """One row of the file, by `FILE_HEAD`."""
    return (
        figure.day,
        figure.channel,
        figure.template,
        figure.template_code,
        figure.kind,
        figure.state,
        figure.count,
        figure.parts,
        figure.cost_rials,
    )


def file_document(figures: Sequence[Figure], counted_at: str | None) -> Wire:
    """The same as one JSON document."""
    return {"counted_at": counted_at, "figures": [to_wire(figure) for figure in figures]}
