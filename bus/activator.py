"""Service Activator: runs a service's method for messages in one transaction, with the inbox.

Knows nothing of AMQP: it takes calls and says what became of each, so tests can run it in hand.
"""

import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Generic, Protocol

import structlog

from bus import work_log
from bus.call_leaves import Leaves
from bus.database import inbox
from bus.database.faults import is_of_store
from bus.database.store import Store, Tx
from bus.envelope import Envelope
from bus.errors import BusError, Conflict, ContractError, Internal, TooMany, Unavailable
from bus.messages.kinds import Command, Contract, Event, M, Request
from bus.messages.message import Wire, Written, essence, is_message, read, to_wire
from bus.process import log, spans
from bus.process.spans import Kind
from bus.process.work_metrics import WorkMetrics
from bus.topology import COMMANDS, EVENTS, REQUESTS

# Another transaction was in the way: the same once more mostly succeeds.
AGAIN = ("database.conflict", "inbox.race")
TRIES = 4
EXCHANGES = {Request: REQUESTS, Command: COMMANDS, Event: EVENTS}
PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Answered(Generic[M]):
    """What an agency answered: ``agency`` is None if it is not proven who sent it; ``problem`` says
    why ``answer`` cannot be read.
    """

    agency: str | None
    answer: M | None
    problem: str | None


@dataclass(frozen=True)
class Call(Generic[M]):
    """A message to work on: its envelope, itself, and its data as loaded."""

    envelope: Envelope
    message: M
    data: Wire

    @classmethod
    def of(cls, contract: Contract[M], envelope: Envelope, data: object) -> "Call[M]":
        """The call that ``data`` is by its contract; ContractError if it is none."""
        loaded = contract.load_data(data)
        return cls(envelope, read(contract.message, loaded), loaded)

    @classmethod
    def of_answer(
        cls,
        contract: Contract[M],
        envelope: Envelope,
        *,
        agency: str | None,
        answer: Wire | None,
        problem: str | None,
    ) -> "Call[Answered[M]]":
        """The call that an agency's answer is; ``answer`` is loaded by its contract."""
        message = None if answer is None else read(contract.message, answer)
        data = {"agency": agency, "answer": answer, "problem": problem}
        return Call(envelope, Answered(agency, message, problem), data)

    @cached_property
    def digest(self) -> bytes:
        """The digest of the message without fields that equal their default, so that a new optional
        field does not change it.
        """
        return inbox.digest(essence(self.message) if is_message(self.message) else self.data)

    def repeats(self, digest: bytes) -> bool:
        """True if the message with this digest was the same.

        Rows from before 0.1.0 have the digest of all fields. The inbox forgets after 30 days: this
        and ``Job.formerly`` may go with the first release after 2027-01-15.
        """
        return digest == self.digest or digest == inbox.digest(self.data)


class Worker(Protocol):
    """What the activator needs of a service: its store, and a place for the envelope."""

    store: Store
    envelope: Envelope


class Fate(Enum):
    """What becomes of the message itself."""

    DONE = "done"
    HOLD = "hold"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of a message and, for a Request, the reply that its asker gets.

    ``trouble`` is the code of the passing fault for which a message is held, or of the refusal of
    which it died. ``repeated``: it was done before, and got its first reply again.
    """

    fate: Fate
    reply: Wire | None = None
    trouble: str | None = None
    repeated: bool = False

    @property
    def code(self) -> str | None:
        """The code of the refusal that the asker gets, or of the trouble; None if all went well."""
        error = (self.reply or {}).get("error") or {}
        return error.get("code") or self.trouble


@dataclass(frozen=True)
class Job:
    """A method of a service and how it is to be run.

    ``formerly`` is what the method was called when the inbox still remembered by its name (before
    0.1.0), if that was not the operation of the contract.
    """

    contract: Contract
    method: Callable[..., Any]  # Any: entrypoints differ in what they take
    batch: int = 1
    outside: bool = False
    workers: int = 10
    formerly: str | None = None

    @property
    def consumer(self) -> str:
        """The name under which the inbox remembers; a method may be renamed, a contract not."""
        return self.contract.name

    @property
    def consumers(self) -> tuple[str, str]:
        """All names under which the inbox may remember."""
        name = self.contract.name
        return name, f"{name}:{self.formerly or self.contract.operation}"

    @cached_property
    def metrics(self) -> WorkMetrics:
        """What becomes of its messages, for Prometheus."""
        return WorkMetrics(self.contract.name)

    @property
    def remembers(self) -> bool:
        """True if a repeated message must not be worked on twice."""
        contract = self.contract
        return contract.effect if isinstance(contract, Request) else True


def run(service: Worker, job: Job, calls: Sequence[Call]) -> list[Outcome]:
    """Work on the calls, all in one transaction; never raises.

    If a list of several fails, each is tried alone, so that one bad message spoils no other; but
    not if the database cannot work on any.
    """
    alone = calls[0].envelope if len(calls) == 1 else None
    with structlog.contextvars.bound_contextvars(**{"trace_id": alone.trace_id} if alone else {}):
        if not spans.enabled():
            return _work_on(service, job, calls)
        name, parents = job.contract.name, [call.envelope.traceparent for call in calls]
        attributes = spans.messaging("process", EXCHANGES.get(type(job.contract), ""), name)
        if alone is not None:
            attributes = {**attributes, "messaging.message.id": alone.id}
        with spans.work_on(Kind.CONSUMER, f"process {name}", parents, attributes) as span:
            outcomes = _work_on(service, job, calls)
            code = next((outcome.code for outcome in outcomes if outcome.code), None)
            if span is not None and code is not None:
                span.fail(code)
        return outcomes


def _work_on(service: Worker, job: Job, calls: Sequence[Call]) -> list[Outcome]:
    started = time.perf_counter()
    try:
        outcomes = _with_retries(service, job, calls)
    except Exception as error:
        if len(calls) > 1 and not (is_of_store(error) and not _may_succeed_again(error)):
            return [outcome for call in calls for outcome in run(service, job, [call])]
        outcomes = [
            _done_meanwhile(service, job, call, error) or _failed(job, call, error)
            for call in calls
        ]
    spent = time.perf_counter() - started
    job.metrics.worked(outcomes, spent)
    seconds = spent / len(calls)
    for call, outcome in zip(calls, outcomes, strict=True):
        work_log.note(job.contract.name, call.envelope, outcome, seconds)
    return outcomes


def _done_meanwhile(service: Worker, job: Job, call: Call, error: Exception) -> Outcome | None:
    """Return the reply to a message that another worker has finished meanwhile; None if none has.

    A form that is sent twice at once is told what the first was told, not that it came too late.
    """
    refused = isinstance(error, BusError) and not isinstance(error, Unavailable)
    if job.outside or not job.remembers or not refused:
        return None
    try:
        with service.store.transaction() as tx:
            done = inbox.find_done(tx.conn, job.consumers, [call.envelope.id]).get(call.envelope.id)
    except Unavailable:
        return None
    return Outcome(Fate.DONE, _recalled(done, call), repeated=True) if done else None


def _with_retries(service: Worker, job: Job, calls: Sequence[Call]) -> list[Outcome]:
    """Work on the calls; retry a single one at once if it conflicted with another transaction."""
    tries = TRIES if len(calls) == 1 and not job.outside else 1
    for number in range(1, tries):
        try:
            return _in_transaction(service, job, calls)
        except Unavailable as error:
            if not _may_succeed_again(error):
                raise
        time.sleep(number * PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
    return _in_transaction(service, job, calls)


def _may_succeed_again(error: Exception) -> bool:
    return isinstance(error, Unavailable) and error.code in AGAIN


def _in_transaction(service: Worker, job: Job, calls: Sequence[Call]) -> list[Outcome]:
    if job.outside:
        return [Outcome(Fate.DONE, _reply(_call_outside(service, job, call))) for call in calls]
    with service.store.transaction(calls[0].envelope if len(calls) == 1 else None) as tx:
        if not job.remembers:
            replies = [_reply(result) for result in _call_method(service, job, tx, calls)]
            return [Outcome(Fate.DONE, reply) for reply in replies]
        return _answer_repeats(service, job, tx, calls)


def _answer_repeats(service: Worker, job: Job, tx: Tx, calls: Sequence[Call]) -> list[Outcome]:
    """Work on what is new; a repeat gets the first reply, an id with another body a Conflict."""
    done = inbox.find_done(tx.conn, job.consumers, [call.envelope.id for call in calls])
    fresh: dict[str, Call] = {}
    for call in calls:
        if call.envelope.id not in done:
            fresh.setdefault(call.envelope.id, call)
    if fresh:
        done |= _work_on_new(service, job, tx, fresh)
    return [
        Outcome(
            Fate.DONE,
            _recalled(done[call.envelope.id], call),
            repeated=fresh.get(call.envelope.id) is not call,
        )
        for call in calls
    ]


def _work_on_new(
    service: Worker, job: Job, tx: Tx, fresh: Mapping[str, Call]
) -> dict[str, inbox.Done]:
    """Works on what is new and remembers it, but for what is not available now, or not today: who
    gets that asks again with the same id, and must not get the same reply.
    """
    results = _call_method(service, job, tx, list(fresh.values()))
    done, lasting, leaves = {}, {}, Leaves(job.contract)
    for (id_, call), result in zip(fresh.items(), results, strict=True):
        lasts, reply = not isinstance(result, Unavailable | TooMany), _reply(result)
        if lasts:
            reply = leaves.mark(call.envelope, call.data, reply)
        done[id_] = inbox.Done(call.digest, reply)
        if lasts:
            lasting[id_] = done[id_]
    leaves.put(tx)
    if lasting:
        inbox.remember(tx, job.consumer, lasting)
    return done


def _recalled(done: inbox.Done, call: Call) -> Wire | None:
    if call.repeats(done.digest):
        return done.reply
    sentence = "This id (over HTTP the Idempotency-Key) was used with another body; use a new one."
    return _reply(Conflict(sentence, code="idempotency_key.reused"))


def _call_method(service: Worker, job: Job, tx: Tx, calls: Sequence[Call]) -> list[object]:
    if job.batch > 1:
        return list(job.method(service, tx, list(calls)))
    return [job.method(service, tx, calls[0].message)]


def _call_outside(service: Worker, job: Job, call: Call) -> object:
    # Without a tx, this is where the method finds its envelope; nameko makes a service for each.
    service.envelope = call.envelope
    return job.method(service, call.message)


def _reply(result: object) -> Wire | None:
    """What the asker gets: a returned refusal goes out like a raised one, but is committed."""
    if isinstance(result, BusError):
        return {"error": result.to_wire()}
    if isinstance(result, Written):
        return {"result": result.wire}
    return {"result": to_wire(result) if is_message(result) else result}


def _failed(job: Job, call: Call, error: Exception) -> Outcome:
    """Decide the fate of a message whose transaction was rolled back (docs/architecture.md)."""
    is_request = isinstance(job.contract, Request)
    if isinstance(error, Unavailable) and is_of_store(error):
        if is_request:
            return Outcome(Fate.DONE, _reply(error))
        return Outcome(Fate.HOLD, trouble=error.code)
    if isinstance(error, Unavailable):
        return Outcome(Fate.RETRY)
    if isinstance(error, ContractError):
        return Outcome(Fate.DEAD, _reply(error), trouble=error.code)
    if is_request and isinstance(error, BusError) and not isinstance(error, Internal):
        return Outcome(Fate.DONE, _reply(error))
    code = error.code if isinstance(error, BusError) else Internal.default_code
    return Outcome(Fate.DEAD, _reply(_internal(job, call, error)), trouble=code)


def _internal(job: Job, call: Call, error: Exception) -> Internal:
    error_id = str(uuid.uuid4())
    log.get("activator").error(
        "work_failed",
        error_id=error_id,
        contract=job.contract.name,
        message_id=call.envelope.id,
        exc_info=error,
    )
    return Internal(f"We failed to work on this. Tell us the number {error_id}.", error_id=error_id)
