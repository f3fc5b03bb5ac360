"""What was last read of each file and address of holidays, and proposals that are set aside."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import columns, fetch_all, fetch_one
from bus.wire import Wire
from services.ticketing.holidays import ical
from services.ticketing.holidays.ical import Fault, Holiday, HolidayFile
from services.ticketing.tables import HOLIDAY_SOURCES as SOURCES
from services.ticketing.tables import HOLIDAYS_SET_ASIDE as SET_ASIDE

# The source that a chore reads from the configured address.
ADDRESS = "address"
# So many sources are kept: more are no calendars of holidays.
MOST_SOURCES = 20


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source, what was last read of it, and why it could not be read since."""

    source: str
    kind: str
    name: str
    revision: int
    digest: str
    holidays: list[Wire]
    faults: list[list[str]]
    outside: int
    read_at: dt.datetime | None
    read_by: str
    tried_at: dt.datetime | None
    problem: str

    @property
    def listed(self) -> list[Holiday]:
        """The holidays of the file."""
        return [ical.from_json(row) for row in self.holidays]

    @property
    def listed_faults(self) -> list[Fault]:
        """The entries of the file that are no holidays of ours."""
        return [Fault(*fault) for fault in self.faults]


def sources(conn: Connection) -> list[SourceRow]:
    """List all sources, that of the address first."""
    order = (SOURCES.c.kind, SOURCES.c.source)
    return fetch_all(conn, SourceRow, select(*columns(SOURCES, SourceRow)).order_by(*order))


def source(conn: Connection, name: str, *, lock: bool = False) -> SourceRow | None:
    """Return a source; None if nothing was ever read of it."""
    statement = select(*columns(SOURCES, SourceRow)).where(SOURCES.c.source == name)
    return fetch_one(conn, SourceRow, statement.with_for_update() if lock else statement)


def count(conn: Connection) -> int:
    """Count the sources."""
    return int(conn.execute(select(func.count()).select_from(SOURCES)).scalar_one())


def keep(conn: Connection, name: str, file: HolidayFile, now: dt.datetime, by: str) -> int:
    """Keep what was read of a source now, and return its revision, which another content raises."""
    before = source(conn, name, lock=True)
    holidays = [ical.to_json(holiday) for holiday in file.holidays]
    faults = [list(fault) for fault in file.faults]
    digest = hashlib.sha256(orjson.dumps([holidays, faults])).hexdigest()
    revision = before.revision if before else 0
    if before is None or before.digest != digest:
        revision += 1
    values = {
        "kind": "address" if name == ADDRESS else "file",
        "name": file.name,
        "revision": revision,
        "digest": digest,
        "holidays": holidays,
        "faults": faults,
        "outside": file.outside,
        "read_at": now,
        "read_by": by,
        "tried_at": now,
        "problem": "",
    }
    statement = insert(SOURCES).values(source=name, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["source"], set_=values))
    return revision


def note_problem(conn: Connection, name: str, problem: str, now: dt.datetime) -> None:
    """Note why the address could not be read; what was read before stays."""
    values = {"tried_at": now, "problem": problem}
    statement = insert(SOURCES).values(source=name, kind="address", **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["source"], set_=values))


def set_aside(conn: Connection, name: str) -> set[tuple[str, str]]:
    """The proposals of a source that are not followed: key and content."""
    statement = select(SET_ASIDE.c.key, SET_ASIDE.c.content).where(SET_ASIDE.c.source == name)
    return {(key, content) for key, content in conn.execute(statement)}


def put_aside(  # noqa: PLR0913 - who, when and why belong to a decision
    conn: Connection,
    name: str,
    proposals: Iterable[tuple[str, str]],
    reason: str,
    by: str,
    now: dt.datetime,
) -> None:
    """Note proposals, each by key and content, that are not followed."""
    for key, content in proposals:
        statement = insert(SET_ASIDE).values(
            source=name, key=key, content=content, reason=reason, put_by=by, put_at=now
        )
        conn.execute(statement.on_conflict_do_nothing())
