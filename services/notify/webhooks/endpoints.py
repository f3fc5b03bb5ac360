"""Agencies' endpoints for call-backs: addresses, secrets that are shown once, public keys."""

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from bus.envelope import instant
from bus.errors import Conflict, NotFound, RuleBroken
from services.notify.context import uuid_of
from services.notify.domain import webhook
from services.notify.domain.address import place
from services.notify.keys import Keys

MOST = 10


@dataclass(frozen=True)
class Owner:
    """Whose endpoints it is about, and what is needed to work on them."""

    conn: Connection
    now: dt.datetime
    keys: Keys
    agency: str
    sandbox: bool
    key: str | None = None


def put(owner: Owner, message: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Makes an endpoint, with its secret in the answer, or changes one, which enables it again.

    ``message`` is the ID of the request: a repeat makes no second endpoint. RuleBroken
    ``callback.url``, ``callback.too_many`` over ten endpoints.
    """
    url = place(asked["url"], sandbox=owner.sandbox).url
    if asked["callback"] is None:
        row = _made(owner, message, url, asked["types"])
        return told(owner, row, secret=_opened(owner, row.secret))
    row = get(owner, asked["callback"], lock=True)
    owner.conn.execute(
        text(
            "update callbacks set url = :url, types = :types, key_id = :key, "
            "state = 'ENABLED', why = '', "
            "failing_since = null, failures = 0, rests_until = null where id = :id"
        ),
        {
            "url": url,
            "types": sorted(set(asked["types"])),
            "key": owner.key,
            "id": row.id,
        },
    )
    return told(owner, get(owner, str(row.id)))


def _made(owner: Owner, message: str, url: str, types: list[str]) -> Any:
    id_ = uuid.uuid5(uuid.NAMESPACE_URL, f"mirab:callback:{owner.agency}:{message}")
    # Two at once must not both be the tenth.
    lock = text("select pg_advisory_xact_lock(hashtext(:owner))")
    owner.conn.execute(lock, {"owner": f"callbacks {owner.agency}"})
    if (known := _row(owner, str(id_))) is not None:
        if (known.url, known.types) != (url, sorted(set(types))):
            raise Conflict(
                "This Idempotency-Key was used before with another body; use a new key.",
                code="idempotency_key.reused",
            )
        return known
    if len(rows(owner)) >= MOST:
        raise RuleBroken(f"An agency has {MOST} endpoints at most.", code="callback.too_many")
    private, public = webhook.key_pair(secrets.token_bytes(32))
    owner.conn.execute(
        text(
            "insert into callbacks (id, owner, key_id, url, types, state, secret, secret_by, "
            "secret_at, private_key, public_key, made_at) values (:id, :owner, :key, :url, "
            ":types, 'ENABLED', :secret, :by, :now, :private, :public, :now)"
        ),
        {
            "id": id_, "owner": owner.agency, "key": owner.key, "url": url,
            "types": sorted(set(types)),
            "secret": _new_secret(owner), "by": message, "now": owner.now,
            "private": owner.keys.seal(private), "public": public,
        },
    )  # fmt: skip
    return get(owner, str(id_))


def _new_secret(owner: Owner) -> str:
    raw = secrets.token_bytes(webhook.SECRET_BYTES)
    return owner.keys.seal(webhook.text_of(webhook.SECRET, raw))


def _opened(owner: Owner, sealed: str) -> str:
    opened = owner.keys.open(sealed)
    if opened is None:
        raise RuntimeError("a secret was sealed by another key than that of now")
    return opened


def rotate(owner: Owner, message: str, callback: str) -> dict[str, Any]:
    """Gives an endpoint a new secret; the one before signs along for 24 hours. A repeat of the
    request gets the secret that the first one made.
    """
    row = get(owner, callback, lock=True)
    if row.secret_by != message:
        owner.conn.execute(
            text(
                "update callbacks set old_secret = secret, old_until = :until, secret = :new, "
                "secret_by = :by, secret_at = :now where id = :id"
            ),
            {
                "until": owner.now + webhook.OLD_SECRET, "new": _new_secret(owner),
                "by": message, "now": owner.now, "id": row.id,
            },
        )  # fmt: skip
        row = get(owner, callback)
    return told(owner, row, secret=_opened(owner, row.secret))


def drop(owner: Owner, callback: str) -> dict[str, Any]:
    """Forgets an endpoint with all that it was to be told; those that are left."""
    row = get(owner, callback, lock=True)
    owner.conn.execute(text("delete from callbacks where id = :id"), {"id": row.id})
    return listed(owner)


def get(owner: Owner, callback: str, *, lock: bool = False) -> Any:
    """The agency's endpoint. NotFound ``callback.not_found``, also for another agency's."""
    row = _row(owner, callback, lock=lock)
    if row is None:
        raise NotFound("There is no such endpoint of yours.", code="callback.not_found")
    return row


def _row(owner: Owner, callback: str, *, lock: bool = False) -> Any:
    sql = "select * from callbacks where id = :id and owner = :owner"
    return owner.conn.execute(
        text(sql + (" for update" if lock else "")),
        {"id": uuid_of(callback), "owner": owner.agency},
    ).one_or_none()


def rows(owner: Owner) -> list[Any]:
    """All endpoints of the agency, oldest first."""
    found = owner.conn.execute(
        text("select * from callbacks where owner = :owner order by made_at, id"),
        {"owner": owner.agency},
    )
    return list(found)


def listed(owner: Owner) -> dict[str, Any]:
    """The agency's endpoints as the contract tells them."""
    return {"callbacks": [told(owner, row) for row in rows(owner)]}


def told(owner: Owner, row: Any, **more: Any) -> dict[str, Any]:
    """An endpoint as the contract tells it."""
    counted = owner.conn.execute(
        text(
            "select count(*) filter (where state = 'WAITING') as waiting, "
            "count(*) filter (where state = 'DEAD') as dead from callback_deliveries "
            "where callback = :id"
        ),
        {"id": row.id},
    ).one()
    until = row.old_until if row.old_until and row.old_until > owner.now else None
    return {
        "callback": str(row.id), "url": row.url, "types": row.types, "state": row.state,
        "why": row.why, "public_key": row.public_key, "old_secret_until": instant(until),
        "made_at": instant(row.made_at), "ok_at": instant(row.ok_at),
        "failing_since": instant(row.failing_since), "waiting": counted.waiting,
        "dead": counted.dead, "secret": None, **more,
    }  # fmt: skip


def enabled(owner: Owner, callback: str) -> Any:
    """The agency's endpoint, locked. RuleBroken ``callback.disabled`` unless it is told things."""
    row = get(owner, callback, lock=True)
    if row.state != "ENABLED":
        raise RuleBroken(
            "This endpoint is disabled; put it again to enable it.", code="callback.disabled"
        )
    return row
