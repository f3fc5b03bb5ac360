"""The calendar and the times for visits, as the desk sees and changes them."""

import datetime as dt
from typing import Any

from bus.envelope import instant
from bus.errors import Conflict, FieldError, RuleBroken
from iran.persian import jalali, tehran_day
from services.ticketing import calendar_rows as calendar_store
from services.ticketing.domain import moves, working_time
from services.ticketing.domain.calendar import Calendar, Row, moment, row_from
from services.ticketing.tickets import rows as store
from services.ticketing.tickets import views
from services.ticketing.tickets.acts import Desk, bad

FARTHEST = dt.timedelta(days=3660)
# Which field of a row is wrong if nothing can end by it.
FIELD_THAT_STOPS = {"hours": "closes", "weekend": "weekdays"}


def calendar(desk: Desk, from_day: str | None) -> dict[str, Any]:
    """The rows of the calendar, and the times for visits to come."""
    moves.require(desk.who.role, "read")
    last = desk.calendar.known_until
    return {
        "version": desk.calendar_version,
        "known_until": last.isoformat() if last else None,
        "rows": calendar_store.rows(desk.conn, from_day),
        "counties": views.by_name(desk.book.counties),
        "offices": views.by_name(desk.book.offices),
        "slots": [
            {
                "slot": row.id,
                "office": row.office,
                "starts_at": instant(row.starts_at),
                "ends_at": instant(row.ends_at),
                "capacity": row.capacity,
                "taken": row.taken,
            }
            for row in store.slots_from(desk.conn, desk.now)
        ],
    }


def change_calendar(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    """Adds a dated row; the due times of all open tickets are recomputed soon after."""
    moves.require(desk.who.role, "calendar")
    _is_as_looked_at(desk, row.pop("looked_version", None))
    for county in row["counties"]:
        if county not in desk.book.counties:
            raise bad("counties", f"There is no county {county}.")
    if row["kind"] == "hours":
        opens, closes = time_of(row["opens"], "opens"), time_of(row["closes"], "closes")
        if opens == closes:
            raise no_working_time("closes", "The office opens and closes at the same time.")
        if opens > closes:
            raise bad("closes", "The office must close after it opens.")
    if row["kind"] == "weekend" and not row["weekdays"]:
        raise bad("weekdays", "Say which days of the week are off.")
    if dt.date.fromisoformat(row["from_day"]) > tehran_day(desk.now) + FARTHEST:
        raise bad("from_day", "This day is more than ten years away; look at the year.")
    if row["to_day"] and row["to_day"] < row["from_day"]:
        raise bad("to_day", "The last day lies before the first.")
    if row["kind"] in ("closure", "opening") and not row["to_day"]:
        row = {**row, "to_day": row["from_day"]}
    confirmed = row.pop("confirmed", False)
    _keep_working_time(desk, row_from({**row, "id": 1 + _last_id(desk)}), confirmed=confirmed)
    id_ = calendar_store.add_row(desk.conn, row, desk.who.username)
    return {"version": calendar_store.version(desk.conn), "row": id_}


def _is_as_looked_at(desk: Desk, version: int | None) -> None:
    """Conflict ``calendar.changed`` if somebody changed the calendar after it was looked at."""
    if version is not None and version != calendar_store.version(desk.conn, lock=True):
        raise Conflict(
            "The calendar has changed since it was looked at; look again.", code="calendar.changed"
        )


def _last_id(desk: Desk) -> int:
    return max((row.id for row in desk.calendar.rows), default=0)


def _keep_working_time(desk: Desk, row: Row, *, confirmed: bool) -> None:
    """Refuses a row by which nothing could end; asks about one that closes for long.

    RuleBroken ``calendar.no_working_time``, ``calendar.long_closure``.
    """
    after = Calendar([*desk.calendar.rows, row])
    field = FIELD_THAT_STOPS.get(row.kind, "to_day")
    counties = working_time.counties_of(row, desk.calendar)
    _refuse_if_stopped(desk, after, counties, row, field)
    days = 0 if confirmed else working_time.new_closed_run(desk.calendar, after, row, counties)
    if days > working_time.LONGEST_CLOSURE_DAYS:
        message = (
            f"The office would be closed for {days} days in a row, from or around "
            f"{jalali(row.from_day).replace('-', '/')} ({row.from_day}). Correct it, or confirm "
            "that this is meant."
        )
        fault = FieldError(field, "calendar.long_closure", message)
        raise RuleBroken(f"{field}: {message}", code="calendar.long_closure", fields=[fault])


def _refuse_if_stopped(
    desk: Desk, after: Calendar, counties: list[str], row: Row, field: str
) -> None:
    """RuleBroken ``calendar.no_working_time`` if a promise of the book would end no more."""
    today = tehran_day(desk.now)
    starts = [desk.now]
    if row.from_day > today:
        starts.append(moment(row.from_day, dt.time()))
    spans = working_time.longest(desk.book.spans)
    stopped = working_time.stopped(desk.calendar, after, counties, spans, starts)
    if stopped:
        known = desk.book.counties
        names = [known[c]["en"] if c in known else "the whole province" for c in stopped]
        raise no_working_time(
            field,
            "With this, what is promised in "
            f"{', '.join(names)} would never come due: the office would hardly open for four "
            "years. Correct the days or hours.",
        )


def no_working_time(field: str, message: str) -> RuleBroken:
    """The refusal of a setting by which nothing can end."""
    fault = FieldError(field, "calendar.no_working_time", message)
    return RuleBroken(f"{field}: {message}", code="calendar.no_working_time", fields=[fault])


def withdraw_row(
    desk: Desk, row: int, source: str, looked_version: int | None = None
) -> dict[str, Any]:
    """Takes a row of the calendar back. RuleBroken ``calendar.no_working_time`` if nothing could
    end without it.
    """
    moves.require(desk.who.role, "calendar")
    _is_as_looked_at(desk, looked_version)
    gone = next((each for each in desk.calendar.rows if each.id == row), None)
    if gone is not None:
        after = Calendar([each for each in desk.calendar.rows if each.id != row])
        counties = working_time.counties_of(gone, desk.calendar)
        _refuse_if_stopped(desk, after, counties, gone, "row")
    calendar_store.withdraw_row(desk.conn, row, source, desk.who.username)
    return {"version": calendar_store.version(desk.conn), "row": row}


def add_slots(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """Opens times for visits at an office, one after the other on a day."""
    moves.require(desk.who.role, "slots")
    views.office_of(desk, asked["office"])
    day = dt.date.fromisoformat(asked["day"])
    if day < tehran_day(desk.now):
        raise bad("day", "This day has passed; nobody could come.", "calendar.past_day")
    last = desk.calendar.known_until
    if last is not None and day > last:
        raise _calendar_unknown(last)
    begin = moment(day, time_of(asked["opens"], "opens"))
    end = moment(day, time_of(asked["closes"], "closes"))
    step, spans = dt.timedelta(minutes=asked["minutes"]), []
    while begin + step <= end:
        spans.append((begin, begin + step))
        begin += step
    if not spans:
        raise bad("closes", "Not one visit fits between these times.")
    store.add_slots(desk.conn, asked["office"], spans, asked["capacity"])
    return {
        "slots": [
            {"starts_at": instant(starts), "ends_at": instant(ends)} for starts, ends in spans
        ]
    }


def _calendar_unknown(last: dt.date) -> RuleBroken:
    message = (
        f"The calendar after {jalali(last).replace('-', '/')} is not yet known, so nobody can say "
        "whether the office opens on this day. Import the holidays of that year first."
    )
    fault = FieldError("day", "calendar.unknown", message)
    return RuleBroken(f"day: {message}", code="calendar.unknown", fields=[fault])


def time_of(told: str | None, field: str) -> dt.time:
    """A time such as 07:30. RuleBroken ``field.wrong`` if it is none."""
    try:
        return dt.time.fromisoformat(told or "")
    except ValueError:
        raise bad(field, "Give a time such as 07:30.", "time") from None
