"""Names under which agencies write: proposed by one, approved by another, and carried as chosen."""

from functools import partial

import pytest

from bus.errors import ContractError
from contracts.notify import govnotify, senders
from services.notify.editors import roles
from services.notify.providers.email import Email, EmailProvider
from services.notify.providers.sms import Sms
from tests.notify.conftest import MOBILE
from tests.notify.govuk.test_api_keys import Api
from tests.notify.sending.test_dispatch import DOWN, Harness, Line
from tests.stores import told_to_proposers

LINE = "30001234"


@pytest.fixture
def desk(hand):
    with hand.context() as context:
        for name, role in (("karim", "editor"), ("mina", "approver"), ("sara", "approver")):
            roles.put(context.conn, name, role)
    return hand


def proposed(desk, text=LINE, *, by="karim", **more):
    """The ID of a name that somebody has proposed."""
    fields = {"owner": "power-co", "channel": "sms", "provider": "magfa", **more}
    reply = desk.call(senders.PROPOSE_SENDER, as_=by, text=text, **fields)
    (made,) = (row for row in reply["senders"] if row["state"] == "PROPOSED")
    return made["id"]


def approved(desk, *values, **more):
    id_ = proposed(desk, *values, **more)
    desk.call(senders.APPROVE_SENDER, as_="mina", id=id_)
    return id_


def test_nobody_writes_under_a_name_before_a_second_editor_has_approved_it(desk):
    id_ = proposed(desk, by="mina")
    api = Api(desk)
    values = {"channel": "sms", "to": "+989900000001", "template": desk.template("x")}
    reply = api.call(govnotify.API_SEND, sender=id_, **values)
    assert "does not exist in database for service id" in reply["message"]
    assert desk.call(senders.APPROVE_SENDER, as_="karim", id=id_)["code"] == (
        "notices.not_an_approver"
    )
    assert desk.call(senders.APPROVE_SENDER, as_="mina", id=id_)["code"] == "notices.same_person"
    (row,) = desk.call(senders.APPROVE_SENDER, as_="sara", id=id_)["senders"]
    assert (row["state"], row["proposed_by"], row["approved_by"]) == ("APPROVED", "mina", "sara")
    assert api.call(govnotify.API_SEND, sender=id_, **values)["id"]
    assert desk.call(senders.WITHDRAW_SENDER, as_="karim", id=id_)["senders"] == []
    assert "does not exist" in api.call(govnotify.API_SEND, sender=id_, **values)["message"]


def test_who_proposed_a_name_is_told_what_a_second_editor_decided_and_why(desk):
    approved(desk)
    reason = "این خط از شرکت دیگری است"
    refused = proposed(desk, "30009999")
    refuse = partial(desk.call, senders.WITHDRAW_SENDER, as_="mina", id=refused, why=reason)
    assert [row["text"] for row in refuse()["senders"]] == [LINE]
    assert refuse()["code"] == "sender.state", "told once"
    outcomes = [("karim", "sender", True, None), ("karim", "sender", False, reason)]
    assert told_to_proposers(desk.db) == outcomes


def test_another_agency_s_name_is_told_like_one_that_is_not_there(desk):
    id_ = approved(desk)
    other = Api(desk, "gas-co")
    form = desk.template("x", owner="gas-co")
    values = {"channel": "sms", "to": "+989900000001", "template": form}
    foreign, none = (
        other.call(govnotify.API_SEND, sender=sender, **values)["message"]
        for sender in (id_, "00000000-0000-4000-8000-000000000000")
    )
    assert foreign.replace(id_, "") == none.replace("00000000-0000-4000-8000-000000000000", "")
    assert other.call(senders.API_SENDERS)["senders"] == []


def test_a_line_is_one_agency_s_and_a_channel_has_one_default(desk):
    approved(desk)
    again = proposed(desk, owner="gas-co")
    reply = desk.call(senders.APPROVE_SENDER, as_="mina", id=again)
    assert reply["code"] == "sender.line_taken"
    more = {"channel": "email", "provider": None, "is_default": True}
    approved(desk, "a@power.example", **more)
    approved(desk, "B@Power.example", **more)
    listed = desk.call(senders.SENDERS, as_="karim", owner="power-co")["senders"]
    assert [s["text"] for s in listed if s["is_default"]] == ["B@power.example"]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("Mirab", {}),
        (LINE, {"provider": None}),
        ("no address", {"channel": "email", "provider": None}),
        ("a@b.example", {"channel": "email"}),
    ],
)
def test_what_is_no_name_of_its_channel_is_refused(text, more):
    fields = {"owner": "power-co", "channel": "sms", "provider": "magfa", "text": text, **more}
    with pytest.raises(ContractError):
        senders.PROPOSE_SENDER.load(fields)


def test_a_chosen_line_goes_out_by_its_own_provider_and_waits_for_it(desk):
    id_ = approved(desk)
    api, form = Api(desk), desk.template("x")
    lines = Line("magfa"), Line("kavenegar")
    outside = Harness(desk, *((line, 1) for line in lines))
    values = {"channel": "sms", "to": "+989900000001", "template": form}
    lines[0].next = [DOWN]
    api.call(govnotify.API_SEND, sender=id_, **values)
    outside.run()
    # The other provider has no such line: it is not asked however long the first one is away.
    assert [len(line.calls) for line in lines] == [1, 0]
    outside.later(hours=1)
    assert [len(line.calls) for line in lines] == [2, 0]
    assert [sms.line for sms in lines[0].calls[1]] == [LINE]


def test_each_provider_sends_on_the_line_that_was_chosen():
    assert Sms(1, MOBILE, "x", line=LINE).on("1000", "2000") == LINE
    assert Sms(1, MOBILE, "x").on("1000", "2000") == "1000"
    assert Sms(1, MOBILE, "x", news=True).on("1000", "2000") == "2000"


def test_answers_to_an_e_mail_go_where_its_sender_has_chosen():
    provider = EmailProvider(None, "us@mirab.example", "Mirab", "help@mirab.example")
    of_us, chosen = (
        provider.write(Email(7, "a@b.example", "s", "t", reply_to=reply_to)).decode()
        for reply_to in (None, "answers@power.example")
    )
    assert "\r\nReply-To: help@mirab.example\r\n" in of_us
    assert "\r\nReply-To: answers@power.example\r\n" in chosen
