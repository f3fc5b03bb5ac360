"""Message Endpoint: takes messages from an inlet and acknowledges, retries or rejects each.

nameko's container runs the workers; its consumers and its acknowledgement are replaced, because
they lose, repeat or hang (docs/decisions/0007). Services declare their methods by bus/endpoint.py.
"""

import functools
import time
from collections import deque
from contextlib import nullcontext

import eventlet.event
import orjson
from nameko.extensions import Entrypoint

from bus.activator import Fate, Job, Outcome
from bus.amqp.aggregate import is_aggregate
from bus.amqp.deliveries import AnswerDelivery, Delivery, Source
from bus.amqp.delivery_records import record_delivery
from bus.amqp.incoming import Incoming
from bus.amqp.inlet import Answers, Commands, Events, Inlet, Requests, Suspects
from bus.amqp.splitter import Splitter
from bus.database.faults import Troubles
from bus.database.store import store_among
from bus.errors import BusError
from bus.messages.kinds import Request
from bus.process import log, records
from bus.wire import Wire

HOLD_SECONDS = 3.0
RETRY_SECONDS = 0.2
# A Command that meets locks and timeouts for an hour ends with the dead: it may be its own fault.
HOLD_AT_MOST = 3600.0
OWN_FAULTS = ("database.busy", "database.conflict", "database.refused")
# While the database is in trouble, whoever waits is told so this long before he would give up.
WARNING_SECONDS = 0.7
TROUBLE_SECONDS = 15.0

_log = log.get("endpoint")


class Endpoint(Entrypoint):
    """Takes the messages of one contract from an inlet and gives them to the service's method.

    Messages that wait together are handed over together, up to the job's batch; one that waits
    alone is not made to wait for company.
    """

    def __init__(self, job: Job, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.job = job
        self._waiting: deque[Delivery] = deque()
        self._running = 0
        self._pumping = False
        self._stopped = False
        self._in_hand: set[Delivery] = set()
        self._held: set[Delivery] = set()

    inlet: Inlet
    suspects = Suspects()

    def setup(self) -> None:
        self.inlet.register(self.job.contract.name, self)
        self.suspects.register(self.job.contract.name, self)
        self.job.metrics.watch(lambda: len(self._held), lambda: len(self._waiting))

    def start(self) -> None:
        self.inlet.open()
        self.suspects.open()
        if isinstance(self.job.contract, Request) and self.inlet.store is not None:
            self.container.spawn_managed_thread(
                functools.partial(self._watch_deadlines, self.inlet.store.troubles),
                identifier=f"deadlines:{self.job.contract.name}",
            )

    def _watch_deadlines(self, troubles: Troubles) -> None:
        """Answer callers whose deadline nears while the database is in trouble."""
        while not self._stopped:
            troubles.noted.wait()
            eventlet.sleep(WARNING_SECONDS / 3)
            trouble = troubles.last(TROUBLE_SECONDS)
            if trouble is None:
                troubles.noted.clear()
            for delivery in list(self._in_hand) if trouble else ():
                if delivery.ends_within(WARNING_SECONDS):
                    self._give_up(delivery, trouble)

    def _give_up(self, delivery: Delivery, trouble: BusError | None) -> None:
        """Answer the caller with the trouble; work that has begun is allowed to finish."""
        if trouble is None:
            return
        self._in_hand.discard(delivery)
        self._answer(delivery, {"error": trouble.to_wire()})
        if delivery in self._waiting:
            self._waiting.remove(delivery)
            self.job.metrics.ended("unavailable")
            delivery.source.done(delivery.raw)
        delivery.source.flush()

    def stop(self) -> None:
        """Takes nothing new; what waits or is held goes back to the broker as if it had never been
        here, what runs is let finish.
        """
        self._stopped = True
        self.inlet.close()
        self.suspects.close()
        rest = [*self._waiting, *self._held]
        self._waiting.clear()
        self._held.clear()
        for source in dict.fromkeys(delivery.source for delivery in rest):
            source.renew([delivery.raw for delivery in rest if delivery.source is source])

    def take(self, raw: Incoming, inlet: Inlet) -> None:
        """Read an arrived message and queue it, or reject it if it is unreadable; the calls of an
        aggregate each for itself.
        """
        several = isinstance(self.job.contract, Request) and is_aggregate(raw)
        if several and not self._stopped:
            self._take_all(raw, inlet)
        else:
            self._take(raw, inlet)
        self._pump_soon()

    def _take_all(self, raw: Incoming, inlet: Inlet) -> None:
        try:
            splitter = Splitter(raw, inlet)
        except BusError as error:
            self._refuse(raw, inlet, error)
            return
        for call in splitter.calls:
            self._take(call, splitter)

    def _take(self, raw: Incoming, source: Source) -> None:
        if self._stopped:
            source.renew([raw])
            return
        try:
            delivery = self.read(raw)
        except BusError as error:
            self._refuse(raw, source, error)
            return
        delivery.source = source
        self._waiting.append(delivery)
        if isinstance(self.job.contract, Request):
            self._in_hand.add(delivery)

    def _refuse(self, raw: Incoming, source: Source, error: BusError) -> None:
        name = self.job.contract.name
        _log.warning("message_unreadable", contract=name, code=error.code, detail=error.message)
        if isinstance(self.job.contract, Request):
            reply = orjson.dumps({"error": error.to_wire()})
            source.reply(raw, reply, batch=self.job.batch)
        source.bury(raw, error.code)
        self.job.metrics.ended("dead")
        self._acknowledge(raw, died=True)

    def _acknowledge(self, raw: Incoming, *, died: bool = False) -> None:
        """Send the sender's relay a receipt: the Command or Event is done, or died."""
        if raw.receipt_to and raw.id and not isinstance(self.job.contract, Request):
            self.inlet.outlet.receipt(raw.receipt_to, raw.id, died=died)

    def read(self, raw: Incoming) -> Delivery:
        """Read a message as a call; ContractError if it is unreadable."""
        return Delivery(raw, self.job.contract)

    def _pump_soon(self) -> None:
        if not self._pumping and self._running < self.job.workers and self._waiting:
            self._pumping = True
            eventlet.spawn(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        while self._waiting and self._running < self.job.workers and not self._stopped:
            deliveries = [
                self._waiting.popleft() for _ in range(min(len(self._waiting), self.job.batch))
            ]
            live = [delivery for delivery in deliveries if not self._drop_expired(delivery)]
            if live:
                self.job.metrics.begun([delivery.call.envelope.time for delivery in live])
                self._running += 1
                began = records.now_ms()
                for delivery in live:
                    delivery.began = began
                self.container.spawn_worker(
                    self,
                    ([d.call for d in live],),
                    {},
                    handle_result=functools.partial(self._settle, live),
                )

    def _drop_expired(self, delivery: Delivery) -> bool:
        envelope = delivery.call.envelope
        if not (isinstance(self.job.contract, Request) and envelope.expired):
            return False
        _log.info("message_expired", contract=envelope.type, message_id=envelope.id)
        self.job.metrics.ended("expired")
        self._in_hand.discard(delivery)
        delivery.source.done(delivery.raw)
        return True

    def _settle(
        self,
        deliveries: list[Delivery],
        _ctx: object,
        outcomes: list[Outcome] | None,
        error: object,
    ) -> tuple[None, None]:
        self._running -= 1
        worked = records.now_ms()
        ends = list(
            zip(deliveries, outcomes or [Outcome(Fate.RETRY)] * len(deliveries), strict=True)
        )
        for delivery, outcome in ends:
            if outcome.fate is not Fate.RETRY:
                self._finish(delivery, outcome)
        for source in dict.fromkeys(delivery.source for delivery in deliveries):
            source.flush()
        if records.is_recorded(self.job.contract.name):
            for delivery, outcome in ends:
                record_delivery(delivery, outcome, worked, len(ends))
        self._give_back([delivery for delivery, outcome in ends if outcome.fate is Fate.RETRY])
        self._pump_soon()
        return None, None

    def _give_back(self, deliveries: list[Delivery]) -> None:
        self._in_hand.difference_update(deliveries)
        if deliveries:
            eventlet.sleep(RETRY_SECONDS)
        for delivery in deliveries:
            delivery.source.give_back(delivery.raw)

    def _finish(self, delivery: Delivery, outcome: Outcome) -> None:
        raw, source = delivery.raw, delivery.source
        if outcome.reply is not None and delivery in self._in_hand:
            self._answer(delivery, outcome.reply)
        self._in_hand.discard(delivery)
        if outcome.fate is Fate.DONE:
            source.done(raw)
            self._acknowledge(raw)
        elif outcome.fate is Fate.DEAD or _held_too_long(delivery, outcome):
            source.bury(raw, outcome.trouble)
            if outcome.fate is Fate.HOLD:
                self.job.metrics.ended("dead")
            self._acknowledge(raw, died=True)
        elif self._stopped:
            source.renew([raw])
        else:
            self._held.add(delivery)
            eventlet.spawn_after(HOLD_SECONDS, self._try_again, delivery)

    def _try_again(self, delivery: Delivery) -> None:
        if delivery not in self._held:
            return
        self._held.discard(delivery)
        if delivery.source is self.suspects:  # there it would keep all others from their turn
            self.suspects.renew([delivery.raw])
        elif delivery.source.alive(delivery.raw):
            self._waiting.append(delivery)
            self._pump_soon()

    def _answer(self, delivery: Delivery, reply: Wire) -> None:
        if isinstance(self.job.contract, Request):
            body = orjson.dumps(reply)
            delivery.reply_bytes = len(body)
            delivery.source.reply(delivery.raw, body, batch=self.job.batch)


def _held_too_long(delivery: Delivery, outcome: Outcome) -> bool:
    """True if the message was held for an hour and may itself be the cause."""
    if outcome.fate is not Fate.HOLD or outcome.trouble not in OWN_FAULTS:
        delivery.held_since = None
        return False
    delivery.held_since = delivery.held_since or time.monotonic()
    if time.monotonic() - delivery.held_since < HOLD_AT_MOST:
        return False
    _log.error("held_too_long", message_id=delivery.call.envelope.id, code=outcome.trouble)
    return True


class Serve(Endpoint):
    inlet = Requests()


class HandleCommand(Endpoint):
    inlet = Commands()


class HandleEvent(Endpoint):
    inlet = Events()


class HandleAnswer(Endpoint):
    inlet = Answers()

    def read(self, raw: Incoming) -> Delivery:
        return AnswerDelivery(raw, self.job.contract)


class Every(Entrypoint):
    """Runs a method again and again, in one process at a time among all replicas.

    ``seconds`` pass between two turns, and more while this process changes nothing in its database
    (bus/database/activity.py): then chores look one by one. A change begins the next turn.
    """

    def __init__(self, seconds: float, *, others: bool = False, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.seconds, self.others = seconds, others
        self._stopped = False
        self._turn = eventlet.event.Event()

    def start(self) -> None:
        self.container.spawn_managed_thread(self._tick, identifier=f"every:{self.method_name}")

    def stop(self) -> None:
        self._stopped = True
        self._wake()

    def _tick(self) -> None:
        store = store_among(self.container.dependencies)
        while True:
            self._rest(self.seconds)
            more = store.activity.pause(others=self.others) - self.seconds if store else 0
            if store and (quiet := more > 0):
                with store.activity.waking(self._wake):
                    quiet = not self._rest(more)
            if self._stopped:
                return
            with store.activity.turn() if store and quiet else nullcontext():
                self._work()

    def _work(self) -> None:
        done = eventlet.event.Event()
        self.container.spawn_worker(
            self, (), {}, handle_result=lambda *_: done.send() or (None, None)
        )
        done.wait()

    def _rest(self, seconds: float) -> bool:
        """True if it was woken before the seconds had passed."""
        if self._stopped:
            return True
        self._turn = eventlet.event.Event()
        with eventlet.Timeout(seconds, False):
            self._turn.wait()
        return bool(self._turn.ready())

    def _wake(self) -> None:
        if not self._turn.ready():
            self._turn.send()
