"""The page of a person's own matters: who has a telephone and no code at hand finds all of it.

Real parts: requests and inquiries come in by the public forms, the code comes by SMS.
"""

import re
import secrets

import pytest
import requests

from bus.settings import Settings
from contracts.inquiry import questions
from deploy.local.ports import free_port, listening
from iran.persian import persian_digits
from tests.browser.test_citizen import press
from tests.databases import make_database
from tests.inquiry.in_process import InProcessInquiry
from tests.notify.providers.played import PlayedSms
from tests.processes import Starter
from tests.stacks import run_inquiry
from tests.stores import execute, own_vhost
from tests.waiting import wait_for

FILE, ID, MOBILE, OTHER = "1001/5", "9905251782", "09249423706", "9900000013"
COMPLAINT = {"kind": "complaint", "category": "bill", "text": "قبض من درست نیست", "declared": True}


class House:
    """Inquiry, ticketing and notices before a played telephone, and the public face."""

    def __init__(self, start, folder, amqp, dbs):
        self.db, port = dbs["inquiry"], free_port()
        self.url, self.phone = f"http://127.0.0.1:{port}", PlayedSms(start)
        providers = folder / "providers.toml"
        providers.write_text(self.phone.config(), encoding="utf-8")
        self.environ = run_inquiry(start, folder, amqp, self.db) | {
            "PORTAL_URL": self.url,
            "NOTIFY_PROVIDERS_FILE": str(providers),
        }
        self.environ.pop("processes")
        for name in ("notify", "ticketing"):
            environ = {**self.environ, "DB_URL": dbs[name]}
            service = start("bus", "serve", f"services.{name}", **environ)
            wait_for(lambda p=service, n=name: f"{n}.requests" in p.log, 60)
        start("gateway.public", **self.environ, PORT=str(port), HOST="127.0.0.1")
        wait_for(lambda: listening(port), 60)
        self.ticket = self.register(mobile=MOBILE, national_id=ID)
        self.foreign = self.register(mobile=MOBILE, national_id=OTHER)
        self.ask_own()

    def register(self, **person):
        """The code of a request that came over the public interface."""
        headers = {"Idempotency-Key": f'"{secrets.token_hex(16)}"'}
        answer = requests.post(
            f"{self.url}/v1/tickets", json={**COMPLAINT, **person}, headers=headers, timeout=30
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["code"]

    def ask_own(self):
        fields = {"key": ID, "file_no": FILE, "declared": "1", "mobile": MOBILE}
        answer = requests.post(f"{self.url}/inquiry", data=fields, timeout=30)
        assert answer.status_code == 200

    def ask_by_agency(self, folder):
        """An agency has asked about the same person, once in its right and once not."""
        inquiry = InProcessInquiry(self.db, folder)
        inquiry.service.settings = Settings(self.environ)
        for purpose in ("fuel_quota", "agriculture_aid"):
            inquiry.call(questions.ASK, key_kind="national_id", key=ID, purpose=purpose)
        inquiry.service.store.engine.dispose()

    def pin(self, count):
        """The code of the SMS that came as the ``count``-th."""
        sent = wait_for(lambda: self.phone.messages(to=MOBILE)[count - 1 :], 60)
        return re.search(r"\b([0-9]{6})\b", sent[-1]["body"])[1]

    def sent(self):
        return len(self.phone.messages(to=MOBILE))


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, demo_template, notify_template, ticketing_template):
    folder = tmp_path_factory.mktemp("my")
    templates = {
        "inquiry": demo_template,
        "notify": notify_template,
        "ticketing": ticketing_template,
    }
    dbs = {name: make_database(postgres, f"my_{name}", of) for name, of in templates.items()}
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        made = House(starter, folder, amqp, dbs)
        made.ask_by_agency(folder)
        yield made
        starter.end()


def begin(page, house, **more):
    page.goto(f"{house.url}/my")
    page.fill("#mobile", more.get("mobile", persian_digits(MOBILE)))
    page.fill("#national_id", more.get("national_id", ID))
    press(page, "کد بفرستید")
    page.wait_for_url("**/my/code")


def enter(page, house):
    before = house.sent()
    begin(page, house)
    page.fill("#pin", persian_digits(house.pin(before + 1)))
    press(page, "ورود")
    page.wait_for_url("**/my")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_person_with_a_telephone_and_no_code_finds_everything(
    visitor, house, judged_wide_and_narrow, script
):
    page = visitor(script=script, width=360)
    judged = judged_wide_and_narrow if script else lambda page: None
    page.goto(f"{house.url}/my")
    judged(page)
    before = house.sent()
    begin(page, house)
    judged(page)
    page.fill("#pin", "000000")
    press(page, "ورود")
    assert page.locator(".error-summary").is_visible()
    judged(page)
    page.fill("#pin", house.pin(before + 1))
    press(page, "ورود")
    page.wait_for_url("**/my")
    judged(page)
    code = house.ticket
    shown = page.locator("main").inner_text()
    assert f"{code[:3]} {code[3:6]} {code[6:]}" in shown
    assert FILE in shown
    assert house.foreign not in shown.replace(" ", "")
    page.locator(f'form[action="/my/open/request/{code}"] button').click()
    page.wait_for_url("**/contact/ticket")
    assert COMPLAINT["text"] in page.locator("main").inner_text()
    page.goto(f"{house.url}/my")
    page.locator('form[action^="/my/open/inquiry/"] button').first.click()
    page.wait_for_url("**/inquiry/mine")
    assert FILE in page.locator("main").inner_text()
    page.goto(f"{house.url}/my/asked")
    judged(page)
    questions_shown = page.locator("main").inner_text()
    assert page.locator("article").count() == 2
    assert "رد شد" in questions_shown
    page.locator("article").first.get_by_role("button").click()
    page.wait_for_selector("textarea")
    assert "به این پرسش اعتراض دارم" in page.locator("textarea").input_value()
    judged(page)
    page.goto(f"{house.url}/my")
    press(page, "خروج")
    page.wait_for_url("**/my?left=1")
    for path in ("/my/asked", "/contact/ticket", "/inquiry/mine"):
        page.goto(f"{house.url}{path}")
        assert page.locator("#code, #national_id").count() == 1, path
    page.go_back()
    assert house.ticket not in page.locator("main").inner_text().replace(" ", "")


def test_an_inbox_is_attached_once_and_opens_from_then_on(visitor, house):
    page = visitor(width=360)
    page.goto(f"{house.url}/inbox")
    page.locator("main form button").click()
    page.wait_for_url("**/inbox/mine?new=1")
    code, secret = [b.inner_text().replace(" ", "") for b in page.locator(".panel bdi").all()]
    enter(page, house)
    page.locator("#inboxes summary").click()
    page.fill("#code", code)
    page.fill("#secret", secret)
    press(page, "افزودن")
    page.locator(f'form[action="/my/open/inbox/{code}"] button').click()
    page.wait_for_url("**/inbox/mine")
    assert secret not in page.content().replace(" ", "")


def test_a_copied_cookie_opens_nothing_after_its_owner_has_left(visitor, house):
    page, thief = visitor(), visitor()
    enter(page, house)
    thief.context.add_cookies(page.context.cookies(f"{house.url}/my"))
    thief.goto(f"{house.url}/my")
    assert thief.locator(".lines").count() > 0, "while it lives a cookie is the session"
    press(page, "خروج")
    page.wait_for_url("**/my?left=1")
    thief.goto(f"{house.url}/my")
    assert thief.locator("#national_id").count() == 1


def test_nobody_on_file_sees_the_same_page_in_the_same_time_and_no_sms_goes(visitor, house):
    page, before = visitor(), house.sent()
    begin(page, house, mobile="09121111111")
    text = page.locator("main").inner_text()
    assert "اگر این شماره با این کد ملی ثبت شده باشد" in text
    assert execute(
        house.db, "select count(*) from outbox where body::text like '%9121111111%'"
    ) == [(0,)]
    assert house.sent() == before
