"""The citizen's journeys in a real browser, against a running desk."""

import io
import re
import secrets

import pytest
from PIL import Image

from people import tracking
from tests import pictures
from tests.gateway.desk.seats import signed_in
from tests.gateway.desk.test_desk_pages import registered
from tests.waiting import wait_for

TEXT = "شب‌ها کنار قنات چاه می‌زنند.\nدو شب است."
PNG = pictures.png(bytes(2000))
EICAR = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}" + "$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" + "$H+H*").encode()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).and_(
        page.locator(":not(.default)")
    ).first.click()


def confirm(page):
    """Presses the button of the page that shows an act of weight before it is done."""
    page.locator("form.looked button[name=looked]").click()


def go_on(page):
    press(page, "ادامه")


def fill_in(
    page, desk, look=lambda _: None, email="zahra@example.com", files=(), public=False, text=TEXT
):
    """Registers a complaint page by page; ``look`` sees each page before it is sent."""
    page.goto(f"{desk.portal}/contact")
    look(page)
    page.get_by_role("link", name="ثبت تازه").click()
    look(page)
    page.get_by_label("شکایت").check()
    go_on(page)
    look(page)
    page.get_by_label("چاه غیرمجاز یا اضافه‌برداشت").check()
    page.select_option("#county", "gachsaran")
    go_on(page)
    look(page)
    page.fill("#text", text)
    if files:
        page.set_input_files("#files", [*files])
    go_on(page)
    look(page)
    page.fill("#name", "زهرا کاظمی")
    if email:
        page.fill("#email", email)
    go_on(page)
    look(page)
    page.check("#declared")
    if public:
        page.check("#public")
    press(page, "ثبت")
    look(page)
    return [re.sub(r"\D", "", page.locator(".panel dd").nth(n).inner_text()) for n in (0, 1)]


def track(page, desk, code, secret):
    page.goto(f"{desk.portal}/contact/track")
    page.fill("#code", code)
    page.fill("#secret", secret)
    press(page, "باز کردن")


def sign_in(page, desk, username="mina"):
    """Signs in at the door; most tests are about what lies behind it, and `sit_down`."""
    page.goto(f"{desk.ops}/desk")
    page.fill("#username", username)
    page.fill("#password", desk.password)
    press(page, "ورود")


def sit_down(page, desk, username="mina"):
    """Opens the first page of the desk in a session of its own that was begun without a browser."""
    cookies = signed_in(desk, username).cookies
    page.context.add_cookies([{"name": c.name, "value": c.value, "url": desk.ops} for c in cookies])
    page.goto(f"{desk.ops}/desk")


def open_menu(page):
    """Shows the places to go, which a telephone has behind a button."""
    if (menu := page.locator(".menu summary")).is_visible():
        menu.click()


def stand_up(page):
    """Signs out."""
    open_menu(page)
    press(page, "خروج")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_complaint_goes_from_the_portal_to_the_unit_and_back(visitor, shared_desk, script):
    citizen = visitor(script=script, width=320)
    code, secret = fill_in(citizen, shared_desk)
    assert (len(code), len(secret)) == (10, 20)
    # the unit's queue and mailbox
    box = "groundwater@staff.water.example"
    wait_for(lambda: any(m["X-Mirab-Ticket"] == code for m in shared_desk.letters(box)))
    clerk = visitor(script=script, width=1280)
    sign_in(clerk, shared_desk)
    clerk.goto(f"{shared_desk.ops}/desk/queue")
    clerk.fill("#search", code)
    press(clerk, "نمایش")
    clerk.locator("#answer > summary").click()
    clerk.fill("#answer-text", "کارشناس بازدید کرد و چاه پلمپ شد.")
    press(clerk, "دیدن پیش از فرستادن")
    confirm(clerk)
    assert "پاسخ فرستاده شد" in clerk.inner_text("main")
    # the citizen, later, on another telephone
    again = visitor(script=script)
    track(again, shared_desk, code, secret)
    assert "کارشناس بازدید کرد و چاه پلمپ شد." in again.inner_text("main")
    press(again, "حل شد؛ راضی‌ام")
    assert "نظر شما ثبت شد" in again.inner_text("main")
    again.locator("summary", has_text="نتیجه را نمی‌پذیرم").click()
    again.fill("#reopen-text", "دیشب دوباره می‌زدند.")
    press(again, "ثبت اعتراض")
    assert "در دست بررسی" in again.inner_text("main")


def test_the_link_in_the_letter_opens_the_ticket(visitor, shared_desk):
    registered(shared_desk, email="link@example.com", text=TEXT)
    wait_for(lambda: shared_desk.letters("link@example.com"))
    text = shared_desk.letters("link@example.com")[0].get_body(("plain",)).get_content()
    page = visitor()
    page.goto(re.search(r"http://\S+/l/\S+", text)[0])
    assert page.url == f"{shared_desk.portal}/contact/ticket"
    assert "شب‌ها کنار قنات" in page.inner_text("main")
    press(page, "خروج از این صفحه")
    page.goto(f"{shared_desk.portal}/contact/ticket")
    assert page.url.endswith("/contact/track")


def test_a_file_is_opened_after_the_scanner_and_an_infected_one_never(visitor, shared_desk):
    page = visitor()
    files = [
        {"name": "چاه.png", "mimeType": "image/png", "buffer": PNG},
        {"name": "نامه.txt", "mimeType": "text/plain", "buffer": EICAR},
    ]
    fill_in(page, shared_desk, files=files)
    page.goto(f"{shared_desk.portal}/contact/ticket")

    def scanned():
        page.reload()
        return "در حال بررسی" not in page.inner_text(".timeline")

    wait_for(scanned, 30, 0.5)
    with page.expect_download() as saved:
        page.get_by_role("link", name="چاه.png").click()
    assert saved.value.suggested_filename == "چاه.png"
    assert saved.value.path().read_bytes() == PNG
    assert "آلوده بود و باز نمی‌شود" in page.inner_text(".timeline")


def test_a_large_photo_is_made_smaller_before_it_travels(visitor, shared_desk):
    page = visitor()
    page.goto(f"{shared_desk.portal}/contact/new")
    page.get_by_label("شکایت").check()
    go_on(page)
    page.get_by_label("چاه غیرمجاز یا اضافه‌برداشت").check()
    go_on(page)
    photo = {"name": "IMG_1.JPG", "mimeType": "image/jpeg", "buffer": large_photo()}
    page.set_input_files("#files", [photo])
    page.wait_for_function("document.querySelector('#files-told').textContent.includes('آماده')")
    size = page.evaluate("document.querySelector('#files').files[0].size")
    assert 0 < size < len(photo["buffer"]) / 2
    page.fill("#text", TEXT)
    go_on(page)
    press_back = page.get_by_role("button", name="بازگشت", exact=True)
    press_back.click()
    assert "IMG_1.jpg" in page.inner_text(".files")


def large_photo():
    """A JPEG of some megabytes."""
    out = io.BytesIO()
    Image.effect_noise((4000, 3000), 60).convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_public_report_is_found_on_the_map_and_joined_instead_of_reported_again(
    visitor, shared_desk, judged, script
):
    look = judged if script else lambda _: None  # axe is a script
    words = f"لوله آب روستا شکسته است {secrets.token_hex(6)} {secrets.token_hex(6)}"
    if script:  # without it a form makes it public
        registered(shared_desk, public=True, text=words, county="gachsaran")
    else:
        fill_in(visitor(script=False), shared_desk, public=True, text=words)
    page = visitor(script=script, width=360, height=740)
    page.goto(f"{shared_desk.portal}/reports")
    page.locator(".map a", has_text="گچساران").click()
    assert "county=gachsaran" in page.url
    page.select_option("#state", "open")
    if not script:
        press(page, "نمایش")
    page.wait_for_url("**state=open**")
    page.locator("article", has_text=words).get_by_role("link").click()
    look(page)
    press(page, "من هم")
    assert "شما هم شمرده شدید" in page.inner_text("main")
    assert page.get_by_role("button", name="من هم", exact=True).count() == 0
    page.goto(page.url.partition("?")[0])  # somebody who comes again
    press(page, "من هم")
    assert "پیش‌تر شمرده شده‌اید" in page.inner_text("main")
    neighbour = visitor(script=script, width=360, height=740)
    neighbour.goto(f"{shared_desk.portal}/contact/new?kind=complaint")
    go_on(neighbour)
    neighbour.get_by_label("چاه غیرمجاز یا اضافه‌برداشت").check()
    go_on(neighbour)
    neighbour.fill("#text", words)
    go_on(neighbour)
    go_on(neighbour)
    look(neighbour)
    neighbour.locator("li", has_text=words).get_by_role("button").click()
    assert "شما هم شمرده شدید" in neighbour.inner_text("main")
    assert "همین مشکل را دارند: 2" in neighbour.inner_text("main")


def test_going_back_and_sending_again_makes_no_second_ticket(visitor, shared_desk):
    page = visitor()
    code, secret = fill_in(page, shared_desk)
    page.go_back()
    page.check("#declared")
    press(page, "ثبت")
    replies = [re.sub(r"\D", "", page.locator(".panel dd").nth(n).inner_text()) for n in (0, 1)]
    assert replies == [code, secret]


def test_what_is_wrong_is_said_at_the_top_and_at_the_field_and_nothing_is_lost(
    visitor, shared_desk
):
    page = visitor(script=False)
    page.goto(f"{shared_desk.portal}/contact/new")
    go_on(page)
    assert page.title().startswith("خطا:")
    assert page.locator(".error-summary a").inner_text() == "نوع درخواست را انتخاب فرمایید."
    page.get_by_label("درخواست").check()
    go_on(page)
    page.get_by_label("قبض و پرداخت").check()
    go_on(page)
    page.fill("#text", "قبض من دو بار پرداخت شده است.")
    go_on(page)
    page.fill("#mobile", "0912")
    page.fill("#name", "علی")
    go_on(page)
    assert page.locator("#mobile").get_attribute("aria-invalid") == "true"
    assert page.input_value("#name") == "علی"
    page.fill("#mobile", "۰۹۱۲۱۲۳۴۵۶۷")
    go_on(page)
    page.get_by_role("button", name="تغییر شرح").click()
    assert page.input_value("#text") == "قبض من دو بار پرداخت شده است."


def test_a_wrong_secret_shows_no_more_than_that_both_do_not_belong_together(visitor, shared_desk):
    page = visitor()
    track(page, shared_desk, tracking.new(), "1" * 20)
    assert "کد و رمز با هم مطابقت ندارد" in page.inner_text("main")
    assert page.input_value("#secret") == ""


def test_a_code_typed_with_persian_digits_marks_and_blanks_opens_the_ticket(visitor, shared_desk):
    ticket = registered(shared_desk)
    code, secret, page = ticket["code"], ticket["secret"], visitor()
    persian = code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    track(page, shared_desk, f"\u200f{persian[:3]} {persian[3:6]}\u200c-{persian[6:]}", secret)
    assert page.url.endswith("/contact/ticket")


def test_english_is_one_press_away_and_stays(visitor, shared_desk):
    page = visitor()
    page.goto(f"{shared_desk.portal}/contact")
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("dir") == "ltr"
    page.get_by_role("link", name="Register something new").click()
    assert page.locator("h1").inner_text() == "What do you want to register?"


def name_of(url):
    """The file's name, without the version of its content."""
    return url.partition("?")[0].rsplit("/", 1)[-1]


def test_a_page_weighs_little_and_brings_no_script(visitor, shared_desk):
    page, sizes = visitor(), {}
    # What travels: texts are compressed.
    page.on(
        "requestfinished",
        lambda r: sizes.update({name_of(r.url): r.sizes()["responseBodySize"]}),
    )
    page.goto(f"{shared_desk.portal}/contact/new")
    page.wait_for_load_state("networkidle")
    assert "mirab.css" in sizes
    assert any(name.endswith(".woff2") for name in sizes)
    assert sum(size for name, size in sizes.items() if "." in name) < 65_000
    assert page.locator("script").count() == 0


def test_the_whole_form_can_be_done_by_keyboard_and_focus_is_seen(visitor, shared_desk):
    page = visitor()
    page.goto(f"{shared_desk.portal}/contact/new")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "kind":
            break
    page.keyboard.press("Space")
    assert page.locator("#kind").is_checked()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector("#county")


# A field of each page with a form that one line may fill.
LINES = {
    "contact/track": "#code",
    "inquiry/open": "#code",
    "inbox/open": "#code",
    "bills": "#bill_id",
    "inquiry": "#file_no",
}


def test_p4_enter_in_a_field_sends_the_form_and_not_the_choice_of_language(visitor, shared_desk):
    page = visitor()
    for path, field in LINES.items():
        page.goto(f"{shared_desk.portal}/{path}")
        page.fill(field, "12")
        with page.expect_navigation() as sent:
            page.press(field, "Enter")
        assert "language=" not in (sent.value.request.post_data or sent.value.url), path
        assert page.locator("html").get_attribute("lang") == "fa", path
        assert page.locator(".error-summary").is_visible(), path


def test_axe_finds_nothing_on_any_page_in_any_state(visitor, shared_desk, judged_wide_and_narrow):
    judged = judged_wide_and_narrow
    page = visitor(width=320)
    page.goto(shared_desk.portal)
    judged(page)
    for path in (
        "verify",
        "verify?code=",
        "v1/verify/V-AAAA",
        "laws",
        "statistics",
        "reports",
        "service",
        "help",
        "agreement",
        "privacy",
        "accessibility",
        "nowhere",
        "contact/track",
        "contact?lang=en",
        "contact?lang=fa",
    ):
        page.goto(f"{shared_desk.portal}/{path}")
        judged(page)
    page.goto(f"{shared_desk.portal}/contact/new")
    go_on(page)
    judged(page)
    code, secret = fill_in(page, shared_desk, look=judged)
    page.goto(f"{shared_desk.portal}/contact/ticket")
    open_all(page)
    judged(page)
    press(page, "فرستادن پیام")
    judged(page)
    page.get_by_role("link", name="پس گرفتن").click()
    judged(page)
    page.goto(f"{shared_desk.portal}/contact/ticket")
    page.fill("#form-write textarea", "نوشته‌ای که دیر فرستاده شد")
    page.context.clear_cookies()
    press(page, "فرستادن پیام")
    judged(page)
    track(page, shared_desk, code, "1" * 20)
    judged(page)
    desk_of(page, shared_desk, judged, code)
    track(page, shared_desk, code, secret)
    judged(page)


def open_all(page):
    """Opens everything that can be opened, also what lies inside."""
    while (closed := page.locator("main details:not([open]) > summary:visible")).count():
        closed.first.click()


def desk_of(page, desk, judged, code):
    """Looks at every page of the desk; leaves the ticket answered."""
    page.goto(f"{desk.ops}/desk/sign-in")
    judged(page)
    sign_in(page, desk, "nader")
    judged(page)
    for path in (
        "calendar",
        "telephone",
        "figures",
        "for-me",
        "colleagues",
        f"tickets/{code}",
        "tickets/4052138845",
    ):
        page.goto(f"{desk.ops}/desk/{path}")
        open_all(page)
        judged(page)
    page.goto(f"{desk.ops}/desk/tickets/{code}")
    page.locator("#answer > summary").click()
    press(page, "دیدن پیش از فرستادن")
    judged(page)
    page.fill("#answer-text", "پاسخ")
    press(page, "دیدن پیش از فرستادن")
    judged(page)
    confirm(page)
    judged(page)
    stand_up(page)
