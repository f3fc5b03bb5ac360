"""Times for visits, and the places in them that tickets hold."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from bus.database.rows import columns, fetch_all, fetch_one
from bus.errors import Conflict
from services.ticketing.tables import BOOKINGS, SLOTS


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A time for a visit with places left."""

    id: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    free: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A time for visits at an office, with how many may come and how many do."""

    id: int
    office: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    capacity: int
    reserved: int


def free_slots(conn: Connection, office: str, after: dt.datetime, most: int = 60) -> list[FreeSlot]:
    """List the times of an office that have places left, the next first."""
    free = (SLOTS.c.capacity - SLOTS.c.reserved).label("free")
    statement = (
        select(SLOTS.c.id, SLOTS.c.starts_at, SLOTS.c.ends_at, free)
        .where(
            SLOTS.c.office == office,
            SLOTS.c.starts_at > after,
            SLOTS.c.reserved < SLOTS.c.capacity,
        )
        .order_by(SLOTS.c.starts_at)
        .limit(most)
    )
    return fetch_all(conn, FreeSlot, statement)


def reserve(conn: Connection, ticket: int, slot: int, office: str, now: dt.datetime) -> Slot:
    """Take one place of a slot for the ticket, and give back the one that it had.

    Conflict ``slot.full`` if the office has no such slot to come with a place left.
    """
    leave(conn, ticket)
    statement = (
        update(SLOTS)
        .values(reserved=SLOTS.c.reserved + 1)
        .where(
            SLOTS.c.id == slot,
            SLOTS.c.office == office,
            SLOTS.c.starts_at > now,
            SLOTS.c.reserved < SLOTS.c.capacity,
        )
    )
    reserved = fetch_one(conn, Slot, statement.returning(*columns(SLOTS, Slot)))
    if reserved is None:
        raise Conflict("This time was taken meanwhile; choose another one.", code="slot.full")
    conn.execute(insert(BOOKINGS).values(ticket=ticket, slot=slot))
    return reserved


# One statement: the place is given back if and only if the ticket held it.
_LEAVE = text(
    "with gone as (delete from bookings where ticket = :ticket returning slot) "
    "update slots set taken = taken - 1 from gone where slots.id = gone.slot"
)


def leave(conn: Connection, ticket: int) -> None:
    """Give back the place that the ticket holds, if any."""
    conn.execute(_LEAVE, {"ticket": ticket})


def add_slots(
    conn: Connection,
    office: str,
    spans: Sequence[tuple[dt.datetime, dt.datetime]],
    capacity: int,
) -> None:
    """Add times for visits; one that begins when another does stays as it is."""
    rows = [
        {"office": office, "starts_at": starts, "ends_at": ends, "capacity": capacity}
        for starts, ends in spans
    ]
    conn.execute(upsert(SLOTS).on_conflict_do_nothing(), rows)


def booked_after(conn: Connection, moment: dt.datetime) -> list[Slot]:
    """List the times for visits after a moment at which somebody comes, the next first."""
    statement = (
        select(*columns(SLOTS, Slot))
        .where(SLOTS.c.starts_at > moment, SLOTS.c.reserved > 0)
        .order_by(SLOTS.c.starts_at, SLOTS.c.office)
    )
    return fetch_all(conn, Slot, statement)


def slots_after(conn: Connection, moment: dt.datetime, most: int = 300) -> list[Slot]:
    """List the times for visits after a moment, the next first."""
    statement = (
        select(*columns(SLOTS, Slot))
        .where(SLOTS.c.starts_at > moment)
        .order_by(SLOTS.c.starts_at, SLOTS.c.office)
        .limit(most)
    )
    return fetch_all(conn, Slot, statement)
