"""Agencies' webhook endpoints: addresses, secrets that are shown once, public keys."""

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update

from bus.database.rows import fetch_all, fetch_one
from bus.envelope import instant
from bus.errors import Conflict, NotFound, RuleBroken
from bus.foreign.address import place
from contracts.notify.callbacks import Callback, Callbacks, CallbackWithSecret, PutCallback
from services.notify.context import Context, uuid_of
from services.notify.domain import webhook
from services.notify.tables import CALLBACK_DELIVERIES, CALLBACKS
from services.notify.webhooks import bearer

MOST = 10
EndpointState = Literal["ENABLED", "DISABLED"]


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """A webhook endpoint of an agency; the secrets are sealed."""

    id: UUID
    owner: str
    key_id: str | None
    url: str
    types: Sequence[str]
    state: EndpointState
    reason: str
    secret: str
    secret_by: str
    secret_at: dt.datetime
    old_secret: str | None
    old_until: dt.datetime | None
    private_key: str
    public_key: str
    made_at: dt.datetime
    ok_at: dt.datetime | None
    failing_since: dt.datetime | None
    failures: int
    rests_until: dt.datetime | None

    @property
    def notify(self) -> str | None:
        """What of the Notify API is posted there; None for Standard Webhooks."""
        return next((kind for kind, type_ in bearer.TYPES.items() if type_ in self.types), None)


def put(context: Context, request_id: str, request: PutCallback) -> CallbackWithSecret:
    """Make an endpoint, with its secret in the reply, or change one, which enables it again.

    ``request_id`` is the ID of the request: a repeat makes no second endpoint. RuleBroken
    ``callback.url``, ``callback.too_many`` over ten endpoints.
    """
    url = place(request.url, sandbox=context.sandbox).url
    types = sorted(set(request.types))
    if request.callback is None:
        row = _make(context, request_id, url, types)
        return _with_secret(context, row, _opened(context, row.secret))
    row = load(context, request.callback, lock=True)
    require_signed(row)
    context.conn.execute(
        update(CALLBACKS)
        .where(CALLBACKS.c.id == row.id)
        .values(
            url=url,
            types=types,
            key_id=context.sender.key,
            state="ENABLED",
            reason="",
            failing_since=None,
            failures=0,
            rests_until=None,
        )
    )
    return _with_secret(context, load(context, str(row.id)), None)


def _make(context: Context, request_id: str, url: str, types: list[str]) -> EndpointRow:
    sender = context.sender
    id_ = uuid.uuid5(uuid.NAMESPACE_URL, f"mirab:callback:{sender.agency}:{request_id}")
    # Two at once must not both be the tenth.
    context.tx.hold(f"callbacks {sender.agency}")
    if (existing := _load(context, id_)) is not None:
        if (existing.url, list(existing.types)) != (url, types):
            raise Conflict(
                "This Idempotency-Key was used before with another body; use a new key.",
                code="idempotency_key.reused",
            )
        return existing
    if sum(row.notify is None for row in rows(context)) >= MOST:
        raise RuleBroken(f"An agency has {MOST} endpoints at most.", code="callback.too_many")
    private, public = webhook.key_pair(secrets.token_bytes(32))
    context.conn.execute(
        insert(CALLBACKS).values(
            id=id_,
            owner=sender.agency,
            key_id=sender.key,
            url=url,
            types=types,
            state="ENABLED",
            secret=_new_secret(context),
            secret_by=request_id,
            secret_at=context.now,
            private_key=context.keys.seal(private),
            public_key=public,
            made_at=context.now,
        )
    )
    return load(context, str(id_))


def _new_secret(context: Context) -> str:
    raw = secrets.token_bytes(webhook.SECRET_BYTES)
    return context.keys.seal(webhook.text_of(webhook.SECRET, raw))


def _opened(context: Context, sealed: str) -> str:
    opened = context.keys.open(sealed)
    if opened is None:
        raise RuntimeError("a secret was sealed by another key than that of now")
    return opened


def rotate(context: Context, request_id: str, callback: str) -> CallbackWithSecret:
    """Give an endpoint a new secret; the one before signs along for 24 hours. A repeat of the
    request gets the secret that the first one made.
    """
    row = load(context, callback, lock=True)
    require_signed(row)
    if row.secret_by != request_id:
        context.conn.execute(
            update(CALLBACKS)
            .where(CALLBACKS.c.id == row.id)
            .values(
                old_secret=CALLBACKS.c.secret,
                old_until=context.now + webhook.OLD_SECRET,
                secret=_new_secret(context),
                secret_by=request_id,
                secret_at=context.now,
            )
        )
        row = load(context, callback)
    return _with_secret(context, row, _opened(context, row.secret))


def drop(context: Context, callback: str) -> Callbacks:
    """Delete an endpoint with all its deliveries; the endpoints that are left."""
    row = load(context, callback, lock=True)
    context.conn.execute(delete(CALLBACKS).where(CALLBACKS.c.id == row.id))
    return list_all(context)


def load(context: Context, callback: str, *, lock: bool = False) -> EndpointRow:
    """The agency's endpoint. NotFound ``callback.not_found``, also for another agency's."""
    row = _load(context, uuid_of(callback), lock=lock)
    if row is None:
        raise NotFound("There is no such endpoint of yours.", code="callback.not_found")
    return row


def _load(context: Context, id_: UUID | None, *, lock: bool = False) -> EndpointRow | None:
    query = select(CALLBACKS).where(CALLBACKS.c.id == id_, CALLBACKS.c.owner == context.owner)
    if lock:
        query = query.with_for_update()
    return fetch_one(context.conn, EndpointRow, query)


def require_signed(row: EndpointRow) -> None:
    """NotFound ``callback.not_found`` for an endpoint of the Notify API: its URL and its token are
    set together, where its keys are.
    """
    if row.notify is not None:
        raise NotFound(
            "This endpoint is the Notify API's; ask whoever makes its keys to change it.",
            code="callback.not_found",
        )


def load_enabled(context: Context, callback: str) -> EndpointRow:
    """The agency's endpoint, locked. RuleBroken ``callback.disabled`` unless it is enabled."""
    row = load(context, callback, lock=True)
    if row.state != "ENABLED":
        raise RuleBroken(
            "This endpoint is disabled; put it again to enable it.", code="callback.disabled"
        )
    return row


def rows(context: Context) -> list[EndpointRow]:
    """All endpoints of the agency, oldest first."""
    query = select(CALLBACKS).where(CALLBACKS.c.owner == context.owner)
    return fetch_all(context.conn, EndpointRow, query.order_by(CALLBACKS.c.made_at, CALLBACKS.c.id))


def list_all(context: Context) -> Callbacks:
    """The agency's endpoints as the contract shows them."""
    return Callbacks(callbacks=tuple(_callback(context, row) for row in rows(context)))


def _with_secret(context: Context, row: EndpointRow, secret: str | None) -> CallbackWithSecret:
    return CallbackWithSecret(**vars(_callback(context, row)), secret=secret)


def _callback(context: Context, row: EndpointRow) -> Callback:
    """An endpoint as the contract shows it."""
    state = CALLBACK_DELIVERIES.c.state
    counts = select(
        func.count().filter(state == "WAITING"), func.count().filter(state == "DEAD")
    ).where(CALLBACK_DELIVERIES.c.callback == row.id)
    waiting, dead = context.conn.execute(counts).one()
    until = row.old_until if row.old_until and row.old_until > context.now else None
    return Callback(
        callback=str(row.id),
        url=row.url,
        types=() if row.notify else tuple(row.types),
        notify=row.notify,
        state=row.state,
        why=row.reason,
        public_key=row.public_key,
        old_secret_until=instant(until),
        made_at=instant(row.made_at),
        ok_at=instant(row.ok_at),
        failing_since=instant(row.failing_since),
        waiting=waiting,
        dead=dead,
    )
