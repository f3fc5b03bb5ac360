"""What several figures count by: the end of a ticket, its rating, months of the Jalali calendar."""

import datetime as dt
from dataclasses import dataclass

from persiantools.jdatetime import JalaliDate
from sqlalchemy import (
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Label,
    Subquery,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on

from bus.database.rows import fetch_only
from iran.persian import TEHRAN
from services.ticketing.context import Context
from services.ticketing.tables import TICKET_EVENTS, TICKETS

SPAM = "spam"
# A ticket is answered on time if the promise that its log shows was kept: the first answer or
# close came before the due time that was in force then (due_seen is emptied when it is met).
_ENDS = TICKET_EVENTS.alias()
ENDED = (
    select(
        func.min(_ENDS.c.at).label("ended_at"),
        func.bool_and(func.coalesce(_ENDS.c.data["on_time"].astext.cast(Boolean), true())).label(
            "on_time"
        ),
    )
    .where(
        _ENDS.c.ticket == TICKETS.c.id,
        _ENDS.c.act.in_(("answer", "close")),
        # Nobody was answered by that.
        _ENDS.c.data["reason"].astext.is_distinct_from(SPAM),
    )
    .having(func.min(_ENDS.c.at).is_not(None))
    .lateral("ended")
)
WITH_END = TICKETS.outerjoin(ENDED, true())


def _taken_up_after(event: FromClause) -> ColumnElement[bool]:
    """True of an entry of a log behind which its ticket was worked on again."""
    later = TICKET_EVENTS.alias()
    return (
        select(later.c.seq)
        .where(
            later.c.ticket == event.c.ticket,
            later.c.act.in_(("reopen", "take_up")),
            later.c.seq > event.c.seq,
        )
        .exists()
    )


def _is_request() -> ColumnElement[bool]:
    """True of a ticket that is somebody's request: what was set aside as spam is none, as long as
    nobody takes it up again, and no figure gets better or worse by it.
    """
    close = TICKET_EVENTS.alias()
    spam = select(close.c.seq).where(
        close.c.ticket == TICKETS.c.id,
        close.c.act == "close",
        close.c.data["reason"].astext == SPAM,
        ~_taken_up_after(close),
    )
    return ~spam.correlate(TICKETS).exists()


IS_REQUEST = _is_request()


@dataclass(frozen=True, slots=True)
class Span:
    """A span of moments, the last one not in it."""

    first: dt.datetime
    last: dt.datetime


@dataclass(frozen=True, slots=True)
class Ratings:
    """How many rated, the mean in hundredths, and how many were helped."""

    rated: int = 0
    mean_hundredths: int | None = None
    solved: int = 0


def registered_in(span: Span) -> tuple[ColumnElement[bool], ...]:
    """The condition of the requests that were registered in a span."""
    at = TICKETS.c.registered_at
    return at >= span.first, at < span.last, IS_REQUEST


def ratings_by_unit(context: Context, span: Span) -> dict[str, Ratings]:
    """Return the ratings of the tickets that were registered in a span, by unit."""
    rated = _rated(span)
    statement = select(rated.c.unit, *_rating_columns(rated)).group_by(rated.c.unit)
    return {unit: Ratings(*counts) for unit, *counts in context.conn.execute(statement)}


def ratings_of_all(context: Context, span: Span) -> Ratings:
    """Return the ratings of all tickets that were registered in a span."""
    rated = _rated(span)
    return fetch_only(context.conn, Ratings, select(*_rating_columns(rated)))


def _rating_columns(rated: Subquery) -> tuple[Label[int], ...]:
    """The fields of Ratings, counted over ``rated``."""
    return (
        func.count().label("rated"),
        func.round(func.avg(rated.c.score) * 100).cast(Integer).label("mean_hundredths"),
        func.count().filter(rated.c.solved).label("solved"),
    )


def _rated(span: Span) -> Subquery:
    """The last rating of each ticket since it was last worked on again: what its citizen thinks."""
    rating = TICKET_EVENTS.alias()
    return (
        select(
            TICKETS.c.unit,
            rating.c.data["score"].astext.cast(Integer).label("score"),
            rating.c.data["solved"].astext.cast(Boolean).label("solved"),
        )
        .ext(distinct_on(rating.c.ticket))
        .join_from(rating, TICKETS, TICKETS.c.id == rating.c.ticket)
        .where(rating.c.act == "rate", *registered_in(span), ~_taken_up_after(rating))
        .order_by(rating.c.ticket, rating.c.seq.desc())
        .subquery("rated")
    )


def first_of_month(day: dt.date, months: int) -> dt.date:
    """Return the first day of the Jalali month that many months before the day's own."""
    here = JalaliDate(day)
    count = here.year * 12 + here.month - 1 - months
    first: dt.date = JalaliDate(count // 12, count % 12 + 1, 1).to_gregorian()
    return first


def midnight(day: dt.date) -> dt.datetime:
    """Return the moment at which a day begins in Tehran."""
    return dt.datetime.combine(day, dt.time(), TEHRAN)
