"""One message by hand: an approved template, short values, a purpose, and so many a day."""

import uuid

import pytest

from bus.errors import ContractError
from contracts.notify import desk as at_desk
from contracts.notify.editors import by_hand as contracts
from services.notify.by_hand import messages
from services.notify.editors import roles
from tests.stores import execute

TO = {"mobile": "09900000007"}
CALL = {"موضوع": "انشعاب شما", "تلفن": "074-33220011"}


@pytest.fixture
def desk(hand):
    """Notify with two editors; a colleague of the desk who is none is called sara."""
    with hand.context() as context:
        roles.put(context.conn, "karim", "editor")
        roles.put(context.conn, "mina", "approver")
    return hand


def form(desk, code="by_hand_call"):
    forms = desk.call(contracts.HAND_FORMS, as_="sara")["forms"]
    return next(form for form in forms if form["code"] == code)


def send(desk, as_="karim", **more):
    fields = {"form": form(desk)["id"], "values": CALL, "why": "قرار بازدید", **TO, **more}
    return desk.call(contracts.SEND_BY_HAND, message=str(uuid.uuid4()), as_=as_, **fields)


def test_a_message_goes_out_by_its_template_and_its_purpose_stays(desk):
    reply = send(desk)
    assert (reply["state"], reply["name"], reply["editor"]) == (
        "CREATED",
        "لطفاً تماس بگیرید",
        "karim",
    )
    row = desk.message(reply["id"])
    assert "انشعاب شما" in row.contents["sms"]["body"]
    assert row.receiver == {"mobile": "+989900000007"}
    page = desk.call(contracts.HAND_MESSAGES, as_="mina")
    (listed,) = page["messages"]
    assert (listed["id"], listed["why"], listed["editor"]) == (reply["id"], "قرار بازدید", "karim")
    assert "0990" not in str(page), "the list names no receiver"


def test_the_preview_says_parts_and_cost_and_sends_nothing(desk):
    preview = desk.call(
        contracts.PREVIEW_BY_HAND, as_="sara", form=form(desk)["id"], values=CALL, language="fa"
    )
    assert "074-33220011" in preview["body"]
    assert preview["parts"] >= 1
    assert preview["cost_rials"] > 0
    assert execute(desk.db, "select count(*) from messages") == [(0,)]


def test_only_templates_for_it_are_sent_by_hand(desk):
    codes = {form["code"] for form in desk.call(contracts.HAND_FORMS, as_="sara")["forms"]}
    assert codes
    assert all(code.startswith("by_hand_") for code in codes)
    # Not even by the ID of another one of ours: nobody writes a one-time code by hand.
    for code in ("my_code", "ticket_registered"):
        other = desk.row("select id from templates where code = %s and owner = 'mirab'", code)
        assert send(desk, form=str(other.id), values={})["code"] == "template.not_found"
    assert send(desk, form="by_hand_call")["code"] == "template.not_found"


@pytest.mark.parametrize("as_", [None, "sara"])
def test_who_is_no_editor_sends_none_and_reads_no_list(desk, as_):
    assert send(desk, as_)["code"] == "notices.not_an_editor"
    assert desk.call(contracts.HAND_MESSAGES, as_=as_)["code"] == "notices.not_an_editor"


def test_who_is_no_colleague_reads_no_templates_and_no_fates(desk):
    for contract, fields in (
        (contracts.HAND_FORMS, {}),
        (contracts.HAND_FATES, {"ticket": "4052138845"}),
    ):
        assert desk.call(contract, **fields)["code"] == "notices.not_an_editor"


@pytest.mark.parametrize(
    "link", ["http://bank.ir", "www.bank.example", "به bank.ir بروید", "t.me/x"]
)
def test_no_link_is_typed_into_a_message(desk, link):
    reply = send(desk, values={**CALL, "موضوع": link})
    assert reply["code"] == "by_hand.link"
    assert execute(desk.db, "select count(*) from messages") == [(0,)]


@pytest.mark.parametrize(
    "fields",
    [
        {"values": {**CALL, "موضوع": "x" * 101}},
        {"values": {**CALL, "موضوع": "a\nb"}},
        {"why": ""},
        {"why": "x"},
        {"email": "reader@example.com"},
        {"mobile": None},
    ],
)
def test_a_message_without_a_purpose_or_with_a_text_of_ones_own_is_refused(desk, fields):
    with pytest.raises(ContractError):
        send(desk, **fields)


def test_a_placeholder_without_a_value_is_told(desk):
    assert send(desk, values={"موضوع": "x"})["code"] == "template.placeholder_missing"


def test_an_editor_sends_so_many_a_day_and_the_rest_is_a_list(desk, monkeypatch):
    monkeypatch.setattr(messages, "A_DAY", 3)
    for number in range(3):
        assert send(desk, mobile=f"0990000001{number}")["state"] == "CREATED"
    assert desk.call(contracts.HAND_MESSAGES, as_="karim")["left_today"] == 0
    refusal = send(desk, mobile="09900000019")
    assert refusal["code"] == "by_hand.day"
    # A colleague has a day of one's own, and the day ends at midnight of Tehran.
    assert send(desk, "mina", mobile="09900000019")["state"] == "CREATED"
    desk.later(days=1)
    assert send(desk, mobile="09900000018")["state"] == "CREATED"


def test_one_receiver_gets_three_a_day_from_all_editors_together(desk):
    for as_ in ("karim", "mina", "karim"):
        assert send(desk, as_)["state"] == "CREATED"
    assert send(desk, "mina")["code"] == "by_hand.receiver"
    assert execute(desk.db, "select count(*) from hand_messages") == [(3,)]
    assert execute(desk.db, "select count(*) from messages") == [(3,)], (
        "what is refused leaves no trace"
    )


def test_who_opted_out_gets_none(desk):
    desk.call(at_desk.OPT_OUT, as_="karim", consent="transactional", why="گفت نمی‌خواهد", **TO)
    assert send(desk)["code"] == "receiver.opted_out"


def test_the_fates_of_a_tickets_messages_name_nobody(desk):
    desk.tell("by_hand_call", channels=("sms",), personalisation=CALL, reference="4052138845")
    desk.tell("by_hand_call", channels=("sms",), personalisation=CALL, reference="4052138846")
    reply = desk.call(contracts.HAND_FATES, as_="sara", ticket="4052138845")
    (fate,) = reply["messages"]
    assert (fate["state"], fate["name"]) == ("CREATED", "لطفاً تماس بگیرید")
    assert "0990" not in str(reply)
    assert "انشعاب" not in str(reply)


def test_a_letter_goes_to_the_lines_of_an_address(desk):
    desk.template(
        "درباره ((subject)) به ما سر بزنید.",
        owner="mirab",
        code="by_hand_letter",
        channel="letter",
        subject="نامه",
    )
    fields = {"form": form(desk, "by_hand_letter")["id"], "values": {"subject": "انشعاب"}}
    address = "زهرا کاظمی\nخیابان آب، پلاک ۲\nیاسوج\n7591000000"
    reply = send(desk, mobile=None, address=address, **fields)
    assert (reply["channel"], reply["state"]) == ("letter", "CREATED")
    assert desk.message(reply["id"]).receiver == {"address": address.split("\n")}
    for wrong in ("زهرا کاظمی", "\n".join("abcdefgh"), "x" * 101 + "\ny\nz"):
        with pytest.raises(ContractError):
            send(desk, mobile=None, address=wrong, **fields)
    assert execute(desk.db, "select count(*) from hand_messages") == [(1,)]


def test_a_receiver_of_another_channel_is_refused(desk):
    assert send(desk, mobile=None, email="reader@example.com")["code"] == "receiver.missing"
