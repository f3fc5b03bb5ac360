"""The figures of messages that everybody may see: which day, which hour, what is too small."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.activator import Call, Fate
from bus.envelope import Envelope, instant
from contracts.notify import inbox
from contracts.notify import messages as contracts
from contracts.notify.pace import MESSAGE_FIGURES
from services.notify.domain.measures.figures import Counts, months, periods
from services.notify.providers.sms import DeliveryState
from services.notify.sending import accounting
from services.notify.service import Notify
from tests.notify.sending.test_dispatch import Harness, Line
from tests.stores import execute

DAY = dt.date(2026, 11, 23)  # 1405-09-02


@pytest.fixture
def line():
    return Line("magfa")


@pytest.fixture
def running(hand, line):
    hand.template()
    return Harness(hand, (line, 1))


def receivers(count, begin=0):
    return [{"mobile": f"0990{number:07}"} for number in range(begin, begin + count)]


def send(hand, count, begin=0, **more):
    return [hand.send(to=to, **more) for to in receivers(count, begin)]


def figures(hand, *, at=None):
    """What everybody reads, on the day after by default."""
    if at:
        hand.at(at)
    hand.service.add_up_messages_of_today()
    hand.service.add_up_messages_of_week()
    return hand.call(MESSAGE_FIGURES)


def row(reply, channel="sms", pace="prompt", table="days"):
    """The row of a series with messages in it."""
    (match,) = [
        row
        for row in reply[table]
        if (row["channel"], row["pace"]) == (channel, pace) and row["accepted"]
    ]
    return match


def late_command(hand, sent_at, to, template="notice"):
    """A Command of another context that waited in its queue since that moment."""
    envelope = Envelope.new(
        contracts.SEND_MESSAGE.name, "ticketing", time=sent_at, caller={"face": "public"}
    )
    data = {"template": template, "to": to, "personalisation": {"text": "x"}}
    (outcome,) = Notify.send_message(
        hand.service, [Call.of(contracts.SEND_MESSAGE, envelope, data)]
    )
    assert outcome.fate is Fate.DONE, outcome


def test_what_went_within_ten_seconds_is_in_time_and_what_went_later_is_late(hand, line, running):
    send(hand, 6)
    running.later(seconds=10)
    send(hand, 4, begin=6)
    running.later(seconds=11)
    line.tell(DeliveryState.DELIVERED)
    running.later(minutes=1)
    of_day = row(figures(hand, at="1405-09-03 08:00"))
    assert of_day == {
        "channel": "sms",
        "pace": "prompt",
        "month": "1405-09",
        "first": "2026-11-23",
        "last": "2026-11-23",
        "accepted": 10,
        "judged": 10,
        "on_time": 6,
        "delivered": 10,
    }


def test_a_message_with_an_hour_of_its_own_is_judged_by_that_hour(hand, running):
    later = instant(hand.moment + dt.timedelta(hours=2))
    send(hand, 5, not_before=later)
    running.later(hours=2, minutes=5)
    of_day = row(figures(hand, at="1405-09-03 08:00"), pace="planned")
    assert (of_day["judged"], of_day["on_time"]) == (5, 5)


def test_a_message_of_weeks_ahead_counts_on_its_day_and_not_before(hand, running):
    send(hand, 5, not_before=instant(hand.moment + dt.timedelta(days=60)))
    assert not any(row["accepted"] for row in figures(hand, at="1405-09-10 08:00")["months"])
    hand.later(days=53)
    running.run()
    of_day = row(figures(hand, at="1405-11-03 08:00"), pace="planned")
    assert (of_day["first"], of_day["judged"], of_day["on_time"]) == ("2027-01-22", 5, 0)


def test_a_message_of_the_bulk_lane_has_an_hour(hand, running):
    hand.template(code="list", lane="bulk")
    send(hand, 5, template="list")
    running.later(minutes=59)
    of_day = row(figures(hand, at="1405-09-03 08:00"), pace="bulk")
    assert (of_day["accepted"], of_day["on_time"]) == (5, 5)


def test_what_waited_while_we_were_down_is_late_and_counts_on_the_day_it_was_asked_for(
    hand, running
):
    hand.template(owner="mirab", code="notice")
    sent_at = instant(hand.moment)
    hand.later(days=2)
    for to in receivers(5):
        late_command(hand, sent_at, to)
    running.run()
    of_day = row(figures(hand, at="1405-09-05 08:00"))
    assert of_day["first"] == DAY.isoformat()
    assert (of_day["accepted"], of_day["judged"], of_day["on_time"]) == (5, 5, 0)


def test_what_was_asked_for_in_an_outage_is_late_although_quiet_hours_have_begun_since(
    hand, running
):
    hand.template(owner="mirab", code="notice")
    hand.at("1405-09-02 16:00")
    sent_at = instant(hand.moment)
    hand.at("1405-09-02 23:30")
    for to in receivers(5):
        late_command(hand, sent_at, to)
    hand.at("1405-09-03 09:00")
    running.run()
    of_day = row(figures(hand, at="1405-09-04 08:00"))
    assert (of_day["pace"], of_day["judged"], of_day["on_time"]) == ("prompt", 5, 0)


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-11-23T05:00:00", "2099-01-01T00:00:00Z"])
def test_a_command_whose_time_cannot_be_used_counts_as_sent_now(hand, running, moment):
    hand.template(owner="mirab", code="notice")
    for to in receivers(5):
        late_command(hand, moment, to)
    running.run()
    of_day = row(figures(hand, at="1405-09-03 08:00"))
    assert (of_day["first"], of_day["on_time"]) == (DAY.isoformat(), 5)


def test_a_command_of_long_ago_falls_on_a_day_that_is_still_added_up(hand, running):
    hand.template(owner="mirab", code="notice")
    for to in receivers(5):
        late_command(hand, "2020-01-01T00:00:00Z", to)
    running.run()
    of_day = row(figures(hand, at="1405-09-03 08:00"))
    assert (of_day["first"], of_day["on_time"]) == ("2026-11-16", 0)


def test_what_never_went_is_late_and_what_was_cancelled_is_in_no_share(hand, line, running):
    line.next = [DeliveryState.FAILED] * 50
    send(hand, 6)
    running.run()
    waiting = send(hand, 5, begin=6, not_before=instant(hand.moment + dt.timedelta(days=3)))
    for sent in waiting:
        hand.call(contracts.CANCEL, asker="power-co", id=sent["id"])
    prompt = row(figures(hand, at="1405-09-03 08:00"))
    planned = row(figures(hand, at="1405-09-06 08:00"), pace="planned")
    assert (prompt["judged"], prompt["on_time"], prompt["delivered"]) == (6, 0, 0)
    assert (planned["accepted"], planned["judged"]) == (5, 0)


def test_a_second_try_by_another_provider_does_not_make_a_message_in_time(hand, line, running):
    line.next = [DeliveryState.FAILED]
    send(hand, 5)
    running.run()
    running.later(minutes=10)
    of_day = row(figures(hand, at="1405-09-03 08:00"))
    assert (of_day["judged"], of_day["on_time"]) == (5, 0)


def test_what_is_too_small_is_counted_with_the_days_after_it(hand, running):
    send(hand, 3)
    running.run()
    assert not [row for row in figures(hand, at="1405-09-03 08:00")["days"] if row["accepted"]]
    send(hand, 3, begin=3)
    running.run()
    of_days = row(figures(hand, at="1405-09-04 08:00"))
    assert (of_days["first"], of_days["last"], of_days["accepted"]) == (
        *("2026-11-23", "2026-11-24"),
        6,
    )


def test_today_is_not_shown_before_it_is_over(hand, running):
    send(hand, 9)
    running.run()
    reply = figures(hand)
    assert (reply["days"], reply["months"]) == ([], [])


def test_the_figures_stay_when_the_rows_of_messages_go(hand, line, running):
    send(hand, 7)
    running.run()
    line.tell(DeliveryState.DELIVERED)
    running.later(minutes=1)
    before = row(figures(hand, at="1405-09-03 08:00"), table="months")
    hand.at("1405-12-20 08:00")
    accounting.purge(hand.store, hand.service.context)
    execute(hand.db, "delete from handovers")
    execute(hand.db, "delete from messages")
    after = figures(hand)
    assert row(after, table="months") == {**before, "last": "2026-12-21"}
    assert after["senders"] == [{"month": "1405-09", "senders": 1}]


def test_senders_are_counted_once_a_month(hand, running):
    hand.template(owner="gas-co")
    send(hand, 5)
    send(hand, 5, begin=5, asker="gas-co")
    figures(hand, at="1405-09-03 08:00")
    send(hand, 5, begin=10)
    reply = figures(hand, at="1405-09-04 08:00")
    assert reply["senders"] == [{"month": "1405-09", "senders": 2}]


def test_a_message_of_an_inbox_is_there_at_once(hand, running):
    code = hand.call(inbox.MAKE_INBOX, secret="x" * 20)["code"]
    hand.template(channel="inbox", code="box")
    for _ in range(5):
        assert hand.send("box", to={"inbox": code})["state"] == "DELIVERED"
    of_day = row(figures(hand, at="1405-09-03 08:00"), channel="inbox")
    assert (of_day["on_time"], of_day["delivered"]) == (5, 5)


# --- the rule of small counts ---

ROWS = st.lists(st.integers(0, 12), min_size=1, max_size=80)


def of_days(rows):
    return {DAY + dt.timedelta(n): Counts(n_, n_, 0, 0) for n, n_ in enumerate(rows) if n_}


@given(ROWS)
def test_no_row_of_days_or_months_has_from_one_to_four_messages(rows):
    shown = periods(of_days(rows), DAY + dt.timedelta(len(rows)))
    for period in [*shown, *months(shown)]:
        assert not 0 < period.counts.accepted < 5
    assert sum(period.counts.accepted for period in months(shown)) == sum(
        period.counts.accepted for period in shown
    )


@given(ROWS, ROWS)
def test_a_row_that_was_shown_never_changes(rows, later):
    whole = of_days([*rows, *later])
    last = DAY + dt.timedelta(len(rows) - 1)
    before = periods({day: n for day, n in whole.items() if day <= last}, last)
    after = periods(whole, last + dt.timedelta(len(later)))
    assert after[: len(before)] == before


@given(ROWS)
def test_what_is_left_out_is_less_than_five(rows):
    whole = of_days(rows)
    shown = periods(whole, DAY + dt.timedelta(len(rows) - 1))
    assert sum(rows) - sum(period.counts.accepted for period in shown) < 5
