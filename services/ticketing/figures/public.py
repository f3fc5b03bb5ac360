"""Figures that everybody may see, in which nobody can be found."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, select

from bus.messages.values import Json
from contracts.ticketing.public import AskStatistics, Period, Statistics, Subjects
from iran.persian import jalali, tehran_day
from people.small_counts import SMALLEST, is_safe
from services.ticketing.context import Context
from services.ticketing.domain import statistics
from services.ticketing.domain.statistics import COUNTS, Groups
from services.ticketing.figures import follow_ups
from services.ticketing.figures.counting import (
    ENDED,
    IS_REQUEST,
    WITH_END,
    Span,
    ratings_of_all,
    registered_in,
)
from services.ticketing.figures.windows import Window, window_of
from services.ticketing.tables import TICKETS
from services.ticketing.tickets import views


def public(context: Context, message: AskStatistics) -> Statistics:
    """Return counts by Jalali month and by category of the last twelve months, and the ratings.

    They end with the newest month of which enough is there; ``message.months`` cuts the list of
    months and nothing else.
    """
    today = tehran_day(context.now)
    window = _window(context, today)
    span = window.span(today)
    by_month, by_category = _counts(context, span)
    months = [by_month.get(month, _none()) for month in window.months]
    of_months = statistics.groups(months, window.ends)
    codes = sorted(by_category, key=lambda code: (-by_category[code]["registered"], code))
    of_categories = statistics.groups([by_category[code] for code in codes])
    categories = [views.category_of(context, code) for code in codes]
    first = max(0, len(window.months) - message.months)
    return Statistics(
        from_day=tehran_day(span.first).isoformat(),
        to_day=(tehran_day(span.last) - dt.timedelta(days=1)).isoformat(),
        smallest=SMALLEST,
        months=tuple(_alone(of_months, [{"month": month} for month in window.months])[first:]),
        categories=tuple(_alone(of_categories, categories)),
        total=_total(of_months, of_categories),
        ratings=_ratings(context, span),
        periods=tuple(
            Period(
                measure=name,
                first=window.months[group.first],
                last=window.months[group.last],
                count=group.total,
            )
            for name in COUNTS
            for group in of_months[name]
            if group.first >= first
        ),
        subjects=tuple(
            Subjects(
                measure=name,
                categories=tuple(categories[group.first : group.last + 1]),
                count=group.total,
            )
            for name in COUNTS
            for group in of_categories[name]
        ),
        follow_ups=follow_ups.public(context),
    )


def _none() -> dict[str, int]:
    return dict.fromkeys(COUNTS, 0)


def _window(context: Context, today: dt.date) -> Window:
    """The last twelve months as far as they are shown, cut where a period begins and ends."""
    return window_of(context.conn, select(TICKETS.c.registered_at).where(IS_REQUEST), today)


def _counts(
    context: Context, span: Span
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Count the tickets of a span, by Jalali month and by category."""
    statement = (
        select(
            TICKETS.c.registered_at,
            TICKETS.c.category,
            ENDED.c.ended_at.is_not(None).label("answered"),
            func.coalesce(ENDED.c.on_time, False).label("on_time"),
        )
        .select_from(WITH_END)
        .where(*registered_in(span))
    )
    by_month: dict[str, dict[str, int]] = {}
    by_category: dict[str, dict[str, int]] = {}
    for row in context.conn.execute(statement):
        month = jalali(tehran_day(row.registered_at))[:7]
        for table, key in ((by_month, month), (by_category, row.category)):
            counts = table.setdefault(key, _none())
            counts["registered"] += 1
            counts["answered"] += row.answered
            counts["on_time"] += row.answered and row.on_time
    return by_month, by_category


def _alone(groups: Groups, rows: Sequence[Json]) -> list[Json]:
    """Rows with the counts that are shown for them alone; None where others are counted in."""
    shown = {
        name: {group.first: group.total for group in of_measure if group.first == group.last}
        for name, of_measure in groups.items()
    }
    return [
        {**row, **{name: shown[name].get(number) for name in COUNTS}}
        for number, row in enumerate(rows)
    ]


def _total(*tables: Groups) -> Json:
    """The sum of each measure that is shown in a table; None where it is in neither."""
    return {
        name: next((sum(g.total for g in groups[name]) for groups in tables if groups[name]), None)
        for name in COUNTS
    }


def _ratings(context: Context, span: Span) -> Json:
    """The ratings for everybody; nothing where so few rated that they could be known."""
    ratings = ratings_of_all(context, span)
    if ratings.rated < SMALLEST:
        return dict.fromkeys(("rated", "mean_hundredths", "solved"))
    safe = is_safe(ratings.solved) and is_safe(ratings.rated - ratings.solved)
    return {
        "rated": ratings.rated,
        "mean_hundredths": ratings.mean_hundredths,
        "solved": ratings.solved if safe else None,
    }
