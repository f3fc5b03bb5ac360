"""After something was done: what happens next, a copy to keep, how easy it was; found again."""

import re

import pytest

from bus.errors import Unavailable
from gateway.public.complaints import confirmation
from tests.gateway.public.strangers import REGISTERED, Portal
from tests.gateway.public.test_secrets_of_people import ANSWERS, LISTS, REGISTER

UNIT = {
    "code": "groundwater",
    "fa": "آب زیرزمینی",
    "en": "Groundwater",
    "email": "groundwater@unit.example",
    "phone": "074-33220011",
}
RATE = "ticketing.rate_form.v1"


@pytest.fixture
def portal(tmp_path):
    made = Portal(tmp_path)
    made.services.replies |= {
        "ticketing.form.v1": {**LISTS, "units": [UNIT]},
        REGISTER: {
            **REGISTERED,
            "code": "4052138845",
            "token": None,
            "unit": UNIT,
            "first_response_due": "2026-11-25T08:30:00Z",
            "solution_due": "2026-12-09T08:30:00Z",
        },
        RATE: {"form": "complaint"},
    }
    return made


def registered(portal):
    """The address of the confirmation, and the cookies of who has just registered."""
    data = {**ANSWERS, "form": portal.form("/contact/new")}
    done = portal.send("POST", "/contact/new", data=data)
    cookies = "; ".join(f"{name}={value}" for name, value in done.cookies.items())
    return done.headers["location"], cookies


def test_the_panel_has_code_and_secret_and_no_link_and_the_page_says_what_comes(portal):
    address, cookies = registered(portal)
    page = portal.send("GET", address, headers={"Cookie": cookies}).text
    panel = re.search(r'<div class="panel">.*?</div>', page, re.S)[0]
    assert "<a " not in panel
    assert "<h1>" in panel
    # When, by the calendar of Iran, and whom to ask.
    for words in ("4 آذر", "18 آذر", "074-33220011", "groundwater@unit.example"):
        assert words in page, words
    assert 'action="/contact/done/record.pdf"' in page


def test_its_address_shows_the_same_later_but_no_secret_and_nothing_of_a_person(portal):
    address, _ = registered(portal)
    (secret,) = portal.services.secrets(REGISTER)
    assert secret not in address
    page = portal.send("GET", address).text
    for words in ("405 213 8845", "4 آذر", "074-33220011"):
        assert words in page, words
    grouped = " ".join(secret[i : i + 4] for i in range(0, 20, 4))
    assert secret not in page
    assert grouped not in page
    for personal in (ANSWERS.get("name"), ANSWERS.get("text"), ANSWERS.get("email")):
        assert not personal or personal not in page
    assert "record.pdf" not in page
    assert 'href="/contact/track"' in page


def test_the_page_stands_while_the_service_is_away(portal):
    address, _ = registered(portal)
    portal.services.replies["ticketing.form.v1"] = Unavailable("Nobody is there.")
    page = portal.send("GET", address)
    assert page.status_code == 200
    assert "405 213 8845" in page.text
    assert 'href="/contact"' in page.text


def test_a_bookmark_of_one_ticket_shows_no_secret_of_another(portal):
    first, _ = registered(portal)
    portal.services.replies[REGISTER] |= {"code": "4052138846"}
    _, cookies = registered(portal)
    page = portal.send("GET", first, headers={"Cookie": cookies}).text
    assert "405 213 8845" in page
    for secret in portal.services.secrets(REGISTER):
        assert secret[:4] + " " + secret[4:8] not in page


@pytest.mark.parametrize("forged", ["x", "", "A" * 300])
def test_nobody_makes_such_an_address(portal, forged):
    page = portal.send("GET", f"{confirmation.DONE}?of={forged}").text
    assert "panel" not in page


def test_a_cookie_is_no_bookmark_and_opens_nothing_for_longer(portal):
    _, cookies = registered(portal)
    sealed = dict(cookie.split("=", 1) for cookie in cookies.split("; "))[confirmation.COOKIE]
    page = portal.send("GET", f"{confirmation.DONE}?of={sealed}").text
    assert "panel" not in page


def test_one_press_says_how_easy_it_was_and_a_page_counts_once(portal):
    address, cookies = registered(portal)
    page = portal.send("GET", address, headers={"Cookie": cookies}).text
    section = page.split('action="/contact/feedback"')[1].split("</form>")[0]
    form = re.search(r'name="form" value="([^"]+)"', section)[1]
    data = {"what": "complaint", "form": form, "score": "4"}
    for _ in range(2):
        answer = portal.send("POST", "/contact/feedback", data=data)
        assert (answer.status_code, answer.headers["location"]) == (303, "/contact/feedback/thanks")
    sent = [data for name, data, _, _ in portal.services.questions if name == RATE]
    assert sent == [{"form": "complaint", "score": 4}] * 2
    assert len(set(portal.services.ids(RATE))) == 1
    assert portal.send("GET", "/contact/feedback/thanks").status_code == 200


@pytest.mark.parametrize("data", [{"score": ""}, {"what": "other", "score": "4"}, {"score": "9"}])
def test_what_is_no_rating_is_thanked_for_and_not_counted(portal, data):
    assert portal.send("POST", "/contact/feedback", data=data).status_code == 303
    assert portal.services.ids(RATE) == []
