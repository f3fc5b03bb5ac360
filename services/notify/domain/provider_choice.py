"""Which provider carries a message, and when one that fails is left alone: circuit breakers."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

CLOSED, OPEN, HALF_OPEN = "CLOSED", "OPEN", "HALF_OPEN"
MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """When a breaker opens, and for how long: ``failures`` in a row open it for ``first``, twice
    as long after each try in vain, never longer than ``longest``.
    """

    failures: int
    first: dt.timedelta
    longest: dt.timedelta


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a provider stands. ``try_at``: when an open one may be tried, or when a trial that told
    nothing (its process was killed) may be made again.
    """

    state: str = CLOSED
    failures: int = 0
    try_at: dt.datetime | None = None


def worked(_: Breaker) -> Breaker:
    """After a call that the provider answered."""
    return Breaker()


def failed(breaker: Breaker, now: dt.datetime, limits: Limits) -> Breaker:
    """After a call that it did not answer, or answered by taking nothing.

    What still runs when the breaker is open already does not make it longer.
    """
    if breaker.state == OPEN:
        return breaker
    failures = breaker.failures + 1
    if breaker.state == CLOSED and failures < limits.failures:
        return replace(breaker, failures=failures)
    doublings = min(max(failures - limits.failures, 0), MOST_DOUBLINGS)
    pause = min(limits.first * 2**doublings, limits.longest)
    return Breaker(OPEN, failures, now + pause)


def tried(breaker: Breaker, now: dt.datetime, lease: dt.timedelta) -> Breaker | None:
    """The breaker while one call tries whether the provider is back; None if none may try now."""
    if breaker.state == CLOSED or breaker.try_at is None or now < breaker.try_at:
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
    """One of those that have not refused the message, by weight; ``draw`` is from [0, 1).

    >>> choose([Candidate("a", 30), Candidate("b", 10)], (), 0.74)
    'a'
    >>> choose([Candidate("a", 30), Candidate("b", 10)], ("a",), 0.74)
    'b'
    """
    left = [each for each in candidates if each.code not in refused_by]
    left = [each for each in left if each.weight > 0] or left
    point = draw * sum(each.weight for each in left)
    for each in left:
        point -= each.weight
        if point < 0:
            return each.code
    return left[-1].code if left else None


def all_refused(providers: Iterable[str], refused_by: Collection[str]) -> bool:
    """Whether nobody is left to ask, however its breaker stands."""
    return set(providers) <= set(refused_by)


def back_off(first: dt.timedelta, tries: int, longest: dt.timedelta) -> dt.timedelta:
    """How long to wait after so many tries in vain: twice as long each time, up to the longest.

    >>> back_off(dt.timedelta(seconds=30), 2, dt.timedelta(hours=1)).total_seconds()
    120.0
    """
    return min(first * (1 << min(tries, MOST_DOUBLINGS)), longest)
