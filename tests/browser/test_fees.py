"""An own inquiry from the question to the receipt, in a browser, and each page judged."""

import pytest

from tests.browser.test_citizen import press
from tests.databases import make_database
from tests.journeys.test_fee import FILE, KEY, House
from tests.processes import Starter
from tests.stores import own_vhost
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, demo_template, billing_template):
    folder = tmp_path_factory.mktemp("fees")
    inquiry = make_database(postgres, "fees_inquiry", demo_template)
    billing = make_database(postgres, "fees_billing", billing_template)
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        yield House(starter, folder, amqp, inquiry, billing)
        starter.end()


def ask(page, house, key=KEY):
    """Asks about an own source."""
    page.goto(f"{house.portal}/inquiry")
    page.fill("#key", key)
    page.fill("#file_no", FILE)
    page.check("#declared")
    press(page, "ثبت استعلام")


def shown(page, address, selector):
    """Waits until the page has what the selector names; people press F5 so."""

    def look():
        page.goto(address)
        return page.locator(selector).count()

    wait_for(look)
    return page.locator(selector).first


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_who_asks_pays_first_then_reads_the_answer(visitor, house, script):
    page = visitor(script=script, width=320)
    ask(page, house)
    mine = f"{house.portal}/inquiry/mine"
    shown(page, mine, "a[href^='/bills/']").click()
    assert "1,755,000" in page.locator(".total").inner_text()
    page.locator("button[name=psp]").first.click()
    press(page, "رفتن به بانک")
    page.locator("button[value=pay]").click()
    page.get_by_role("button", name="بازگشت به پذیرنده").click()
    paid = shown(page, page.url, "a[href$='receipt.pdf']").get_attribute("href")
    assert page.request.get(f"{house.portal}{paid}").body().startswith(b"%PDF")
    assert "V-" in shown(page, mine, "main :text('V-')").inner_text()


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_of_fees_is_clean_and_fits(visitor, house, judged_wide_and_narrow, language):
    judged = judged_wide_and_narrow
    page = visitor(width=320)
    page.goto(f"{house.portal}/inquiry?lang={language}")
    judged(page)
    page.fill("#key", "12")
    page.locator("main form button").first.click()
    judged(page)
    page.goto(f"{house.portal}/bills")
    judged(page)
    page.fill("#bill_id", "123")
    page.fill("#payment_id", "456")
    page.locator("main form button").first.click()
    judged(page)
    page.goto(f"{house.portal}/inquiry")
    page.fill("#key", KEY)
    page.fill("#file_no", FILE)
    page.check("#declared")
    page.locator("main form button").first.click()
    shown(page, f"{house.portal}/inquiry/mine", "a[href^='/bills/']")
    judged(page)
    page.locator("a[href^='/bills/']").first.click()
    judged(page)
    page.locator("button[name=psp]").first.click()
    judged(page)
    page.locator("main form button").first.click()
    page.locator("button[value=cancel]").click()
    page.locator("form button").first.click()
    judged(page)
