"""The pages of a person's own matters: what a session is, opens, and gives to a stranger."""

import json
import re
import time

import pytest

from bus.errors import Forbidden, NotFound, RuleBroken, Unavailable
from bus.messages.message import to_wire
from gateway.public.matters import level_time, session
from tests.gateway.papers.test_documents import bill_of
from tests.gateway.public.strangers import Portal
from tests.gateway.texts.test_other_languages import persian_on

MOBILE, ID, PIN = "09121234567", "9900000013", "123456"
SESSION = {"level": "registered", "since": None, "until": "2026-11-29T09:00:00Z"}
TICKET = {
    "code": "4052138845",
    "kind": "complaint",
    "category": {"code": "bill", "fa": "قبض", "en": "Bill"},
    "unit": {"code": "billing", "fa": "درآمد", "en": "Billing"},
    "state": "PAUSED",
    "state_fa": "در انتظار مراجعه حضوری شما",
    "state_en": "Waiting for your visit",
    "registered_at": "2026-11-23T08:30:00Z",
    "updated_at": "2026-11-23T08:30:00Z",
    "solution_due": None,
    "may": ["write", "choose_slot", "leave_slot"],
    "appointment": {
        "office_fa": "امور آب یاسوج",
        "office_en": "Yasuj office",
        "address_fa": "یاسوج",
        "address_en": "Yasuj",
        "state": "BOOKED",
        "slot": 1,
        "starts_at": "2026-12-01T06:30:00Z",
        "ends_at": "2026-12-01T07:00:00Z",
    },
}
INQUIRY = {
    "code": "5720000008",
    "state": "UNPAID",
    "file_no": "1001/5",
    "asked_at": "2026-11-23T08:30:00Z",
    "bill": None,
}
ASKING = {
    "reference": "0123456789abcdef0123",
    "day": "2026-11-23",
    "agency": "fuel-co",
    "agency_fa": "شرکت پخش",
    "agency_en": "Fuel company",
    "on_behalf_of": None,
    "own": False,
    "batch": True,
    "purpose": {"code": "fuel_quota", "fa": "سهمیه سوخت چاه", "en": "Fuel quota of a well"},
    "laws": [{"code": "FDW-3", "fa": "قانون، ماده ۳", "en": "Act, article 3"}],
    "basis": "\u200f =HYPERLINK(1)",
    "key_kind": "national_id",
    "outcome": "FOUND",
    "refusal": None,
    "sources": 1,
    "parts": ["status", "licence"],
}


def signed_out(_):
    return NotFound("This session has ended.", code="my.signed_out")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(level_time, "SECONDS", 0.0)


@pytest.fixture
def portal(tmp_path):
    made = Portal(tmp_path)
    made.services.replies |= {
        "ticketing.on_file.v1": {"since": None},
        "inquiry.begin_sign_in.v1": {"request_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}
        | {"valid_minutes": 5},
        "inquiry.sign_in.v1": lambda data: (
            SESSION
            if data["pin"] == PIN
            else RuleBroken("The code is not right.", code="secret_code.wrong")
        ),
        "inquiry.sign_out.v1": {"ended": True},
        "inquiry.matters.v1": {"session": SESSION, "inquiries": [INQUIRY], "file_nos": ["1001/5"]},
        "ticketing.my_tickets.v1": {"tickets": [TICKET], "more": False},
        "notify.my_inboxes.v1": {"inboxes": []},
        "billing.bills_of.v1": {"bills": []},
        "ticketing.form.v1": {"categories": [], "counties": [], "units": []}
        | {"hours_fa": "", "hours_en": ""},
        "inquiry.who_asked.v1": {"total": 1, "page": 1, "pages": 1, "entries": [ASKING]},
        "inquiry.find_asking.v1": lambda data: (
            ASKING
            if data["reference"] == ASKING["reference"]
            else NotFound("There is no such entry.", code="my.no_entry")
        ),
    }
    return made


class Browser:
    """Keeps the cookies that the face sets, as a browser does, by their paths."""

    def __init__(self, portal):
        self.portal, self.cookies, self.set = portal, {}, []

    def send(self, method, path, **more):
        carried = "; ".join(
            f"{name}={value}"
            for name, (value, place) in self.cookies.items()
            if path.startswith(place)
        )
        answer = self.portal.send(method, path, headers={"cookie": carried}, **more)
        for line in answer.headers.get_list("set-cookie"):
            self.set.append(line)
            name, value = line.split(";")[0].split("=", 1)
            place = re.search(r"[Pp]ath=([^;]+)", line)[1]
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = (value, place)
        return answer

    def get(self, path):
        return self.send("GET", path)

    def post(self, path, **data):
        return self.send("POST", path, data=data)

    def form(self, path):
        return re.search(r'name="form" value="([^"]+)"', self.get(path).text)[1]

    def begin(self, **more):
        return self.post("/my", **{"mobile": MOBILE, "national_id": ID, **more})

    def enter(self):
        self.begin()
        answer = self.post("/my/code", form=self.form("/my/code"), pin="۱۲۳۴۵۶")
        assert (answer.status_code, answer.headers["location"]) == (303, "/my"), answer.text
        return self


@pytest.fixture
def browser(portal):
    return Browser(portal)


def test_mobile_and_id_then_a_code_open_the_page_and_nothing_secret_stands_in_an_address(browser):
    sent = browser.begin(mobile="۰۹۱۲ ۱۲۳ ۴۵۶۷", national_id="۹۹۰۰۰۰۰۰۱۳")
    assert (sent.status_code, sent.headers["location"]) == (303, "/my/code")
    assert 'autocomplete="one-time-code"' in browser.get("/my/code").text
    wrong = browser.post("/my/code", form=browser.form("/my/code"), pin="654321")
    assert (wrong.status_code, "کد درست نیست" in wrong.text) == (422, True)
    browser.enter()
    page = browser.get("/my").text
    for shown in (
        "405 213 8845",
        "امور آب یاسوج",
        "1001/5",
        "قبضی برای پرداخت ندارید",
        "/my/asked",
    ):
        assert shown in page, shown
    for secret in (MOBILE, MOBILE[1:], ID, PIN):
        assert secret not in page


def test_the_session_is_a_cookie_that_no_script_no_other_site_and_no_cache_reads(browser):
    browser.enter()
    (line,) = [line for line in browser.set if line.startswith(f"{session.SESSION}=gAAA")]
    assert {"HttpOnly", "Path=/my", "Max-Age=1800"} <= set(line.split("; "))
    assert "samesite=lax" in line.lower()
    for secret in (MOBILE[1:], ID):
        assert secret not in line
    for path in ("/my", "/my/asked", "/my/asked.csv", "/my/asked.json"):
        assert browser.get(path).headers["cache-control"] == "no-store", path
    assert browser.post("/my/open/request/4052138845").headers["cache-control"] == "no-store"


def test_a_browser_is_known_to_one_person_until_somebody_leaves_it(portal, browser):
    def own_browser():
        return [
            data["own_browser"]
            for name, data, _, _ in portal.services.questions
            if name == "inquiry.begin_sign_in.v1"
        ]

    browser.enter()
    browser.begin()
    browser.begin(mobile="09120000000")
    other = Browser(portal)
    other.cookies = {session.KNOWN: ("gAAAAA-a-cookie-of-mine", "/my")}
    other.begin()
    assert own_browser() == [False, True, False, False]
    browser.enter()
    browser.post("/my/leave")
    browser.begin()
    assert own_browser()[-1] is False


def test_over_https_the_cookie_is_secure(tmp_path, portal):
    face = Portal(tmp_path, PORTAL_URL="https://portal.test")
    face.services.replies = portal.services.replies
    data = {"mobile": MOBILE, "national_id": ID}
    answer = face.send("POST", "https://portal.test/my", data=data)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_the_answer_to_a_person_and_to_nobody_is_the_same(portal, browser, monkeypatch):
    person = browser.begin()
    portal.services.replies["ticketing.on_file.v1"] = {"since": "2026-11-23T08:30:00Z"}
    other = Browser(portal).begin(mobile="09120000000")
    assert (person.status_code, person.headers["location"], person.content) == (
        other.status_code,
        other.headers["location"],
        other.content,
    )
    monkeypatch.setattr(level_time, "SECONDS", 0.3)
    began = time.monotonic()
    browser.begin()
    assert time.monotonic() - began >= 0.3
    portal.services.replies["ticketing.on_file.v1"] = Unavailable("Away.")
    assert browser.begin().status_code == 303, "whom another service knows gets a code all the same"


def test_codes_are_asked_for_by_one_address_with_an_end_and_guesses_are_counted(portal, browser):
    statuses = [browser.begin().status_code for _ in range(62)]
    assert (statuses[0], statuses[-1]) == (303, 429)
    other = Browser(portal)
    other.cookies = dict(browser.cookies)
    form = {"form": "none", "pin": "000000"}
    guessed = [other.post("/my/code", **form).status_code for _ in range(62)]
    assert (guessed[0], guessed[-1]) == (422, 429)


def test_a_session_begins_with_a_new_token_that_nobody_can_plant(portal, browser):
    other = Browser(portal)
    other.begin()
    form = other.form("/my/code")
    browser.begin()
    browser.post("/my/code", form=form, pin=PIN)
    other.post("/my/code", form=form, pin="654321")
    browser.enter()
    tokens = [
        data["token"]
        for name, data, _, _ in portal.services.questions
        if name == "inquiry.sign_in.v1"
    ]
    assert len(tokens) == len(set(tokens)) == 3
    planted = Browser(portal)
    planted.cookies = {session.SESSION: ("gAAAAA-a-cookie-of-mine", "/my")}
    assert 'name="national_id"' in planted.get("/my").text


def test_a_code_entered_twice_is_one_act(portal, browser):
    browser.begin()
    form, pending = browser.form("/my/code"), dict(browser.cookies)
    for _ in range(2):
        browser.cookies = dict(pending)
        assert browser.post("/my/code", form=form, pin=PIN).status_code == 303
    ids = portal.services.ids("inquiry.sign_in.v1")
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/my/asked"),
        ("GET", "/my/asked.csv"),
        ("GET", "/my/asked.json"),
        ("POST", "/my/asked/0123456789abcdef0123/object"),
        ("POST", "/my/open/request/4052138845"),
        ("POST", "/my/visits/4052138845/leave"),
        ("POST", "/my/inboxes"),
    ],
)
def test_without_a_session_or_with_one_that_ended_every_address_leads_to_the_form(
    portal, browser, method, path
):
    nobody = browser.send(method, path)
    assert (nobody.status_code, nobody.headers["location"]) == (303, "/my")
    browser.enter()
    for contract in ("matters", "who_asked", "find_asking"):
        portal.services.replies[f"inquiry.{contract}.v1"] = signed_out
    ended = browser.send(method, path)
    assert (ended.status_code, ended.headers["location"]) == (303, "/my?ended=1")
    assert session.SESSION not in browser.cookies
    assert "نشست شما پایان یافته است" in browser.get("/my?ended=1").text


def test_who_leaves_leaves_nothing_behind_and_the_token_is_ended_where_it_is_kept(portal, browser):
    portal.services.replies["ticketing.open_my_ticket.v1"] = lambda data: {
        "code": data["code"],
        "secret": "a pass",
    }
    browser.enter()
    opened = browser.post("/my/open/request/4052138845?visit=1")
    assert opened.headers["location"] == "/contact/ticket#visit"
    assert {session.SESSION, "mirab_ticket"} <= set(browser.cookies)
    left = browser.post("/my/leave")
    assert left.headers["location"] == "/my?left=1"
    assert browser.cookies == {}
    (token,) = [
        data["token"]
        for name, data, _, _ in portal.services.questions
        if name == "inquiry.sign_out.v1"
    ]
    assert token
    browser.enter()
    portal.services.replies["inquiry.sign_out.v1"] = Unavailable("Away.")
    assert browser.post("/my/leave").status_code == 303
    assert browser.cookies == {}, "whoever leaves a borrowed browser has left"


def test_a_foreign_code_in_an_address_is_no_page_and_is_a_guess(portal, browser):
    portal.services.replies["ticketing.open_my_ticket.v1"] = NotFound(
        "There is no such request of yours.", code="ticket.not_opened"
    )
    browser.enter()
    answers = [browser.post("/my/open/request/5720000008").status_code for _ in range(62)]
    assert (answers[0], answers[-1]) == (403, 429)
    assert "mirab_ticket" not in browser.cookies
    assert browser.post("/my/open/agency/4052138845").status_code == 404


def test_a_part_that_is_away_does_not_take_the_others_along(portal, browser):
    browser.enter()
    portal.services.replies["ticketing.my_tickets.v1"] = Unavailable("Away.")
    portal.services.replies["billing.bills_of.v1"] = Unavailable("Away.")
    page = browser.get("/my")
    assert (page.status_code, page.text.count("اکنون در دسترس نیست")) == (200, 2)
    assert "1001/5" in page.text


def test_who_asked_is_shown_and_taken_along_in_both_languages(browser):
    browser.enter()
    page = browser.get("/my/asked").text
    for shown in ("شرکت پخش", "1405/09/02", "سهمیه سوخت چاه", "گروهی", ASKING["reference"]):
        assert shown in page, shown
    csv = browser.get("/my/asked.csv").text
    assert "شرکت پخش" in csv
    assert ",'\u200f =HYPERLINK(1)," in csv, "no cell is taken for a formula"
    english = browser.get("/my/asked.csv?lang=en").text
    head = english.splitlines()[0].removeprefix("\ufeff").split(",")
    assert (head[0], head[1], head[-1]) == ("Day", "Agency", "Reference")
    assert json.loads(browser.get("/my/asked.json").text)["entries"][0]["agency"] == "fuel-co"


def test_whom_the_registry_does_not_know_is_told_the_way_there(portal, browser):
    browser.enter()
    stated = {**SESSION, "level": "stated"}
    portal.services.replies["inquiry.matters.v1"] = {
        "session": stated,
        "inquiries": [],
        "file_nos": [],
    }
    portal.services.replies["inquiry.who_asked.v1"] = Forbidden("No.", code="my.not_registered")
    page = browser.get("/my/asked")
    assert (page.status_code, "امور آب شهرستان" in page.text) == (200, True)
    assert browser.get("/my/asked.csv").status_code == 403


def test_an_objection_is_begun_with_agency_day_and_reference(browser):
    browser.enter()
    page = browser.post(f"/my/asked/{ASKING['reference']}/object").text
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.S)[1]
    for shown in ("شرکت پخش", "1405/09/02", ASKING["reference"]):
        assert shown in text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert (hidden["kind"], hidden["category"]) == ("complaint", "inquiry_answer")
    assert (hidden["about_kind"], hidden["about_ref"]) == ("answer", ASKING["reference"])
    assert browser.post("/my/asked/ffffffffffffffffffff/object").status_code == 404


def test_a_wish_for_ones_data_carries_what_the_session_has_proven(portal, browser):
    since = "2026-11-23T08:30:00Z"
    matters = {"session": {**SESSION, "since": since}, "inquiries": [], "file_nos": []}
    portal.services.replies["inquiry.matters.v1"] = matters
    portal.services.replies["ticketing.wish_for_my_data.v1"] = {"state": "WISHED", "at": since}
    fields = {"kind": "erase", "since": "2001-01-01T00:00:00Z", "national_id": "1"}
    answer = browser.enter().post("/my/data", **fields)
    assert answer.headers["location"] == "/my?done=data#data"
    (wish,) = [
        data
        for name, data, _, _ in portal.services.questions
        if name == "ticketing.wish_for_my_data.v1"
    ]
    assert (wish["kind"], wish["since"], wish["national_id"]) == ("erase", since, ID)


def test_a_letter_in_an_inbox_names_who_wrote_it_and_its_addresses_are_links(portal, browser):
    letter = {"id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "at": "2026-11-23T08:30:00Z"}
    letter |= {"subject": "سهمیه", "body": "<b> در http://portal.test/news\n* کارت سوخت"}
    named = letter | {"owner": "fuel-co", "owner_fa": "شرکت پخش", "owner_en": "Fuel company"}
    portal.services.replies |= {
        "notify.make_inbox.v1": {"code": TICKET["code"]},
        "notify.read_inbox.v1": {"code": TICKET["code"], "next": None}
        | {"letters": [named, letter | {"owner": "bank"}, letter | {"owner": "mirab"}]},
    }
    browser.post("/inbox", form=browser.form("/inbox"))
    page = browser.get("/inbox/mine").text
    assert "شرکت پخش" in page
    assert "fuel-co" not in page
    assert ">bank</bdi>" in page
    assert "&lt;b&gt; در " in page
    assert 'href="http://portal.test/news"' in page
    assert "<li>کارت سوخت</li>" in page
    assert "Fuel company" in browser.get("/inbox/mine?lang=en").text
    assert persian_on(browser.get("/inbox/mine?lang=ar")) == []


def test_on_a_page_of_ones_own_in_arabic_what_stays_persian_is_marked(portal, browser):
    named = {"fa": "ماء", "en": "Water"}
    ticket = TICKET | {"category": named, "unit": named, "state_fa": "قيد المعالجة"}
    portal.services.replies |= {
        "ticketing.my_tickets.v1": {"tickets": [ticket], "more": False},
        "billing.bills_of.v1": {"bills": [to_wire(bill_of())]},
    }
    browser.enter()
    for path in ("/my", "/my/before"):
        assert persian_on(browser.get(f"{path}?lang=ar")) == [], path


def test_what_is_sent_from_a_person_s_page_is_not_done_for_who_came_in_since(portal, browser):
    whose = re.search(r'name="whose" value="([^"]+)"', browser.enter().get("/my").text)[1]
    assert MOBILE not in whose
    browser.begin(mobile="09120000002", national_id="0012345679")
    browser.post("/my/code", form=browser.form("/my/code"), pin=PIN)
    before = len(portal.services.questions)
    for path, sent in (("/my/inboxes", {"code": TICKET["code"]}), ("/my/data", {"kind": "erase"})):
        answer = browser.post(path, whose=whose, **sent)
        assert answer.headers["location"] == "/my?done=other"
    contracts = {name for name, *_ in portal.services.questions[before:]}
    assert contracts == {"inquiry.matters.v1"}
    assert "شخص دیگری وارد شده است" in browser.get("/my?done=other").text
