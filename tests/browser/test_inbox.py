"""An inbox from its making to a message in it, in a browser, and each page judged."""

import pytest

from deploy.local.ports import free_port, listening
from tests.browser.test_citizen import press
from tests.databases import make_database
from tests.environments import secrets_in
from tests.notify.conftest import Hand
from tests.processes import Starter
from tests.stores import own_vhost
from tests.waiting import wait_for


class Portal:
    """The notify service and the public face, running; ``write`` puts a message into an inbox."""

    def __init__(self, start, folder, amqp, db):
        self._db, port = db, free_port()
        self.url = f"http://127.0.0.1:{port}"
        environ = {
            **secrets_in(folder),
            "AMQP_URL": amqp,
            "DB_URL": db,
            "HOST": "127.0.0.1",
            "PORTAL_URL": self.url,
        }
        service = start("bus", "serve", "services.notify", **environ)
        start("gateway.public", **environ, PORT=str(port))
        wait_for(lambda: "notify.requests" in service.log, 60)
        wait_for(lambda: listening(port), 60)

    def write(self, code, subject):
        hand = Hand(self._db)
        try:
            hand.tell(
                to={"inbox": code},
                personalisation={"subject": subject, "text": "خط یک <b>\nخط دو"},
            )
        finally:
            hand.store.engine.dispose()


@pytest.fixture(scope="module")
def portal(tmp_path_factory, broker, postgres, notify_template):
    folder = tmp_path_factory.mktemp("inbox")
    db = make_database(postgres, "inbox_notify", notify_template)
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        yield Portal(starter, folder, amqp, db)
        starter.end()


def make(page, portal):
    """Makes an inbox: its code and its secret, as they are shown."""
    page.goto(f"{portal.url}/inbox")
    page.locator("main form button").click()
    page.wait_for_url("**/inbox/mine?new=1")
    return [bdi.inner_text().replace(" ", "") for bdi in page.locator(".panel bdi").all()]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_who_makes_an_inbox_reads_what_was_written_to_its_code(visitor, portal, script):
    page = visitor(script=script, width=320)
    code, secret = make(page, portal)
    portal.write(code, "قطع آب در روستا")
    page.goto(f"{portal.url}/inbox/mine")
    card = page.locator("article").inner_text()
    assert "قطع آب در روستا" in card
    assert "خط یک <b>\nخط دو" in card
    assert secret not in page.content()
    press(page, "بستن صندوق در این مرورگر")
    page.goto(f"{portal.url}/inbox/mine")
    assert page.url.endswith("/contact/track")
    page.fill("#code", f"{code[:3]} {code[3:6]} {code[6:]}")
    page.fill("#secret", secret)
    press(page, "باز کردن")
    page.locator("article").wait_for()


def test_a_wrong_secret_opens_nothing_and_is_told_beside_the_form(visitor, portal):
    page = visitor()
    code, _ = make(page, portal)
    page.goto(f"{portal.url}/inbox/open")
    page.fill("#code", code)
    page.fill("#secret", "1" * 20)
    press(page, "باز کردن")
    # Of whose code it is nobody can tell here, as the desk is away: it is asked for again.
    assert "دوباره بفرستید" in page.locator(".error-summary").inner_text()
    assert page.input_value("#code").replace(" ", "") == code
    assert page.input_value("#secret") == ""


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_of_an_inbox_is_clean_and_fits(
    visitor, portal, judged_wide_and_narrow, language
):
    judged = judged_wide_and_narrow
    page = visitor(width=320)
    page.goto(f"{portal.url}/inbox?lang={language}")
    judged(page)
    page.goto(f"{portal.url}/inbox/open")
    judged(page)
    page.locator("main form button").first.click()
    judged(page)
    code, _ = make(page, portal)
    judged(page)
    for number in range(22):
        portal.write(code, f"پیام {number}")
    page.goto(f"{portal.url}/inbox/mine")
    assert page.locator("article").count() == 20
    judged(page)
    page.locator("a[href*='before=']").click()
    page.wait_for_url("**before=**")
    assert page.locator("article").count() == 2
    judged(page)
