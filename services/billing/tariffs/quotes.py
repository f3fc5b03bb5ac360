"""Quotes by the approved rows of the tariff."""

import datetime as dt
from collections.abc import Collection

from sqlalchemy import Connection, select

from bus.database.rows import fetch_all
from contracts.billing.bills import Quote as QuoteRequest
from iran.persian import tehran_day
from services.billing import books
from services.billing.domain.quote import Basis, Item, Quote, quote
from services.billing.rows import TariffRow
from services.billing.tables import TARIFFS


def quote_items(conn: Connection, now: dt.datetime, message: QuoteRequest) -> Quote:
    """Quote the items of a request; nothing is kept."""
    day = dt.date.fromisoformat(message.on) if message.on else tehran_day(now)
    known_at = dt.datetime.fromisoformat(message.known_at) if message.known_at else now
    basis = Basis(message.agency_class, message.use, message.area_class, day, known_at)
    items = [Item(item.service, item.quantity) for item in message.items]
    rows = of_services(conn, {item.service for item in items})
    return quote(books.newest(conn), rows, basis, items)


def of_services(conn: Connection, services: Collection[str]) -> list[TariffRow]:
    """All rows of these services that were ever approved."""
    statement = select(TARIFFS).where(
        TARIFFS.c.approved_at.is_not(None), TARIFFS.c.service.in_(services)
    )
    return fetch_all(conn, TariffRow, statement)
