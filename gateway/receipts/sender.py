"""Sends leaves to the log by confirmed publishes: of what no transaction of a service keeps."""

import asyncio
from collections import deque

from bus import topology
from bus.amqp.rabbit import Link, settle
from bus.call_leaves import ADD_LEAVES, Statement, message, naming_outages
from bus.errors import BusError, Unavailable
from bus.process import log, monitor

AT_ONCE, MOST_WAITING = 200, 2_000
SECONDS = 5.0
_log = log.get("leaves")


class LeafSender:
    """Leaves that wait travel together; the next message goes when the last was confirmed."""

    def __init__(self, amqp_url: str, name: str) -> None:
        self._link, self._name = Link(amqp_url, f"{name}.leaves", confirm=True), name
        self._waiting: deque[tuple[Statement, asyncio.Future[None]]] = deque()
        self._sending: asyncio.Task[None] | None = None

    async def keep(self) -> None:
        """Keep the connection: a work of the face."""
        monitor.watch("leaves", self._link.finding)
        await self._link.start()
        try:
            await asyncio.Event().wait()
        finally:
            await self._link.stop()

    async def send(self, statement: Statement) -> None:
        """Return when the broker keeps the leaf. Unavailable ``receipts.unavailable`` if it does
        not for sure; the leaf may stand in the log then all the same.
        """
        with naming_outages():
            if len(self._waiting) >= MOST_WAITING:
                raise Unavailable("Too many leaves wait.")
            sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((statement, sent))
            if self._sending is None:
                self._sending = asyncio.create_task(self._send_all())
            await sent

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                outcome = await self._publish([statement for statement, _ in batch])
                for _, sent in batch:
                    settle(sent, outcome)
        finally:
            self._sending = None

    async def _publish(self, statements: list[Statement]) -> BusError | None:
        envelope, body = message(statements, self._name)
        try:
            await self._link.publish(
                topology.COMMANDS,
                ADD_LEAVES,
                body,
                headers=envelope.headers(),
                message_id=envelope.id,
                seconds=SECONDS,
            )
        except BusError as error:
            _log.warning("leaves_not_sent", code=error.code, count=len(statements))
            return error if isinstance(error, Unavailable) else Unavailable(error.message)
        return None
