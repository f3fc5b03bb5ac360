"""What everybody may see: counts in which nobody can be found, and tickets that are public."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import ColumnElement, func, select

from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.messages.values import Json
from contracts.ticketing.citizens import (
    AskStatistics,
    AskToken,
    ListPublic,
    PublicTickets,
    Statistics,
    TokenOf,
)
from iran.persian import jalali, tehran_day
from services.ticketing.context import Context
from services.ticketing.domain import statistics
from services.ticketing.domain.book import Named
from services.ticketing.domain.moves import WORK
from services.ticketing.figures.counting import (
    ENDED,
    WITH_END,
    Span,
    first_of_month,
    midnight,
    ratings_of_all,
)
from services.ticketing.tables import TICKETS
from services.ticketing.tickets import rows, views
from services.ticketing.tickets.rows import TicketRow


def public(context: Context, message: AskStatistics) -> Statistics:
    """Return counts by Jalali month and by category, the small ones hidden."""
    begin = first_of_month(tehran_day(context.now), message.months - 1)
    by_month, by_category = _counts(context, begin)
    months, _ = statistics.published([counts for _, counts in sorted(by_month.items())])
    categories, total = statistics.published([c for _, c in sorted(by_category.items())])
    return Statistics(
        from_day=begin.isoformat(),
        smallest=statistics.SMALLEST,
        months=tuple(
            {"month": month, **counts} for month, counts in _zip(sorted(by_month), months)
        ),
        categories=tuple(
            {**views.category_of(context, code), **counts}
            for code, counts in _zip(sorted(by_category), categories)
        ),
        total=total,
        ratings=_ratings(context, begin),
    )


def _zip(
    names: Iterable[str], counts: Iterable[statistics.PublicCounts]
) -> Iterable[tuple[str, statistics.PublicCounts]]:
    return zip(names, counts, strict=True)


def _counts(
    context: Context, begin: dt.date
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """Count the tickets since a day, by Jalali month and by category."""
    statement = (
        select(
            TICKETS.c.registered_at,
            TICKETS.c.category,
            ENDED.c.ended_at.is_not(None).label("answered"),
            func.coalesce(ENDED.c.on_time, False).label("on_time"),
        )
        .select_from(WITH_END)
        .where(TICKETS.c.registered_at >= midnight(begin))
    )
    by_month: dict[str, dict[str, int]] = {}
    by_category: dict[str, dict[str, int]] = {}
    for row in context.conn.execute(statement):
        month = jalali(tehran_day(row.registered_at))[:7]
        for table, key in ((by_month, month), (by_category, row.category)):
            counts = table.setdefault(key, dict.fromkeys(statistics.COUNTS, 0))
            counts["registered"] += 1
            counts["answered"] += row.answered
            counts["on_time"] += row.answered and row.on_time
    return by_month, by_category


def _ratings(context: Context, begin: dt.date) -> Json:
    """The ratings for everybody; nothing where so few rated that they could be known."""
    last = midnight(tehran_day(context.now) + dt.timedelta(days=1))
    ratings = ratings_of_all(context, Span(midnight(begin), last))
    if ratings.rated < statistics.SMALLEST:
        return dict.fromkeys(("rated", "mean_hundredths", "solved"))
    return asdict(ratings)


def public_tickets(context: Context, message: ListPublic) -> PublicTickets:
    """List tickets that their writers let everybody see; never who they are."""
    statement = (
        rows.tickets()
        .where(*_conditions(message))
        .order_by(TICKETS.c.registered_at.desc(), TICKETS.c.id.desc())
        .limit(message.page_size)
        .offset((message.page - 1) * message.page_size)
    )
    tickets = fetch_all(context.conn, TicketRow, statement)
    return PublicTickets(tickets=tuple(_public(context, row) for row in tickets))


def _conditions(message: ListPublic) -> list[ColumnElement[bool]]:
    where = [TICKETS.c.public, TICKETS.c.channel != "mail"]
    if message.codes is not None:
        where.append(TICKETS.c.code.in_(message.codes))
    if message.categories is not None:
        where.append(TICKETS.c.category.in_(message.categories))
    if message.since is not None:
        where.append(TICKETS.c.registered_at >= _moment(message.since))
    if message.until is not None:
        where.append(TICKETS.c.registered_at <= _moment(message.until))
    if message.updated_since is not None:
        where.append(TICKETS.c.updated_at >= _moment(message.updated_since))
    if message.updated_until is not None:
        where.append(TICKETS.c.updated_at <= _moment(message.updated_until))
    if message.states is not None and len(set(message.states)) == 1:
        is_open = TICKETS.c.state.in_(WORK)
        where.append(is_open if "open" in message.states else ~is_open)
    return where


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _public(context: Context, row: TicketRow) -> Json:
    category = context.book.categories.get(row.category) or Named(row.category, *[row.category] * 2)
    unit = context.book.units.get(row.unit) or Named(row.unit, row.unit, row.unit)
    return {
        "code": row.code,
        "token": row.token,
        "category": row.category,
        "category_fa": category.fa,
        "category_en": category.en,
        "unit_fa": unit.fa,
        "unit_en": unit.en,
        "open": row.state in WORK,
        "status_notes": None,
        "description": row.text,
        "registered_at": instant(row.registered_at),
        "updated_at": instant(row.updated_at),
        "expected_at": row.due_seen.get("solution"),
        "address": row.address,
        "lat": row.lat,
        "long": row.long,
        "media_url": None,
    }


def token(context: Context, message: AskToken) -> TokenOf:
    """Return the code that a token of Open311 became; None if there is no such token."""
    statement = select(TICKETS.c.code).where(TICKETS.c.token == message.token)
    return TokenOf(token=message.token, code=context.conn.execute(statement).scalar())
