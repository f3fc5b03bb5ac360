"""End-to-end acknowledgement: what receivers have done of an outbox, and what is sent again.

A row that was sent awaits the receipts of its receivers. One that waits too long is sent again
under its id, which makes it one act at each receiver; a broker that lost its data loses nothing so.
"""

from collections.abc import Sequence
from typing import NamedTuple

import orjson
import psycopg2.extensions
from psycopg2.sql import SQL, Literal

from bus import topology
from bus.process import log
from bus.wire import Wire

Connection = psycopg2.extensions.connection
Cursor = psycopg2.extensions.cursor

COMMANDS = (topology.COMMANDS, topology.AGENCY)
FIRST_SECONDS = 30  # then twice as long each time
LONGEST_SECONDS = 6 * 3600
RESENDS = 14  # about three days; after that a person is needed
RESEND_DAYS = 29  # a day before receivers forget what they have done
WAITING_SECONDS = 3600  # so long a message may wait in its receiver's queue, unsent again
MOST_IDS, LONGEST_ID = 10_000, 255

# When a row that was sent now is looked at again; one that waits for longer was written under a
# clock that ran ahead.
_RESEND_AT = SQL(
    "now() + least({longest}, {first} * power(2, resends)) * interval '1 second'"
).format(longest=Literal(LONGEST_SECONDS), first=Literal(FIRST_SECONDS))
_COMMANDS = Literal(COMMANDS)
# A Command's data may be personal: once all have done it, only its id and type stay.
_DONE = SQL("""
    update outbox set awaits = array_remove(awaits, %(by)s::text),
        died = array_remove(died, %(by)s::text),
        sent_at = coalesce(sent_at, now()),
        body = case when awaits <@ array[%(by)s::text] and exchange in {commands}
            then ''::bytea else body end
    where id = any(%(ids)s::text[]) and awaits @> array[%(by)s::text]""").format(commands=_COMMANDS)
_DIED = """
    update outbox set died = array_append(died, %(by)s::text)
    where id = any(%(ids)s::text[]) and awaits @> array[%(by)s::text]
        and not died @> array[%(by)s::text]"""
_LATE = SQL("""
    select seq, name, exchange, awaits, created_at < now() - {waiting} * interval '1 second'
    from outbox
    where awaits <> '{{}}' and not awaits <@ died and sent_at is not null
        and (resend_at < now() or resend_at > {resend_at}) and resends < {most}
        and created_at > now() - {days} * interval '1 day'
    order by resend_at limit 500""").format(
    waiting=Literal(WAITING_SECONDS),
    resend_at=_RESEND_AT,
    most=Literal(RESENDS),
    days=Literal(RESEND_DAYS),
)
_AGAIN = """
    update outbox set sent_at = null, due_at = now(), resends = resends + 1
    where seq = any(%s) and sent_at is not null and awaits <> '{}'"""
_LATER = SQL("""
    update outbox set resend_at = now() + {first} * interval '1 second'
    where seq = any(%s)""").format(first=Literal(FIRST_SECONDS))
# What had died lies among dead letters that are lost as well.
_ALL_AT_ONCE = SQL("""
    update outbox set sent_at = null, due_at = now(), resends = 0, died = '{{}}'
    where awaits <> '{{}}' and sent_at is not null
        and created_at > now() - {days} * interval '1 day'""").format(days=Literal(RESEND_DAYS))
_SENT = SQL("""update outbox set sent_at = now(), problem = null, tries = tries + 1,
           resend_at = case when awaits <> '{{}}' then {resend_at} end,
           body = case when awaits = '{{}}' and exchange in {commands}
               then ''::bytea else body end
           where seq = any(%s)""").format(commands=_COMMANDS, resend_at=_RESEND_AT)

_log = log.get("receipts")


class Receipt(NamedTuple):
    """What one service tells of messages that it was sent."""

    by: str
    done: list[str]
    died: list[str]

    def body(self) -> bytes:
        return orjson.dumps(self._asdict())


class Late(NamedTuple):
    """A row that nobody acknowledged in time; ``long`` if it may not wait for its queue."""

    seq: int
    name: str
    exchange: str
    awaits: list[str]
    long: bool

    @property
    def queues(self) -> list[str]:
        """Where it may still wait."""
        kind = "events" if self.exchange == topology.EVENTS else "commands"
        return [topology.queue_name(service, kind) for service in self.awaits]


def read(body: bytes) -> Receipt | None:
    """A receipt as it came; None if it is none."""
    try:
        members = orjson.loads(body)
        receipt = Receipt(members["by"], members["done"], members["died"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    ids = [receipt.by, *receipt.done, *receipt.died] if _are_lists(receipt) else [None]
    good = len(ids) <= MOST_IDS and all(
        isinstance(id_, str) and 0 < len(id_) <= LONGEST_ID and id_.isprintable() for id_ in ids
    )
    return receipt if good else None


def _are_lists(receipt: Receipt) -> bool:
    return isinstance(receipt.done, list) and isinstance(receipt.died, list)


def note(conn: Connection, receipts: Sequence[Receipt]) -> None:
    """Notes what receivers have done, and what died at them; in one transaction."""
    with conn, conn.cursor() as cursor:
        for receipt in receipts:
            cursor.execute(_DONE, {"by": receipt.by, "ids": sorted(receipt.done)})
            cursor.execute(_DIED, {"by": receipt.by, "ids": sorted(receipt.died)})
            if receipt.died:
                _log.warning("died_at_receiver", by=receipt.by, ids=receipt.died[:20])


def late(conn: Connection) -> list[Late]:
    """What is to be sent again, if it does not wait in its receiver's queue."""
    with conn, conn.cursor() as cursor:
        cursor.execute(_LATE)
        return [Late._make(row) for row in cursor.fetchall()]


def send_again(conn: Connection, rows: Sequence[Late], waiting: Sequence[int]) -> None:
    """Lets the relay send again what does not wait at its receiver, or waits there for too long."""
    patient = [row.seq for row in rows if row.seq in waiting and not row.long]
    again = sorted({row.seq for row in rows}.difference(patient))
    with conn, conn.cursor() as cursor:
        cursor.execute(_LATER, (patient,))
        cursor.execute(_AGAIN, (again,))
    if again:
        _log.warning("sent_again", rows=len(again), oldest=rows[0].name)


def expect_all_again(conn: Connection) -> None:
    """The broker has lost what it had: all that is not acknowledged is sent again now."""
    with conn, conn.cursor() as cursor:
        cursor.execute(_ALL_AT_ONCE)
        if cursor.rowcount:
            _log.warning("broker_lost_its_data", unacknowledged=cursor.rowcount)


def mark_sent(cursor: Cursor, rows: Sequence[int]) -> None:
    """The broker has these rows."""
    cursor.execute(_SENT, (list(rows),))


def headers_for(headers: Wire, service: str, awaits: Sequence[str]) -> Wire:
    """The headers of a message, with the return address of its receipts if it awaits any."""
    return {**headers, topology.RECEIPT_TO: service} if awaits else headers
