"""Figures of senders: by day, template, door and state, right also when an end comes days late."""

import datetime as dt

import pytest

from contracts.notify.usage import statistics as contracts
from services.notify.domain.message import MessageState
from services.notify.editors import roles
from services.notify.sending import accounting, settlement
from services.notify.sending.rows import load_message
from services.notify.statistics import __main__ as command
from services.notify.statistics import counting
from tests.notify.govuk.test_api_keys import Api
from tests.stores import execute

DAY, NEXT_DAY = "2026-11-23", "2026-11-24"  # 1405-09-02 and the day after


@pytest.fixture
def sender(hand):
    hand.template()
    hand.template(code="letter", channel="email")
    with hand.context() as context:
        roles.put(context.conn, "karim", "editor")
    return hand


def count(hand):
    hand.service.count_sender_days.__wrapped__(hand.service)


def figures(hand, *, asker="power-co", by="row", **more):
    days = {"from_day": "2026-11-01", "to_day": "2026-12-31", **more}
    reply = hand.call(contracts.OWN_FIGURES, asker=asker, by=by, **days)
    return [
        (row["day"], row["channel"], row["template_code"], row["kind"], row["state"], row["count"])
        for row in reply["figures"]
    ]


def end(hand, id, state, code="", act=settlement.end):
    with hand.context() as context:
        message = load_message(context.conn, id, lock=True)
        if act is settlement.end:
            context.conn.exec_driver_sql(
                "update messages set state = 'SENT', sent_at = %s where id = %s", (hand.moment, id)
            )
            message = load_message(context.conn, id, lock=True)
        act(context, message, state, code)


def test_messages_of_a_day_are_counted_by_channel_template_and_state(sender):
    sender.send()
    delivered = sender.send()["id"]
    sender.send("letter", to={"email": "someone@mirab.example"})
    end(sender, delivered, MessageState.DELIVERED)
    count(sender)
    assert sorted(figures(sender)) == [
        (DAY, "email", "letter", "bus", "CREATED", 1),
        (DAY, "sms", "free", "bus", "CREATED", 1),
        (DAY, "sms", "free", "bus", "DELIVERED", 1),
    ]


def test_an_end_that_comes_days_late_changes_the_day_on_which_it_was_accepted(sender):
    id_ = sender.send("letter", to={"email": "someone@mirab.example"})["id"]
    end(sender, id_, MessageState.UNTOLD)
    count(sender)
    assert figures(sender) == [(DAY, "email", "letter", "bus", "UNTOLD", 1)]
    sender.later(days=5)
    end(sender, id_, MessageState.REJECTED, "5.1.1", settlement.correct)
    count(sender)
    assert figures(sender) == [(DAY, "email", "letter", "bus", "REJECTED", 1)]


def test_a_message_of_the_last_hour_of_tehran_counts_on_that_day(sender):
    sender.at("1405-09-02 23:59").send()
    sender.at("1405-09-03 00:01").send()
    count(sender)
    assert figures(sender, by="day") == [
        (NEXT_DAY, "sms", None, "bus", "CREATED", 1),
        (DAY, "sms", None, "bus", "CREATED", 1),
    ]


def test_figures_outlive_the_personal_data_and_are_made_anew_the_same(sender, monkeypatch, capsys):
    for _ in range(3):
        end(sender, sender.send()["id"], MessageState.DELIVERED)
        sender.later(days=2)
    sender.send()
    count(sender)
    before = figures(sender)
    sender.later(days=30)
    accounting.purge(sender.store, sender.service.context)
    assert execute(sender.db, "select count(*) from messages where receiver is null") == [(3,)]
    monkeypatch.setenv("DB_URL", sender.db)
    assert command.main([]) == 0
    assert figures(sender) == []
    count(sender)
    assert figures(sender) == before
    assert [row[5] for row in before] == [1, 1, 1, 1]


def test_each_door_of_a_sender_has_its_own_figures(sender):
    api = Api(sender)
    api.sms_form = sender.template(code="api")
    api.sms()
    api.sms(kind="test")
    sender.send()
    count(sender)
    assert sorted(row[2:] for row in figures(sender)) == [
        ("api", "live", "CREATED", 1),
        ("api", "test", "DELIVERED", 1),
        ("free", "bus", "CREATED", 1),
    ]


def test_parts_and_cost_are_added_up(sender):
    for _ in range(2):
        id_ = sender.send(personalisation={"text": "س" * 100, "subject": ""})["id"]
        execute(sender.db, "update messages set cost_rials = 5000 where id = %s", (id_,))
    count(sender)
    reply = sender.call(
        contracts.OWN_FIGURES, asker="power-co", from_day=DAY, to_day=DAY, by="template"
    )
    (row,) = reply["figures"]
    assert (row["count"], row["parts"], row["cost_rials"]) == (2, 4, 10_000)
    assert row["day"] is None
    assert row["template_code"] == "free"


def test_a_sender_reads_its_own_figures_and_an_editor_those_of_all(sender):
    sender.template(owner="gas-co")
    sender.send()
    sender.send(asker="gas-co")
    sender.send(asker="gas-co")
    count(sender)
    assert [row[5] for row in figures(sender)] == [1]
    assert [row[5] for row in figures(sender, asker="gas-co")] == [2]
    days = {"from_day": DAY, "to_day": DAY}
    reply = sender.call(contracts.SENDER_FIGURES, as_="karim", **days)
    counts = {row["owner"]: row["count"] for row in reply["figures"]}
    assert counts == {"gas-co": 2, "power-co": 1}
    reply = sender.call(contracts.SENDER_FIGURES, as_="karim", owner="gas-co", **days)
    assert [row["owner"] for row in reply["figures"]] == ["gas-co"]
    refusal = sender.call(contracts.SENDER_FIGURES, as_="nobody", **days)
    assert refusal["code"] == "notices.not_an_editor"


def test_pages_of_figures_show_every_row_once(sender):
    for number in range(5):
        sender.template(code=f"form_{number}")
        sender.send(f"form_{number}")
    count(sender)
    codes, before = [], None
    while True:
        fields = {"from_day": DAY, "to_day": DAY, "by": "row", "limit": 2, "before": before}
        reply = sender.call(contracts.OWN_FIGURES, asker="power-co", **fields)
        codes += [row["template_code"] for row in reply["figures"]]
        before = reply["next"]
        if before is None:
            break
    assert sorted(codes) == [f"form_{number}" for number in range(5)]


def test_what_ended_over_many_days_is_caught_up_on_in_steps(sender):
    for _ in range(4):
        end(sender, sender.send()["id"], MessageState.DELIVERED)
        sender.later(days=3)
    with sender.context() as context:
        assert counting.count(context)  # there is more
    count(sender)
    assert len(figures(sender)) == 4
    with sender.context() as context:
        assert counting.counted_until(context.conn) == sender.moment


def test_a_message_cancelled_leaves_no_figure_of_its_old_state(sender):
    id_ = sender.send(not_before=(sender.moment + dt.timedelta(days=3)).isoformat())["id"]
    count(sender)
    assert figures(sender) == [(DAY, "sms", "free", "bus", "CREATED", 1)]
    sender.later(days=1)
    with sender.context() as context:
        message = load_message(context.conn, id_, lock=True)
        settlement.end(context, message, MessageState.CANCELLED, "")
    count(sender)
    assert figures(sender) == [(DAY, "sms", "free", "bus", "CANCELLED", 1)]
