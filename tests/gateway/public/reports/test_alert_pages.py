"""The pages of alerts about public reports: asked for, proven, prolonged, ended; without script."""

import html
import re

import pytest

from bus.errors import NotFound, RuleBroken
from tests.gateway.public.strangers import Portal
from tests.gateway.public.test_reports_pages import CODE, FORM, ROW

KEY = "k" * 44
ALERT = {
    "state": "PENDING",
    "address": "r…@example.com",
    "what_fa": "گزارش‌های همگانی تازه",
    "what_en": "New public reports",
    "language": "fa",
    "report": None,
    "until": None,
}
ACTIVE = {**ALERT, "state": "ACTIVE", "until": "2027-12-01T08:00:00Z"}
AT = "/reports/alerts"
ADDRESS, PLACE = {"email": "reader@example.com"}, {"place": "30.668, 51.588"}


@pytest.fixture
def portal(tmp_path):
    made = Portal(tmp_path)
    made.services.replies |= {
        "ticketing.form.v1": FORM,
        "ticketing.list_public.v1": {"tickets": [ROW]},
        "ticketing.ask_alert.v1": {"valid_hours": 24},
        "ticketing.alert.v1": ALERT,
        "ticketing.confirm_alert.v1": ACTIVE,
        "ticketing.end_alert.v1": {**ALERT, "state": "ENDED", "address": ""},
    }
    return made


def questions(portal, contract="ticketing.ask_alert.v1"):
    """What was asked, without what was left open."""
    sent = [data for name, data, _, _ in portal.services.questions if name == contract]
    return [{k: value for k, value in data.items() if value not in ("", None)} for data in sent]


def post(portal, path=AT, **fields):
    return portal.send("POST", path, data=fields)


def test_the_list_leads_to_an_alert_of_what_is_shown(portal):
    portal.services.replies["ticketing.public_map.v1"] = {
        "area": None,
        "counties": [],
        "places": [],
    }
    page = portal.send("GET", "/reports?category=illegal_well&county=dena").text
    link = html.unescape(re.search(r'href="(/reports/alerts[^"]*)"', page)[1])
    form = portal.send("GET", link).text
    assert '<option value="illegal_well" selected>' in form
    assert '<option value="dena" selected>' in form


def test_a_wish_of_the_list_is_handed_over_with_its_language(portal):
    form = portal.form(AT)
    answer = post(
        portal,
        form=form,
        email=" Reader@Example.com ",
        category="illegal_well",
        county="dena",
        state="open",
        place="۳۰٫۶۶۸۲، ۵۱٫۵۸۸۰",
        radius_km="10",
    )
    assert answer.status_code == 200, answer.text
    assert questions(portal) == [
        {
            "email": "Reader@example.com",
            "category": "illegal_well",
            "county": "dena",
            "state": "open",
            "lat": 30.6682,
            "long": 51.588,
            "radius_km": 10,
            "language": "fa",
        }
    ]
    assert "Reader" not in answer.text
    post(portal, form=form, email="reader@example.com")
    assert len(set(portal.services.ids("ticketing.ask_alert.v1"))) == 1, "one form is one act"


def test_the_page_of_one_report_asks_for_nothing_but_the_address(portal):
    page = portal.send("GET", f"/reports/{CODE}").text
    link = re.search(r'href="(/reports/alerts\?report=[0-9]+)"', page)[1]
    form = portal.send("GET", link).text
    assert 'name="category"' not in form
    post(portal, email="reader@example.com", report=CODE)
    assert questions(portal) == [{"email": "reader@example.com", "report": CODE, "language": "fa"}]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "reader@example.com", "place": "somewhere"}, "place"),
        (
            {"email": "reader@example.com", "place": "30.668, 51.588", "radius_km": "4000"},
            "radius_km",
        ),
        ({"email": "reader@example.com", "place": "30.668, 51.588"}, "radius_km"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(portal, fields, place):
    answer = post(portal, category="illegal_well", **fields)
    assert answer.status_code == 422
    assert f'href="#{place}"' in answer.text
    assert f'id="{place}-error"' in answer.text
    assert '<option value="illegal_well" selected>' in answer.text
    assert questions(portal) == []


def test_a_report_that_is_not_public_has_no_such_page(portal):
    portal.services.replies["ticketing.list_public.v1"] = {"tickets": []}
    for code in (CODE, "1", "%00"):
        assert portal.send("GET", f"{AT}?report={code}").status_code == 404
    assert post(portal, email="reader@example.com", report="none").status_code in (404, 422)


def test_links_to_one_address_have_a_limit_and_other_addresses_none_of_it(portal):
    statuses = [post(portal, email="victim@example.com").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert post(portal, email="other@example.com").status_code == 200


def test_opening_the_link_changes_nothing_and_its_button_does(portal):
    page = portal.send("GET", f"/alert/{KEY}")
    assert "r…@example.com" in page.text
    assert f'action="/alert/{KEY}/confirm"' in page.text
    assert "Disallow: /alert/" in portal.send("GET", "/robots.txt").text
    assert questions(portal, "ticketing.confirm_alert.v1") == []
    answer = post(portal, f"/alert/{KEY}/confirm")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/alert/{KEY}?did=confirmed")
    portal.services.replies["ticketing.alert.v1"] = ACTIVE
    shown = portal.send("GET", f"/alert/{KEY}?did=confirmed").text
    assert 'role="status"' in shown
    assert "1406" in shown or "۱۴۰۶" in shown, "when it ends, by the calendar of Iran"
    assert post(portal, f"/alert/{KEY}/confirm").headers["location"].endswith("did=prolonged")


def test_one_click_of_a_mail_program_ends_it_from_elsewhere(portal):
    answer = portal.send(
        "POST",
        f"/alert/{KEY}",
        data={"List-Unsubscribe": "One-Click"},
        headers={"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 200
    assert questions(portal, "ticketing.end_alert.v1") == [{"key": KEY}]


def test_a_key_that_opens_nothing_says_what_to_do(portal):
    refusal = NotFound("There is no such alert.", code="alert.not_found")
    portal.services.replies["ticketing.alert.v1"] = refusal
    answer = portal.send("GET", f"/alert/{KEY}", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "از نو درخواست کنید" in answer.text


def test_a_mailbox_with_too_many_alerts_reads_how_one_ends(portal):
    portal.services.replies["ticketing.confirm_alert.v1"] = RuleBroken("x", code="alert.too_many")
    answer = portal.send("POST", f"/alert/{KEY}/confirm", headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert "ده آگاه‌سازی" in answer.text


@pytest.mark.parametrize("lang", ["fa", "en", "ar"])
def test_each_page_speaks_each_language(portal, lang):
    for path in (AT, f"{AT}?report={CODE}", f"/alert/{KEY}"):
        page = portal.send("GET", path, headers={"Cookie": f"lang={lang}"})
        assert page.status_code == 200, path
        assert f'<html lang="{lang}"' in page.text
    assert post(portal, email="reader@example.com").status_code == 200
