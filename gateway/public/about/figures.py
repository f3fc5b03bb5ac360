"""The figures of /statistics: rows of its tables, its charts, and the same as open data."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson
from markupsafe import Markup

from bus.messages.message import to_wire
from bus.messages.values import Json
from contracts.ticketing.public import MEASURES, Period, Statistics, Subjects
from gateway.html import charts
from gateway.html.csv_tables import BOM, line
from gateway.public.about import follow_ups
from gateway.public.about.span_tables import FigureRow, months_label, names_of, span_rows
from gateway.public.site import words
from gateway.texts.files import translated

LICENCE = "CC BY 4.0"
LICENCE_AT = "https://creativecommons.org/licenses/by/4.0/"
COLUMNS = (
    "table",
    "measure",
    "from",
    "to",
    "categories",
    "names_fa",
    "names_en",
    "count",
    "counted_from",
    "counted_to",
    "licence",
)


class Share(NamedTuple):
    """Which part of the answers of some months came on time, in percent."""

    label: str
    percent: int


def month_rows(figures: Statistics, lang: str) -> list[FigureRow]:
    """Return the table by month: a row for each period of what was registered."""
    order = {str(row["month"]): number for number, row in enumerate(figures.months)}
    spans = {
        measure: [
            (order[p.first], order[p.last], p.count)
            for p in figures.periods
            if p.measure == measure
        ]
        for measure in MEASURES
    }
    periods = [p for p in figures.periods if p.measure == MEASURES[0]]
    return span_rows([months_label(p.first, p.last, lang) for p in periods], spans)


def category_rows(figures: Statistics, lang: str) -> list[FigureRow]:
    """Return the table by category, the largest first."""
    order = {str(row["code"]): number for number, row in enumerate(figures.categories)}
    spans = {
        measure: [
            (order[s.categories[0]["code"]], order[s.categories[-1]["code"]], s.count)
            for s in figures.subjects
            if s.measure == measure
        ]
        for measure in MEASURES
    }
    subjects = [s for s in figures.subjects if s.measure == MEASURES[0]]
    return span_rows([names_of(s.categories, lang) for s in subjects], spans)


def _first_name(subjects: Subjects, lang: str) -> str:
    """A label that a telephone has room for; the table has all names."""
    name, others = translated(str(subjects.categories[0][lang]), lang), len(subjects.categories) - 1
    more = words.speaker(lang)("statistics_and_others", n=others) if others else ""
    return f"{name} {more}".strip()


def on_time(figures: Statistics, lang: str) -> list[Share]:
    """Return the part of the answers that came on time, as finely as both counts are shown."""

    def of(measure: str, period: Period) -> int:
        return sum(
            p.count
            for p in figures.periods
            if p.measure == measure and period.first <= p.first and p.last <= period.last
        )

    shares = []
    for period in figures.periods:
        answered = of("answered", period)
        if period.measure == "on_time" and answered:
            label = months_label(period.first, period.last, lang, short=True)
            shares.append(Share(label, round(100 * period.count / answered)))
    return shares


def figures_drawn(figures: Statistics, lang: str) -> dict[str, Markup]:
    """Return the charts of the page by their names."""
    t = words.speaker(lang)
    months = [
        charts.Point(months_label(p.first, p.last, lang, short=True), p.count)
        for p in figures.periods
        if p.measure == MEASURES[0]
    ]
    subjects = [
        charts.Point(_first_name(s, lang), s.count)
        for s in figures.subjects
        if s.measure == MEASURES[0]
    ]
    shares = on_time(figures, lang)
    drawn = {
        "months": charts.columns(t("statistics_by_month"), months, language=lang),
        "categories": charts.bars(t("statistics_by_category"), subjects, language=lang),
    }
    # One share alone, of months too small to be told apart, is no line; the tile says it.
    if len(shares) > 1:
        drawn["on_time"] = charts.lines(
            t("statistics_on_time_share"),
            [share.label for share in shares],
            [charts.Series(t("statistics_on_time_share"), [share.percent for share in shares])],
            "%",
            language=lang,
        )
    return drawn


# --- open data ---


def as_csv(figures: Statistics) -> bytes:
    """Return all counts as CSV in UTF-8, one a line, with their licence and their days."""
    tail = (figures.from_day, figures.to_day or "", LICENCE)
    rows: list[Sequence[object]] = [COLUMNS]
    rows += [
        ("months", p.measure, p.first, p.last, "", "", "", p.count, *tail) for p in figures.periods
    ]
    rows += [
        (
            "categories",
            s.measure,
            "",
            "",
            " ".join(str(c["code"]) for c in s.categories),
            names_of(s.categories, "fa"),
            names_of(s.categories, "en"),
            s.count,
            *tail,
        )
        for s in figures.subjects
    ]
    rows += follow_ups.csv_rows(figures.follow_ups, tail)
    return (BOM + "".join(map(line, rows))).encode()


def as_json(figures: Statistics, satisfaction: Sequence[Json], page: str) -> bytes:
    """Return all counts and the satisfaction as JSON."""
    document = {
        "page": page,
        "licence": {"name": LICENCE, "url": LICENCE_AT},
        "counted_from": figures.from_day,
        "counted_to": figures.to_day,
        "smallest": figures.smallest,
        "months": [
            {"measure": p.measure, "from": p.first, "to": p.last, "count": p.count}
            for p in figures.periods
        ],
        "categories": [
            {
                "measure": s.measure,
                "categories": [
                    {"code": c["code"], "fa": c["fa"], "en": c["en"]} for c in s.categories
                ],
                "count": s.count,
            }
            for s in figures.subjects
        ],
        "satisfaction": [
            {"of": str(row["key"]).removeprefix("satisfaction_")}
            | {name: row[name] for name in ("rated", "mean_hundredths", "solved")}
            for row in satisfaction
        ],
        "follow_ups": to_wire(figures.follow_ups) if figures.follow_ups else None,
    }
    return orjson.dumps(document)
