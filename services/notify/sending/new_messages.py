"""New messages as rows: stored and counted, many in a few statements."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import orjson
from sqlalchemy import select, text

from bus.database.prepared import Prepared
from bus.database.rows import fetch_all
from bus.database.store import Tx
from bus.process.spans import current_traceparent
from iran.persian import tehran_day
from services.notify.context import Context
from services.notify.domain.content import Content, StoredReceiver
from services.notify.domain.message import MessageState
from services.notify.sending import settlement
from services.notify.sending.rows import MessageRow
from services.notify.tables import MESSAGES


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message as it is stored first; the fields are columns of the table."""

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
    receiver: StoredReceiver
    receiver_hash: bytes
    contents: Mapping[str, Content]
    parts: int | None
    due_at: dt.datetime
    give_up_at: dt.datetime
    job: int | None
    key_id: str | None
    created_at: dt.datetime
    asked_at: dt.datetime
    to_go_at: dt.datetime
    traceparent: str | None = field(default_factory=current_traceparent)

    @property
    def arrives(self) -> bool:
        """Whether it is at its receiver's as soon as it is stored: in an inbox, not for later."""
        return self.channel == "inbox" and self.due_at <= self.created_at

    def values(self) -> dict[str, object]:
        """The columns of its row, as JSON has them."""
        columns = {name: getattr(self, name) for name in self.__slots__}
        hashed = self.receiver_hash.hex()
        return {**columns, "receiver_hash": hashed, "state": MessageState.CREATED.value}


# One parameter however many messages.
_ADD = Prepared(
    "messages_add",
    """
    insert into messages (id, owner, reference, template, version, language, channel, rest, lane,
                          consent, state, receiver, receiver_hash, contents, parts, due_at,
                          give_up_at, job, key_id, created_at, asked_at, to_go_at, traceparent)
    select id, owner, reference, template, version, language, channel, rest, lane, consent, state,
           receiver, decode(receiver_hash, 'hex'), contents, parts, due_at, give_up_at, job, key_id,
           created_at, asked_at, to_go_at, traceparent
    from json_to_recordset(cast(%s as json)) as row(
        id uuid, owner text, reference text, template uuid, version integer, language text,
        channel text, rest text[], lane text, consent text, state text, receiver jsonb,
        receiver_hash text, contents jsonb, parts integer, due_at timestamptz,
        give_up_at timestamptz, job bigint, key_id text, created_at timestamptz,
        asked_at timestamptz, to_go_at timestamptz, traceparent text)""",
)
# In one order everywhere, so that two transactions never wait for each other.
_COUNT = Prepared(
    "messages_count",
    """
    insert into accepted as a (day, owner, channel, count)
    select cast(%s as date), owner, channel, count
    from unnest(cast(%s as text[]), cast(%s as text[]), cast(%s as bigint[]))
        as of(owner, channel, count)
    order by owner, channel
    on conflict (day, owner, channel) do update set count = a.count + excluded.count""",
)


def store(context: Context, messages: Sequence[NewMessage]) -> None:
    """Store messages, count them, and end those of inboxes, which arrive at once."""
    rows = orjson.dumps([message.values() for message in messages])
    context.tx.write(_ADD, rows.decode())
    _count(context.tx, tehran_day(context.now), messages)
    arrived = [message.id for message in messages if message.arrives]
    if arrived:
        query = select(MESSAGES).where(MESSAGES.c.id.in_(arrived)).with_for_update()
        for row in fetch_all(context.conn, MessageRow, query):
            settlement.end(context, row, MessageState.DELIVERED, "")


def _count(tx: Tx, day: dt.date, messages: Iterable[NewMessage]) -> None:
    counts = Counter((message.owner, message.channel) for message in messages)
    owners, channels = [owner for owner, _ in counts], [channel for _, channel in counts]
    tx.write(_COUNT, day, owners, channels, [*counts.values()])


# Many messages by arrays in one statement.
_ADD_UNSUBSCRIBE = text(
    "update messages m set contents = jsonb_set(contents, '{email,unsubscribe}', "
    "to_jsonb(a.address)) from unnest(cast(:ids as uuid[]), cast(:addresses as text[])) "
    "as a (id, address) where m.id = a.id and channel = 'email'"
)


def add_unsubscribe(context: Context, addresses: Mapping[str, str]) -> None:
    """Give e-mails the address at which a mail program ends what they belong to (RFC 8058);
    ``addresses`` by the id of the message.
    """
    values = {"ids": list(addresses), "addresses": list(addresses.values())}
    context.conn.execute(_ADD_UNSUBSCRIBE, values)
