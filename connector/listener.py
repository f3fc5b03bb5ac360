"""Hears events: takes them of the agency's queue, in their order and each once, and what was missed
from the agency's feed.

Needs nothing of the broker but to read that queue.
"""

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import orjson
import pika
from pika import BlockingConnection
from pika.channel import Channel
from pika.exceptions import AMQPError
from pika.spec import BasicProperties

from bus import topology
from bus.errors import BusError
from bus.wire import Wire
from connector.broker import LONGEST_PAUSE, SHORTEST_PAUSE, again_and_again, parameters_of
from connector.caller import Caller
from connector.outcomes import Refused, Unreachable

__all__ = ["Listener"]

Event = Wire
FEED = "agencies.feed.v1"
LOOK_SECONDS = 0.2
PREFETCH = 32
OF_ENVELOPE = "ce-"

_log = logging.getLogger("connector.listener")
T = TypeVar("T")


class Listener:
    """Gives each event to ``function`` as CloudEvents 1.0 has it in JSON, one after the other in
    the order of ``sequence``; an event counts as heard when the function returned.

    ``kept`` is a file of its own, in which stands how far it has heard; one process alone hears.
    The same event comes twice only if that is killed between the function's return and its note.
    What is missing in the queue ``caller`` reads from the feed; without one the log tells of it.

    >>> Listener("amqps://agency.land-registry:...@bus.example/agency.land-registry",
    ...     "land-registry", print, kept=Path("heard"), caller=mirab).run()  # doctest: +SKIP
    """

    def __init__(  # noqa: PLR0913 - where from, whose, what to do, what to keep
        self,
        url: str,
        code: str,
        function: Callable[[Event], object],
        *,
        kept: Path,
        caller: Caller | None = None,
        ca_file: str | None = None,
    ) -> None:
        self._parameters = parameters_of(url, f"{code}.listener", ca_file)
        self._queue = topology.agency_events(code).name
        self._function, self._caller, self._kept = function, caller, kept
        self._last = _read(kept)
        self._stop = threading.Event()

    def run(self) -> None:
        """Hears until ``stop``; connects again after each loss, with growing pauses."""
        again_and_again(self._hear, self._stop, _log, (Refused, Unreachable, BusError))

    def stop(self) -> None:
        """``run`` returns when the function has. From any thread, also in a signal handler."""
        self._stop.set()

    def _hear(self) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="hearing") as pool:
            connection = pika.BlockingConnection(self._parameters)
            try:
                self._work(Session(connection, pool))
            finally:
                if connection.is_open:
                    connection.close()

    def _work(self, session: "Session") -> None:
        self._catch_up(session)
        session.consume(self._queue)
        _log.info("hearing %s", self._queue)
        while not self._stop.is_set():
            for tag, event in session.arrived():
                self._take(session, event)
                if self._stop.is_set():
                    return
                session.done(tag)

    def _take(self, session: "Session", event: Event | None) -> None:
        """An event of the queue, or None for a message that is none."""
        if event is None:
            _log.error("what came is no event; it is passed over")
            return
        sequence = int(event["sequence"])
        if self._last is not None and sequence > self._last + 1:
            self._catch_up(session)
        if self._last is None or sequence > self._last:
            if self._last is not None and sequence > self._last + 1 and not self._stop.is_set():
                _log.error("events %d to %d were missed", self._last + 1, sequence - 1)
            self._give(session, event)

    def _catch_up(self, session: "Session") -> None:
        """Hears all that the feed has after the last event that was heard."""
        caller = self._caller
        while caller is not None and not self._stop.is_set():
            page = session.apart(lambda: self._page(caller))
            for event in page["events"]:
                self._give(session, event)
            if not page["events"]:
                self._note(page["next"])
                return

    def _page(self, caller: Caller) -> Wire:
        query = {} if self._last is None else {"after": self._last}
        try:
            return dict(caller.call(FEED, query).data)
        except Refused as error:
            if error.code != "feed.too_old":
                raise
            _log.exception("events after %d are kept no more: they were missed", self._last)
            return dict(caller.call(FEED, {}).data)

    def _give(self, session: "Session", event: Event) -> None:
        """Calls the function until it returns: what comes later waits for it."""
        pause = SHORTEST_PAUSE
        while not self._stop.is_set():
            try:
                session.apart(lambda: self._function(event))
            except Exception:
                _log.exception("not taken: event %s; again in %.1f s", event["sequence"], pause)
            else:
                self._note(int(event["sequence"]))
                return
            session.wait(self._stop, pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _note(self, sequence: int) -> None:
        """Store the position atomically."""
        if sequence == self._last:
            return
        part = self._kept.with_name(self._kept.name + ".part")
        part.write_text(f"{sequence}\n", encoding="ascii")
        part.replace(self._kept)
        self._last = sequence


class Session:
    """One connection, which lives on while something is worked on beside it."""

    def __init__(self, connection: BlockingConnection, pool: ThreadPoolExecutor) -> None:
        self._connection, self._pool = connection, pool
        self._channel: Channel = connection.channel()
        self._channel.basic_qos(prefetch_count=PREFETCH)
        self._arrived: deque[tuple[int, Event | None]] = deque()

    def consume(self, queue: str) -> None:
        """Consume a queue."""
        self._channel.basic_consume(
            queue,
            lambda _, method, properties, body: self._arrived.append(
                (method.delivery_tag, event_of(properties, body))
            ),
        )

    def arrived(self) -> list[tuple[int, Event | None]]:
        """What has come, with the tags by which it is acknowledged; returns after a moment."""
        self._connection.process_data_events(time_limit=LOOK_SECONDS)
        arrivals = list(self._arrived)
        self._arrived.clear()
        return arrivals

    def done(self, tag: int) -> None:
        self._channel.basic_ack(tag)

    def apart(self, work: Callable[[], T]) -> T:
        """The work's result, done in another thread while this one keeps the connection alive."""
        doing = self._pool.submit(work)
        doing.add_done_callback(lambda _: self._wake())
        while not doing.done():
            self._connection.process_data_events(time_limit=LOOK_SECONDS)
        return doing.result()

    def wait(self, stop: threading.Event, seconds: float) -> None:
        """Wait while keeping the connection alive."""
        end = time.monotonic() + seconds
        while not stop.is_set() and time.monotonic() < end:
            self._connection.process_data_events(time_limit=LOOK_SECONDS)

    def _wake(self) -> None:
        with contextlib.suppress(AMQPError):
            self._connection.add_callback_threadsafe(lambda: None)


def event_of(properties: BasicProperties, body: bytes) -> Event | None:
    """The event of a message, in the JSON form of CloudEvents; None if it is none."""
    headers = properties.headers or {}
    event = {
        name.removeprefix(OF_ENVELOPE): str(value)
        for name, value in headers.items()
        if name.startswith(OF_ENVELOPE) or name == "traceparent"
    }
    try:
        int(event["sequence"])
        return {**event, "datacontenttype": properties.content_type, "data": orjson.loads(body)}
    except (KeyError, ValueError):
        return None


def _read(kept: Path) -> int | None:
    try:
        return int(kept.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
