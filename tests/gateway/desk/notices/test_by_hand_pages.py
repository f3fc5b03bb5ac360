"""One message by hand at the desk: chosen, filled in, seen, sent once, followed; without script."""

import html
import re

import pytest

from tests.gateway.desk.seats import Seat, running
from tests.gateway.desk.test_desk_pages import registered
from tests.gateway.desk.test_notices_pages import Notices
from tests.stores import execute
from tests.waiting import wait_for

MOBILE = "09900000088"


class House(Notices):
    """That desk, from which messages also go to notify."""

    def begin_letters(self):
        self._start("bus", "relay", "services.ticketing", **self.environ)


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, ticketing_template, notify_template):
    templates = {"ticketing": ticketing_template, "notify": notify_template}
    with running(House, tmp_path_factory, broker, postgres, **templates) as house:
        yield house


def chosen(seat, path, name):
    """The ID of the template of that name, as the page offers it."""
    page = seat.get(path).text
    return re.search(rf'<option value="([0-9a-f-]{{36}})"[^>]*>{re.escape(name)}', page)[1]


def test_an_editor_sends_one_message_after_a_look_and_follows_it(house):
    karim = house.sit("karim")
    form = chosen(karim, "/by-hand/new", "لطفاً تماس بگیرید")
    page = karim.get("/by-hand/new", form_of=form, language="fa").text
    assert 'name="value-موضوع"' in page
    assert 'name="value-تلفن"' in page
    fields = {
        "form_of": form,
        "language": "fa",
        "value__موضوع": "انشعاب شما",
        "value__تلفن": "33220011",
        "mobile": MOBILE,
        "why": "قرار بازدید",
    }
    look = karim.press("/by-hand/new", **fields)
    assert 'class="looked"' in look.text
    assert "درباره انشعاب شما" in look.text
    assert "بخش‌های پیامک" in look.text
    assert "ریال" in look.text
    count = "select count(*) from hand_messages"
    assert execute(house.beside_db, count) == [(0,)], "a look sends nothing"
    sent = karim.confirm(look)
    assert re.search(r"/messages/[0-9a-f-]{36}\?done=by_hand", sent.url), sent.text
    assert MOBILE not in sent.text
    listed = karim.get("/by-hand").text
    assert "قرار بازدید" in listed
    assert "لطفاً تماس بگیرید" in listed
    # Sent twice it is one message.
    karim.confirm(look)
    assert execute(house.beside_db, count) == [(1,)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"value__تلفن": "www.x.ir"}, "پیوند"),
        ({"value__تلفن": ""}, "جای‌خالی"),
        ({"why": ""}, "دلیل"),
        ({"mobile": "123"}, "شماره همراه"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(house, fields, words):
    karim = house.sit("karim")
    form = chosen(karim, "/by-hand/new", "لطفاً تماس بگیرید")
    good = {"value__موضوع": "x", "value__تلفن": "1", "mobile": MOBILE, "why": "قرار بازدید"}
    answer = karim.press("/by-hand/new", form_of=form, language="fa", **{**good, **fields})
    assert answer.status_code >= 400
    assert words in answer.text
    assert 'name="value-موضوع" value="x"' in answer.text


def test_who_is_no_editor_has_no_such_page(house):
    assert house.sit("sara").get("/by-hand").status_code == 403


def test_a_clerk_texts_the_proven_number_of_a_ticket_and_reads_what_became_of_it(house):
    code = registered(house, mobile=MOBILE)["code"]
    karim = Seat(house, "karim")
    path = f"/tickets/{code}/sms"
    refused = karim.get(path).text
    assert "تأیید نشده است" in refused
    of_ticket = "ticket = (select id from tickets where code = %s)"
    sql = f"update people set mobile_proven_at = now() where {of_ticket}"
    execute(house.db, sql, (code,))
    assert f'href="/desk{path}"' in karim.get(f"/tickets/{code}").text
    form = chosen(karim, path, "لطفاً تماس بگیرید")
    page = karim.get(path, form_of=form).text
    version = re.search(r'name="version" value="([0-9]+)"', page)[1]
    look = karim.press(
        path,
        form_of=form,
        language="fa",
        version=version,
        value__موضوع="چاه",
        value__تلفن="33220011",
    )
    assert 'class="looked"' in look.text, look.text
    assert MOBILE not in look.text
    sent = karim.confirm(look)
    assert "done=text_person" in sent.url, sent.text
    wait_for(lambda: "پیامکی فرستاده نشده است" not in karim.get(path).text, 30)
    history = html.unescape(karim.get(f"/tickets/{code}").text)
    assert "درباره چاه در ساعت اداری با شماره 33220011" in history


def test_the_ticket_of_another_unit_shows_no_messages(house):
    code = registered(house, mobile=MOBILE)["code"]
    sara = Seat(house, "sara")
    assert sara.get(f"/tickets/{code}/sms").status_code == 403
