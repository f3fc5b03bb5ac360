"""What citizens said weeks after the end: is it mended, and was it their first ticket?

Counted by the month in which they were asked and by the unit that it was asked about. For the desk
uncut; for everybody so that nobody is found (domain/statistics.py).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Date, cast, func, select

from bus.database.rows import fetch_all
from bus.messages.values import Json
from contracts.ticketing.public import (
    FOLLOW_UP_MEASURES,
    FollowUpPeriod,
    FollowUps,
    FollowUpUnits,
)
from iran.persian import TEHRAN, jalali, tehran_day
from people.small_counts import is_safe
from services.ticketing.context import Context
from services.ticketing.domain import statistics
from services.ticketing.domain.statistics import Groups
from services.ticketing.figures.counting import Span
from services.ticketing.figures.windows import window_of
from services.ticketing.tables import FOLLOW_UPS
from services.ticketing.tickets import views

FIRST_TIME = ("first_time", "not_first", "unsaid")
COUNTS = (*FOLLOW_UP_MEASURES, "not_mended", "unknown", *FIRST_TIME)
Tally = dict[str, int]


@dataclass(frozen=True, slots=True)
class DayOfUnit:
    """What came of the questions of a day about the tickets of a unit."""

    unit: str
    day: dt.date
    asked: int
    answered: int
    mended: int
    not_mended: int
    unknown: int
    first_time: int
    not_first: int
    unsaid: int


def of_units(context: Context, span: Span) -> list[Json]:
    """Count by unit and Jalali month, the newest month first; uncut, for the desk."""
    rows: dict[tuple[str, str], Tally] = {}
    for row in _days(context, span):
        _add(rows.setdefault((row.unit, _month(row)), _none()), row)
    ordered = sorted(sorted(rows), key=lambda key: key[1], reverse=True)
    return [
        {"unit": views.unit_of(context, unit), "month": month, **rows[unit, month]}
        for unit, month in ordered
    ]


def public(context: Context) -> FollowUps | None:
    """Return what everybody may see of the last twelve months; None while too few were asked."""
    moments = select(FOLLOW_UPS.c.decided_at).where(FOLLOW_UPS.c.outcome == "asked")
    today = tehran_day(context.now)
    window = window_of(context.conn, moments, today)
    if not window.months:
        return None
    by_month: dict[str, Tally] = {month: _none() for month in window.months}
    by_unit: dict[str, Tally] = {}
    for row in _days(context, window.span(today)):
        _add(by_month[_month(row)], row)
        _add(by_unit.setdefault(row.unit, _none()), row)
    codes = sorted(by_unit, key=lambda code: (-by_unit[code]["asked"], code))
    units, tallies = [views.unit_of(context, c) for c in codes], [by_unit[c] for c in codes]
    of_months = statistics.groups(list(by_month.values()), window.ends, FOLLOW_UP_MEASURES)
    of_units = statistics.groups(tallies, None, FOLLOW_UP_MEASURES)
    return FollowUps(
        periods=tuple(
            FollowUpPeriod(
                measure=measure,
                first=window.months[group.first],
                last=window.months[group.last],
                count=group.total,
            )
            for measure in FOLLOW_UP_MEASURES
            for group in of_months[measure]
        ),
        units=tuple(
            FollowUpUnits(
                measure=measure,
                units=tuple(units[group.first : group.last + 1]),
                count=group.total,
            )
            for measure in FOLLOW_UP_MEASURES
            for group in of_units[measure]
        ),
        total=_total(tallies, of_months, of_units),
    )


def _total(tallies: Sequence[Tally], *tables: Groups) -> Json:
    """The sums that may be shown; None for the others.

    A measure is shown if it is in a table. What the answers are beside those that say mended is
    shown in its two parts if both are safe; of the first-timers what shown_parts allows.
    """
    whole = {name: sum(tally[name] for tally in tallies) for name in COUNTS}
    shown = {name for name in FOLLOW_UP_MEASURES if any(groups[name] for groups in tables)}
    if "mended" in shown and is_safe(whole["not_mended"]) and is_safe(whole["unknown"]):
        shown |= {"not_mended", "unknown"}
    if "answered" in shown:
        shown |= statistics.shown_parts({name: whole[name] for name in FIRST_TIME})
    return {name: whole[name] if name in shown else None for name in COUNTS}


def _days(context: Context, span: Span) -> list[DayOfUnit]:
    table = FOLLOW_UPS.c
    day = cast(func.timezone(TEHRAN.key, table.decided_at), Date)
    count = func.count()
    statement = (
        select(
            table.unit,
            day.label("day"),
            count.label("asked"),
            count.filter(table.answered_at.is_not(None)).label("answered"),
            count.filter(table.mended == "yes").label("mended"),
            count.filter(table.mended == "no").label("not_mended"),
            count.filter(table.mended == "unknown").label("unknown"),
            count.filter(table.first_time == "yes").label("first_time"),
            count.filter(table.first_time == "no").label("not_first"),
            count.filter(table.first_time == "unsaid").label("unsaid"),
        )
        .where(
            table.outcome == "asked",
            table.decided_at >= span.first,
            table.decided_at < span.last,
        )
        .group_by(table.unit, day)
    )
    return fetch_all(context.conn, DayOfUnit, statement)


def _month(row: DayOfUnit) -> str:
    return jalali(row.day)[:7]


def _none() -> Tally:
    return dict.fromkeys(COUNTS, 0)


def _add(tally: Tally, row: DayOfUnit) -> None:
    counts = asdict(row)
    for name in COUNTS:
        tally[name] += counts[name]
