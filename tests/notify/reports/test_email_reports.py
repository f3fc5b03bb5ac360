"""Reports of mail servers about our e-mails, in the forms in which real ones write them."""

import orjson
import pytest

from bus.foreign import return_path
from contracts.notify import messages
from contracts.notify.editors import email_reports as contracts
from contracts.notify.govnotify import notify_status
from services.notify.sending import accounting
from services.notify.webhooks import bearer
from services.ticketing.incoming_mail import notice_reports
from tests.notify.conftest import EMAIL, MOBILE
from tests.notify.reports.post import RETURNS
from tests.processes import run_module
from tests.stores import execute

HANDED_ON = ("DONE", "handed_on")
# Each vector: how the message ends, by which status, and whether nobody has the address.
FAILURES = {
    "postfix_unknown_user": ("REJECTED", "5.1.1", True),
    "exim_unknown_user": ("REJECTED", "5.1.1", True),
    "exim_before_4_86": ("REJECTED", "5.1.1", True),
    "exchange_online": ("REJECTED", "5.1.10", True),
    "exchange_edge_block": ("REJECTED", "5.4.1", True),
    "gmail_unknown_user": ("REJECTED", "5.1.1", True),
    "qmail": ("REJECTED", "5.1.1", True),
    "policy_refusal": ("REJECTED", "5.7.1", False),
    "sendmail_mailbox_full": ("UNDELIVERED", "5.2.2", False),
    "postfix_expired": ("UNDELIVERED", "4.4.1", False),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_report_ends_the_message_as_the_server_says(post, name):
    state, status, unknown = FAILURES[name]
    id_ = post.send()
    assert post.report(name) == HANDED_ON
    assert post.stands(id_) == (state, status)
    kind = "permanent-failure" if state == "REJECTED" else "temporary-failure"
    assert notify_status("email", state) == kind
    assert post.noted() == [("failed", status, state == "REJECTED", unknown)]
    assert post.hand.call(messages.ACCOUNTS)["difference"] == 0


def test_a_warning_that_a_server_still_tries_changes_nothing_and_is_shown(post):
    id_ = post.send()
    assert post.report("postfix_delayed") == HANDED_ON
    assert post.stands(id_)[0] == "SENT"
    shown = post.hand.call(contracts.MESSAGE_REPORTS, as_="karim", id=id_)
    assert [report["kind"] for report in shown["reports"]] == ["delayed"]
    assert post.report("postfix_unknown_user") == HANDED_ON
    assert post.stands(id_)[0] == "REJECTED"


def test_each_e_mail_goes_out_with_a_return_path_of_its_own(post):
    post.send()
    post.send()
    senders = [sender for sender, _, _ in post.outbox.emails]
    assert len(set(senders)) == 2
    for sender in senders:
        assert return_path.is_return_path(sender, RETURNS)
        assert len(sender.partition("@")[0]) <= 64


def test_a_late_report_corrects_a_message_that_time_had_ended(post):
    id_ = post.send(reference="r-1")
    post.hand.later(hours=73)
    post.run()
    assert post.stands(id_)[0] == "UNTOLD"
    post.hand.later(hours=30)
    assert post.report("postfix_unknown_user") == HANDED_ON
    assert post.stands(id_) == ("REJECTED", "5.1.1")
    settled = [data for name, data in post.hand.events() if name == messages.MESSAGE_SETTLED.name]
    assert [event["state"] for event in settled] == ["UNTOLD", "REJECTED"]


def test_who_was_told_that_an_e_mail_arrived_is_told_that_it_came_back(post):
    hand = post.hand
    with hand.context() as context:
        url, token = "https://client.example/receipts", "a-token-of-ten"
        bearer.put(context.conn, hand.keys, "power-co", "receipts", url, token, sandbox=False)
    post.send(reference="r-1")
    hand.later(hours=73)
    post.run()
    post.report("gmail_unknown_user")
    bodies = execute(hand.db, "select body from callback_deliveries order by seq")
    statuses = [orjson.loads(body)["status"] for (body,) in bodies]
    assert statuses == ["delivered", "permanent-failure"]


def test_the_account_stays_right_when_a_day_was_summed_up_before_the_report(post):
    id_ = post.send()
    post.hand.later(hours=73)
    post.run()
    post.hand.later(days=3)
    with post.hand.context() as context:
        accounting.add_up(context)
    assert post.hand.row("select count from ended_days where state = 'UNTOLD'").count == 1
    post.report("postfix_unknown_user")
    assert post.stands(id_)[0] == "REJECTED"
    reply = post.hand.call(messages.ACCOUNTS)
    assert reply["difference"] == 0
    counts = {row["state"]: row["count"] for row in reply["states"] if row["channel"] == "email"}
    assert (counts.get("UNTOLD", 0), counts["REJECTED"]) == (0, 1)


def test_a_report_that_comes_again_changes_and_publishes_nothing_more(post):
    id_ = post.send()
    post.report("postfix_unknown_user")
    post.report("exim_unknown_user")
    post.report("qmail")
    assert post.stands(id_) == ("REJECTED", "5.1.1")
    assert len(post.noted()) == 1
    settled = [1 for name, _ in post.hand.events() if name == messages.MESSAGE_SETTLED.name]
    assert len(settled) == 1


def test_the_next_channel_takes_over_what_comes_back(post):
    post.hand.template(code="both", channel="email")
    post.hand.template(code="both", channel="sms")
    to = {"email": EMAIL, "mobile": MOBILE}
    id_ = post.hand.send("both", channels=["email", "sms"], to=to)["id"]
    post.run()
    post.report("postfix_unknown_user")
    row = post.hand.message(id_)
    assert (row.state, row.channel) == ("CREATED", "sms")
    # What comes again is about the e-mail, and no more about the message.
    post.report("exim_unknown_user")
    assert post.hand.message(id_).state == "CREATED"


def test_who_brings_a_report_is_not_asked_for_since_anybody_may_say_it_is_nobody(post):
    id_ = post.send()
    assert post.report("sendmail_mailbox_full", mail_from="MAILER-DAEMON@mail.far.example") == (
        HANDED_ON
    )
    assert post.stands(id_)[0] == "UNDELIVERED"


def test_a_report_about_an_address_with_letters_beyond_ascii_is_read(post):
    id_ = post.send()
    change = {
        "Content-Type: message/delivery-status": "Content-Type: message/global-delivery-status",
        "Final-Recipient: rfc822;": "Final-Recipient: utf-8;",
    }
    raw = post.written("exchange_online").replace(EMAIL.encode(), "سارا@نمونه.example".encode())
    for old, new in change.items():
        raw = raw.replace(old.encode(), new.encode())
    assert post.deliver(raw, post.outbox.emails[-1][0]) == HANDED_ON
    assert post.stands(id_) == ("REJECTED", "5.1.10")


# --- what proves nothing ---


def test_a_forged_proof_changes_nothing_and_a_colleague_sees_the_report(post):
    id_ = post.send()
    genuine = post.outbox.emails[-1][0]
    number = genuine.partition("+")[2].partition(".")[0]
    forged = f"returns+{number}.{'0' * 24}@mail.mirab.example"
    raw = post.written("postfix_unknown_user").replace(genuine.encode(), forged.encode())
    token = genuine.partition("+")[2].partition("@")[0]
    raw = raw.replace(token.encode(), f"{number}.{'0' * 24}".encode())
    assert post.deliver(raw, forged) == ("BOUNCE", "forged_token")
    assert post.stands(id_)[0] == "SENT"


def test_who_makes_up_reports_by_the_dozen_takes_few_looks_and_hides_no_genuine_one(post):
    post.send()
    raw = post.written("postfix_unknown_user")
    genuine = post.outbox.emails[-1][0].partition("+")[2].partition("@")[0].encode()
    for n in range(1, notice_reports.LOOKED_AT + 3):
        forged = f"n{n}.{n:024x}"
        other = raw.replace(genuine, forged.encode())
        post.deliver(other, f"returns+{forged}@mail.mirab.example")
    lie = [("BOUNCE", "forged_token")] * notice_reports.LOOKED_AT
    assert post.letters() == [*lie, *[("DONE", "forged_token")] * 2], "and none is lost"
    own = f"returns+{genuine.decode()}@mail.mirab.example"
    assert post.deliver(raw, own) == ("DONE", "handed_on")


def test_a_proof_of_one_e_mail_says_nothing_of_another(post):
    first, second = post.send(), post.send()
    own = post.outbox.emails[-1][0]
    assert post.report("postfix_unknown_user", 0, to=own) == ("BOUNCE", "other_letter")
    # Also where only the Message-ID of the other is returned.
    text = post.written("qmail", 0)
    head = text.partition(b"X-Mirab-Return: ")
    text = head[0] + b"X-Nothing: 1\r\n" + head[2].partition(b"\r\n")[2]
    assert post.deliver(text, own) == ("BOUNCE", "other_letter")
    assert post.stands(first)[0] == post.stands(second)[0] == "SENT"


def test_a_report_that_names_only_somebody_else_and_did_not_fail_for_all_changes_nothing(post):
    id_ = post.send()
    other = "Final-Recipient: rfc822; a@list.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
    raw = post.written("exchange_online").replace(EMAIL.encode(), b"b@list.example")
    raw = raw.replace(b"Final-Recipient", other.encode() + b"Final-Recipient", 1)
    assert post.deliver(raw, post.outbox.emails[-1][0]) == HANDED_ON
    assert post.stands(id_)[0] == "SENT"


def test_a_forwarder_whose_target_failed_is_a_failure_of_ours(post):
    id_ = post.send()
    raw = post.written("exchange_online").replace(EMAIL.encode(), b"b@other.example")
    assert post.deliver(raw, post.outbox.emails[-1][0]) == HANDED_ON
    assert post.stands(id_) == ("REJECTED", "5.1.10")


def test_an_absence_note_to_the_return_path_is_kept_answered_by_nobody_and_changes_nothing(post):
    id_ = post.send()
    assert post.report("absence_note") == ("AUTOMATIC", "auto_submitted")
    assert post.stands(id_)[0] == "SENT"
    assert post.desk.letters() == []


def test_a_person_who_writes_to_a_return_path_is_seen_and_gets_no_ticket(post):
    post.send()
    raw = b"From: Sara <sara@far.example>\r\nSubject: hi\r\n\r\nplease call me\r\n"
    written = post.deliver(raw, post.outbox.emails[-1][0], "sara@far.example")
    assert written == ("NO_UNIT", "return_path")
    assert execute(post.desk.db, "select count(*) from tickets") == [(0,)]


def test_a_report_in_a_shape_that_nobody_knows_stays_where_a_colleague_sees_it(post):
    id_ = post.send()
    raw = (
        b"From: mailer-daemon@far.example\r\nSubject: status\r\n\r\n"
        b"Ihre Nachricht wurde bearbeitet.\r\n"
    )
    assert post.deliver(raw, post.outbox.emails[-1][0]) == ("BOUNCE", "unknown")
    assert post.stands(id_)[0] == "SENT"


def test_the_door_takes_return_paths_alone_at_the_address_of_returns(post):
    post.send()
    with post.door.line() as line:
        line.ehlo()
        line.mail("")
        assert line.rcpt("returns+anything@mail.mirab.example")[0] == 550
        assert line.rcpt("other@mail.mirab.example")[0] == 550
        assert line.rcpt(post.outbox.emails[-1][0].upper())[0] == 250


def test_a_report_works_whatever_case_a_server_gives_the_return_path(post):
    id_ = post.send()
    post.report("qmail", to=post.outbox.emails[-1][0].upper())
    assert post.stands(id_)[0] == "REJECTED"


def test_a_report_of_ten_megabytes_is_read_by_its_beginning(post):
    id_ = post.send()
    raw = post.written("postfix_unknown_user")
    filler = (b"y" * 76 + b"\r\n") * 131_072
    raw = raw.replace(b"=D8=B3=D9=84=D8=A7=D9=85", filler)
    assert len(raw) > 10_000_000
    assert post.deliver(raw, post.outbox.emails[-1][0]) == HANDED_ON
    assert post.stands(id_)[0] == "REJECTED"


def test_reports_in_forty_parts_of_parts_are_read_no_deeper_than_twenty(post):
    id_ = post.send()
    raw = post.written("postfix_unknown_user")
    for depth in range(40):
        head = (
            f"From: someone@x.example\r\nContent-Type: multipart/mixed; boundary=d{depth}\r\n"
            f"MIME-Version: 1.0\r\n\r\n--d{depth}\r\n"
        )
        raw = head.encode() + raw + f"\r\n--d{depth}--\r\n".encode()
    assert post.deliver(raw, post.outbox.emails[-1][0]) == ("AUTOMATIC", "null_sender")
    assert post.stands(id_)[0] == "SENT"


def test_many_reports_of_one_sender_do_not_delay_a_citizen(post):
    post.send()
    for number in range(120):
        raw = post.written("postfix_delayed").replace(b"4FhT1c0V5Rz9sVQ", b"4F%03d" % number)
        post.door.send(raw, post.outbox.emails[-1][0], "")
    citizen = (
        b"From: a@b.example\r\nSubject: water\r\nMessage-ID: <c@b.example>\r\n\r\nno water\r\n"
    )
    post.door.send(citizen, mail_from="a@b.example")
    post.door.work()
    assert ("TICKET", "") in post.letters()


def test_without_an_address_of_returns_e_mails_go_out_as_before(hand, post):
    environ = {**hand.service.settings._environ}
    del environ["NOTIFY_RETURN_ADDRESS"]
    hand.service.settings = type(hand.service.settings)(environ)
    post.send()
    sender, _, raw = post.outbox.emails[-1]
    assert "+" not in sender
    assert b"X-Mirab-Return" not in raw


def test_without_a_usable_address_of_returns_e_mails_go_out_all_the_same(hand, post):
    long = "a-very-long-local-part-for-returns@mail.mirab.example"
    environ = {**hand.service.settings._environ, "NOTIFY_RETURN_ADDRESS": long}
    hand.service.settings = type(hand.service.settings)(environ)
    id_ = post.send()
    assert post.stands(id_)[0] == "SENT"
    assert "returns" not in post.outbox.emails[-1][0]


def test_a_mailroom_with_an_unusable_address_of_returns_says_so_and_does_not_start(hand):
    environ = {"DB_URL": hand.db, "NOTIFY_RETURN_ADDRESS": "returns"}
    done = run_module("services.ticketing.incoming_mail.server", **environ)
    assert done.returncode == 1
    assert "The mailroom cannot start: the address of returned e-mails is none" in done.stderr


def test_postmaster_at_the_host_of_returns_is_taken_as_every_mail_server_must(post):
    with post.door.line() as line:
        line.ehlo()
        line.mail("")
        assert line.rcpt("postmaster@mail.mirab.example")[0] == 250
        assert line.rcpt("abuse@mail.mirab.example")[0] == 250
        assert line.rcpt("anybody@mail.mirab.example")[0] == 550
