"""Letters on paper that the post brings back."""

import orjson
import pytest

from contracts.notify import govnotify, messages
from contracts.notify.editors import email_reports as contracts
from gateway.notify import replies
from services.notify.editors import roles
from services.notify.webhooks import bearer
from tests.notify.govuk.test_api_keys import ADDRESS, Api
from tests.stores import execute


@pytest.fixture
def api(hand):
    made = Api(hand)
    made.letter_form = hand.template("((text))", code="paper", channel="letter", subject="نامه")
    with hand.context() as context:
        roles.put(context.conn, "karim", "editor")
        for kind in ("returned-letters", "receipts"):
            bearer.put(
                context.conn,
                hand.keys,
                "power-co",
                kind,
                f"https://client.example/{kind}",
                "a-token-of-ten",
                sandbox=False,
            )
    return made


def posted(api):
    sent = api.call(
        govnotify.API_SEND,
        channel="letter",
        template=api.letter_form,
        address=ADDRESS,
        personalisation={"text": "سلام"},
        reference="x/1",
    )
    assert api.hand.call(govnotify.LETTERS_PRINTED, as_="karim", ids=[sent["id"]])["marked"] == 1
    return sent


def returned(api, *ids, reason="moved"):
    reply = api.hand.call(contracts.RETURN_LETTERS, as_="karim", ids=list(ids), reason=reason)
    return reply["marked"]


def status(api, sent):
    return replies.status("letter", api.state(sent))


def test_a_letter_that_came_back_shows_as_returned_and_its_sender_is_called_back(api):
    sent = posted(api)
    assert returned(api, sent["id"]) == 1
    assert status(api, sent) == "returned-letter"
    row = api.hand.message(sent["id"])
    assert (row.state, row.code) == ("UNDELIVERED", "returned.moved")
    deliveries = execute(api.hand.db, "select type, body from callback_deliveries")
    assert [type_ for type_, _ in deliveries] == [bearer.RETURNED]
    body = orjson.loads(deliveries[0][1])
    assert [*body] == [
        "notification_id",
        "reference",
        "date_sent",
        "sent_by",
        "template_name",
        "template_id",
        "template_version",
        "spreadsheet_file_name",
        "spreadsheet_row_number",
        "upload_letter_file_name",
    ]
    assert (body["notification_id"], body["template_name"]) == (sent["id"], "paper")
    settled = [d for name, d in api.hand.events() if name == messages.MESSAGE_SETTLED.name]
    assert [event["code"] for event in settled] == ["returned.moved"]


def test_a_letter_that_comes_back_after_it_counted_as_received_is_corrected(api):
    sent = posted(api)
    execute(
        api.hand.db,
        "update messages set state = 'UNTOLD', code = 'untold', settled_at = %s where id = %s",
        (api.hand.moment, sent["id"]),
    )
    assert status(api, sent) == "received"
    api.hand.later(days=20)
    assert returned(api, sent["id"]) == 1
    assert status(api, sent) == "returned-letter"
    assert api.hand.call(messages.ACCOUNTS)["difference"] == 0


def test_a_letter_comes_back_once_and_only_if_it_was_posted(api):
    sent = posted(api)
    sms = api.hand.send(api.hand.template())["id"]
    unposted = api.call(
        govnotify.API_SEND,
        channel="letter",
        template=api.letter_form,
        address=ADDRESS,
        personalisation={"text": "سلام"},
    )
    assert returned(api, sent["id"], sms, unposted["id"]) == 1
    assert returned(api, sent["id"], reason="refused") == 0
    shown = api.hand.call(contracts.MESSAGE_REPORTS, as_="karim", id=sent["id"])["post_return"]
    assert (shown["reason"], shown["by"]) == ("moved", "karim")


def test_letters_that_came_back_are_found_by_the_status_of_notify(api):
    sent = posted(api)
    returned(api, sent["id"])
    (wanted,) = replies.wanted(["letter"], ["returned-letter"])
    reply = api.call(govnotify.API_MESSAGES, wanted=[vars(wanted)])
    assert [item["id"] for item in reply["messages"]] == [sent["id"]]


def test_who_is_no_editor_notes_no_letter(api):
    sent = posted(api)
    refused = api.hand.call(
        contracts.RETURN_LETTERS, as_="stranger", ids=[sent["id"]], reason="moved"
    )
    assert refused["code"] == "notices.not_an_editor"
