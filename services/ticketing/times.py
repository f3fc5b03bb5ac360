"""The calendar and the times for visits, as the desk sees and changes them."""

import datetime as dt
from typing import Any

from bus.envelope import instant
from services.ticketing import store, views
from services.ticketing.acting import Desk, bad
from services.ticketing.domain import moves
from services.ticketing.domain.calendar import moment


def calendar(desk: Desk, from_day: str | None) -> dict[str, Any]:
    """The rows of the calendar, and the times for visits to come."""
    moves.require(desk.who.role, "read")
    return {
        "version": desk.calendar_version,
        "rows": store.calendar_rows(desk.conn, from_day),
        "counties": [views.named(desk.book.counties, code) for code in desk.book.counties],
        "offices": [views.named(desk.book.offices, code) for code in desk.book.offices],
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
    for county in row["counties"]:
        if county not in desk.book.counties:
            raise bad("counties", f"There is no county {county}.")
    if row["kind"] == "hours":
        opens, closes = time_of(row["opens"], "opens"), time_of(row["closes"], "closes")
        if opens >= closes:
            raise bad("closes", "The office must close after it opens.")
    if row["kind"] == "weekend" and not row["weekdays"]:
        raise bad("weekdays", "Say which days of the week are off.")
    if row["to_day"] and row["to_day"] < row["from_day"]:
        raise bad("to_day", "The last day lies before the first.")
    if row["kind"] in ("closure", "opening") and not row["to_day"]:
        row = {**row, "to_day": row["from_day"]}
    id_ = store.add_calendar_row(desk.conn, row, desk.who.username)
    return {"version": store.calendar_version(desk.conn), "row": id_}


def withdraw_row(desk: Desk, row: int, source: str) -> dict[str, Any]:
    """Takes a row of the calendar back."""
    moves.require(desk.who.role, "calendar")
    store.withdraw_calendar_row(desk.conn, row, source, desk.who.username)
    return {"version": store.calendar_version(desk.conn), "row": row}


def add_slots(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """Opens times for visits at an office, one after the other on a day."""
    moves.require(desk.who.role, "slots")
    views.office_of(desk, asked["office"])
    day = dt.date.fromisoformat(asked["day"])
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


def time_of(told: str | None, field: str) -> dt.time:
    """A time such as 07:30. RuleBroken ``field.wrong`` if it is none."""
    try:
        return dt.time.fromisoformat(told or "")
    except ValueError:
        raise bad(field, "Give a time such as 07:30.", "time") from None
