"""What other contexts send for something that its receiver can end by one click (RFC 8058)."""

from services.notify.sending import code_caps
from services.ticketing.domain.reports import alerts
from tests.stores import execute

AT = "https://portal.example/alert/" + "k" * 44
TO = {"email": "reader@example.com"}


def digest(hand, **more):
    values = {"what": "x", "until": "x", "alert": AT, "reports": ["a", "b"], "count": "2"}
    hand.tell(
        "report_alert_digest",
        to=TO,
        channels=("email",),
        language="en",
        personalisation={**values, "more": "yes", "link": "https://portal.example/reports"},
        **more,
    )


def contents(hand):
    rows = execute(hand.db, "select contents from messages order by created_at")
    return [row[0]["email"] for row in rows]


def test_an_e_mail_carries_where_one_click_ends_what_it_belongs_to(hand):
    digest(hand, unsubscribe_url=AT)
    (content,) = contents(hand)
    assert content["unsubscribe"] == AT
    assert "• a\n• b" in content["body"]
    assert "The others are in the list" in content["body"]
    assert f'<a href="{AT}">' in content["html"]


def test_an_e_mail_without_such_an_address_has_none(hand):
    digest(hand)
    assert "unsubscribe" not in contents(hand)[0]


def test_a_mailbox_with_as_many_alerts_as_one_has_gets_each_of_a_morning(hand):
    for _ in range(alerts.ALERTS_MOST):
        digest(hand)
    for _ in range(alerts.ALERTS_MOST * alerts.UPDATES_A_DAY):
        values = {"what": "x", "until": "x", "alert": AT, "updates": ["a"], "subject": "x"}
        values |= {"code": "4052138845", "link": "https://portal.example/reports/4052138845"}
        hand.tell("report_alert_update", to=TO, channels=("email",), personalisation=values)
    assert len(contents(hand)) == alerts.ALERTS_MOST * (1 + alerts.UPDATES_A_DAY)


def test_links_that_strangers_ask_for_are_few_for_one_mailbox(hand):
    values = {"what": "x", "link": AT, "hours": "24"}
    for _ in range(code_caps.CODES_AN_HOUR + 2):
        hand.tell("report_alert_confirm", to=TO, channels=("email",), personalisation=values)
    assert len(contents(hand)) == code_caps.CODES_AN_HOUR
