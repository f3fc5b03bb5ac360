"""The book of the desk and the month of the calendar in a browser, with and without script."""

import re

import pytest

from tests.browser.test_citizen import confirm, press, sit_down
from tests.ticketing.holidays.test_reading import file

WAYS = pytest.mark.parametrize(
    ("script", "width"), [(True, 1366), (False, 360)], ids=["with script", "without script"]
)


def judge_of(judged, script):
    """The judge, which itself is a script; without script nobody judges."""
    return judged if script else lambda _: None


def test_all_that_is_on_record_of_a_unit_is_in_sight_on_a_desktop(visitor, shared_desk):
    head = visitor(script=False, width=1366)
    sit_down(head, shared_desk, "mina")
    head.wait_for_url("**/desk")
    head.goto(f"{shared_desk.ops}/desk/book?part=units")
    table = head.get_by_role("region", name="واحدها")
    assert "پس از 28 روز" in table.inner_text()
    hidden = "table => table.scrollWidth - table.clientWidth"
    assert table.evaluate(hidden) <= 0, "nothing of it is beside the window"


@WAYS
def test_one_proposes_a_promise_and_a_supervisor_approves_it(
    visitor, shared_desk, judged_wide_and_narrow, script, width
):
    judged = judge_of(judged_wide_and_narrow, script)
    head, supervisor = (visitor(script=script, width=width) for _ in range(2))
    sit_down(head, shared_desk, "mina")
    head.wait_for_url("**/desk")
    head.goto(f"{shared_desk.ops}/desk/book?part=promises")
    judged(head)
    head.locator("tbody").get_by_role("link", name="چاه غیرمجاز").click()
    head.wait_for_url(re.compile("/book/promises/row"))
    judged(head)
    press(head, "دیدن تغییر")
    head.get_by_role("alert").wait_for()
    judged(head)  # with its errors
    head.fill("#promises-first_response", "۲")
    head.fill("#promises-valid_from", f"1406/0{1 + script}/20")
    head.fill("#promises-source", "مصوبه ۱۲")
    press(head, "دیدن تغییر")
    head.locator("form.looked").wait_for()
    assert "نخستین پاسخ از 3.5 ساعت کاری به 2 ساعت کاری" in head.inner_text("main")
    judged(head)
    confirm(head)
    head.wait_for_url(re.compile("/book/changes/[0-9]+"))
    assert "منتظر نفر دوم" in head.inner_text("main")
    address = head.url.partition("?")[0]
    sit_down(supervisor, shared_desk, "nader")
    supervisor.wait_for_url("**/desk")
    supervisor.goto(address)
    judged(supervisor)
    press(supervisor, "تأیید پیشنهاد")
    confirm(supervisor)
    supervisor.wait_for_url("**done=approve")
    assert "تأییدشده، منتظر روز آغاز" in supervisor.inner_text("main")
    supervisor.goto(f"{shared_desk.ops}/desk/book?part=history")
    judged(supervisor)


@WAYS
def test_times_are_opened_for_a_week_and_seen_in_month_and_day(
    visitor, shared_desk, judged_wide_and_narrow, script, width
):
    page, month = visitor(script=script, width=width), "03" if script else "04"
    judged = judge_of(judged_wide_and_narrow, script)
    sit_down(page, shared_desk, "nader")
    page.wait_for_url("**/desk")
    page.goto(f"{shared_desk.ops}/desk/calendar?month=1406-{month}")
    page.locator("#slots summary").click()
    page.select_option("#slots-office", "yasuj")
    page.fill("#slots-day", f"1406/{month}/08")
    page.fill("#slots-to_day", f"1406/{month}/14")
    page.locator("#slots").get_by_role("button").click()
    page.locator("form.looked").wait_for()
    assert "زمان مراجعه باز می‌شود" in page.inner_text("main h1")
    judged(page)
    confirm(page)
    page.wait_for_url("**done=slots")
    assert re.search("0 از [0-9]+", page.locator("table.month").inner_text())
    judged(page)
    page.locator("table.month td", has_text="0 از").first.get_by_role("link").click()
    page.wait_for_url(re.compile("/calendar/days/1406-"))
    assert "خالی" in page.inner_text("main")
    judged(page)
    page.locator("a[rel=next]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/calendar/days/1406-"))


@WAYS
def test_two_opening_times_a_day_are_entered_and_holidays_are_taken_from_a_file(
    visitor, shared_desk, judged_wide_and_narrow, tmp_path, script, width
):
    page, month = visitor(script=script, width=width), "05" if script else "06"
    judged = judge_of(judged_wide_and_narrow, script)
    sit_down(page, shared_desk, "nader")
    page.wait_for_url("**/desk")
    page.goto(f"{shared_desk.ops}/desk/calendar?month=1406-{month}")
    page.locator("#row summary").click()
    page.select_option("#row-kind", "hours")
    page.fill("#row-from_day", f"1406/{month}/05")
    page.fill("#row-to_day", f"1406/{month}/11")
    page.fill("#hours-sat", "۷:۳۰ تا ۱۲ و ۱۳ تا ۱۴:۳۰")
    page.fill("#hours-sun", "8-")
    page.fill("#row-title", "دو نوبت")
    page.fill("#row-source", "مصوبه ۳۰")
    page.locator("#row").get_by_role("button").click()
    page.get_by_role("alert").wait_for()
    assert page.input_value("#hours-sat") == "7:30 تا 12 و 13 تا 14:30"
    judged(page)
    page.fill("#hours-sun", "8-11")
    page.locator("#row").get_by_role("button").click()
    page.locator("form.looked").wait_for()
    assert "07:30 تا 12:00 و 13:00 تا 14:30" in page.inner_text("main")
    judged(page)
    confirm(page)
    page.wait_for_url("**done=row")
    judged(page)
    page.get_by_role("link", name="تعطیلات از فایل").click()
    page.wait_for_url("**/calendar/holidays")
    ics = tmp_path / "holidays.ics"
    day = "20271020" if script else "20271027"
    ics.write_text(file(f"UID:b-{day}\nDTSTART;VALUE=DATE:{day}\nSUMMARY:روز آزمون"), "utf-8")
    page.fill("#read-origin", f"تقویم {month}")
    page.set_input_files("#read-file", ics)
    page.get_by_role("button", name="خواندن فایل").click()
    page.wait_for_url("**done=holidays_read")
    judged(page)
    section = page.locator("section", has_text="روز آزمون").first
    section.get_by_label("شماره و تاریخ مصوبه").fill("مصوبه ۳۱")
    section.get_by_role("button", name="دیدن پیش از ثبت").click()
    page.locator("form.looked").wait_for()
    assert "روز آزمون" in page.inner_text("main")
    judged(page)
    confirm(page)
    page.wait_for_url("**done=holidays_accept")
    assert "در تقویم ثبت شد" in page.inner_text("main")
    judged(page)
