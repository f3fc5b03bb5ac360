"""Windows and uptime, against a count minute by minute that nobody can misread."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import RuleBroken
from services.notify.domain import subscription
from services.notify.domain.announcement import (
    FOLLOWING,
    TRANSITIONS,
    Window,
    WindowStatement,
    excluded,
    gone_at,
    in_force,
    in_time,
    joined,
    published_state,
    state_at,
)
from services.notify.domain.measures import uptime
from services.notify.domain.measures.uptime import Day

START = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
NOTICE = dt.timedelta(minutes=20)


def m(minutes):
    return START + dt.timedelta(minutes=minutes)


def span(start, length):
    return Window(m(start), m(start + length))


minutes = st.integers(0, 80)
windows = st.builds(span, minutes, st.integers(1, 30))
histories = st.lists(st.tuples(minutes, st.one_of(st.none(), windows)), min_size=1, max_size=6).map(
    lambda reply: [
        WindowStatement(m(at), window) for at, window in sorted(reply, key=lambda t: t[0])
    ]
)


def counts(statements, minute):
    """Whether a minute is excluded, said slowly: by some update it was announced in time, and no
    update since then, until the minute came, took it away.
    """
    for i, (at, window) in enumerate(statements):
        if window is None or at > window.start - NOTICE or not window.start <= minute < window.end:
            continue
        later = [s for s in statements[i + 1 :] if s.at <= minute]
        if all(s.window and s.window.start <= minute < s.window.end for s in later):
            return True
    return False


def holds(statements, minute):
    """Whether the update in force at a minute has a window with it."""
    existing = [s for s in statements if s.at <= minute]
    window = existing[-1].window if existing else None
    return bool(window and window.start <= minute < window.end)


@given(histories)
def test_a_minute_is_excluded_if_it_was_announced_in_time_and_never_taken_away(statements):
    result = excluded(statements, NOTICE)
    for minute in map(m, range(120)):
        assert uptime.within(minute, result) == counts(statements, minute)


@given(histories)
def test_a_minute_is_closed_if_the_last_word_before_it_says_so(statements):
    result = in_force(statements)
    for minute in map(m, range(120)):
        assert uptime.within(minute, result) == holds(statements, minute)


@given(st.lists(windows))
def test_joined_windows_have_the_same_minutes_and_do_not_touch(part):
    result = joined(part)
    for minute in map(m, range(120)):
        assert uptime.within(minute, result) == uptime.within(minute, part)
    assert all(a.end < b.start for a, b in pairwise(result))


@given(histories, st.lists(st.booleans(), min_size=0, max_size=120))
def test_a_day_adds_up(statements, ups):
    probes = {m(i): up for i, up in enumerate(ups)}
    day = uptime.day(probes, in_force(statements), excluded(statements, NOTICE))
    assert day.measured == len(ups)
    assert 0 <= day.excluded_down <= day.excluded <= day.measured
    assert day.excluded_down <= day.down <= day.measured
    assert day.missed <= day.counted
    value = day.uptime(1)
    assert value is None if not day.counted else 0 <= value <= uptime.ALL
    assert (value == uptime.ALL) == (day.counted > 0 and day.missed == 0)


@given(histories)
def test_no_later_word_makes_a_past_minute_count_otherwise(statements):
    """So days can be added up when they are over."""
    for existing in range(1, len(statements)):
        now = statements[existing].at
        before, after = excluded(statements[:existing], NOTICE), excluded(statements, NOTICE)
        for minute in map(m, range(120)):
            if minute < now:
                assert uptime.within(minute, before) == uptime.within(minute, after)


@given(st.lists(st.builds(Day, st.integers(0, 9), st.integers(0, 9)), max_size=5))
def test_a_total_is_the_sum_of_its_days(days):
    assert uptime.total(days).measured == sum(d.measured for d in days)
    assert uptime.total(days).down == sum(d.down for d in days)


def test_what_was_announced_late_is_not_in_time():
    window = span(60, 30)
    assert in_time([WindowStatement(m(40), window)], NOTICE)
    assert not in_time([WindowStatement(m(41), window)], NOTICE)
    assert not in_time([WindowStatement(m(0), None)], NOTICE)
    assert in_time([WindowStatement(m(0), window), WindowStatement(m(70), None)], NOTICE)


def test_a_promise_is_judged_by_its_weakest_component_or_not_at_all():
    good, bad, unmeasured = Day(1000, 1), Day(1000, 10), Day(59, 0)
    assert uptime.weakest([good, bad], 60) == bad
    assert uptime.weakest([good, unmeasured], 60) is None
    assert uptime.weakest([], 60) is None


def test_a_budget_is_what_may_still_be_down():
    assert uptime.budget_left(Day(43_200, 200), 9950) == 16
    assert uptime.budget_left(Day(43_200, 300, 100, 100), 9950) == 15
    assert uptime.budget_left(Day(1000, 6), 9950) == -1


@pytest.mark.parametrize("kind", FOLLOWING)
def test_every_state_is_reached_from_the_draft_and_no_move_leaves_the_table(kind):
    visited, todo = set(), ["DRAFT"]
    while todo:
        state = todo.pop()
        visited.add(state)
        todo += [to for to in FOLLOWING[kind].get(state, ()) if to not in visited]
    assert set(FOLLOWING[kind]) - {"ENDED"} <= visited
    assert TRANSITIONS[kind].transition("DRAFT", published_state(kind)) == published_state(kind)
    with pytest.raises(RuleBroken, match="DRAFT"):
        TRANSITIONS[kind].transition("DRAFT", "COMPLETED")


def test_a_service_ends_at_the_midnight_of_iran_after_its_last_day():
    last = dt.date(2026, 12, 31)
    assert gone_at(last) == dt.datetime(2026, 12, 31, 20, 30, tzinfo=dt.UTC)
    for seconds, state in ((-1, "ANNOUNCED"), (0, "ENDED")):
        moment = gone_at(last) + dt.timedelta(seconds=seconds)
        assert state_at("end_of_service", "ANNOUNCED", None, last, moment) == state


def test_an_address_is_hidden_so_that_only_its_owner_knows_it():
    assert subscription.hidden("+989900001234") == "0990…34"
    assert subscription.hidden("someone@example.org") == "s…@example.org"
    assert subscription.hidden("") == ""
