"""A survey of the whole: every part, every service over the bus, the broker, a signed question.

All is asked at once and bounded, so a survey takes three seconds at most, whatever hangs. It is
kept for a second, so that frequent readers cost no more than one.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from bus import topology
from bus.amqp.dead_letters import DeadLetters, Depth
from bus.client import Client
from bus.errors import BusError, NotFound
from bus.health import AskHealth, Health
from bus.messages.kinds import Command, Event, M, R, Request
from bus.process.monitor import WELL, Finding, Status, fail, warn
from contracts import catalogue, health_contracts
from contracts.notify.measures.burns import Burns
from contracts.notify.messages import ACCOUNTS, Accounts, Nothing
from contracts.ticketing.letters import MAIL_FIGURES, AskMailFigures, MailFigures
from gateway.ops.health.burns import LatestBurns
from gateway.ops.health.checks import Check, SelfCall
from gateway.ops.health.concerns import Figures, concerns
from gateway.ops.health.history import History, Sample, Sampler
from gateway.ops.health.parts import Part, PartAnswer, ask_part
from gateway.ops.health.traffic import Watcher

KEPT_SECONDS, LOOK_SECONDS = 1.0, 15.0
CALL_SECONDS = 2.5
# For the depth of the dead letters, and of the others; what is not known by then has no value.
QUEUE_SECONDS = 0.9
# Threads of a look before it, in which something hangs, are still there.
THREADS = 6
BROKER_CODES = ("broker.unreachable", "broker.blocked")
# What a busy machine may find once of a part that is well.
LATE = frozenset(("part.silent", "call.late", "deadline.passed"))
Answer = TypeVar("Answer")
Queue = tuple[str, str]  # a service, and a kind of queue


class ServiceView(NamedTuple):
    """A service over the bus: its health, or the code of its failure, and its dead letters."""

    name: str
    health: Health | None
    code: str
    dead: int | None
    # What waits in its queues for work; None if nobody knows.
    waiting: int | None = None
    # The kinds of its queues in which something waits, and nobody reads.
    unread: tuple[str, ...] = ()

    @property
    def reachable(self) -> bool:
        """Return False if the question did not come through: nothing is known of the service."""
        return self.code not in BROKER_CODES


class Survey(NamedTuple):
    """The findings of one survey."""

    checks: tuple[Check, ...]
    services: tuple[ServiceView, ...]
    broker: Finding
    accounts: Accounts | None
    at: dt.datetime
    mail: MailFigures | None = None
    # What is wrong though every part answers; of no weight for readiness.
    concerns: tuple[Check, ...] = ()
    queues: Mapping[Queue, Depth] = MappingProxyType({})
    burns: Burns | None = None

    @property
    def status(self) -> Status:
        statuses = {check.finding.status for check in self.checks}
        return next(s for s in (Status.FAIL, Status.WARN, Status.PASS) if s in statuses)


class Surveyor:
    """Surveys on request, and every quarter of a minute, so that each status has its beginning."""

    def __init__(
        self, client: Client, amqp_url: str, self_call: SelfCall, parts: tuple[Part, ...]
    ) -> None:
        self._client, self._amqp_url = client, amqp_url
        self._self_call, self._parts = self_call, parts
        self._threads = ThreadPoolExecutor(THREADS, "survey")
        self._looking: asyncio.Task[Survey] | None = None
        self._looked_at = 0.0
        self._late = frozenset[str]()
        self._burns = LatestBurns(client, CALL_SECONDS)
        self.history = History()
        self.sampler = Sampler(self.history, Watcher(parts), self._sample)

    async def run(self) -> None:
        """Survey again and again, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> Survey:
        """Return the survey of now or of the last second; concurrent callers share one."""
        now = asyncio.get_running_loop().time()
        if self._looking is None or (
            self._looking.done() and now - self._looked_at >= KEPT_SECONDS
        ):
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def failing_parts(self) -> list[str]:
        """Return the names of the parts that fail."""
        survey = await self.look()
        watched = {part.name for part in self._parts}
        return [c.name for c in survey.checks if c.name in watched and not c.passed]

    async def _look(self) -> Survey:
        parts, calls, health, queues, (accounts, mail, burns) = await asyncio.gather(
            asyncio.gather(*(ask_part(part) for part in self._parts)),
            self._in_thread(self._self_call.run),
            asyncio.gather(*(self._ask(service) for service in health_contracts())),
            self._in_thread(self._measure_queues),
            self._figures_of_services(),
        )
        broker = self._broker(queues)
        services = tuple(
            service_view(name, reply, self._code(code, broker), queues or {})
            for name, (reply, code) in zip(health_contracts(), health, strict=True)
        )
        checks = self._checks(parts, calls, services, broker)
        late = frozenset(check.name for check in checks if check.finding.code in LATE)
        if broker is WELL:
            checks = patient(checks, self._late)
        self._late = late
        healths = {view.name: view.health for view in services if view.health}
        figures = Figures(healths, None if queues is None else _dead(queues), accounts, mail, burns)
        wrong = concerns(figures)
        now = dt.datetime.now(dt.UTC)
        survey = Survey(checks, services, broker, accounts, now, mail, wrong, queues or {}, burns)
        self.history.note((*survey.checks, *wrong), survey.at, figures.unknown)
        self._looked_at = asyncio.get_running_loop().time()
        return survey

    async def _in_thread(self, act: Callable[[], Answer]) -> Answer | None:
        """Return the result of ``act``; None if it does not end in time."""
        work = asyncio.get_running_loop().run_in_executor(self._threads, act)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await work
        except TimeoutError:
            return None

    async def _ask(self, service: str) -> tuple[Health | None, str]:
        try:
            contract: Request[AskHealth, Health] = health_contracts()[service]
            return await self._client.call(contract, AskHealth(), deadline=CALL_SECONDS), ""
        except BusError as error:
            return None, error.code

    async def _figures_of_services(
        self,
    ) -> tuple[Accounts | None, MailFigures | None, Burns | None]:
        accounts_of_notify = self._figures(ACCOUNTS, Nothing())
        mail_of_ticketing = self._figures(MAIL_FIGURES, AskMailFigures())
        accounts, mail, burns = await asyncio.gather(
            accounts_of_notify, mail_of_ticketing, self._burns.read()
        )
        return accounts, mail, burns

    async def _figures(self, contract: Request[M, R], message: M) -> R | None:
        """Return the figures of a service; None while it does not answer."""
        try:
            figures = await self._client.call(contract, message, deadline=CALL_SECONDS)
        except BusError:
            return None
        return figures

    def _measure_queues(self) -> dict[Queue, Depth] | None:
        """Return the depth of each queue that is there; None if the broker is away."""
        try:
            with DeadLetters(self._amqp_url, seconds=CALL_SECONDS) as letters:
                dead = letters.depths(DEAD, seconds=QUEUE_SECONDS)
                # What was never started has no queue; to ask for one costs a channel.
                started = {QUEUES[name][0] for name in dead}
                rest = [n for n, (of, kind) in QUEUES.items() if of in started and kind != "dead"]
                depths = dead | letters.depths(rest, seconds=QUEUE_SECONDS)
                return {QUEUES[name]: depth for name, depth in depths.items()}
        except BusError:
            return None

    def _broker(self, queues: Mapping[Queue, Depth] | None) -> Finding:
        if self._client.blocked:
            return fail(
                "broker.blocked",
                "The broker takes no messages: memory or disk alarm (rabbitmqctl status).",
            )
        if queues is None:
            return fail("broker.unreachable", "The broker does not answer.")
        if not self._client.connected:
            return fail("broker.unreachable", "The ops face has no connection to the broker yet.")
        return WELL

    @staticmethod
    def _code(code: str, broker: Finding) -> str:
        """Return the code of a silent service; while the broker is ill, it is the broker's."""
        return broker.code if code == "deadline.passed" and broker is not WELL else code

    def _checks(
        self,
        parts: list[PartAnswer],
        calls: list[Check] | None,
        services: tuple[ServiceView, ...],
        broker: Finding,
    ) -> tuple[Check, ...]:
        late = Check(
            "self-call", fail("call.late", "The signed question was not answered in time.")
        )
        checks = {check.name: check for check in calls or [late]}
        if self._parts or broker is not WELL:
            checks["broker"] = Check("broker", broker)
        for answer in parts:
            checks[answer.part] = Check(answer.part, _beside(broker, answer.finding))
            for inner, finding in answer.checks.items():
                name = f"{answer.part}.{inner}"
                checks[name] = Check(name, _beside(broker, finding))
        watched = {part.name for part in self._parts}
        for service in services:
            if service.name in watched:
                name = f"{service.name}.bus"
                checks[name] = Check(name, _on_the_bus(service))
        return tuple(checks.values())

    async def _sample(self) -> Sample:
        return sample_of(await self.look())


def patient(checks: tuple[Check, ...], late_before: frozenset[str]) -> tuple[Check, ...]:
    """Return the checks; one that is late only warns, unless it was late at the last look too."""
    return tuple(
        check._replace(finding=check.finding._replace(status=Status.WARN))
        if check.finding.code in LATE and check.name not in late_before
        else check
        for check in checks
    )


def sample_of(survey: Survey) -> Sample:
    """Return the figures of a survey, without traffic."""
    healths = [view.health for view in survey.services if view.health]
    dead = [view.dead for view in survey.services if view.dead is not None]
    waiting = [view.waiting for view in survey.services if view.waiting is not None]
    return Sample(
        survey.at,
        survey.status,
        outbox=max((health.outbox_oldest_seconds for health in healths), default=None),
        dead=sum(dead) if dead else None,
        late=survey.accounts.oldest_due_seconds if survey.accounts else None,
        waiting=sum(waiting) if waiting else None,
    )


def queues_of_services() -> Iterator[Queue]:
    """Yield the queues of each service that the contracts need."""
    for service in health_contracts():
        yield from ((service, kind) for kind in ("dead", "requests", "suspects", "receipts"))
        for name, kind in (("commands", Command), ("events", Event)):
            if any(isinstance(c, kind) and service in c.receivers for c in catalogue().values()):
                yield service, name


QUEUES = {topology.queue_name(*queue): queue for queue in queues_of_services()}
# The kinds of queues from which a service works.
WORK = ("requests", "commands", "events")
DEAD = [name for name, (_, kind) in QUEUES.items() if kind == "dead"]


def service_view(
    name: str, health: Health | None, code: str, queues: Mapping[Queue, Depth]
) -> ServiceView:
    """Return the view of a service; of a queue whose depth is not known nothing is shown."""
    work = {kind: depth for kind in WORK if (depth := queues.get((name, kind)))}
    return ServiceView(
        name,
        health,
        code,
        _dead(queues).get(name),
        sum(depth.messages for depth in work.values()) if work else None,
        tuple(kind for kind, depth in work.items() if depth.messages and not depth.consumers),
    )


def _dead(queues: Mapping[Queue, Depth]) -> dict[str, int]:
    """Return the number of dead letters of each service."""
    return {service: depth.messages for (service, kind), depth in queues.items() if kind == "dead"}


def counts(letters: DeadLetters) -> dict[str, int]:
    """Return the number of dead letters of each service that was ever started."""
    numbers = {}
    for service in health_contracts():
        try:
            numbers[service] = letters.count(service)
        except NotFound:
            continue
    return numbers


def _beside(broker: Finding, finding: Finding) -> Finding:
    """Return the finding of a part; while the broker is ill, a part that waits only warns."""
    if broker is not WELL and finding.code.startswith("broker."):
        return warn(finding.code, "It waits for the broker.")
    return finding


def _on_the_bus(service: ServiceView) -> Finding:
    if service.health is not None:
        return WELL._replace(sentence="answers over the bus")
    if not service.reachable:
        return warn(service.code, "It cannot be asked while the broker is away or blocked.")
    return fail(service.code, f"It does not answer over the bus ({service.code}).")
