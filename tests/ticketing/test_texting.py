"""A citizen with a mobile is texted by a Command to the notify context, in the transaction."""

import re
import tomllib

import orjson
import pytest

from contracts.notify.messages import SEND_MESSAGE
from contracts.ticketing import citizens as contracts
from contracts.ticketing import desk as at_desk
from services.ticketing.chores import deadlines
from services.ticketing.notifications import tickets as notifications
from tests.processes import ROOT
from tests.stores import execute
from tests.ticketing.conftest import SECRET
from tests.ticketing.test_citizens import open_slots

MOBILE = "09900000007"


def texts(hand):
    """The Commands that were sent, as the receiver loads them."""
    rows = execute(
        hand.db,
        "select body from outbox where name = %s order by seq",
        (SEND_MESSAGE.name,),
    )
    return [SEND_MESSAGE.load_data(orjson.loads(bytes(body))) for (body,) in rows]


def test_who_registers_gets_the_code_and_no_link(hand):
    code = hand.register(mobile=MOBILE, email=None)
    (reply,) = texts(hand)
    assert reply["template"] == "ticket_registered"
    assert reply["to"]["mobile"] == "+989900000007"
    assert (reply["personalisation"]["code"], reply["reference"]) == (code, code)
    assert "سررسید" in reply["personalisation"]["due"]
    assert "http" not in str(reply)


def test_who_gave_no_mobile_gets_none_and_a_letter_is_written_as_before(hand):
    hand.register()
    assert texts(hand) == []
    assert len(hand.letters("zahra@example.com")) == 1


def test_who_gave_both_gets_both(hand):
    hand.register(mobile=MOBILE)
    assert len(texts(hand)) == 1
    assert len(hand.letters("zahra@example.com")) == 1


def test_an_answer_and_a_closing_are_texted_in_the_language_chosen(hand):
    code = hand.register(mobile=MOBILE, language="en")
    hand.answer(code)
    hand.at("1405-12-01 09:00")
    hand.do(deadlines.close_quietly)
    reply = texts(hand)
    assert [item["template"] for item in reply] == [
        "ticket_registered",
        "ticket_answered",
        "ticket_closed",
    ]
    assert {item["language"] for item in reply} == {"en"}
    assert "بازدید" not in str(reply), "what an answer says is read on the portal, not on the way"


def test_a_refused_act_texts_nobody(hand):
    code = hand.register(mobile=MOBILE)
    reply = hand.call(contracts.REOPEN, code=code, secret="1" * 20, text="چرا؟")
    assert "kind" in reply
    assert len(texts(hand)) == 1


def test_a_text_without_a_form_of_its_own_says_that_there_is_a_message(hand):
    code = hand.register(mobile=MOBILE, public=True)
    hand.act(at_desk.TAKE_DOWN, code, text="نام کسی در متن بود.")
    assert texts(hand)[-1]["template"] == "ticket_word"


TEXTS = {notifications.SMS_OF.get(name, name) for name in notifications.TO_CITIZEN.values()}


@pytest.mark.parametrize("letter", sorted(TEXTS))
def test_every_text_exists_in_both_languages_and_asks_for_what_is_given(letter):
    document = tomllib.loads((ROOT / "deploy/notify/templates.toml").read_text(encoding="utf-8"))
    (form,) = [
        row
        for row in document["templates"]
        if (row["code"], row["channel"]) == (f"ticket_{letter}", "sms")
    ]
    for language in ("fa", "en"):
        body = form["texts"][language]["body"]
        assert set(re.findall(r"\(\((\w+)\)\)", body)) <= set(notifications.IN_SMS)
        assert "http" not in body


def test_who_chose_a_time_is_texted_when_and_where(hand):
    open_slots(hand)
    code = hand.register(mobile=MOBILE)
    hand.act(at_desk.INVITE, code, office="yasuj", text="با سند زمین بیایید.")
    slot = hand.track(code)["slots"][0]["slot"]
    hand.call(contracts.CHOOSE_SLOT, code=code, secret=SECRET, slot=slot)
    reply = texts(hand)[-1]
    assert reply["template"] == "ticket_booked"
    assert "یاسوج" in reply["personalisation"]["address"]
    assert reply["personalisation"]["time"]
