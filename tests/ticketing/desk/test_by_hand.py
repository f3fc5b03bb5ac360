"""A word to a ticket's citizen by SMS: in a template, to the proven number, kept in the log."""

import pytest

from bus.errors import ContractError
from contracts.ticketing import answers as contracts
from services.ticketing.desk import by_hand
from tests.stores import execute
from tests.ticketing.test_texting import MOBILE, texts

WORDS = {
    "template": "by_hand_call",
    "values": {"موضوع": "چاه", "تلفن": "074-33220011"},
    "text": "لطفاً درباره چاه با شماره 074-33220011 تماس بگیرید.",
}


def proven(hand, **more):
    """A ticket whose mobile its holder has proven by a code."""
    code = hand.register(mobile=MOBILE, **more)
    of_ticket = "ticket = (select id from tickets where code = %s)"
    execute(hand.db, f"update people set mobile_proven_at = now() where {of_ticket}", (code,))
    return code


def send(hand, code, as_="karim", **more):
    return hand.act(contracts.TEXT_PERSON, code, as_, **{**WORDS, **more})


def by_hand_texts(hand):
    return [text for text in texts(hand) if text["template"].startswith("by_hand_")]


def test_the_text_goes_by_its_template_and_stands_in_the_log(hand):
    code = proven(hand)
    assert send(hand, code)["code"] == code
    (text,) = by_hand_texts(hand)
    assert (text["to"]["mobile"], text["reference"]) == ("+989900000007", code)
    assert text["personalisation"] == WORDS["values"]
    assert [t["template"] for t in texts(hand)].count("ticket_word") == 0, "one SMS, not two"
    words = [e["text"] for e in hand.read(code)["history"] if e["act"] == "say"]
    assert words == [WORDS["text"]]
    shown = [e["text"] for e in hand.track(code)["history"] if e["act"] == "say"]
    assert shown == [WORDS["text"]], "the citizen reads it on the ticket's page too"


def test_a_number_that_nobody_has_proven_gets_none(hand):
    code = hand.register(mobile=MOBILE)
    assert send(hand, code)["code"] == "by_hand.unproven"
    assert send(hand, hand.register())["code"] == "by_hand.unproven"
    assert by_hand_texts(hand) == []


def test_a_colleague_of_another_unit_sends_none(hand):
    code = proven(hand)
    assert send(hand, code, "sara")["code"] == "desk.unit"
    assert by_hand_texts(hand) == []


@pytest.mark.parametrize("template", ["my_code", "ticket_registered", "by_hand_", "by_hand_ x"])
def test_no_other_template_is_sent_from_a_ticket(hand, template):
    code = proven(hand)
    with pytest.raises(ContractError):
        send(hand, code, template=template)


def test_one_ticket_gets_three_a_day(hand):
    code = proven(hand)
    for _ in range(by_hand.ABOUT_ONE_A_DAY):
        assert send(hand, code)["code"] == code
    assert send(hand, code)["code"] == "by_hand.receiver"
    hand.at("1405-09-03 09:00")
    assert send(hand, code)["code"] == code


def test_a_colleague_sends_so_many_a_day(hand, monkeypatch):
    monkeypatch.setattr(by_hand, "A_DAY", 2)
    codes = [proven(hand) for _ in range(3)]
    assert [send(hand, code)["code"] for code in codes] == [*codes[:2], "by_hand.day"]
    assert send(hand, codes[2], "mina")["code"] == codes[2]


def test_what_was_changed_meanwhile_is_looked_at_again(hand):
    code = proven(hand)
    stale = {**WORDS, "code": code, "version": 1}
    hand.answer(code, "در دست بررسی است.", final=False)
    assert hand.call(contracts.TEXT_PERSON, as_="karim", **stale)["code"] == "ticket.changed"
