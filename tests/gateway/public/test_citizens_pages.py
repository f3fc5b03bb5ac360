"""The citizens' forms: filled in by any keyboard, left empty, changed in language and in part."""

import html
import re
import uuid

import pytest
import requests

from bus.errors import Unavailable
from contracts.billing import bills as billing
from iran.persian import persian_digits
from tests.gateway.public.strangers import Portal

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
MOBILE, NATIONAL_ID = "09900000012", "9900000013"
COMPLAINT = {
    "kind": "complaint",
    "category": "illegal_well",
    "county": "gachsaran",
    "text": "شب‌ها کنار قنات چاه می‌زنند.",
    "privacy": "private",
    "name": "زهرا کاظمی",
    "mobile": MOBILE,
    "national_id": NATIONAL_ID,
}


def as_typed(text, how):
    """The text as a keyboard or a page that it was copied from gives it."""
    if how == "persian":
        return persian_digits(text)
    if how == "arabic":
        return text.translate(ARABIC)
    half = len(text) // 2
    return f"\u200e\ufeff\t{text[:half]}\u200b\u2060\u202f{text[half:]}\u00a0\u2069"


class Visitor:
    """A browser without JavaScript."""

    def __init__(self, portal):
        self.portal, self.session = portal, requests.Session()

    def get(self, path, **more):
        return self.session.get(f"{self.portal}{path}", timeout=30, **more)

    def post(self, path, **form):
        return self.session.post(f"{self.portal}{path}", data={"form": "", **form}, timeout=30)

    def step(self, page, **form):
        """Sends the page of registering as it is shown, with what is filled in."""
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
        data = {name: html.unescape(value) for name, value in hidden} | {"go": "next"} | form
        return self.session.post(f"{self.portal}/contact/new", data=data, timeout=30)

    def to_check(self, **more):
        """The page that checks all answers."""
        values = {**COMPLAINT, **more}
        page = self.get("/contact/new").text
        for names in (
            ("kind",),
            ("category", "county"),
            ("text",),
            ("privacy", "name", "mobile", "national_id"),
        ):
            page = self.step(page, **{name: values[name] for name in names}).text
        return page


@pytest.fixture
def visitor(shared_desk):
    return Visitor(shared_desk.portal)


def title_of(page):
    return html.unescape(re.search(r"<h1>(.*?)</h1>", page, re.S)[1])


def faults_of(page):
    summary = re.search(r'<div class="error-summary".*?</div>', page, re.S)
    result = (
        re.findall(r'<li>(?:<a href="#([^"]*)">)?(.*?)(?:</a>)?</li>', summary[0])
        if summary
        else []
    )
    return {name: html.unescape(text) for name, text in result}


# --- digits and marks ---


@pytest.mark.parametrize("how", ["persian", "arabic", "pasted"])
def test_p10_c5_digits_and_marks_are_read_in_every_field_of_registering_and_following_up(
    visitor, how
):
    page = visitor.to_check(mobile=as_typed(MOBILE, how), national_id=as_typed(NATIONAL_ID, how))
    assert faults_of(page) == {}
    done = visitor.step(page, declared="1").text
    code, secret = (re.sub(r"\D", "", x) for x in re.findall(r'<dd><bdi dir="ltr">([\d ]+)<', done))
    opened = visitor.post(
        "/contact/track",
        code=as_typed(f"{code[:3]} {code[3:6]} {code[6:]}", how),
        secret=as_typed(secret, how),
    )
    assert opened.url.endswith("/contact/ticket")
    assert "چاه می‌زنند" in opened.text


@pytest.mark.parametrize("how", ["persian", "arabic", "pasted"])
def test_c5_the_ids_of_a_bill_are_read_with_digits_and_marks(how):
    typed = {"bill_id": as_typed("1000234546116", how), "payment_id": as_typed("175050929", how)}
    existing = billing.LOOK_UP.load_data(typed)
    assert (existing["bill_id"], existing["payment_id"]) == ("1000234546116", "175050929")


def test_s23_a_citizens_page_keeps_no_mark_that_turns_the_direction(visitor):
    page = visitor.to_check(text="چاه \u202eرهش\u2066 می‌زنند", name="Ali\u202e ilA")
    done = visitor.step(page, declared="1")
    ticket = visitor.get("/contact/ticket").text
    assert done.status_code == 200
    assert "چاه رهش می‌زنند" in ticket
    assert not set("\u202e\u2066") & set(ticket)


# --- what is left empty ---

EMPTY = [
    ("/inquiry", {"key": "کد ملی را بنویسید", "file_no": "شماره پرونده منبع را بنویسید"}),
    ("/inquiry/open", {"code": "کد ده رقمی را بنویسید", "secret": "رمز بیست رقمی را بنویسید"}),
    ("/inbox/open", {"code": "کد ده رقمی را بنویسید", "secret": "رمز بیست رقمی را بنویسید"}),
    ("/contact/track", {"code": "کد ده رقمی را بنویسید", "secret": "رمز بیست رقمی را بنویسید"}),
    ("/bills", {"bill_id": "شناسه قبض را بنویسید", "payment_id": "شناسه پرداخت را بنویسید"}),
    ("/subscribe", {"address": "شماره تلفن همراه را بنویسید"}),
]


@pytest.mark.parametrize(("path", "messages"), EMPTY, ids=[path for path, _ in EMPTY])
def test_p23_a_form_left_empty_names_each_field_and_what_belongs_there(visitor, path, messages):
    answer = visitor.post(path)
    faults = faults_of(answer.text)
    assert answer.status_code == 422
    assert {name: faults[name].rstrip(".") for name in messages} == messages
    assert "<title>خطا: " in answer.text
    for name in messages:
        assert f'id="{name}"' in answer.text
        assert f'id="{name}-error"' in answer.text


def test_p23_the_address_is_named_by_the_way_that_was_chosen(visitor):
    answer = visitor.post("/subscribe", way="email")
    assert faults_of(answer.text) == {"address": "نشانی پست الکترونیک را بنویسید."}


def test_p24_each_page_of_registering_left_empty_says_what_is_wanted(visitor):
    page = visitor.get("/contact/new").text
    empty = visitor.step(page)
    assert faults_of(empty.text) == {"kind": "نوع درخواست را انتخاب فرمایید."}
    page = visitor.step(page, kind="objection").text
    assert faults_of(visitor.step(page).text)["category"] == "موضوع را انتخاب فرمایید."
    assert faults_of(visitor.step(page, category="bill").text) == {
        "about_kind": "انتخاب فرمایید که به چه چیزی اعتراض دارید."
    }
    page = visitor.step(page, category="bill", about_kind="bill", about_ref="1").text
    assert faults_of(visitor.step(page).text) == {"text": "شرح را بنویسید."}
    assert faults_of(visitor.step(page, text="آب").text) == {
        "text": "شرح را در 5 تا 50000 نویسه بنویسید."
    }
    page = visitor.step(page, text="قبض دو بار پرداخت شد").text
    page = visitor.step(page, privacy="private").text
    assert faults_of(visitor.step(page).text) == {
        "declared": "برای ثبت، درستی نوشته خود را تأیید کنید."
    }


def test_p24_an_act_on_a_ticket_left_empty_says_what_is_wanted(visitor):
    visitor.step(visitor.to_check(), declared="1")
    refused = visitor.post("/contact/ticket/write")
    assert (refused.status_code, faults_of(refused.text)) == (422, {"text": "شرح را بنویسید."})


# --- a form that came too late ---


def opened(visitor):
    """A request of one's own, open in this browser: its code and secret."""
    done = visitor.step(visitor.to_check(), declared="1").text
    return [re.sub(r"\D", "", x) for x in re.findall(r'<dd><bdi dir="ltr">([\d ]+)<', done)]


def test_what_is_written_in_one_tab_goes_to_no_other_request_and_outlives_its_session(visitor):
    code, secret = opened(visitor)
    other, _ = opened(visitor)
    late = visitor.post("/contact/ticket/write", of=code, text="چاه دوم هم هست <b>")
    assert (late.status_code, title_of(late.text)) == (422, "هنوز فرستاده نشده است")
    assert "درخواست دیگری باز شده است" in late.text
    assert 'name="text" value="چاه دوم هم هست &lt;b&gt;"' in late.text
    assert f'value="{code}"' in late.text
    assert "چاه دوم" not in visitor.get("/contact/ticket").text
    assert visitor.post("/contact/ticket/withdraw", of=code).status_code == 422
    kept = {"act": "write", "text": "چاه دوم هم هست <b>", "code": code}
    wrong = visitor.post("/contact/ticket/again", **kept, secret="1" * 20)
    assert (wrong.status_code, "چاه دوم هم هست" in wrong.text) == (422, True)
    page = visitor.post("/contact/ticket/again", **kept, secret=secret).text
    assert re.search("<textarea [^>]*>چاه دوم هم هست &lt;b&gt;</textarea>", page)
    assert f'name="of" value="{code}"' in page
    assert "چاه دوم" not in page.split("<textarea")[0]
    sent = visitor.post("/contact/ticket/write", of=code, text="چاه دوم هم هست <b>")
    assert "چاه دوم هم هست" in sent.text.split("<textarea")[0]
    visitor.session.cookies.clear()
    late = visitor.post("/contact/ticket/write", of=other, text="سی دقیقه نوشتم")
    assert (late.status_code, "سی دقیقه نوشتم" in late.text) == (422, True)


def test_what_is_written_while_the_service_is_away_stays_on_the_page(tmp_path):
    portal = Portal(tmp_path)
    portal.services.replies["ticketing.track.v1"] = {"code": "4052138845"}
    proof = {"code": "4052138845", "secret": "1" * 20}
    cookies = portal.send("POST", "/contact/track", data=proof).cookies
    own = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    away = Unavailable("Nobody is there.")
    portal.services.replies |= {"ticketing.track.v1": away, "ticketing.write.v1": away}
    sent = {"form": str(uuid.uuid4()), "of": "4052138845", "text": "آب نیامد"}
    late = portal.send("POST", "/contact/ticket/write", data=sent, headers=own)
    assert (late.status_code, "retry-after" in late.headers) == (503, True)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', late.text))
    assert hidden == {**sent, "act": "write"}
    assert 'action="/contact/ticket/write"' in late.text


# --- the other language ---

FORMS = [
    ("/inquiry", {"key": "990", "file_no": "1001/5", "mobile": MOBILE, "declared": "1"}),
    ("/inquiry/open", {"code": "405 213", "secret": "1234"}),
    ("/inbox/open", {"code": "405 213", "secret": "1234"}),
    ("/contact/track", {"code": "405 213", "secret": "1234"}),
    ("/bills", {"bill_id": "12345", "payment_id": "678"}),
    ("/subscribe", {"address": "me@example.ir", "way": "email"}),
]


@pytest.mark.parametrize(("path", "typed"), FORMS, ids=[path for path, _ in FORMS])
def test_p4_a_form_changes_its_language_and_keeps_what_was_typed(visitor, path, typed):
    page = visitor.get(path).text
    assert re.search(r'<button class="language" form="page" name="language" value="en"', page)
    other = visitor.post(path, **typed, language="en")
    assert (other.status_code, faults_of(other.text)) == (200, {})
    assert '<html lang="en"' in other.text
    for name, value in typed.items():
        if name not in ("way", "declared"):
            assert re.search(rf'name="{name}"[^>]* value="{re.escape(value)}"', other.text), name
    assert '<html lang="en"' in visitor.get(path).text


def test_p4_a_complaint_changes_its_language_on_each_page(visitor):
    page = visitor.to_check()
    english = visitor.step(page, go="", language="en").text
    assert title_of(english) == "Check your answers"
    assert COMPLAINT["text"] in english
    back = visitor.step(english, go="text").text
    typed = visitor.step(back, text="something else", go="", language="fa").text
    assert '<html lang="fa"' in typed
    assert "something else</textarea>" in typed


ACTS = [
    ("/bills/100/200/pay", "/bills/100/200"),
    ("/inquiry/mine/rate", "/inquiry/mine"),
    ("/u/abc/change", "/u/abc"),
    ("/unsubscribe/abc/undo", "/unsubscribe/abc"),
    ("/alert/abc/confirm", "/alert/abc"),
    ("/contact/ticket/write", "/contact/ticket"),
    ("/contact/leave", "/contact/track"),
    ("/inbox/leave", "/contact/track"),
]


@pytest.mark.parametrize(("path", "page"), ACTS)
def test_p4_the_address_of_an_act_leads_to_its_page_in_either_language(visitor, path, page):
    answer = visitor.get(f"{path}?lang=en", allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{page}?lang=en")


def test_p4_the_link_to_the_other_language_keeps_the_rest_of_the_address(visitor):
    page = visitor.get("/privacy?before=12&lang=en").text
    assert 'href="/privacy?before=12&amp;lang=fa" lang="fa"' in page


OPEN_PAGES = (
    *("/contact", "/contact/new", "/contact/track", "/verify", "/statistics", "/reports"),
    *("/help", "/help/manual", "/privacy", "/accessibility", "/agreement", "/receipts"),
)


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_each_page_is_read_in_a_third_language(visitor, path):
    answer = visitor.get(f"{path}?lang=ar")
    assert (path, answer.status_code) == (path, 200)
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert "المساعدة" in answer.text


def test_the_prover_of_receipts_is_one_file_to_keep(visitor):
    answer = visitor.get("/receipts.html?lang=en")
    assert answer.headers["content-disposition"] == 'attachment; filename="mirab-receipts.html"'
    assert "class Fault extends Error" in answer.text
    assert not any(f'{word}="/' in answer.text for word in ("src", "action"))


# --- one answer changed; a form that is a day old ---


def test_p5_one_answer_changed_leads_back_to_the_page_that_checks(visitor):
    page = visitor.step(visitor.to_check(), go="text").text
    assert "بازگشت به بازبینی" in page
    page = visitor.step(page, text="اکنون روزها هم می‌زنند").text
    assert title_of(page) == "پیش از فرستادن بازبینی کنید"
    assert "اکنون روزها هم می‌زنند" in page


def test_p5_an_answer_on_which_others_rest_asks_for_those_alone(visitor):
    page = visitor.step(visitor.to_check(category="bill"), go="kind").text
    page = visitor.step(page, kind="objection").text
    assert "اعتراض به چیست؟" in page
    page = visitor.step(page, category="bill", about_kind="bill", about_ref="12").text
    assert title_of(page) == "پیش از فرستادن بازبینی کنید"


def test_p5_a_form_that_is_too_old_keeps_what_was_typed_and_says_so(visitor):
    page = visitor.step(visitor.to_check(), go="text").text
    old = visitor.step(page, text="نوشته‌ای بلند", form="older than a day")
    assert old.status_code == 422
    assert "نوشته‌ای بلند</textarea>" in old.text
    assert "بیش از یک روز" in old.text
    assert title_of(visitor.step(old.text, text="نوشته‌ای بلند").text).startswith("پیش از")


def test_p20_the_public_list_is_offered_with_the_page_where_it_stands(visitor):
    page = visitor.to_check(text="این گزارش برای همه است")
    assert 'href="/reports"' in page
    visitor.step(page, declared="1", public="1")
    listed = visitor.get("/reports").text
    assert "این گزارش برای همه است" in listed
    assert "زهرا" not in listed
