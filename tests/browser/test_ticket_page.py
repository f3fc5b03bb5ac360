"""Where a clerk works: a ticket taken, answered, joined and parted, with and without script."""

import datetime as dt
import io
import re
import uuid

import pytest
import requests
from PIL import Image

from iran.persian import jalali, tehran_day
from tests.browser.test_citizen import confirm, press, sit_down
from tests.waiting import wait_for

SIZES = {"with script": (True, 1366, 768), "without script": (False, 360, 740)}


def photo():
    content = io.BytesIO()
    image = Image.new("RGB", (1200, 900), "teal")
    image.getexif()[0x0112] = 6  # lies on its side
    image.save(content, "JPEG", exif=image.getexif())
    return content.getvalue()


def registered(desk, files=(), **more):
    """The code of a new complaint, which may bring files."""
    claims = [
        requests.post(
            f"{desk.portal}/v1/attachments",
            files={"files": (name, content)},
            headers={"Idempotency-Key": f'"{uuid.uuid4()}"'},
            timeout=20,
        ).json()["claim"]
        for name, content in files
    ]
    response = requests.post(
        f"{desk.portal}/v1/tickets",
        json={
            "kind": "complaint",
            "category": "illegal_well",
            "text": f"در باغ {uuid.uuid4().hex[:6]} چاه می‌زنند",
            "declared": True,
            "name": "زهرا کاظمی",
            "email": f"{uuid.uuid4().hex[:8]}@example.com",  # one address gets five an hour
            "mobile": f"0912{uuid.uuid4().int % 10**7:07}",
            "claims": claims,
            **more,
        },
        headers={"Idempotency-Key": f'"{uuid.uuid4()}"'},
        timeout=20,
    )
    assert response.status_code == 201, response.text
    return response.json()["code"]


@pytest.fixture(params=SIZES.values(), ids=SIZES)
def at_desk(request, visitor, shared_desk, judged):
    """A page of mina, the head of the unit, at the desk; opens tickets by their code."""
    script, width, height = request.param
    page = visitor(script=script, width=width, height=height)
    sit_down(page, shared_desk)

    def opened(code, query=""):
        page.goto(f"{shared_desk.ops}/desk/tickets/{code}{query}")
        return page

    page.opened, page.script, page.wide = opened, script, width > 1000
    # axe waits for timers of the page, which are no script's where there is none
    page.judged = judged if script else lambda _: None
    return page


def act(page, name):
    """Opens the form of an act if it does not stand open."""
    if not page.locator(f"#{name}[open]").count():
        page.locator(f"#{name} > summary").click()


def test_a_ticket_is_taken_noted_and_answered(at_desk, shared_desk, visitor):
    code = registered(shared_desk)
    page = at_desk.opened(code)
    if at_desk.wide:
        box = page.get_by_role("button", name="بردارم").bounding_box()
        assert box["y"] + box["height"] < 768  # seen without scrolling
    press(page, "بردارم")
    assert "این پرونده اکنون با شماست" in page.inner_text("main")
    act(page, "note")
    page.fill("#note-text", "@karim لطفاً امروز سر بزنید")
    press(page, "ثبت یادداشت")
    # the prepared text stands in the box by one press, and what is chosen stays through the preview
    act(page, "answer")
    page.set_input_files(
        "#answer-files", {"name": "گزارش.txt", "mimeType": "text/plain", "buffer": b"x"}
    )
    page.locator("#answer button[name=canned]").first.click()
    wait_for(lambda: len(page.input_value("#answer-text")) > 20, 10)
    text = page.input_value("#answer-text")
    page.fill("#answer-text", f"{text}\nکارشناس آمد.")
    page.judged(page)
    press(page, "دیدن پیش از فرستادن")
    shown = page.inner_text("main")
    assert "در صفحه پیگیری" in shown
    assert "کارشناس آمد." in shown
    assert "گزارش.txt" in shown
    assert not re.search(r"/l/[0-9]{10}", shown)
    page.judged(page)
    confirm(page)
    assert "پاسخ فرستاده شد" in page.inner_text("main")
    assert "گزارش.txt" in page.inner_text(".timeline")
    page.judged(page)
    # whom the note named is told
    other = visitor(script=at_desk.script)
    sit_down(other, shared_desk, "karim")
    other.goto(f"{shared_desk.ops}/desk/for-me")
    row = other.locator("tr", has_text="نام شما در یادداشت").first
    assert "نخوانده" in row.inner_text()
    row.get_by_role("link").click()
    assert "لطفاً امروز سر بزنید" in other.inner_text(".timeline")
    other.goto(f"{shared_desk.ops}/desk/for-me")
    rows = other.locator("tr", has_text=re.sub(r"(\d{3})(\d{3})(\d+)", r"\1 \2 \3", code))
    assert all("نخوانده" not in text for text in rows.all_inner_texts())


def test_what_is_typed_outlives_the_session_and_is_seen_by_nobody_else(
    at_desk, shared_desk, visitor
):
    code = registered(shared_desk)
    page = at_desk.opened(code, "?open=say")
    page.fill("#say-text", "نوشته ناتمام مینا")
    if at_desk.script:
        state = page.locator("#say [data-draft-state]")
        wait_for(lambda: "نگه داشته شد" in state.inner_text(), 10)
    else:
        page.locator("#say button[name=draft]").click()
        assert "پیش‌نویس نگه داشته شد" in page.inner_text("main")
    press(page, "خروج") if at_desk.wide else page.context.clear_cookies()
    sit_down(page, shared_desk)
    assert at_desk.opened(code).input_value("#say-text") == "نوشته ناتمام مینا"
    other = visitor(script=at_desk.script)
    sit_down(other, shared_desk, "karim")
    other.goto(f"{shared_desk.ops}/desk/tickets/{code}")
    assert "ناتمام" not in other.content()
    press(page, "فرستادن پیام")
    assert at_desk.opened(code).input_value("#say-text") == ""


def test_a_photo_is_small_in_the_ticket_and_large_in_the_viewer(at_desk, shared_desk):
    code = registered(shared_desk, files=[("one.jpg", photo()), ("two.jpg", photo())])
    page = at_desk.opened(code)

    def shown():
        page.reload()
        return page.locator(".thumbs img").count() == 2

    wait_for(shown, 30, 0.5)
    small = page.locator(".thumbs img").first
    small.scroll_into_view_if_needed()
    url = small.get_attribute("src")
    answer = page.request.get(shared_desk.ops + url)
    image = Image.open(io.BytesIO(answer.body()))
    assert (answer.headers["content-type"], image.size) == ("image/jpeg", (180, 240))
    assert not image.getexif()
    page.locator(".thumbs a").first.click()
    assert "1 از 2" in page.inner_text("h1")
    if at_desk.script:
        page.keyboard.press("ArrowLeft")
    else:
        page.get_by_role("link", name="عکس بعد").click()
    page.wait_for_url("**/view")
    wait_for(lambda: "2 از 2" in page.inner_text("h1"), 10)


def test_a_duplicate_is_joined_by_one_press_and_parted_by_another(at_desk, shared_desk):
    text = f"کنار پل {uuid.uuid4().hex[:8]} شبانه چاه عمیق می‌زنند"
    first, code = registered(shared_desk, text=text), registered(shared_desk, text=text)
    page = at_desk.opened(code)
    similar = page.locator("section", has=page.locator("#similar-h"))
    similar.locator("li", has_text=re.sub(r"(\d{3})(\d{3})(\d+)", r"\1 \2 \3", first)).get_by_role(
        "button"
    ).click()
    assert "یکی شد" in page.inner_text("main")
    page.judged(page)
    page.get_by_role("button", name="واگرد").click()
    assert "جدا شد" in page.inner_text("main")
    assert "بی‌مسئول" in page.inner_text(".pills")


def test_a_ticket_is_put_right_and_comes_up_again_by_a_key_or_a_button(at_desk, shared_desk):
    code = registered(shared_desk)
    page = at_desk.opened(code)

    def send(box, button):
        """Ctrl+Enter in the box of an act is its first button."""
        if at_desk.script:
            page.locator(box).press("Control+Enter")
            page.locator(".done, .callout[role=status]").first.wait_for()
        else:
            press(page, button)

    act(page, "sort")
    page.select_option("#sort-category", "river_bed")
    page.uncheck("#sort-move")
    send("#sort-text", "اصلاح موضوع")
    assert "موضوع اصلاح شد" in page.inner_text("main")
    assert "رودخانه" in page.inner_text("h1")
    act(page, "remind")
    press(page, "سه روز دیگر")
    assert "به یادتان می‌آید" in page.inner_text("main")
    page.judged(page)
    act(page, "remind")
    press(page, "دیگر نه")
    assert "یادآوری برداشته شد" in page.inner_text("main")
    for days, key in ((10, "Enter"), (11, "Control+Enter"))[: 2 if at_desk.script else 1]:
        act(page, "remind")
        wanted = tehran_day(dt.datetime.now(dt.UTC)) + dt.timedelta(days=days)
        day = jalali(wanted).replace("-", "/")
        page.fill("#remind-day", day)
        page.locator("#remind-day").press(key)  # the day that was typed, not the first button's
        page.locator("#remind summary", has_text=day).wait_for()
    act(page, "say")
    page.fill("#say-text", "همکار ما فردا تماس می‌گیرد.")
    send("#say-text", "فرستادن پیام")
    assert "پیام فرستاده شد" in page.inner_text("main")
    act(page, "answer")
    page.fill("#answer-text", "بازدید شد و تخلفی دیده نشد.")
    if at_desk.script:
        page.locator("#answer-text").press("Control+Enter")
        page.locator("form.looked").wait_for()
        page.keyboard.press("Control+Enter")  # anew: what is shown is what goes
        page.locator(".done, .callout[role=status]").first.wait_for()
        assert "پاسخ فرستاده شد" in page.inner_text("main")


def test_a_phrase_of_a_public_report_is_marked_hidden_and_shown_again(at_desk, shared_desk):
    text = "چاه را پرویز بهرامی کنار قنات می‌زند؛ تلفن 09121234567."
    page = at_desk.opened(registered(shared_desk, public=True, text=text))
    if at_desk.script:
        page.evaluate(
            """() => {
                const text = document.querySelector("[data-markable] .prose").firstChild;
                const start = text.data.indexOf("پرویز");
                getSelection().setBaseAndExtent(text, start, text, start + "پرویز بهرامی".length);
            }"""
        )
        act(page, "blank")
        wait_for(lambda: page.input_value("#blank-phrase") == "پرویز بهرامی", 10)
    else:
        act(page, "blank")
        page.fill("#blank-phrase", "پرویز بهرامی")
    page.fill("#blank-text", "نام کسی است.")
    page.judged(page)
    press(page, "دیدن پیش از پنهان کردن")
    assert "چاه را [پنهان شد] کنار قنات می‌زند؛ تلفن [پنهان شد]." in page.inner_text("main")
    page.judged(page)
    confirm(page)
    assert "برای همگان پنهان شد" in page.inner_text("main")
    page.locator("#public-words > summary").click()
    assert "چاه را [پنهان شد]" in page.inner_text("#public-words")
    act(page, "unblank")
    page.locator("#unblank input[type=radio]").last.check()
    page.fill("#unblank-text", "نام خود نویسنده است.")
    page.judged(page)
    press(page, "دیدن پیش از دیدنی کردن")
    confirm(page)
    assert "چاه را پرویز بهرامی" in page.inner_text("main")
