"""Messages found without personal data; each look at that, and each search by an address, is
written down for good.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from bus.database import paging
from bus.database.rows import fetch_all, fetch_only
from bus.envelope import instant
from bus.messages.message import Wire
from contracts.notify.desk import (
    Figures,
    FindMessages,
    FoundMessage,
    FoundMessages,
    Reveal,
    WholeMessage,
)
from iran.persian import TEHRAN
from services.notify.context import Context, uuid_of
from services.notify.editors import looks
from services.notify.sending.messages import (
    WITH_CODE,
    NamedMessageRow,
    message_reply,
    template_reply,
)
from services.notify.sending.rows import HandoverRow, load_message
from services.notify.tables import HANDOVERS, MESSAGES


@dataclass(frozen=True, slots=True)
class HourFigure:
    """How many messages of an hour are in a state."""

    hour: dt.datetime
    state: str
    count: int


def find(context: Context, editor: str, request: FindMessages) -> FoundMessages:
    """Messages that match all that is given; a search by an address is a look."""
    query = WITH_CODE.where(*_conditions(context, request)).order_by(
        MESSAGES.c.created_at.desc(), MESSAGES.c.id.desc()
    )
    rows = fetch_all(context.conn, NamedMessageRow, query.limit(request.limit + 1))
    shown = paging.page(rows, request.limit)
    if request.mobile or request.email:
        by = "mobile" if request.mobile else "email"
        looks.note(context, editor, "search", {"searched_by": by, "found": len(shown.rows)})
    return FoundMessages(
        messages=tuple(_found_message(row) for row in shown.rows),
        next=shown.next(lambda row: str(row.id)),
    )


def _conditions(context: Context, request: FindMessages) -> list[ColumnElement[bool]]:
    """What a message must match. A text that is no ID matches nothing."""
    conditions: list[ColumnElement[bool]] = []
    if request.id:
        conditions.append(MESSAGES.c.id == uuid_of(request.id))
    if request.mobile or request.email:
        channel = "sms" if request.mobile else "email"
        address = request.mobile or request.email or ""
        conditions.append(MESSAGES.c.receiver_hash == context.keys.receiver(channel, address))
    if request.reference:
        conditions.append(MESSAGES.c.reference == request.reference)
    if request.owner:
        conditions.append(MESSAGES.c.owner == request.owner)
    if request.state:
        conditions.append(MESSAGES.c.state == request.state)
    if request.day:
        day = dt.datetime.combine(dt.date.fromisoformat(request.day), dt.time(), TEHRAN)
        conditions += [
            MESSAGES.c.created_at >= day,
            MESSAGES.c.created_at < day + dt.timedelta(days=1),
        ]
    if request.before:
        last = MESSAGES.alias("last")
        before = select(last.c.created_at, last.c.id).where(last.c.id == uuid_of(request.before))
        conditions.append(tuple_(MESSAGES.c.created_at, MESSAGES.c.id) < before.scalar_subquery())
    return conditions


def _found_message(row: NamedMessageRow) -> FoundMessage:
    return FoundMessage(
        id=str(row.id),
        owner=row.owner,
        reference=row.reference,
        state=row.state,
        code=row.code,
        channel=row.channel,
        lane=row.lane,
        template=template_reply(row),
        parts=row.parts,
        cost_rials=row.cost_rials,
        created_at=instant(row.created_at),
        due_at=instant(row.due_at),
        sent_at=instant(row.sent_at),
        settled_at=instant(row.settled_at),
    )


def reveal(context: Context, editor: str, request: Reveal) -> WholeMessage:
    """A message with its personal data, if that is not gone yet; the look is noted."""
    id_ = load_message(context.conn, request.id).id
    query = WITH_CODE.where(MESSAGES.c.id == id_)
    row = fetch_only(context.conn, NamedMessageRow, query)
    looks.note(context, editor, request.why, {"message": str(row.id), "owner": row.owner})
    handovers = select(HANDOVERS).where(HANDOVERS.c.message == row.id).order_by(HANDOVERS.c.ref)
    rows = fetch_all(context.conn, HandoverRow, handovers)
    return WholeMessage(
        **vars(message_reply(row)),
        owner=row.owner,
        handovers=tuple(_handover(handover) for handover in rows),
    )


def _handover(row: HandoverRow) -> Wire:
    return {
        "channel": row.channel,
        "provider": row.provider,
        "state": row.state,
        "reserved_at": instant(row.reserved_at),
        "provider_ref": row.provider_ref,
        "code": row.code,
        "told_at": instant(row.answered_at),
        "cost_rials": row.cost_rials,
    }


def figures(conn: Connection, now: dt.datetime, hours: int) -> Figures:
    """How many messages of each of the last hours of Tehran are in which state; newest first."""
    this_hour = now.astimezone(TEHRAN).replace(minute=0, second=0, microsecond=0)
    begin = this_hour - dt.timedelta(hours=hours - 1)
    hour = func.date_trunc("hour", MESSAGES.c.created_at, TEHRAN.key).label("hour")
    query = (
        select(hour, MESSAGES.c.state, func.count().label("count"))
        .where(MESSAGES.c.created_at >= begin)
        .group_by(hour, MESSAGES.c.state)
        .order_by(hour.desc(), MESSAGES.c.state)
    )
    by_hour: dict[dt.datetime, dict[str, int]] = {}
    for row in fetch_all(conn, HourFigure, query):
        by_hour.setdefault(row.hour, {})[row.state] = row.count
    return Figures(
        hours=tuple(
            {"hour": instant(hour), "states": states, "accepted": sum(states.values())}
            for hour, states in by_hour.items()
        )
    )
