"""Complaints that providers of mailboxes pass on, and news to addresses that nobody has."""

import orjson
import pytest

from contracts.notify import subscriptions
from contracts.notify.editors import email_reports as contracts
from services.notify.webhooks import bearer
from tests.notify.conftest import EMAIL
from tests.notify.news.test_announcements import Newsroom
from tests.notify.reports.post import RETURNS
from tests.stores import execute


@pytest.fixture
def room(hand, post):
    return Newsroom(hand)


def subscription(hand, reply):
    return hand.call(subscriptions.SUBSCRIPTION, token=reply["token"])


def news(post, room):
    """News goes out; how many e-mails that makes."""
    before = len(post.outbox.emails)
    post.hand.later(hours=1)
    room.publish("news")
    room.tell_all()
    post.run()
    return len(post.outbox.emails) - before


def end_dead(post):
    service = post.hand.service
    service.end_dead_subscriptions.__wrapped__(service)


def by_email(room, post, **more):
    """A confirmed subscription to news by e-mail, of which the code went out."""
    reply = room.subscribe(email=EMAIL, topics=[], news=True, **more)
    post.run()
    return reply


@pytest.mark.parametrize(
    ("vector", "to"),
    [("complaint_yahoo", RETURNS), ("complaint_redacted", "abuse@water.example")],
)
def test_a_complaint_ends_news_and_is_on_record(post, room, vector, to):
    reply = by_email(room, post)
    assert news(post, room) == 1
    assert post.report(vector, to=to, mail_from="fbl@far.example") == ("DONE", "handed_on")
    assert [row[0] for row in post.noted()] == ["complaint"]
    ended = subscription(post.hand, reply)
    assert (ended["ended"], ended["ended_by"], ended["address"]) == (True, "complaint", "")
    assert news(post, room) == 0


def test_after_a_complaint_what_is_sent_by_duty_still_goes_and_news_does_not(post):
    post.hand.template(code="bulletin", channel="email", lane="bulk", consent="news")
    id_ = post.send()
    post.report("complaint_yahoo", to=RETURNS, mail_from="fbl@far.example")
    assert post.stands(id_)[0] == "SENT"
    assert post.stands(post.send())[0] == "SENT"
    refused = post.hand.send("bulletin", to={"email": EMAIL})
    assert refused["code"] == "receiver.opted_out"


def test_only_the_receiver_takes_back_what_a_complaint_ended(post, room):
    by_email(room, post)
    news(post, room)
    post.report("complaint_yahoo", to=RETURNS, mail_from="fbl@far.example")
    again = by_email(room, post)
    assert not subscription(post.hand, again)["ended"]
    assert news(post, room) == 1


def test_a_complaint_without_our_proof_waits_for_a_colleague(post, room):
    reply = by_email(room, post)
    news(post, room)
    raw = post.written("complaint_yahoo")
    return_path = post.outbox.emails[-1][0].encode()
    token = return_path.partition(b"+")[2].partition(b"@")[0]
    raw = raw.replace(token, b"nothing")
    assert post.deliver(raw, RETURNS, "fbl@far.example") == ("RECEIPT", "report")
    assert not subscription(post.hand, reply)["ended"]


def test_that_something_is_no_spam_is_no_complaint(post, room):
    reply = by_email(room, post)
    news(post, room)
    change = {"Feedback-Type: abuse": "Feedback-Type: not-spam"}
    filed = post.report("complaint_yahoo", to=RETURNS, mail_from="fbl@far.example", change=change)
    assert filed == ("RECEIPT", "no_complaint")
    assert not subscription(post.hand, reply)["ended"]


def test_the_sender_is_called_back_as_notify_does(post):
    hand = post.hand
    with hand.context() as context:
        bearer.put(
            context.conn,
            hand.keys,
            "power-co",
            "complaints",
            "https://client.example/complaints",
            "a-token-of-ten",
            sandbox=False,
        )
    id_ = post.send(reference="r-7")
    for _ in range(2):
        post.report("complaint_yahoo", to=RETURNS, mail_from="fbl@far.example")
    rows = execute(hand.db, "select type, body from callback_deliveries")
    assert len(rows) == 1
    with hand.context() as context:
        body = orjson.loads(bearer.whole(context, *rows[0]))
    assert [*body] == ["notification_id", "complaint_id", "reference", "to", "complaint_date"]
    assert (body["notification_id"], body["reference"], body["to"]) == (id_, "r-7", EMAIL)
    assert EMAIL not in rows[0][1]


# --- addresses that nobody has ---


def test_after_three_e_mails_that_nobody_could_get_news_ends_and_it_is_shown(post, room):
    reply = by_email(room, post)
    for number in range(3):
        end_dead(post)
        assert not subscription(post.hand, reply)["ended"], number
        assert news(post, room) == 1
        post.report("postfix_unknown_user", change={"4FhT1c0V5Rz9sVP": f"4F{number}"})
    end_dead(post)
    ended = subscription(post.hand, reply)
    assert (ended["ended"], ended["ended_by"]) == (True, "undeliverable")
    assert news(post, room) == 0
    (last,) = execute(post.hand.db, "select message::text from email_reports order by at limit 1")
    shown = post.hand.call(contracts.MESSAGE_REPORTS, as_="karim", id=last[0])
    assert shown["news_ended"] == "undeliverable"
    rates = post.hand.call(contracts.SENDER_RATES, as_="karim")
    assert rates["ended_subscriptions"] == 1


def test_full_mailboxes_and_refusals_of_ours_end_no_subscription(post, room):
    reply = by_email(room, post)
    for number, vector in enumerate(("sendmail_mailbox_full", "policy_refusal", "postfix_expired")):
        assert news(post, room) == 1, number
        post.report(vector)
    assert news(post, room) == 1
    end_dead(post)
    assert not subscription(post.hand, reply)["ended"]


def test_what_our_own_mail_server_refuses_in_the_dialogue_counts_too(post, room):
    reply = by_email(room, post)
    post.outbox.replies[EMAIL] = "550 5.1.1 No such user"
    for _ in range(3):
        news(post, room)
    end_dead(post)
    assert subscription(post.hand, reply)["ended_by"] == "undeliverable"
    assert [row[0] for row in post.noted()] == ["refused"] * 3


def test_what_failed_before_a_subscription_was_confirmed_does_not_end_it(post, room):
    for number in range(3):
        post.send()
        post.report("postfix_unknown_user", change={"4FhT1c0V5Rz9sVP": f"4F{number}"})
    reply = by_email(room, post)
    end_dead(post)
    assert not subscription(post.hand, reply)["ended"]
