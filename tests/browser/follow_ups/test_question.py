"""The question weeks after the end, in a real browser on a telephone and at a desk."""

import uuid

import pytest

from services.ticketing.follow_ups import asking
from tests.browser.conftest import judge
from tests.gateway.public.follow_ups.test_journey import answered_weeks_ago, chores, question_in
from tests.waiting import wait_for

__all__ = ["chores"]
WIDTHS = (320, 360, 1366)


@pytest.fixture
def link(shared_desk, chores):
    """The link of a question that somebody got."""
    address = f"{uuid.uuid4().hex}@example.com"
    answered_weeks_ago(shared_desk, address)
    asking.ask_due(chores.store, chores.context)
    return wait_for(lambda: question_in(shared_desk, address), 30)


def test_the_question_is_answered_without_script(visitor, link):
    page = visitor(script=False, width=360)
    page.goto(link)
    page.get_by_label("حل شده است", exact=True).check()
    page.get_by_label("نمی‌خواهم پاسخ دهم").check()
    page.get_by_role("button", name="فرستادن پاسخ").click()
    assert "پاسخ شما ثبت شد" in page.locator("h1").inner_text()


def test_the_question_is_read_in_each_language_and_answered_by_keyboard(visitor, link):
    page = visitor(width=360)
    for lang in ("en", "ar", "fa"):
        page.goto(f"{link}?lang={lang}")
        judge(page, WIDTHS)
    page.get_by_role("button", name="فرستادن پاسخ").click()
    judge(page, WIDTHS)
    assert page.locator(".error-summary a").count() == 2
    page.locator("#mended").focus()
    page.keyboard.press("ArrowDown")
    assert page.get_by_label("حل نشده است").is_checked()
    page.get_by_label("بله، نخستین بار بود").check()
    page.fill("#text", "باز نشت می‌کند")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("رسیدگی دوباره آغاز نشده است").wait_for()
    judge(page, WIDTHS)
    page.get_by_role("button", name="نوشتن درخواست تازه").click()
    assert "دنباله درخواست" in page.locator("#text").input_value()
