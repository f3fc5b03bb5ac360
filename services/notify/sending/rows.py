"""Rows of messages and hand-overs, and what is read of them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, select

from bus.database.rows import fetch_one
from bus.errors import NotFound
from contracts.notify.receiver import Receiver
from services.notify.context import uuid_of
from services.notify.domain.content import Content, StoredReceiver
from services.notify.tables import MESSAGES

# By which member of a Receiver each channel reaches its receiver.
ADDRESSES = {"sms": "mobile", "email": "email", "inbox": "inbox", "letter": "address"}
HandoverState = Literal["RESERVED", "UNKNOWN", "HANDED", "ENDED", "REFUSED"]


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message; ``rest`` are the channels that are tried after this one."""

    id: UUID
    owner: str
    reference: str | None
    template: UUID
    version: int
    language: str
    channel: str
    rest: Sequence[str]
    lane: str
    consent: str
    state: str
    code: str
    receiver: StoredReceiver | None
    receiver_hash: bytes
    contents: Mapping[str, Content] | None
    parts: int | None
    cost_rials: int | None
    due_at: dt.datetime
    give_up_at: dt.datetime
    tries: int
    refused_by: Sequence[str]
    job: int | None
    key_id: str | None
    created_at: dt.datetime
    sent_at: dt.datetime | None
    settled_at: dt.datetime | None
    traceparent: str | None
    asked_at: dt.datetime | None
    to_go_at: dt.datetime | None
    handed_at: dt.datetime | None

    @property
    def content(self) -> Content:
        """What its receiver gets in its channel; empty when it was blanked."""
        return (self.contents or {}).get(self.channel, {})

    @property
    def to(self) -> Receiver | None:
        """Its receiver; None when it was blanked."""
        return None if self.receiver is None else receiver_of(self.receiver)


@dataclass(frozen=True, slots=True)
class HandoverRow:
    """A hand-over of a message to a provider; ``ref`` is our number for it."""

    ref: int
    message: UUID
    channel: str
    provider: str
    state: HandoverState
    reserved_at: dt.datetime
    provider_ref: str | None
    cost_rials: int | None
    code: str
    answered_at: dt.datetime | None
    poll_at: dt.datetime | None
    polls: int


def load_message(
    conn: Connection, id_: str, owner: str | None = None, *, lock: bool = False
) -> MessageRow:
    """The message of an ID; with ``owner``, only one of theirs. NotFound ``message.not_found``."""
    query = select(MESSAGES).where(MESSAGES.c.id == uuid_of(id_))
    if owner is not None:
        query = query.where(MESSAGES.c.owner == owner)
    if lock:
        query = query.with_for_update()
    row = fetch_one(conn, MessageRow, query)
    if row is None:
        raise not_found()
    return row


def not_found() -> NotFound:
    """The refusal of an ID that names no message of the asker's."""
    return NotFound("There is no such message; compare its ID.", code="message.not_found")


def receiver_of(stored: StoredReceiver) -> Receiver:
    """The receiver of a stored one."""
    address = stored.get("address")
    return Receiver(
        mobile=stored.get("mobile"),
        email=stored.get("email"),
        inbox=stored.get("inbox"),
        address=tuple(address) if address else None,
    )


def stored(receiver: Receiver) -> StoredReceiver:
    """A receiver as it is stored: without what it has not."""
    document: StoredReceiver = {}
    if receiver.mobile:
        document["mobile"] = receiver.mobile
    if receiver.email:
        document["email"] = receiver.email
    if receiver.inbox:
        document["inbox"] = receiver.inbox
    if receiver.address:
        document["address"] = list(receiver.address)
    return document


def receiver_at(channel: str, address: str) -> Receiver:
    """The receiver that a single address of SMS, e-mail or an inbox names."""
    if channel == "sms":
        return Receiver(mobile=address)
    return Receiver(email=address) if channel == "email" else Receiver(inbox=address)


def address_of(receiver: Receiver, channel: str) -> str | None:
    """The address of a receiver in a channel as one text, by which it is hashed; None if there is
    none.
    """
    if channel == "letter":
        return "\n".join(receiver.address) if receiver.address else None
    by_channel = {"sms": receiver.mobile, "email": receiver.email, "inbox": receiver.inbox}
    return by_channel[channel] or None
