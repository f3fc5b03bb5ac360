"""The pages of the question weeks after the end, as a browser without script sees them."""

import re
import uuid

import pytest

from bus.errors import NotFound, RuleBroken, Unavailable
from gateway.http import kept
from gateway.public.about import figures
from tests.gateway.public.strangers import Portal
from tests.gateway.public.test_kept_pages import REPLIES
from tests.gateway.public.test_promise_page import PROMISES, promise
from tests.gateway.public.test_reports_pages import FORM, STATISTICS

NUMBER = "1234567890123456"
PAGE = f"/contact/follow-up/{NUMBER}"
READ, ANSWER = "ticketing.read_follow_up.v1", "ticketing.answer_follow_up.v1"
QUESTION = {
    "code": "4052138845",
    "kind": "complaint",
    "category": {"code": "illegal_well", "fa": "چاه غیرمجاز", "en": "Illegal well"},
    "county": "dena",
    "unit": {"code": "groundwater", "fa": "آب‌های زیرزمینی", "en": "Groundwater"},
    "registered_at": "2026-10-23T08:30:00Z",
    "standing": "open",
    "mended": None,
}
NONE = NotFound("No question opens by this number.", code="follow_up.not_found")
ANSWER_FIELDS = {"mended": "no", "first_time": "unsaid", "text": "باز نشت می‌کند"}
FOLLOW_UPS = {
    "periods": [
        {"measure": "asked", "first": "1405-07", "last": "1405-08", "count": 30},
        {"measure": "asked", "first": "1405-09", "last": "1405-09", "count": 10},
        {"measure": "answered", "first": "1405-07", "last": "1405-09", "count": 20},
        {"measure": "mended", "first": "1405-07", "last": "1405-09", "count": 15},
    ],
    "units": [
        {
            "measure": measure,
            "units": [QUESTION["unit"], {"code": "surface", "fa": "آب سطحی", "en": "Surface"}],
            "count": count,
        }
        for measure, count in (("asked", 40), ("answered", 20), ("mended", 15))
    ],
    "total": {
        **{"asked": 40, "answered": 20, "mended": 15, "not_mended": None, "unknown": None},
        **{"first_time": 14, "not_first": 6, "unsaid": None},
    },
}


@pytest.fixture
def portal(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 0)
    made = Portal(tmp_path)
    made.services.replies |= {
        READ: QUESTION,
        ANSWER: {**QUESTION, "standing": "answered", "mended": "no"},
        "ticketing.form.v1": FORM,
        "ticketing.statistics.v1": {**STATISTICS, "follow_ups": FOLLOW_UPS},
        "inquiry.ratings.v1": {"smallest": 5, "ratings": []},
    }
    return made


def messages_to(portal, contract):
    return [data for name, data, _, _ in portal.services.questions if name == contract]


def test_opening_the_link_answers_nothing_and_nobody_keeps_or_indexes_the_page(portal):
    for method in ("GET", "HEAD", "GET"):
        reply = portal.send(method, PAGE)
        assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store")
    assert messages_to(portal, ANSWER) == []
    assert reply.headers["referrer-policy"] in ("no-referrer", "same-origin")
    assert "/contact/follow-up/" in portal.send("GET", "/robots.txt").text
    page = reply.text
    assert "405 213 8845" in page
    assert re.findall(r'name="mended" value="(\w+)"( checked)?', page) == [
        ("yes", ""),
        ("no", ""),
        ("unknown", ""),
    ], "nothing is chosen for anybody"


@pytest.mark.parametrize(
    ("lang", "direction", "words"),
    [("fa", "rtl", "حل نشده است"), ("en", "ltr", "It is not mended"), ("ar", "rtl", "لم تُحلّ")],
)
def test_the_page_is_read_in_three_languages(portal, lang, direction, words):
    page = portal.send("GET", f"{PAGE}?lang={lang}").text
    assert f'<html lang="{lang}" dir="{direction}">' in page
    assert words in page


def test_an_answer_is_one_act_however_often_it_is_sent(portal):
    form = portal.form(PAGE)
    replies = [portal.send("POST", PAGE, data={**ANSWER_FIELDS, "form": form}) for _ in range(2)]
    assert [(r.status_code, r.headers["location"]) for r in replies] == [(303, PAGE)] * 2
    first, second = portal.services.ids(ANSWER)
    assert first == second
    assert messages_to(portal, ANSWER)[0] == {**ANSWER_FIELDS, "question_number": NUMBER}


def test_what_is_not_chosen_is_said_beside_it_and_what_was_typed_stays(portal):
    reply = portal.send("POST", PAGE, data={"text": "باز نشت می‌کند", "form": str(uuid.uuid4())})
    assert reply.status_code == 422
    assert "انتخاب فرمایید که مشکل حل شده است یا نه." in reply.text
    assert "باز نشت می‌کند</textarea>" in reply.text
    assert messages_to(portal, ANSWER) == []


def test_who_says_not_mended_reads_that_nothing_began_and_how_to_ask_for_it(portal):
    portal.services.replies[READ] = {**QUESTION, "standing": "answered", "mended": "no"}
    page = portal.send("GET", PAGE).text
    assert "رسیدگی دوباره آغاز نشده است" in page
    assert 'href="/contact/track"' in page
    assert "<textarea" not in page
    assert "ticketing.reopen.v1" not in {name for name, *_ in portal.services.questions}
    new = portal.send("POST", f"{PAGE}/new")
    assert new.status_code == 200
    assert "405 213 8845" in new.text
    assert 'name="category" value="illegal_well"' in new.text
    assert "ticketing.register.v1" not in {name for name, *_ in portal.services.questions}
    back = portal.send("GET", f"{PAGE}/new?lang=en")
    assert (back.status_code, back.headers["location"]) == (303, f"{PAGE}?lang=en")


def test_who_says_mended_is_thanked_alone(portal):
    portal.services.replies[READ] = {**QUESTION, "standing": "answered", "mended": "yes"}
    page = portal.send("GET", PAGE).text
    assert "سپاسگزاریم" in page
    assert f'action="{PAGE}/new"' not in page


def test_work_that_goes_on_again_is_said_instead_of_the_question(portal):
    portal.services.replies[READ] = {**QUESTION, "standing": "over"}
    page = portal.send("GET", PAGE).text
    assert "دوباره در دست رسیدگی است" in page
    assert 'name="mended"' not in page


@pytest.mark.parametrize("code", ["follow_up.answered", "follow_up.over"])
def test_a_second_answer_leads_to_how_the_question_stands(portal, code):
    portal.services.replies[ANSWER] = RuleBroken("No more.", code=code)
    reply = portal.send("POST", PAGE, data={**ANSWER_FIELDS, "form": str(uuid.uuid4())})
    assert (reply.status_code, reply.headers["location"]) == (303, PAGE)


def test_a_number_that_opens_nothing_is_a_page_with_a_form_and_guesses_are_counted(portal):
    portal.services.replies |= {READ: NONE, ANSWER: NONE}
    for reply in (
        portal.send("GET", PAGE),
        portal.send("POST", PAGE, data=ANSWER_FIELDS),
        portal.send("POST", f"{PAGE}/new"),
        portal.send("GET", "/contact/follow-up/12"),
    ):
        assert reply.status_code == 404
        assert 'name="question_number"' in reply.text
        assert NUMBER not in re.sub(r'href="[^"]*"', "", reply.text)
    statuses = [portal.send("GET", PAGE).status_code for _ in range(80)]
    assert 429 in statuses


def test_the_number_of_an_sms_is_typed_however_it_is_grouped(portal):
    typed = {"question_number": "۱۲۳۴ ۵۶۷۸-۹۰۱۲ ۳۴۵۶"}
    reply = portal.send("POST", "/contact/follow-up", data=typed)
    assert (reply.status_code, reply.headers["location"]) == (303, PAGE)
    wrong = portal.send("POST", "/contact/follow-up", data={"question_number": "12"})
    assert wrong.status_code == 422
    assert "۱۶ رقم" in wrong.text


@pytest.mark.parametrize("code", ["1234 5678 9012 3456", f"http://portal.test{PAGE}"])
def test_the_one_door_leads_to_the_question_too(portal, code):
    reply = portal.send("POST", "/contact/track", data={"code": code, "secret": ""})
    assert (reply.status_code, reply.headers["location"]) == (303, PAGE)


def test_nothing_typed_is_lost_while_the_desk_is_away(portal):
    form = portal.form(PAGE)
    portal.services.replies |= {name: Unavailable("Away.") for name in (READ, ANSWER)}
    reply = portal.send("POST", PAGE, data={**ANSWER_FIELDS, "form": form})
    assert reply.status_code == 503
    assert f'name="form" value="{form}"' in reply.text
    assert "باز نشت می‌کند</textarea>" in reply.text
    assert 'value="no" checked' in reply.text


def test_the_figures_stand_on_the_page_in_the_open_data_and_beside_promise_s11(portal):
    page = portal.send("GET", "/statistics?lang=en").text
    section = page[page.index('id="follow-ups"') :]
    assert "Groundwater, Surface" in section
    assert "Not mended" not in section, "what is hidden has no row"
    document = portal.send("GET", "/statistics.json").json()
    assert document["follow_ups"]["total"]["not_mended"] is None
    later = {"of": "later", "rated": 20, "mean_hundredths": None, "solved": 15}
    assert later in document["satisfaction"]
    lines = portal.send("GET", "/statistics.csv").content.decode("utf-8-sig").splitlines()
    assert lines[0] == ",".join(figures.COLUMNS)
    rows = [line.split(",") for line in lines if line.startswith("follow_up")]
    assert len(rows) == 4 + 3 + 2
    assert rows[4][:2] + rows[4][4:5] == ["follow_up_units", "asked", "groundwater surface"]
    assert "75" in re.search(r"Weeks after the end.*?</div>", page, re.S)[0]


@pytest.mark.parametrize("path", ["/promise", "/status"])
def test_promise_s11_says_how_many_call_it_mended(portal, path):
    portal.services.replies |= {
        "notify.promises.v1": {**PROMISES, "promises": [promise("S11", "elsewhere")]},
        "notify.status.v1": {
            **REPLIES["notify.status.v1"],
            "promises": [promise("S11", "elsewhere")],
        },
        "notify.current.v1": REPLIES["notify.current.v1"],
    }
    page = portal.send("GET", f"{path}?lang=en").text
    assert "Weeks after the end: 75% say it is mended (20 answers)" in page


def test_while_too_few_were_asked_nothing_is_said_of_it(portal):
    portal.services.replies["ticketing.statistics.v1"] = STATISTICS
    assert 'id="follow-ups"' not in portal.send("GET", "/statistics").text
    assert portal.send("GET", "/statistics.json").json()["follow_ups"] is None
