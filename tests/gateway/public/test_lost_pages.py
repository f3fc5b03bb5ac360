"""The one door for any code, and the pages for who lost a secret."""

import re
import time
import uuid

import pytest

from bus.errors import NotFound, RuleBroken, Unavailable
from gateway.public.matters import level_time
from tests.gateway.public.strangers import Portal

CODE = "4052138845"
WRONG = RuleBroken("The code is not right.", code="secret_code.wrong")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(level_time, "SECONDS", 0.0)


@pytest.fixture
def portal(tmp_path):
    made = Portal(tmp_path)
    for service in ("ticketing", "inquiry"):
        made.services.replies |= {
            f"{service}.ask_new_secret.v1": {"request_id": str(uuid.uuid4()), "valid_minutes": 30},
            f"{service}.new_secret.v1": WRONG,
        }
    return made


def right(data):
    return {"code": CODE} if data["pin"] == "123456" else WRONG


@pytest.mark.parametrize("service", ["ticketing", "inquiry"])
@pytest.mark.parametrize("path", ["/lost", "/contact/lost", "/inquiry/lost"])
def test_p16_a_lost_secret_is_renewed_by_pages_alone_whatever_it_opened(portal, path, service):
    portal.services.replies[f"{service}.new_secret.v1"] = right
    typed = {"code": "۴۰۵ ۲۱۳ ۸۸۴۵", "contact": "۰۹۱۲ ۱۲۳ ۴۵۶۷"}
    request = portal.send("POST", path, data=typed)
    assert request.status_code == 303
    page = request.headers["location"]
    form = portal.form(page)
    wrong = portal.send("POST", page, data={"form": form, "pin": "654321"})
    assert wrong.status_code == 422
    assert "کد درست نیست" in wrong.text
    form = re.search(r'name="form" value="([^"]+)"', wrong.text)[1]
    done = [portal.send("POST", page, data={"form": form, "pin": "۱۲۳۴۵۶"}) for _ in range(2)]
    secrets = portal.services.secrets(f"{service}.new_secret.v1")
    assert secrets[-1] == secrets[-2], "a form that is sent twice shows one secret"
    cookie, opened = {
        "ticketing": ("mirab_ticket=", "/contact/ticket"),
        "inquiry": ("mirab_own=", "/inquiry/mine"),
    }[service]
    for page in done:
        digits = re.sub(r"\D", "", re.search(r"رمز</dt><dd>(.*?)</dd>", page.text)[1])
        assert digits.endswith(secrets[-1])
        assert cookie in page.headers["set-cookie"], "nobody types what the page has just shown"
        assert f'href="{opened}"' in page.text
    asked_for = [data for name, data, _, _ in portal.services.questions if "ask_new_secret" in name]
    assert len(asked_for) == 2, "both are asked, so that nobody learns whose code it is"
    for data in asked_for:
        assert (data["code"], data["contact"]) == (CODE, "+989121234567")


def test_p16_one_service_that_is_away_does_not_shut_the_way_of_the_other(portal):
    portal.services.replies["inquiry.ask_new_secret.v1"] = Unavailable("Away.")
    portal.services.replies["ticketing.new_secret.v1"] = right
    typed = {"code": CODE, "contact": "09121234567"}
    page = portal.send("POST", "/lost", data=typed).headers["location"]
    assert CODE[:3] in portal.send("POST", page, data={"pin": "123456"}).text
    portal.services.replies["ticketing.ask_new_secret.v1"] = Unavailable("Away.")
    assert portal.send("POST", "/lost", data=typed).status_code == 503


def test_p16_the_answer_takes_its_time_whatever_is_on_file(portal, monkeypatch):
    monkeypatch.setattr(level_time, "SECONDS", 0.3)
    began = time.monotonic()
    portal.send("POST", "/lost", data={"code": CODE, "contact": "09121234567"})
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("path", ["/lost", "/inquiry/lost"])
def test_p16_a_field_that_is_wrong_is_named_and_what_was_typed_stays(portal, path):
    page = portal.send("POST", path, data={"code": "12", "contact": "nobody"})
    assert page.status_code == 422
    assert 'value="nobody"' in page.text
    assert 'id="contact' in page.text


def test_p16_codes_are_asked_for_by_one_address_with_an_end_and_guesses_are_counted(portal):
    portal.services.replies["ticketing.new_secret.v1"] = NotFound("Gone.", code="secret_code.gone")
    page = f"/lost/{uuid.uuid4()}.{uuid.uuid4()}"
    codes = [portal.send("POST", page, data={"pin": "000000"}).status_code for _ in range(65)]
    assert codes[58:62] == [422, 422, 429, 429], "one wrong code at two services is one guess"
    typed = {"code": CODE, "contact": "09121234567"}
    requests = [portal.send("POST", "/lost", data=typed).status_code for _ in range(65)]
    assert requests[0] == 303
    assert requests[-1] == 429


def test_p16_the_door_leads_to_a_new_secret_with_what_was_typed(portal):
    page = portal.send("GET", "/contact/track").text
    assert 'formaction="/lost?door=1"' in page
    assert "صندوق پیام رمز تازه ندارد" in page
    sent = portal.send("POST", "/lost?door=1", data={"code": "405 213", "secret": ""})
    assert (sent.status_code, 'value="405 213"' in sent.text) == (200, True)


# --- the door ---

BILL, PAYMENT = "1000234546116", "175050929"
LEADS = [
    (BILL, PAYMENT, f"/bills/{BILL}/{PAYMENT}"),
    ("۰۱۰۰۰۲۳۴۵۴۶۱۱۶", "۱۷۵۰۵۰۹۲۹", f"/bills/{BILL}/{PAYMENT}"),
    (BILL + PAYMENT.zfill(13), "", f"/bills/{BILL}/{PAYMENT}"),
    (f"https://water.example/l/{CODE}{'a' * 22}", "", f"/l/{CODE}{'a' * 22}"),
    ("v-abcd-efgh-jkmn-pqrs-tuvw", "", "/v1/verify/V-ABCD-EFGH-JKMN-PQRS-TUVW"),
]


@pytest.mark.parametrize(("code", "secret", "page"), LEADS, ids=[page for _, _, page in LEADS])
@pytest.mark.parametrize("path", ["/contact/track", "/inquiry/open", "/inbox/open"])
def test_the_door_knows_by_form_and_check_digits_what_a_code_is_of(
    portal, path, code, secret, page
):
    sent = portal.send("POST", path, data={"code": code, "secret": secret})
    assert (sent.status_code, sent.headers["location"]) == (303, page)


@pytest.mark.parametrize(
    ("code", "secret", "text"),
    [
        (BILL, "", "این شناسه قبض است"),
        (BILL, PAYMENT[:-1] + "0", "این شناسه قبض است"),
        ("4052138846", "1" * 20, "رقمی نادرست است"),
        (CODE, "", "رمز بیست رقمی را بنویسید"),
    ],
)
def test_the_door_says_what_is_wrong_before_anything_is_asked(portal, code, secret, text):
    sent = portal.send("POST", "/contact/track", data={"code": code, "secret": secret})
    assert (sent.status_code, text in sent.text) == (422, True)
    assert portal.services.questions == []


def test_earlier_addresses_lead_to_the_door_and_to_the_lost_secret(portal):
    for path, page in {
        "/inquiry/open": "/contact/track",
        "/inbox/open?lang=en": "/contact/track?lang=en",
        "/contact/lost": "/lost",
        "/inquiry/lost": "/lost",
    }.items():
        answer = portal.send("GET", path)
        assert (answer.status_code, answer.headers["location"]) == (303, page)
