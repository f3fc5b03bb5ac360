"""What endpoints are to be told: rows, written in the transaction in which something happens."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import NotFound
from contracts.notify.callbacks import TEST
from services.notify.webhooks import endpoints
from services.notify.webhooks.endpoints import Owner

BODY_MOST = 20 * 1024
KEEP = dt.timedelta(days=30)
AT_ONCE = 10_000
IN_REMINDER = ("number", "total_rials", "due_on", "overdue")

_ADD = """
    insert into callback_deliveries
        (id, callback, type, body, state, problem, next_at, made_at, ended_at)
    select 'msg_' || md5(id || ' ' || :type || ' ' || coalesce(:once, gen_random_uuid()::text)),
        id, :type, :body,
        case when state = 'ENABLED' then 'WAITING' else 'DEAD' end,
        case when state = 'ENABLED' then '' else 'callback.disabled' end,
        :now, :now, case when state <> 'ENABLED' then cast(:now as timestamptz) end
    from callbacks where """
_NOTE = text(
    _ADD + ":type = any(types) and (cast(:owner as text) is null or owner = :owner) "
    "on conflict (id) do nothing"
)
_TEST = text(_ADD + "id = :id")
_REPLAY = text("""
    update callback_deliveries
    set state = 'WAITING', tries = 0, next_at = :now, problem = '', ended_at = null
    where seq in (
        select seq from callback_deliveries
        where callback = :callback
        and case when cast(:one as text) is null
            then state = 'DEAD' and made_at >= coalesce(cast(:since as timestamptz), '-infinity')
            else id = :one and state <> 'WAITING' end
        order by seq limit :most)""")


def note(  # noqa: PLR0913 - one parameter a column of the row
    conn: Connection,
    type_: str,
    data: Mapping[str, Any],
    now: dt.datetime,
    owner: str | None,
    *,
    once: str | None = None,
) -> None:
    """Writes down what is to be told: to the owner's endpoints of that type, or, for ``owner``
    None, to everybody's. For a disabled endpoint it is dead at once, to be replayed later. What
    was told under the ID ``once`` is told no second time.
    """
    told = {"type": type_, "body": _body(type_, data, now), "now": now, "owner": owner}
    conn.execute(_NOTE, {**told, "once": once})


def note_bill(conn: Connection, fact: Mapping[str, Any], now: dt.datetime) -> None:
    """Writes down that a bill of an agency is due, for its own endpoints; ``fact`` is a Reminder of
    contracts/billing/bills.py. What the bill is for is not told: an officer may have written it.
    """
    told = {name: fact[name] for name in IN_REMINDER}
    note(conn, "bill.reminded", told, now, fact["agency"])


def _body(type_: str, data: Mapping[str, Any], now: dt.datetime) -> str:
    body = orjson.dumps({"type": type_, "timestamp": instant(now), "data": dict(data)})
    if len(body) > BODY_MOST:
        raise ValueError(f"{type_}: the body is longer than the Standard Webhooks allow")
    return body.decode()


def try_out(owner: Owner, callback: str) -> dict[str, Any]:
    """Tells an endpoint something without meaning. RuleBroken ``callback.disabled``."""
    row = endpoints.enabled(owner, callback)
    body = _body(TEST, {"callback": str(row.id)}, owner.now)
    told = {"id": row.id, "type": TEST, "body": body, "now": owner.now, "once": None}
    owner.conn.execute(_TEST, told)
    return {"replayed": 1}


def replay(owner: Owner, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Tells again under the first ID: one delivery, or the oldest 10,000 of those that died.

    RuleBroken ``callback.disabled``; NotFound ``callback.delivery_not_found``.
    """
    row = endpoints.enabled(owner, asked["callback"])
    done = owner.conn.execute(
        _REPLAY,
        {
            "callback": row.id, "one": asked["id"], "since": asked["since"], "now": owner.now,
            "most": AT_ONCE,
        },
    )  # fmt: skip
    if asked["id"] and not done.rowcount:
        raise NotFound(
            "This endpoint was told nothing of that ID, or is being told it.",
            code="callback.delivery_not_found",
        )
    return {"replayed": done.rowcount}


def listed(owner: Owner, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What an endpoint was told, newest first."""
    row = endpoints.get(owner, asked["callback"])
    found = owner.conn.execute(
        text(
            "select * from callback_deliveries where callback = :callback "
            "and (cardinality(cast(:states as text[])) = 0 or state = any(:states)) "
            "and (cast(:before as text) is null or seq < "
            "(select seq from callback_deliveries where id = :before and callback = :callback)) "
            "order by seq desc limit :limit"
        ),
        {
            "callback": row.id, "states": asked["states"], "before": asked["before"],
            "limit": asked["limit"] + 1,
        },
    ).all()  # fmt: skip
    page = found[: asked["limit"]]
    return {
        "deliveries": [_delivery_told(each) for each in page],
        "next": page[-1].id if len(found) > len(page) else None,
    }


def _delivery_told(row: Any) -> dict[str, Any]:
    return {
        "id": row.id, "type": row.type, "state": row.state, "tries": row.tries,
        "status": row.status, "problem": row.problem, "made_at": instant(row.made_at),
        "tried_at": instant(row.tried_at), "ended_at": instant(row.ended_at), "body": row.body,
        "next_at": instant(row.next_at) if row.state == "WAITING" else None,
    }  # fmt: skip


def forget(conn: Connection, now: dt.datetime) -> None:
    """Deletes what was told, or could not be, more than 30 days ago, and old secrets."""
    conn.execute(
        text("delete from callback_deliveries where state <> 'WAITING' and ended_at < :before"),
        {"before": now - KEEP},
    )
    conn.execute(
        text("update callbacks set old_secret = null, old_until = null where old_until < :now"),
        {"now": now},
    )
