"""Subscriptions to announcements: requested, confirmed by a code, changed, ended.

The key of a subscription is made of its ID by our own secret: it stands in each message, and a
thief of the database alone can end nobody's subscription.
"""

import datetime as dt
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from bus.database.rows import fetch_all, fetch_one
from bus.errors import BusError, NotFound, RuleBroken
from contracts.notify.messages import Send
from contracts.notify.receiver import Receiver
from contracts.notify.subscriptions import (
    Change,
    Confirm,
    PendingSubscription,
    Subscribe,
    Subscription,
)
from members.rights import Sender
from people import retention
from services.notify import holds
from services.notify.context import Context, uuid_of
from services.notify.domain import subscription
from services.notify.domain.content import StoredReceiver
from services.notify.domain.message import MessageState
from services.notify.domain.template import OURS
from services.notify.sending import code_caps, consents, settlement
from services.notify.sending.acceptance import accept
from services.notify.sending.rows import MessageRow, address_of, receiver_of, stored
from services.notify.tables import MESSAGES, SUBSCRIBER_NOTICES, SUBSCRIPTIONS

VALID_MINUTES, MOST_WRONG, PIN_DIGITS = 30, 5, 6


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A subscription; the receiver is forgotten when it ends."""

    id: UUID
    channel: str
    receiver: StoredReceiver | None
    receiver_hash: bytes
    language: str
    topics: Sequence[str]
    news: bool
    pin_hash: str | None
    wrong_pins: int
    asked_at: dt.datetime
    confirmed_at: dt.datetime | None
    ended_at: dt.datetime | None
    ended_by: str

    @property
    def to(self) -> Receiver:
        """Its receiver; an empty one when it was forgotten."""
        return receiver_of(self.receiver or {})

    @property
    def address(self) -> str:
        """Its address; empty when it was forgotten."""
        return address_of(self.to, self.channel) or ""


def subscribe(context: Context, request: Subscribe) -> PendingSubscription:
    """Send a code to the address; nothing else is sent there before it came back.

    Raises the refusal of the message, such as ``receiver.cap`` and ``receiver.opted_out``.
    """
    to = Receiver(mobile=request.mobile, email=request.email, inbox=request.inbox)
    channel = "sms" if request.mobile else "email" if request.email else "inbox"
    receiver_hash = context.keys.receiver(channel, address_of(to, channel) or "")
    code_caps.require_few(context, receiver_hash)
    id_, pin = uuid.uuid4(), f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
    context.conn.execute(
        insert(SUBSCRIPTIONS).values(
            id=id_,
            channel=channel,
            receiver=stored(to),
            receiver_hash=receiver_hash,
            language=request.language,
            topics=list(request.topics),
            news=request.news,
            pin_hash=_pin_hash(context, id_, pin),
            asked_at=context.now,
        )
    )
    message = Send(
        template="subscribe_confirm",
        channels=(channel,),
        to=to,
        language=request.language,
        personalisation={"code": pin, "link": f"{context.portal}/subscribe/confirm/{id_}"},
    )
    (result,) = accept(context, Sender(OURS), [message])
    if isinstance(result, BusError):
        raise result
    return PendingSubscription(id=str(id_), channel=channel, valid_minutes=VALID_MINUTES)


def confirm(context: Context, request: Confirm) -> Subscription | BusError:
    """Confirm a subscription by its code: from now on announcements are sent. One that stood before
    is replaced.

    NotFound ``subscription.not_found``, also when the code is too old or was wrong too often;
    RuleBroken ``subscription.pin_wrong`` is returned, so that it counts.
    """
    row = _lock(context, uuid_of(request.id))
    if row.confirmed_at is not None:
        raise _not_found()
    age = (context.now - row.asked_at).total_seconds()
    if age > VALID_MINUTES * 60 or row.wrong_pins >= MOST_WRONG:
        raise _not_found()
    if not hmac.compare_digest(_pin_hash(context, row.id, request.pin), row.pin_hash or ""):
        _set(context, row.id, wrong_pins=row.wrong_pins + 1)
        return RuleBroken("The code is not right; compare it.", code="subscription.pin_wrong")
    context.conn.execute(
        update(SUBSCRIPTIONS)
        .where(
            SUBSCRIPTIONS.c.channel == row.channel,
            SUBSCRIPTIONS.c.receiver_hash == row.receiver_hash,
            SUBSCRIPTIONS.c.confirmed_at.is_not(None),
            SUBSCRIPTIONS.c.ended_at.is_(None),
        )
        .values(ended_at=context.now, receiver=None)
    )
    _set(context, row.id, confirmed_at=context.now, pin_hash=None)
    _note_consent(context, row, row.news)
    return _reply(context, _lock(context, row.id))


def of_token(context: Context, token: str) -> Subscription:
    """The subscription of a key. NotFound ``subscription.not_found``."""
    return _reply(context, _lock_by_token(context, token))


def change(context: Context, request: Change) -> Subscription:
    """Change components, news or the language. NotFound ``subscription.not_found``."""
    row = _lock_by_token(context, request.token)
    if row.ended_at is not None:
        raise _not_found()
    _set(
        context,
        row.id,
        topics=list(request.topics),
        news=request.news,
        language=request.language,
    )
    _note_consent(context, row, request.news)
    return _reply(context, _lock(context, row.id))


def end(context: Context, token: str) -> Subscription:
    """End a subscription: nothing more is sent, not even what waits for the morning, and the
    address is forgotten. A repeat changes nothing.
    """
    row = _lock_by_token(context, token)
    if row.ended_at is None:
        _note_consent(context, row, False)
        _end(context, row, "")
    return _reply(context, _lock(context, row.id))


def end_of_receiver(context: Context, receiver_hash: bytes, reason: str) -> None:
    """End what an e-mail address gets as news: it opts out of that, and its subscription ends.
    ``reason``: undeliverable, since nobody has the address, or complaint.

    The receiver alone takes that back, by a subscription that is confirmed anew.
    """
    previous = consents.consents_of(context.conn, [receiver_hash]).get(receiver_hash, {})
    if previous.get("news") is not False:
        consents.note_of(context, "email", receiver_hash, "news", opts_in=False, source=reason)
    query = select(SUBSCRIPTIONS).where(
        SUBSCRIPTIONS.c.channel == "email",
        SUBSCRIPTIONS.c.receiver_hash == receiver_hash,
        SUBSCRIPTIONS.c.confirmed_at.is_not(None),
        SUBSCRIPTIONS.c.ended_at.is_(None),
    )
    row = fetch_one(context.conn, SubscriptionRow, query.with_for_update())
    if row is not None:
        _end(context, row, reason)


def _end(context: Context, row: SubscriptionRow, reason: str) -> None:
    _set(context, row.id, ended_at=context.now, receiver=None, ended_by=reason)
    for waiting in _waiting_messages(context, row):
        settlement.end(context, waiting, MessageState.CANCELLED, "unsubscribed")


def _waiting_messages(context: Context, row: SubscriptionRow) -> list[MessageRow]:
    notice = select(SUBSCRIBER_NOTICES.c.message).where(
        SUBSCRIBER_NOTICES.c.message == MESSAGES.c.id,
        SUBSCRIBER_NOTICES.c.subscription == row.id,
    )
    query = (
        select(MESSAGES)
        .where(
            MESSAGES.c.receiver_hash == row.receiver_hash,
            MESSAGES.c.state == MessageState.CREATED.value,
            MESSAGES.c.owner == OURS,
            notice.exists(),
        )
        .order_by(MESSAGES.c.id)
        .with_for_update()
    )
    return fetch_all(context.conn, MessageRow, query)


def delete_unconfirmed(context: Context) -> None:
    """Delete subscriptions that were not confirmed within a day, with their addresses."""
    context.conn.execute(
        delete(SUBSCRIPTIONS).where(
            SUBSCRIPTIONS.c.confirmed_at.is_(None),
            SUBSCRIPTIONS.c.asked_at < context.now - retention.span("subscriptions_unconfirmed"),
            ~holds.is_held(context, SUBSCRIPTIONS.c.receiver_hash),
        )
    )


# --- rows and keys ---


def key_of(context: Context, id_: UUID) -> str:
    """The key of a subscription, 44 letters."""
    return context.keys.link("subscription", id_)


def address_to_end(context: Context, id_: UUID) -> str:
    """The address of the portal that ends a subscription."""
    return f"{context.portal}/u/{key_of(context, id_)}"


def _lock_by_token(context: Context, token: str) -> SubscriptionRow:
    """The confirmed subscription of a key, locked."""
    id_ = context.keys.linked("subscription", token)
    if id_ is None:
        raise _not_found()
    row = _lock(context, id_)
    if row.confirmed_at is None:
        raise _not_found()
    return row


def _lock(context: Context, id_: UUID | None) -> SubscriptionRow:
    query = select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == id_).with_for_update()
    row = fetch_one(context.conn, SubscriptionRow, query)
    if row is None:
        raise _not_found()
    return row


def _not_found() -> NotFound:
    return NotFound(
        "There is no such subscription, or its code is too old; subscribe again.",
        code="subscription.not_found",
    )


def _set(context: Context, id_: UUID, **columns: object) -> None:
    context.conn.execute(update(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.id == id_).values(**columns))


def _note_consent(context: Context, row: SubscriptionRow, news: bool) -> None:
    """Note the receiver's consent to news, where it differs from the one before."""
    previous = consents.consents_of(context.conn, [row.receiver_hash]).get(row.receiver_hash, {})
    if previous.get("news", False) != news:
        consents.note(
            context, row.channel, row.address, "news", news, "subscription", by_receiver=True
        )


def _pin_hash(context: Context, id_: UUID, pin: str) -> str:
    return context.keys.mac("subscription pin", f"{id_} {pin}")


def _reply(context: Context, row: SubscriptionRow) -> Subscription:
    return Subscription(
        token=key_of(context, row.id),
        channel=row.channel,
        address=subscription.hidden(row.address),
        topics=tuple(row.topics),
        news=row.news,
        language=row.language,
        ended=row.ended_at is not None,
        ended_by=row.ended_by,
    )
