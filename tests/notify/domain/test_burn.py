"""When a promise burns its budget too fast: both windows, and enough minutes."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.notify.measures import burns as contracts
from services.notify.domain.measures import burn, uptime
from services.notify.domain.measures.burn import ALERTS, WINDOWS
from services.notify.domain.measures.uptime import Day
from tests.processes import ROOT

NOW = dt.datetime(2026, 11, 25, 12, 0, 30, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
TARGET = 9950


def windows(down):
    """The windows of three days of probes in which the minutes ``down`` (ago) were missed."""
    last = NOW.replace(second=0)
    probes = {last - n * MINUTE: n not in down for n in range(WINDOWS[-1])}
    return {minutes: uptime.day(burn.recent(probes, NOW, minutes), [], []) for minutes in WINDOWS}


def ringing(down, target=TARGET):
    """The long windows of the alerts that ring."""
    sums = windows(down)
    return [alert.long for alert in ALERTS if burn.rings(alert, sums, target)]


def test_each_window_has_its_minutes():
    assert [sums.measured for sums in windows([]).values()] == list(WINDOWS)


@pytest.mark.parametrize(
    ("down", "expected"),
    [
        (range(0), []),
        (range(2), []),  # two minutes are no trend, however fast
        (range(4), []),  # 4 of 60 are 13.3 times as fast as allowed
        (range(5), [60]),
        (range(5, 60), [360, 1440, 4320]),  # over for five minutes: so says an hour's short window
        (range(30, 60), [1440, 4320]),  # over for half an hour, but much of three days' budget
        (range(22), [60, 360, 1440, 4320]),
        (range(121, 241), [4320]),  # the short window of a day is over, that of three days not
        (range(400, 460), []),
    ],
)
def test_an_alert_rings_while_both_of_its_windows_exceed(down, expected):
    assert ringing(down) == expected


def test_an_alert_needs_three_missed_minutes():
    few = {minutes: Day(measured=minutes, down=2) for minutes in WINDOWS}
    assert not any(burn.rings(alert, few, 9999) for alert in ALERTS)
    three = {minutes: Day(measured=minutes, down=3) for minutes in WINDOWS}
    assert any(burn.rings(alert, three, 9999) for alert in ALERTS)


def test_a_window_of_which_less_than_half_was_measured_says_nothing():
    sums = {minutes: Day(measured=29, down=29) for minutes in WINDOWS}
    assert burn.burn(sums[60], 60, TARGET) is None
    assert not any(burn.rings(alert, sums, TARGET) for alert in ALERTS if alert.long > 30)


def test_what_was_announced_in_time_burns_nothing():
    announced = Day(measured=60, down=20, excluded=20, excluded_down=20)
    assert burn.burn(announced, 60, TARGET) == 0


@given(st.sets(st.integers(0, WINDOWS[-1] - 1), max_size=60), st.integers(9000, 10_000))
def test_one_more_missed_minute_never_ends_an_alert(down, target):
    assert set(ringing(down, target)) <= set(ringing({0, *down}, target))


@given(st.integers(0, 4320), st.sampled_from(WINDOWS), st.integers(0, 10_000))
def test_a_burn_above_its_factor_is_shown_at_least_as_high(down, minutes, target):
    sums = Day(measured=minutes, down=min(down, minutes))
    shown = burn.burn(sums, minutes, target)
    by_window = dict.fromkeys(WINDOWS, sums)
    for alert in ALERTS:
        if alert.long == minutes and burn.rings(alert, by_window, target):
            assert shown is not None
            assert shown >= alert.factor


def test_windows_and_factors_are_those_of_the_alerts_of_prometheus():
    rules = (ROOT / "deploy/watch/promises.yml").read_text("utf-8")
    of_length = {f"{n}m": n for n in (5, 30)} | {f"{n}h": 60 * n for n in (1, 2, 6)}
    of_length |= {f"{n}d": 1440 * n for n in (1, 3)}
    alerts = re.split(r"- alert: (\w+)", rules)[1:]
    of_prometheus = set()
    for name, text in zip(alerts[::2], alerts[1::2], strict=True):
        exceeded = re.findall(
            r'window="(\w+)"} > ignoring \(window\) (?:([\d.]+) \* )?mirab:promise_budget', text
        )
        for (long, factor), (short, again) in zip(exceeded[::2], exceeded[1::2], strict=True):
            assert factor == again
            of_prometheus.add(
                (name, of_length[long], of_length[short], round(100 * float(factor or 1)))
            )
    assert of_prometheus == {alert[:4] for alert in ALERTS}
    (least,) = re.findall(r"last1h >= (\d+)", rules)
    assert int(least) == burn.LEAST_MISSED


def test_the_contract_names_the_alerts_that_there_are():
    assert set(contracts.ALERTS) == {alert.name for alert in ALERTS}
