"""Limits of senders a day and a year: exact, told of in time, and how long messages are kept."""

import datetime as dt
import threading
import tomllib

import pytest

from bus.database.store import Store
from contracts.notify import callbacks
from contracts.notify.messages import SEND
from contracts.notify.usage import limits as contracts
from services.notify.domain import template
from services.notify.domain.message import MessageState
from services.notify.editors import roles
from services.notify.sending import accounting, settlement
from services.notify.sending.rows import load_message
from tests.notify.bulk import test_jobs as jobs
from tests.notify.conftest import Hand
from tests.notify.govuk.test_api_keys import Api
from tests.processes import ROOT
from tests.stores import execute

TODAY = "2026-11-23"


@pytest.fixture
def sender(hand):
    hand.template()
    hand.template(owner="gas-co")
    with hand.context() as context:
        roles.put(context.conn, "karim", "editor")
        roles.put(context.conn, "mina", "approver")
    return hand


def rule(hand, value, kind="a_day", *, from_day=TODAY, channel="sms", owner="power-co"):
    """A rule that karim proposed and mina approved; its ID."""
    fields = {"owner": owner, "channel": channel, "rule": kind, "value": value}
    made = hand.call(
        contracts.PROPOSE_SENDER_RULE,
        as_="karim",
        from_day=from_day,
        reason="قرارداد",
        **fields,
    )
    (id_,) = [row["id"] for row in made["rules"] if row["state"] == "PROPOSED"]
    reply = hand.call(contracts.APPROVE_SENDER_RULE, as_="mina", id=id_)
    assert "rules" in reply, reply
    return id_


def send(hand, count=1, asker="power-co"):
    """The codes of refusals of so many messages to so many receivers; None of accepted ones."""
    start = int(execute(hand.db, "select count(*) from messages")[0][0])
    replies = [
        hand.send(asker=asker, to={"mobile": f"0990{start + number:07}"}) for number in range(count)
    ]
    return [reply.get("code") for reply in replies]


def own_limits(hand, asker="power-co"):
    reply = hand.call(contracts.OWN_LIMITS, asker=asker)
    return [(row["rule"], row["used"], row["most"], row["level"]) for row in reply["limits"]]


def tell(hand):
    hand.service.tell_of_limits.__wrapped__(hand.service)
    return [
        (body["agency"], body["template"])
        for name, body in hand.events()
        if name == "agencies.write_to_contacts.v1"
    ]


def test_a_daily_limit_refuses_what_is_over_until_the_day_in_tehran_ends(sender):
    rule(sender, 3)
    assert send(sender, 4) == [None, None, None, "sender.day_limit"]
    refusal = sender.send(to={"mobile": "09901111111"})
    assert "(sms: 3) for today" in refusal["message"]
    assert "2026-11-24T00:00:00+03:30" in refusal["message"]
    assert refusal["details"]["retry_after"] == str(15 * 3600 + 1)
    assert send(sender, 1, "gas-co") == [None], "another sender goes on"
    assert own_limits(sender) == [("a_day", 3, 3, "reached")]
    sender.at("1405-09-03 00:01")
    assert send(sender, 1) == [None]


def test_a_limit_of_a_channel_leaves_the_others_alone(sender):
    sender.template(code="letter", channel="email")
    rule(sender, 1)
    assert send(sender, 2) == [None, "sender.day_limit"]
    assert "id" in sender.send("letter", to={"email": "someone@mirab.example"})


def test_a_yearly_limit_counts_what_was_accepted_since_the_first_of_farvardin(sender):
    execute(
        sender.db,
        "insert into accepted (day, owner, channel, count) values "
        "('2026-03-20', 'power-co', 'sms', 500), ('2026-03-21', 'power-co', 'sms', 8)",
    )
    rule(sender, 10, "a_year")
    assert own_limits(sender) == [("a_year", 8, 10, "near")]
    assert send(sender, 3) == [None, None, "sender.year_limit"]
    sender.at("1406-01-01 08:00")
    assert send(sender, 1) == [None]


def test_messages_that_come_together_share_what_is_left(sender):
    rule(sender, 2)
    fields = [
        {
            "template": "free",
            "to": {"mobile": f"0990000010{number}"},
            "personalisation": {"text": "x"},
        }
        for number in range(4)
    ]
    replies = sender.calls(SEND, fields)
    assert [reply.get("code") for reply in replies] == [None, None] + ["sender.day_limit"] * 2


def test_senders_at_once_never_get_more_than_the_limit(sender):
    rule(sender, 5)
    refusals = []

    def run(part):
        hand = Hand(sender.db)
        hand.moment = sender.moment
        for number in range(4):
            reply = hand.send(to={"mobile": f"0990{part}{number:06}"})
            refusals.append(reply.get("code"))
        hand.store.engine.dispose()

    threads = [threading.Thread(target=run, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refusals.count(None) == 5
    assert refusals.count("sender.day_limit") == 11
    sender.service.store = Store(sender.db, source="notify")  # as after a restart
    assert own_limits(sender) == [("a_day", 5, 5, "reached")]


def test_a_repeat_of_an_act_counts_once_and_is_answered_at_the_limit(sender):
    rule(sender, 2)
    first = sender.send(message="one-act")
    assert sender.send(message="one-act") == first
    assert own_limits(sender) == [("a_day", 1, 2, None)]
    send(sender, 1)
    assert sender.send(message="one-act") == first, "nothing new, so no limit refuses it"
    assert send(sender, 1) == ["sender.day_limit"]


def test_test_keys_use_nothing_up_and_are_not_refused(sender):
    api = Api(sender)
    api.sms_form = sender.template(code="api")
    rule(sender, 1)
    assert "id" in api.sms(kind="test")
    assert own_limits(sender) == [("a_day", 0, 1, None)]
    assert "id" in api.sms()
    assert "id" in api.sms(kind="test")
    assert api.sms("+989900000002")["code"] == "sender.day_limit"


def test_rows_of_a_bulk_job_over_the_limit_are_refused_in_its_list(sender):
    sender.template("((name)): ((debt))", code="debt", lane="bulk")
    rule(sender, 2)
    job = jobs.checked(sender, jobs.file(5))
    jobs.start(sender, job)
    jobs.run(sender)
    reply = jobs.job(sender, job)
    codes = [problem["code"] for problem in reply["errors"]]
    assert codes == ["sender.day_limit"] * 3, reply
    assert own_limits(sender) == [("a_day", 2, 2, "reached")]


def test_the_words_to_contacts_say_channel_numbers_and_the_day_in_persian(sender):
    rule(sender, 5)
    send(sender, 4)
    tell(sender)
    (values,) = [
        body["values"] for name, body in sender.events() if name == "agencies.write_to_contacts.v1"
    ]
    (form,) = [
        form
        for form in tomllib.loads((ROOT / "deploy/notify/templates.toml").read_text())["templates"]
        if form["code"] == "limit_near"
    ]
    text = template.filled(form["texts"]["fa"]["body"], values, "fa")
    assert "از سقف روزانه پیامک دستگاه شما 4 از 5 پیام به کار رفته است" in text
    assert "((" not in text
    assert "۱۴۰۵/۰۹/۰۳" in text


def test_a_sender_is_told_once_at_eighty_percent_and_once_at_the_end(sender):
    put = sender.call(
        callbacks.PUT_CALLBACK,
        asker="power-co",
        url="https://power.example/mirab",
        types=["limit.used"],
    )
    assert "callback" in put, put
    rule(sender, 5)
    send(sender, 3)
    assert tell(sender) == []
    send(sender, 1)
    assert tell(sender) == [("power-co", "limit_near")]
    assert tell(sender) == [("power-co", "limit_near")], "once"
    send(sender, 2)
    assert tell(sender) == [("power-co", "limit_near"), ("power-co", "limit_reached")]
    tell(sender)
    assert len(tell(sender)) == 2
    levels = execute(
        sender.db,
        "select body::json -> 'data' ->> 'level' from callback_deliveries "
        "where type = 'limit.used' order by seq",
    )
    assert levels == [("near",), ("reached",)]
    sender.at("1405-09-03 10:00")
    send(sender, 4)
    assert tell(sender)[2:] == [("power-co", "limit_near")], "anew on the next day"


def test_a_limit_that_is_lowered_below_what_is_used_is_told_as_reached(sender):
    send(sender, 4)
    rule(sender, 3)
    assert tell(sender) == [("power-co", "limit_reached")]
    assert send(sender, 1) == ["sender.day_limit"]


def test_a_rule_counts_from_its_day_on_and_ends_by_one_without_a_value(sender):
    rule(sender, 1, from_day="2026-11-24")
    assert send(sender, 2) == [None, None]
    sender.at("1405-09-03 09:00")
    rule(sender, None, from_day="2026-11-25")
    assert send(sender, 2) == [None, "sender.day_limit"]
    sender.at("1405-09-04 09:00")
    assert send(sender, 2) == [None, None]


def test_two_editors_make_a_rule_and_nothing_of_the_past_changes(sender):
    fields = {
        "owner": "power-co",
        "channel": "sms",
        "rule": "a_day",
        "value": 5,
        "reason": "قرارداد",
    }
    past = sender.call(contracts.PROPOSE_SENDER_RULE, as_="karim", from_day="2026-11-22", **fields)
    assert past["code"] == "sender_rule.past"
    made = sender.call(contracts.PROPOSE_SENDER_RULE, as_="mina", from_day=TODAY, **fields)
    id_ = made["rules"][0]["id"]
    refusal = sender.call(contracts.APPROVE_SENDER_RULE, as_="karim", id=id_)
    assert refusal["code"] == "notices.not_an_approver"
    refusal = sender.call(contracts.APPROVE_SENDER_RULE, as_="mina", id=id_)
    assert refusal["code"] == "notices.same_person"
    assert send(sender, 6) == [None] * 6, "a proposal limits nothing"
    withdrawn = sender.call(contracts.WITHDRAW_SENDER_RULE, as_="karim", id=id_)
    assert withdrawn["rules"] == []
    id_ = rule(sender, 3)
    refusal = sender.call(contracts.WITHDRAW_SENDER_RULE, as_="karim", id=id_)
    assert refusal["code"] == "sender_rule.in_force"


def test_what_we_send_by_duty_has_no_limit(sender):
    refusal = sender.call(
        contracts.PROPOSE_SENDER_RULE,
        as_="karim",
        owner="mirab",
        channel="sms",
        rule="a_day",
        value=1,
        from_day=TODAY,
        reason="x",
    )
    assert refusal["code"] == "sender_rule.ours"


def kept(hand):
    accounting.purge(hand.store, hand.service.context)
    return [
        owner
        for (owner,) in execute(
            hand.db, "select owner from messages where receiver is not null order by owner"
        )
    ]


def test_messages_are_kept_as_long_as_the_rule_of_their_sender_says(sender):
    rule(sender, 30, "keep_days")
    for asker in ("power-co", "gas-co"):
        id_ = sender.send(asker=asker)["id"]
        with sender.context() as context:
            message = load_message(context.conn, id_, lock=True)
            settlement.end(context, message, MessageState.DELIVERED, "")
    reply = sender.call(contracts.OWN_LIMITS, asker="power-co")
    assert {row["channel"]: row["days"] for row in reply["kept"]}["sms"] == 30
    sender.later(days=6)
    assert kept(sender) == ["gas-co", "power-co"]
    sender.later(days=2)
    assert kept(sender) == ["power-co"]
    sender.later(days=23)
    assert kept(sender) == []


@pytest.mark.parametrize("days", [1, 2, 401])
def test_nobody_keeps_messages_shorter_or_longer_than_is_allowed(sender, days):
    refusal = contracts.PROPOSE_SENDER_RULE
    with pytest.raises(Exception, match="3 to 400 days"):
        refusal.load(
            {
                "owner": "power-co",
                "channel": "sms",
                "rule": "keep_days",
                "value": days,
                "from_day": str(dt.date(2026, 11, 23)),
                "reason": "x",
            }
        )
