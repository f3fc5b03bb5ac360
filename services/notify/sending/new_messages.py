"""New messages as rows: stored and counted, many in a few statements."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects import postgresql

from bus.database.rows import fetch_all
from iran.persian import tehran_day
from services.notify.context import Context
from services.notify.domain.content import Content, StoredReceiver
from services.notify.domain.message import MessageState
from services.notify.sending import settlement
from services.notify.sending.rows import MessageRow
from services.notify.tables import ACCEPTED, MESSAGES


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

    @property
    def arrives(self) -> bool:
        """Whether it is at its receiver's as soon as it is stored: in an inbox, not for later."""
        return self.channel == "inbox" and self.due_at <= self.created_at

    def values(self) -> dict[str, object]:
        """The columns of its row."""
        columns = {name: getattr(self, name) for name in self.__slots__}
        return {**columns, "rest": list(self.rest), "state": MessageState.CREATED.value}


def store(context: Context, messages: Sequence[NewMessage]) -> None:
    """Store messages, count them, and end those of inboxes, which arrive at once."""
    context.conn.execute(insert(MESSAGES), [message.values() for message in messages])
    _count(context.conn, tehran_day(context.now), messages)
    arrived = [message.id for message in messages if message.arrives]
    if arrived:
        query = select(MESSAGES).where(MESSAGES.c.id.in_(arrived)).with_for_update()
        for row in fetch_all(context.conn, MessageRow, query):
            settlement.end(context, row, MessageState.DELIVERED, "")


def _count(conn: Connection, day: dt.date, messages: Iterable[NewMessage]) -> None:
    counts = Counter((message.owner, message.channel) for message in messages)
    # In one order everywhere, so that two transactions never wait for each other.
    for (owner, channel), count in sorted(counts.items()):
        statement = postgresql.insert(ACCEPTED).values(
            day=day, owner=owner, channel=channel, count=count
        )
        conn.execute(
            statement.on_conflict_do_update(
                index_elements=ACCEPTED.primary_key.columns,
                set_={"count": ACCEPTED.c["count"] + count},
            )
        )
