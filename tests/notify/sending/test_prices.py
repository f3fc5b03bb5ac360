"""What an SMS costs its owner: its parts by the price of the book, whoever carried it."""

from dataclasses import replace
from uuid import UUID

import pytest

from contracts.notify import messages as notify
from gateway.notify import replies
from services.notify.govuk import notifications
from services.notify.govuk.notifications import ApiCaller
from services.notify.sending import dispatch
from tests.notify.sending import test_dispatch
from tests.processes import ROOT

GSM, UCS = 5600, 2480  # rials a part in 1405, deploy/notify/book.toml


class Priced(test_dispatch.Line):
    """A provider that tells a price of its own, or none."""

    def __init__(self, code, rials):
        super().__init__(code)
        self._rials = rials

    def send(self, messages):
        return [replace(item, cost_rials=self._rials) for item in super().send(messages)]


@pytest.mark.parametrize("rials", [None, 0, 1200, 99_999])
@pytest.mark.parametrize(
    ("text", "parts", "rate"),
    [("سلام", 1, UCS), ("س" * 67 * 7, 7, UCS), ("a" * 160, 1, GSM), ("a" * 161, 2, GSM)],
)
def test_c2_the_price_of_an_sms_is_its_parts_by_the_book_whatever_the_provider_tells(
    hand, rials, text, parts, rate
):
    hand.template()
    harness = test_dispatch.Harness(hand, (Priced("a-line", rials), 1))
    sent = hand.send(personalisation={"text": text})
    before = reply(hand, sent)
    assert (before["cost_in_rials"], before["is_cost_data_ready"]) == (None, False)
    assert before["cost_details"] == {}
    dispatch.dispatch(harness.dispatcher, "sms", "transactional")
    match = reply(hand, sent)
    assert match["cost_in_rials"] == parts * rate
    assert match["is_cost_data_ready"] is True
    assert match["cost_details"] == {
        "billable_sms_fragments": parts,
        "international_rate_multiplier": 1.0,
        "sms_rate_in_rials": rate,
    }
    message = hand.call(notify.MESSAGE, asker="power-co", id=sent["id"])
    assert (message["parts"], message["cost_rials"]) == (parts, parts * rate)
    # What the provider takes stands with the hand-over, for our own account.
    assert hand.row("select cost_rials from handovers").cost_rials == rials


def reply(hand, sent):
    asker = ApiCaller("power-co", UUID(int=1), UUID(int=2), "live")
    with hand.context() as context:
        return replies.notification(notifications.read(context, asker, sent["id"]), "http://x")


@pytest.mark.parametrize(("letter", "parts"), [("a", 6), ("س", 14), ("€", 13)])
def test_c6_an_sms_has_918_characters_in_every_alphabet(hand, letter, parts):
    hand.template()
    document = (ROOT / "docs/notify-api.md").read_text(encoding="utf-8")
    assert "918 characters" in document
    assert hand.send(personalisation={"text": letter * 918})["parts"] == parts
    refused = hand.send(personalisation={"text": letter * 919})
    assert (refused["code"], "918 characters" in refused["message"]) == ("sms.too_long", True)


def test_c6_what_takes_more_parts_than_the_book_allows_is_refused_as_such(hand):
    """An emoji has two units: 918 of them are 28 parts."""
    hand.template()
    refused = hand.send(personalisation={"text": "💧" * 918})
    assert (refused["code"], refused["details"]["parts"]) == ("sms.too_long", "28")


@pytest.mark.parametrize(
    "value", [123456789012345678901234567890, 2**53, -(2**53), 1.0, 1.10, 1e400, [1, 1.5]]
)
def test_c3_a_number_that_json_may_change_is_refused_by_name_in_a_contract(value):
    data = {"template": "t", "to": {"mobile": "09900000001"}, "personalisation": {"n": value}}
    with pytest.raises(Exception) as error:
        notify.SEND.load_data(data)
    assert "as a text" in str(error.value.fields)


def test_c3_whole_numbers_are_sent_as_typed():
    data = {
        "template": "t",
        "to": {"mobile": "09900000001"},
        "personalisation": {"a": 2**53 - 1, "b": [0, -7], "c": "1.10"},
    }
    assert notify.SEND.load_data(data)["personalisation"] == {
        "a": "9007199254740991",
        "b": ["0", "-7"],
        "c": "1.10",
    }
