"""What people say weeks after the end, on /statistics: its tables, and the same as open data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.ticketing.public import FOLLOW_UP_MEASURES, FollowUps, FollowUpUnits
from gateway.public.about.span_tables import FigureRow, Spans, months_label, names_of, span_rows

# Beside the measures; each may be hidden.
ANSWERS = ("not_mended", "unknown", "first_time", "not_first", "unsaid")


@dataclass(frozen=True, slots=True)
class FollowUpsView:
    """The part of the page: sums that are shown by name, the share in percent, two tables."""

    sums: dict[str, int]
    percent: int | None
    months: list[FigureRow]
    units: list[FigureRow]


def view_of(figures: FollowUps | None, lang: str) -> FollowUpsView | None:
    """Return what the page shows; None while too few were asked."""
    if figures is None:
        return None
    names = (*FOLLOW_UP_MEASURES, *ANSWERS)
    sums = {name: figures.total[name] for name in names if figures.total[name] is not None}
    has_share = "mended" in sums and sums["answered"]
    return FollowUpsView(
        sums=sums,
        percent=round(100 * sums["mended"] / sums["answered"]) if has_share else None,
        months=_months(figures, lang),
        units=_units(figures, lang),
    )


def _months(figures: FollowUps, lang: str) -> list[FigureRow]:
    months = sorted({m for p in figures.periods for m in (p.first, p.last)})
    spans: Spans = {
        measure: [
            (months.index(p.first), months.index(p.last), p.count)
            for p in figures.periods
            if p.measure == measure
        ]
        for measure in FOLLOW_UP_MEASURES
    }
    labels = [
        months_label(p.first, p.last, lang)
        for p in figures.periods
        if p.measure == FOLLOW_UP_MEASURES[0]
    ]
    return span_rows(labels, spans)


def _units(figures: FollowUps, lang: str) -> list[FigureRow]:
    first = [group for group in figures.units if group.measure == FOLLOW_UP_MEASURES[0]]
    order = {unit["code"]: n for n, unit in enumerate(u for group in first for u in group.units)}
    spans: Spans = {
        measure: [
            (order[group.units[0]["code"]], order[group.units[-1]["code"]], group.count)
            for group in figures.units
            if group.measure == measure
        ]
        for measure in FOLLOW_UP_MEASURES
    }
    return span_rows([names_of(group.units, lang) for group in first], spans)


def csv_rows(figures: FollowUps | None, tail: Sequence[object]) -> Iterator[Sequence[object]]:
    """Yield the lines of the open data: of months, of units (by their codes) and of all."""
    if figures is None:
        return
    for period in figures.periods:
        span = (period.first, period.last)
        yield ("follow_up_months", period.measure, *span, "", "", "", period.count, *tail)
    for group in figures.units:
        yield ("follow_up_units", group.measure, "", "", *_named(group), group.count, *tail)
    for name in ANSWERS:
        if (count := figures.total[name]) is not None:
            yield ("follow_up_answers", name, "", "", "", "", "", count, *tail)


def _named(group: FollowUpUnits) -> tuple[str, str, str]:
    codes = " ".join(str(unit["code"]) for unit in group.units)
    return (codes, names_of(group.units, "fa"), names_of(group.units, "en"))
