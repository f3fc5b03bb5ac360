"""Letters from SMTP to the desk's page and back to the citizen's: what is no ticket is rescued."""

import html
import re
import smtplib
import uuid
from email.message import EmailMessage

import pytest
import requests

from tests import pictures
from tests.gateway.conftest import begin, reads
from tests.gateway.desk.test_desk_pages import registered, sat  # noqa: F401 - a fixture
from tests.stores import execute
from tests.waiting import wait_for

UNIT = "groundwater@water.example"


def message(subject, text="چاه کنار قنات شب کار می‌کند.", *, sender="ali@example.com", **headers):
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, UNIT, subject
    letter["Message-ID"] = f"<{uuid.uuid4()}@example.com>"
    for name, value in headers.items():
        letter[name.replace("_", "-")] = value
    letter.set_content(text)
    return letter


def send(desk, letter, *, to=UNIT, sender="ali@example.com"):
    """The letter goes in by SMTP; its number once it was worked on."""
    raw = letter if isinstance(letter, bytes) else letter.as_bytes()
    before = execute(desk.db, "select coalesce(max(id), 0) from letters")[0][0]
    with smtplib.SMTP("127.0.0.1", desk.mail_port, timeout=20) as server:
        server.sendmail(sender, [to], raw)
    return settled(desk, before)


def settled(desk, after):
    rows = wait_for(
        lambda: execute(
            desk.db, "select id from letters where id > %s and state <> 'RECEIVED'", (after,)
        ),
        40,
    )
    return rows[-1][0]


def state_of(desk, letter):
    return execute(desk.db, "select state from letters where id = %s", (letter,))[0][0]


class Page:
    """The page of one letter in a colleague's browser."""

    def __init__(self, desk, browser, letter):
        self.desk, self.browser, self.letter = desk, browser, letter
        self.url = f"{desk.ops}/desk/letters/{letter}"

    @property
    def text(self):
        answer = self.browser.get(self.url, timeout=20)
        assert answer.status_code == 200, answer.text
        return html.unescape(answer.text)

    def press(self, act, **fields):
        form = re.search(
            rf'action="/desk/letters/{self.letter}/{act}".*?name="form" value="([^"]+)"',
            self.text,
            re.DOTALL,
        )
        fields = {"form": form[1] if form else str(uuid.uuid4()), **fields}
        return self.browser.post(f"{self.url}/{act}", data=fields, timeout=20)


@pytest.fixture
def page(shared_desk, sat):  # noqa: F811 - the fixture above
    return lambda letter, person="karim": Page(shared_desk, sat(person), letter)


def test_m21_an_automatic_letter_is_seen_at_the_desk_and_made_a_ticket_once(shared_desk, page):
    machine = message(
        "گزارش <b>چاه</b>", sender="robot@example.org", Auto_Submitted="auto-generated"
    )
    letter = send(shared_desk, machine)
    assert state_of(shared_desk, letter) == "AUTOMATIC"
    reply = page(letter)
    listing = reply.browser.get(f"{shared_desk.ops}/desk/letters", timeout=20).text
    assert "گزارش &lt;b&gt;چاه&lt;/b&gt;" in listing
    assert "Auto-Submitted" in listing
    for word in ("چاه کنار قنات شب کار می‌کند.", "robot@example.org", UNIT, "پرونده بساز"):
        assert word in reply.text
    pressed = reply.press("register", category="illegal_well")
    assert pressed.status_code == 200
    again = reply.press("register", category="illegal_well")
    assert again.status_code in (200, 409)
    wait_for(lambda: state_of(shared_desk, letter) == "TICKET", 30)
    rows = execute(
        shared_desk.db,
        "select t.code from tickets t join letters l on l.ticket = t.id where l.id = %s",
        (letter,),
    )
    assert len(rows) == 1
    assert rows[0][0] in reply.text
    assert shared_desk.letters("robot@example.org") == []
    acts = "select actor, act from letter_acts where letter = %s"
    assert execute(shared_desk.db, acts, (letter,)) == [("karim", "register")]
    late = reply.press("register", category="illegal_well")
    assert late.status_code == 409
    assert "پیش‌تر تصمیم گرفته شده" in late.text


def test_a_head_keeps_the_list_of_senders_and_what_is_typed_wrong_names_its_field(shared_desk, sat):  # noqa: F811
    at, mina = f"{shared_desk.ops}/desk/letters/senders", sat("mina")

    def press(act, **typed):
        form = {"form": f"desk-{uuid.uuid4()}-1", "reason": "fraud", **typed}
        return mina.post(f"{at}/{act}", data=form, timeout=20)

    assert 'value="ads@spam.example"' in mina.get(f"{at}?sender=ads@spam.example", timeout=20).text
    wrong = press("put", sender="ads", days="181")
    assert wrong.status_code == 422
    for sentence in ("نشانی را مانند name@host.ir بنویسید.", "عددی از 1 تا 180 بنویسید."):
        assert sentence in wrong.text
    domain = press("put", sender="@spam.example", days="30")
    assert "یک دامنه را تنها ناظر کنار می‌گذارد" in domain.text
    listed = press("put", sender="Ads@Spam.example", days="۳")
    assert listed.url == f"{at}?done=sender_put"
    assert ">ads@spam.example</bdi>" in listed.text
    row = re.search(r'name="row" value="([0-9]+)"', listed.text)[1]
    assert "پایان یافت" in press("end", row=row).text
    # Of letters about which all was decided it does not say that tickets are made of them.
    pressed = mina.post(
        f"{at.removesuffix('/senders')}/take-out", {"selected": "9999999"}, timeout=20
    )
    assert "پرونده‌ای ساخته نشد" in pressed.text
    assert sat("karim").get(at, timeout=20).status_code == 403


def test_m21_a_letter_is_put_into_a_ticket_by_its_code(shared_desk, page):
    code = registered(shared_desk)["code"]
    letter = send(shared_desk, message("خبرنامه", List_Id="<news.example.org>"))
    reply = page(letter)
    wrong = reply.press("attach", code="4052138840")
    assert wrong.status_code == 422
    assert "یک رقم اشتباه است" in wrong.text
    assert reply.press("attach", code=code).status_code == 200
    wait_for(lambda: state_of(shared_desk, letter) == "NOTE", 30)
    shown = reply.browser.get(f"{shared_desk.ops}/desk/tickets/{code}", timeout=20).text
    assert "نامه از شخص دیگر" in shown
    assert "ali@example.com" in shown


def test_m21_nothing_to_do_needs_a_reason_and_is_written_down(shared_desk, page):
    letter = send(shared_desk, message("تبلیغ", Precedence="bulk"))
    reply = page(letter)
    assert "خالی است؛ آن را بنویسید" in reply.press("finish", text="").text
    assert reply.press("finish", text="تبلیغ است").status_code == 200
    assert state_of(shared_desk, letter) == "DONE"
    assert "تبلیغ است" in reply.text


def test_m21_the_letter_as_it_came_is_saved_by_who_may_see_it(shared_desk, page):
    letter = send(shared_desk, message("اصل", Precedence="bulk"))
    answer = page(letter).browser.get(f"{shared_desk.ops}/desk/letters/{letter}/source", timeout=20)
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert b"Precedence: bulk" in answer.content
    assert "دریافت نامه اصلی" in page(letter).text


def test_m21_another_units_letter_is_closed_to_a_clerk_and_open_to_a_supervisor(shared_desk, page):
    letter = send(shared_desk, message("دیگر", Precedence="bulk"), to="surface@water.example")
    karim = page(letter)
    assert karim.browser.get(karim.url, timeout=20).status_code == 403
    assert karim.browser.get(f"{karim.url}/source", timeout=20).status_code == 403
    assert (
        f"/desk/letters/{letter}"
        not in karim.browser.get(
            f"{shared_desk.ops}/desk/letters?state=ALL&unit=surface", timeout=20
        ).text
    )
    assert "دیگر" in page(letter, "nader").text


def test_m21_a_letter_that_could_not_be_read_is_rescued_with_its_bytes(shared_desk, page):
    letter = send(shared_desk, message("بد", Precedence="bulk"))
    execute(
        shared_desk.db,
        "update letters set state = 'FAILED', problem = 'content.too_long', subject = '', "
        "sender = '', content = '' where id = %s",
        (letter,),
    )
    reply = page(letter)
    assert "خوانده نشد" in reply.text
    missing = reply.press("register", category="illegal_well")
    assert missing.status_code == 422
    done = reply.press("register", category="illegal_well", text="از چاهی شکایت می‌کند.")
    assert done.status_code == 200
    assert state_of(shared_desk, letter) == "TICKET"
    kept = execute(
        shared_desk.db,
        "select t.text, f.type from tickets t join letters l on l.ticket = t.id "
        "join files f on f.ticket = t.id where l.id = %s",
        (letter,),
    )
    assert kept == [("از چاهی شکایت می‌کند.", "message/rfc822")]


@pytest.mark.parametrize("path", ["letters", "letters/1", "letters/1/source"])
def test_m21_who_is_not_signed_in_sees_no_letter(shared_desk, path):
    answer = requests.get(f"{shared_desk.ops}/desk/{path}", allow_redirects=False, timeout=20)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("act", "data"),
    [
        ("register", {"category": "none"}),
        ("attach", {"code": "x"}),
        ("nothing", {}),
        ("retry", {}),
        ("finish", {"text": "x" * 2000}),
    ],
)
def test_m21_bad_input_is_told_beside_the_form(shared_desk, page, act, data):
    letter = send(shared_desk, message("بد", Precedence="bulk"))
    assert page(letter).press(act, **data).status_code in (404, 409, 422)
    assert state_of(shared_desk, letter) == "AUTOMATIC"


def test_m3_m16_a_long_letter_about_a_holiday_is_a_ticket_that_clerk_and_citizen_read_whole(
    shared_desk, page
):
    text = "در مرخصی بودم و آب قطع شد. " * 300
    letter = send(
        shared_desk,
        message("در مرخصی", text, sender="holiday@example.com"),
        sender="holiday@example.com",
    )
    assert state_of(shared_desk, letter) == "TICKET"
    reply = page(letter)
    code = re.search(r"/desk/tickets/([0-9]{10})", reply.text)[1]
    assert text.strip() in html.unescape(
        reply.browser.get(f"{shared_desk.ops}/desk/tickets/{code}", timeout=20).text
    )


def test_m21_letters_are_counted_by_state_in_the_metrics(shared_desk, start):
    send(shared_desk, message("شمار", Precedence="bulk"))
    text = reads(f"{begin(start, 'ops', **shared_desk.environ)}/metrics").text
    automatic = re.search(r'^mirab_letters\{state="AUTOMATIC"\} ([0-9.]+)', text, re.MULTILINE)
    assert float(automatic[1]) >= 1
    assert 'mirab_letters{state="FAILED"}' in text
    assert 'mirab_letters_oldest_seconds{state="FLOOD"}' in text


def plain(letter):
    return letter.get_body(("plain",)).get_content()


def citizen(desk, address):
    """A citizen who has written a letter: our answer to it."""
    send(desk, message("نوبت آب", sender=address), sender=address)
    (ours,) = wait_for(lambda: desk.letters(address), 30)
    return ours


def read_by_citizen(desk, letter):
    """The page behind the link of our letter."""
    link = re.search(r"http\S+/l/\S+", plain(letter))[0]
    return html.unescape(requests.Session().get(link, timeout=20).text)


def test_m8_m26_a_strangers_reply_is_a_note_at_the_desk_and_nothing_on_the_citizens_page(
    shared_desk, page
):
    ours = citizen(shared_desk, "owner@example.com")
    assert ours["Subject"] == "Re: نوبت آب"
    forged = message(
        "Re: نوبت آب",
        "شکایت را پس می‌گیرم",
        sender="stranger@elsewhere.example",
        In_Reply_To=ours["Message-ID"],
    )
    letter = send(shared_desk, forged, sender="stranger@elsewhere.example")
    assert state_of(shared_desk, letter) == "NOTE"
    shown = page(letter).browser.get(
        f"{shared_desk.ops}/desk/tickets/{ours['X-Mirab-Ticket']}", timeout=20
    )
    assert "stranger@elsewhere.example" in shown.text
    assert "پس می‌گیرم" in html.unescape(shown.text)
    assert "پس می‌گیرم" not in read_by_citizen(shared_desk, ours)
    assert shared_desk.letters("stranger@elsewhere.example") == []


def test_m15_what_was_not_taken_stands_in_the_answer_and_on_both_pages(shared_desk, page):
    reply = message("پیوست", sender="files@example.com")
    for n in range(11):
        reply.add_attachment(
            pictures.png(bytes([n]) * 40),
            maintype="image",
            subtype="png",
            filename=f"photo-{n}.png",
        )
    letter = send(shared_desk, reply, sender="files@example.com")
    (ours,) = wait_for(lambda: shared_desk.letters("files@example.com"), 30)
    shown = page(letter).browser.get(
        f"{shared_desk.ops}/desk/tickets/{ours['X-Mirab-Ticket']}", timeout=20
    )
    for text in (plain(ours), read_by_citizen(shared_desk, ours), shown.text):
        assert "photo-10.png: بیش از ده فایل" in text


def test_m24_a_letter_after_the_end_comes_back_into_the_queue(shared_desk, page):
    ours = citizen(shared_desk, "late@example.com")
    code, mina = ours["X-Mirab-Ticket"], page(0, "mina").browser
    closed = mina.post(
        f"{shared_desk.ops}/desk/tickets/{code}/close",
        data={"version": "1", "reason": "settled", "text": "تمام", "looked": "1"},
        timeout=20,
    )
    assert closed.status_code == 200
    send(
        shared_desk,
        message("Re: نوبت آب", "هنوز آب نیست", sender="late@example.com"),
        to=str(ours["Reply-To"]),
        sender="late@example.com",
    )
    queue = mina.get(f"{shared_desk.ops}/desk/queue", timeout=20).text
    assert "پیام تازه پس از پایان" in queue
    assert f"/desk/tickets/{code}" in queue
    assert "هنوز آب نیست" in read_by_citizen(shared_desk, ours)


def test_m28_forty_letters_to_a_ticket_are_all_kept_and_the_unit_is_told_once(shared_desk):
    ours = citizen(shared_desk, "machine@example.com")
    to, box = str(ours["Reply-To"]), "groundwater@staff.water.example"
    with smtplib.SMTP("127.0.0.1", shared_desk.mail_port, timeout=20) as server:
        for n in range(40):
            raw = message("Re", f"n {n}", sender="machine@example.com").as_bytes()
            server.sendmail("machine@example.com", [to], raw)
    mine = "select state, count(*) from letters where rcpt_to = %s group by 1 order by 1"
    wait_for(
        lambda: dict(execute(shared_desk.db, mine, (to,))) == {"MESSAGE": 10, "FLOOD": 30}, 120
    )
    replies = [m for m in shared_desk.letters(box) if m["X-Mirab-Ticket"] == ours["X-Mirab-Ticket"]]
    assert len(replies) <= 2
