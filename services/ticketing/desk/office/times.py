"""Times for visits: which would be opened on which days, and their opening."""

import datetime as dt
from dataclasses import dataclass, field
from itertools import pairwise

from sqlalchemy import Connection, func, select

from bus.envelope import instant
from bus.errors import RuleBroken
from contracts.ticketing.calendar import AddSlots, Slots
from contracts.ticketing.visits import ClosedDay, SlotPlan
from iran.persian import jalali, tehran_day
from services.ticketing.context import Context
from services.ticketing.desk.office.calendar import refusal_of, time_of
from services.ticketing.domain import moves
from services.ticketing.domain.calendar import Day, moment
from services.ticketing.domain.office_hours import WEEKDAYS
from services.ticketing.tables import SLOTS
from services.ticketing.tickets import slots, views
from services.ticketing.tickets.refusals import field_refusal

MOST_DAYS, MOST_SLOTS = 92, 3000
Span = tuple[dt.datetime, dt.datetime]


@dataclass(slots=True)
class Plan:
    """The times that would be opened, by day, and the days of the range that are closed."""

    spans: dict[dt.date, list[Span]] = field(default_factory=dict)
    closed: list[Day] = field(default_factory=list)
    outside: list[dt.date] = field(default_factory=list)
    breaks: list[dt.date] = field(default_factory=list)

    @property
    def all_spans(self) -> list[Span]:
        return [span for spans in self.spans.values() for span in spans]


def preview(context: Context, message: AddSlots) -> SlotPlan:
    """Say what ``add_slots`` would open. Raises what it raises."""
    plan = _plan(context, message)
    spans = plan.all_spans
    return SlotPlan(
        days=tuple(day.isoformat() for day in plan.spans),
        slots=len(spans),
        places=len(spans) * message.capacity,
        present=_count_present(context.conn, message.office, spans),
        closed=tuple(
            ClosedDay(day=day.date.isoformat(), reason_fa=day.reason_fa) for day in plan.closed
        ),
        outside=tuple(day.isoformat() for day in plan.outside),
        breaks=tuple(day.isoformat() for day in plan.breaks),
    )


def add_slots(context: Context, message: AddSlots) -> Slots:
    """Open times for visits at an office, one after the other, on a day or on each open day of a
    range. Times that begin when another does stay as they are.

    RuleBroken ``field.wrong``, ``calendar.unknown``; of a range without any open day
    ``calendar.closed``.
    """
    spans = _plan(context, message).all_spans
    slots.add_slots(context.conn, message.office, spans, message.capacity)
    return Slots(
        slots=tuple(
            {"starts_at": instant(starts), "ends_at": instant(ends)} for starts, ends in spans
        )
    )


def _plan(context: Context, message: AddSlots) -> Plan:
    moves.require(context.colleague.role, "slots")
    views.office_of(context, message.office)
    opens, closes = time_of(message.opens, "opens"), time_of(message.closes, "closes")
    step, plan = dt.timedelta(minutes=message.minutes), Plan()
    for date in _days(context, message):
        day = context.calendar.day(date, "")
        # One day is opened as it was asked for; of a range only the days that are open.
        if not day.is_open:
            plan.closed.append(day)
            if message.to_day:
                continue
        begin, end = moment(date, opens), moment(date, closes)
        parts = _without_breaks(day, begin, end)
        if not all(day.holds(*part) for part in parts):
            plan.outside.append(date)
        if parts != [(begin, end)]:
            plan.breaks.append(date)
        if spans := [span for part in parts for span in _steps(*part, step)]:
            plan.spans[date] = spans
    _refuse_empty(plan, message)
    return plan


def _days(context: Context, message: AddSlots) -> list[dt.date]:
    """The days that were asked for. RuleBroken ``field.wrong``, ``calendar.unknown``."""
    first = dt.date.fromisoformat(message.day)
    last = dt.date.fromisoformat(message.to_day) if message.to_day else first
    if first < tehran_day(context.now):
        raise field_refusal("day", "This day has passed; nobody could come.", "calendar.past_day")
    if last < first:
        raise field_refusal("to_day", "The last day lies before the first.")
    if (last - first).days >= MOST_DAYS:
        raise field_refusal("to_day", f"Give {MOST_DAYS} days at most.", "days.many")
    last_known = context.calendar.known_until
    if last_known is not None and last > last_known:
        raise _calendar_unknown("to_day" if message.to_day else "day", last_known)
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    wanted = message.weekdays
    return [day for day in days if not wanted or WEEKDAYS[day.weekday()] in wanted]


def _steps(begin: dt.datetime, end: dt.datetime, step: dt.timedelta) -> list[Span]:
    spans = []
    while begin + step <= end:
        spans.append((begin, begin + step))
        begin += step
    return spans


def _without_breaks(day: Day, begin: dt.datetime, end: dt.datetime) -> list[Span]:
    """The parts of a range of times that are left without the breaks between the opening times of
    its day; before and after these it stays as it was asked for.
    """
    parts = []
    for earlier, later in pairwise(day.spans):
        if begin < later.opens and earlier.closes < min(end, later.opens):
            if begin < earlier.closes:
                parts.append((begin, earlier.closes))
            begin = later.opens
    return [*parts, (begin, end)] if begin < end else parts


def _refuse_empty(plan: Plan, message: AddSlots) -> None:
    if plan.spans:
        count = len(plan.all_spans)
        if count > MOST_SLOTS:
            raise field_refusal("to_day", f"These are {count} times; open fewer.", "days.many")
        return
    if message.to_day and (plan.closed or message.weekdays):
        raise refusal_of("to_day", "No day of these is open.", "calendar.closed")
    raise field_refusal("closes", "Not one visit fits between these times.")


def _calendar_unknown(field_name: str, last: dt.date) -> RuleBroken:
    message = (
        f"The calendar after {jalali(last).replace('-', '/')} is not yet known, so nobody can say "
        "whether the office opens on this day. Import the holidays of that year first."
    )
    return refusal_of(field_name, message, "calendar.unknown")


def _count_present(conn: Connection, office: str, spans: list[Span]) -> int:
    starts = [begin for begin, _ in spans]
    statement = select(func.count()).where(SLOTS.c.office == office, SLOTS.c.starts_at.in_(starts))
    return int(conn.execute(statement).scalar_one())
