"""An officer's day at the register of agencies in a browser, and each page judged."""

import re
import secrets

import pytest

from tests.browser.test_citizen import confirm, open_menu, press, sit_down
from tests.gateway.desk.seats import running
from tests.gateway.desk.test_register_pages import KEYS, Register


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, ticketing_template, agencies_template):
    templates = {"ticketing": ticketing_template, "agencies": agencies_template}
    with running(Register, tmp_path_factory, broker, postgres, **templates) as house:
        yield house


def seat(visitor, house, username, **more):
    """A browser of an officer at the first page of the register."""
    page = visitor(**more)
    sit_down(page, house, username)
    open_menu(page)
    page.get_by_role("link", name="دستگاه‌ها", exact=True).click()
    return page


def go(page, name):
    page.get_by_role("navigation", name="دفتر دستگاه‌ها").get_by_role("link", name=name).click()


def propose(page, code):
    """Proposes a new agency by the form; the address of the proposal."""
    go(page, "پیشنهاد تازه")
    for name, reply in {
        "code": code,
        "name": "A",
        "name_fa": "دستگاه نمونه",
        "key_id": f"{code}-1",
        "public_key": KEYS[code],
        "key_until": "1409/10/10",
        "grant_until": "1409/10/10",
        "basis": "تفاهم‌نامه ۷",
        "per_day": "۱٬۰۰۰",
        "networks": "10.0.0.0/8 192.0.2.0/24",
        "reason": "نامه شماره ۱۲",
    }.items():
        page.fill(f"#agency-{name}", reply)
    page.select_option("#agency-contract", "inquiry.*")
    for box in ("purposes-fuel_quota", "purposes-court_case", "blocks-licence", "blocks-technical"):
        page.check(f"#agency-{box}")
    page.locator("#agency").get_by_role("button").click()
    page.wait_for_url("**/changes/*")
    return page.url.partition("?")[0]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_two_officers_let_an_agency_in_and_one_takes_its_key_back(visitor, house, script):
    clerk = seat(visitor, house, "karim", script=script, width=320)
    approver = seat(visitor, house, "nader", script=script, width=1280)
    code = f"b-{secrets.token_hex(4)}"
    propose(clerk, code)
    assert "همکار دوم باید آن را تأیید کند" in clerk.inner_text("main")
    go(approver, "دستگاه‌ها")
    approver.get_by_role("link", name=re.compile(code)).click()
    assert "1409/10/10" in approver.inner_text("main"), "the days are those that were typed"
    press(approver, "تأیید پیشنهاد")
    confirm(approver)
    assert "هم‌اکنون در اجراست" in approver.inner_text("main")
    clerk.goto(f"{house.ops}/desk/agencies/of/{code}")
    clerk.locator("summary", has_text="لغو کلید").click()
    clerk.locator("details[open] textarea").fill("کلید درز کرده است")
    clerk.locator("details[open]").get_by_role("button").click()
    confirm(clerk)
    clerk.wait_for_url("**done=revoke")
    assert "دیگر پذیرفته نمی‌شود" in clerk.inner_text("main")
    assert "کلیدی ندارد" in clerk.inner_text("main")


def open_all(page):
    """Opens all that can be opened."""
    while (closed := page.locator("main details:not([open]) > summary:visible")).count():
        closed.first.click()


def test_every_page_of_the_register_is_clean_and_fits(visitor, house, judged_wide_and_narrow):
    judged = judged_wide_and_narrow
    page = seat(visitor, house, "karim", width=320)
    approver = seat(visitor, house, "mina", width=320)
    judged(page)
    go(page, "پیشنهاد تازه")
    open_all(page)
    judged(page)
    page.locator("#agency").get_by_role("button").click()
    judged(page)  # with its errors
    code = f"c-{secrets.token_hex(4)}"
    change = propose(page, code)
    judged(page)
    go(page, "دستگاه‌ها")
    judged(page)
    page.goto(f"{house.ops}/desk/agencies/of/{code}")
    judged(page)  # before it is there
    approver.goto(change)
    approver.locator("#refuse summary").click()
    judged(approver)
    press(approver, "تأیید پیشنهاد")
    judged(approver)  # what is looked at before it is done
    confirm(approver)
    judged(approver)
    page.goto(f"{house.ops}/desk/agencies/of/{code}")
    open_all(page)
    judged(page)
    page.locator("#contact").get_by_role("button").click()
    judged(page)
    page.fill("#contact-name", "زهرا کاظمی")
    page.fill("#contact-email", "z@example.ir")
    page.locator("#contact").get_by_role("button").click()
    judged(page)
    page.get_by_role("link", name="نوشتن در متن سند").click()
    judged(page)
    page.fill("#toml-toml", "code = [")
    page.locator("#toml").get_by_role("button").click()
    judged(page)
    go(page, "سوابق")
    judged(page)


def test_who_is_no_officer_finds_no_link_and_reads_a_clear_sentence(visitor, house, judged):
    page = visitor()
    sit_down(page, house, "sara")
    open_menu(page)
    assert page.get_by_role("link", name="دستگاه‌ها", exact=True).count() == 0
    page.goto(f"{house.ops}/desk/agencies")
    assert "شما به دفتر دستگاه‌ها دسترسی ندارید" in page.inner_text("main")
    judged(page)
