"""Consents, quiet hours and caps; the states of a message; keys."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import RuleBroken
from services.notify import books
from services.notify.domain.book import Cap
from services.notify.domain.consent import allows, decide
from services.notify.domain.message import (
    CORRECTIONS,
    FALLS_BACK,
    FINAL,
    FOLLOWING,
    TRANSITIONS,
    MessageState,
)
from services.notify.domain.quiet import after_quiet, within_cap
from services.notify.keys import Keys
from tests.notify.conftest import tehran
from tests.processes import ROOT

moments = st.datetimes(
    dt.datetime(2025, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    dt.datetime(2027, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    timezones=st.just(dt.UTC),
)


@pytest.fixture(scope="module")
def book():
    document = books.read(ROOT / "deploy/notify")
    return books.book_of(1, document)


@pytest.mark.parametrize(
    ("now", "goes"),
    [
        ("1405-09-02 20:59", "1405-09-02 20:59"),
        ("1405-09-02 21:00", "1405-09-03 08:00"),
        ("1405-09-03 02:30", "1405-09-03 08:00"),
        ("1405-09-03 08:00", "1405-09-03 08:00"),
    ],
)
def test_news_waits_until_the_morning(book, now, goes):
    assert after_quiet(book, "bulk", "sms", tehran(now)) == tehran(goes)


@pytest.mark.parametrize("lane", ["otp", "transactional"])
def test_what_is_urgent_never_waits(book, lane):
    assert after_quiet(book, lane, "sms", tehran("1405-09-03 02:30")) == tehran("1405-09-03 02:30")


def test_an_email_wakes_nobody(book):
    assert after_quiet(book, "bulk", "email", tehran("1405-09-03 02:30")) == tehran(
        "1405-09-03 02:30"
    )


@given(moments)
def test_what_went_through_quiet_hours_once_waits_no_more(book, moment):
    goes = after_quiet(book, "bulk", "sms", moment)
    assert goes >= moment
    assert after_quiet(book, "bulk", "sms", goes) == goes


def test_a_window_in_force_by_day_is_asked_with_the_day_of_the_message(book):
    quiet = dataclasses.replace(book.quiet_hours[0], to=dt.date(2026, 11, 23))
    ended = dataclasses.replace(book, quiet_hours=[quiet])
    assert after_quiet(ended, "bulk", "sms", tehran("1405-09-03 02:30")) == tehran(
        "1405-09-03 02:30"
    )


@given(
    moments,
    st.lists(st.integers(-90_000, 90_000), max_size=30),
    st.integers(1, 4),
    st.integers(1, 8),
)
def test_with_one_more_message_the_caps_are_kept(moment, seconds, an_hour, a_day):
    dues = [moment + dt.timedelta(seconds=s) for s in seconds]
    goes = within_cap(Cap(an_hour, a_day, refuses=False), dues, moment)
    assert goes >= moment
    for span, most in ((dt.timedelta(hours=1), an_hour), (dt.timedelta(days=1), a_day)):
        assert sum(goes - span < due <= goes for due in dues) < most


def test_a_receiver_with_room_waits_for_nothing(book):
    now = tehran("1405-09-02 09:00")
    cap = book.cap("otp")
    dues = [now - dt.timedelta(minutes=m) for m in range(cap.an_hour)]
    assert within_cap(cap, dues[1:], now) == now
    assert within_cap(cap, dues, now) > now


def test_news_needs_an_opt_in_and_an_opt_out_of_everything_counts_for_all():
    assert allows({}, "transactional")
    assert not allows({}, "news")
    assert allows({"news": True}, "news")
    assert allows({"news": False}, "transactional")
    assert not allows({"transactional": False, "news": True}, "news")


def test_an_opt_out_is_final_but_for_the_receiver_himself():
    assert decide(None, True, by_receiver=False)
    assert not decide(True, False, by_receiver=False)
    assert decide(False, True, by_receiver=True)
    with pytest.raises(RuleBroken, match="opted out"):
        decide(False, True, by_receiver=False)


def test_what_has_ended_moves_no_more():
    assert all(not FOLLOWING[state] for state in FINAL)
    assert FALLS_BACK < FINAL
    assert set(FOLLOWING) == set(MessageState)
    for state in FINAL:
        with pytest.raises(RuleBroken) as refused:
            TRANSITIONS.transition(MessageState(state), MessageState.CREATED)
        assert refused.value.code == "message.move"


def test_what_was_handed_over_is_not_cancelled():
    assert (
        TRANSITIONS.transition(MessageState.CREATED, MessageState.CANCELLED)
        is MessageState.CANCELLED
    )
    for state in (MessageState.SENDING, MessageState.SENT):
        with pytest.raises(RuleBroken):
            TRANSITIONS.transition(MessageState(state), MessageState.CANCELLED)


def test_a_price_is_that_of_the_day(book):
    first, second = tehran("1404-12-29 23:59"), tehran("1405-01-01 00:00")
    assert (book.part_rials("ucs2", first), book.part_rials("ucs2", second)) == (1690, 2480)
    assert book.part_rials("ucs2", tehran("1390-01-01 00:00")) is None


def test_keys_of_one_purpose_serve_for_no_other():
    keys = Keys("secret")
    assert keys.receiver("sms", "x") != keys.receiver("email", "x")
    assert keys.receiver("sms", "x") == Keys("secret").receiver("sms", "x")
    assert keys.receiver("sms", "x") != Keys("other").receiver("sms", "x")
    assert keys.mac("a", "x") != keys.mac("b", "x")
    assert keys.open(keys.seal("راز")) == "راز"
    assert Keys("other").open(keys.seal("راز")) is None
    assert "secret" not in repr(keys)


def test_a_report_corrects_only_what_time_had_ended():
    for state in MessageState:
        allowed = {after for (before, after) in CORRECTIONS.table if before is state}
        wanted = {MessageState.REJECTED, MessageState.UNDELIVERED}
        assert allowed == (wanted if state is MessageState.UNTOLD else set())
