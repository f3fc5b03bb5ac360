"""How the weights of SMS providers move by what providers do; pure.

A provider that fails or delivers slowly loses points, never below a least share, and never while
no other does better; after a quiet time it gets them back step by step. Weights only fall below
what the file or an approver has set, and return to it: the share of the others grows by itself.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Reason = Literal["errors", "slow", "rest"]
# A moment further ahead was written under a clock that ran ahead, and holds nothing up.
CLOCKS_APART = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class WeightLimits:
    """When weights move, and how far.

    ``errors`` failed hand-overs in ``errors_window`` count as failing, and so does
    ``errors_percent`` of them in ``slow_window``; ``slow_percent`` of the messages of
    ``slow_window`` that took longer than ``slow`` to their receivers count as slow. No share is
    judged below ``least_messages``. A provider loses ``points`` at once and never falls below
    ``least_percent`` of all weights together. After ``rest_after`` without trouble it gets as many
    back, every ``rest_step``.
    """

    errors: int = 50
    errors_window: dt.timedelta = dt.timedelta(seconds=60)
    errors_percent: int = 20
    slow_percent: int = 15
    slow: dt.timedelta = dt.timedelta(minutes=5)
    slow_window: dt.timedelta = dt.timedelta(minutes=15)
    least_messages: int = 20
    points: int = 10
    least_percent: int = 5
    rest_after: dt.timedelta = dt.timedelta(minutes=15)
    rest_step: dt.timedelta = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Work:
    """What a provider has done: failed hand-overs of the errors' window; hand-overs of the longer
    one, and how many failed; messages whose way is known or longer than allowed, and how many of
    them were slow.
    """

    errors: int = 0
    handed: int = 0
    failed: int = 0
    arrived: int = 0
    slow: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A provider: its own weight, how many points are taken off, and since when.

    ``usable``: it is not paused and its circuit breaker is closed. ``troubled_at``: when it failed
    or was slow last; ``moved_at``: when its weight moved last.
    """

    code: str
    weight: int
    taken_off: int = 0
    usable: bool = True
    pinned_until: dt.datetime | None = None
    troubled_at: dt.datetime | None = None
    moved_at: dt.datetime | None = None

    @property
    def weight_now(self) -> int:
        """The weight by which messages are shared out."""
        return effective(self.weight, self.taken_off)


class Move(NamedTuple):
    """A change of a weight: the points that are off from now on, and for what reason."""

    code: str
    reason: Reason
    taken_off: int


def effective(weight: int, taken_off: int) -> int:
    """Return the weight that is left; one that is not 0 does not become 0.

    >>> effective(60, 10), effective(8, 10), effective(0, 10)
    (50, 1, 0)
    """
    return max(weight - taken_off, min(weight, 1))


def trouble(work: Work, limits: WeightLimits) -> Reason | None:
    """Return what is wrong with a provider, the graver first; None if nothing is."""
    if work.errors >= limits.errors or _reaches(
        work.failed, work.handed, limits.errors_percent, limits
    ):
        return "errors"
    if _reaches(work.slow, work.arrived, limits.slow_percent, limits):
        return "slow"
    return None


def _reaches(part: int, whole: int, percent: int, limits: WeightLimits) -> bool:
    return whole >= limits.least_messages and 100 * part >= percent * whole


def floor(standing: Standing, standings: Sequence[Standing], limits: WeightLimits) -> int:
    """Return the least weight of a provider: its share of all weights, or its own if that is less.

    >>> a, b = Standing("a", 60), Standing("b", 40)
    >>> floor(a, [a, b], WeightLimits()), floor(Standing("c", 3), [a, b], WeightLimits())
    (5, 3)
    """
    whole = sum(other.weight for other in standings)
    return min(standing.weight, -(-limits.least_percent * whole // 100))


def moves(
    standings: Sequence[Standing],
    troubles: dict[str, Reason],
    now: dt.datetime,
    limits: WeightLimits,
) -> list[Move]:
    """Return the changes that are due now; ``troubles`` by code, of those that have any.

    Nothing is taken from a provider while every other that could carry its messages is in trouble,
    too: a storm at the operators would only move the messages to and fro.
    """
    refuge = {
        standing.code
        for standing in standings
        if standing.usable and standing.weight > 0 and standing.code not in troubles
    }
    made = []
    for standing in standings:
        if _is_pinned(standing, now):
            continue
        reason = troubles.get(standing.code)
        if reason and refuge and standing.usable:
            move = _taken(standing, standings, reason, now, limits)
        elif reason:
            move = None
        else:
            move = _given_back(standing, now, limits)
        if move is not None:
            made.append(move)
    return made


def _is_pinned(standing: Standing, now: dt.datetime) -> bool:
    return standing.pinned_until is not None and now < standing.pinned_until


def _taken(
    standing: Standing,
    standings: Sequence[Standing],
    reason: Reason,
    now: dt.datetime,
    limits: WeightLimits,
) -> Move | None:
    """Take points off, not sooner than what was taken off last can have shown its effect."""
    pause = limits.errors_window if reason == "errors" else limits.slow
    if not _is_over(standing.moved_at, pause, now):
        return None
    most = standing.weight - floor(standing, standings, limits)
    taken_off = min(standing.taken_off + limits.points, most)
    return Move(standing.code, reason, taken_off) if taken_off > standing.taken_off else None


def _given_back(standing: Standing, now: dt.datetime, limits: WeightLimits) -> Move | None:
    is_quiet = _is_over(standing.troubled_at, limits.rest_after, now)
    if (
        not standing.taken_off
        or not is_quiet
        or not _is_over(standing.moved_at, limits.rest_step, now)
    ):
        return None
    return Move(standing.code, "rest", max(standing.taken_off - limits.points, 0))


def _is_over(since: dt.datetime | None, span: dt.timedelta, now: dt.datetime) -> bool:
    return since is None or now - since >= span or since > now + CLOCKS_APART
