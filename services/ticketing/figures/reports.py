"""Public reports: tickets that their writers let everybody see, never who they are."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import ColumnElement, Float, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import NotFound, RuleBroken
from bus.messages.values import Json
from contracts.ticketing.public import (
    AskMap,
    AskNearby,
    AskToken,
    ListPublic,
    MeToo,
    PublicMap,
    PublicTickets,
    ReportsOfCounty,
    ReportsOfPlace,
    Supported,
    TokenOf,
)
from iran.persian import search_key
from services.ticketing.context import Context
from services.ticketing.domain.book import County, Named
from services.ticketing.domain.moves import WORK
from services.ticketing.tables import SUPPORTERS, TICKETS
from services.ticketing.tickets import rows
from services.ticketing.tickets.rows import TicketRow

# The side of a square of the map, in degrees: two kilometres, so that no house is pointed at.
SQUARE = 0.02
IS_PUBLIC = and_(TICKETS.c.public, TICKETS.c.channel != "mail")
# What may be the same matter: so near in degrees, or so alike in words.
NEAR, ALIKE, NEARBY_MOST = 0.05, 0.2, 3
# Whole villages share an address: so many of one count for a report.
OF_ONE_ADDRESS = 20


def is_public(row: TicketRow) -> bool:
    """Return True for a ticket that stands in the public list; see IS_PUBLIC."""
    return row.public and row.channel != "mail"


def public_tickets(context: Context, message: ListPublic) -> PublicTickets:
    """List public reports, the newest first."""
    statement = (
        rows.tickets()
        .where(*_conditions(message))
        .order_by(TICKETS.c.registered_at.desc(), TICKETS.c.id.desc())
        .limit(message.page_size)
        .offset((message.page - 1) * message.page_size)
    )
    return _reply(context, fetch_all(context.conn, TicketRow, statement))


def nearby(context: Context, message: AskNearby) -> PublicTickets:
    """List open public reports that may say what somebody is about to report."""
    column = TICKETS.c
    searched = func.coalesce(column.public_search, column.search)
    likeness = func.similarity(searched, search_key(message.text))
    here = [column.county.in_((message.county, ""))] if message.county else []
    alike: ColumnElement[bool] = and_(likeness > ALIKE, *here)
    order = [likeness.desc(), column.id.desc()]
    if message.lat is not None and message.long is not None:
        near = func.coalesce(
            and_(
                func.abs(column.lat - message.lat) < NEAR,
                func.abs(column.long - message.long) < NEAR,
            ),
            False,
        )
        alike, order = or_(near, alike), [near.desc(), *order]
    statement = (
        rows.tickets()
        .where(IS_PUBLIC, column.state.in_(WORK), column.category == message.category, alike)
        .order_by(*order)
        .limit(NEARBY_MOST)
    )
    return _reply(context, fetch_all(context.conn, TicketRow, statement))


def public_map(context: Context, message: AskMap) -> PublicMap:
    """Count public reports by county, and by square of the map where a place was given."""
    column, is_open = TICKETS.c, TICKETS.c.state.in_(WORK)
    where = [IS_PUBLIC]
    if message.category is not None:
        where.append(column.category == message.category)
    if message.state is not None:
        where.append(is_open if message.state == "open" else ~is_open)
    counts = (
        func.count().filter(is_open).label("open"),
        func.count().filter(~is_open).label("closed"),
    )
    by_county = select(column.county, *counts).where(*where).group_by(column.county)
    lat, long = map(square_of, (column.lat, column.long))
    by_place = select(lat, long, *counts).where(*where, column.lat.is_not(None)).group_by(lat, long)
    by_code = {row.county: row for row in context.conn.execute(by_county)}
    counties = context.book.counties
    area = context.book.area
    return PublicMap(
        area=asdict(area) if area else None,
        counties=tuple(
            ReportsOfCounty(
                county=county.code,
                fa=county.fa,
                en=county.en,
                lat=county.lat,
                long=county.long,
                open=by_code[county.code].open if county.code in by_code else 0,
                closed=by_code[county.code].closed if county.code in by_code else 0,
            )
            for county in (*counties.values(), County("", "", ""))
        ),
        places=tuple(
            ReportsOfPlace(lat=middle(lat_), long=middle(long_), open=of_open, closed=of_closed)
            for lat_, long_, of_open, of_closed in context.conn.execute(by_place)
        ),
    )


def square_of(position: ColumnElement[float]) -> ColumnElement[float]:
    """The number of the square in which a position lies: all that is ever public of it."""
    return cast(func.floor(position / SQUARE), Float)


def middle(square: float) -> float:
    """Return the middle of a square of the map, in degrees."""
    return round((square + 0.5) * SQUARE, 4)


def me_too(context: Context, message: MeToo) -> Supported:
    """Count somebody who has the same trouble: once, and not too many of one address.

    NotFound ``ticket.not_found`` for what is no public report, RuleBroken ``ticket.move`` for one
    that has ended.
    """
    column = TICKETS.c
    statement = (
        select(column.id, column.code, column.state)
        .where(IS_PUBLIC, column.code == message.code)
        .with_for_update()
    )
    report = context.conn.execute(statement).one_or_none()
    if report is None:
        raise NotFound("There is no public report with this code.", code="ticket.not_found")
    if report.state not in WORK:
        raise RuleBroken("Work on this report has ended.", code="ticket.move")
    asker = str(((context.tx.envelope and context.tx.envelope.caller) or {}).get("asker", ""))
    counted = _neighbours(context, report.id, asker) < OF_ONE_ADDRESS and bool(
        context.conn.execute(
            insert(SUPPORTERS)
            .values(ticket=report.id, supporter=message.supporter, asker=asker, at=context.now)
            .on_conflict_do_nothing()
        ).rowcount
    )
    supporters = count_supporters(context, [report.id]).get(report.id, 0)
    return Supported(code=report.code, supporters=supporters, counted=counted)


def _neighbours(context: Context, ticket: int, asker: str) -> int:
    column = SUPPORTERS.c
    statement = select(func.count()).where(column.ticket == ticket, column.asker == asker)
    return int(context.conn.execute(statement).scalar_one())


def count_supporters(context: Context, tickets: Sequence[int]) -> dict[int, int]:
    """Return how many have the same trouble, by ticket; nothing for a ticket without any."""
    column = SUPPORTERS.c
    statement = (
        select(column.ticket, func.count().label("supporters"))
        .where(column.ticket.in_(tickets))
        .group_by(column.ticket)
    )
    return {row.ticket: row.supporters for row in context.conn.execute(statement)}


def _conditions(message: ListPublic) -> list[ColumnElement[bool]]:
    where = [IS_PUBLIC]
    if message.codes is not None:
        where.append(TICKETS.c.code.in_(message.codes))
    if message.categories is not None:
        where.append(TICKETS.c.category.in_(message.categories))
    if message.counties is not None:
        where.append(TICKETS.c.county.in_(message.counties))
    if message.since is not None:
        where.append(TICKETS.c.registered_at >= _moment(message.since))
    if message.until is not None:
        where.append(TICKETS.c.registered_at <= _moment(message.until))
    if message.updated_since is not None:
        where.append(TICKETS.c.updated_at >= _moment(message.updated_since))
    if message.updated_until is not None:
        where.append(TICKETS.c.updated_at <= _moment(message.updated_until))
    if message.states is not None and len(set(message.states)) == 1:
        is_open = TICKETS.c.state.in_(WORK)
        where.append(is_open if "open" in message.states else ~is_open)
    return where


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _reply(context: Context, tickets: Sequence[TicketRow]) -> PublicTickets:
    supporters = count_supporters(context, [row.id for row in tickets]) if tickets else {}
    return PublicTickets(
        tickets=tuple(_public(context, row, supporters.get(row.id, 0)) for row in tickets)
    )


def _public(context: Context, row: TicketRow, supporters: int) -> Json:
    """A report for everybody. Only an app of Open311 has told its user that the exact place is
    shown; of all others the county is, and the square of the map.
    """
    category = context.book.categories.get(row.category) or Named(row.category, *[row.category] * 2)
    unit = context.book.units.get(row.unit) or Named(row.unit, row.unit, row.unit)
    county = context.book.counties.get(row.county)
    exact = row.channel == "open311"
    return {
        "code": row.code,
        "token": row.token,
        "category": row.category,
        "category_fa": category.fa,
        "category_en": category.en,
        "unit_fa": unit.fa,
        "unit_en": unit.en,
        "county": row.county,
        "county_fa": county.fa if county else "",
        "county_en": county.en if county else "",
        "open": row.state in WORK,
        "status_notes": None,
        "description": row.text if row.public_text is None else row.public_text,
        "registered_at": instant(row.registered_at),
        "updated_at": instant(row.updated_at),
        "expected_at": row.due_seen.get("solution"),
        "address": _address(row) if exact else "",
        "lat": row.lat if exact else coarse(row.lat),
        "long": row.long if exact else coarse(row.long),
        "media_url": None,
        "supporters": supporters,
    }


def _address(row: TicketRow) -> str:
    return row.address if row.public_address is None else row.public_address


def coarse(position: float | None) -> float | None:
    """Return the middle of the square of the map in which a position is."""
    return None if position is None else middle(math.floor(position / SQUARE))


def token(context: Context, message: AskToken) -> TokenOf:
    """Return the code that a token of Open311 became; None if there is no such token."""
    statement = select(TICKETS.c.code).where(TICKETS.c.token == message.token)
    return TokenOf(token=message.token, code=context.conn.execute(statement).scalar())
