"""The treasury's account in a browser: a statement, a proposal, a decision; each page judged."""

import re

import pytest

from tests.billing.test_account import statement
from tests.browser.test_citizen import confirm, press
from tests.browser.test_treasury import go, issue, pay, seat
from tests.gateway.desk.seats import running
from tests.gateway.desk.test_treasury_pages import PRICE, Treasury, day


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, ticketing_template, billing_template):
    templates = {"ticketing": ticketing_template, "billing": billing_template}
    with running(Treasury, tmp_path_factory, broker, postgres, **templates) as house:
        yield house


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
