"""The public face beside test_faces: by machine or browser, in a flood, without a broker."""

import re

import pytest
import requests

from gateway.http.problems import PROBLEMS, TRANSLATED
from gateway.limits import guesses as guesses_of
from tests.gateway.conftest import begin, environ_of

PERSIAN = TRANSLATED["fa"]
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def given_answer(sender):
    """An answer that was just given."""
    return sender.send().json()


def get(url, **headers):
    return requests.get(url, headers=headers, timeout=15)


def test_an_answer_for_one_form_is_kept_for_no_other(public_face, given_answer):
    answer = get(f"{public_face}/v1/verify/{given_answer['verification_code']}")
    assert answer.json()["genuine"] is True
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["cache-control"] == "no-store"


def test_a_code_typed_in_small_letters_leads_to_its_page(public_face, given_answer):
    answer = get(f"{public_face}/?code={given_answer['verification_code'].lower()}", **BROWSER)
    assert answer.url == f"{public_face}/v1/verify/{given_answer['verification_code'].lower()}"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert 'lang="fa" dir="rtl"' in answer.text
    assert "این پاسخ اصیل است" in answer.text
    assert given_answer["tracking_code"] in answer.text


def test_a_code_typed_in_persian_digits_finds_its_page(public_face):
    answer = get(f"{public_face}/?code=V-۱۲۳۴ ۵۶", **BROWSER)
    assert answer.status_code == 200
    assert "چنین پاسخی داده نشده است" in answer.text


@pytest.mark.parametrize("code", ["", "  ", "؟؟؟", "!/<>"])
def test_a_form_with_no_code_in_it_asks_for_one(public_face, code):
    answer = requests.get(public_face, params={"code": code}, headers=BROWSER, timeout=15)
    assert answer.status_code == 200
    assert "کد راستی‌آزمایی را وارد کنید" in answer.text


def test_an_attempt_to_inject_a_script_or_a_path_stays_a_code(public_face):
    for code in ("<script>alert(1)</script>", "../../health/live", "//evil.example", "a\r\nX: y"):
        answer = requests.get(
            public_face, params={"code": code}, headers=BROWSER, timeout=15, allow_redirects=False
        )
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/v1/verify/")
        assert answer.headers["location"].count("/") == 3
        assert "x" not in {name.lower() for name in answer.headers}


def test_a_problem_is_json_for_a_machine_and_a_sentence_for_a_person(public_face):
    url = f"{public_face}/v1/verify/{'V' * 61}"
    body = get(url).json()
    assert (body["status"], body["code"]) == (422, "contract.broken")
    assert body["errors"][0]["field"] == "verification_code"
    page = get(url, **BROWSER)
    assert page.status_code == 422
    assert "این کد خوانا نیست" in page.text
    assert page.headers["traceparent"].split("-")[1] in page.text


def test_a_path_that_is_not_there_is_a_page_for_a_person_too(public_face):
    assert "چنین صفحه‌ای نیست" in get(f"{public_face}/nowhere", **BROWSER).text
    assert get(f"{public_face}/nowhere").json()["code"] == "http.not_found"


def test_a_form_that_we_do_not_have_is_refused(public_face):
    answer = get(f"{public_face}/v1/verify/V-AAAA", Accept="image/png")
    assert (answer.status_code, answer.json()["code"]) == (406, "http.not_acceptable")


def test_security_headers_and_security_txt_are_there(public_face):
    home = get(public_face, **BROWSER)
    assert home.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in home.headers["content-security-policy"]
    reply = get(f"{public_face}/.well-known/security.txt")
    assert reply.headers["content-type"].startswith("text/plain")
    assert {line.split(":")[0] for line in reply.text.splitlines()} == {
        "Contact",
        "Expires",
        "Preferred-Languages",
    }


def test_the_page_of_each_problem_and_the_style_are_there(public_face):
    assert get(f"{public_face}/problems/limit.reached").status_code == 200
    assert get(f"{public_face}/static/mirab.css").headers["content-type"].startswith("text/css")


def test_who_asks_too_often_waits_and_others_do_not(monkeypatch):
    monkeypatch.setattr(guesses_of, "REQUESTS", 2)
    guesses = guesses_of.Guesses()
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.2"):
        guesses.take(address)
    with pytest.raises(guesses_of.TooMany) as refused:
        guesses.take("10.0.0.1")
    assert 1 <= int(refused.value.details["retry_after"]) <= 60
    guesses.take("10.0.0.2")


def test_a_flood_of_addresses_neither_fills_memory_nor_resets_the_counts(monkeypatch):
    monkeypatch.setattr(guesses_of, "MOST_ADDRESSES", 10)
    monkeypatch.setattr(guesses_of, "REQUESTS", 3)
    guesses = guesses_of.Guesses()
    for _ in range(3):
        guesses.take("10.0.0.1")
    refused = 0
    for n in range(100):
        try:
            guesses.take(f"10.0.1.{n}")
        except guesses_of.TooMany:
            refused += 1
    assert refused == 100 - 9 - 3
    assert len(guesses._counts) <= 11
    with pytest.raises(guesses_of.TooMany):
        guesses.take("10.0.0.1")


def test_a_neighbourhood_of_ipv6_counts_as_one_and_ipv4_as_itself():
    assert guesses_of.neighbourhood("2001:db8::1") == guesses_of.neighbourhood("2001:db8::ffff:1")
    assert guesses_of.neighbourhood("2001:db8:0:1::1") != guesses_of.neighbourhood("2001:db8::1")
    assert guesses_of.neighbourhood("::ffff:10.0.0.1") != guesses_of.neighbourhood(
        "::ffff:10.0.0.2"
    )
    assert guesses_of.neighbourhood("10.0.0.1") == "10.0.0.1"


def test_b3_without_a_broker_a_person_reads_that_and_a_machine_when_to_come_back(
    start, shared_face
):
    environ = {**environ_of(shared_face.inquiry), "AMQP_URL": "amqp://guest:guest@127.0.0.1:1/"}
    url = begin(start, "public", **environ)
    page = get(f"{url}/v1/verify/V-AAAA", **BROWSER)
    assert page.status_code == 503
    assert page.headers["retry-after"]
    assert "چند دقیقه دیگر" in page.text
    assert get(f"{url}/v1/verify/V-AAAA").json()["code"] == "broker.unreachable"
    form = {"key": "9905251782", "file_no": "1001/5", "declared": "1", "form": "b3-form-away"}
    shown_again = requests.post(f"{url}/inquiry", data=form, timeout=20)
    assert (shown_again.status_code, shown_again.headers.get("retry-after")) == (503, "2")


@pytest.mark.parametrize(
    ("lang", "act", "use"),
    [
        ("fa", "دستورالعمل اجرایی قانون تعیین تکلیف چاه‌های فاقد پروانه", "منبع فاقد پروانه"),
        (
            "en",
            "Executive directive of the Act on wells without licence",
            "A source without licence",
        ),
    ],
)
def test_l15_a_page_lists_the_laws_and_every_page_leads_there(public_face, lang, act, use):
    page = get(f"{public_face}/laws?lang={lang}", **BROWSER)
    assert page.status_code == 200
    assert act in page.text
    assert use in page.text
    for code in ("FDW-45-E", "ULW-DIR", "CH2-24"):
        assert f'id="{code}"' in page.text
    assert 'href="/laws"' in get(f"{public_face}/privacy", **BROWSER).text


def test_l16_the_agreement_stands_on_a_page_with_each_of_its_thirteen_promises(public_face):
    answer = get(f"{public_face}/agreement", **BROWSER)
    assert answer.status_code == 200
    for number in range(1, 14):
        assert f'id="S{number}"' in answer.text
    for words in ("توافق‌نامه سطح خدمت", "مسئولیت", "روش‌های نظارت", "تعهدات"):
        assert words in answer.text
    english = get(f"{public_face}/agreement?lang=en", **BROWSER)
    assert "Service-level agreement" in english.text


def told_in(language, url, path, **more):
    headers = {"Accept-Language": language} if language else {}
    method = more.pop("method", "GET")
    answer = requests.request(method, url + path, headers=headers, timeout=20, **more)
    return answer, answer.headers.get("content-language")


def test_c13_a_problem_is_told_in_the_language_that_a_program_asks_for(public_face):
    question = {"method": "POST", "json": {"items": []}}
    for language in ("fa", "fa-IR,en;q=0.5", "en;q=0.2, fa;q=0.9"):
        answer, spoken = told_in(language, public_face, "/v1/quotes", **question)
        problem = answer.json()
        assert (answer.status_code, spoken, problem["code"]) == (422, "fa", "contract.broken")
        assert problem["title"] == "درخواست مطابق قرارداد آن نیست"
        assert all(not re.search("[a-z]{4}", problem[name]) for name in ("title", "detail"))
        assert problem["errors"][0]["field"] == "items"
        assert "Accept-Language" in answer.headers["vary"]
    for language in (None, "en", "de, *;q=0.1", "fa;q=0.1, en", "fa;q=x"):
        answer, spoken = told_in(language, public_face, "/v1/quotes", **question)
        assert (spoken, answer.json()["title"][:3]) == ("en", PROBLEMS["contract.broken"].title[:3])


def test_c13_what_is_not_there_is_told_in_persian_by_each_door_of_the_face(public_face):
    problem = told_in("fa", public_face, "/v1/nothing")[0].json()
    assert problem["title"] == PERSIAN["http.not_found"].title
    page, spoken = told_in("fa", public_face, "/problems/bill.not_found")
    assert (PERSIAN["bill.not_found"].what_to_do in page.text, spoken) == (True, "fa")
    assert 'lang="fa"' in page.text
    page, spoken = told_in("", public_face, "/problems/bill.not_found")
    assert (PROBLEMS["bill.not_found"].title in page.text, spoken) == (True, "en")
    (error,) = told_in("fa", public_face, "/open311/v2/nothing.json")[0].json()
    assert error["description"] == f"{PERSIAN['http.not_found'].title}."


@pytest.mark.parametrize("tag", TRANSLATED)
def test_c13_each_translated_problem_is_one_of_ours_and_says_both(tag):
    assert TRANSLATED[tag].keys() == PERSIAN.keys()
    for code, problem in TRANSLATED[tag].items():
        assert code in PROBLEMS
        assert problem.title != problem.what_to_do
        assert re.search("[آ-ی]", problem.title)
        assert problem.what_to_do.endswith(".")
