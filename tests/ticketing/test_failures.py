"""Chores: one row that cannot be done is counted, left alone, and holds back no other."""

import datetime as dt

import pytest
from aiosmtpd.controller import Controller

from bus.database import own_keys
from bus.database.chores import TRIES
from bus.errors import Unavailable
from bus.foreign.mail import Post
from bus.settings import Settings
from contracts.ticketing import desk as at_desk
from contracts.ticketing import letters as at_letters
from deploy.local.ports import free_port
from services.ticketing.chores import deadlines, file_scanning, mail_sending
from tests import pictures
from tests.stores import execute
from tests.ticketing.test_chores import PNG, Scanner, column


def broken(hand):
    """A ticket whose row no chore can work on."""
    code = hand.register(text="چاه بد")
    execute(hand.db, "update tickets set promise = '{}' where code = %s", (code,))
    return code


def wait_a_day(hand):
    execute(hand.db, "update failed_rows set at = at - interval '25 hours'")


def fail_for_good(hand, chore, *more):
    """Runs a chore until it leaves the row alone, and once more."""
    for round_ in range(TRIES):
        if round_:
            wait_a_day(hand)
        hand.do(chore, *more)
    hand.do(chore, *more)


def figures(hand):
    reply = hand.call(at_letters.MAIL_FIGURES)
    return {row["chore"]: row["failed"] for row in reply["chores"]}


def test_m1_a_ticket_that_cannot_be_recalculated_holds_back_no_other(hand):
    broken(hand)
    good = hand.register(text="چاه خوب")
    execute(hand.db, "update calendar_version set version = version + 1")
    assert figures(hand)["recalculate"] == 0
    fail_for_good(hand, deadlines.recalculate)
    assert column(
        hand,
        "select calendar_version = (select version from calendar_version) from tickets "
        "where code = %s",
        good,
    ) == [True]
    assert figures(hand)["recalculate"] == 1
    assert column(hand, "select tries from failed_rows") == [TRIES]


def test_m1_a_row_that_was_left_alone_is_tried_again_after_a_day_and_forgotten_when_done(hand):
    code = broken(hand)
    hand.at("1405-09-02 11:40")
    fail_for_good(hand, deadlines.watch)
    execute(hand.db, 'update tickets set promise = \'{"spans": {}, "source": ""}\'')
    hand.do(deadlines.watch)
    assert figures(hand)["watch"] == 1
    wait_a_day(hand)
    hand.do(deadlines.watch)
    assert figures(hand)["watch"] == 0
    assert hand.acts(code) == ["register"]


def test_m1_a_promise_that_cannot_be_watched_holds_back_no_other(hand, monkeypatch):
    broken(hand)
    good = hand.register(text="چاه خوب")
    monkeypatch.setattr(deadlines, "AT_ONCE", 1)
    hand.at("1405-09-02 11:40").do(deadlines.watch)
    assert hand.acts(good) == ["register", "escalate"]


def test_m1_more_tickets_than_one_page_that_wait_hide_none_behind_them(hand, monkeypatch):
    codes = [hand.register(text=f"چاه {n}") for n in range(3)]
    for code in codes[:2]:
        hand.act(at_desk.PAUSE, code, reason="commission", text="در کمیسیون")
    hand.act(at_desk.PAUSE, codes[2], reason="applicant", text="سند بفرستید.")
    monkeypatch.setattr(deadlines, "AT_ONCE", 1)
    hand.moment += dt.timedelta(days=8)
    hand.do(deadlines.close_quietly)
    assert "remind" in hand.acts(codes[2])


def test_m1_a_file_that_is_never_judged_holds_back_no_other(hand, monkeypatch):
    for content in (pictures.png(), PNG):
        blob = hand.blobs.add(content)
        file = {"sha256": blob.sha256, "size": blob.size, "type": "image/png", "name": "a.png"}
        hand.register(attachments=[file])

    class Picky(Scanner):
        def scan(self, stream):
            if stream.read() == PNG:
                raise Unavailable("too large for it", code="scanner.unavailable")

    monkeypatch.setattr(file_scanning, "AT_ONCE", 1)
    fail_for_good(hand, file_scanning.scan, Picky(), hand.blobs)
    assert column(hand, "select state from files order by id") == ["CLEAN", "HELD"]
    assert figures(hand)["scan_files"] == 1


class Choosy:
    """A mail server that does not take letters to one address now."""

    def __init__(self):
        self.letters = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address == "busy@example.com":
            return "450 4.2.1 mailbox busy"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        self.letters += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
def choosy():
    handler = Choosy()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.post = Post(f"smtp://127.0.0.1:{controller.port}")
    yield handler
    controller.stop()


def test_m1_a_receiver_whose_mailbox_is_busy_holds_back_no_other_letter(hand, choosy):
    for address in ("busy@example.com", "free@example.com"):
        hand.register(email=address)
    mail_sending.send_mails(hand.store, choosy.post)
    assert choosy.letters.count("free@example.com") == 1
    states = dict(execute(hand.db, "select recipient, state from mails"))
    assert states["busy@example.com"] == "WAITING"
    assert states["groundwater@staff.water.example"] == "SENT"


def test_m1_while_the_mail_server_is_away_letters_that_were_not_tried_lose_no_try(hand):
    for n in range(6):
        hand.register(text=f"چاه {n}")
    mail_sending.send_mails(hand.store, Post(f"smtp://127.0.0.1:{free_port()}"))
    tries = column(hand, "select tries from mails order by id")
    assert sorted(tries) == [0] * 9 + [1] * 3


def test_m21_figures_tell_every_state_from_the_beginning(hand):
    reply = hand.call(at_letters.MAIL_FIGURES)
    assert {row["state"] for row in reply["letters"]} == set(at_letters.LETTER_STATES)
    assert {row["count"] for row in reply["letters"]} == {0}


def test_a_key_that_is_lost_or_another_one_is_named_and_stops_work_until_it_is_back(
    hand, tmp_path, monkeypatch
):
    code, file = hand.register(), tmp_path / "ticketing-key"
    rest = {"PORTAL_URL": "https://p.example", "DESK_URL": "https://desk.example/desk"}
    hand.service.settings = Settings({**rest, "TICKETING_KEY_FILE": str(file)})
    monkeypatch.setenv("TICKETING_KEY_FILE", str(file))
    monkeypatch.setenv("DB_URL", hand.db)
    check = own_keys.check(hand.store, ("TICKETING_KEY",))

    def says():
        reply = hand.track(code)
        return *check()[:2], "code" if reply["code"] == code else reply["code"]

    assert says() == ("fail", "secret.missing", "secret.unavailable")
    file.write_text("another")
    assert says() == ("fail", "secret.other", "secret.unavailable")
    with pytest.raises(Unavailable, match="secret"):  # as a chore is postponed, and not failed
        hand.do(deadlines.watch)
    file.write_text("pepper")
    assert says() == ("pass", "well", "code")
    file.unlink()
    assert says() == ("warn", "secret.missing", "code")
    file.write_text("another")
    assert own_keys.main(["TICKETING_KEY"]) == 0
    assert says()[:2] == ("pass", "well")
