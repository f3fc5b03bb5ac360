"""Who unsubscribed, for senders and editors: by the message whose link was used, by no address."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select

from bus.database import paging
from bus.database.rows import fetch_all
from bus.envelope import instant
from contracts.notify.usage.unsubscriptions import (
    ListUnsubscriptions,
    Unsubscription,
    Unsubscriptions,
)
from services.notify.tables import MESSAGES, UNSUBSCRIPTIONS


@dataclass(frozen=True, slots=True)
class ListedEnd:
    """An end with its sender's own word for the message."""

    id: int
    owner: str
    template: str
    message: UUID
    reference: str | None
    at: dt.datetime
    undone_at: dt.datetime | None


def page(conn: Connection, owner: str | None, request: ListUnsubscriptions) -> Unsubscriptions:
    """Ends of one sender or of all, newest first."""
    column = UNSUBSCRIPTIONS.c
    query = select(UNSUBSCRIPTIONS, MESSAGES.c.reference).select_from(
        UNSUBSCRIPTIONS.outerjoin(MESSAGES, MESSAGES.c.id == column.message)
    )
    if owner is not None:
        query = query.where(column.owner == owner)
    if request.template is not None:
        query = query.where(column.template == request.template)
    if request.before is not None:
        query = query.where(column.id < request.before)
    query = query.order_by(column.id.desc()).limit(request.limit + 1)
    fields = [query.selected_columns[name] for name in ListedEnd.__dataclass_fields__]
    rows = fetch_all(conn, ListedEnd, query.with_only_columns(*fields))
    shown = paging.page(rows, request.limit)
    return Unsubscriptions(
        unsubscriptions=tuple(_reply(row) for row in shown.rows),
        next=shown.next(lambda row: row.id),
    )


def _reply(row: ListedEnd) -> Unsubscription:
    return Unsubscription(
        owner=row.owner,
        template=row.template,
        message=str(row.message),
        reference=row.reference,
        at=instant(row.at),
        undone_at=instant(row.undone_at),
    )
