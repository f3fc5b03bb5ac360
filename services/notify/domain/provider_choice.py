"""The choice of a provider for a message, and the circuit breakers of providers; pure."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

CLOSED, OPEN, HALF_OPEN = "CLOSED", "OPEN", "HALF_OPEN"
MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When a breaker opens, and for how long: ``failures`` in a row open it for ``first``, twice
    as long after each try in vain, never longer than ``longest``.
    """

    failures: int
    first: dt.timedelta
    longest: dt.timedelta


@dataclass(frozen=True, slots=True)
class Breaker:
    """The circuit breaker of a provider. ``try_at``: when an open one may be tried, or when a
    trial without an outcome (its process was killed) may be repeated.
    """

    state: str = CLOSED
    failures: int = 0
    try_at: dt.datetime | None = None


def after_success(_: Breaker) -> Breaker:
    """Return the breaker after a call that the provider answered."""
    return Breaker()


def after_failure(breaker: Breaker, now: dt.datetime, limits: BreakerLimits) -> Breaker:
    """Return the breaker after a call that was not answered, or answered by taking nothing.

    Calls that still ran when the breaker opened do not prolong it.
    """
    if breaker.state == OPEN:
        return breaker
    failures = breaker.failures + 1
    if breaker.state == CLOSED and failures < limits.failures:
        return replace(breaker, failures=failures)
    doublings = min(max(failures - limits.failures, 0), MOST_DOUBLINGS)
    pause = min(limits.first * 2**doublings, limits.longest)
    return Breaker(OPEN, failures, now + pause)


def begin_trial(
    breaker: Breaker, now: dt.datetime, lease: dt.timedelta, longest: dt.timedelta
) -> Breaker | None:
    """Return the breaker while one call tries whether the provider is back; None if none may.

    A trial further ahead than the ``longest`` pause was put off under a clock that ran ahead and
    has been corrected since: it may begin now.
    """
    if breaker.state == CLOSED or breaker.try_at is None:
        return None
    if now < breaker.try_at <= now + max(longest, lease):
        return None
    return replace(breaker, state=HALF_OPEN, try_at=now + lease)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider that may be given messages, and its share of them; at 0 it gets what all others
    have refused, or cannot take now.
    """

    code: str
    weight: int


def choose(candidates: Sequence[Candidate], refused_by: Collection[str], draw: float) -> str | None:
    """Choose a provider that has not refused the message, by weight; ``draw`` is from [0, 1).

    >>> choose([Candidate("a", 30), Candidate("b", 10)], (), 0.74)
    'a'
    >>> choose([Candidate("a", 30), Candidate("b", 10)], ("a",), 0.74)
    'b'
    """
    left = [candidate for candidate in candidates if candidate.code not in refused_by]
    left = [candidate for candidate in left if candidate.weight > 0] or left
    point = draw * sum(candidate.weight for candidate in left)
    for candidate in left:
        point -= candidate.weight
        if point < 0:
            return candidate.code
    return left[-1].code if left else None


def all_refused(providers: Iterable[str], refused_by: Collection[str]) -> bool:
    """Tell whether every provider has refused, whatever the state of its breaker."""
    return set(providers) <= set(refused_by)


def back_off(first: dt.timedelta, tries: int, longest: dt.timedelta) -> dt.timedelta:
    """Return how long to wait after failed tries: twice as long each time, up to the longest.

    >>> back_off(dt.timedelta(seconds=30), 2, dt.timedelta(hours=1)).total_seconds()
    120.0
    """
    return min(first * (1 << min(tries, MOST_DOUBLINGS)), longest)
