"""Messages are accepted, judged, filled in, counted; by the service in hand."""

from bus.contracts import notify as contracts
from tests.conftest import execute


def test_an_agency_sends_an_sms_by_its_template(hand):
    hand.template("سلام ((name))، کد شما ((code)) است.")
    sent = hand.send(personalisation={"Name": "علي", "code": "123"})
    assert (sent["state"], sent["channel"], sent["parts"]) == ("CREATED", "sms", 1)
    told = hand.call(contracts.MESSAGE, asker="power-co", id=sent["id"])
    assert told["body"] == "سلام علی، کد شما 123 است."
    assert told["to"]["mobile"] == "+989900000001"
    assert execute(hand.db, "select owner, channel, count from accepted") == [
        ("power-co", "sms", 1)
    ]
