"""An editor's day with notices in a browser, and each page judged."""

import datetime as dt

import pytest

from tests.browser.test_citizen import confirm, open_menu, press, sit_down
from tests.gateway.desk.seats import running
from tests.gateway.desk.test_notices_pages import MOBILE, Notices, hour, jalali_day
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, ticketing_template, notify_template):
    templates = {"ticketing": ticketing_template, "notify": notify_template}
    with running(Notices, tmp_path_factory, broker, postgres, **templates) as house:
        yield house


def seat(visitor, house, username, **more):
    """A browser of an editor at the board of notices."""
    page = visitor(**more)
    sit_down(page, house, username)
    open_menu(page)
    page.get_by_role("link", name="پیام‌ها", exact=True).click()
    return page


def go(page, name):
    page.get_by_role("navigation", name="پیام‌ها").get_by_role("link", name=name).click()


def draft(page, code, channel="sms", lane="transactional"):
    """Writes a template; its page is open afterwards."""
    go(page, "الگوها")
    page.get_by_role("link", name="الگوی تازه").click()
    page.fill("#draft-code", code)
    page.select_option("#draft-channel", channel)
    page.fill("#draft-name", "قطعی آب")
    page.select_option("#draft-lane", lane)
    if channel != "sms":
        page.fill("#draft-fa-subject", "قطعی آب")
    page.fill("#draft-fa-body", "آب ((place)) قطع است")
    press(page, "ثبت پیش‌نویس")


def approve(page, address):
    page.goto(address)
    press(page, "تأیید نسخه 1")
    confirm(page)


def announce(page, days=9):
    """Writes a maintenance; the page to check it is open afterwards."""
    starts = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    go(page, "اطلاعیه‌ها")
    page.get_by_role("link", name="اطلاعیه تازه").click()
    for name, text in (
        ("title_fa", "نگهداری درگاه"),
        ("title_en", "Maintenance of the portal"),
        ("body_fa", "درگاه بسته است."),
        ("body_en", "The portal is closed."),
        ("from_day", jalali_day(starts)),
        ("from_hour", hour(starts)),
        ("to_day", jalali_day(starts + dt.timedelta(days=1))),
        ("to_hour", hour(starts)),
    ):
        page.fill(f"#write-{name}", text)
    page.check("#component-portal")
    press(page, "ثبت و دیدن")


def upload(page, code):
    """Sends a file for checking and waits until it is checked."""
    go(page, "ارسال انبوه")
    page.get_by_role("link", name="ارسال تازه").click()
    page.fill("#submit-name", "خبر قطعی آب")
    page.select_option("#submit-template", code)
    rows = f"phone number,place\n{MOBILE},روستای بالا\n12,روستای پایین\n"
    page.set_input_files(
        "#submit-file", {"name": "rows.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    press(page, "فرستادن برای بررسی")

    def checked():
        page.get_by_role("link", name="به‌روزرسانی").click()
        return page.locator("main .pill", has_text="آماده آغاز").count()

    wait_for(checked, 40)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_an_editor_writes_another_approves_and_a_window_is_announced(visitor, house, script):
    karim = seat(visitor, house, "karim", script=script, width=320)
    draft(karim, f"written_{script}".lower())
    mina = seat(visitor, house, "mina", script=script)
    approve(mina, karim.url)
    assert "نسخه تأیید شد" in mina.locator(".done").inner_text()
    announce(karim)
    press(karim, "دیدن پیش از انتشار")
    confirm(karim)
    karim.wait_for_url("**done=publish")
    assert "زمان‌بندی‌شده" in karim.locator("main .pill").first.inner_text()


def test_every_page_of_notices_is_clean_and_fits(visitor, house, judged_wide_and_narrow):
    judged = judged_wide_and_narrow
    karim, mina = (seat(visitor, house, name, width=320) for name in ("karim", "mina"))
    wait_for(lambda: mina.reload() and mina.locator("text=مگفا").count(), 40)
    judged(mina)
    karim.reload()
    press(karim, "کنار گذاشتن مگفا")
    judged(karim)
    confirm(karim)
    press(karim, "به کار گرفتن مگفا")
    for channel in ("sms", "email"):
        draft(karim, f"judged_{channel}", channel, "bulk")
        judged(karim)
        approve(mina, karim.url)
        judged(mina)
    shown = karim.frame_locator("iframe.mail").get_by_text("«place»")
    assert shown.is_visible()
    karim.get_by_role("link", name="نوشتن نسخه تازه").click()
    press(karim, "ثبت پیش‌نویس")
    for name in ("الگوها", "جست‌وجوی پیام", "نامه‌ها", "انصراف", "سابقه مشاهده"):
        go(karim, name)
        judged(karim)
    go(karim, "انصراف")
    press(karim, "دیدن پیش از ثبت انصراف")
    judged(karim)
    go(karim, "جست‌وجوی پیام")
    press(karim, "جست‌وجو")
    judged(karim)
    announce(karim)
    judged(karim)
    press(karim, "دیدن پیش از انتشار")
    judged(karim)
    confirm(karim)
    for name in ("update", "reschedule", "cancel"):
        karim.locator(f"#{name} summary").click()
    judged(karim)
    press(karim, "دیدن پیش از افزودن")
    judged(karim)
    upload(karim, "judged_sms")
    judged(karim)
    press(karim, "دیدن پیش از آغاز ارسال")
    judged(karim)
    confirm(karim)
    judged(karim)
    for name in ("ارسال انبوه", "اطلاعیه‌ها"):
        go(karim, name)
        judged(karim)
    go(karim, "جست‌وجوی پیام")
    karim.fill("#find-mobile", MOBILE)
    wait_for(lambda: press(karim, "جست‌وجو") or karim.locator("main table a").count(), 40)
    karim.locator("main table a").first.click()
    judged(karim)
    karim.fill("#reveal-why", "برای آزمون صفحه")
    press(karim, "دیدن")
    judged(karim)
