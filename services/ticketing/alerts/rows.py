"""Rows of alerts, their keys, and what happened with them by day.

The key of an alert is made of its ID by our own secret: it stands in each of its e-mails, and a
thief of the database alone can end or prolong nobody's alert.
"""

import base64
import datetime as dt
import hmac
import uuid
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from bus.database.rows import columns, fetch_one
from bus.errors import NotFound
from bus.signatures.keys import base64url
from iran.persian import tehran_day
from services.ticketing.context import Context
from services.ticketing.domain.mailboxes import mailbox_of
from services.ticketing.tables import ALERT_DAYS, REPORT_ALERTS

KEY_LETTERS = 22
Event = Literal["confirmed", "ended", "digests", "updates"]


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert; the address is None once it has ended."""

    id: UUID
    email: str | None
    language: str
    category: str
    county: str
    state: str
    report: int | None
    lat: float | None
    long: float | None
    radius_km: int | None
    asked_at: dt.datetime
    confirmed_at: dt.datetime | None
    until: dt.datetime | None
    ended_at: dt.datetime | None
    since: dt.datetime | None
    since_entry: int
    sent_on: dt.date | None
    sent_that_day: int


class AlertChanges(TypedDict, total=False):
    """The columns of an alert that acts and chores change."""

    email: None
    email_hash: None
    lat: None
    long: None
    language: str
    confirmed_at: dt.datetime
    until: dt.datetime
    ended_at: dt.datetime
    since: dt.datetime
    since_entry: int
    next_at: dt.datetime | None
    sent_on: dt.date
    sent_that_day: int
    reminded_at: dt.datetime | None


def alerts() -> Select[tuple[object, ...]]:
    """Select alerts with the columns of AlertRow."""
    return select(*columns(REPORT_ALERTS, AlertRow))


def in_force() -> ColumnElement[bool]:
    """Return the condition of an alert that was proven and has not ended."""
    column = REPORT_ALERTS.c
    return and_(column.confirmed_at.is_not(None), column.ended_at.is_(None))


def mailbox_hash(context: Context, address: str) -> bytes:
    """Return by what the alerts of one mailbox are counted, without keeping who it is."""
    return context.keys.receiver("alerts", mailbox_of(address))


def change(context: Context, id_: UUID, **changes: Unpack[AlertChanges]) -> None:
    """Change columns of an alert."""
    context.conn.execute(update(REPORT_ALERTS).where(REPORT_ALERTS.c.id == id_).values(**changes))


def lock(context: Context, id_: UUID) -> AlertRow | None:
    """Return the alert of that id, locked until the end of the transaction."""
    query = alerts().where(REPORT_ALERTS.c.id == id_).with_for_update()
    return fetch_one(context.conn, AlertRow, query)


def end(context: Context, id_: UUID) -> None:
    """End an alert and forget its address and its place; a proven one is counted."""
    now, column = context.now, REPORT_ALERTS.c
    forgotten = {"email": None, "email_hash": None, "lat": None, "long": None}
    statement = (
        update(REPORT_ALERTS)
        .where(column.id == id_, column.ended_at.is_(None))
        .values(ended_at=now, next_at=None, **forgotten)
        .returning(column.confirmed_at)
    )
    ended = context.conn.execute(statement).one_or_none()
    if ended is not None and ended.confirmed_at is not None:
        note(context, "ended")


def note(context: Context, event: Event) -> None:
    """Count what happened today; nothing of whom."""
    column = ALERT_DAYS.c[event]
    new = insert(ALERT_DAYS).values({"day": tehran_day(context.now), event: 1})
    context.conn.execute(
        new.on_conflict_do_update(index_elements=["day"], set_={event: column + 1})
    )


# --- keys ---


def key_of(context: Context, id_: UUID) -> str:
    """Return the key of an alert, 44 letters."""
    return base64url(id_.bytes) + context.keys.alert(id_.hex)


def id_of(context: Context, key: str) -> UUID:
    """Return the id in a key. NotFound ``alert.not_found`` for one that we did not make."""
    try:
        id_ = uuid.UUID(bytes=base64.urlsafe_b64decode(key[:KEY_LETTERS] + "=="))
    except ValueError:
        raise not_found() from None
    if not hmac.compare_digest(key_of(context, id_).encode(), key.encode()):
        raise not_found()
    return id_


def address_of(context: Context, id_: UUID) -> str:
    """Return the page of an alert, where one click ends it (RFC 8058)."""
    return f"{context.portal_url}/alert/{key_of(context, id_)}"


def not_found() -> NotFound:
    """Return the refusal of a key that opens nothing."""
    return NotFound(
        "There is no such alert, or its link is too old; ask for it again.", code="alert.not_found"
    )
