"""What is done by itself: letters out and in, files scanned, dues watched, quiet ends."""

import datetime as dt
import email
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.controller import Controller

from bus.errors import Unavailable
from bus.foreign.mail import Post
from contracts.ticketing import citizens as contracts
from contracts.ticketing import desk as at_desk
from deploy.local.ports import free_port
from services.ticketing.chores import cleanup, deadlines, file_scanning, mail_sending
from services.ticketing.incoming_mail import queue
from tests import pictures
from tests.stores import execute
from tests.ticketing.conftest import SECRET


def column(hand, sql, *values):
    return [row[0] for row in execute(hand.db, sql, values)]


# --- letters out ---


class Receiver:
    """A real SMTP server that keeps or refuses."""

    def __init__(self):
        self.letters, self.answer = [], "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        if self.answer == "250 OK":
            mail = email.message_from_bytes(envelope.content, policy=default)
            self.letters.append((envelope.rcpt_tos[0], mail))
        return self.answer


@pytest.fixture
def receiver():
    handler = Receiver()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.post = Post(f"smtp://127.0.0.1:{controller.port}")
    yield handler
    controller.stop()


def test_a_complaint_reaches_the_units_mailbox_without_the_name(hand, receiver):
    code = hand.register()
    mail_sending.send_mails(hand.store, receiver.post)
    to_unit = next(
        m for person, m in receiver.letters if person == "groundwater@staff.water.example"
    )
    text = to_unit.get_body(("plain",)).get_content()
    assert "چاه می‌زنند" in text
    assert "زهرا" not in text
    assert "/l/" not in text
    assert to_unit["X-Mirab-Ticket"] == code


def test_letters_about_one_ticket_form_one_thread(hand, receiver):
    code = hand.register()
    hand.answer(code)
    mail_sending.send_mails(hand.store, receiver.post)
    threads = {m["References"].split()[0] for person, m in receiver.letters}
    assert threads == {f"<ticket-{code}@water.example>"}
    assert len({m["Message-ID"] for _, m in receiver.letters}) == len(receiver.letters) == 3


def test_a_sent_letter_is_not_kept_and_not_sent_again(hand, receiver):
    hand.register()
    mail_sending.send_mails(hand.store, receiver.post)
    mail_sending.send_mails(hand.store, receiver.post)
    assert len(receiver.letters) == 2
    assert column(hand, "select length(raw) from mails") == [0, 0]


def test_while_the_mail_server_is_away_letters_wait(hand, receiver):
    hand.register()
    mail_sending.send_mails(hand.store, Post(f"smtp://127.0.0.1:{free_port()}"))
    assert column(hand, "select distinct state from mails") == ["WAITING"]
    execute(hand.db, "update mails set next_at = now()")
    mail_sending.send_mails(hand.store, receiver.post)
    assert column(hand, "select distinct state from mails") == ["SENT"]


def test_a_letter_written_under_a_clock_that_ran_ahead_is_sent_at_once(hand, receiver):
    hand.register()
    execute(hand.db, "update mails set next_at = next_at + interval '2 hours'")
    mail_sending.send_mails(hand.store, receiver.post)
    assert column(hand, "select distinct state from mails") == ["SENT"]


def test_a_letter_that_is_refused_for_good_is_not_tried_again(hand, receiver):
    hand.register()
    receiver.answer = "550 5.7.1 no"
    mail_sending.send_mails(hand.store, receiver.post)
    assert column(hand, "select distinct state from mails") == ["REFUSED"]
    assert "550" in column(hand, "select problem from mails")[0]


def test_the_person_gets_letters_in_the_language_that_was_chosen(hand, receiver):
    hand.register(language="en")
    mail_sending.send_mails(hand.store, receiver.post)
    letter = next(m for person, m in receiver.letters if person == "zahra@example.com")
    assert letter["Subject"].startswith("Registered: tracking code")
    assert 'dir="ltr"' in letter.get_body(("html",)).get_content()


# --- letters in ---


def letter(text="سلام، نوبت آب ما نرسید.", *, to="surface@water.example", **headers):
    message = EmailMessage()
    fields = {
        "From": "رضا کریمی <reza@example.com>",
        "To": to,
        "Subject": "نوبت آب",
        "Message-ID": "<one@example.com>",
        **headers,
    }
    for name, value in {n.replace("_", "-"): v for n, v in fields.items()}.items():
        message[name] = value
    message.set_content(text)
    return message


def receive(hand, message, to=None, sender="reza@example.com"):
    """The letter arrives and is worked on; what became of it."""
    raw = message.as_bytes() if isinstance(message, EmailMessage) else message
    execute(
        hand.db,
        "insert into letters (mail_from, rcpt_to, message_id, raw) values (%s, %s, %s, %s)",
        (sender, to or "surface@water.example", f"{message['Message-ID']}", raw),
    )
    hand.do(queue.work, hand.blobs)
    return column(hand, "select state from letters order by id desc limit 1")[0]


def test_a_letter_becomes_a_ticket_of_its_unit_and_its_sender_gets_the_link(hand):
    assert receive(hand, letter()) == "TICKET"
    ((code, unit, text, channel),) = execute(
        hand.db, "select code, unit, text, channel from tickets"
    )
    assert (unit, channel) == ("surface", "mail")
    assert text.startswith("نوبت آب")
    assert "سلام، نوبت آب ما نرسید." in text
    ((_, raw),) = hand.letters("reza@example.com")
    answer = email.message_from_bytes(raw, policy=default)
    assert answer["In-Reply-To"] == "<one@example.com>"
    assert answer["Reply-To"].addresses[0].username.startswith(f"surface+{code}.")


def test_a_reply_to_our_letter_is_a_message_of_the_citizen(hand):
    receive(hand, letter())
    ((_, raw),) = hand.letters("reza@example.com")
    ours = email.message_from_bytes(raw, policy=default)
    reply_to = str(ours["Reply-To"])
    reply = letter("این هم شماره پرونده\n\n> قبلی", Message_ID="<two@example.com>")
    assert receive(hand, reply, to=reply_to) == "MESSAGE"
    by_thread = letter(
        "یک چیز دیگر", Message_ID="<three@example.com>", In_Reply_To=ours["Message-ID"]
    )
    assert receive(hand, by_thread) == "MESSAGE"
    ((text,), (again,)) = execute(
        hand.db, "select data ->> 'text' from ticket_events where act = 'write' order by seq"
    )
    assert (text, again) == ("این هم شماره پرونده", "یک چیز دیگر")
    assert column(hand, "select count(*) from tickets") == [1]


def test_a_colleagues_reply_to_the_units_letter_is_a_note(hand):
    code = hand.register()
    ((_, raw),) = hand.letters("groundwater@staff.water.example")
    ours = email.message_from_bytes(raw, policy=default)["Message-ID"]
    reply = letter("فردا می‌روم", From="karim@staff.water.example", In_Reply_To=ours)
    assert receive(hand, reply, to="groundwater@water.example") == "NOTE"
    assert hand.acts(code) == ["register", "note"]
    assert "فردا" not in str(hand.track(code))


def test_a_forged_token_opens_nothing(hand):
    code = hand.register()
    to = f"groundwater+{code}.AAAAAAAAAAAAAAAAAAAAAA@water.example"
    assert receive(hand, letter(), to=to) == "TICKET"
    assert hand.acts(code) == ["register"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"X_Mirab_Ticket": "1234567890"},
        {"List_Id": "<news.example.com>"},
    ],
)
def test_what_a_machine_wrote_makes_no_ticket_and_gets_no_answer(hand, headers):
    assert receive(hand, letter(**headers)) == "AUTOMATIC"
    assert column(hand, "select count(*) from tickets") == [0]
    assert hand.letters() == []


def test_two_machines_that_answer_each_other_are_stopped(hand):
    for n in range(13):
        last = receive(hand, letter(Message_ID=f"<{n}@example.com>"))
    assert last == "FLOOD"
    assert column(hand, "select count(*) from tickets") == [10]


BOUNCE = """From: MAILER-DAEMON@example.com
To: subscribers@water.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce@example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

No such user.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; zahra@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user

--b
Content-Type: message/rfc822

Message-ID: {}
Subject: x

--b--
"""


def test_a_bounce_is_noted_with_its_ticket_and_answered_by_nobody(hand):
    code = hand.register()
    ((_, raw),) = hand.letters("zahra@example.com")
    ours = email.message_from_bytes(raw)["Message-ID"]
    mail = email.message_from_bytes(BOUNCE.format(ours).encode(), policy=default)
    assert receive(hand, mail, sender="") == "BOUNCE"
    assert hand.acts(code) == ["register", "bounce"]
    assert hand.read(code)["history"][-1]["title_fa"] == "نامه‌ای به نشانی داده‌شده نرسید"
    assert "REFUSED" in column(hand, "select state from mails")


def test_a_letter_after_the_end_is_kept_for_the_unit(hand):
    code = hand.register()
    hand.act(at_desk.CLOSE, code, "mina", reason="settled", text="تمام")
    ((_, raw), *_) = hand.letters("zahra@example.com")
    reply_to = str(email.message_from_bytes(raw, policy=default)["Reply-To"])
    assert receive(hand, letter("ممنون"), to=reply_to) == "NOTE"
    assert hand.track(code)["state"] == "CLOSED"


# --- files ---

PNG = pictures.png(bytes(100))


class Scanner:
    def __init__(self, result=None, away=False):
        self.result, self.away, self.scanned = result, away, []

    def ping(self):
        return not self.away

    def scan(self, stream):
        if self.away:
            raise Unavailable("away", code="scanner.unavailable")
        self.scanned.append(stream.read())
        return self.result


def with_file(hand):
    blob = hand.blobs.add(PNG)
    file = {"sha256": blob.sha256, "size": blob.size, "type": "image/png", "name": "چاه.png"}
    code = hand.register(attachments=[file])
    ((id_,),) = execute(hand.db, "select id from files")
    return code, id_


def open_file(hand, code, id_):
    return hand.call(contracts.OPEN_ATTACHMENT, code=code, secret=SECRET, attachment=id_)


def test_nobody_opens_a_file_before_it_was_scanned(hand):
    code, id_ = with_file(hand)
    assert open_file(hand, code, id_)["code"] == "attachment.held"
    hand.do(file_scanning.scan, Scanner(away=True), hand.blobs)
    assert open_file(hand, code, id_)["code"] == "attachment.held"
    scanner = Scanner()
    hand.do(file_scanning.scan, scanner, hand.blobs)
    assert scanner.scanned == [PNG]
    assert open_file(hand, code, id_)["name"] == "چاه.png"


def test_an_infected_file_stays_shut_and_the_unit_is_told(hand):
    code, id_ = with_file(hand)
    hand.do(file_scanning.scan, Scanner("Eicar-Test-Signature"), hand.blobs)
    assert open_file(hand, code, id_)["code"] == "attachment.infected"
    assert hand.acts(code) == ["register", "infected"]


def test_of_an_infected_file_in_a_note_no_citizen_hears(hand):
    blob = hand.blobs.add(PNG)
    file = {"sha256": blob.sha256, "size": blob.size, "type": "image/png", "name": "چاه.png"}
    code = hand.register()
    hand.act(at_desk.NOTE, code, text="از بازدید", attachments=[file])
    before = len(hand.letters("zahra@example.com"))
    hand.do(file_scanning.scan, Scanner("Eicar-Test-Signature"), hand.blobs)
    assert hand.acts(code) == ["register", "note", "infected"]
    assert len(hand.letters("zahra@example.com")) == before


def with_photo(hand, content, kind="image/jpeg"):
    """A ticket with a picture as no door of ours hands it over."""
    blob = hand.blobs.add(content)
    file = {"sha256": blob.sha256, "size": blob.size, "type": kind, "name": "چاه.jpg"}
    code = hand.register(attachments=[file])
    return code, column(hand, "select id from files order by id desc limit 1")[0]


def opened(hand, code, id_):
    return hand.blobs.read(open_file(hand, code, id_)["sha256"])


def open_as_before(hand, content):
    """A ticket with a picture that was open already when pictures were not yet cleaned; the
    migration has it held once more (0035).
    """
    code, id_ = with_photo(hand, content)
    execute(hand.db, "update files set scanned_at = now() where id = %s", (id_,))
    return code, id_


def test_a_picture_opens_without_its_metadata_whatever_door_it_came_by(hand):
    came = pictures.photo()
    code, id_ = with_photo(hand, came)
    scanner = Scanner()
    hand.do(file_scanning.scan, scanner, hand.blobs)
    kept = opened(hand, code, id_)
    assert scanner.scanned == [came], "a virus is looked for in what came"
    assert pictures.facts(kept) == pictures.CLEAN
    assert pictures.pixels(kept) == pictures.pixels(came)
    assert open_file(hand, code, id_)["size"] == len(kept)
    assert hand.acts(code) == ["register"]


def test_what_came_is_deleted_after_a_day_as_no_ticket_holds_it(hand):
    import os

    came = pictures.photo()
    code, id_ = with_photo(hand, came)
    hand.do(file_scanning.scan, Scanner(), hand.blobs)
    for path in hand.blobs.folder.glob("*/*"):
        os.utime(path, (0, 0))
    cleanup.forget(hand.store, hand.service.context, hand.blobs)
    assert [path.read_bytes() for path in hand.blobs.folder.glob("*/*")] == [
        opened(hand, code, id_)
    ]


def test_a_picture_that_nobody_can_clean_stays_shut_and_both_are_told(hand):
    broken = pictures.photo("PNG")[:3000]
    code, id_ = with_photo(hand, broken, "image/png")
    hand.do(file_scanning.scan, Scanner(), hand.blobs)
    assert open_file(hand, code, id_)["code"] == "attachment.unreadable"
    at_the_desk = hand.call(at_desk.OPEN_FILE, as_="karim", code=code, attachment=id_)
    assert at_the_desk["code"] == "attachment.unreadable"
    assert hand.acts(code) == ["register", "unreadable"]
    written = email.message_from_bytes(hand.letters("zahra@example.com")[-1][1], policy=default)
    assert "این عکس خوانده نشد" in written.get_body(("plain",)).get_content()
    (sha256,) = column(hand, "select sha256 from files")
    assert hand.blobs.read(sha256) == broken, "nothing that was taken is lost"


def test_pictures_that_were_open_before_are_cleaned_too_and_nobody_is_written_to(hand):
    came = pictures.photo()
    code, id_ = open_as_before(hand, came)
    other, unreadable = open_as_before(hand, pictures.jpeg()[:20])
    before = len(hand.letters("zahra@example.com"))
    assert open_file(hand, code, id_)["code"] == "attachment.held"
    hand.do(file_scanning.scan, Scanner(), hand.blobs)
    assert pictures.facts(opened(hand, code, id_)) == pictures.CLEAN
    assert open_file(hand, other, unreadable)["code"] == "attachment.unreadable"
    assert (hand.acts(code), hand.acts(other)) == (["register"], ["register"])
    assert len(hand.letters("zahra@example.com")) == before


class BusyDoor(Scanner):
    """A scanner at whose first file another picture comes in."""

    def __init__(self, come_in):
        super().__init__()
        self.come_in = come_in

    def scan(self, stream):
        come_in, self.come_in = self.come_in, None
        if come_in:
            come_in()
        return super().scan(stream)


def test_what_comes_in_now_waits_for_no_old_picture(hand, monkeypatch):
    monkeypatch.setattr(file_scanning, "AT_ONCE", 1)
    old = [pictures.photo() + bytes([n]) for n in range(3)]
    for picture in old:
        open_as_before(hand, picture)
    new = pictures.photo() + b"new"
    scanner = BusyDoor(lambda: with_photo(hand, new))
    hand.do(file_scanning.scan, scanner, hand.blobs)
    assert scanner.scanned == [old[2], new, old[1], old[0]], "all in one run"
    assert column(hand, "select count(*) from files where state = 'HELD'") == [0]


def test_a_run_over_many_old_pictures_ends_and_the_next_goes_on(hand, monkeypatch):
    monkeypatch.setattr(file_scanning, "AT_ONCE", 1)
    monkeypatch.setattr(file_scanning, "SECONDS", 0.0)
    for _ in range(2):
        open_as_before(hand, pictures.photo())
    for held in (1, 0):
        hand.do(file_scanning.scan, Scanner(), hand.blobs)
        assert column(hand, "select count(*) from files where state = 'HELD'") == [held]


def test_a_legal_hold_keeps_an_old_picture_as_it_was_and_no_new_one(hand):
    came = pictures.photo()
    code, id_ = open_as_before(hand, came)
    execute(
        hand.db,
        "insert into legal_holds (ticket, case_number, reason, until, placed_by, placed_at) "
        "select id, '1405/77', 'شعبه سوم', current_date + 100, 'nader', now() from tickets",
    )
    fresh = hand.blobs.add(pictures.photo("PNG"))
    file = {"sha256": fresh.sha256, "size": fresh.size, "type": "image/png", "name": "b.png"}
    hand.call(contracts.WRITE, code=code, secret=SECRET, text="عکس", attachments=[file])
    hand.do(file_scanning.scan, Scanner(), hand.blobs)
    assert opened(hand, code, id_) == came
    last = column(hand, "select max(id) from files")[0]
    assert pictures.facts(opened(hand, code, last)) == pictures.CLEAN


def test_another_tickets_file_is_not_opened(hand):
    _, id_ = with_file(hand)
    hand.do(file_scanning.scan, Scanner(), hand.blobs)
    assert open_file(hand, hand.register(), id_)["code"] == "attachment.not_found"


def test_a_file_that_came_with_anothers_words_is_not_the_citizens_to_open(hand):
    blob = hand.blobs.add(PNG)
    file = {"sha256": blob.sha256, "size": blob.size, "type": "image/png", "name": "چاه.png"}
    first, second = hand.register(), hand.register()
    hand.act(at_desk.MERGE, second, as_="mina", into=first)
    hand.call(contracts.WRITE, code=second, secret=SECRET, text="عکس", attachments=[file])
    noted = hand.register()
    hand.act(at_desk.NOTE, noted, text="از بازدید", attachments=[file])
    hand.do(file_scanning.scan, Scanner(), hand.blobs)
    files = execute(hand.db, "select t.code, f.id from files f join tickets t on t.id = f.ticket")
    of_code = dict(files)
    assert set(of_code) == {first, second, noted}, "the unit reads it where the work goes on"
    assert open_file(hand, second, of_code[second])["name"] == "چاه.png"
    for code in (first, noted):
        assert open_file(hand, code, of_code[code])["code"] == "attachment.not_found"
        opened = hand.call(at_desk.OPEN_FILE, as_="karim", code=code, attachment=of_code[code])
        assert opened["name"] == "چاه.png"


def test_files_that_no_ticket_holds_are_swept_after_a_day(hand):
    import os

    _, _ = with_file(hand)
    orphan = hand.blobs.add(b"GIF89a")
    for path in hand.blobs.folder.glob("*/*"):
        os.utime(path, (0, 0))
    cleanup.forget(hand.store, hand.service.context, hand.blobs)
    assert not list(hand.blobs.folder.glob(f"*/{orphan.sha256}"))
    held = execute(hand.db, "select sha256 from files")[0][0]
    assert hand.blobs.read(held) == PNG


def test_s12_files_that_no_ticket_holds_are_swept_after_an_hour_when_the_disk_is_short(hand):
    import os
    import time

    with_file(hand)
    orphan, fresh = hand.blobs.add(b"GIF89a"), hand.blobs.add(b"GIF87a")
    for path in hand.blobs.folder.glob("*/*"):
        if path.name != fresh.sha256:
            os.utime(path, (time.time() - 4000, time.time() - 4000))
    cleanup.forget_files(hand.store, hand.blobs, 0)
    assert hand.blobs.read(orphan.sha256)
    cleanup.forget_files(hand.store, hand.blobs, hand.blobs.free())
    assert not list(hand.blobs.folder.glob(f"*/{orphan.sha256}"))
    assert hand.blobs.read(fresh.sha256)
    assert hand.blobs.read(execute(hand.db, "select sha256 from files")[0][0]) == PNG


# --- dues ---


def test_a_promise_in_danger_is_told_to_the_head_once_and_past_it_again(hand):
    code = hand.register()
    hand.at("1405-09-02 11:40").do(deadlines.watch)
    hand.do(deadlines.watch)
    assert hand.acts(code) == ["register", "escalate"]
    hand.at("1405-09-02 12:31").do(deadlines.watch)
    assert hand.acts(code) == ["register", "escalate", "escalate"]
    reply = hand.letters("groundwater-head@staff.water.example")
    assert len(reply) == 2
    events = execute(hand.db, "select count(*) from outbox where name like '%escalated%'")
    assert events == [(2,)]


def test_who_was_not_warned_in_time_is_told_once_that_a_promise_is_past(hand):
    code = hand.register()
    for _ in range(2):
        hand.at("1405-09-02 12:31").do(deadlines.watch)
    assert hand.acts(code) == ["register", "escalate"]
    assert len(hand.letters("groundwater-head@staff.water.example")) == 1


def test_after_a_day_the_supervisor_is_told(hand):
    code = hand.register()
    hand.answer(code, "دریافت شد", final=False)
    hand.at("1405-10-01 09:00").do(deadlines.watch)
    assert hand.letters("supervisor@staff.water.example")


def test_while_the_clock_is_paused_nothing_is_escalated(hand):
    code = hand.register()
    hand.act(at_desk.PAUSE, code, reason="commission", text="در کمیسیون است.")
    hand.at("1405-10-01 09:00").do(deadlines.watch)
    assert "escalate" not in hand.acts(code)


def test_an_answer_without_objection_ends_by_itself_and_may_still_be_objected_to(hand):
    code = hand.register()
    hand.answer(code)
    hand.moment += dt.timedelta(days=19)
    hand.do(deadlines.close_quietly)
    assert hand.track(code)["state"] == "ANSWERED"
    # Neither the day of notice nor the day of action counts: until the end of the 21st day.
    hand.moment += dt.timedelta(days=2)
    hand.do(deadlines.close_quietly)
    assert hand.track(code)["state"] == "ANSWERED"
    hand.moment += dt.timedelta(days=1)
    hand.do(deadlines.close_quietly)
    ended = hand.track(code)
    assert ended["state"] == "CLOSED"
    kept = {clock["clock"]: clock["state"] for clock in ended["clocks"]}
    assert kept == {"first_response": "MET", "solution": "MET"}, "the answer came in time"
    assert "reopen" in ended["may"]
    reply = hand.call(contracts.REOPEN, code=code, secret=SECRET, text="نه")
    assert reply["state"] == "OPEN"


def test_who_does_not_send_what_is_missing_is_reminded_and_later_the_ticket_ends(hand):
    code = hand.register()
    hand.act(at_desk.PAUSE, code, reason="applicant", text="سند بفرستید.")
    hand.moment += dt.timedelta(days=8)
    hand.do(deadlines.close_quietly)
    hand.do(deadlines.close_quietly)
    assert hand.acts(code).count("remind") == 1
    # 23 days after the reminder of 1405/09/10, and the day of action, which is a Friday.
    hand.moment += dt.timedelta(days=25)
    hand.do(deadlines.close_quietly)
    assert hand.track(code)["state"] == "PAUSED"
    hand.moment += dt.timedelta(days=1)
    hand.do(deadlines.close_quietly)
    assert hand.track(code)["state"] == "CLOSED"
    assert "پاسخی از شما نرسید" in hand.track(code)["history"][-1]["title_fa"]
    replies = [
        email.message_from_bytes(raw, policy=default).get_body(("plain",)).get_content()
        for _, raw in hand.letters("zahra@example.com")
    ]
    assert any("یادآوری" in text for text in replies)
    assert any("پایان" in text for text in replies)
