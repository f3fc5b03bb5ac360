"""How a service declares its methods: @serve, @handle, @answers, @every."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeVar, overload

from bus import activator
from bus.activator import Answered, Call, Job, Outcome, Worker
from bus.database.faults import is_of_store
from bus.database.store import Store, Tx
from bus.errors import BusError
from bus.message_endpoint import (
    Endpoint,
    Every,
    HandleAnswer,
    HandleCommand,
    HandleEvent,
    Serve,
)
from bus.messages.kinds import Command, Contract, Event, M, R, Request
from bus.messages.message import Written
from bus.process import log

_log = log.get("endpoint")
S = TypeVar("S")
# Any: the methods of services differ in what they take and give; the overloads below type them.
Method = Callable[..., Any]
# What a declared method becomes: nameko calls it, and tests in hand, with calls that wait together.
Entry = Callable[[object, Sequence[Call[object]]], list[Outcome]]


class WithStore(Protocol):
    """What ``every`` needs of a service."""

    name: str
    store: Store


@overload
def serve(
    contract: Request[M, R], *, batch: int, workers: int | None = None, formerly: str | None = None
) -> Callable[[Callable[[S, Tx, list[Call[M]]], Sequence[R | Written[R] | BusError]]], Entry]: ...
@overload
def serve(
    contract: Request[M, R],
    *,
    outside: Literal[True],
    workers: int | None = None,
    formerly: str | None = None,
) -> Callable[[Callable[[S, M], R | BusError]], Entry]: ...
@overload
def serve(
    contract: Request[M, R], *, workers: int | None = None, formerly: str | None = None
) -> Callable[[Callable[[S, Tx, M], R | Written[R] | BusError]], Entry]: ...
def serve(
    contract: Request[M, R],
    *,
    batch: int = 1,
    outside: bool = False,
    workers: int | None = None,
    formerly: str | None = None,
) -> Callable[[Method], Entry]:
    """Serves a Request: the method takes ``tx`` and ``message``, and returns the reply.

    With ``batch`` it takes ``tx`` and a list of Call, and returns as many replies in their order.
    With ``outside`` it takes no ``tx``: it talks to the outside and opens its own transactions; its
    envelope is ``self.envelope``, and a repeat of it is the method's own to know.
    A BusError that is returned commits what was done; one that is raised rolls it back.
    ``formerly``: see Job.
    """
    job = (contract, batch, outside, workers or (2 if batch > 1 else 10), formerly)
    return _declare(Serve, *job)


@overload
def handle(
    contract: Command[M] | Event[M], *, batch: int, workers: int = 2, formerly: str | None = None
) -> Callable[[Callable[[S, Tx, list[Call[M]]], Sequence[BusError | None]]], Entry]: ...
@overload
def handle(
    contract: Command[M] | Event[M],
    *,
    outside: Literal[True],
    workers: int = 2,
    formerly: str | None = None,
) -> Callable[[Callable[[S, M], BusError | None]], Entry]: ...
@overload
def handle(
    contract: Command[M] | Event[M], *, workers: int = 2, formerly: str | None = None
) -> Callable[[Callable[[S, Tx, M], BusError | None]], Entry]: ...
def handle(
    contract: Command[M] | Event[M],
    *,
    batch: int = 1,
    outside: bool = False,
    workers: int = 2,
    formerly: str | None = None,
) -> Callable[[Callable[..., object]], Entry]:
    """Handles a Command or an Event once; the method takes ``tx`` and ``message``.

    With ``batch`` it takes ``tx`` and a list of Call, and returns as many results.
    """
    kind = HandleCommand if isinstance(contract, Command) else HandleEvent
    return _declare(kind, contract, batch, outside, workers, formerly)


def answers(
    contract: Command[M], *, workers: int = 2, formerly: str | None = None
) -> Callable[[Callable[[S, Tx, Answered[M]], BusError | None]], Entry]:
    """Takes what an agency answers, once: the method takes ``tx`` and an Answered as ``message``;
    the question's id is ``tx.envelope.correlation``.
    """
    return _declare(HandleAnswer, contract, 1, False, workers, formerly)


def every(seconds: float, *, others: bool = False) -> Method:
    """Runs the method every so many seconds in one process at a time; a failure is logged.

    While this process changes nothing, it runs less often, half a minute apart at the most; five
    seconds if it looks for what ``others`` write into the database.
    """

    def declare(method: Method) -> Method:
        @functools.wraps(method)
        def run(service: WithStore) -> None:
            try:
                with service.store.leader(f"{service.name}.{method.__name__}") as mine:
                    if mine:
                        method(service)
                        service.store.failing.pop(method.__name__, None)
            except BusError as error:
                _log.warning("chore_postponed", chore=method.__name__, code=error.code)
                if not is_of_store(error):
                    _count_failure(service.store, method.__name__)
            except Exception:
                _log.exception("chore_failed", chore=method.__name__)
                _count_failure(service.store, method.__name__)

        chore: Method = Every.decorator(seconds, others=others)(run)
        return chore

    return declare


def _count_failure(store: Store, chore: str) -> None:
    store.failing[chore] = store.failing.get(chore, 0) + 1


def _declare(  # noqa: PLR0913 - the parts of a Job
    kind: type[Endpoint],
    contract: Contract,
    batch: int,
    outside: bool,
    workers: int,
    formerly: str | None,
) -> Callable[[Callable[..., object]], Entry]:
    def declare(method: Callable[..., object]) -> Entry:
        job = Job(contract, method, batch, outside, workers, formerly)

        @functools.wraps(method)
        def run(service: Worker, calls: Sequence[Call]) -> list[Outcome]:
            return activator.run(service, job, calls)

        run.job = job  # type: ignore[attr-defined]  # tests run a method in hand
        entry: Entry = kind.decorator(job)(run)
        return entry

    return declare
