"""The list of all rows of the tariff, each with the rows before and after it."""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from bus.database.rows import fetch_all
from contracts.billing import tariffs as contracts
from iran.persian import tehran_day
from services.billing import books
from services.billing.rows import TariffRow
from services.billing.tables import TARIFFS


class Neighbours(NamedTuple):
    """The approved rows of the same classes before and after a row, by their first days."""

    earlier: TariffRow | None
    later: TariffRow | None


def tariff_rows(conn: Connection, now: dt.datetime) -> contracts.TariffRows:
    """All rows, those that begin last first, and the services of the book."""
    columns = TARIFFS.c
    statement = select(TARIFFS).order_by(
        columns.service, columns.from_day.desc(), columns.id.desc()
    )
    rows = fetch_all(conn, TariffRow, statement)
    return contracts.TariffRows(
        tariffs=tuple(_reply(row, neighbours(rows, row), tehran_day(now)) for row in rows),
        services=tuple(
            {"code": service.code, "fa": service.fa, "en": service.en}
            for service in books.newest(conn).services
        ),
    )


def neighbours(rows: Iterable[TariffRow], row: TariffRow) -> Neighbours:
    """The neighbours of a row among ``rows``."""
    others = [
        other
        for other in rows
        if other.state == "APPROVED" and other.id != row.id and other.classes == row.classes
    ]
    before = [other for other in others if other.from_day <= row.from_day]
    after = [other for other in others if other.from_day > row.from_day]
    return Neighbours(
        max(before, key=lambda other: other.from_day, default=None),
        min(after, key=lambda other: other.from_day, default=None),
    )


def _reply(row: TariffRow, beside: Neighbours, today: dt.date) -> contracts.TariffRow:
    begun = row.state == "APPROVED" and row.from_day <= today
    ended = row.to_day is not None and row.to_day < today
    replaced = beside.later is not None and beside.later.from_day <= today
    return contracts.TariffRow(
        service=row.service,
        agency_class=row.agency_class,
        use=row.use,
        area_class=row.area_class,
        season=row.season,
        unit=row.unit,
        amount=row.amount,
        money=row.money,
        vat_class=row.vat_class,
        from_day=row.from_day.isoformat(),
        to_day=row.to_day.isoformat() if row.to_day else None,
        decree=row.decree,
        id=row.id,
        state=row.state,
        in_force=begun and not ended and not replaced,
        drafted_by=row.drafted_by,
        approved_by=row.approved_by,
        withdrawn_by=row.withdrawn_by,
        replaces=beside.earlier.id if beside.earlier else None,
        replaced_by=beside.later.id if beside.later else None,
    )
