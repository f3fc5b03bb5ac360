"""Figures by unit and by clause of the agreement (S1, S2, S3), uncut, for the staff."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from typing import NamedTuple

from sqlalchemy import Column, ColumnElement, Date, FromClause, Interval, cast, func, select

from bus.database.rows import fetch_only
from bus.messages.values import Json
from contracts.ticketing.calendar import AskReport, Report
from iran.persian import TEHRAN, tehran_day
from services.ticketing.context import Context
from services.ticketing.domain import moves
from services.ticketing.domain.book import Named
from services.ticketing.domain.moves import WORK
from services.ticketing.figures import follow_ups, levels, parts
from services.ticketing.figures.counting import (
    ENDED,
    IS_REQUEST,
    WITH_END,
    Ratings,
    Span,
    first_of_month,
    midnight,
    ratings_by_unit,
    registered_in,
)
from services.ticketing.tables import TICKET_EVENTS, TICKETS
from services.ticketing.tickets import views

# A ticket without a county.
UNKNOWN: Json = {"code": "", "fa": "نامشخص", "en": "unknown"}
DAYS_MOST = 400


class Registered(NamedTuple):
    """Tickets of a span of days: online, by e-mail, and all."""

    online: int
    mail: int
    total: int


class Visits(NamedTuple):
    """Visits of a span of days: invitations, and citizens who came."""

    invited: int
    came: int


def report(context: Context, message: AskReport) -> Report:
    """Return the figures of a span of days; by default of this Jalali month and two before.

    Forbidden ``desk.role`` without the right ``report``: heads of units and supervisors have it.
    """
    moves.require(context.colleague.role, "report")
    today = tehran_day(context.now)
    first = (
        dt.date.fromisoformat(message.from_day) if message.from_day else first_of_month(today, 2)
    )
    last = dt.date.fromisoformat(message.to_day) if message.to_day else today
    span = Span(midnight(first), midnight(last + dt.timedelta(days=1)))
    units = _units(context, span)
    return Report(
        from_day=first.isoformat(),
        to_day=last.isoformat(),
        units=tuple(units),
        clauses=tuple(_clauses(context, span, units)),
        days=tuple(_days(context, span)),
        categories=tuple(_by(context, span, TICKETS.c.category, context.book.categories)),
        counties=tuple(_by(context, span, TICKETS.c.county, context.book.counties)),
        channels=tuple(_channels(context, span)),
        parts=tuple(parts.of_units(context, span)),
        follow_ups=tuple(follow_ups.of_units(context, span)),
        levels=tuple(levels.of_units(context, span)),
    )


def _units(context: Context, span: Span) -> list[Json]:
    ratings = ratings_by_unit(context, span)
    return [
        {**asdict(ratings.get(row["unit"]["code"], Ratings())), **row}
        for row in _by(context, span, TICKETS.c.unit, context.book.units, name="unit")
    ]


def _by(
    context: Context,
    span: Span,
    column: Column[str],
    items: Mapping[str, Named],
    name: str = "item",
) -> list[Json]:
    """Count the tickets that were registered in a span by what a column says."""
    took = ENDED.c.ended_at - TICKETS.c.registered_at
    median = func.percentile_disc(0.5).within_group(took.asc())
    statement = (
        select(
            column.label("code"),
            func.count().label("registered"),
            func.count().filter(ENDED.c.ended_at.is_not(None)).label("answered"),
            func.count().filter(ENDED.c.on_time).label("on_time"),
            func.count().filter(TICKETS.c.state.in_(WORK)).label("open"),
            func.count().filter(TICKETS.c.due_at < context.now).label("late"),
            func.coalesce(median, cast("0", Interval)).label("median"),
        )
        .select_from(WITH_END)
        .where(*registered_in(span))
        .group_by(column)
    )
    return [
        {
            name: views.named(items, row.code) or UNKNOWN,
            "registered": row.registered,
            "answered": row.answered,
            "on_time": row.on_time,
            "open": row.open,
            "late": row.late,
            "median_minutes": int(row.median.total_seconds() // 60),
        }
        for row in context.conn.execute(statement)
    ]


def _days(context: Context, span: Span) -> list[Json]:
    """Count what was registered and what was first answered on each day of a span."""
    registered = _by_day(context, span, TICKETS.c.registered_at, TICKETS)
    answered = _by_day(context, span, ENDED.c.ended_at, WITH_END)
    first, last = tehran_day(span.first), tehran_day(span.last - dt.timedelta(seconds=1))
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        {
            "day": day.isoformat(),
            "registered": registered.get(day, 0),
            "answered": answered.get(day, 0),
        }
        for day in days[:DAYS_MOST]
    ]


def _by_day(
    context: Context, span: Span, moment: ColumnElement[dt.datetime], source: FromClause
) -> dict[dt.date, int]:
    day = cast(func.timezone(TEHRAN.key, moment), Date)
    statement = (
        select(day.label("day"), func.count().label("tickets"))
        .select_from(source)
        .where(moment >= span.first, moment < span.last, IS_REQUEST)
        .group_by(day)
    )
    return {row.day: row.tickets for row in context.conn.execute(statement)}


def _channels(context: Context, span: Span) -> list[Json]:
    statement = (
        select(TICKETS.c.channel, func.count().label("registered"))
        .where(*registered_in(span))
        .group_by(TICKETS.c.channel)
        .order_by(func.count().desc(), TICKETS.c.channel)
    )
    return [
        {"channel": row.channel, "registered": row.registered}
        for row in context.conn.execute(statement)
    ]


def _clauses(context: Context, span: Span, units: list[Json]) -> list[Json]:
    """What the numbered promises of the agreement amount to in these days."""
    channel = TICKETS.c.channel
    registered = fetch_only(
        context.conn,
        Registered,
        select(
            func.count().filter(channel.in_(("portal", "api", "open311"))).label("online"),
            func.count().filter(channel == "mail").label("mail"),
            func.count().label("total"),
        ).where(*registered_in(span)),
    )
    act = TICKET_EVENTS.c.act
    visits = fetch_only(
        context.conn,
        Visits,
        select(
            func.count().filter(act == "invite").label("invited"),
            func.count().filter(act == "visit").label("came"),
        ).where(TICKET_EVENTS.c.at >= span.first, TICKET_EVENTS.c.at < span.last),
    )
    total = registered.total
    answered, on_time = (sum(unit[name] for unit in units) for name in ("answered", "on_time"))
    return [
        _clause("S1", "ثبت برخط", "registered online", total, registered.online),
        _clause("S2", "با پست الکترونیک", "by e-mail", total, registered.mail),
        _clause("S3", "پاسخ به‌موقع", "answered on time", answered, on_time),
        _clause(
            "S3", "مراجعه حضوری انجام‌شده", "visits that took place", visits.invited, visits.came
        ),
    ]


def _clause(clause: str, fa: str, en: str, of: int, count: int) -> Json:
    return {"clause": clause, "fa": fa, "en": en, "of": of, "count": count}
