"""Outgoing messages of a service: replies to callers and receipts to relays.

On a connection of its own: a broker in an alarm stops reading from who publishes, and one that
ends a connection for what was said on it takes no message out of a consumer's hand.
"""

import time
from collections import OrderedDict, deque

import eventlet
import orjson
from eventlet.greenthread import GreenThread
from eventlet.semaphore import Semaphore
from kombu import Connection
from nameko import config
from nameko.extensions import SharedExtension

from bus import topology
from bus.amqp.confirming import (
    LOST,
    UNWRITABLE,
    Channel,
    Confirming,
    Saying,
    close,
    connect,
    publish,
    say_confirmed,
)
from bus.amqp.heartbeats import guard_heartbeats
from bus.amqp.hosts import Hosts
from bus.amqp.receipts import Receipt
from bus.amqp.record_sender import RecordSender
from bus.errors import Internal
from bus.process import log
from bus.wire import Wire

WRITE_SECONDS = 30
# A receipt waits a moment for others; the loop itself wakes for heartbeats alone.
MOMENT_SECONDS, TURN_SECONDS = 0.2, 2.0
# What was said so shortly before the connection was lost may not have arrived: it is said again.
AGAIN_SECONDS = 3.0
# A reply that could not be said for so long is dropped; its asker has given up.
STALE_SECONDS = 30.0
MOST_KEPT = 2000
MOST_IDS = 5000
MOST_ASKERS = 10_000
MOST_RELAYS = 100

TOO_LARGE = Internal("The answer is too large. Ask for less at once.", code="reply.too_large")

_log = log.get("outlet")


class _Ending(Exception):
    """Ends the wait for what the broker says."""


class Outlet(SharedExtension):
    """All endpoints of a service say what they have to say over one connection, unconfirmed.

    What is lost is asked again: a reply by its asker, a receipt by its relay. The first reply to an
    asker is tried on a connection beside, for a broker ends the connection on which it is given an
    address that it cannot read, and no form of an address tells that it can.
    """

    def __init__(self) -> None:
        self._channel: Channel = None
        self._blocked = False
        self._ending = self._reads = False
        self._thread: GreenThread = None
        self._write = Semaphore(1)
        self._said: deque[Saying] = deque(maxlen=MOST_KEPT)
        self._unsaid: deque[Saying] = deque(maxlen=MOST_KEPT)
        self._receipts: dict[str, Receipt] = {}
        self._askers: OrderedDict[str, None] = OrderedDict()
        self.beside = Confirming(lambda: str(config["AMQP_URI"]), "mirab.beside")
        self._records = RecordSender(Confirming(lambda: str(config["AMQP_URI"]), "mirab.records"))

    def open(self) -> None:
        """Begins to keep the connection, once."""
        if self._thread is None:
            self._thread = eventlet.spawn(self._run)
            # Nothing here may give way: who opens is asked whether it is open until this returns.
            eventlet.spawn(self._records.run, self.container.service_name)

    def stop(self) -> None:
        """Says the last, and closes the connection; called after the last worker has ended."""
        self._ending = True
        self._records.stop()
        if self._thread is not None:
            if self._reads:
                eventlet.kill(self._thread, _Ending)
            with eventlet.Timeout(5, False):
                self._thread.wait()
        self.beside.stop()

    def reply(self, reply_to: str, correlation_id: object, body: bytes, properties: Wire) -> None:
        """Answers an asker on the channel that it named; a reply that is too large by an error."""
        if len(body) > topology.LONGEST_BODY:
            _log.error("reply_too_large", octets=len(body))
            body = orjson.dumps({"error": TOO_LARGE.to_wire()})
        properties = {**properties, "delivery_mode": 1}
        if isinstance(correlation_id, str):
            properties["correlation_id"] = correlation_id
        saying = Saying(time.monotonic(), "", reply_to, properties, body)
        if self._is_tried(saying) or self._channel is None or self._blocked:
            self._say(saying)
        else:
            self._try(saying)

    def _is_tried(self, saying: Saying) -> bool:
        """True for a receipt, and for a reply to an asker whose address the broker could read."""
        return bool(saying.exchange) or topology.asker_of(saying.key) in self._askers

    def _try(self, saying: Saying) -> None:
        """Publish a reply apart, in case the broker closes the connection because of it."""
        confirmed = self.beside.say([saying])
        if confirmed.refused:
            _log.warning("reply_address_refused")
        elif confirmed.answered:  # perhaps that its asker is gone
            self._know(topology.asker_of(saying.key))
        else:
            self._unsaid.append(saying)
            eventlet.spawn_after(MOMENT_SECONDS, self._say_what_waited)

    def receipt(self, service: str, id: str, *, died: bool = False) -> None:
        """Tells a relay, a moment later and with others, that a message was done, or died."""
        if len(self._receipts) >= MOST_RELAYS and service not in self._receipts:
            return
        if not self._receipts:
            eventlet.spawn_after(MOMENT_SECONDS, self._say_receipts)
        receipt = self._receipts.setdefault(service, Receipt(self.container.service_name, [], []))
        ids = receipt.died if died else receipt.done
        if len(ids) < MOST_IDS:
            ids.append(id)

    def receipt_now(self, service: str, id: str) -> None:
        """Tells a relay before the work begins that this message may be about to die."""
        self.beside.say([_receipt(service, Receipt(self.container.service_name, [], [id]))])

    def _know(self, asker: str | None) -> None:
        if asker is not None:
            self._askers[asker] = None
        while len(self._askers) > MOST_ASKERS:
            self._askers.popitem(last=False)

    def _say(self, saying: Saying) -> None:
        channel = self._channel
        if channel is None or self._blocked:
            self._unsaid.append(saying)
            return
        self._forget_said()
        self._said.append(saying)
        try:
            with eventlet.Timeout(WRITE_SECONDS), self._write:
                publish(channel, saying)
        except eventlet.Timeout:
            _log.warning("broker_connection_cut")
            channel.connection.collect()
        except LOST as error:
            _log.warning("broker_lost_during_reply", error=type(error).__name__)
        except UNWRITABLE as error:
            _log.warning("connection_write_failed", error=type(error).__name__)

    def _forget_said(self) -> None:
        """Keep nothing that will not be said again: a page of a batch is more than a megabyte."""
        since = time.monotonic() - AGAIN_SECONDS
        while self._said and self._said[0].at <= since:
            self._said.popleft()

    def _run(self) -> None:
        name = f"mirab.{self.container.service_name}.outlet"
        hosts = Hosts(config["AMQP_URI"])
        while not self._ending:
            connection = None
            try:
                connection = connect(hosts, name, config.get("HEARTBEAT", 20), self._block)
                self._keep(connection)
            except LOST as error:
                _log.warning("broker_lost", error=type(error).__name__)
            except Exception:
                _log.exception("outlet_failed")
            self._forget_connection()
            close(connection)
            if not self._ending:
                eventlet.sleep(0.3)

    def _forget_connection(self) -> None:
        """What was just said is said again; no asker is trusted any more, for one may be why."""
        self._channel, self._blocked = None, False
        self._askers.clear()
        self._forget_said()
        self._unsaid.extendleft(reversed(self._said))
        self._said.clear()

    def _keep(self, connection: Connection) -> None:
        self._say_again(connection)
        guard_heartbeats(connection.connection, self._write)
        self._channel = connection.default_channel
        while True:
            self._forget_said()
            self._say_receipts()
            self._say_what_waited()
            if self._ending:
                return
            self._reads = True
            try:
                connection.drain_events(timeout=TURN_SECONDS)
            except TimeoutError:
                connection.heartbeat_check()
            except _Ending:
                continue
            finally:
                self._reads = False

    def _say_what_waited(self) -> None:
        since = time.monotonic() - STALE_SECONDS
        for _ in range(0 if self._blocked else len(self._unsaid)):
            saying = self._unsaid.popleft()
            if saying.at < since:
                continue
            if self._is_tried(saying):
                self._say(saying)
            else:
                eventlet.spawn(self._try, saying)

    def _say_again(self, connection: Connection) -> None:
        """Says what may have been lost, each alone: one for which the broker ends the connection
        is the only one that is lost by it.
        """
        since = time.monotonic() - STALE_SECONDS
        while self._unsaid:
            saying = self._unsaid.popleft()
            if saying.at > since:
                say_confirmed(connection, [saying])

    def _say_receipts(self) -> None:
        if self._channel is None:
            return  # they are said once there is one
        receipts, self._receipts = self._receipts, {}
        for service, receipt in receipts.items():
            self._say(_receipt(service, receipt))

    def _block(self, *reason: object) -> None:
        self._blocked = bool(reason)
        _log.warning("broker_blocked" if reason else "broker_unblocked")


def _receipt(service: str, receipt: Receipt) -> Saying:
    properties = {"content_type": "application/json", "delivery_mode": 2}
    return Saying(time.monotonic(), topology.RECEIPTS, service, properties, receipt.body())
