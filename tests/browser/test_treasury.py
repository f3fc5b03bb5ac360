"""An officer's day at the treasury in a browser, and each page judged."""

import re
import secrets

import pytest

from tests.billing.test_account import statement
from tests.billing.test_rules import bills_file
from tests.billing.test_treasury import SHEBA
from tests.browser.test_citizen import confirm, open_menu, press, sit_down
from tests.gateway.desk.seats import running
from tests.gateway.desk.test_treasury_pages import PRICE, Treasury, day, entry_of, iso


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, ticketing_template, billing_template):
    templates = {"ticketing": ticketing_template, "billing": billing_template}
    with running(Treasury, tmp_path_factory, broker, postgres, **templates) as house:
        yield house


def seat(visitor, house, username, **more):
    """A browser of an officer at the first page of the treasury."""
    page = visitor(**more)
    sit_down(page, house, username)
    open_menu(page)
    page.get_by_role("link", name="خزانه", exact=True).click()
    return page


def go(page, name):
    page.get_by_role("navigation", name="خزانه").get_by_role("link", name=name).click()


def issue(page):
    """The number of a new bill, whose page is open afterwards."""
    go(page, "قبض‌ها")
    page.get_by_role("link", name="صدور قبض").click()
    page.select_option("#issue-service", "own_inquiry")
    page.select_option("#issue-payer", "applicant")
    page.fill("#issue-file_no", "۱۰۰۱/۷۰")
    page.select_option("#issue-source_kind", "office")
    page.fill("#issue-source_ref", secrets.token_hex(4))
    press(page, "دیدن قبض پیش از صدور")
    confirm(page)
    return re.search(r"1[0-9]{3}-[0-9]{6}", page.url)[0]


def pay(page, rials):
    """The bank's file tells a payment of the bill whose page is open."""
    bill_id, payment_id = page.locator("bdi.latin").all_inner_texts()
    text = bills_file((bill_id, payment_id, rials, secrets.randbelow(10**9)))
    go(page, "فایل بانک")
    page.select_option("#take-channel", "bills")
    page.fill("#take-day", "1405/09/02")
    page.set_input_files(
        "#take-text", {"name": "bank.txt", "mimeType": "text/plain", "buffer": text.encode()}
    )
    press(page, "دریافت فایل")


def draft(page, days):
    go(page, "تعرفه")
    page.locator("#draft summary").click()
    page.select_option("#draft-service", "copy")
    page.select_option("#draft-unit", "page")
    page.fill("#draft-amount", "۶۰٬۰۰۰")
    page.fill("#draft-from_day", day(days))
    page.fill("#draft-decree", "مصوبه ۷")
    press(page, "دیدن پیش از ثبت")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_two_officers_draft_and_approve_take_a_file_give_money_back_and_close(
    visitor, house, script
):
    clerk = seat(visitor, house, "karim", script=script, width=320)
    approver = seat(visitor, house, "nader", script=script, width=1280)
    draft(clerk, 80 + script)
    confirm(clerk)
    assert "همکار دوم باید آن را تأیید کند" in clerk.inner_text("main")
    go(approver, "تعرفه")
    approver.get_by_role("button", name="تأیید ردیف").first.click()
    confirm(approver)
    assert "ردیف تأیید شد" in approver.inner_text("main")
    issue(clerk)
    pay(clerk, PRICE + 1000)
    clerk.get_by_role("link", name="دیدن مغایرت‌ها").click()
    clerk.wait_for_url("**/exceptions")
    clerk.get_by_role("link", name="مبلغ دیگری آمده").last.click()
    clerk.locator("summary", has_text="برگرداندن پول").click()
    clerk.locator("input[name=sheba]").fill(SHEBA)
    clerk.locator("details[open] input[name=note]").fill("مبلغ نادرست")
    clerk.locator("details[open]").get_by_role("button").click()
    confirm(clerk)
    assert "مغایرت پایان یافت" in clerk.inner_text("main")
    go(approver, "استرداد")
    approver.get_by_role("button", name="تأیید استرداد").first.click()
    confirm(approver)
    assert "استرداد تأیید شد" in approver.inner_text("main")
    entry_of(house, iso(-1))
    go(approver, "بستن روز")
    close = approver.get_by_role("button", name="بستن این روز")
    if close.count():
        close.click()
        confirm(approver)
    assert "nader بسته است" in approver.inner_text("main")


def test_every_page_of_the_treasury_is_clean_and_fits(visitor, house, judged_wide_and_narrow):
    judged = judged_wide_and_narrow
    page = seat(visitor, house, "mina", width=320)
    judged(page)
    draft(page, 90)
    judged(page)
    confirm(page)
    judged(page)
    page.locator("#draft summary").click()
    press(page, "دیدن پیش از ثبت")
    judged(page)  # with its errors
    page.locator("#import summary").click()
    page.fill("#import-text", "service,amount,from_day,decree\ncopy,x,y,z\n")
    press(page, "خواندن فایل")
    judged(page)
    number = issue(page)
    judged(page)
    pay(page, PRICE + 5000)
    judged(page)
    go(page, "مغایرت‌ها")
    judged(page)
    page.locator("tbody tr").last.get_by_role("link").first.click()
    page.wait_for_url(re.compile("exceptions/[0-9]+$"))
    page.locator("main summary").first.click()
    judged(page)
    page.locator("details[open]").get_by_role("button").click()
    judged(page)
    page.goto(f"{house.ops}/desk/treasury/bills/{number}")
    pay(page, PRICE)
    page.goto(f"{house.ops}/desk/treasury/bills/{number}")
    page.locator("#ask_refund summary").click()
    page.fill("#ask_refund-rials", "1000")
    page.fill("#ask_refund-sheba", "IR1")
    press(page, "فرستادن برای نفر دوم")
    judged(page)
    page.fill("#ask_refund-sheba", SHEBA)
    page.fill("#ask_refund-why", "دو بار پرداخت")
    press(page, "فرستادن برای نفر دوم")
    judged(page)  # what is looked at before it is done
    confirm(page)
    for name in ("قبض‌ها", "استرداد", "بستن روز", "دفتر روزنامه", "صورت‌حساب"):
        go(page, name)
        judged(page)
    page.fill("#account-agency", "fuel-co")
    page.select_option("#account-month", day()[:7].replace("/", "-"))
    press(page, "نمایش")
    judged(page)


def test_who_is_no_officer_finds_no_link_and_reads_a_clear_sentence(visitor, house, judged):
    page = visitor()
    sit_down(page, house, "sara")
    open_menu(page)
    assert page.get_by_role("link", name="خزانه", exact=True).count() == 0
    page.goto(f"{house.ops}/desk/treasury")
    assert "شما به خزانه دسترسی ندارید" in page.inner_text("main")
    judged(page)


def test_an_officer_takes_a_statement_and_another_decides(visitor, house, judged_wide_and_narrow):
    judged = judged_wide_and_narrow
    page = seat(visitor, house, "mina", width=320)
    go(page, "حساب خزانه")
    judged(page)
    issue(page)
    pay(page, PRICE)
    go(page, "حساب خزانه")
    text = statement((day(-2), PRICE, "1", "تجمیع قبوض"), (day(-1), -7_000, "2", "کارمزد پیامک"))
    page.set_input_files(
        "#statement-text",
        {"name": "account.csv", "mimeType": "text/csv", "buffer": text.encode()},
    )
    press(page, "دریافت صورت‌حساب")
    assert "1 مغایرت ثبت شد" in page.inner_text("main")
    judged(page)
    go(page, "مغایرت‌ها")
    page.locator("tbody tr").last.get_by_role("link").first.click()
    page.wait_for_url(re.compile("exceptions/[0-9]+$"))
    page.get_by_text("ثبت به عنوان کارمزد بانک").click()
    judged(page)
    page.locator("details[open]").get_by_label("یادداشت").fill("پیامک آبان")
    press(page, "دیدن پیش از پیشنهاد")
    judged(page)
    confirm(page)
    judged(page)
    other = seat(visitor, house, "nader", width=1366)
    go(other, "حساب خزانه")
    judged(other)
    press(other, "تأیید ثبت")
    judged(other)
    confirm(other)
    assert "مغایرت پایان یافت" in other.inner_text("main")
