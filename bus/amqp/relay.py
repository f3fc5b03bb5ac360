"""Carries the outbox of one service to the broker: plain pika, no green threads."""

import asyncio
import contextlib
import time
import uuid
from typing import NamedTuple

import orjson
import psycopg2
import psycopg2.extensions
from pika.channel import Channel
from pika.spec import Basic, BasicProperties
from prometheus_client import Counter
from psycopg2.sql import SQL, Composed, Literal

from bus import topology
from bus.amqp import receipts
from bus.amqp.rabbit import Link, settle
from bus.amqp.receipts import COMMANDS, Receipt
from bus.amqp.relay_metrics import DATABASE
from bus.call_leaves import ADD_LEAVES, join_bodies
from bus.database.hosts import connect
from bus.database.outbox import CHANNEL
from bus.database.probe import trouble_of
from bus.errors import BusError
from bus.process import log, monitor, spans
from bus.process.monitor import STARTING, WELL, Finding
from bus.process.spans import Kind
from bus.wire import Wire

AT_ONCE = 500
# New rows are told; what was not sent at first is looked for, each second while it is news.
SWEEP_SECONDS, QUIET_SECONDS, NEWS_SECONDS = 1.0, 5.0, 180.0
LATE_SECONDS = 5.0
SEND_SECONDS = 15.0
OPEN_SECONDS = 10.0
KEEP_DAYS = 90
JOINED = 1024 * 1024  # octets of leaves in one message
RECEIPTS_AT_ONCE = 200

# A row that is due later than any pause lets it was written under a clock that ran ahead.
TAKE = """select seq, id, exchange, name, headers, body, awaits from outbox
          where sent_at is null and (due_at <= now() or due_at > now() + interval '1 minute')
          order by seq limit %s for update skip locked"""
FAILED = """update outbox set tries = tries + 1, problem = %s,
            due_at = now() + least(60, power(2, least(tries, 10))) * interval '1 second'
            where seq = any(%s)"""
# As a text, which is half as long as bytes in hex on the way.
JOIN = """update outbox set id = %s, headers = %s, body = convert_to(%s, 'UTF8') where seq = %s;
          delete from outbox where seq = any(%s)"""
# A question that never reached its agency's queue is as old news there: its asker was told so.
FORGET = SQL("""delete from outbox where sent_at < now() - {days} * interval '1 day' or (
             sent_at is null and exchange = {agency}
             and created_at < now() - {seconds} * interval '1 second')""").format(
    days=Literal(KEEP_DAYS),
    agency=Literal(topology.AGENCY),
    seconds=Literal(topology.AGENCY_SECONDS),
)

# Why a message was not sent; "other" is none of these.
PROBLEMS = (
    "service.absent",
    "broker.unreachable",
    "broker.blocked",
    "broker.refused",
    "broker.slow",
    "message.too_large",
)
OTHER = "other"
SENT = Counter("mirab_relay_sent_total", "Messages that the broker has confirmed")
UNSENT = Counter("mirab_relay_failures_total", "Tries that failed, by their code", ["code"])
for problem in (*PROBLEMS, OTHER):
    UNSENT.labels(problem)

Connection = psycopg2.extensions.connection


class Row(NamedTuple):
    """A message of the outbox."""

    seq: int
    id: str
    exchange: str
    name: str
    headers: Wire
    body: memoryview
    awaits: list[str]


class Relay:
    """Carries the outbox of one service to the broker, oldest first, at least once.

    A row counts as sent only after the broker has confirmed it, and as done when its receivers
    have acknowledged it (receipts.py). A Command that reaches no queue stays, is tried again
    with growing pauses and shows in the service's health.
    """

    def __init__(self, db_url: str, amqp_url: str, service: str) -> None:
        self._db_url, self._service = db_url, service
        self._link = Link(
            amqp_url,
            f"{service}.relay",
            confirm=True,
            on_open=self._opened,
            on_lost=self._lost,
        )
        self._log = log.get("relay")
        self._wake = asyncio.Event()
        self._at_once = AT_ONCE
        self._sweep_until = 0.0
        self._broker_is_new = False
        self._told: list[tuple[int, Receipt | None]] = []
        self._trouble: Finding | None = STARTING

    def finding(self) -> Finding:
        """The check of the relay's own session in the database."""
        return self._trouble or WELL

    async def run(self, stop: asyncio.Event) -> None:
        """Works until ``stop`` is set; survives losing the database or the broker."""
        DATABASE.of(self._service, self._db_url)
        monitor.watch("broker", self._link.finding)
        monitor.watch("database", self.finding)
        await self._link.start()
        waking = asyncio.create_task(self._wake_at(stop))
        try:
            await self._work(stop)
        finally:
            waking.cancel()
        await self._link.stop()

    async def _work(self, stop: asyncio.Event) -> None:
        pause = 0.2
        while not stop.is_set():
            try:
                with contextlib.closing(connect(self._db_url)) as conn:
                    pause = 0.2
                    await self._listen(conn, stop)
            except psycopg2.Error as error:
                self._log.warning(
                    "database lost", error=type(error).__name__, sqlstate=error.pgcode
                )
                self._trouble = trouble_of(error)
                await _wait(stop, pause)
                pause = min(pause * 2, 5)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _opened(self, channel: Channel) -> None:
        """Declares where receipts come in; a broker that did not have that queue has lost all."""
        wanted = topology.receipts_queue(self._service)
        self._broker_is_new |= await self._link.depth(wanted.name) is None
        await self._link.need_exchanges(topology.EXCHANGES)
        channel.queue_declare(wanted.name, durable=True, arguments=wanted.arguments)
        for key in wanted.keys:
            channel.queue_bind(wanted.name, wanted.exchange, key)
        channel.basic_qos(prefetch_count=RECEIPTS_AT_ONCE)
        ready = asyncio.get_running_loop().create_future()
        channel.basic_consume(wanted.name, self._receipt, callback=lambda _: settle(ready, None))
        await asyncio.wait_for(ready, OPEN_SECONDS)
        self._wake.set()

    def _receipt(
        self, _channel: Channel, method: Basic.Deliver, _properties: BasicProperties, body: bytes
    ) -> None:
        self._told.append((method.delivery_tag, receipts.read(body)))
        self._wake.set()

    def _lost(self) -> None:
        self._told.clear()

    async def _listen(self, conn: Connection, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        conn.autocommit = True
        with conn.cursor() as cursor:
            cursor.execute("set statement_timeout = '30s'")
            cursor.execute(f"listen {CHANNEL}")
        conn.autocommit = False
        loop.add_reader(conn.fileno(), self._wake.set)
        try:
            forget_at = late_at = 0.0
            while not stop.is_set():
                if self._broker_is_new and self._link.up:
                    receipts.expect_all_again(conn)
                    self._broker_is_new = False
                self._note_receipts(conn)
                while await self.carry(conn):
                    await asyncio.sleep(0)
                    self._note_receipts(conn)
                self._trouble = None
                if time.monotonic() > late_at:
                    await self._send_again(conn)
                    late_at = time.monotonic() + LATE_SECONDS
                if time.monotonic() > forget_at:
                    _execute(conn, FORGET, ())
                    forget_at = time.monotonic() + 3600
                await self._rest(conn)
        finally:
            loop.remove_reader(conn.fileno())

    async def _rest(self, conn: Connection) -> None:
        news = time.monotonic() < self._sweep_until or not self._link.up
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), SWEEP_SECONDS if news else QUIET_SECONDS)
        self._wake.clear()
        conn.poll()
        conn.notifies.clear()

    def _note_receipts(self, conn: Connection) -> None:
        """Notes what came in, and takes it off the broker after the commit."""
        received, self._told = self._told, []
        if not received:
            return
        try:
            receipts.note(conn, [receipt for _, receipt in received if receipt])
        except psycopg2.OperationalError:
            self._told = [*received, *self._told]
            raise
        self._link.ack_up_to(received[-1][0])

    async def _send_again(self, conn: Connection) -> None:
        """Sends again what was not acknowledged in time, and does not wait at its receiver."""
        if not self._link.up:
            return
        if rows := receipts.late(conn):
            names = {name for row in rows for name in row.queues}
            depths = {name: await self._link.depth(name) for name in names}
            waits = [row.seq for row in rows if any(depths[name] for name in row.queues)]
            receipts.send_again(conn, rows, waits)
            self._wake.set()

    async def carry(self, conn: Connection) -> bool:
        """Sends what waits, up to 500 messages; True if there may be more."""
        with conn, conn.cursor() as cursor:
            if not self._link.up:
                return False
            cursor.execute(TAKE, (self._at_once,))
            due = [Row._make(values) for values in cursor.fetchall()]
            rows = with_leaves_joined(cursor, due)
            results = await asyncio.gather(*(self._send(row) for row in rows))
            sent = [seq for seq, problem in results if problem is None]
            if sent:
                receipts.mark_sent(cursor, sent)
                SENT.inc(len(sent))
            for seq, problem in results:
                if problem is not None:
                    self._sweep_until = time.monotonic() + NEWS_SECONDS
                    cursor.execute(FAILED, (problem, [seq]))
                    UNSENT.labels(problem if problem in PROBLEMS else OTHER).inc()
            if rows:
                self._log.info("relayed", sent=len(sent), failed=len(rows) - len(sent))
            full = len(due) == self._at_once and len(sent) == len(rows)
            self._choose_size(whole=len(sent) > 0 or not rows)
            return full

    def _choose_size(self, *, whole: bool) -> None:
        """Sends fewer at once after the broker took none: one of them may be what it cannot take,
        and each is alone in the end, while its neighbours go on.
        """
        self._at_once = min(AT_ONCE, self._at_once * 2) if whole else max(1, self._at_once // 8)

    async def _send(self, row: Row) -> tuple[int, str | None]:
        headers = row.headers
        span = spans.begin(
            Kind.PRODUCER,
            f"send {row.name}",
            parent=headers.get("traceparent"),
            attributes=spans.messaging("send", row.exchange, row.name),
        )
        if span is not None:
            headers = {**headers, "traceparent": span.traceparent}
            span.note(messaging__message__id=row.id)
        with spans.within(span):
            problem = await self._publish(row, headers)
            if problem is not None and span is not None:
                span.fail(problem)
        return row.seq, problem

    async def _publish(self, row: Row, headers: Wire) -> str | None:
        """Send one message; the code of what was in the way, or None."""
        try:
            await self._link.publish(
                row.exchange,
                row.name,
                bytes(row.body),
                headers=receipts.headers_for(headers, self._service, row.awaits),
                message_id=row.id,
                mandatory=row.exchange in COMMANDS,
                seconds=SEND_SECONDS,
            )
        except BusError as error:
            self._log.warning(
                "relay_send_failed", message_id=row.id, name=row.name, code=error.code
            )
            return error.code
        return None


def with_leaves_joined(cursor: psycopg2.extensions.cursor, rows: list[Row]) -> list[Row]:
    """Put leaves of calls that wait together into one row; the log takes each leaf once, whichever
    message brings it again.

    The row gets a new id: under the first one's the log may have done that one alone, by a message
    of which nobody told us, and would take the others for done.
    """
    size, several = 0, list[Row]()
    for row in (row for row in rows if row.name == ADD_LEAVES):
        size += len(row.body)
        if size > JOINED:
            break
        several.append(row)
    if len(several) < 2:  # noqa: PLR2004 - one is joined with nothing
        return rows
    first, *others = several
    body, id_ = join_bodies([bytes(row.body) for row in several]), str(uuid.uuid4())
    headers = {**first.headers, "ce-id": id_}
    gone = [row.seq for row in others]
    values = (id_, orjson.dumps(headers).decode(), body.decode(), first.seq, gone)
    cursor.execute(JOIN, values)
    kept = [row for row in rows if row.seq not in set(gone)]
    whole = first._replace(id=id_, headers=headers, body=memoryview(body))
    return [whole if row is first else row for row in kept]


def _execute(conn: Connection, sql: str | Composed, values: tuple[object, ...]) -> None:
    with conn, conn.cursor() as cursor:
        cursor.execute(sql, values)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
