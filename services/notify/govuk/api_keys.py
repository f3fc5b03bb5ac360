"""Keys of the Notify API, and what they may do.

A key's text is ``{name}-{service}-{secret}`` with two UUIDs: clients take them from its end, name
the service as ``iss`` and sign with the secret's text (JWT, HS256). A service is what an agency is
called there; it comes into being with the first key.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import fetch_all
from bus.errors import BusError, NotFound
from iran import identifiers
from services.notify.keys import Keys
from services.notify.tables import API_COUNTS, API_GUESTS, API_KEYS, API_SERVICES
from services.notify.webhooks import bearer

A_DAY = {"sms": 250_000, "email": 250_000, "letter": 20_000}


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """An agency as the Notify API knows it; ``a_day`` are its limits by channel."""

    id: UUID
    owner: str
    a_minute: int
    a_day: Mapping[str, int]
    archived_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key of a service; its secret is sealed."""

    id: UUID
    service: UUID
    name: str
    kind: str
    secret: str
    made_at: dt.datetime
    revoked_at: dt.datetime | None


# --- what keys may do ---


def count(conn: Connection, service: UUID, channel: str, kind: str, day: dt.date) -> int | None:
    """Count a message of the day; the limit, if it is over. Then the transaction must not commit.

    Each kind of key has its own count, as with Notify.
    """
    statement = insert(API_COUNTS).values(
        service=service, day=day, channel=channel, kind=kind, count=1
    )
    counted = conn.execute(
        statement.on_conflict_do_update(
            index_elements=API_COUNTS.primary_key.columns,
            set_={"count": API_COUNTS.c["count"] + 1},
        ).returning(API_COUNTS.c["count"])
    ).scalar_one()
    limits = select(API_SERVICES.c.a_day).where(API_SERVICES.c.id == service)
    most = int(conn.execute(limits).scalar_one().get(channel, A_DAY[channel]))
    return most if counted > most else None


def is_guest(conn: Connection, service: UUID, channel: str, receiver_hash: bytes) -> bool:
    """Tell whether team keys of the service may send to that receiver."""
    query = select(API_GUESTS.c.service).where(
        API_GUESTS.c.service == service,
        API_GUESTS.c.channel == channel,
        API_GUESTS.c.receiver_hash == receiver_hash,
    )
    return conn.execute(query).scalar() is not None


# --- administration ---


def make(conn: Connection, keys: Keys, owner: str, name: str, kind: str) -> str:
    """Make a key of an agency; its text, which is shown this once. BusError if the name is in
    use.
    """
    statement = insert(API_SERVICES).values(id=uuid.uuid4(), owner=owner, a_day=A_DAY)
    service = conn.execute(
        statement.on_conflict_do_update(
            index_elements=[API_SERVICES.c.owner], set_={"archived_at": None}
        ).returning(API_SERVICES.c.id)
    ).scalar_one()
    secret = str(uuid.uuid4())
    made = conn.execute(
        insert(API_KEYS)
        .values(
            id=uuid.uuid4(),
            service=service,
            name=name,
            kind=kind,
            secret=keys.seal(secret),
            made_at=func.now(),
        )
        .on_conflict_do_nothing(index_elements=[API_KEYS.c.service, API_KEYS.c.name])
        .returning(API_KEYS.c.id)
    ).scalar()
    if made is None:
        raise BusError("This agency has a key of that name already.", code="api_key.name_taken")
    return f"{name}-{service}-{secret}"


def service_of(conn: Connection, owner: str) -> UUID:
    """The UUID of an agency's service. NotFound ``api_key.no_service``."""
    query = select(API_SERVICES.c.id).where(API_SERVICES.c.owner == owner)
    service: UUID | None = conn.execute(query).scalar()
    if service is None:
        raise NotFound("This agency has no key yet; make one.", code="api_key.no_service")
    return service


def revoke(conn: Connection, owner: str, name: str) -> bool:
    """Revoke a key at once; False if there is none of that name in force."""
    statement = (
        update(API_KEYS)
        .where(
            API_KEYS.c.service == service_of(conn, owner),
            API_KEYS.c.name == name,
            API_KEYS.c.revoked_at.is_(None),
        )
        .values(revoked_at=func.now())
    )
    return conn.execute(statement).rowcount > 0


def archive(conn: Connection, owner: str) -> None:
    """Archive an agency's service: all its keys and call-backs end at once. A new key opens it
    again; call-backs are set again.
    """
    service = service_of(conn, owner)
    conn.execute(
        update(API_SERVICES).where(API_SERVICES.c.id == service).values(archived_at=func.now())
    )
    bearer.end(conn, owner)


def add_guest(conn: Connection, keys: Keys, owner: str, address: str) -> str:
    """Add a mobile number or an e-mail address to the guest list; its channel. Malformed."""
    channel = "email" if "@" in address else "sms"
    canonical = identifiers.email(address) if channel == "email" else identifiers.mobile(address)
    guest = {
        "service": service_of(conn, owner),
        "channel": channel,
        "receiver_hash": keys.receiver(channel, canonical),
    }
    conn.execute(insert(API_GUESTS).values(guest).on_conflict_do_nothing())
    return channel


def limit(conn: Connection, owner: str, channel: str, a_day: int) -> None:
    """Limit the messages of a channel that an agency may send a day with keys of each kind."""
    service = service_of(conn, owner)
    query = select(API_SERVICES.c.a_day).where(API_SERVICES.c.id == service).with_for_update()
    limits = {**conn.execute(query).scalar_one(), channel: a_day}
    conn.execute(update(API_SERVICES).where(API_SERVICES.c.id == service).values(a_day=limits))


def keys_of(conn: Connection, owner: str) -> list[KeyRow]:
    """The keys of an agency, oldest first. NotFound ``api_key.no_service``."""
    query = select(API_KEYS).where(API_KEYS.c.service == service_of(conn, owner))
    return fetch_all(conn, KeyRow, query.order_by(API_KEYS.c.made_at))
