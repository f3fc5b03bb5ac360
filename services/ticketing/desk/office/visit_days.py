"""Months and days of the calendar as the desk reads them, with the visits."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Date, cast, func, select

from bus.database.rows import columns, fetch_all
from bus.envelope import instant
from contracts.ticketing.visits import (
    AskDay,
    AskDays,
    CalendarDay,
    CalendarDays,
    DayTime,
    VisitDay,
    Visitor,
    VisitSlot,
)
from iran.persian import TEHRAN
from services.ticketing.context import Context
from services.ticketing.desk.related import sees_person
from services.ticketing.domain import moves
from services.ticketing.domain.calendar import Calendar, moment
from services.ticketing.tables import BOOKINGS, PEOPLE, SLOTS, TICKETS
from services.ticketing.tickets import views
from services.ticketing.tickets.refusals import field_refusal
from services.ticketing.tickets.slots import Slot

MOST_DAYS = 62


@dataclass(frozen=True, slots=True)
class Booking:
    """A ticket that holds a place of a slot."""

    slot: int
    code: str
    unit: str
    privacy: str
    state: str
    text: str
    name: str | None


def days(context: Context, message: AskDays) -> CalendarDays:
    """Return days of the calendar, each with how many may come and do.

    RuleBroken ``field.wrong`` for more than MOST_DAYS.
    """
    moves.require(context.colleague.role, "read")
    first = dt.date.fromisoformat(message.from_day)
    last = dt.date.fromisoformat(message.to_day)
    if not 0 <= (last - first).days < MOST_DAYS:
        raise field_refusal("to_day", f"Give 1 to {MOST_DAYS} days.", "days.many")
    counts = _counts(context.conn, first, last)
    dates = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    return CalendarDays(
        days=tuple(
            _day(context.calendar, date, message.county or "", counts.get(date, (0, 0)))
            for date in dates
        ),
        offices=tuple(views.by_name(context.book.offices)),
        counties=tuple(views.by_name(context.book.counties)),
    )


def visits_of_day(context: Context, message: AskDay) -> VisitDay:
    """Return the visits of a day in their order; which ticket it is only of the colleague's own
    units, and who comes only where the colleague may see who wrote it.
    """
    moves.require(context.colleague.role, "read")
    date = dt.date.fromisoformat(message.day)
    listed = _slots(context.conn, date)
    bookings = defaultdict(list)
    for booking in _bookings(context.conn, [slot.id for slot in listed]):
        bookings[booking.slot].append(booking)
    sums = sum(slot.capacity for slot in listed), sum(slot.reserved for slot in listed)
    return VisitDay(
        day=_day(context.calendar, date, "", sums),
        slots=tuple(
            VisitSlot(
                office=slot.office,
                starts_at=instant(slot.starts_at),
                ends_at=instant(slot.ends_at),
                capacity=slot.capacity,
                taken=slot.reserved,
                visitors=tuple(_visitor(context, booking) for booking in bookings[slot.id]),
            )
            for slot in listed
        ),
        offices=tuple(views.by_name(context.book.offices)),
    )


def _visitor(context: Context, booking: Booking) -> Visitor:
    colleague = context.colleague
    own = colleague.all_units or booking.unit == colleague.unit
    return Visitor(
        unit=views.unit_of(context, booking.unit),
        code=booking.code if own else None,
        subject=views.beginning(booking.text) if own else None,
        name=booking.name if sees_person(context, booking.unit, booking.privacy) else None,
        state=booking.state if own else None,
    )


def _day(calendar: Calendar, date: dt.date, county: str, counts: tuple[int, int]) -> CalendarDay:
    day, last_known = calendar.day(date, county), calendar.known_until
    return CalendarDay(
        day=date.isoformat(),
        open=day.is_open,
        opens=_hour(day.opens),
        closes=_hour(day.closes),
        reason_fa=calendar.title(date, county),
        known=last_known is None or date <= last_known,
        places=counts[0],
        taken=counts[1],
        times=tuple(
            DayTime(opens=_clock_of(span.opens), closes=_clock_of(span.closes))
            for span in day.spans
        ),
    )


def _hour(at: dt.datetime | None) -> str | None:
    return _clock_of(at) if at else None


def _clock_of(at: dt.datetime) -> str:
    return f"{at.astimezone(TEHRAN):%H:%M}"


def _counts(conn: Connection, first: dt.date, last: dt.date) -> dict[dt.date, tuple[int, int]]:
    """By day of Tehran: how many places its slots have, and how many are taken."""
    day = cast(func.timezone("Asia/Tehran", SLOTS.c.starts_at), Date)
    statement = (
        select(day.label("day"), func.sum(SLOTS.c.capacity), func.sum(SLOTS.c.reserved))
        .where(_between(first, last))
        .group_by(day)
    )
    rows = conn.execute(statement)
    return {date: (int(places), int(reserved)) for date, places, reserved in rows}


def _between(first: dt.date, last: dt.date) -> ColumnElement[bool]:
    begin, end = moment(first, dt.time()), moment(last + dt.timedelta(days=1), dt.time())
    return (SLOTS.c.starts_at >= begin) & (SLOTS.c.starts_at < end)


def _slots(conn: Connection, date: dt.date) -> list[Slot]:
    statement = (
        select(*columns(SLOTS, Slot))
        .where(_between(date, date))
        .order_by(SLOTS.c.starts_at, SLOTS.c.office)
    )
    return fetch_all(conn, Slot, statement)


def _bookings(conn: Connection, slots: list[int]) -> list[Booking]:
    statement = (
        select(
            BOOKINGS.c.slot,
            TICKETS.c.code,
            TICKETS.c.unit,
            TICKETS.c.privacy,
            TICKETS.c.state,
            TICKETS.c.text,
            PEOPLE.c.name,
        )
        .join(TICKETS, TICKETS.c.id == BOOKINGS.c.ticket)
        .outerjoin(PEOPLE, PEOPLE.c.ticket == TICKETS.c.id)
        .where(BOOKINGS.c.slot.in_(slots))
        .order_by(TICKETS.c.id)
    )
    return fetch_all(conn, Booking, statement)
