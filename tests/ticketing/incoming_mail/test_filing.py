"""What becomes of letters: none is lost, and each is the word of who wrote it."""

import datetime as dt
import email
from email.policy import default

import pytest

from contracts.ticketing import citizens as contracts
from contracts.ticketing import desk as at_desk
from contracts.ticketing import letters as at_letters
from contracts.ticketing import queue as of_queue
from services.ticketing.chores import deadlines, file_scanning
from services.ticketing.incoming_mail import queue as mail_queue
from services.ticketing.incoming_mail import rows
from tests import pictures
from tests.stores import execute
from tests.ticketing.conftest import SECRET
from tests.ticketing.test_chores import BOUNCE, column, letter, receive

UNIT = "surface@water.example"


def our_letters(hand, to):
    return [email.message_from_bytes(raw, policy=default) for _, raw in hand.letters(to)]


def body(message):
    return message.get_body(("plain",)).get_content()


def code_of(hand):
    return column(hand, "select code from tickets order by id desc limit 1")[0]


def entries(hand, code):
    return execute(
        hand.db,
        "select e.act, e.by, e.data from ticket_events e join tickets t on t.id = e.ticket "
        "where t.code = %s order by seq",
        (code,),
    )


def token_address(hand, to="zahra@example.com"):
    return str(our_letters(hand, to)[-1]["Reply-To"])


def last_letter(hand):
    return column(hand, "select id from letters order by id desc limit 1")[0]


AWAY = [
    "کارشناس شما در مرخصی است",
    "No water at my vacation house",
    "اجاره چاه در خارج از دفتر رسمی",
]


@pytest.mark.parametrize("subject", AWAY)
def test_m3_a_letter_about_a_holiday_becomes_a_ticket_and_is_not_acknowledged(hand, subject):
    assert receive(hand, letter(Subject=subject)) == "TICKET"
    assert column(hand, "select text from tickets")[0].startswith(subject)
    assert hand.letters("reza@example.com") == []
    assert len(hand.letters("surface@staff.water.example")) == 1


def test_a_clerk_sets_spam_aside_and_takes_it_up_again_if_its_sender_was_meant(hand):
    to = "groundwater@water.example"
    receive(hand, letter("Cheap pumps!", to=to), to=to)
    code, letters = code_of(hand), len(hand.letters("reza@example.com"))
    assert "spam" in hand.read(code)["may"]
    assert hand.act(at_letters.SPAM, code)["state"] == "CLOSED"
    assert len(hand.letters("reza@example.com")) == letters, "its sender hears nothing"
    report = hand.call(at_desk.REPORT, as_="nader")
    assert (report["units"], report["clauses"][0]["of"]) == ([], 0), "it makes no figure better"
    receive(hand, letter("I am no machine.", Message_ID="<two@example.com>"), to=token_of(hand))
    assert hand.call(of_queue.QUEUE, as_="karim")["tickets"][0]["code"] == code
    assert hand.act(at_desk.TAKE_UP, code, text="اشتباه بود.")["state"] == "OPEN"
    (unit,) = hand.call(at_desk.REPORT, as_="nader")["units"]
    assert (unit["registered"], unit["answered"]) == (1, 0), "nobody was answered yet"
    hand.answer(code, "بفرمایید.", final=False)
    assert hand.act(at_letters.SPAM, code)["code"] == "ticket.move"
    assert "spam" not in hand.read(hand.register())["may"]


def test_a_letter_with_which_others_are_joined_is_not_set_aside_as_spam(hand):
    to = "groundwater@water.example"
    first, second = (letter(f"{n}", to=to, Message_ID=f"<{n}@example.com>") for n in ("one", "two"))
    receive(hand, first, to=to)
    code = code_of(hand)
    receive(hand, second, to=to)
    hand.act(at_desk.MERGE, code_of(hand), into=code)
    assert hand.act(at_letters.SPAM, code)["code"] == "ticket.has_joined"
    assert "spam" not in hand.read(code)["may"]


def token_of(hand):
    return token_address(hand, "reza@example.com")


def test_m4_a_reply_about_a_vacation_is_a_message(hand):
    code = hand.register()
    reply = letter("تا شنبه نیستم؛ کلید نزد همسایه است.", Subject="Re: vacation")
    assert receive(hand, reply, to=token_address(hand)) == "MESSAGE"
    assert hand.acts(code) == ["register", "write"]


def test_m4_an_automatic_letter_to_a_ticket_is_shown_at_the_desk_and_changes_nothing(hand):
    code = hand.register()
    hand.act(at_desk.PAUSE, code, reason="applicant", text="سند بفرستید.")
    machine = letter(Auto_Submitted="auto-replied", Subject="در دفتر نیستم")
    assert receive(hand, machine, to=token_address(hand)) == "AUTOMATIC"
    reply = hand.read(code)
    assert reply["state"] == "PAUSED"
    (shown,) = reply["letters"]
    assert (shown["subject"], shown["state_fa"]) == ("در دفتر نیستم", "نامه خودکار")


def test_m5_the_eleventh_letter_of_an_hour_is_held_told_once_and_worked_on_later(hand):
    for n in range(12):
        receive(hand, letter(Message_ID=f"<{n}@example.com>", Subject=f"چاه {n}"))
    assert column(hand, "select count(*) from tickets") == [10]
    held = [m for m in our_letters(hand, "reza@example.com") if "با تأخیر" in m["Subject"]]
    assert len(held) == 1
    assert held[0]["Auto-Submitted"] == "auto-replied"
    hand.moment += dt.timedelta(minutes=61)
    with hand.store.transaction() as tx:
        rows.release_held(tx.conn, hand.moment)
    hand.do(mail_queue.work, hand.blobs)
    assert column(hand, "select count(*) from tickets") == [12]
    assert column(hand, "select distinct state from letters") == ["TICKET"]


def test_m5_a_held_letter_is_made_a_ticket_at_once_by_a_colleague(hand):
    for n in range(11):
        receive(hand, letter(Message_ID=f"<{n}@example.com>"), to="groundwater@water.example")
    reply = hand.call(at_letters.RETRY_LETTER, as_="karim", letter=last_letter(hand))
    assert reply["state"] == "RECEIVED"
    hand.do(mail_queue.work, hand.blobs)
    assert column(hand, "select count(*) from tickets") == [11]


def test_m8_a_stranger_who_knows_our_message_id_writes_a_note_that_names_him(hand):
    code = hand.register()
    hand.act(at_desk.PAUSE, code, reason="applicant", text="سند بفرستید.")
    ours = our_letters(hand, "zahra@example.com")[-1]["Message-ID"]
    forged = letter("چاه را قبول دارم.", From="stranger@elsewhere.example", In_Reply_To=ours)
    assert receive(hand, forged, to="groundwater@water.example") == "NOTE"
    reply = hand.read(code)
    assert reply["state"] == "PAUSED"
    entry = reply["history"][-1]
    assert (entry["act"], entry["by"], entry["internal"]) == ("outside_letter", "system", True)
    assert entry["sender"] == "stranger@elsewhere.example"
    assert "قبول دارم" not in str(hand.track(code))
    assert hand.letters("stranger@elsewhere.example") == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Reply_To": "zahra@example.com"},
        {"From": '"zahra@example.com" <stranger@elsewhere.example>'},
        {"Sender": "zahra@example.com"},
    ],
)
def test_m8_no_other_header_makes_a_stranger_the_citizen(hand, headers):
    code = hand.register()
    ours = our_letters(hand, "zahra@example.com")[-1]["Message-ID"]
    forged = letter("x", **{"From": "stranger@elsewhere.example", "References": ours, **headers})
    assert receive(hand, forged, sender="zahra@example.com") == "NOTE"
    assert hand.acts(code)[:2] == ["register", "outside_letter"]
    assert "write" not in hand.acts(code)


def test_two_authors_are_both_told_and_only_who_sent_is_answered(hand):
    both = {
        "From": "Reza <reza@example.com>, Maryam <maryam@example.com>",
        "Sender": "Office <office@example.com>",
        "Reply_To": "maryam@example.com, list@example.org",
    }
    assert receive(hand, letter("چاه", **both), sender="reza@example.com") == "TICKET"
    code = code_of(hand)
    (note,) = [entry for entry in hand.read(code, "nader")["history"] if entry["act"] == "note"]
    assert (note["internal"], note["by"]) == (True, "system")
    for name in ("Reza <reza@", "Maryam <maryam@", "Office <office@", "<list@example.org>"):
        assert name in note["text"]
    assert "پاسخ ما تنها به reza@example.com" in note["text"]
    assert column(hand, "select content like '%Maryam%' from letters") == [True]
    assert our_letters(hand, "reza@example.com")
    assert not our_letters(hand, "maryam@example.com")


def test_m8_who_answers_an_earlier_letter_of_the_citizen_is_not_the_citizen(hand):
    receive(hand, letter())
    answer = letter(
        "من هم",
        From="copied@example.org",
        Message_ID="<c@example.org>",
        In_Reply_To="<one@example.com>",
    )
    assert receive(hand, answer, sender="reza@example.com") == "NOTE"
    assert hand.acts(code_of(hand)) == ["register", "outside_letter"]


def test_m8_a_letter_to_the_token_from_another_address_is_taken_and_names_it(hand):
    code = hand.register()
    reply = letter("از تلفن پسرم", From="son@example.org")
    assert receive(hand, reply, to=token_address(hand)) == "MESSAGE"
    assert hand.read(code)["history"][-1]["sender"] == "son@example.org"


def test_m8_a_strangers_reply_to_the_units_letter_is_no_colleagues_note(hand):
    code = hand.register()
    ours = our_letters(hand, "groundwater@staff.water.example")[-1]["Message-ID"]
    receive(hand, letter("x", From="stranger@elsewhere.example", In_Reply_To=ours))
    assert [(act, by) for act, by, _ in entries(hand, code)][-1] == ("outside_letter", "system")


def test_m8_a_neighbour_at_the_citizens_former_mail_provider_is_no_colleague(hand):
    code = hand.register()
    ours = our_letters(hand, "zahra@example.com")[-1]["Message-ID"]
    execute(hand.db, "update people set email = 'zahra@new.example'")
    receive(hand, letter("x", From="stranger@example.com", In_Reply_To=ours))
    assert [(act, by) for act, by, _ in entries(hand, code)][-1] == ("outside_letter", "system")


def test_m12_an_answer_keeps_a_subject_that_says_more_than_its_text(hand):
    code = hand.register()
    reply = letter(
        "عکس پیوست", From="zahra@example.com", Subject="کنتور ۴۵۶ شکسته و آب در کوچه راه افتاده است"
    )
    assert receive(hand, reply, to=token_address(hand)) == "MESSAGE"
    assert (
        hand.read(code)["history"][-1]["text"]
        == "کنتور ۴۵۶ شکسته و آب در کوچه راه افتاده است\n\nعکس پیوست"
    )


def test_m18_an_answer_to_the_token_leaves_out_what_it_quotes_whatever_its_subject(hand):
    code = hand.register()
    reply = letter("تازه\n\nFrom: Water <u@w.example>\nSent: Saturday\nTo: me\nSubject: x\n\nکهنه")
    assert receive(hand, reply, to=token_address(hand)) == "MESSAGE"
    text = hand.read(code)["history"][-1]["text"]
    assert text == "تازه"


def with_files(*files):
    message = letter("پیوست‌ها")
    for name, content in files:
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
    return message


def test_m15_ten_files_are_taken_and_the_rest_is_named_to_sender_and_clerk(hand):
    files = [(f"{n}.png", pictures.png(bytes([n]))) for n in range(11)]
    receive(hand, with_files(*files, ("winmail.dat", b"\x78\x9f\x3e\x22"), ("خالی.txt", b"")))
    assert column(hand, "select count(*) from files") == [10]
    reply = body(our_letters(hand, "reza@example.com")[-1])
    for name in ("10.png", "winmail.dat", "خالی.txt", "صفحه پیگیری"):
        assert name in reply
    entry = hand.read(code_of(hand), "nader")["history"][-1]
    assert entry["act"] == "not_taken"
    assert "winmail.dat: گونه این فایل" in entry["text"]


def test_m15_what_a_message_leaves_out_is_told_by_a_letter(hand):
    code = hand.register()
    reply = with_files(("بایگانی.zip", b"PK\x05\x06" + bytes(18)))
    assert receive(hand, reply, to=token_address(hand)) == "MESSAGE"
    assert "بایگانی.zip" in body(our_letters(hand, "zahra@example.com")[-1])
    assert "بایگانی.zip" in str(hand.track(code)["history"])


def test_m15_an_infected_file_is_named_to_the_citizen(hand):
    from tests.ticketing.test_chores import Scanner, with_file

    with_file(hand)
    hand.do(file_scanning.scan, Scanner("Eicar-Test-Signature"), hand.blobs)
    assert "چاه.png: فایل آلوده است" in body(our_letters(hand, "zahra@example.com")[-1])


@pytest.mark.parametrize("length", [6000, 49_000])
def test_m16_a_long_text_is_kept_whole(hand, length):
    text = "آب " * (length // 3)
    receive(hand, letter(text))
    assert text.strip() in column(hand, "select text from tickets")[0]
    assert "دریافت نشد" not in body(our_letters(hand, "reza@example.com")[-1])


def test_m16_a_longer_text_is_kept_as_a_file_and_said(hand):
    receive(hand, letter("آب " * 20_000))
    assert column(hand, "select name from files") == ["letter.txt"]
    (sha256,) = column(hand, "select sha256 from files")
    assert hand.blobs.read(sha256).decode().count("آب") == 20_001
    assert "۵۰٬۰۰۰ نویسه" in body(our_letters(hand, "reza@example.com")[-1])


def report(hand, *, action="failed", recipient="zahra@example.com", sender=""):
    ours = our_letters(hand, "zahra@example.com")[-1]["Message-ID"]
    raw = BOUNCE.format(ours).replace("Action: failed", f"Action: {action}")
    raw = raw.replace("rfc822; zahra@example.com", f"rfc822; {recipient}")
    return receive(hand, email.message_from_bytes(raw.encode(), policy=default), sender=sender)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_m22_a_report_that_is_no_failure_changes_no_letter(hand, action):
    code = hand.register()
    execute(hand.db, "update mails set state = 'SENT'")
    assert report(hand, action=action) == "RECEIPT"
    assert column(hand, "select distinct state from mails") == ["SENT"]
    assert hand.acts(code) == ["register"]
    assert len(hand.read(code)["letters"]) == 1


def test_m22_a_failure_about_another_receiver_changes_no_letter(hand):
    code = hand.register()
    execute(hand.db, "update mails set state = 'SENT'")
    assert report(hand, recipient="other@example.com") == "BOUNCE"
    assert column(hand, "select distinct state from mails") == ["SENT"]
    assert hand.acts(code) == ["register"]


def test_m22_a_failure_that_is_told_often_is_noted_once(hand):
    code = hand.register()
    assert report(hand) == "BOUNCE"
    ours = our_letters(hand, "zahra@example.com")[-1]["Message-ID"]
    again = BOUNCE.format(ours).replace("No such user", "Still no such user")
    assert receive(hand, email.message_from_bytes(again.encode(), policy=default), sender="")
    assert hand.acts(code) == ["register", "bounce"]


# --- each state of a ticket, by each way ---


def merged(hand):
    """A that was joined with B; the address of A's token."""
    first = hand.register(text="چاه کنار قنات", email="a@example.com", name="الف")
    other = hand.register(text="چاه دیگر", email="b@example.com", name="ب")
    to = token_address(hand, "a@example.com")
    hand.act(at_desk.MERGE, first, "mina", into=other)
    return first, other, to


def check_joined_word(hand, first, other, text):
    entry = hand.read(other)["history"][-1]
    assert (entry["act"], entry["ticket"], entry["text"]) == ("joined_write", first, text)
    assert text in str(hand.track(first)["history"])
    assert text not in str(hand.track(other))
    assert any(text in body(m) for m in our_letters(hand, "groundwater@staff.water.example"))


def test_m24_a_letter_to_a_joined_ticket_is_read_where_the_unit_works(hand):
    first, other, to = merged(hand)
    reply = letter("امشب هم کار کردند", From="a@example.com")
    assert receive(hand, reply, to=to) == "MESSAGE"
    check_joined_word(hand, first, other, "امشب هم کار کردند")


def test_m24_a_message_to_a_joined_ticket_by_the_portal_goes_the_same_way(hand):
    first, other, _ = merged(hand)
    assert "write" in hand.track(first)["may"]
    reply = hand.call(contracts.WRITE, code=first, secret=SECRET, text="امشب هم", attachments=[])
    assert reply == {"code": first, "state": "MERGED"}
    check_joined_word(hand, first, other, "امشب هم")


def test_m24_another_persons_message_does_not_end_the_waiting_for_the_applicant(hand):
    _, other, to = merged(hand)
    hand.act(at_desk.PAUSE, other, reason="applicant", text="سند بفرستید.")
    receive(hand, letter("پیام", From="a@example.com"), to=to)
    assert hand.track(other)["state"] == "PAUSED"


def queue(hand, as_="karim"):
    return {t["code"]: t for t in hand.call(of_queue.QUEUE, as_=as_)["tickets"]}


def test_m24_a_letter_to_a_closed_ticket_is_in_the_queue_until_the_unit_has_acted(hand):
    code = hand.register()
    to = token_address(hand)
    hand.act(at_desk.CLOSE, code, "mina", reason="settled", text="تمام")
    assert code not in queue(hand)
    assert receive(hand, letter("هنوز کار می‌کنند", From="zahra@example.com"), to=to) == "NOTE"
    assert queue(hand)[code]["unread"]
    assert "هنوز کار می‌کنند" in hand.track(code)["history"][-1]["text"]
    assert any(
        "هنوز کار می‌کنند" in body(m) for m in our_letters(hand, "groundwater@staff.water.example")
    )
    hand.act(at_desk.NOTE, code, text="دیدم")
    assert code not in queue(hand)


def test_m24_a_message_after_the_answer_keeps_the_ticket_from_ending_by_itself(hand):
    code = hand.register()
    hand.answer(code)
    hand.call(contracts.WRITE, code=code, secret=SECRET, text="ولی هنوز", attachments=[])
    assert queue(hand)[code]["unread"]
    hand.moment += dt.timedelta(days=40)
    hand.do(deadlines.close_quietly)
    assert hand.track(code)["state"] == "ANSWERED"


@pytest.mark.parametrize(
    "write_code",
    [
        str,
        lambda c: f"{c[:3]} {c[3:6]} {c[6:]}",
        lambda c: c.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")),
    ],
)
def test_m25_a_letter_that_names_a_code_and_the_ticket_of_it_name_each_other(hand, write_code):
    code = hand.register()
    assert receive(hand, letter(Subject=f"پیگیری {write_code(code)}")) == "TICKET"
    new = code_of(hand)
    for here, there in ((code, new), (new, code)):
        entry = hand.read(here, "nader")["history"][-1]
        assert (entry["act"], entry["ticket"], entry["internal"]) == ("related", there, True)
    assert new not in str(hand.track(code)["history"])


# --- letters out ---


def test_m26_letters_of_a_ticket_have_one_subject_the_citizens_own(hand):
    receive(hand, letter(Subject="Re: نوبت آب"))
    code = code_of(hand)
    hand.answer(code, as_="nader", final=False)
    hand.answer(code, as_="nader")
    ours = our_letters(hand, "reza@example.com")
    assert {m["Subject"] for m in ours} == {"Re: نوبت آب"}
    ids = ["<one@example.com>", *(m["Message-ID"] for m in ours)]
    for n, message in enumerate(ours):
        assert message["In-Reply-To"] == ids[n]
        assert message["References"].split()[1:] == ids[: n + 1]


def test_m26_who_wrote_at_the_portal_has_one_subject_too(hand):
    code = hand.register()
    hand.answer(code, final=False)
    first, second = our_letters(hand, "zahra@example.com")
    assert second["Subject"] == f"Re: {first['Subject']}"
    staff = our_letters(hand, "groundwater@staff.water.example")
    hand.call(contracts.WRITE, code=code, secret=SECRET, text="بله", attachments=[])
    staff = our_letters(hand, "groundwater@staff.water.example")
    assert len({m["Subject"] for m in staff}) == 1 < len(staff)


def test_m26_a_citizens_letter_names_no_colleagues_message(hand):
    code = hand.register()
    ours = our_letters(hand, "groundwater@staff.water.example")[-1]["Message-ID"]
    note = letter(
        "فردا",
        From="karim@staff.water.example",
        In_Reply_To=ours,
        Message_ID="<secret@staff.water.example>",
    )
    receive(hand, note, to="groundwater@water.example")
    hand.answer(code)
    assert "secret@" not in our_letters(hand, "zahra@example.com")[-1].as_string()


def calendars(message):
    return [part for part in message.walk() if part.get_content_type() == "text/calendar"]


def test_m27_a_visit_is_invited_and_cancelled_as_calendars_expect(hand):
    from icalendar import Calendar

    code = hand.register()
    added = hand.call(
        at_desk.ADD_SLOTS,
        as_="nader",
        office="yasuj",
        day="2026-12-01",
        opens="08:00",
        closes="09:00",
        minutes=30,
        capacity=1,
    )
    assert "error" not in added
    hand.act(at_desk.INVITE, code, office="yasuj", text="با سند بیایید.")
    slot = hand.track(code)["slots"][0]["slot"]
    hand.call(contracts.CHOOSE_SLOT, code=code, secret=SECRET, slot=slot)
    hand.call(contracts.LEAVE_SLOT, code=code, secret=SECRET)
    booked, cancelled = our_letters(hand, "zahra@example.com")[-2:]
    events = []
    for message, method in ((booked, "REQUEST"), (cancelled, "CANCEL")):
        (part,) = calendars(message)
        assert message.get_content_type() == "multipart/alternative"
        assert part.get_param("method") == method
        calendar = Calendar.from_ical(part.get_content())
        assert calendar["METHOD"] == method
        (event,) = calendar.walk("VEVENT")
        assert str(event["ATTENDEE"]) == "mailto:zahra@example.com"
        assert str(event["ORGANIZER"]) == f"mailto:{message['Reply-To']}"
        events.append(event)
    assert events[0]["UID"] == events[1]["UID"]
    assert events[0]["SEQUENCE"] < events[1]["SEQUENCE"]
    assert events[1]["STATUS"] == "CANCELLED"


def test_m28_a_machine_that_writes_to_a_ticket_is_bounded_and_the_unit_is_told_once(hand):
    code = hand.register()
    to, before = token_address(hand), len(hand.letters("groundwater@staff.water.example"))
    states = [
        receive(hand, letter(f"n {n}", Message_ID=f"<{n}@m.example>", From="m@m.example"), to=to)
        for n in range(40)
    ]
    assert states == ["MESSAGE"] * 10 + ["FLOOD"] * 30
    assert hand.acts(code).count("write") == 10
    about = hand.letters("groundwater@staff.water.example")[before:]
    assert len(about) == 3  # the first message, what is folded, what is held
    now = column(hand, "select count(*) from mails where kind = 'unit:write' and next_at <= now()")
    assert now == [1]
    assert len(hand.letters("m@m.example")) == 1


def test_m28_strangers_who_know_an_id_of_ours_take_no_turn_from_the_citizen(hand):
    hand.register()
    to, ours = token_address(hand), our_letters(hand, "zahra@example.com")[-1]["Message-ID"]
    states = [
        receive(hand, letter("x", From=f"s{n}@evil.example", In_Reply_To=ours)) for n in range(32)
    ]
    assert states == ["NOTE"] * 30 + ["FLOOD"] * 2
    assert receive(hand, letter("من", From="zahra@example.com"), to=to) == "MESSAGE"


def test_m28_nobody_is_written_to_without_end_by_others_registering_in_his_name(hand):
    for n in range(25):
        hand.register(text=f"چاه شماره {n}")
    assert len(hand.letters("zahra@example.com")) == 20


def test_m22_a_report_that_a_person_sends_changes_no_letter(hand):
    code = hand.register()
    execute(hand.db, "update mails set state = 'SENT'")
    assert report(hand, sender="stranger@elsewhere.example") == "BOUNCE"
    assert column(hand, "select distinct state from mails") == ["SENT"]
    assert hand.acts(code) == ["register"]


def test_m22_of_a_report_about_many_the_verdict_about_our_receiver_counts(hand):
    code = hand.register()
    ours = our_letters(hand, "zahra@example.com")[-1]["Message-ID"]
    other = "Final-Recipient: rfc822; other@example.com\nAction: delayed\nStatus: 4.4.1\n\n"
    raw = BOUNCE.format(ours).replace("Final-Recipient", other + "Final-Recipient", 1)
    assert receive(hand, email.message_from_bytes(raw.encode(), policy=default), sender="")
    assert hand.acts(code) == ["register", "bounce"]


RECEIPT = """From: zahra@example.com
To: {to}
Subject: Read: x
Message-ID: <read@example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="b"

--b
Content-Type: text/plain

Your letter was displayed.
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; zahra@example.com
Original-Message-ID: <x@water.example>
Disposition: manual-action/MDN-sent-manually; displayed

--b--
"""


@pytest.mark.parametrize("to_token", [True, False])
def test_m23_a_read_receipt_is_noted_at_most(hand, to_token):
    code = hand.register()
    before = len(hand.letters())
    to = token_address(hand) if to_token else "groundwater@water.example"
    raw = email.message_from_bytes(RECEIPT.format(to=to).encode(), policy=default)
    assert receive(hand, raw, to=to) == "RECEIPT"
    assert hand.acts(code) == ["register"]
    assert column(hand, "select count(*) from tickets") == [1]
    assert len(hand.letters()) == before
    assert len(hand.read(code)["letters"]) == to_token


def calendar_reply(answer, code, comment=""):
    message = letter(
        "",
        From="zahra@example.com",
        Subject=f"{answer}: visit",
        Message_ID=f"<{answer}@example.com>",
    )
    content = (
        "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n"
        f"UID:visit-{code}@mirab\r\nATTENDEE;PARTSTAT={answer}:mailto:zahra@example.com\r\n"
        f"COMMENT:{comment}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    message.set_content(content, subtype="calendar", params={"method": "REPLY"})
    return message


def test_m27_a_calendars_reply_is_told_to_the_unit_as_what_it_is(hand):
    code = hand.register()
    hand.act(at_desk.PAUSE, code, reason="visit", text="بیایید.")
    to = token_address(hand)
    for answer in ("ACCEPTED", "DECLINED"):
        receive(hand, calendar_reply(answer, code, "بیمارم" if answer == "DECLINED" else ""), to=to)
    accepted, declined = hand.read(code)["history"][-2:]
    assert accepted["text"] == "شهروند زمان مراجعه را پذیرفت"
    assert declined["text"] == "شهروند زمان مراجعه را نپذیرفت\n\nبیمارم"
    assert declined["internal"]
    assert hand.track(code)["state"] == "PAUSED"
    about = [body(m) for m in our_letters(hand, "groundwater@staff.water.example")]
    assert sum("پذیرفت" in text for text in about) == 1
    assert any("بیمارم" in text for text in about)
