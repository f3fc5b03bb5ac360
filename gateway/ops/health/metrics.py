"""Prometheus metrics of the whole bus, from one survey (gateway/ops/health/survey.py).

A gauge comes from the last survey, never from an earlier one: what was not asked, or did not
answer, has no value rather than 0 or an old one. A label that can be counted is there from the
first survey on, with 0; otherwise its rise would stay unseen.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bus.health import PROBLEMS, Health
from bus.messages.values import Json
from bus.process.monitor import Status
from contracts.notify.measures.burns import Burns
from contracts.notify.messages import CHANNELS, STATES, Accounts
from contracts.ticketing.letters import MailFigures
from gateway.ops.health.checks import usable
from gateway.ops.health.survey import BROKER_CODES, ServiceView, Survey
from iran.persian import TEHRAN

LEVELS = {Status.PASS: 0, Status.WARN: 1, Status.FAIL: 2}
Families = Iterator[GaugeMetricFamily]


def gauge(name: str, doc: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, doc, labels=labels)


class Measures(Collector):
    """The gauges of the last survey; none has a value before the first."""

    def __init__(self) -> None:
        self.survey: Survey | None = None

    def collect(self) -> Families:
        """Yield the metric families, for prometheus_client."""
        survey = self.survey
        services = survey.services if survey else ()
        yield from of_checks(survey)
        yield from of_broker(survey)
        yield from of_queues(survey)
        yield from of_services(services)
        yield from of_messages(survey.accounts if survey else None)
        yield from of_letters(survey.mail if survey else None)
        yield from of_burns(survey.burns if survey else None)


def of_checks(survey: Survey | None) -> Families:
    """Yield each check of /health/ready."""
    checks = gauge("mirab_check_status", "0 passes, 1 warns, 2 fails; as /health/ready", "check")
    for check in survey.checks if survey else ():
        checks.add_metric([check.name], LEVELS[check.finding.status])
    yield checks


def of_broker(survey: Survey | None) -> Families:
    """Yield whether the broker answers, and whether it accepts messages."""
    up = gauge("mirab_broker_up", "1 if the broker answers")
    blocked = gauge("mirab_broker_blocked", "1 while it takes no messages (memory or disk alarm)")
    if survey:
        up.add_metric([], survey.broker.code != "broker.unreachable")
        blocked.add_metric([], survey.broker.code == "broker.blocked")
    yield up
    yield blocked


def of_queues(survey: Survey | None) -> Families:
    """Yield how many messages wait in each queue, and how many consumers it has."""
    messages = gauge("mirab_queue_messages", "Messages that wait in a queue", "service", "kind")
    consumers = gauge("mirab_queue_consumers", "Consumers of a queue", "service", "kind")
    for queue, depth in survey.queues.items() if survey else ():
        messages.add_metric(queue, depth.messages)
        consumers.add_metric(queue, depth.consumers)
    yield from (messages, consumers)


def of_services(services: tuple[ServiceView, ...]) -> Families:
    """Yield each service by its answer over the bus."""
    up = gauge("mirab_service_up", "1 if the service answers over the bus", "service")
    failed = gauge("mirab_probe_failed", "1 if it could not be asked, by why", "service", "reason")
    dead = gauge("mirab_dead_letters", "Dead letters", "service")
    for view in services:
        for reason in BROKER_CODES:
            failed.add_metric([view.name, reason], view.code == reason)
        if view.reachable:
            up.add_metric([view.name], view.health is not None)
        if view.dead is not None:
            dead.add_metric([view.name], view.dead)
    yield from (up, failed, dead)
    yield from of_databases({view.name: view.health for view in services if view.health})


def of_databases(healths: Mapping[str, Health]) -> Families:
    """Yield the database and the outbox of each service that answered."""
    up = gauge("mirab_service_database_up", "1 if it reads and writes its database", "service")
    problem = gauge(
        "mirab_service_database_problem", "1 if its database has this problem", "service", "problem"
    )
    unsent = gauge("mirab_outbox_unsent", "Messages that wait in the outbox", "service")
    oldest = gauge("mirab_outbox_oldest_seconds", "Age of the oldest of them", "service")
    waits = gauge(
        "mirab_unacknowledged_oldest_seconds",
        "Age of the oldest Command or Event that a receiver has not acknowledged",
        "service",
    )
    died = gauge("mirab_died_at_receiver", "Messages of a service that died elsewhere", "service")
    for service, health in healths.items():
        up.add_metric([service], usable(health))
        for name in PROBLEMS:
            problem.add_metric([service, name], health.database_problem == name)
        if usable(health):
            unsent.add_metric([service], health.outbox_unsent)
            oldest.add_metric([service], health.outbox_oldest_seconds)
            waits.add_metric([service], health.unacknowledged_oldest_seconds)
            died.add_metric([service], health.died)
    yield from (up, problem, unsent, oldest, waits, died)
    yield from of_books(healths)


def of_books(healths: Mapping[str, Health]) -> Families:
    """Yield until when books of dated rows have rows, and what somebody should look at."""
    ends = gauge(
        "mirab_book_ends_seconds",
        "Until a book of dated rows (holidays, VAT, tariffs, prices) says nothing any more",
        "service",
        "book",
    )
    worries = gauge("mirab_worries", "What somebody should look at", "service", "what")
    for service, health in healths.items():
        now = dt.datetime.fromisoformat(health.now)
        for book, day in health.book_ends.items():
            after = dt.date.fromisoformat(day) + dt.timedelta(days=1)
            end = dt.datetime.combine(after, dt.time(), TEHRAN)
            ends.add_metric([service, book], (end - now).total_seconds())
        for name, count in health.worries.items():
            worries.add_metric([service, name], count)
    yield from (ends, worries)


Sum = tuple[Callable[[Accounts], float], str, str]
SUMS: tuple[Sum, ...] = (
    (
        lambda accounts: accounts.accepted,
        "mirab_messages_accepted",
        "Messages that were ever accepted",
    ),
    (
        lambda accounts: accounts.in_flight,
        "mirab_messages_in_flight",
        "Messages that have not ended",
    ),
    (
        lambda accounts: accounts.difference,
        "mirab_messages_difference",
        "Accepted, but neither ended nor in flight",
    ),
    (
        lambda accounts: accounts.unclear,
        "mirab_messages_unclear",
        "Hand-overs of which nobody knows yet",
    ),
    (
        lambda accounts: accounts.oldest_due_seconds,
        "mirab_messages_oldest_due_seconds",
        "Age of the oldest message not handed over",
    ),
)


def of_messages(accounts: Accounts | None) -> Families:
    """Yield whether all messages are accounted for, what waits, and paused providers."""
    for value, metric, doc in SUMS:
        total = gauge(metric, doc)
        if accounts:
            total.add_metric([], value(accounts))
        yield total
    messages = gauge("mirab_messages", "Messages by channel and state", "channel", "state")
    rows = accounts.states if accounts else ()
    counts = {(row["channel"], row["state"]): row["count"] for row in rows}
    for channel in CHANNELS if accounts else ():
        for state in STATES:
            messages.add_metric([channel, state], counts.get((channel, state), 0))
    yield messages
    yield from of_providers(accounts.providers if accounts else ())
    yield from of_senders(accounts.senders if accounts else ())


def of_providers(providers: Sequence[Json]) -> Families:
    """Yield the providers of messages: which is paused as failing, its share, its credit."""
    left_alone = gauge("mirab_provider_open", "1 while it is left alone as failing", "provider")
    credit = gauge("mirab_provider_credit_rials", "Money left with a provider", "provider")
    weight = gauge("mirab_provider_weight", "The share of messages that it is given", "provider")
    own = gauge("mirab_provider_weight_set", "The share that is set for it", "provider")
    for provider in providers:
        weight.add_metric([provider["code"]], provider.get("weight_now", 0))
        own.add_metric([provider["code"]], provider.get("weight", 0))
        left_alone.add_metric([provider["code"]], provider["breaker"] != "CLOSED")
        if provider["credit_rials"] is not None:
            credit.add_metric([provider["code"]], provider["credit_rials"])
    yield from (left_alone, credit, weight, own)


def of_senders(senders: Sequence[Json]) -> Families:
    """Yield the e-mails of each sender in seven days, what failed and was complained of; the sender
    ``*`` is all together.
    """
    emails = gauge("mirab_sender_emails", "E-mails of a sender in seven days", "sender", "what")
    for sender in senders:
        for outcome in ("handed", "failed", "complaints"):
            emails.add_metric([sender["sender"], outcome], sender[outcome])
    yield emails


def of_letters(figures: MailFigures | None) -> Families:
    """Yield e-mail of units and citizens by state (docs/letters.md), and skipped rows.

    Ticketing replies with every state, 0 where there is none.
    """
    letters = ("letters", "Letters that came in", figures.letters if figures else ())
    mails = ("mails", "Letters that go out", figures.mails if figures else ())
    for name, doc, rows in (letters, mails):
        count = gauge(f"mirab_{name}", f"{doc}, by state", "state")
        oldest = gauge(f"mirab_{name}_oldest_seconds", f"{doc}: age of the oldest", "state")
        for row in rows:
            count.add_metric([row["state"]], row["count"])
            oldest.add_metric([row["state"]], row["oldest_seconds"])
        yield from (count, oldest)
    failed = gauge("mirab_chore_items_failed", "Rows that a chore could not do", "chore")
    for row in figures.chores if figures else ():
        failed.add_metric([row["chore"]], row["failed"])
    yield failed


def of_burns(burns: Burns | None) -> Families:
    """Yield how fast each promise uses up what it may miss, by the probes of each minute."""
    labels = ("promise", "component")
    burn = gauge(
        "mirab_promise_burn",
        "How many times as fast as allowed a promise misses minutes, by the window in minutes",
        *labels,
        "minutes",
    )
    left = gauge(
        "mirab_promise_budget_left_minutes", "Minutes that may still be missed of 30 days", *labels
    )
    rings = gauge("mirab_promise_burns", "1 while both windows of an alert exceed", *labels, "rule")
    for row in burns.promises if burns else ():
        names = [row.promise, row.component]
        if row.budget_left is not None:
            left.add_metric(names, row.budget_left)
        for window in row.windows:
            if window.burn is not None:
                burn.add_metric([*names, str(window.minutes)], window.burn / 100)
        for alert in row.alerts:
            rings.add_metric([*names, f"{alert.long}/{alert.short}"], alert.rings)
    yield from (burn, left, rings)
