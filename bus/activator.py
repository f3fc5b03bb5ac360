"""Service Activator: runs a service's method for messages in one transaction, with the inbox.

Knows nothing of AMQP: it takes calls and says what became of each, so tests can run it in hand.
"""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import structlog

from bus.database import inbox
from bus.database.faults import is_of_store
from bus.envelope import Envelope
from bus.errors import BusError, Conflict, ContractError, Internal, TooMany, Unavailable
from bus.kinds import Contract, Request
from bus.process import log

# Another transaction was in the way: the same once more mostly succeeds.
AGAIN = ("database.conflict", "inbox.race")
TRIES = 4
PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Call:
    """A message to work on: its envelope and its loaded data."""

    message: Envelope
    data: dict[str, Any]


class Fate(Enum):
    """What becomes of the message itself."""

    DONE = "done"
    HOLD = "hold"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of a message and, for a Request, the reply that its asker gets.

    ``trouble`` is the code of the passing fault for which a message is held.
    """

    fate: Fate
    reply: dict[str, Any] | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A method of a service and how it is to be run."""

    contract: Contract
    method: Callable[..., Any]
    batch: int = 1
    outside: bool = False
    workers: int = 10

    @property
    def consumer(self) -> str:
        """The name under which the inbox remembers."""
        return f"{self.contract.name}:{self.method.__name__}"

    @property
    def remembers(self) -> bool:
        """True if a repeated message must not be worked on twice."""
        contract = self.contract
        return contract.effect if isinstance(contract, Request) else True


def run(service: Any, job: Job, calls: Sequence[Call]) -> list[Outcome]:
    """Works on the calls, all in one transaction; never raises.

    If a list of several fails, each is tried alone, so that one bad message spoils no other; but
    not if the database cannot work on any.
    """
    started = time.perf_counter()
    try:
        outcomes = _attempt_again(service, job, calls)
    except Exception as error:
        if len(calls) > 1 and not (is_of_store(error) and not _may_succeed_again(error)):
            return [outcome for call in calls for outcome in run(service, job, [call])]
        outcomes = [
            _done_meanwhile(service, job, call, error) or _failed(job, call, error)
            for call in calls
        ]
    seconds = (time.perf_counter() - started) / len(calls)
    for call, outcome in zip(calls, outcomes, strict=True):
        _canonical_line(job, call, outcome, seconds)
    return outcomes


def _done_meanwhile(service: Any, job: Job, call: Call, error: Exception) -> Outcome | None:
    """The first reply to a message that another worker has done while this one waited for it.

    A form that is sent twice at once is told what the first was told, not that it came too late.
    """
    refused = isinstance(error, BusError) and not isinstance(error, Unavailable)
    if job.outside or not job.remembers or not refused:
        return None
    try:
        with service.store.transaction() as tx:
            done = inbox.seen(tx.conn, job.consumer, [call.message.id]).get(call.message.id)
    except Unavailable:
        return None
    return Outcome(Fate.DONE, _recalled(done, inbox.digest(call.data))) if done else None


def _attempt_again(service: Any, job: Job, calls: Sequence[Call]) -> list[Outcome]:
    """Works on the calls; a single one that met another transaction is tried again at once."""
    tries = TRIES if len(calls) == 1 and not job.outside else 1
    for number in range(1, tries):
        try:
            return _attempt(service, job, calls)
        except Unavailable as error:
            if not _may_succeed_again(error):
                raise
        time.sleep(number * PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
    return _attempt(service, job, calls)


def _may_succeed_again(error: Exception) -> bool:
    return isinstance(error, Unavailable) and error.code in AGAIN


def _attempt(service: Any, job: Job, calls: Sequence[Call]) -> list[Outcome]:
    if job.outside:
        return [Outcome(Fate.DONE, _reply(_bound(service, job, call))) for call in calls]
    with service.store.transaction(calls[0].message if len(calls) == 1 else None) as tx:
        if not job.remembers:
            replies = [_reply(result) for result in _results(service, job, tx, calls)]
        else:
            replies = _once(service, job, tx, calls)
    return [Outcome(Fate.DONE, reply) for reply in replies]


def _once(service: Any, job: Job, tx: Any, calls: Sequence[Call]) -> list[dict[str, Any] | None]:
    """Runs what is new; a repeat gets the first reply, a misuse of its id a Conflict."""
    digests = [inbox.digest(call.data) for call in calls]
    done = inbox.seen(tx.conn, job.consumer, [call.message.id for call in calls])
    fresh: dict[str, tuple[Call, bytes]] = {}
    for call, digest in zip(calls, digests, strict=True):
        if call.message.id not in done:
            fresh.setdefault(call.message.id, (call, digest))
    if fresh:
        done |= _do(service, job, tx, fresh)
    return [
        _recalled(done[call.message.id], digest)
        for call, digest in zip(calls, digests, strict=True)
    ]


def _do(
    service: Any, job: Job, tx: Any, fresh: dict[str, tuple[Call, bytes]]
) -> dict[str, inbox.Done]:
    """Works on what is new and remembers it, but for what is not available now, or not today: who
    is told so asks again with the same id, and must not get the same reply.
    """
    results = _results(service, job, tx, [call for call, _ in fresh.values()])
    done, lasting = {}, {}
    for (id_, (_, digest)), result in zip(fresh.items(), results, strict=True):
        done[id_] = inbox.Done(digest, _reply(result))
        if not isinstance(result, Unavailable | TooMany):
            lasting[id_] = done[id_]
    if lasting and not inbox.remember(tx.conn, job.consumer, lasting):
        raise Unavailable("The same message is being worked on elsewhere.", code="inbox.race")
    return done


def _recalled(done: inbox.Done, digest: bytes) -> dict[str, Any] | None:
    if done.digest == digest:
        return done.reply
    return _reply(
        Conflict(
            "This Idempotency-Key was used before with another body; use a new key.",
            code="idempotency_key.reused",
        )
    )


def _results(service: Any, job: Job, tx: Any, calls: Sequence[Call]) -> list[Any]:
    if job.batch > 1:
        return list(job.method(service, tx, list(calls)))
    return [job.method(service, tx, **calls[0].data)]


def _bound(service: Any, job: Job, call: Call) -> Any:
    # Without a tx, this is where the method finds its envelope; nameko makes a service for each.
    service.message = call.message
    return job.method(service, **call.data)


def _reply(result: Any) -> dict[str, Any] | None:
    """What is told to the asker: a returned refusal is told like a raised one, but committed."""
    if isinstance(result, BusError):
        return {"error": result.to_wire()}
    return {"result": result}


def _failed(job: Job, call: Call, error: Exception) -> Outcome:
    """The fate table of a message whose transaction was rolled back (docs/architecture.md)."""
    asked = isinstance(job.contract, Request)
    if isinstance(error, Unavailable) and is_of_store(error):
        if asked:
            return Outcome(Fate.DONE, _reply(error))
        return Outcome(Fate.HOLD, trouble=error.code)
    if isinstance(error, Unavailable):
        return Outcome(Fate.RETRY)
    if isinstance(error, ContractError):
        return Outcome(Fate.DEAD, _reply(error))
    if asked and isinstance(error, BusError) and not isinstance(error, Internal):
        return Outcome(Fate.DONE, _reply(error))
    return Outcome(Fate.DEAD, _reply(_internal(job, call, error)))


def _internal(job: Job, call: Call, error: Exception) -> Internal:
    error_id = str(uuid.uuid4())
    log.get("activator").error(
        "failed",
        error_id=error_id,
        contract=job.contract.name,
        message_id=call.message.id,
        exc_info=error,
    )
    return Internal(f"We failed to work on this. Tell us the number {error_id}.", error_id=error_id)


def _canonical_line(job: Job, call: Call, outcome: Outcome, seconds: float) -> None:
    caller = call.message.caller or {}
    reply = outcome.reply or {}
    error = reply.get("error") or {}
    with structlog.contextvars.bound_contextvars(trace_id=call.message.trace_id):
        log.get("activator").info(
            "worked",
            contract=job.contract.name,
            message_id=call.message.id,
            correlation=call.message.correlation,
            agency=caller.get("agency"),
            fate=outcome.fate.value,
            code=error.get("code"),
            ms=round(seconds * 1000, 2),
        )
