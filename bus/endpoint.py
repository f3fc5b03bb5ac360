"""Message Endpoint: @serve, @handle, @every, and the fate of a message on the wire.

nameko's container runs the workers; its consumers and its acknowledgement are replaced, because
they lose, repeat or hang (docs/decisions/0007).
"""

import functools
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

import eventlet
import eventlet.event
import orjson
from nameko.extensions import Entrypoint

from bus import activator, log, topology
from bus.activator import Call, Fate, Job, Outcome
from bus.contracts.kinds import Command, Contract, Event, Request
from bus.envelope import LONGEST, Envelope, new_traceparent, valid_traceparent
from bus.errors import BusError, ContractError, FieldError
from bus.inlet import Answers, Commands, Events, Inlet, Requests

HOLD_SECONDS = 3.0
RETRY_SECONDS = 0.2

_log = log.get("endpoint")


class Endpoint(Entrypoint):
    """Takes the messages of one contract from an inlet and gives them to the service's method.

    Messages that wait together are handed over together, up to the job's batch; one that waits
    alone is not made to wait for company.
    """

    def __init__(self, job: Job, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self._waiting: deque[Delivery] = deque()
        self._running = 0
        self._pumping = False
        self._stopped = False

    inlet: Inlet

    def setup(self) -> None:
        self.inlet.register(self.job.contract.name, self)

    def start(self) -> None:
        self.inlet.open()

    def stop(self) -> None:
        """Takes nothing new; what waits goes back to the broker, what runs is let finish."""
        self._stopped = True
        self.inlet.close()
        while self._waiting:
            self.inlet.give_back(self._waiting.popleft().raw)

    def take(self, raw: Any) -> None:
        """A message arrived: read it, or reject it at once if it cannot be read."""
        if self._stopped:
            self.inlet.give_back(raw)
            return
        try:
            delivery = self.read(raw)
        except BusError as error:
            _log.warning(
                "unreadable", contract=self.job.contract.name, code=error.code, detail=error.message
            )
            self._answer(raw, {"error": error.to_wire()})
            self.inlet.reject(raw)
            return
        self._waiting.append(delivery)
        self._pump_soon()

    def read(self, raw: Any) -> "Delivery":
        """The message as a call; ContractError if it cannot be read."""
        return Delivery(raw, self.job.contract)

    def _pump_soon(self) -> None:
        if not self._pumping and self._running < self.job.workers and self._waiting:
            self._pumping = True
            eventlet.spawn(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        while self._waiting and self._running < self.job.workers and not self._stopped:
            some = [self._waiting.popleft() for _ in range(min(len(self._waiting), self.job.batch))]
            live = [delivery for delivery in some if not self._drop_expired(delivery)]
            if live:
                self._running += 1
                self.container.spawn_worker(
                    self,
                    ([d.call for d in live],),
                    {},
                    handle_result=functools.partial(self._settle, live),
                )

    def _drop_expired(self, delivery: "Delivery") -> bool:
        message = delivery.call.message
        if not (isinstance(self.job.contract, Request) and message.expired):
            return False
        _log.info("expired", contract=message.type, message_id=message.id)
        self.inlet.done(delivery.raw)
        return True

    def _settle(self, deliveries: list["Delivery"], _ctx: Any, outcomes: Any, error: Any) -> Any:
        self._running -= 1
        for delivery, outcome in zip(
            deliveries, outcomes or [Outcome(Fate.RETRY)] * len(deliveries), strict=True
        ):
            self._finish(delivery, outcome)
        self._pump_soon()
        return None, None

    def _finish(self, delivery: "Delivery", outcome: Outcome) -> None:
        raw = delivery.raw
        if outcome.reply is not None:
            self._answer(raw, outcome.reply)
        if outcome.fate is Fate.DONE:
            self.inlet.done(raw)
        elif outcome.fate is Fate.DEAD:
            self.inlet.reject(raw)
        elif outcome.fate is Fate.RETRY or self._stopped:
            eventlet.sleep(RETRY_SECONDS)
            self.inlet.give_back(raw)
        else:
            eventlet.spawn_after(HOLD_SECONDS, self._try_again, delivery)

    def _try_again(self, delivery: "Delivery") -> None:
        if self._stopped or not self.inlet.alive(delivery.raw):
            self.inlet.give_back(delivery.raw)
            return
        self._waiting.append(delivery)
        self._pump_soon()

    def _answer(self, raw: Any, reply: dict[str, Any]) -> None:
        if isinstance(self.job.contract, Request):
            self.inlet.reply(raw, orjson.dumps(reply))


class Delivery:
    """A message as it came, read: its envelope and data; ContractError if it cannot be read."""

    __slots__ = ("call", "raw")

    def __init__(self, raw: Any, contract: Contract) -> None:
        self.raw = raw
        envelope = Envelope.from_headers(raw.headers or {})
        if envelope.type != contract.name:
            raise _unreadable("ce-type", f"is not {contract.name}")
        if raw.content_type != "application/json":
            raise _unreadable("content_type", "is not application/json")
        try:
            data = orjson.loads(raw.body)
        except orjson.JSONDecodeError:
            raise _unreadable("body", "is not JSON") from None
        if not isinstance(data, dict):
            raise _unreadable("body", "is not an object")
        self.call = Call(envelope, contract.load(data))


class AnswerDelivery(Delivery):
    """An answer of an agency: only the broker's word of who sent it is trusted, never refused here.

    What is wrong with it is for the handler to count: dead letters are no place for strangers.
    """

    def __init__(self, raw: Any, contract: Contract) -> None:
        self.raw = raw
        told = raw.properties
        agency = topology.sender(raw.delivery_info.get("exchange"), told.get("user_id"))
        envelope = Envelope.new(
            contract.name,
            topology.agency_user(agency) if agency else "",
            id=f"{agency}/{_clean(told.get('message_id')) or uuid.uuid4()}",
            correlation=_clean(told.get("correlation_id")) or "",
            traceparent=valid_traceparent((raw.headers or {}).get("traceparent"))
            or new_traceparent(),
        )
        answer, problem = _answer(raw, contract)
        self.call = Call(envelope, {"agency": agency, "answer": answer, "problem": problem})


def _answer(raw: Any, contract: Contract) -> tuple[dict[str, Any] | None, str | None]:
    """What an answer says, or what is wrong with it."""
    if raw.delivery_info.get("routing_key") != contract.name:
        return None, "routing_key"
    if raw.content_type != "application/json":
        return None, "content_type"
    if len(raw.body) > topology.LONGEST_ANSWER:
        return None, "too_large"
    try:
        return contract.load(orjson.loads(raw.body)), None
    except orjson.JSONDecodeError:
        return None, "not_json"
    except ContractError as error:
        return None, error.code


def _clean(told: object) -> str | None:
    """A short text that a database can keep; None for anything else."""
    fits = isinstance(told, str) and 0 < len(told) <= LONGEST and told.isprintable()
    return str(told) if fits else None


def _unreadable(field: str, why: str) -> ContractError:
    return ContractError(
        f"The message's {field} {why}.",
        code="message.unreadable",
        fields=[FieldError(field, "unreadable", why)],
    )


class Serve(Endpoint):
    inlet = Requests()


class HandleCommand(Endpoint):
    inlet = Commands()


class HandleEvent(Endpoint):
    inlet = Events()


class HandleAnswer(Endpoint):
    inlet = Answers()

    def read(self, raw: Any) -> Delivery:
        return AnswerDelivery(raw, self.job.contract)


class Every(Entrypoint):
    """Runs a method again and again, in one process at a time among all replicas."""

    def __init__(self, seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seconds = seconds
        self._stop = eventlet.event.Event()

    def start(self) -> None:
        self.container.spawn_managed_thread(self._tick, identifier=f"every:{self.method_name}")

    def stop(self) -> None:
        if not self._stop.ready():
            self._stop.send()

    def _tick(self) -> None:
        while not self._stop.ready():
            with eventlet.Timeout(self.seconds, False):
                self._stop.wait()
                return
            done = eventlet.event.Event()
            self.container.spawn_worker(
                self, (), {}, handle_result=lambda *_, d=done: d.send() or (None, None)
            )
            done.wait()


def serve(
    contract: Request, *, batch: int = 1, outside: bool = False, workers: int | None = None
) -> Callable[..., Any]:
    """Serves a Request. The method gets ``tx`` and the fields, and returns the reply as a dict.

    With ``batch`` it gets ``tx`` and a list of Call, and returns as many replies in their order.
    With ``outside`` it gets no ``tx``: it talks to the outside and opens its own transactions; its
    envelope is ``self.message``, and a repeat of it is the method's own to know.
    A BusError that is returned commits what was done; one that is raised rolls it back.
    """
    return _declare(Serve, contract, batch, outside, workers or (2 if batch > 1 else 10))


def handle(
    contract: Command | Event, *, batch: int = 1, outside: bool = False, workers: int = 2
) -> Callable[..., Any]:
    """Handles a Command or an Event once; the method gets ``tx`` and the fields.

    With ``batch`` it gets ``tx`` and a list of Call, and returns as many results.
    """
    kind = HandleCommand if isinstance(contract, Command) else HandleEvent
    return _declare(kind, contract, batch, outside, workers)


def answers(contract: Command, *, workers: int = 2) -> Callable[..., Any]:
    """Takes what an agency answers, once. The method gets ``tx``, the ``agency`` that sent it (None
    if that is not proven), the ``answer``, and the ``problem`` if it cannot be read; the question's
    id is ``tx.message.correlation``.
    """
    return _declare(HandleAnswer, contract, 1, False, workers)


def every(seconds: float) -> Callable[..., Any]:
    """Runs the method every so many seconds in one process at a time; a failure is logged."""

    def declare(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def run(service: Any) -> None:
            try:
                with service.store.leader(f"{service.name}.{method.__name__}") as mine:
                    if mine:
                        method(service)
            except BusError as error:
                _log.warning("not now", every=method.__name__, code=error.code)
            except Exception:
                _log.exception("failed", every=method.__name__)

        return Every.decorator(seconds)(run)

    return declare


def _declare(
    kind: type[Endpoint], contract: Contract, batch: int, outside: bool, workers: int
) -> Callable[..., Any]:
    def declare(method: Callable[..., Any]) -> Callable[..., Any]:
        job = Job(contract, method, batch, outside, workers)

        @functools.wraps(method)
        def run(service: Any, calls: list[Call]) -> list[Outcome]:
            return activator.run(service, job, calls)

        run.job = job  # type: ignore[attr-defined]  # tests run a method in hand
        return kind.decorator(job)(run)

    return declare
