"""Carries the outbox of one service to the broker: plain pika, no green threads."""

import asyncio
import contextlib
import time
from typing import Any

import psycopg2
import psycopg2.extensions

from bus import log, monitor, topology
from bus.database_probe import trouble_of
from bus.errors import BusError
from bus.monitor import STARTING, WELL, Finding
from bus.outbox import CHANNEL
from bus.rabbit import Link

AT_ONCE = 500
SWEEP_SECONDS = 1.0
SEND_SECONDS = 15.0
KEEP_DAYS = 90

TAKE = """select seq, id, exchange, name, headers, body from outbox
          where sent_at is null and due_at <= now() order by seq limit %s
          for update skip locked"""
COMMANDS = (topology.COMMANDS, topology.AGENCY)
# A Command's data may be personal: once the broker has it, only its id and type stay here.
SENT = f"""update outbox set sent_at = now(), problem = null, tries = tries + 1,
           body = case when exchange in {COMMANDS} then ''::bytea else body end
           where seq = any(%s)"""  # noqa: S608 - made of constants
FAILED = """update outbox set tries = tries + 1, problem = %s,
            due_at = now() + least(60, power(2, tries)) * interval '1 second'
            where seq = any(%s)"""
# A question that never reached its agency's queue is as old news there: its asker was told so.
FORGET = f"""delete from outbox where sent_at < now() - interval '{KEEP_DAYS} days' or (
             sent_at is null and exchange = '{topology.AGENCY}'
             and created_at < now() - interval '{topology.AGENCY_SECONDS} seconds')"""  # noqa: S608 - made of constants


class Relay:
    """Carries the outbox of one service to the broker, oldest first, at least once.

    A row counts as sent only after the broker has confirmed it. A Command that reaches no queue
    stays, is tried again with growing pauses and shows in the service's health.
    """

    def __init__(self, db_url: str, amqp_url: str, service: str) -> None:
        self._db_url = db_url
        self._link = Link(amqp_url, f"{service}.relay", confirm=True)
        self._log = log.get("relay")
        self._wake = asyncio.Event()
        self._trouble: Finding | None = STARTING

    def finding(self) -> Finding:
        """The check of the relay's own session in the database."""
        return self._trouble or WELL

    async def run(self, stop: asyncio.Event) -> None:
        """Works until ``stop`` is set; survives losing the database or the broker."""
        monitor.watch("broker", self._link.finding)
        monitor.watch("database", self.finding)
        await self._link.start()
        pause = 0.2
        while not stop.is_set():
            try:
                with contextlib.closing(psycopg2.connect(self._db_url, connect_timeout=5)) as conn:
                    pause = 0.2
                    await self._listen(conn, stop)
            except psycopg2.Error as error:
                self._log.warning("database lost", error=type(error).__name__)
                self._trouble = trouble_of(error)
                await _wait(stop, pause)
                pause = min(pause * 2, 5)
        await self._link.stop()

    async def _listen(self, conn: psycopg2.extensions.connection, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        conn.autocommit = True
        with conn.cursor() as cursor:
            cursor.execute("set statement_timeout = '30s'")
            cursor.execute(f"listen {CHANNEL}")
        conn.autocommit = False
        loop.add_reader(conn.fileno(), self._wake.set)
        try:
            forget_at = 0.0
            while not stop.is_set():
                while await self.carry(conn):
                    await asyncio.sleep(0)
                self._trouble = None
                if time.monotonic() > forget_at:
                    _execute(conn, FORGET, ())
                    forget_at = time.monotonic() + 3600
                await self._rest(conn)
        finally:
            loop.remove_reader(conn.fileno())

    async def _rest(self, conn: psycopg2.extensions.connection) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), SWEEP_SECONDS)
        self._wake.clear()
        conn.poll()
        conn.notifies.clear()

    async def carry(self, conn: psycopg2.extensions.connection) -> bool:
        """Sends what waits, up to 500 messages; True if there may be more."""
        with conn, conn.cursor() as cursor:
            if not self._link.up:
                return False
            cursor.execute(TAKE, (AT_ONCE,))
            rows = cursor.fetchall()
            results = await asyncio.gather(*(self._send(*found) for found in rows))
            sent = [seq for seq, problem in results if problem is None]
            if sent:
                cursor.execute(SENT, (sent,))
            for seq, problem in results:
                if problem is not None:
                    cursor.execute(FAILED, (problem, [seq]))
            if rows:
                self._log.info("relayed", sent=len(sent), failed=len(rows) - len(sent))
            return len(sent) == AT_ONCE

    async def _send(  # noqa: PLR0913 - one parameter a column of the row
        self,
        seq: int,
        id_: str,
        exchange: str,
        name: str,
        headers: dict[str, Any],
        body: memoryview,
    ) -> tuple[int, str | None]:
        try:
            await self._link.publish(
                exchange,
                name,
                bytes(body),
                headers=headers,
                message_id=id_,
                mandatory=exchange in COMMANDS,
                seconds=SEND_SECONDS,
            )
        except BusError as error:
            self._log.warning("not sent", message_id=id_, name=name, code=error.code)
            return seq, error.code
        return seq, None


def _execute(conn: psycopg2.extensions.connection, sql: str, values: tuple[Any, ...]) -> None:
    with conn, conn.cursor() as cursor:
        cursor.execute(sql, values)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
