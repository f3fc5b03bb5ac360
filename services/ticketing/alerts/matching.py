"""Which public reports an alert is about; by what everybody may see of them alone."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from bus.database.rows import fetch_all
from services.ticketing.alerts.rows import AlertRow
from services.ticketing.context import Context
from services.ticketing.domain.moves import WORK
from services.ticketing.figures.reports import IS_PUBLIC, SQUARE, square_of
from services.ticketing.tables import TICKETS

# A degree of latitude, in kilometres.
DEGREE_KM = 111.32


@dataclass(frozen=True, slots=True)
class ReportRow:
    """What an e-mail says of a report: no word of who wrote it."""

    code: str
    category: str
    county: str
    state: str
    registered_at: dt.datetime
    ended_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Matches:
    """The newest reports of a window, and how many there are."""

    reports: Sequence[ReportRow]
    total: int


def matches(context: Context, alert: AlertRow, until: dt.datetime, most: int) -> Matches:
    """Return the reports that became what the alert is about after its ``since`` up to ``until``.

    Those of ``closed`` are reports of which the work has ended then, all others new ones. A report
    that is public no more is not among them.
    """
    column = TICKETS.c
    where = _conditions(alert)
    at = column.ended_at if alert.state == "closed" else column.registered_at
    where += [at > (alert.since or until), at <= until]
    total = context.conn.execute(select(func.count()).select_from(TICKETS).where(*where))
    own = [column[name] for name in ReportRow.__slots__]
    newest = select(*own).where(*where).order_by(at.desc(), column.id.desc()).limit(most)
    return Matches(fetch_all(context.conn, ReportRow, newest), int(total.scalar_one()))


def _conditions(alert: AlertRow) -> list[ColumnElement[bool]]:
    column, is_open = TICKETS.c, TICKETS.c.state.in_(WORK)
    where = [IS_PUBLIC]
    if alert.category:
        where.append(column.category == alert.category)
    if alert.county:
        where.append(column.county == alert.county)
    if alert.state:
        where.append(is_open if alert.state == "open" else ~is_open)
    if alert.lat is not None and alert.long is not None and alert.radius_km is not None:
        where += _near(alert.lat, alert.long, alert.radius_km)
    return where


def _near(lat: float, long: float, radius_km: int) -> list[ColumnElement[bool]]:
    """By the middle of the square of the map, which is all that is public of a place: who asks for
    several circles learns no more of it than the list shows.
    """
    column = TICKETS.c
    middle_lat, middle_long = ((square_of(own) + 0.5) * SQUARE for own in (column.lat, column.long))
    north = (middle_lat - lat) * DEGREE_KM
    east = (middle_long - long) * DEGREE_KM * func.cos(func.radians(lat))
    box = radius_km / DEGREE_KM + SQUARE
    return [
        column.lat.between(lat - box, lat + box),
        north * north + east * east <= radius_km**2,
    ]
