"""The page of messages sent: totals, shares, tables by month and day, and its open data."""

import csv
import io
import re

import pytest

from gateway.http import kept
from tests.gateway.public.strangers import Portal
from tests.gateway.public.test_kept_pages import AT


def counted(channel, pace, month, day, accepted, on_time, **more):
    counts = {"accepted": accepted, "judged": accepted, "on_time": on_time, "delivered": accepted}
    place = {"channel": channel, "pace": pace, "month": month, "first": day, "last": day}
    return {**place, **counts, **more}


FIGURES = {
    "now": AT,
    "since": "2026-10-23",
    "until": "2026-11-22",
    "smallest": 5,
    "limits": [{"pace": "prompt", "seconds": 10}, {"pace": "bulk", "seconds": 3600}],
    "days": [
        counted("sms", "prompt", "1405-08", "2026-11-21", 600, 600),
        counted("email", "bulk", "1405-09", "2026-11-22", 8, 8),
    ],
    "months": [
        counted("sms", "prompt", "1405-08", "2026-11-21", 20_000, 19_999, delivered=18_000),
        counted("email", "bulk", "1405-09", "2026-11-22", 8, 8, delivered=0),
    ],
    "senders": [{"month": "1405-09", "senders": 4}],
}


@pytest.fixture
def portal(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 0)
    made = Portal(tmp_path)
    made.services.replies["notify.message_figures.v1"] = FIGURES
    return made


@pytest.mark.parametrize(
    ("lang", "title", "within"),
    [
        ("fa", "پیام‌های فرستاده‌شده", "تا 10 ثانیه پس از درخواست"),
        ("en", "Messages sent", "within 10 seconds of being asked for"),
        ("ar", "الرسائل المرسلة", "خلال 10 ثانية من الطلب"),
    ],
)
def test_the_page_has_totals_shares_and_the_rule_of_each_pace(portal, lang, title, within):
    page = portal.send("GET", f"/status/messages?lang={lang}").text
    for text in (title, within, "20,008", "99.99", "89.96"):
        assert text in page
    assert page.count('class="figure"') == 3


def test_one_late_message_of_many_is_never_a_hundred_percent(portal):
    page = portal.send("GET", "/status/messages?lang=en").text
    assert '99.99</bdi> <span class="metric-unit">%' in page


def test_before_anything_was_counted_the_page_says_so(portal):
    nothing = {"days": [], "months": [], "since": None, "until": None, "senders": []}
    portal.services.replies["notify.message_figures.v1"] = {**FIGURES, **nothing}
    page = portal.send("GET", "/status/messages?lang=en")
    assert page.status_code == 200
    assert "No number of messages below 5 is shown" in page.text


def test_the_open_data_have_each_row_with_its_days_and_its_licence(portal):
    reply = portal.send("GET", "/status/messages.csv")
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert [(row["table"], row["channel"], row["accepted"]) for row in rows] == [
        ("months", "sms", "20000"),
        ("months", "email", "8"),
        ("days", "sms", "600"),
        ("days", "email", "8"),
        ("senders", "", "4"),
    ]
    assert (rows[0]["within_seconds"], rows[0]["on_time"]) == ("10", "19999")
    assert {row["licence"] for row in rows} == {"CC BY 4.0"}
    assert reply.headers["access-control-allow-origin"] == "*"
    document = portal.send("GET", "/status/messages.json").json()
    assert document["licence"]["name"] == "CC BY 4.0"
    assert document["months"] == FIGURES["months"]


def test_every_footer_leads_to_it_and_marks_it_alone(portal):
    assert 'href="/status/messages"' in portal.send("GET", "/service").text
    page = portal.send("GET", "/status/messages").text
    assert re.findall(r'href="([^"]+)" aria-current', page) == ["/status/messages"]
