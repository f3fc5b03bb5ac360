"""The portal's page of own inquiries: a mobile may be left; it is never shown again, nor logged."""

import re
import secrets

import pytest
import requests

from deploy.local.ports import free_port, listening
from iran.persian import persian_digits
from tests.gateway.conftest import environ_of
from tests.processes import Starter
from tests.stores import execute
from tests.waiting import wait_for

KEY, FILE = "9905251782", "1001/5"
MOBILES = ("09900000012", "+989900000012", "9900000012")


class Portal:
    """The public face before the running inquiry service, and what they did since a test began."""

    def __init__(self, start, inquiry):
        self.db, self.url = inquiry["DB_URL"], f"http://127.0.0.1:{free_port()}"
        port = self.url.rsplit(":", 1)[1]
        environ = {"PORTAL_URL": self.url, "PORT": port, "HOST": "127.0.0.1"}
        face = start("gateway.public", **environ_of(inquiry) | environ)
        self.processes = (*inquiry["processes"], face)
        wait_for(lambda: listening(int(port)), 60)

    def begin(self):
        (self.since,) = execute(self.db, "select clock_timestamp()")[0]
        self._told = [len(process.log) for process in self.processes]
        return self

    def ask(self, **more):
        """What a browser is shown that has sent the form; and the browser."""
        fields = {
            "key": KEY,
            "file_no": FILE,
            "declared": "1",
            "form": secrets.token_hex(8),
            **more,
        }
        browser = requests.Session()
        return browser.post(f"{self.url}/inquiry", data=fields, timeout=30), browser

    def mobiles(self):
        return execute(
            self.db,
            "select mobile, language from own_inquiries where asked_at >= %s "
            "order by asked_at, code",
            (self.since,),
        )

    def log(self):
        reply = zip(self.processes, self._told, strict=True)
        return "".join(item.log[before:] for item, before in reply)


@pytest.fixture(scope="module")
def running(shared_face, tmp_path_factory):
    starter = Starter(tmp_path_factory.mktemp("own_pages"))
    yield Portal(starter, shared_face.inquiry)
    starter.end()
    # Nobody charges here: what waits for billing would make the shared service unready in a minute.
    execute(shared_face.inquiry["DB_URL"], "delete from outbox where sent_at is null")


@pytest.fixture
def portal(running):
    """The running portal, with nothing of another test in what it tells."""
    return running.begin()


def shown(text):
    """The mobiles that a text has in any of their forms."""
    return [mobile for mobile in MOBILES if mobile in text]


def test_a_mobile_is_optional_is_kept_and_is_neither_shown_again_nor_logged(portal):
    form = requests.get(f"{portal.url}/inquiry", timeout=30).text
    assert re.search(r'<label for="mobile">تلفن همراه <small>\(اختیاری\)</small></label>', form)
    without, _ = portal.ask()
    assert (without.status_code, "/inquiry/mine" in without.url) == (200, True)
    assert portal.mobiles() == [(None, "fa")]
    reply, browser = portal.ask(mobile="۰۹۹۰ ۰۰۰ ۰۰۱۲")
    assert (reply.status_code, "/inquiry/mine" in reply.url) == (200, True)
    assert portal.mobiles()[1:] == [("+989900000012", "fa")]
    again = browser.get(f"{portal.url}/inquiry/mine", timeout=30)
    for page in (reply, again, browser.get(f"{portal.url}/inquiry", timeout=30)):
        assert shown(page.text) == []
    assert shown(portal.log()) == []


def test_a_malformed_mobile_is_refused_beside_its_field_and_nothing_is_asked(portal):
    reply, _ = portal.ask(mobile="0990000001")
    assert reply.status_code == 422
    assert 'id="mobile-error">شماره همراه 09 و نه رقم است.' in reply.text
    assert f'value="{FILE}"' in reply.text
    assert "0990000001" not in reply.text + portal.log()
    assert portal.mobiles() == []


def test_another_mistake_does_not_show_the_mobile_again(portal):
    reply, _ = portal.ask(mobile=MOBILES[0], file_no="")
    assert (reply.status_code, shown(reply.text)) == (422, [])
    other, _ = portal.ask(mobile=MOBILES[0], file_no="99/99999")
    assert (other.status_code, shown(other.text)) == (422, [])
    assert "با هم مطابقت ندارند" in other.text
    assert shown(portal.log()) == []
    assert portal.mobiles() == []


@pytest.mark.parametrize("mark", ["", "\u200e\u200b", "\t\u2060\u202f", "\ufeff\u00ad"], ids=ascii)
def test_p10_c5_an_own_inquiry_is_asked_with_digits_and_marks_of_any_kind(portal, mark):
    key, file_no, mobile = (mark + persian_digits(x) for x in (KEY, FILE, "+98 (0) 990 000 0012"))
    reply, _ = portal.ask(key=key, file_no=file_no, mobile=mobile)
    assert (reply.status_code, "/inquiry/mine" in reply.url) == (200, True)
    assert portal.mobiles()[-1] == ("+989900000012", "fa")


@pytest.mark.parametrize(
    ("bill", "sentence"),
    [
        (None, "برای این استعلام قبضی صادر نشد"),
        ("EXPIRED", "قبض پرداخت نشد"),
        ("PAID", "پرداخت شما پس از پایان استعلام رسید"),
    ],
)
def test_an_inquiry_that_has_ended_tells_why_and_what_became_of_the_money(portal, bill, sentence):
    _, browser = portal.ask()
    execute(
        portal.db,
        "update own_inquiries set state = 'ENDED', bill_shown = %s::jsonb where asked_at >= %s",
        (bill and f'{{"state": "{bill}", "total_rials": 500000}}', portal.since),
    )
    assert sentence in browser.get(f"{portal.url}/inquiry/mine", timeout=30).text
