"""What a change of the calendar would move: days, due dates of open tickets, visits."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, func, select

from bus.database.rows import columns, fetch_all
from bus.envelope import instant
from contracts.ticketing.calendar import CalendarRow, WithdrawRow
from contracts.ticketing.calendars.holidays import CalendarEffect, DayMove, DueMove
from iran.persian import TEHRAN, persian_digits, tehran_day
from services.ticketing.context import Context
from services.ticketing.desk.office.calendar import (
    keep_working_time,
    refuse_endless_withdrawal,
    row_of,
)
from services.ticketing.domain import moves, working_time
from services.ticketing.domain.calendar import Calendar, Day, Row, day_in_words
from services.ticketing.domain.labels import CLOCKS, WEEKDAYS_FA
from services.ticketing.domain.ticket import Entry, fold
from services.ticketing.tables import TICKET_EVENTS, TICKETS
from services.ticketing.tickets import acts, rows, slots
from services.ticketing.tickets.acts import Case
from services.ticketing.tickets.rows import TicketRow

# Looked at are so many tickets, those that are due first, and days.
MOST_TICKETS, MOST_DAYS = 400, 400
# So many lines of days, days one by one, and tickets are listed.
MOST_LINES, ONE_BY_ONE, MOST_MOVES = 14, 7, 30
_OPEN = TICKETS.c.state.in_(("NEW", "OPEN"))


@dataclass
class _Moves:
    """How the due dates of tickets would move."""

    looked: int = 0
    earlier: int = 0
    later: int = 0
    listed: list[DueMove] = field(default_factory=list)


def of_new_row(context: Context, message: CalendarRow) -> CalendarEffect:
    """Say what a new row would move. RuleBroken as ``change_calendar``."""
    moves.require(context.colleague.role, "calendar")
    row = row_of(context, message)
    keep_working_time(context, [row], confirmed=message.confirmed)
    return effect(context, [row], without=())


def of_withdrawal(context: Context, message: WithdrawRow) -> CalendarEffect:
    """Say what the withdrawal of a row would move. RuleBroken as ``withdraw_row``."""
    moves.require(context.colleague.role, "calendar")
    refuse_endless_withdrawal(context, message.row)
    return effect(context, (), without=(message.row,))


def effect(context: Context, added: Sequence[Row], *, without: Sequence[int]) -> CalendarEffect:
    """Say what the calendar would move with rows that are added, and others withdrawn."""
    before = context.calendar
    gone = [row for row in before.rows if row.id in without]
    stay = [row for row in before.rows if row.id not in without]
    after, changed = Calendar([*stay, *added]), [*added, *gone]
    counties = sorted({c for row in changed for c in working_time.counties_of(row, before)})
    dates = _dates(context, changed)
    lines, count = _days(before, after, dates, counties[0] if counties else "")
    due = _due_moves(context, after)
    return CalendarEffect(
        days=tuple(lines[:MOST_LINES]),
        days_count=count,
        tickets=due.looked,
        not_looked=max(0, _count_open(context) - due.looked),
        earlier=due.earlier,
        later=due.later,
        moves=tuple(due.listed[:MOST_MOVES]),
        visits=_visits(context, after),
    )


def _dates(context: Context, changed: Sequence[Row]) -> list[dt.date]:
    """The days from today on of which the rows speak, of the next MOST_DAYS."""
    today = tehran_day(context.now)
    last = today + dt.timedelta(days=MOST_DAYS)
    dates: set[dt.date] = set()
    for row in changed:
        day, end = max(row.from_day, today), min(row.to_day or last, last)
        while day <= end:
            dates.add(day)
            day += dt.timedelta(days=1)
    return sorted(dates)


# --- days ---


def _days(
    before: Calendar, after: Calendar, dates: Sequence[dt.date], county: str
) -> tuple[list[DayMove], int]:
    """What would hold instead of what holds: day by day, or by day of the week if they are many."""
    moved = [
        (date, before.day(date, county), after.day(date, county))
        for date in dates
        if _is_other(before.day(date, county), after.day(date, county))
    ]
    if len(moved) <= ONE_BY_ONE:
        lines = [_line(day_in_words(date)[0], old, new) for date, old, new in moved]
        return lines, len(moved)
    groups: dict[tuple[int, str, str], list[tuple[dt.date, Day, Day]]] = defaultdict(list)
    for date, old, new in moved:
        # A week begins on Saturday.
        weekday = (date.weekday() - 5) % 7
        groups[weekday, old.reason_fa, new.reason_fa].append((date, old, new))
    lines = []
    for (_, _, _), days in sorted(groups.items(), key=lambda item: (item[0][0], item[1][0][0])):
        date, old, new = days[0]
        weekday_fa = WEEKDAYS_FA[date.weekday()]
        counted = persian_digits(f"{weekday_fa}، {len(days)} روز از {day_in_words(date)[0]}")
        lines.append(_line(counted if len(days) > 1 else day_in_words(date)[0], old, new))
    return lines, len(moved)


def _is_other(old: Day, new: Day) -> bool:
    return (old.spans, old.reason_fa) != (new.spans, new.reason_fa)


def _line(days: str, old: Day, new: Day) -> DayMove:
    return DayMove(days_fa=days, before_fa=old.reason_fa, after_fa=new.reason_fa)


# --- due dates ---


def _count_open(context: Context) -> int:
    statement = select(func.count()).select_from(TICKETS).where(_OPEN)
    return int(context.conn.execute(statement).scalar_one())


def _due_moves(context: Context, after: Calendar) -> _Moves:
    """How the running promises of open tickets would move, those that are due first."""
    statement = rows.tickets().where(_OPEN).order_by(*_first_due()).limit(MOST_TICKETS)
    tickets = fetch_all(context.conn, TicketRow, statement)
    logs = _logs(context, [row.id for row in tickets])
    result = _Moves(looked=len(tickets))
    for row in tickets:
        entries = logs.get(row.id, [])
        if entries:
            _note(context, Case(row, entries, fold(entries)), after, result)
    return result


def _logs(context: Context, tickets: Sequence[int]) -> dict[int, list[Entry]]:
    """The logs of several tickets, each from its registration on."""
    own = (TICKET_EVENTS.c.ticket, *columns(TICKET_EVENTS, Entry))
    statement = select(*own).where(TICKET_EVENTS.c.ticket.in_(tickets))
    logs: dict[int, list[Entry]] = defaultdict(list)
    for ticket, *values in context.conn.execute(statement.order_by(TICKET_EVENTS.c.seq)):
        logs[ticket].append(Entry(*values))
    return logs


def _first_due() -> tuple[ColumnElement[object], ...]:
    return (TICKETS.c.due_at.nulls_last(), TICKETS.c.id.asc())


def _note(context: Context, case: Case, after: Calendar, result: _Moves) -> None:
    """Count a ticket whose promises would be due at other moments, and list them."""
    before = acts.due_times(case.clocks(context))
    clocks = {clock.name: clock for clock in case.clocks(context, after)}
    moved = {
        name: clocks[name].due
        for name, was in before.items()
        if name in clocks and _instant(clocks[name].due) != was
    }
    if not moved:
        return
    later = [due is None or instant(due) > before[name] for name, due in moved.items()]
    result.later += any(later)
    result.earlier += not all(later)
    colleague = context.colleague
    if colleague.all_units or case.row.unit == colleague.unit:
        result.listed += [
            DueMove(
                code=case.row.code,
                clock=name,
                clock_fa=CLOCKS[name][0],
                was=before[name],
                due=_instant(due),
            )
            for name, due in moved.items()
        ]


def _instant(moment: dt.datetime | None) -> str | None:
    return instant(moment) if moment else None


# --- visits ---


def _visits(context: Context, after: Calendar) -> int:
    """Booked visits at times at which the office is open now, and would be closed."""
    count = 0
    for slot in slots.booked_after(context.conn, context.now):
        date = slot.starts_at.astimezone(TEHRAN).date()
        span = slot.starts_at, slot.ends_at
        if context.calendar.day(date, "").holds(*span) and not after.day(date, "").holds(*span):
            count += slot.reserved
    return count
