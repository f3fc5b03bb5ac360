"""Deliveries to webhook endpoints: written in the transaction in which something happens; listed,
replayed and deleted.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import orjson
from sqlalchemy import Connection, delete, select, text, update

from bus.database import paging
from bus.database.rows import fetch_all
from bus.envelope import instant
from bus.errors import NotFound
from contracts.billing.reminders import Reminder
from contracts.notify.callbacks import (
    TEST,
    Deliveries,
    Delivery,
    ReadDeliveries,
    Replay,
    ReplayCount,
)
from people import retention
from services.notify.context import Context
from services.notify.tables import CALLBACK_DELIVERIES, CALLBACKS
from services.notify.webhooks import bearer, endpoints

BODY_MOST = 20 * 1024
KEEP = retention.span("callbacks")
AT_ONCE = 10_000
DeliveryRowState = Literal["WAITING", "DONE", "DEAD"]

# One row for each endpoint: insert from select, with an ID that a repeat makes again.
_NOTE = text("""
    insert into callback_deliveries
        (id, callback, type, body, state, problem, next_at, made_at, ended_at)
    select 'msg_' || md5(id || ' ' || :type || ' ' || coalesce(:once, gen_random_uuid()::text)),
        id, :type, :body,
        case when state = 'ENABLED' then 'WAITING' else 'DEAD' end,
        case when state = 'ENABLED' then '' else 'callback.disabled' end,
        :now, :now, case when state <> 'ENABLED' then cast(:now as timestamptz) end
    from callbacks
    where (cast(:id as uuid) is not null and id = :id)
        or (cast(:id as uuid) is null and :type = any(types)
            and (cast(:owner as text) is null or owner = :owner))
    on conflict (id) do nothing""")
_REPLAY = text("""
    update callback_deliveries
    set state = 'WAITING', tries = 0, next_at = :now, problem = '', ended_at = null
    where seq in (
        select seq from callback_deliveries
        where callback = :callback
        and case when cast(:id as text) is null
            then state = 'DEAD' and made_at >= coalesce(cast(:since as timestamptz), '-infinity')
            else id = :id and state <> 'WAITING' end
        order by seq limit :most)""")


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery to an endpoint; ``id`` is the header webhook-id of all its tries."""

    seq: int
    id: str
    callback: UUID
    type: str
    body: str
    state: DeliveryRowState
    next_at: dt.datetime
    tries: int
    status: int | None
    problem: str
    made_at: dt.datetime
    tried_at: dt.datetime | None
    ended_at: dt.datetime | None


def note(  # noqa: PLR0913 - one parameter a column of the row
    conn: Connection,
    type_: str,
    data: Mapping[str, object],
    now: dt.datetime,
    owner: str | None,
    *,
    once: str | None = None,
) -> None:
    """Note what is to be delivered: to the owner's endpoints of that type, or, for ``owner`` None,
    to everybody's. For a disabled endpoint it is dead at once, to be replayed later. What was noted
    under the ID ``once`` is noted no second time.
    """
    values = {"type": type_, "body": _body(type_, data, now), "now": now}
    conn.execute(_NOTE, {**values, "id": None, "owner": owner, "once": once})


def note_bill(conn: Connection, event: Reminder, now: dt.datetime) -> None:
    """Note that a bill of an agency is due, for its own endpoints. What the bill is for is left
    out: an officer may have written it.
    """
    data = {
        "number": event.number,
        "total_rials": event.total_rials,
        "due_on": event.due_on,
        "overdue": event.overdue,
    }
    note(conn, "bill.reminded", data, now, event.agency)


def _body(type_: str, data: Mapping[str, object], now: dt.datetime) -> str:
    signed = {"type": type_, "timestamp": instant(now), "data": dict(data)}
    body = orjson.dumps(dict(data) if type_ in bearer.TYPES.values() else signed)
    if len(body) > BODY_MOST:
        raise ValueError(f"{type_}: the body is longer than the Standard Webhooks allow")
    return body.decode()


def disable(context: Context, callback: UUID, reason: str, problem: str) -> None:
    """Disable an endpoint; its waiting deliveries are dead, to be replayed later."""
    context.conn.execute(
        update(CALLBACKS).where(CALLBACKS.c.id == callback).values(state="DISABLED", reason=reason)
    )
    context.conn.execute(
        update(CALLBACK_DELIVERIES)
        .where(CALLBACK_DELIVERIES.c.callback == callback, CALLBACK_DELIVERIES.c.state == "WAITING")
        .values(state="DEAD", problem=problem, ended_at=context.now)
    )


def test(context: Context, callback: str) -> ReplayCount:
    """Deliver a test to an endpoint. RuleBroken ``callback.disabled``."""
    row = endpoints.load_enabled(context, callback)
    endpoints.require_signed(row)
    body = _body(TEST, {"callback": str(row.id)}, context.now)
    values = {"type": TEST, "body": body, "now": context.now}
    context.conn.execute(_NOTE, {**values, "id": row.id, "owner": None, "once": None})
    return ReplayCount(replayed=1)


def replay(context: Context, request: Replay) -> ReplayCount:
    """Deliver again under the first ID: one delivery, or the oldest 10,000 of those that died.

    RuleBroken ``callback.disabled``; NotFound ``callback.delivery_not_found``.
    """
    row = endpoints.load_enabled(context, request.callback)
    count = context.conn.execute(
        _REPLAY,
        {
            "callback": row.id,
            "id": request.id,
            "since": request.since,
            "now": context.now,
            "most": AT_ONCE,
        },
    ).rowcount
    if request.id and not count:
        raise NotFound(
            "This endpoint has no delivery of that ID, or it is being delivered.",
            code="callback.delivery_not_found",
        )
    return ReplayCount(replayed=count)


def page(context: Context, request: ReadDeliveries) -> Deliveries:
    """The deliveries of an endpoint, newest first."""
    endpoint = endpoints.load(context, request.callback)
    table = CALLBACK_DELIVERIES
    query = select(table).where(table.c.callback == endpoint.id)
    if request.states:
        query = query.where(table.c.state.in_(request.states))
    if request.before is not None:
        last = table.alias("last")
        seq = select(last.c.seq).where(last.c.id == request.before, last.c.callback == endpoint.id)
        query = query.where(table.c.seq < seq.scalar_subquery())
    rows = fetch_all(
        context.conn, DeliveryRow, query.order_by(table.c.seq.desc()).limit(request.limit + 1)
    )
    shown = paging.page(rows, request.limit)
    return Deliveries(
        deliveries=tuple(_delivery(row) for row in shown.rows),
        next=shown.next(lambda row: row.id),
    )


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        type=row.type,
        state=row.state,
        tries=row.tries,
        status=row.status,
        problem=row.problem,
        made_at=instant(row.made_at),
        tried_at=instant(row.tried_at),
        ended_at=instant(row.ended_at),
        body=row.body,
        next_at=instant(row.next_at) if row.state == "WAITING" else None,
    )


def delete_old(conn: Connection, now: dt.datetime) -> None:
    """Delete deliveries that ended more than 30 days ago, and old secrets."""
    ended = (CALLBACK_DELIVERIES.c.state != "WAITING") & (
        CALLBACK_DELIVERIES.c.ended_at < now - KEEP
    )
    conn.execute(delete(CALLBACK_DELIVERIES).where(ended))
    conn.execute(
        update(CALLBACKS).where(CALLBACKS.c.old_until < now).values(old_secret=None, old_until=None)
    )
