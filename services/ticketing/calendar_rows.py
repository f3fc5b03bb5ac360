"""The rows of the calendar and their version; nothing is deleted, only withdrawn."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, or_, select, update

from bus.database.rows import WRITTEN_BY, Kept, columns, fetch_all
from bus.errors import NotFound
from services.ticketing.domain import office_hours
from services.ticketing.domain.calendar import Calendar, Row
from services.ticketing.domain.office_hours import StoredTime
from services.ticketing.tables import CALENDAR_ROWS as ROWS
from services.ticketing.tables import CALENDAR_VERSION


class FileHoliday(NamedTuple):
    """The holiday of a file from which a row came: the file's name with us, what the holiday is
    known by there, and which revision of it was taken.
    """

    source: str
    key: str
    revision: str


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A row in force, and who entered it."""

    id: int
    kind: str
    counties: list[str]
    from_day: dt.date
    to_day: dt.date | None
    opens: dt.time | None
    closes: dt.time | None
    weekdays: list[str]
    status: str
    title: str
    source: str
    times: list[StoredTime]
    file_source: str | None
    file_key: str | None
    file_revision: str | None
    entered_by: str

    @property
    def row(self) -> Row:
        """The row as the calendar of the domain knows it."""
        return Row(
            id=self.id,
            kind=self.kind,
            from_day=self.from_day,
            to_day=self.to_day,
            counties=tuple(self.counties),
            opens=self.opens,
            closes=self.closes,
            weekdays=tuple(self.weekdays),
            status=self.status,
            title=self.title,
            source=self.source,
            times=office_hours.from_json(self.times),
        )


_COLUMNS = columns(ROWS, CalendarEntry)
_KEPT = Kept[Calendar]()


def load(conn: Connection) -> tuple[Calendar, int]:
    """Return the calendar in force and its version, which each change raises."""
    mark = conn.execute(select(CALENDAR_VERSION.c.version, WRITTEN_BY)).one()
    calendar = _KEPT.get(
        conn, tuple(mark), lambda: Calendar([entry.row for entry in entries(conn)])
    )
    return calendar, int(mark.version)


def version(conn: Connection, *, lock: bool = False) -> int:
    """Return the version in force; ``lock`` keeps it until the end of the transaction."""
    statement = select(CALENDAR_VERSION.c.version)
    return int(conn.execute(statement.with_for_update() if lock else statement).scalar_one())


def entries(conn: Connection, from_day: str | None = None) -> list[CalendarEntry]:
    """List the rows that were not withdrawn, the newest days first; ended before a day: not."""
    statement = select(*_COLUMNS).where(ROWS.c.withdrawn_at.is_(None))
    if from_day is not None:
        first = dt.date.fromisoformat(from_day)
        statement = statement.where(or_(ROWS.c.to_day.is_(None), ROWS.c.to_day >= first))
    statement = statement.order_by(ROWS.c.from_day.desc(), ROWS.c.id.desc())
    return fetch_all(conn, CalendarEntry, statement)


def add_row(conn: Connection, row: Row, by: str, of_file: FileHoliday | None = None) -> int:
    """Add a row and return its id; the version goes up, and due times are recomputed."""
    added = conn.execute(
        insert(ROWS)
        .values(
            kind=row.kind,
            counties=list(row.counties),
            from_day=row.from_day,
            to_day=row.to_day,
            opens=row.opens,
            closes=row.closes,
            weekdays=list(row.weekdays),
            status=row.status,
            title=row.title,
            source=row.source,
            times=office_hours.to_json(row.times),
            file_source=of_file.source if of_file else None,
            file_key=of_file.key if of_file else None,
            file_revision=of_file.revision if of_file else None,
            entered_by=by,
        )
        .returning(ROWS.c.id)
    ).scalar_one()
    raise_version(conn)
    return int(added)


def add_new_rows(conn: Connection, rows: Iterable[Row], by: str) -> int:
    """Add the rows that were never on record (withdrawn ones were); return how many."""
    added = 0
    for row in rows:
        on_record = conn.execute(
            select(ROWS.c.id)
            .where(
                ROWS.c.kind == row.kind,
                ROWS.c.counties == list(row.counties),
                ROWS.c.from_day == row.from_day,
                ROWS.c.to_day.is_not_distinct_from(row.to_day),
            )
            .limit(1)
        ).scalar()
        if on_record is None:
            add_row(conn, row, by)
            added += 1
    return added


def raise_version(conn: Connection) -> int:
    """Raise the calendar's version and return it."""
    table = CALENDAR_VERSION
    statement = update(table).values(version=table.c.version + 1).returning(table.c.version)
    return int(conn.execute(statement).scalar_one())


def withdraw_row(conn: Connection, row: int, source: str, by: str) -> None:
    """Take a row back; it stays on record. NotFound if it is not in force."""
    withdrawn = conn.execute(
        update(ROWS)
        .values(withdrawn_at=func.now(), withdrawn_by=by, withdrawn_source=source)
        .where(ROWS.c.id == row, ROWS.c.withdrawn_at.is_(None))
        .returning(ROWS.c.id)
    ).scalar()
    if withdrawn is None:
        raise NotFound("The calendar has no such row.", code="calendar.row_not_found")
    raise_version(conn)
