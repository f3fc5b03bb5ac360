"""Serves contracts over RabbitMQ: takes questions of the agency's queue, answers each of them once.

Needs nothing of the broker but to read that queue and to write to the agency's ingress.
"""

import functools
import logging
import queue
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import orjson
import pika
from pika.exceptions import AMQPError, NackError, UnroutableError
from pika.spec import Basic, BasicProperties

from bus import topology
from bus.errors import BusError, ContractError, Internal
from bus.wire import Wire
from connector.broker import SHORTEST_PAUSE, again_and_again, parameters_of
from contracts import Command, catalogue

__all__ = ["Function", "Provider"]

Function = Callable[..., Wire]
LOOK_SECONDS = 0.2
DRAIN_SECONDS = 20
REMEMBERED, REMEMBERED_SECONDS = 10_000, 3600
ANSWERS = uuid.UUID("6d697261-6200-5000-8000-000000000002")

_log = logging.getLogger("connector.provider")


class Provider:
    """Serves for one agency, whose ``code`` and RabbitMQ user the water company gave it.

    ``url`` and ``ca_file`` are those of connector.broker. ``prefetch`` questions are worked on side
    by side, each in a thread of its own.

    >>> url = "amqps://agency.land-registry:...@bus.example/agency.land-registry"
    >>> Provider(url, "land-registry").serve(  # doctest: +SKIP
    ...     "land_registry.sources_of_parcel.v1", sources_of).run()  # doctest: +SKIP
    """

    def __init__(
        self, url: str, code: str, *, prefetch: int = 8, ca_file: str | None = None
    ) -> None:
        self._parameters = parameters_of(url, f"{code}.provider", ca_file)
        self._code, self._prefetch = code, prefetch
        self._served: dict[str, tuple[Command, Function]] = {}
        self._memory = Memory()
        self._stop = threading.Event()

    def serve(self, contract: str | Command, function: Function) -> "Provider":
        """Answers that contract by ``function``: it gets the fields by name and returns the result.

        A BusError that it raises (NotFound, RuleBroken, Unavailable …) is told to who asked; of any
        other exception nothing but a number, under which it stands in this process's log.
        ValueError if there is no contract of that name that an agency can serve.
        """
        declared = catalogue().get(contract) if isinstance(contract, str) else contract
        if not isinstance(declared, Command) or declared.answer is None:
            names = sorted(n for n, c in catalogue().items() if getattr(c, "answer", None))
            raise ValueError(f"{contract} is not served by agencies; there are {', '.join(names)}.")
        self._served[declared.name] = (declared, function)
        return self

    def run(self) -> None:
        """Serves until ``stop``; connects again after each loss, with growing pauses."""
        with ThreadPoolExecutor(self._prefetch, thread_name_prefix="serving") as pool:
            again_and_again(functools.partial(self._serve, pool), self._stop, _log)

    def stop(self) -> None:
        """Takes no more questions; ``run`` returns when those begun are answered. From any thread,
        also in a signal handler.
        """
        self._stop.set()

    def _serve(self, pool: ThreadPoolExecutor) -> None:
        with Session(self._parameters, self._code, self._prefetch) as session:
            session.consume(functools.partial(self._take, session, pool))
            _log.info("serving %s", ", ".join(sorted(self._served)))
            while not self._stop.is_set():
                session.work()
            session.drain()

    def _take(
        self,
        session: "Session",
        pool: ThreadPoolExecutor,
        method: Basic.Deliver,
        properties: BasicProperties,
        body: bytes,
    ) -> None:
        """Handle an arrived question; a repeat gets the same answer."""
        headers = properties.headers or {}
        contract, function = self._served.get(str(headers.get("ce-type")), (None, None))
        if contract is None or function is None or not properties.message_id:
            _log.error("no function serves %s: it goes back", headers.get("ce-type"))
            session.give_back(method.delivery_tag)
            return
        work = functools.partial(answer, contract, function, body)
        session.promise(
            method.delivery_tag,
            contract,
            properties.message_id,
            headers.get("traceparent"),
            self._memory.recall(properties.message_id, functools.partial(pool.submit, work)),
        )


class Memory:
    """The answers of the last hour by the id of their question, also those under way."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, Future[bytes]]] = OrderedDict()

    def recall(self, question: str, begin: Callable[[], "Future[bytes]"]) -> "Future[bytes]":
        """What was answered, or is being answered; begins it if the question is new."""
        now = time.monotonic()
        while self._kept and (
            len(self._kept) >= REMEMBERED or now - self._oldest() > REMEMBERED_SECONDS
        ):
            self._kept.popitem(last=False)
        if question not in self._kept:
            self._kept[question] = (now, begin())
        return self._kept[question][1]

    def _oldest(self) -> float:
        return next(iter(self._kept.values()))[0]


class Session:
    """One connection: only its own thread speaks on it, workers leave it their answers."""

    def __init__(self, parameters: pika.URLParameters, code: str, prefetch: int) -> None:
        self._connection = pika.BlockingConnection(parameters)
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
        self._channel.basic_qos(prefetch_count=prefetch)
        self._code, self._user = code, parameters.credentials.username
        self._ready: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._open = 0
        self._tag = ""

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection.is_open:
            self._connection.close()

    def consume(self, take: Callable[[object, object, bytes], None]) -> None:
        """Gives each question of the agency's queue to ``take``."""
        name = topology.agency_queue(self._code).name
        self._tag = self._channel.basic_consume(
            name, lambda _, method, properties, body: take(method, properties, body)
        )

    def work(self) -> None:
        """Takes what has come, sends what is ready; returns after a moment."""
        self._connection.process_data_events(time_limit=LOOK_SECONDS)
        while not self._ready.empty():
            self._ready.get()()

    def promise(
        self, tag: int, contract: Command, question: str, trace: object, reply: "Future[bytes]"
    ) -> None:
        """Send the answer when it is ready, and only then acknowledge the question."""
        self._open += 1
        send = functools.partial(self._answer, tag, contract, question, trace, reply)
        reply.add_done_callback(lambda _: self._hand_over(send))

    def give_back(self, tag: int) -> None:
        """Return a question to its queue; the broker drops it at the fifth return."""
        self._channel.basic_nack(tag, requeue=True)

    def drain(self) -> None:
        """Takes no more, and answers what was begun, for twenty seconds at the most."""
        self._channel.basic_cancel(self._tag)
        end = time.monotonic() + DRAIN_SECONDS
        while self._open and time.monotonic() < end:
            self.work()

    def _hand_over(self, send: Callable[[], None]) -> None:
        self._ready.put(send)
        if self._connection.is_open:
            try:
                self._connection.add_callback_threadsafe(lambda: None)  # wakes the loop
            except AMQPError:
                _log.debug("the connection went meanwhile; the question will come again")

    def _answer(
        self, tag: int, contract: Command, question: str, trace: object, reply: "Future[bytes]"
    ) -> None:
        self._open -= 1
        name = contract.answer.name if contract.answer else ""
        properties = pika.BasicProperties(
            content_type="application/json",
            delivery_mode=2,
            user_id=self._user,
            message_id=str(uuid.uuid5(ANSWERS, question)),
            correlation_id=question,
            headers={"traceparent": trace} if trace else None,
        )
        try:
            self._channel.basic_publish(
                topology.agency_ingress(self._code),
                name,
                reply.result(),
                properties,
                mandatory=True,
            )
        except UnroutableError:
            _log.exception("you may not serve %s any more: the answer was dropped", contract.name)
        except NackError:
            _log.warning("the broker takes no answers now: the question goes back")
            time.sleep(SHORTEST_PAUSE)
            self.give_back(tag)
            return
        self._channel.basic_ack(tag)


def answer(contract: Command, function: Function, body: bytes) -> bytes:
    """The answer to a question, as it goes on the wire: a result or an error."""
    try:
        reply = {"result": function(**load(contract, body))}
    except Internal as error:
        return _internal(error)
    except BusError as error:
        return orjson.dumps({"error": error.to_wire()})
    except Exception as error:
        return _internal(error)
    try:
        if contract.answer is not None:
            contract.answer.load_data(reply)
        return orjson.dumps(reply)
    except (ContractError, orjson.JSONEncodeError) as error:
        return _internal(error)


def load(contract: Command, body: bytes) -> Wire:
    """The fields of a question; what a newer Mirab added is left out (Tolerant Reader)."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ContractError("The question is not JSON.", contract=contract.name) from None
    if isinstance(data, dict):
        data = {name: data[name] for name in contract.schema.fields if name in data}
    return contract.load_data(data)


def _internal(error: Exception) -> bytes:
    error_id = str(uuid.uuid4())
    _log.error("failed, error %s", error_id, exc_info=error)
    problem = Internal(f"We failed to answer. Tell us the number {error_id}.", error_id=error_id)
    return orjson.dumps({"error": problem.to_wire()})
