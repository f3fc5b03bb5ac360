"""Subscriptions to announcements: asked for, confirmed by a code, changed, ended; and the telling.

The key of a subscription is made of its ID by our own secret: it stands in each message, and who
steals the database alone can end nobody's subscription.
"""

import base64
import hmac
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import text

from bus.database.chores import Chore
from bus.database.store import Store, Tx
from bus.errors import BusError, NotFound, RuleBroken
from bus.signatures.keys import base64url
from members.rights import Sender
from services.notify.context import Office, uuid_of
from services.notify.domain import subscription
from services.notify.domain.message import State
from services.notify.domain.quiet import after_quiet
from services.notify.domain.template import OURS
from services.notify.sending import code_caps, consents, settlement
from services.notify.sending.acceptance import accept

VALID_MINUTES, MOST_WRONG, PIN_DIGITS = 30, 5, 6
KEY_LETTERS, MAC_LETTERS = 22, 22
PAGE = 500
FIELDS = {"sms": "mobile", "email": "email", "inbox": "inbox"}


class Desk(NamedTuple):
    """The office, and where the portal is, without a slash at the end."""

    office: Office
    portal: str


# --- asking, confirming, managing ---


def ask(desk: Desk, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Sends a code to the address; nothing else is sent there before it came back.

    Raises what refuses the message, such as ``receiver.cap`` and ``receiver.opted_out``.
    """
    office = desk.office
    channel = next(name for name, field in FIELDS.items() if asked[field])
    address = asked[FIELDS[channel]]
    code_caps.require_few(office, office.keys.receiver(channel, address))
    id_, pin = str(uuid.uuid4()), f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
    office.conn.execute(
        text(ADD),
        {
            "id": id_, "channel": channel, "receiver": _receiver(channel, address),
            "hash": office.keys.receiver(channel, address), "language": asked["language"],
            "topics": asked["topics"], "news": asked["news"], "pin": _pin_hash(office, id_, pin),
            "now": office.now,
        },
    )  # fmt: skip
    values = {"code": pin, "link": f"{desk.portal}/subscribe/confirm/{id_}"}
    (sent,) = accept(
        office, Sender(OURS), [_message("subscribe_confirm", channel, asked, address, values)]
    )
    if isinstance(sent, BusError):
        raise sent
    return {"id": id_, "channel": channel, "valid_minutes": VALID_MINUTES}


def confirm(office: Office, id_: str, pin: str) -> dict[str, Any] | BusError:
    """The code came back: from now on announcements are sent. One that stood before is replaced.

    NotFound ``subscription.not_found``, also when the code is too old or was wrong too often;
    RuleBroken ``subscription.pin_wrong`` is given back, so that it counts.
    """
    row = _row(office, uuid_of(id_))
    if row.confirmed_at is not None:
        raise _unknown()
    age = (office.now - row.asked_at).total_seconds()
    if age > VALID_MINUTES * 60 or row.wrong_pins >= MOST_WRONG:
        raise _unknown()
    if not hmac.compare_digest(_pin_hash(office, str(row.id), pin), row.pin_hash):
        _set(office, row.id, wrong_pins=row.wrong_pins + 1)
        return RuleBroken("The code is not right; compare it.", code="subscription.pin_wrong")
    office.conn.execute(
        text(
            "update subscriptions set ended_at = :now, receiver = null where channel = :channel "
            "and receiver_hash = :hash and confirmed_at is not null and ended_at is null"
        ),
        {"now": office.now, "channel": row.channel, "hash": row.receiver_hash},
    )
    _set(office, row.id, confirmed_at=office.now, pin_hash=None)
    _consent(office, row, row.news)
    return _told(office, _row(office, row.id))


def of_token(office: Office, token: str) -> dict[str, Any]:
    """What somebody is subscribed to. NotFound ``subscription.not_found``."""
    return _told(office, _of(office, token))


def change(office: Office, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Other components, news or not, another language. NotFound ``subscription.not_found``."""
    row = _of(office, asked["token"])
    if row.ended_at is not None:
        raise _unknown()
    _set(office, row.id, topics=asked["topics"], news=asked["news"], language=asked["language"])
    _consent(office, row, asked["news"])
    return _told(office, _row(office, row.id))


def end(office: Office, token: str) -> dict[str, Any]:
    """Nothing more is sent, not even what waits for the morning, and the address is forgotten.
    Once more changes nothing.
    """
    row = _of(office, token)
    if row.ended_at is None:
        _consent(office, row, False)
        _set(office, row.id, ended_at=office.now, receiver=None)
        values = {"id": row.id, "hash": row.receiver_hash, "owner": OURS}
        for waiting in office.conn.execute(text(WAITING), values).all():
            settlement.end(office, waiting, State.CANCELLED, "unsubscribed")
    return _told(office, _row(office, row.id))


def forget_unconfirmed(office: Office) -> None:
    """An address that was never confirmed is nobody's business after a day."""
    office.conn.execute(
        text(
            "delete from subscriptions where confirmed_at is null and "
            "asked_at < cast(:now as timestamptz) - interval '1 day'"
        ),
        {"now": office.now},
    )


# --- telling ---


def tell(store: Store, desk_of: Callable[[Tx], Desk]) -> int:
    """Tells the next page of subscribers of the oldest update that is not told; 0 if there is
    nothing to tell. A subscriber is told of an update once: page and proof are one transaction.
    """
    return Chore(store, "notify.tell").page(
        desk_of, next_update, tell_page, lambda update: update.update
    )


def next_update(desk: Desk, left: list[str]) -> Sequence[Any]:
    """The oldest update that is not told, in a list."""
    return desk.office.conn.execute(text(NEXT), {"left": left}).all()


def tell_page(desk: Desk, update: Any) -> None:
    """Tells the next page of its subscribers."""
    office = desk.office
    rows = office.conn.execute(
        text(PAGE_OF),
        {
            "after": update.after, "update": update.update, "at": update.at,
            "all": not update.components or update.kind == "end_of_service",
            "components": update.components, "news": update.kind == "news", "most": PAGE,
        },
    ).all()  # fmt: skip
    sent = accept(office, Sender(OURS), [_notice(desk, update, row) for row in rows])
    told = [
        {
            "update": update.update, "subscription": row.id,
            "message": None if isinstance(one, BusError) else one["id"],
            "code": one.code if isinstance(one, BusError) else "",
        }
        for row, one in zip(rows, sent, strict=True)
    ]  # fmt: skip
    if told:
        office.conn.execute(
            text("insert into told values (:update, :subscription, :message, :code)"), told
        )
        _one_click(desk, told)
    office.conn.execute(
        text("update tellings set after = :after, done_at = :done where update = :update"),
        {
            "update": update.update, "after": rows[-1].id if rows else update.after,
            "done": office.now if len(rows) < PAGE else None,
        },
    )  # fmt: skip


def _one_click(desk: Desk, told: Sequence[Mapping[str, Any]]) -> None:
    """Letters carry the address at which a mail program ends the subscription (RFC 8058)."""
    sent = [one for one in told if one["message"]]
    desk.office.conn.execute(
        text(
            "update messages m set contents = jsonb_set(contents, '{email,unsubscribe}', "
            "to_jsonb(told.address)) from unnest(cast(:ids as uuid[]), cast(:addresses as text[])) "
            "as told (id, address) where m.id = told.id and channel = 'email'"
        ),
        {
            "ids": [one["message"] for one in sent],
            "addresses": [_address(desk, one["subscription"]) for one in sent],
        },
    )


def _address(desk: Desk, id_: uuid.UUID) -> str:
    return f"{desk.portal}/u/{key_of(desk.office, id_)}"


def _notice(desk: Desk, update: Any, row: Any) -> dict[str, Any]:
    words = subscription.words(update, row.language)
    values = {
        **words._asdict(),
        "link": f"{desk.portal}/status/{update.announcement}",
        "unsubscribe": _address(desk, row.id),
    }
    address = row.receiver[FIELDS[row.channel]]
    asked = {"language": row.language}
    office = desk.office
    awake = after_quiet(office.book, subscription.LANE, row.channel, office.now)
    return _message(subscription.template(update, awake), row.channel, asked, address, values)


def _message(
    template: str,
    channel: str,
    asked: Mapping[str, Any],
    address: str,
    values: Mapping[str, str],
) -> dict[str, Any]:
    nowhere = {"mobile": None, "email": None, "inbox": None, "address": None}
    return {
        "template": template, "channels": [channel],
        "to": {**nowhere, FIELDS[channel]: address}, "language": asked["language"],
        "personalisation": values, "reference": None, "not_before": None,
    }  # fmt: skip


# --- rows and keys ---


def key_of(office: Office, id_: uuid.UUID) -> str:
    """The key of a subscription, 44 letters."""
    name = base64url(id_.bytes)
    return name + office.keys.mac("subscription", id_.hex)[:MAC_LETTERS]


def _of(office: Office, token: str) -> Any:
    """The confirmed subscription of a key."""
    try:
        id_ = uuid.UUID(bytes=base64.urlsafe_b64decode(token[:KEY_LETTERS] + "=="))
    except ValueError:
        raise _unknown() from None
    if not hmac.compare_digest(key_of(office, id_).encode(), token.encode()):
        raise _unknown()
    row = _row(office, id_)
    if row.confirmed_at is None:
        raise _unknown()
    return row


def _row(office: Office, id_: uuid.UUID | str | None) -> Any:
    row = office.conn.execute(
        text("select * from subscriptions where id = :id for update"), {"id": id_}
    ).one_or_none()
    if row is None:
        raise _unknown()
    return row


def _unknown() -> NotFound:
    return NotFound(
        "There is no such subscription, or its code is too old; subscribe again.",
        code="subscription.not_found",
    )


def _set(office: Office, id_: uuid.UUID, **changes: Any) -> None:
    office.conn.execute(
        text(
            f"update subscriptions set {', '.join(f'{n} = :{n}' for n in changes)} where id = :id"  # noqa: S608 - names of columns
        ),
        {**changes, "id": id_},
    )


def _consent(office: Office, row: Any, news: bool) -> None:
    """Keeps what the receiver said of news, where it differs from what is known."""
    address = row.receiver[FIELDS[row.channel]]
    known = consents.of(office.conn, [bytes(row.receiver_hash)]).get(bytes(row.receiver_hash), {})
    if known.get("news", False) != news:
        consents.say(office, row.channel, address, "news", news, "subscription", by_receiver=True)


def _receiver(channel: str, address: str) -> str:
    return orjson.dumps({FIELDS[channel]: address}).decode()


def _pin_hash(office: Office, id_: str, pin: str) -> str:
    return office.keys.mac("subscription pin", f"{id_} {pin}")


def _told(office: Office, row: Any) -> dict[str, Any]:
    address = row.receiver[FIELDS[row.channel]] if row.receiver else ""
    topics: Sequence[str] = row.topics
    return {
        "token": key_of(office, row.id), "channel": row.channel,
        "address": subscription.hidden(address), "topics": topics, "news": row.news,
        "language": row.language, "ended": row.ended_at is not None,
    }  # fmt: skip


ADD = """
insert into subscriptions (id, channel, receiver, receiver_hash, language, topics, news, pin_hash,
    asked_at)
values (:id, :channel, cast(:receiver as jsonb), :hash, :language, :topics, :news, :pin, :now)
"""
WAITING = """
select m.* from messages m where receiver_hash = :hash and state = 'CREATED' and owner = :owner
    and exists (select 1 from told where message = m.id and subscription = :id)
order by id for update
"""
NEXT = """
select t.update, t.after, u.announcement, u.at, u.state, u.text, u.starts_at, u.ends_at,
    a.kind, a.title, a.components, a.sunset
from tellings t join announcement_updates u on u.id = t.update
join announcements a on a.id = u.announcement
where t.done_at is null and not t.update::text = any(:left)
order by t.update limit 1 for update of t skip locked
"""
PAGE_OF = """
select * from subscriptions s where id > :after and confirmed_at <= :at and ended_at is null
    and (:all or topics = '{}' or topics && cast(:components as text[])) and (not :news or news)
    and not exists (select 1 from told where update = :update and subscription = s.id)
order by id limit :most for update
"""
