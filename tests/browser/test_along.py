"""Where there is no connection: tickets taken along are read, and what is typed is sent later."""

import re
import uuid

import pytest
import requests

from tests.browser.test_citizen import sit_down, stand_up
from tests.browser.test_ticket_page import registered
from tests.gateway.desk.seats import signed_in
from tests.stores import execute
from tests.waiting import wait_for

PASSWORD = "a word of today"
INJECTED = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"
# What the browser's own store holds, as anybody reads it who has the device.
STORED = """async () => {
  const request = indexedDB.open("mirab-along");
  const db = await new Promise(done => { request.onsuccess = () => done(request.result); });
  const rows = {};
  for (const name of db.objectStoreNames) rows[name] = await new Promise(done => {
    const all = db.transaction(name).objectStore(name).getAll();
    all.onsuccess = () => done(all.result); });
  const plain = value => value instanceof ArrayBuffer ? new TextDecoder().decode(value)
    : ArrayBuffer.isView(value) ? "" : value && typeof value === "object"
    ? Object.values(value).map(plain).join(" ") : String(value);
  return Object.fromEntries(Object.entries(rows).map(([name, all]) => [name, all.map(plain)]));
}"""


@pytest.fixture
def colleague(shared_desk, visitor):
    """A page of karim, whose telephone is small, and two tickets that are his."""
    text = f"{INJECTED} چاه {uuid.uuid4().hex[:8]}"
    codes = [registered(shared_desk, text=text, address="باغ شمالی") for _ in range(2)]
    at_desk = signed_in(shared_desk, "karim")
    for code in codes:
        at_desk.post(f"{shared_desk.ops}/desk/tickets/{code}/take", data={"version": "1"})
    page = visitor(width=360, worker=True)
    sit_down(page, shared_desk, "karim")
    page.codes, page.desk, page.text = codes, shared_desk, text
    return page


def take_along(page):
    page.goto(f"{page.desk.ops}/desk/along")
    for box in page.locator("input[name=codes]:checked").all():
        box.uncheck()
    for code in page.codes:
        page.check(f"input[value='{code}']")
    page.check("input[name=persons]")
    page.fill("#day", PASSWORD)
    page.get_by_role("button", name="همراه ببرم").click()
    page.wait_for_url("**/desk/offline")


def open_along(page, password=PASSWORD):
    page.wait_for_selector("#open:not([hidden])")
    page.fill("#password", password)
    page.click("#open button")
    if password == PASSWORD:
        page.wait_for_selector("#opened:not([hidden])")


def ticket(page, code):
    return page.locator("#tickets details", has_text="\u00a0".join((code[:3], code[3:6], code[6:])))


def type_note(page, code, words):
    details = ticket(page, code)
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    details.locator("form[data-act=note] textarea").fill(words)
    return details


def test_without_a_connection_tickets_are_read_typed_into_and_sent_once_by_a_press(
    colleague, judged
):
    page, (code, other) = colleague, colleague.codes
    take_along(page)
    page.context.set_offline(True)
    page.goto(f"{page.desk.ops}/desk/tickets/{code}")  # any page of the desk is that one now
    assert "اکنون ارتباطی نیست" in page.inner_text("main")
    open_along(page)
    details = ticket(page, code)
    details.locator("summary").click()
    assert page.text in details.inner_text()
    assert "باغ شمالی" in details.inner_text()
    assert "زهرا کاظمی" in details.inner_text()
    assert page.evaluate("window.hit") is None, "what a citizen wrote is text"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    judged(page)
    # What is typed is sealed at once, and is there again after the browser was closed.
    type_note(page, code, "در راه نوشته شد")
    stored = wait_for(lambda: page.evaluate(STORED)["typed"], 10)
    everything = " ".join(map(str, page.evaluate(STORED).values()))
    assert stored
    for plain in ("در راه", "زهرا", "باغ", page.text[-8:], PASSWORD):
        assert plain not in everything
    page.reload()
    open_along(page)
    details = type_note(page, code, "در راه نوشته شد، و کامل شد")
    details.get_by_role("button", name="بگذار برای فرستادن").first.click()
    details = type_note(page, other, "دومی")
    details.get_by_role("button", name="بگذار برای فرستادن").first.click()
    wait_for(lambda: page.locator("#unsent li").count() == 2, 10)
    page.click("#send")
    wait_for(lambda: "ارتباط نیست" in page.inner_text("#state"), 10)
    # Meanwhile somebody else worked on one of them.
    at_desk = signed_in(page.desk, "mina")
    at_desk.post(
        f"{page.desk.ops}/desk/tickets/{other}/note", data={"text": "میانه", "version": "2"}
    )
    page.context.set_offline(False)
    page.click("#send")
    wait_for(lambda: "پذیرفته نشد" in page.inner_text("#unsent"), 20)
    assert page.locator("#unsent li").count() == 1
    page.click("#send")  # whoever has looked sends it to the ticket as it is now
    wait_for(lambda: page.locator("#unsent li").count() == 0, 20)
    for number, words in ((code, "در راه نوشته شد، و کامل شد"), (other, "دومی")):
        shown = at_desk.get(f"{page.desk.ops}/desk/tickets/{number}").text
        assert shown.count(f">{words}<") == 1
    # A supervisor sees who took what along; signing out takes it from the device.
    assert code in signed_in(page.desk, "nader").get(f"{page.desk.ops}/desk/along").text
    page.goto(f"{page.desk.ops}/desk")
    stand_up(page)
    page.wait_for_url("**/desk/sign-in")
    assert not any(page.evaluate(STORED).values())


def test_what_was_taken_along_ends_by_wrong_passwords_another_colleague_and_an_ended_session(
    colleague,
):
    page = colleague
    take_along(page)
    page.context.set_offline(True)
    page.reload()
    for left in (4, 3, 2, 1):
        open_along(page, "a wrong word")
        wait_for(lambda left=left: f"{left} بار" in page.inner_text("#state"), 20)
    open_along(page, "a wrong word")
    wait_for(lambda: "پاک شد" in page.inner_text("#state"), 20)
    assert not any(page.evaluate(STORED).values())
    page.context.set_offline(False)
    # A clock that was set back is not believed.
    take_along(page)
    page.evaluate("Date.now = () => 0")
    assert page.evaluate("Along.tend()") is None
    # What another tab takes along anew, or ends everywhere, this one shows no more.
    take_along(page)
    open_along(page)
    tab = page.context.new_page()
    tab.codes, tab.desk = page.codes, page.desk
    take_along(tab)
    wait_for(lambda: not page.locator("#tickets details").count(), 20)
    open_along(page)
    tab.goto(f"{page.desk.ops}/desk/account")
    tab.get_by_role("button", name="خروج از همه‌جا").click()
    wait_for(lambda: not page.locator("#tickets details").count(), 20)
    tab.close()
    sit_down(page, page.desk, "karim")
    # Somebody else signs in on the device: only what was typed stays, which they cannot open.
    take_along(page)
    open_along(page)
    type_note(page, page.codes[0], "از کریم")
    wait_for(lambda: page.evaluate(STORED)["typed"], 10)
    sit_down(page, page.desk, "mina")
    wait_for(lambda: not page.evaluate(STORED)["tickets"], 20)
    assert page.locator("[data-along]").is_visible()
    # His session is ended elsewhere: the next connection takes the tickets.
    page.evaluate("Along.eraseAll()")
    sit_down(page, page.desk, "karim")
    take_along(page)
    execute(
        page.desk.db,
        "update sessions set ended_at = now() where username = 'karim' and ended_at is null",
        (),
    )
    page.reload()
    wait_for(lambda: not page.evaluate(STORED)["about"], 20)


def test_a_form_that_does_not_arrive_comes_back_with_what_was_typed(colleague):
    page, code = colleague, colleague.codes[0]
    page.goto(f"{page.desk.ops}/desk")
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    page.goto(f"{page.desk.ops}/desk/tickets/{code}?open=note")
    # What arrives goes as it would without the worker, with its files.
    photo = {"name": "چاه.txt", "mimeType": "text/plain", "buffer": b"x" * 300_000}
    page.set_input_files("#note-files", photo)
    page.fill("#note-text", "با پیوست")
    page.get_by_role("button", name="ثبت یادداشت").click()
    page.wait_for_url(re.compile("done=note"))
    assert "چاه.txt" in page.inner_text(".timeline")
    page.goto(f"{page.desk.ops}/desk/tickets/{code}?open=note")
    page.fill("#note-text", f'{INJECTED} "نوشته" گم نمی‌شود')
    page.context.set_offline(True)
    page.get_by_role("button", name="ثبت یادداشت").click()
    page.wait_for_selector("#sent-h")
    assert page.evaluate("window.hit") is None
    assert page.locator("main textarea").input_value() == f'{INJECTED} "نوشته" گم نمی‌شود'
    page.context.set_offline(False)
    page.get_by_role("button", name="دوباره بفرست").click()
    page.wait_for_url(re.compile("done=note"))
    assert '"نوشته" گم نمی‌شود' in page.inner_text(".timeline")


def test_what_is_sent_later_has_the_rights_and_refusals_of_the_act_itself(shared_desk):
    code, other = registered(shared_desk), registered(shared_desk)
    karim, at = signed_in(shared_desk, "karim"), f"{shared_desk.ops}/desk/along/send"
    note = {"act": "note", "code": code, "version": "1", "text": "ی", "owner": "karim"}
    note["form"] = str(uuid.uuid4())
    assert [karim.post(at, data=note).json() for _ in range(2)] == [{"version": 2}] * 2
    wrong = {
        "version": ({"form": "x"}, 409),
        "came": ({"act": "visit", "came": "1", "code": other}, 422),
        "owner": ({"owner": "mina"}, 403),
        "act": ({"act": "answer"}, 404),
        "text": ({"text": ""}, 422),
    }
    for name, (members, status) in wrong.items():
        answer = karim.post(at, data={**note, **members})
        assert (name, answer.status_code) == (name, status), answer.text
        assert re.search("[آ-ی]{3}", answer.json()["refused"])
    assert karim.post(at, data={**note, "form": "y"}).json()["version"] == 2
    stranger = requests.post(at, data=note, timeout=20)
    assert (stranger.status_code, stranger.json()["signed_out"]) == (401, True)
    foreign = karim.post(at, data=note, headers={"Origin": "https://other.example"})
    assert foreign.status_code == 403
