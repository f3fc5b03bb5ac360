"""The calendar and the times for visits, as the desk sees and changes them."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from bus.envelope import instant
from bus.errors import Conflict, FieldError, RuleBroken
from contracts.ticketing.calendar import (
    AskCalendar,
    CalendarRow,
    CalendarRows,
    Changed,
    KeptRow,
    OpenSlot,
    OpenTime,
    WithdrawRow,
)
from iran.persian import jalali, tehran_day
from services.ticketing import calendar_rows
from services.ticketing.calendar_rows import CalendarEntry
from services.ticketing.context import Context
from services.ticketing.domain import moves, office_hours, working_time
from services.ticketing.domain.calendar import Calendar, Row, moment
from services.ticketing.tickets import slots, views
from services.ticketing.tickets.refusals import field_refusal
from services.ticketing.tickets.slots import Slot

FARTHEST = dt.timedelta(days=3660)
# Which field of a row is wrong if nothing can end by it.
TIMES: Mapping[office_hours.Fault, str] = {
    "order": "The office must close after it opens.",
    "overlap": "One opening time lies within another.",
    "many": f"A day has {office_hours.MOST_A_DAY} opening times at most.",
}
FIELD_THAT_STOPS = {"hours": "closes", "weekend": "weekdays"}


def calendar(context: Context, message: AskCalendar) -> CalendarRows:
    """Return the rows of the calendar, and the times for visits to come."""
    moves.require(context.colleague.role, "read")
    last = context.calendar.known_until
    entries = calendar_rows.entries(context.conn, message.from_day)
    return CalendarRows(
        version=context.calendar_version,
        known_until=last.isoformat() if last else None,
        rows=tuple(_entry(entry) for entry in entries),
        counties=tuple(views.by_name(context.book.counties)),
        offices=tuple(views.by_name(context.book.offices)),
        slots=tuple(_slot(slot) for slot in slots.slots_after(context.conn, context.now)),
    )


def _entry(entry: CalendarEntry) -> KeptRow:
    return KeptRow(
        id=entry.id,
        kind=entry.kind,
        counties=tuple(entry.counties),
        from_day=entry.from_day.isoformat(),
        to_day=entry.to_day.isoformat() if entry.to_day else None,
        opens=entry.opens.isoformat() if entry.opens else None,
        closes=entry.closes.isoformat() if entry.closes else None,
        weekdays=tuple(entry.weekdays),
        status=entry.status,
        title=entry.title,
        source=entry.source,
        entered_by=entry.entered_by,
        times=tuple(
            OpenTime(weekdays=tuple(time["weekdays"]), opens=time["opens"], closes=time["closes"])
            for time in entry.times
        ),
        file_source=entry.file_source,
        file_revision=entry.file_revision,
    )


def _slot(slot: Slot) -> OpenSlot:
    return OpenSlot(
        slot=slot.id,
        office=slot.office,
        starts_at=instant(slot.starts_at),
        ends_at=instant(slot.ends_at),
        capacity=slot.capacity,
        taken=slot.reserved,
    )


# --- rows of the calendar ---


def change_calendar(context: Context, message: CalendarRow) -> Changed:
    """Add a dated row; the due times of all open tickets are recomputed soon after."""
    moves.require(context.colleague.role, "calendar")
    require_version(context, message.looked_version)
    row = row_of(context, message)
    keep_working_time(context, [row], confirmed=message.confirmed)
    added = calendar_rows.add_row(context.conn, row, context.colleague.username)
    return Changed(version=calendar_rows.version(context.conn), row=added)


def require_version(context: Context, version: int | None) -> None:
    """Conflict ``calendar.changed`` if somebody changed the calendar after it was looked at."""
    if version is not None and version != calendar_rows.version(context.conn, lock=True):
        raise Conflict(
            "The calendar has changed since it was looked at; look again.", code="calendar.changed"
        )


def row_of(context: Context, message: CalendarRow) -> Row:
    """Read the row to be added. RuleBroken ``field.wrong``, ``calendar.no_working_time``,
    ``calendar.no_hours``.
    """
    for county in message.counties:
        if county not in context.book.counties:
            raise field_refusal("counties", f"There is no county {county}.")
    times = _times(message)
    opens, closes = (None, None) if times else _hours(message)
    if message.kind == "weekend" and not message.weekdays:
        raise field_refusal("weekdays", "Say which days of the week are off.")
    from_day = dt.date.fromisoformat(message.from_day)
    if from_day > tehran_day(context.now) + FARTHEST:
        raise field_refusal("from_day", "This day is more than ten years away; look at the year.")
    to_day = dt.date.fromisoformat(message.to_day) if message.to_day else None
    if to_day is not None and to_day < from_day:
        raise field_refusal("to_day", "The last day lies before the first.")
    if message.kind in ("closure", "opening"):
        to_day = to_day or from_day
    row = Row(
        id=next_id(context),
        kind=message.kind,
        from_day=from_day,
        to_day=to_day,
        counties=message.counties,
        opens=opens,
        closes=closes,
        weekdays=message.weekdays,
        status=message.status,
        title=message.title,
        source=message.source,
        times=times,
    )
    _refuse_opening_without_hours(context, row)
    return row


def next_id(context: Context) -> int:
    """The id that a new row has while it is judged: the youngest of all is believed."""
    return 1 + max((row.id for row in context.calendar.rows), default=0)


def _times(message: CalendarRow) -> tuple[office_hours.OpenTime, ...]:
    """The opening times of a row by day of the week. RuleBroken ``field.wrong``."""
    if not message.times:
        return ()
    if message.kind not in ("hours", "opening") or message.opens or message.closes:
        sentence = "Give times by day of the week, or one opening and closing time for all days."
        raise field_refusal("times", sentence, "calendar.times_twice")
    times = tuple(
        office_hours.OpenTime(
            time.weekdays, _time_of_times(time.opens), _time_of_times(time.closes)
        )
        for time in message.times
    )
    fault = office_hours.fault_of(times)
    if fault is not None:
        weekday, code = fault
        raise field_refusal("times", f"{weekday}: {TIMES[code]}", f"calendar.times_{code}")
    return times


def _time_of_times(text: str) -> dt.time:
    try:
        return dt.time.fromisoformat(text)
    except ValueError:
        sentence = "Give times such as 07:30-12:00."
        raise field_refusal("times", sentence, "calendar.times") from None


def _refuse_opening_without_hours(context: Context, row: Row) -> None:
    """RuleBroken ``calendar.no_hours`` for a day that would be opened and have no hours."""
    if row.kind != "opening" or row.to_day is None:
        return
    after = Calendar([*context.calendar.rows, row])
    for county in row.counties or ("",):
        if not after.day(row.from_day, county).is_open:
            sentence = "This day of the week has no office hours; give those of this day."
            raise refusal_of("times", sentence, "calendar.no_hours")


def _hours(message: CalendarRow) -> tuple[dt.time | None, dt.time | None]:
    """The times of a row; of office hours both are required, and in their order."""
    if message.kind != "hours":
        return (
            time_of(message.opens, "opens") if message.opens else None,
            time_of(message.closes, "closes") if message.closes else None,
        )
    opens, closes = time_of(message.opens, "opens"), time_of(message.closes, "closes")
    if opens == closes:
        raise no_working_time("closes", "The office opens and closes at the same time.")
    if opens > closes:
        raise field_refusal("closes", "The office must close after it opens.")
    return opens, closes


def keep_working_time(
    context: Context, rows: Sequence[Row], *, confirmed: bool, without: Collection[int] = ()
) -> None:
    """Refuse rows by which nothing could end; ask about those that close for long. ``without``
    are rows that are withdrawn with them.

    RuleBroken ``calendar.no_working_time``, ``calendar.long_closure``.
    """
    stay = [row for row in context.calendar.rows if row.id not in without]
    after = Calendar([*stay, *rows])
    for row in rows:
        field = "times" if row.times else FIELD_THAT_STOPS.get(row.kind, "to_day")
        counties = working_time.counties_of(row, context.calendar)
        _refuse_if_stopped(context, after, counties, row, field)
        if not confirmed:
            _ask_about_long_closure(context, after, row, counties, field)


def _ask_about_long_closure(
    context: Context, after: Calendar, row: Row, counties: list[str], field: str
) -> None:
    """RuleBroken ``calendar.long_closure``."""
    days = working_time.new_closed_run(context.calendar, after, row, counties)
    if days > working_time.LONGEST_CLOSURE_DAYS:
        message = (
            f"The office would be closed for {days} days in a row, from or around "
            f"{jalali(row.from_day).replace('-', '/')} ({row.from_day}). Correct it, or confirm "
            "that this is meant."
        )
        raise refusal_of(field, message, "calendar.long_closure")


def _refuse_if_stopped(
    context: Context, after: Calendar, counties: list[str], row: Row, field: str
) -> None:
    """RuleBroken ``calendar.no_working_time`` if a promise of the book would end no more."""
    starts = [context.now]
    if row.from_day > tehran_day(context.now):
        starts.append(moment(row.from_day, dt.time()))
    spans = working_time.longest(context.book.spans)
    stopped = working_time.stopped(context.calendar, after, counties, spans, starts)
    if stopped:
        of_book = context.book.counties
        names = [of_book[c].en if c in of_book else "the whole province" for c in stopped]
        raise no_working_time(
            field,
            "With this, what is promised in "
            f"{', '.join(names)} would never come due: the office would hardly open for four "
            "years. Correct the days or hours.",
        )


def no_working_time(field: str, message: str) -> RuleBroken:
    """Build the refusal of a setting by which nothing can end."""
    return refusal_of(field, message, "calendar.no_working_time")


def refusal_of(field: str, message: str, code: str) -> RuleBroken:
    """The refusal of one field under a code of its own."""
    fault = FieldError(field, code, message)
    return RuleBroken(f"{field}: {message}", code=code, fields=[fault])


def withdraw_row(context: Context, message: WithdrawRow) -> Changed:
    """Take a row of the calendar back.

    RuleBroken ``calendar.no_working_time`` if nothing could end without it.
    """
    moves.require(context.colleague.role, "calendar")
    require_version(context, message.looked_version)
    refuse_endless_withdrawal(context, message.row)
    username = context.colleague.username
    calendar_rows.withdraw_row(context.conn, message.row, message.source, username)
    return Changed(version=calendar_rows.version(context.conn), row=message.row)


def refuse_endless_withdrawal(context: Context, row: int) -> None:
    """RuleBroken ``calendar.no_working_time`` if nothing could end without a row."""
    gone = next((other for other in context.calendar.rows if other.id == row), None)
    if gone is not None:
        after = Calendar([other for other in context.calendar.rows if other.id != row])
        counties = working_time.counties_of(gone, context.calendar)
        _refuse_if_stopped(context, after, counties, gone, "row")


def time_of(text: str | None, field: str) -> dt.time:
    """Read a time such as 07:30. RuleBroken ``field.wrong`` if it is none."""
    try:
        return dt.time.fromisoformat(text or "")
    except ValueError:
        raise field_refusal(field, "Give a time such as 07:30.", "time") from None
