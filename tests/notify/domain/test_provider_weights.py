"""The rule by which weights of providers move; for any numbers."""

import dataclasses
import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.provider_weights import (
    Standing,
    WeightLimits,
    Work,
    effective,
    floor,
    moves,
    trouble,
)

NOW = dt.datetime(2026, 11, 24, 6, tzinfo=dt.UTC)
LIMITS = WeightLimits()
MINUTE = dt.timedelta(minutes=1)
LONG_AGO = NOW - dt.timedelta(days=1)

weights = st.integers(0, 100)
moments = st.one_of(
    st.none(), st.integers(-10_000, 10_000).map(lambda s: NOW + dt.timedelta(seconds=s))
)
standings = st.lists(st.sampled_from("abcdef"), unique=True, min_size=1).flatmap(
    lambda codes: st.tuples(
        *(
            st.builds(
                Standing,
                st.just(code),
                weights,
                weights,
                st.booleans(),
                moments,
                moments,
                moments,
            )
            for code in codes
        )
    )
)
troubles = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["errors", "slow"]))
works = st.builds(
    Work,
    st.integers(0, 500),
    st.integers(0, 500),
    st.integers(0, 500),
    st.integers(0, 500),
    st.integers(0, 500),
)


def applied(standing, made):
    """A provider after the changes."""
    match = next((move for move in made if move.code == standing.code), None)
    if match is None:
        return standing
    return dataclasses.replace(standing, taken_off=match.taken_off, moved_at=NOW)


@given(standings, troubles)
def test_a_taking_never_leaves_less_than_the_least_share(providers, wrong):
    for move in moves(providers, wrong, NOW, LIMITS):
        provider = next(item for item in providers if item.code == move.code)
        left = effective(provider.weight, move.taken_off)
        assert 0 <= move.taken_off <= max(provider.weight, provider.taken_off)
        if move.reason != "rest":
            assert left >= floor(provider, providers, LIMITS)
            assert left < provider.weight_now
            assert provider.weight_now - left <= LIMITS.points
        else:
            assert left >= provider.weight_now


@given(standings, troubles)
def test_nothing_is_taken_while_no_other_does_better(providers, wrong):
    refuge = [item for item in providers if item.usable and item.weight and item.code not in wrong]
    takings = [move for move in moves(providers, wrong, NOW, LIMITS) if move.reason != "rest"]
    assert not takings or refuge


@given(standings, st.sampled_from(["errors", "slow"]))
def test_when_all_are_in_trouble_nothing_moves(providers, reason):
    wrong = {item.code: reason for item in providers}
    assert moves(providers, wrong, NOW, LIMITS) == []


@given(standings, troubles)
def test_a_pinned_weight_does_not_move(providers, wrong):
    pinned = {item.code for item in providers if item.pinned_until and item.pinned_until > NOW}
    assert not pinned & {move.code for move in moves(providers, wrong, NOW, LIMITS)}


@given(standings, troubles)
def test_each_provider_moves_at_most_once_and_only_by_a_reason(providers, wrong):
    made = moves(providers, wrong, NOW, LIMITS)
    assert len({move.code for move in made}) == len(made)
    for move in made:
        assert (move.reason == "rest") == (move.code not in wrong)


@given(standings, troubles)
def test_the_same_look_a_moment_later_changes_nothing_more(providers, wrong):
    made = moves(providers, wrong, NOW, LIMITS)
    after = [applied(item, made) for item in providers]
    moved = {move.code for move in made}
    again = moves(after, wrong, NOW + dt.timedelta(seconds=5), LIMITS)
    assert not moved & {move.code for move in again}


@given(weights.filter(bool), st.integers(1, 100))
def test_a_quiet_provider_is_back_at_its_own_weight_in_time(weight, taken_off):
    taken_off = min(taken_off, weight)
    provider = Standing("a", weight, taken_off, troubled_at=NOW, moved_at=NOW)
    now, steps = NOW, 0
    while provider.taken_off:
        now += LIMITS.rest_step
        for move in moves([provider, Standing("b", 50)], {}, now, LIMITS):
            assert now - NOW >= LIMITS.rest_after
            provider = dataclasses.replace(provider, taken_off=move.taken_off, moved_at=now)
            steps += 1
    assert steps == -(-taken_off // LIMITS.points)
    assert now - NOW <= LIMITS.rest_after + steps * LIMITS.rest_step


@given(st.integers(1, 100), st.integers(1, 100))
def test_a_provider_that_stays_faulty_goes_down_to_its_least_share_and_no_further(own, others):
    provider, other = Standing("a", own), Standing("b", others)
    now = NOW
    for _ in range(30):
        for move in moves([provider, other], {"a": "errors"}, now, LIMITS):
            provider = dataclasses.replace(provider, taken_off=move.taken_off, moved_at=now)
        now += LIMITS.errors_window
    assert provider.weight_now == floor(provider, [provider, other], LIMITS)


@given(works)
def test_few_messages_prove_nothing(work):
    if work.handed < LIMITS.least_messages and work.errors < LIMITS.errors:
        assert trouble(work, LIMITS) != "errors"
    if work.arrived < LIMITS.least_messages:
        assert trouble(work, LIMITS) != "slow"


def test_the_constants_are_those_of_the_rule():
    assert trouble(Work(errors=50), LIMITS) == "errors"
    assert trouble(Work(errors=49, handed=1000, failed=199), LIMITS) is None
    assert trouble(Work(handed=1000, failed=200), LIMITS) == "errors"
    assert trouble(Work(arrived=100, slow=15), LIMITS) == "slow"
    assert trouble(Work(arrived=100, slow=14), LIMITS) is None


def test_a_reserve_of_weight_zero_is_no_refuge_and_is_never_moved():
    reserve = Standing("b", 0)
    assert moves([Standing("a", 60), reserve], {"a": "slow"}, NOW, LIMITS) == []


def test_a_change_under_a_clock_that_ran_ahead_holds_nothing_up():
    ahead = Standing("a", 60, 10, troubled_at=NOW + 60 * MINUTE, moved_at=NOW + 60 * MINUTE)
    assert [move.taken_off for move in moves([ahead], {}, NOW, LIMITS)] == [0]
