"""Our unsubscribe link: it stands in news by e-mail, ends one template of one sender, and names
nobody to the sender.
"""

import re
import uuid
from email import message_from_bytes
from email.policy import default

import pytest

from bus.errors import ContractError
from contracts.notify import messages as contracts
from contracts.notify import subscriptions
from contracts.notify.person_work import WorkOnPerson
from contracts.notify.usage import unsubscriptions
from services.notify import person_work
from services.notify.editors import roles
from services.notify.sending import accounting, consents
from tests.notify.conftest import EMAIL
from tests.notify.sending.test_dispatch import Harness
from tests.stores import execute

TO = {"email": EMAIL}
NEWS = {"channel": "email", "lane": "bulk", "consent": "news", "unsubscribe": True}
TEXTS = {
    language: {"subject": "((subject))", "body": "((text))"} for language in contracts.LANGUAGES
}


@pytest.fixture
def sender(hand):
    """A sender with two templates of news whose reader wants news."""
    hand.template(texts=TEXTS, **NEWS)
    hand.template(code="other", **NEWS)
    with hand.context() as context:
        consents.note(context, "email", EMAIL, "news", True, "test", by_receiver=True)
    return hand


@pytest.fixture
def post(sender):
    return Harness(sender)


def send(hand, template="free", **more):
    return hand.send(template, to=TO, **more)


def letter(post, **more):
    """The e-mail that arrives for a message sent now, and the key of its link."""
    sent = send(post.hand, message=str(uuid.uuid4()), **more)
    assert "id" in sent, sent
    post.run()
    mail = message_from_bytes(post.mail.letters[-1][1], policy=default)
    return mail, mail["List-Unsubscribe"].strip("<>").rpartition("/")[2]


def follow(hand, contract, token):
    return hand.call(contract, token=token)


def end(hand, token):
    return follow(hand, unsubscriptions.END_NEWS_OF_SENDER, token)


def own_list(hand, asker="power-co", **more):
    return hand.call(unsubscriptions.OWN_UNSUBSCRIPTIONS, asker=asker, **more)["unsubscriptions"]


@pytest.mark.parametrize(
    ("language", "words", "tail"),
    [("fa", "اشتراک خود را لغو کنید", ""), ("en", "unsubscribe", "?lang=en")],
)
def test_the_e_mail_has_one_click_headers_and_a_line_in_its_language(post, language, words, tail):
    mail, token = letter(post, language=language)
    address = f"https://portal.example/unsubscribe/{token}"
    assert mail["List-Unsubscribe"] == f"<{address}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = mail.get_body(("plain",)).get_content()
    page = mail.get_body(("html",)).get_content()
    assert f"{words}: {address}{tail}" in text
    assert f'<a href="{address}{tail}">{words}</a>' in page


def test_the_key_is_in_the_e_mail_alone_so_that_its_sender_can_undo_nothing(post):
    _, token = letter(post)
    stored = execute(post.hand.db, "select contents::text from messages")[0][0]
    assert token not in stored
    (stored_key,) = set(re.findall(r"/unsubscribe/([0-9a-f]{32})", stored))
    assert end(post.hand, stored_key)["code"] == "unsubscribe.not_found"


@pytest.mark.parametrize("token", ["", "x", "ی" * 44, "A" * 44, "k" * 80])
def test_a_key_that_was_guessed_ends_nothing(sender, token):
    reply = end(sender, token or "-")
    assert reply["code"] == "unsubscribe.not_found"


def test_a_key_of_a_subscription_ends_no_news_of_a_sender(post):
    _, token = letter(post)
    assert (
        post.hand.call(subscriptions.UNSUBSCRIBE, token=token)["code"] == "subscription.not_found"
    )


def test_looking_ends_nothing_and_a_post_ends_this_template_alone(post):
    hand = post.hand
    _, token = letter(post)
    shown = follow(hand, unsubscriptions.NEWS_OF_SENDER, token)
    assert (shown["owner"], shown["name"], shown["ended"]) == ("power-co", "free", False)
    assert "id" in send(hand)
    assert [end(hand, token)["ended"] for _ in range(2)] == [True, True]
    assert follow(hand, unsubscriptions.NEWS_OF_SENDER, token)["ended"] is True
    assert send(hand)["code"] == "receiver.unsubscribed"
    assert "id" in send(hand, "other")


def test_another_senders_template_of_the_same_code_is_not_ended(post):
    hand = post.hand
    hand.template(owner="gas-co", **NEWS)
    _, token = letter(post)
    end(hand, token)
    assert "id" in send(hand, asker="gas-co")


def test_what_waits_is_not_sent_any_more_and_its_sender_reads_why(post):
    hand = post.hand
    _, token = letter(post)
    waiting = send(hand, not_before="2026-11-24T08:00:00Z")["id"]
    end(hand, token)
    post.later(days=1, hours=4)
    row = hand.message(waiting)
    assert (row.state, row.code) == ("REJECTED", "receiver.unsubscribed")
    assert len(post.mail.letters) == 1


def test_a_template_with_another_channel_goes_on_by_that(post):
    hand = post.hand
    _, token = letter(post)
    hand.template(channel="sms", lane="bulk", consent="news")
    with hand.context() as context:
        consents.note(context, "sms", "+989900000001", "news", True, "test", by_receiver=True)
    end(hand, token)
    assert hand.send(to={**TO, "mobile": "09900000001"})["channel"] == "sms"


def test_the_receiver_takes_it_back_with_the_same_key(post):
    hand = post.hand
    _, token = letter(post)
    end(hand, token)
    assert follow(hand, unsubscriptions.RESUME_NEWS_OF_SENDER, token)["ended"] is False
    assert "id" in send(hand)
    assert own_list(hand)[0]["undone_at"] is not None
    assert end(hand, token)["ended"] is True
    assert own_list(hand)[0]["undone_at"] is None
    assert send(hand)["code"] == "receiver.unsubscribed"


def test_the_sender_reads_message_and_reference_and_never_an_address(post):
    hand = post.hand
    _, token = letter(post, reference="customer 17")
    end(hand, token)
    (row,) = own_list(hand)
    assert (row["template"], row["reference"]) == ("free", "customer 17")
    assert row["message"] == str(execute(hand.db, "select id from messages")[0][0])
    assert set(row) == {"owner", "template", "message", "reference", "at", "undone_at"}
    assert own_list(hand, asker="gas-co") == []
    assert own_list(hand, template="other") == []


def test_the_list_goes_on_page_by_page(post):
    hand = post.hand
    for template in ("free", "other"):
        send(hand, template, message=str(uuid.uuid4()))
        post.run()
        mail = message_from_bytes(post.mail.letters[-1][1], policy=default)
        end(hand, mail["List-Unsubscribe"].strip("<>").rpartition("/")[2])
    first = hand.call(unsubscriptions.OWN_UNSUBSCRIPTIONS, asker="power-co", limit=1)
    last = own_list(hand, limit=1, before=first["next"])
    assert [row["template"] for row in (*first["unsubscriptions"], *last)] == ["other", "free"]


def test_editors_read_the_list_of_a_sender_and_others_do_not(post):
    hand = post.hand
    _, token = letter(post)
    end(hand, token)
    with hand.context() as context:
        roles.put(context.conn, "karim", "editor")
    for owner, count in (("power-co", 1), ("gas-co", 0), (None, 1)):
        fields = {"owner": owner} if owner else {}
        reply = hand.call(unsubscriptions.UNSUBSCRIPTIONS, as_="karim", **fields)
        assert len(reply["unsubscriptions"]) == count
    assert "unsubscriptions" not in hand.call(unsubscriptions.UNSUBSCRIPTIONS, as_="nobody")


def test_the_link_works_when_the_messages_text_is_gone(post):
    hand = post.hand
    _, token = letter(post)
    post.later(days=10)
    hand.later(days=600)
    accounting.purge(hand.store, hand.service.context)
    assert execute(hand.db, "select receiver from messages") == [(None,)]
    assert end(hand, token)["ended"] is True
    assert send(hand)["code"] == "receiver.unsubscribed"


@pytest.mark.parametrize(
    "fields",
    [
        {"channel": "email", "lane": "bulk"},
        {"channel": "sms", "lane": "bulk", "consent": "news"},
        {"channel": "letter", "lane": "bulk", "consent": "news"},
    ],
)
def test_only_news_by_e_mail_has_the_link(hand, fields):
    with pytest.raises(ContractError) as refusal:
        hand.template(unsubscribe=True, **fields)
    assert "unsubscribe" in [fault.field for fault in refusal.value.fields]


def test_the_link_comes_with_the_approved_version_and_goes_with_the_next(post):
    hand = post.hand
    draft = {**NEWS, "code": "later", "name": "later", "texts": TEXTS}
    hand.template(code="later", **{**NEWS, "unsubscribe": False})
    hand.call(contracts.DRAFT_TEMPLATE, asker="power-co", **draft)
    send(hand, "later")
    post.run()
    assert b"List-Unsubscribe" not in post.mail.letters[-1][1]


def test_a_person_takes_along_what_was_ended_and_an_erasure_does_not_undo_it(post):
    hand = post.hand
    _, token = letter(post, reference="5720000007")
    end(hand, token)
    person = {"mobile": "+989900000001", "national_id": "9900000013"}
    about = {"emails": (EMAIL,), "tickets": ("5720000007",)}
    bodies = []
    for kind in ("export", "erase"):
        with hand.context() as context:
            person_work.work(context, WorkOnPerson(act=7, kind=kind, **person, **about))
        body = execute(hand.db, "select body from outbox order by seq desc limit 1")[0][0]
        bodies.append(bytes(body).decode())
    assert '"unsubscriptions":[{' in bodies[0].replace(" ", "")
    assert send(hand)["code"] == "receiver.unsubscribed"
