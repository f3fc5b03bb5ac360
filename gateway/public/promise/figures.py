"""What the promise page shows: tiles in plain words, rows by month, charts, and the open data."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson
from markupsafe import Markup

from bus.messages.message import to_wire
from bus.messages.values import Json
from contracts.notify.announcements import Promise
from contracts.notify.promises import (
    WHOLE,
    Change,
    KeptPromise,
    OtherFigure,
    Promises,
    kept_by_figures,
    kept_of,
)
from contracts.ticketing.public import Statistics
from gateway.html import charts
from gateway.html.csv_tables import BOM, line
from gateway.public.about.figures import LICENCE, LICENCE_AT, on_time
from gateway.public.about.span_tables import months_label
from gateway.public.site import words

# The promises that the first lines of the page put in plain words, each by its clause of the seed.
PLAIN = ("S4", "S1", "S11", "S7", "S12", "S8", "S3")
COLUMNS = (
    "month",
    "from",
    "to",
    "over",
    "edition",
    "promise",
    "clause",
    "measure",
    "target_percent",
    "value_percent",
    "of",
    "missed",
    "excluded",
    "budget_left",
    "licence",
)


class PlainFigure(NamedTuple):
    """A promise in a plain sentence: its code, name and percent; kind is good, bad or empty."""

    code: str
    label: str
    value: str
    target: str
    kind: str


class EditionRow(NamedTuple):
    """A correction: its edition and moment, why there is it, and a sentence for each change."""

    edition: int
    made_at: str
    reason: str
    changes: tuple[str, ...]


class MonthRow(NamedTuple):
    """A month: its name, whether it still runs, a cell for each measured promise, and the
    corrections of its report.
    """

    month: str
    label: str
    over: bool
    edition: int | None
    cells: tuple[KeptPromise | None, ...]
    corrections: tuple[EditionRow, ...]


def percent(hundredths: int) -> str:
    """Return hundredths of a percent as people read them.

    >>> percent(9950), percent(10000)
    ('99.5', '100')
    """
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")


def with_answers(promises: Promises, statistics: Statistics | None) -> Promises:
    """Return the promises with those that ticketing counts: over all months of its statistics, and
    month by month.
    """
    counted = [promise for promise in promises.promises if promise.figure]
    if not counted or statistics is None:
        return promises
    by_month = [
        OtherFigure(code=p.measure, first=p.first, last=p.last, count=p.count)
        for p in statistics.periods
    ]
    return replace(
        promises,
        promises=tuple(_over_all(promise, statistics) for promise in promises.promises),
        months=tuple(
            replace(
                month,
                promises=(
                    *month.promises,
                    *(kept_by_figures(promise, month.month, by_month) for promise in counted),
                ),
            )
            for month in promises.months
        ),
    )


def _over_all(promise: Promise, statistics: Statistics) -> Promise:
    if not promise.figure:
        return promise
    total = statistics.total
    kept = kept_of(promise, total.get(WHOLE[promise.figure]), total.get(promise.figure))
    return replace(
        promise,
        value=kept.value,
        of=kept.of,
        missed=kept.missed,
        budget_left=kept.budget_left,
    )


def measured(promises: Promises) -> list[Promise]:
    """Return the promises that have a measure by month, in the order of the agreement."""
    return [
        promise for promise in promises.promises if promise.measure != "elsewhere" or promise.figure
    ]


def plain_figures(promises: Promises, lang: str) -> list[PlainFigure]:
    """Return the promises of the page's first lines that were measured enough to say."""
    by_code = {promise.code: promise for promise in promises.promises}
    t = words.speaker(lang)
    figures = []
    for code in PLAIN:
        promise = by_code.get(code)
        if promise is None or promise.value is None or promise.target is None:
            continue
        figures.append(
            PlainFigure(
                code,
                t(f"promise_plain_{code}"),
                percent(promise.value),
                percent(promise.target),
                "good" if promise.value >= promise.target else "bad",
            )
        )
    return figures


def month_rows(promises: Promises, lang: str) -> list[MonthRow]:
    """Return a row for each month, the newest first, with a cell for each measured promise."""
    codes = [promise.code for promise in measured(promises)]
    rows = []
    for month in promises.months:
        cells = {kept.code: kept for kept in month.promises}
        rows.append(
            MonthRow(
                month.month,
                months_label(month.month, month.month, lang),
                month.over,
                month.edition,
                tuple(cells.get(code) for code in codes),
                tuple(
                    EditionRow(
                        edition.edition,
                        edition.made_at,
                        edition.reason,
                        tuple(_change(change, lang) for change in edition.changes),
                    )
                    for edition in month.corrections
                ),
            )
        )
    return rows


def _change(change: Change, lang: str) -> str:
    """Return a figure with what it was and what it is, as a sentence."""
    t = words.speaker(lang)
    name = (
        t(f"promise_figure_{change.code}")
        if change.figure == "count"
        else f"{change.code}{t('comma')}{t(f'promise_changed_{change.figure}')}"
    )
    old, new = (_value(change, value, t("promise_unsaid")) for value in (change.old, change.new))
    return t("promise_change", name=name, old=old, new=new)


def _value(change: Change, value: int | None, unsaid: str) -> str:
    if value is None:
        return unsaid
    if change.figure in ("value", "target"):
        return f"{percent(value)}%"
    return f"{value / 100:.2f}" if change.code.startswith("mean") else f"{value:,}"


def drawn(promises: Promises, statistics: Statistics | None, lang: str) -> dict[str, Markup]:
    """Return the charts by their names: minutes against us of the portal, and answers on time."""
    t = words.speaker(lang)
    points = []
    for month in reversed(promises.months):
        portal = next((kept for kept in month.promises if kept.code == "S4"), None)
        if portal is not None and portal.value is not None:
            label = months_label(month.month, month.month, lang, short=True)
            over = portal.budget_left is not None and portal.budget_left < 0
            points.append(charts.Point(label, portal.missed, "bad" if over else ""))
    figures = {}
    if points:
        title = t("promise_minutes_title")
        figures["minutes"] = charts.columns(title, points, t("promise_minutes"), language=lang)
    shares = on_time(statistics, lang) if statistics else []
    if len(shares) > 1:
        figures["on_time"] = charts.lines(
            t("statistics_on_time_share"),
            [share.label for share in shares],
            [charts.Series(t("statistics_on_time_share"), [share.percent for share in shares])],
            "%",
            language=lang,
        )
    return figures


def minutes_rows(promises: Promises, lang: str) -> list[tuple[str, int, int]]:
    """Return the table behind the chart of minutes: month, minutes against us, and excluded."""
    return [
        (months_label(month.month, month.month, lang), kept.missed, kept.excluded)
        for month in reversed(promises.months)
        for kept in month.promises
        if kept.code == "S4" and kept.value is not None
    ]


# --- open data ---


def as_csv(promises: Promises) -> bytes:
    """Return each promise of each month as a line of CSV in UTF-8, with its licence."""
    by_code = {promise.code: promise for promise in promises.promises}
    rows: list[Sequence[object]] = [COLUMNS]
    for month in promises.months:
        for kept in month.promises:
            promise = by_code.get(kept.code)
            rows.append(
                (
                    month.month,
                    month.first_day,
                    month.last_day,
                    "yes" if month.over else "no",
                    month.edition or "",
                    kept.code,
                    promise.clause if promise else "",
                    promise.measure if promise else "",
                    _percent_cell(promise.target if promise else None),
                    _percent_cell(kept.value),
                    kept.of,
                    kept.missed,
                    kept.excluded,
                    "" if kept.budget_left is None else kept.budget_left,
                    LICENCE,
                )
            )
    return (BOM + "".join(map(line, rows))).encode()


def _percent_cell(hundredths: int | None) -> str:
    return "" if hundredths is None else percent(hundredths)


def as_json(promises: Promises, satisfaction: Sequence[Json], page: str) -> bytes:
    """Return the promises of 90 days and of each month, and the satisfaction, as JSON.

    Values and targets are hundredths of a percent, all else minutes or cases.
    """
    document = {
        "page": page,
        "licence": {"name": LICENCE, "url": LICENCE_AT},
        **to_wire(promises),
        "satisfaction": [
            {"of": str(row["key"]).removeprefix("satisfaction_")}
            | {name: row[name] for name in ("rated", "mean_hundredths", "solved")}
            for row in satisfaction
        ],
    }
    return orjson.dumps(document)
