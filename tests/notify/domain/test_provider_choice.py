"""The rules of choosing: shares by weight, breakers, pauses; for any numbers."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import provider_choice
from services.notify.domain.provider_choice import Breaker, BreakerLimits, Candidate

NOW = dt.datetime(2026, 11, 24, 6, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
LIMITS = BreakerLimits(3, 30 * SECOND, 600 * SECOND)
PAUSES = (120 * SECOND, LIMITS.longest)

codes = st.lists(st.sampled_from("abcdef"), unique=True)
candidates = codes.flatmap(
    lambda match: st.tuples(
        *(st.builds(Candidate, st.just(code), st.integers(0, 100)) for code in match)
    )
)
draws = st.floats(0, 1, exclude_max=True)


@given(candidates, codes, draws)
def test_who_has_refused_is_never_chosen_and_somebody_is_if_anybody_is_left(others, refused, draw):
    left = {item.code for item in others} - set(refused)
    chosen = provider_choice.choose(others, refused, draw)
    assert (chosen in left) if left else chosen is None


@given(candidates, draws)
def test_weight_0_gets_only_what_no_other_can_take(others, draw):
    chosen = provider_choice.choose(others, (), draw)
    if any(item.weight for item in others):
        assert {item.code: item.weight for item in others}[chosen] > 0


@given(candidates)
def test_shares_follow_the_weights(others):
    total, turns = sum(item.weight for item in others), 200
    chosen = [provider_choice.choose(others, (), turn / turns) for turn in range(turns)]
    for item in others:
        if total:
            assert abs(chosen.count(item.code) - turns * item.weight / total) <= 1.01


@given(st.lists(st.booleans(), max_size=40))
def test_a_breaker_is_open_exactly_after_failures_in_a_row(outcomes):
    breaker, in_a_row = Breaker(), 0
    for good in outcomes:
        in_a_row = 0 if good else in_a_row + 1
        breaker = (
            provider_choice.after_success(breaker)
            if good
            else provider_choice.after_failure(breaker, NOW, LIMITS)
        )
        assert (breaker.state == provider_choice.OPEN) == (in_a_row >= LIMITS.failures)


@given(st.integers(0, 20))
def test_each_trial_in_vain_doubles_the_pause_up_to_the_longest(trials):
    breaker, now = Breaker(), NOW
    for _ in range(LIMITS.failures):
        breaker = provider_choice.after_failure(breaker, now, LIMITS)
    for number in range(trials + 1):
        assert breaker.try_at - now == min(LIMITS.first * 2**number, LIMITS.longest)
        assert provider_choice.begin_trial(breaker, breaker.try_at - SECOND, *PAUSES) is None
        now = breaker.try_at
        breaker = provider_choice.begin_trial(breaker, now, *PAUSES)
        assert breaker.state == provider_choice.HALF_OPEN
        # One trial at a time, and another only when this one's process must be dead.
        assert provider_choice.begin_trial(breaker, now + 119 * SECOND, *PAUSES) is None
        assert provider_choice.begin_trial(breaker, now + 120 * SECOND, *PAUSES) is not None
        breaker = provider_choice.after_failure(breaker, now, LIMITS)
    assert provider_choice.after_success(breaker) == Breaker()


def test_what_still_ran_when_the_breaker_opened_makes_it_no_longer():
    breaker = Breaker(provider_choice.OPEN, 3, NOW + 30 * SECOND)
    assert provider_choice.after_failure(breaker, NOW + 20 * SECOND, LIMITS) == breaker


@pytest.mark.parametrize(("tries", "seconds"), [(0, 30), (1, 60), (3, 240), (9, 3600), (99, 3600)])
def test_pauses_grow_and_stop_growing(tries, seconds):
    assert provider_choice.back_off(30 * SECOND, tries, 3600 * SECOND) == seconds * SECOND


def test_all_have_refused_only_when_none_of_those_set_up_is_left():
    assert provider_choice.all_refused(["a", "b"], ["b", "a", "gone"])
    assert not provider_choice.all_refused(["a", "b"], ["a"])
