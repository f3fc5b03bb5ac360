"""The rows of the calendar and their version; nothing is deleted, only withdrawn."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from bus.errors import NotFound
from services.ticketing.domain.calendar import Calendar, row_from


def load(conn: Connection) -> tuple[Calendar, int]:
    """The rows in force, and the version that they make."""
    return Calendar([row_from(row) for row in rows(conn)]), version(conn)


def version(conn: Connection, *, lock: bool = False) -> int:
    """The version in force; with ``lock`` nobody changes the calendar until this act has ended."""
    if lock:
        conn.execute(text("select 1 from calendar_version for update"))
    return int(conn.execute(text("select version from calendar_version")).scalar_one())


def rows(conn: Connection, from_day: str | None = None) -> list[dict[str, Any]]:
    """The rows that were not withdrawn, the newest days first; days and times as text."""
    found = conn.execute(
        text(
            "select id, kind, counties, from_day::text, to_day::text, opens::text, closes::text, "
            "weekdays, status, title, source, entered_by from calendar_rows "
            "where withdrawn_at is null and (cast(:day as date) is null "
            "or to_day is null or to_day >= cast(:day as date)) order by from_day desc, id desc"
        ),
        {"day": from_day},
    )
    return [dict(row._mapping) for row in found]


def add_row(conn: Connection, row: Mapping[str, Any], by: str) -> int:
    """Adds a row; its id. The calendar's version goes up, and due times are recomputed."""
    added = conn.execute(
        text(
            "insert into calendar_rows (kind, counties, from_day, to_day, opens, closes, weekdays, "
            "status, title, source, entered_by) values (:kind, :counties, :from_day, :to_day, "
            ":opens, :closes, :weekdays, :status, :title, :source, :by) returning id"
        ),
        {**row, "by": by},
    ).scalar_one()
    raise_version(conn)
    return int(added)


def add_new_rows(conn: Connection, rows: Iterable[Mapping[str, Any]], by: str) -> int:
    """Adds those rows that were never on record (withdrawn ones were); how many."""
    added = 0
    for row in rows:
        known = conn.execute(
            text(
                "select 1 from calendar_rows where kind = :kind and counties = :counties "
                "and from_day = :from_day and to_day is not distinct from cast(:to_day as date) "
                "limit 1"
            ),
            {name: row[name] for name in ("kind", "counties", "from_day", "to_day")},
        ).scalar()
        if known is None:
            add_row(conn, row, by)
            added += 1
    return added


def raise_version(conn: Connection) -> int:
    return int(
        conn.execute(
            text("update calendar_version set version = version + 1 returning version")
        ).scalar_one()
    )


def withdraw_row(conn: Connection, row: int, source: str, by: str) -> None:
    """Takes a row back; it stays on record. NotFound if it is not in force."""
    found = conn.execute(
        text(
            "update calendar_rows set withdrawn_at = now(), withdrawn_by = :by, "
            "withdrawn_source = :source where id = :row and withdrawn_at is null returning id"
        ),
        {"row": row, "source": source, "by": by},
    ).scalar()
    if found is None:
        raise NotFound("The calendar has no such row.", code="calendar.row_not_found")
    raise_version(conn)
