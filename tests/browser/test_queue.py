"""A clerk's common journeys through the queue: with script and keys alone, and without script."""

import uuid

import pytest

from tests.browser.test_citizen import press, sit_down
from tests.gateway.desk.test_desk_pages import registered as registered_at


def registered(desk, **more):
    """A ticket of somebody of its own: the acknowledgements to one address have a limit."""
    return registered_at(desk, email=f"{uuid.uuid4().hex}@example.com", **more)


@pytest.fixture
def three(shared_desk):
    """Tickets that one search finds, and the word that finds them."""
    word = f"w{uuid.uuid4().hex[:10]}"
    return [registered(shared_desk, text=f"چاه {word} {n}")["code"] for n in range(3)], word


def opened(page):
    """The code of the ticket that the page shows."""
    page.wait_for_url("**/desk/tickets/**")
    return page.url.split("/desk/tickets/")[1][:10]


def rows(page):
    return [link.get_attribute("href")[14:24] for link in page.locator("[data-row]").all()]


@pytest.mark.parametrize("width", [360, 1366])
def test_without_script_tickets_are_found_taken_opened_and_left_for_the_next(
    visitor, shared_desk, three, width
):
    tickets, word = three
    page = visitor(script=False, width=width, height=768)
    sit_down(page, shared_desk)
    page.goto(f"{shared_desk.ops}/desk/queue")
    page.fill("#search", word)
    press(page, "نمایش")
    order = rows(page)
    assert set(order) == set(tickets)
    text = page.get_by_text(f"چاه {word} 0").bounding_box() or {"x": -1, "width": 0}
    assert 0 <= text["x"] <= width - text["width"], "by its text a ticket is known"
    for box in page.locator("input[name=selected]").all():
        box.check()
    press(page, "بردارم")
    assert "برداشتید" in page.inner_text("main")
    assert rows(page) == order, "the list is where it was"
    page.locator("[data-row]").first.click()
    assert opened(page) == order[0]
    page.get_by_role("link", name="بعدی در همین فهرست").click()
    assert opened(page) == order[1]
    page.get_by_role("link", name="بازگشت به فهرست").click()
    assert rows(page) == order


def test_by_keys_alone_a_list_is_walked_selected_and_left_and_keys_leave_fields_alone(
    visitor, shared_desk, three, judged
):
    _tickets, word = three
    page = visitor(width=1366, height=768)
    sit_down(page, shared_desk)
    page.goto(f"{shared_desk.ops}/desk/queue?search={word}")
    order = rows(page)
    page.keyboard.press("/")
    page.keyboard.press("End")
    page.keyboard.type("jx?")
    assert page.input_value("#search") == f"{word}jx?"
    page.locator("h1").click()
    for key in ("j", "x", "j", "x", "k"):
        page.keyboard.press(key)
    assert page.locator("input[name=selected]:checked").count() == 2
    assert "با 2 پرونده" in page.inner_text(".bulk")
    judged(page)
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()
    judged(page)
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.get_by_text("برداشتید").wait_for()
    assert page.locator("tr", has_text="Mina").count() + page.locator("tr", has_text="مینا").count()
    page.keyboard.press("j")
    page.keyboard.press("o")
    assert opened(page) == order[0]
    page.keyboard.press("n")
    page.wait_for_url(f"**/desk/tickets/{order[1]}**")
    page.keyboard.press("b")
    page.wait_for_url("**/desk/queue**")
    # Turned off, a letter is a letter.
    page.goto(f"{shared_desk.ops}/desk/keys")
    press(page, "خاموش کردن کلیدها")
    page.goto(f"{shared_desk.ops}/desk/queue?search={word}")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement === document.body")


def test_twelve_rows_are_seen_at_one_look_and_what_comes_is_counted_in_place(
    visitor, shared_desk, judged
):
    word = f"w{uuid.uuid4().hex[:10]}"
    for n in range(14):
        registered(shared_desk, text=f"چاه {word} {n}")
    page = visitor(width=1366, height=768)
    page.clock.install()
    sit_down(page, shared_desk)
    page.goto(f"{shared_desk.ops}/desk/queue?search={word}")
    visible = page.evaluate(
        "[...document.querySelectorAll('tbody tr')]"
        ".filter(r => r.getBoundingClientRect().bottom <= innerHeight).length"
    )
    assert visible >= 12
    registered(shared_desk, text=f"چاه {word} تازه")
    page.clock.fast_forward(31_000)
    page.get_by_text("1 تازه؛ نمایش").click()
    page.get_by_text("15 پرونده").wait_for()
    for act in ("یکی کردن…", "پاسخ نهایی…"):
        page.locator("#all").check()
        page.get_by_role("button", name=act).click()
        page.wait_for_url("**/desk/queue/bulk")
        judged(page)
        page.get_by_role("link", name="بازگشت به فهرست بدون انجام").click()
        page.wait_for_url("**/desk/queue?**")
    page.locator("#all").check()
    page.get_by_role("button", name="پیام…").click()
    page.fill("#say-text", "بازدید می‌شود.")
    page.keyboard.press("Control+Enter")  # what the page before the act shows
    page.get_by_text("15 پرونده: پیام رفت").wait_for()


def test_a_caller_is_looked_up_while_the_number_is_typed(visitor, shared_desk, judged):
    code = registered(shared_desk, mobile="09175556677")["code"]
    page = visitor(width=1366, height=768)
    sit_down(page, shared_desk)
    page.goto(f"{shared_desk.ops}/desk/telephone")
    page.locator("#telephone-mobile").press_sequentially("۰۹۱۷۵۵۵۶۶۷۷")
    page.locator(f"#earlier a[href='/desk/tickets/{code}']").wait_for()
    judged(page)
