"""Messages are accepted, judged, filled in, counted; by the service in hand."""

import json

import pytest

from contracts.notify import inbox as inboxes
from contracts.notify import messages as contracts
from contracts.notify import subscriptions
from people import tracking
from services.notify.sending import code_caps, consents
from tests.notify.conftest import EMAIL, MOBILE, tehran
from tests.stores import execute

TEXT = {"text": "سلام", "subject": "موضوع"}


def say(hand, consent, options, *, by_receiver=False):
    with hand.context() as context:
        consents.note(
            context, "sms", "+98" + MOBILE[1:], consent, options, "test", by_receiver=by_receiver
        )


def counts(hand):
    return execute(hand.db, "select owner, channel, count from accepted order by 1, 2")


def test_an_agency_sends_an_sms_by_its_template(hand):
    hand.template("سلام ((name))، کد شما ((code)) است.")
    sent = hand.send(personalisation={"Name": "علي", "code": 123})
    assert (sent["state"], sent["channel"], sent["parts"]) == ("CREATED", "sms", 1)
    reply = hand.call(contracts.MESSAGE, asker="power-co", id=sent["id"])
    assert reply["body"] == "سلام علی، کد شما 123 است."
    assert reply["to"]["mobile"] == "+989900000001"
    assert counts(hand) == [("power-co", "sms", 1)]


def test_messages_that_come_together_are_judged_each_by_itself(hand):
    hand.template(owner="power-co")
    hand.template(owner="fuel-co", code="other")
    fields = [
        {"template": "free", "to": {"mobile": "09900000002"}, "personalisation": TEXT},
        {"template": "other", "to": {"mobile": "09900000003"}, "personalisation": TEXT},
        {"template": "free", "to": {"email": EMAIL}, "personalisation": TEXT},
        {"template": "free", "to": {"mobile": "09900000004"}, "personalisation": {}},
        {"template": "free", "to": {"mobile": "09900000005"}, "personalisation": TEXT},
    ]
    reply = hand.calls(contracts.SEND, fields)
    assert [item.get("code") or item["state"] for item in reply] == [
        "CREATED",
        "template.not_found",
        "receiver.missing",
        "template.placeholder_missing",
        "CREATED",
    ]
    assert reply[3]["fields"][0]["field"] == "personalisation.text"
    assert counts(hand) == [("power-co", "sms", 2)]
    assert execute(hand.db, "select count(*) from messages") == [(2,)]


def test_the_same_message_sent_twice_is_one(hand):
    hand.template()
    id_ = "5a0f4a1e-52a6-4a07-9a06-8b6b7f1c0001"
    assert hand.send(message=id_) == hand.send(message=id_)
    assert counts(hand) == [("power-co", "sms", 1)]
    assert hand.send(message=id_, reference="x")["code"] == "idempotency_key.reused"


def test_a_template_is_named_by_the_id_of_a_form_too(hand):
    id_ = hand.template(channel="email")
    sent = hand.send(id_, to={"email": EMAIL, "mobile": MOBILE})
    assert (sent["channel"], sent["template"]["id"]) == ("email", id_)


def test_a_draft_is_no_template_yet_and_a_new_version_counts_from_its_approval(hand):
    id_ = hand.template("یک")
    drafted = hand.call(
        contracts.DRAFT_TEMPLATE,
        asker="power-co",
        code="free",
        channel="sms",
        name="x",
        texts={"fa": {"body": "دو"}},
    )
    assert (drafted["id"], drafted["version"], drafted["state"]) == (id_, 2, "DRAFT")
    assert hand.send()["template"]["version"] == 1
    with hand.context() as context:
        from services.notify.templates import versions

        versions.approve(context, id_, 2, "mina")
    assert hand.send()["template"]["version"] == 2


def test_lane_and_consent_of_a_template_stay(hand):
    hand.template()
    reply = hand.call(
        contracts.DRAFT_TEMPLATE,
        asker="power-co",
        code="free",
        channel="sms",
        name="x",
        lane="otp",
        texts={"fa": {"body": "دو"}},
    )
    assert reply["code"] == "template.fixed"


def test_channels_are_tried_in_the_order_asked_for(hand):
    hand.template()
    hand.template(channel="email")
    to = {"mobile": MOBILE, "email": EMAIL}
    first = hand.message(hand.send(to=to)["id"])
    assert (first.channel, first.rest, set(first.contents)) == ("sms", ["email"], {"sms", "email"})
    other = hand.message(hand.send(to=to, channels=["email", "sms"])["id"])
    assert (other.channel, other.rest) == ("email", ["sms"])
    alone = hand.message(hand.send(to={"email": EMAIL})["id"])
    assert (alone.channel, alone.rest) == ("email", [])
    assert hand.send(channels=["letter"])["code"] == "template.not_found"


def test_an_email_has_its_text_and_a_page_in_the_direction_of_its_language(hand):
    hand.template("# ((text))", channel="email")
    content = hand.message(hand.send(to={"email": EMAIL})["id"]).contents["email"]
    assert content["body"] == "سلام"
    assert 'dir="rtl"' in content["html"]
    assert "<h2><bdi>سلام</bdi></h2>" in content["html"]


def test_what_is_too_long_or_empty_is_refused(hand):
    hand.template()
    assert hand.send(personalisation={"text": "ا" * 919})["code"] == "sms.too_long"
    assert hand.send(personalisation={"text": " "})["code"] == "message.empty"
    hand.template(channel="email")
    reply = hand.send(to={"email": EMAIL}, personalisation={"text": "x", "subject": "a" * 201})
    assert reply["code"] == "message.too_long"


def test_a_message_waits_for_its_time_but_not_for_ever(hand):
    hand.template()
    assert hand.send(not_before="2026-12-24T08:00:00Z")["due_at"] == "2026-12-24T08:00:00Z"
    assert hand.send(not_before="2020-01-01T00:00:00Z")["due_at"] == "2026-11-23T05:30:00Z"
    assert hand.send(not_before="2027-12-24T08:00:00Z")["code"] == "message.too_far_ahead"


def test_news_goes_only_to_who_wants_it_and_not_at_night(hand):
    hand.template(lane="bulk", consent="news")
    assert hand.send()["code"] == "receiver.opted_out"
    say(hand, "news", True)
    hand.at("1405-09-02 23:00")
    assert hand.send()["due_at"] == "2026-11-24T04:30:00Z"
    say(hand, "news", False)
    assert hand.send()["code"] == "receiver.opted_out"


def test_who_opted_out_of_everything_gets_nothing_by_that_channel(hand):
    hand.template()
    hand.template(channel="email")
    say(hand, "transactional", False)
    assert hand.send()["code"] == "receiver.opted_out"
    assert hand.send(to={"mobile": MOBILE, "email": EMAIL})["channel"] == "email"
    assert hand.tell() is None


def test_an_otp_over_the_cap_is_refused_with_when_to_try_again(hand):
    hand.template(lane="otp", code="otp")
    for _ in range(6):
        assert hand.send("otp")["state"] == "CREATED"
        hand.later(minutes=1)
    reply = hand.send("otp")
    assert (reply["kind"], reply["code"]) == ("TooMany", "receiver.cap")
    hand.later(seconds=int(reply["details"]["retry_after"]))
    assert hand.send("otp")["state"] == "CREATED"


def test_s13_codes_that_strangers_ask_for_leave_room_for_the_codes_of_others(hand):
    """Anybody has tickets with somebody else's number, and asks for new secrets of them."""
    hand.template(lane="otp", code="otp")
    options = {"code": "1234567890", "pin": "123456"}
    fields = ["ticket_secret_code"] * 3 + ["own_secret_code"] * 3
    for template in fields:
        hand.tell(template, personalisation=options, channels=["sms"], to={"mobile": MOBILE})
    sent = "select count(*) from messages where owner = 'mirab'"
    assert execute(hand.db, sent) == [(code_caps.CODES_AN_HOUR,)]
    assert hand.call(subscriptions.SUBSCRIBE, mobile=MOBILE)["code"] == "receiver.cap"
    assert hand.send("otp")["state"] == "CREATED", "a bank's code still comes"
    for template, count in [("my_code", 0), ("my_code_known", 1)]:
        hand.tell(template, personalisation={"pin": "1"}, channels=["sms"], to={"mobile": MOBILE})
        assert execute(hand.db, sent) == [(code_caps.CODES_AN_HOUR + count,)]
    hand.later(minutes=61)
    hand.tell("own_secret_code", personalisation=options, channels=["sms"], to={"mobile": MOBILE})
    assert execute(hand.db, sent) == [(code_caps.CODES_AN_HOUR + 2,)]


def test_what_concerns_a_case_is_delayed_over_the_cap_never_refused(hand):
    hand.template()
    fields = [{"template": "free", "to": {"mobile": MOBILE}, "personalisation": TEXT}] * 25
    reply = hand.calls(contracts.SEND, fields)
    assert [item["due_at"] for item in reply] == ["2026-11-23T05:30:00Z"] * 20 + [
        "2026-11-23T06:30:00Z"
    ] * 5


def test_a_command_of_ours_is_a_message_of_ours(hand):
    row = hand.tell("ticket_word", personalisation={"code": "1", "unit": "واحد"})
    assert (row.owner, row.channel, row.lane) == ("mirab", "sms", "transactional")


@pytest.mark.parametrize("language", ["fa", "en"])
def test_what_people_are_told_of_their_own_inquiries_is_short_and_names_code_and_day(
    hand, language
):
    options = {"code": "1234567890", "amount": "1,755,000", "due": "1405/09/05"}
    reply = {"language": language, "channels": ["sms"]}
    due = hand.tell("own_bill_due", personalisation=options, **reply)
    answered = hand.tell("own_answered", personalisation={"code": options["code"]}, **reply)
    for row, values in ((due, options.values()), (answered, [options["code"]])):
        body = row.contents["sms"]["body"]
        assert all(value in body for value in values)
        assert row.parts <= 4
        assert (row.owner, row.channel, row.lane) == ("mirab", "sms", "transactional")


def test_nobody_sees_or_cancels_a_message_of_somebody_else(hand):
    hand.template()
    sent = hand.send()
    for contract in (contracts.MESSAGE, contracts.CANCEL):
        reply = hand.call(contract, asker="fuel-co", id=sent["id"])
        assert reply["code"] == "message.not_found"
    assert hand.call(contracts.MESSAGES, asker="fuel-co")["messages"] == []
    assert hand.call(contracts.MESSAGES)["code"] == "agency.only"
    assert hand.call(contracts.MESSAGE, asker="power-co", id="nonsense")["code"] == (
        "message.not_found"
    )
    template = hand.call(contracts.TEMPLATES, asker="power-co")["templates"][0]
    reply = hand.call(contracts.TEMPLATE, asker="fuel-co", id=template["id"])
    assert reply["code"] == "template.not_found"
    reply = hand.call(contracts.PREVIEW, asker="fuel-co", template=template["id"])
    assert reply["code"] == "template.not_found"


def test_a_cancelled_message_is_over_and_told(hand):
    hand.template()
    sent = hand.send(reference="r-1")
    reply = hand.call(contracts.CANCEL, asker="power-co", id=sent["id"])
    assert (reply["state"], reply["settled_at"]) == ("CANCELLED", "2026-11-23T05:30:00Z")
    again = hand.call(contracts.CANCEL, asker="power-co", id=sent["id"])
    assert again["code"] == "message.move"
    ((name, event),) = hand.events()
    assert name == "notify.message_settled.v1"
    assert (event["reference"], event["state"]) == ("r-1", "CANCELLED")
    assert MOBILE[1:] not in str(event)


def test_messages_are_listed_newest_first_in_pages(hand):
    hand.template()
    ids = []
    for number in range(5):
        ids.append(hand.send(reference="odd" if number % 2 else "even")["id"])
        hand.later(minutes=1)
    first = hand.call(contracts.MESSAGES, asker="power-co", limit=2)
    assert [m["id"] for m in first["messages"]] == ids[4:2:-1]
    second = hand.call(contracts.MESSAGES, asker="power-co", limit=3, before=first["next"])
    assert [m["id"] for m in second["messages"]] == ids[2::-1]
    assert second["next"] is None
    odd = hand.call(contracts.MESSAGES, asker="power-co", reference="odd", states=["CREATED"])
    assert [m["id"] for m in odd["messages"]] == [ids[3], ids[1]]
    assert hand.call(contracts.MESSAGES, asker="power-co", states=["SENT"])["messages"] == []


def test_what_was_blanked_is_told_as_null(hand):
    hand.template()
    sent = hand.send()
    execute(hand.db, "update messages set receiver = null, contents = null")
    reply = hand.call(contracts.MESSAGE, asker="power-co", id=sent["id"])
    assert (reply["to"], reply["subject"], reply["body"]) == (None, None, None)


def test_a_preview_tells_what_an_sms_costs(hand):
    hand.template("آب ((text))")
    reply = hand.call(
        contracts.PREVIEW, asker="power-co", template="free", personalisation={"text": "ا" * 68}
    )
    assert (reply["encoding"], reply["units"], reply["parts"]) == ("ucs2", 71, 2)
    assert reply["cost_rials"] == 2 * 2480
    assert counts(hand) == []


def test_an_inbox_is_made_opened_and_read(hand):
    code = hand.call(inboxes.MAKE_INBOX, secret="1" * 20)["code"]
    proof = {"code": code, "secret": "1" * 20}
    assert hand.call(inboxes.OPEN_INBOX, **proof) == {"code": code}
    row = hand.tell(channels=["inbox"], to={"inbox": code})
    assert row.state == "DELIVERED"
    assert [name for name, _ in hand.events()] == ["notify.message_settled.v1"]
    (letter,) = hand.call(inboxes.READ_INBOX, **proof)["letters"]
    assert (letter["subject"], letter["body"], letter["owner"]) == ("موضوع", "سلام", "mirab")


def test_letters_of_an_inbox_come_in_pages(hand):
    code = hand.call(inboxes.MAKE_INBOX, secret="1" * 20)["code"]
    proof = {"code": code, "secret": "1" * 20}
    for number in range(3):
        hand.tell(to={"inbox": code}, personalisation={"subject": str(number), "text": "x"})
        hand.later(minutes=1)
    first = hand.call(inboxes.READ_INBOX, **proof, limit=2)
    assert [item["subject"] for item in first["letters"]] == ["2", "1"]
    rest = hand.call(inboxes.READ_INBOX, **proof, before=first["next"])
    assert ([item["subject"] for item in rest["letters"]], rest["next"]) == (["0"], None)


def test_s11_five_wrong_secrets_slow_guesses_by_whatever_door_and_never_the_owner(hand):
    code = hand.call(inboxes.MAKE_INBOX, secret="1" * 20)["code"]
    good, wrong = ({"code": code, "secret": s * 20} for s in "12")
    for contract in (inboxes.OPEN_INBOX, inboxes.READ_INBOX) * 2 + (inboxes.OPEN_INBOX,):
        assert hand.call(contract, **wrong)["code"] == "inbox.not_opened"
    for contract in (inboxes.OPEN_INBOX, inboxes.READ_INBOX):
        assert hand.call(contract, **wrong)["code"] == "inbox.locked"
        assert hand.call(contract, **good)["code"] == code
    hand.later(days=1)
    assert hand.call(inboxes.OPEN_INBOX, **wrong)["code"] == "inbox.not_opened"
    assert hand.call(inboxes.OPEN_INBOX, **good) == {"code": code}


def test_an_inbox_that_nobody_has_reaches_nobody(hand):
    reply = hand.call(inboxes.OPEN_INBOX, code=tracking.new(), secret="1" * 20)
    assert reply["code"] == "inbox.not_opened"
    hand.template(channel="inbox")
    code = hand.call(inboxes.MAKE_INBOX, secret="1" * 20)["code"]
    execute(hand.db, "delete from inboxes")
    assert hand.send(to={"inbox": code})["code"] == "receiver.missing"


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_secrets_and_addresses_of_receivers_are_kept_as_hashes(hand, channel):
    hand.template(channel=channel)
    address = {"sms": {"mobile": MOBILE}, "email": {"email": EMAIL}}[channel]
    row = hand.message(hand.send(to=address)["id"])
    kept = "+98" + MOBILE[1:] if channel == "sms" else EMAIL
    assert bytes(row.receiver_hash) == hand.keys.receiver(channel, kept)
    assert kept.encode() not in bytes(row.receiver_hash)


def test_what_is_due_in_an_inbox_later_lies_there_later(hand):
    code = hand.call(inboxes.MAKE_INBOX, secret="1" * 20)["code"]
    row = hand.tell(to={"inbox": code}, not_before="2026-11-24T08:00:00Z")
    assert (row.state, row.due_at) == ("CREATED", tehran("1405-09-03 11:30"))


def test_what_a_cap_moves_into_the_night_goes_in_the_morning_within_the_cap(hand):
    hand.template(lane="bulk")
    reply = execute(hand.db, "select document from books order by version desc limit 1")[0][0]
    for lane in reply["lanes"]:
        lane["over"] = "delay"
    execute(
        hand.db,
        "insert into books (version, document) select max(version) + 1, %s from books",
        (json.dumps(reply),),
    )
    hand.at("1405-09-02 20:30")
    fields = [{"template": "free", "to": {"mobile": MOBILE}, "personalisation": TEXT}] * 8
    dues = [item["due_at"] for item in hand.calls(contracts.SEND, fields)]
    assert dues == ["2026-11-23T17:00:00Z"] * 4 + ["2026-11-24T04:30:00Z"] * 4


def test_a_list_is_an_enumeration_in_an_sms(hand):
    hand.template("چاه‌های ((wells))")
    sent = hand.send(personalisation={"wells": ["الف", "ب", "ج"]})
    assert hand.message(sent["id"]).contents["sms"]["body"] == "چاه‌های الف، ب و ج"


@pytest.mark.parametrize("language", ["fa", "en"])
def test_l19_l20_an_sms_names_its_sender_and_the_code_as_pages_write_it(hand, language):
    options = {"code": "4052138845", "unit": "امور مشترکین آب"}
    row = hand.tell("ticket_word", personalisation=options, language=language, channels=["sms"])
    body = row.contents["sms"]["body"]
    name = {
        "fa": "شرکت آب منطقه‌ای کهگیلویه و بویراحمد",
        "en": "Regional Water Company of Kohgiluyeh and Boyer-Ahmad",
    }[language]
    assert body.startswith(f"{name}\n")
    assert "405 213 8845" in body
    assert "portal.mirab.example" in body
    assert "میراب" not in body
    # In a Persian line a mark keeps the groups of digits in their order; Latin texts need none.
    assert ("\u200e405" in body) == (language == "fa")
    assert row.parts <= 4


def test_l19_the_name_of_another_company_is_a_row_of_the_book(hand):
    execute(
        hand.db,
        "update books set document = jsonb_set(document, '{contact,fa}', '\"آب منطقه‌ای یزد\"')",
    )
    row = hand.tell("ticket_word", personalisation={"code": "1", "unit": "واحد"})
    assert row.contents["sms"]["body"].startswith("آب منطقه‌ای یزد\n")
