"""The door of letters by real SMTP: what it takes, what it refuses once, and what it bounds."""

import re

import pytest

from services.ticketing.incoming_mail import smtp as mail_door
from services.ticketing.incoming_mail.smtp import TOO_LARGE
from tests.stores import execute
from tests.ticketing.incoming_mail.mailing import UNIT, Door, letter
from tests.waiting import wait_for


@pytest.fixture
def door(hand):
    made = Door(hand)
    yield made
    made.close()


def answer(line):
    """The lines of one reply; "" if the door hung up."""
    reply = b""
    while not re.search(rb"^\d{3} [^\n]*\n\Z", reply, re.M):
        more = line.recv(65536)
        if not more:
            break
        reply += more
    return reply.decode()


def talk(line, *commands):
    """What the door answers to the last of these commands."""
    reply = ""
    for command in commands:
        line.sendall(command)
        reply = answer(line)
    return reply


def begin_letter(line):
    """Brings a bare connection up to the text of a letter."""
    answer(line)
    talk(line, b"EHLO me\r\n", b"MAIL FROM:<r@example.com>\r\n")
    assert talk(line, f"RCPT TO:<{UNIT}>\r\n".encode(), b"DATA\r\n").startswith("354")


def send_for_ever(line):
    for _ in range(2000):
        line.sendall(b"a" * 10_000)


def test_m7_two_letters_with_one_message_id_are_two_letters(door):
    same = {"Message_ID": "<scan@device.local>"}
    assert door.send(letter(b"one", **same))[0] == 250
    assert door.send(letter(b"two", **same), mail_from="other@example.com")[0] == 250
    door.work()
    assert [row[0] for row in door.rows()] == ["TICKET", "TICKET"]
    item, two = door.texts()
    assert ("one" in item, "two" in two) == (True, True)


def test_m7_the_same_bytes_twice_are_one_ticket(door):
    raw = letter(b"one", Message_ID="<scan@device.local>")
    assert [door.send(raw)[0], door.send(raw)[0]] == [250, 250]
    door.work()
    assert door.send(raw)[0] == 250
    door.work()
    assert len(door.texts()) == len(door.rows()) == 1


def test_m7_one_letter_to_two_units_is_a_ticket_of_each(door):
    assert door.send(letter(b"both"), to=[UNIT, "billing@water.example", UNIT.upper()])[0] == 250
    door.work()
    assert len(door.texts()) == 2


@pytest.mark.parametrize(
    "message_id", [b"<a\0b@x>", b"<a\x01b@x>", b"<\xff\xfe@x>", b"", b"<" + b"a" * 5000]
)
def test_m19_no_message_id_makes_a_letter_come_again_and_again(door, message_id):
    row = door.deliver(letter(b"text", Message_ID=message_id))
    assert row[0] == "TICKET"
    ((kept,),) = execute(door.hand.db, "select message_id from letters")
    assert re.fullmatch(r"<[!-~]{1,250}>", kept)


def test_m19_a_sender_with_raw_bytes_is_taken(door):
    with door.raw_line() as line:
        answer(line)
        talk(line, b"EHLO me\r\n", b"MAIL FROM:<r\xfffd@example.com>\r\n")
        assert talk(line, f"RCPT TO:<{UNIT}>\r\n".encode()).startswith("250")
        talk(line, b"DATA\r\n")
        assert talk(line, letter() + b"\r\n.\r\n").startswith("250")
    door.work()
    assert door.rows()[0][0] == "TICKET"


@pytest.mark.parametrize(
    "address",
    [
        "postmaster",
        "POSTMASTER",
        "Postmaster@Water.Example",
        "postmaster+x@water.example",
        "abuse@water.example",
        "ABUSE@WATER.EXAMPLE",
    ],
)
def test_m29_postmaster_and_abuse_are_taken_and_lie_where_people_look(door, address):
    state, _, sender, subject, _, raw = door.deliver(letter(b"you relay"), to=address)
    assert (state, sender, subject) == ("POSTMASTER", "reza@example.com", "water")
    assert b"you relay" in bytes(raw)
    assert door.texts() == []


@pytest.mark.parametrize(
    "address", ["abuse", "postmaster@elsewhere.example", "nobody@water.example"]
)
def test_an_address_that_is_not_ours_is_refused_for_good(door, address):
    with door.line() as line:
        line.ehlo()
        line.mail("reza@example.com")
        assert line.rcpt(address)[0] == 550


def test_the_raw_letter_is_kept_after_it_became_a_ticket(door):
    row = door.deliver(letter(b"keep me"))
    assert row[0] == "TICKET"
    assert bytes(row[5]).endswith(b"keep me\r\n")


def test_the_null_sender_is_known_as_such(door):
    assert door.deliver(letter(), mail_from="")[:2] == ("AUTOMATIC", "null_sender")
    assert execute(door.hand.db, "select mail_from from letters") == [("",)]


def test_dots_and_lines_of_any_length_arrive_as_they_were_sent(door):
    body = b".\n..\n.x\n" + b"a" * 100_000 + b"\n\n.\n"
    door.deliver(letter(body))
    assert bytes(door.rows()[0][5]).endswith(body.replace(b"\n", b"\r\n"))


def test_a_letter_of_nothing_is_taken_and_lies_where_people_look(door):
    assert door.deliver(b"")[0] in ("NOBODY", "TICKET")


def test_a_letter_too_large_is_refused_once_and_the_next_is_taken(hand):
    door = Door(hand, limit=50_000)
    try:
        with door.line() as line:
            line.ehlo()
            line.mail("reza@example.com")
            line.rcpt(UNIT)
            assert line.data(letter(b"a" * 60_000)) == (552, TOO_LARGE.partition(" ")[2].encode())
            line.mail("reza@example.com")
            line.rcpt(UNIT)
            assert line.data(letter(b"a" * 40_000))[0] == 250
    finally:
        door.close()
    assert execute(hand.db, "select count(*) from letters") == [(1,)]


def test_who_sends_without_end_is_cut_off(hand):
    door = Door(hand, limit=50_000)
    try:
        with door.raw_line() as line:
            begin_letter(line)
            with pytest.raises(OSError):
                send_for_ever(line)
    finally:
        door.close()


def test_commands_in_one_packet_are_answered_in_their_order(door):
    with door.raw_line() as line:
        answer(line)
        line.sendall(
            b"EHLO me\r\nMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<r@example.com>\r\n"
            + f"RCPT TO:<{UNIT}>\r\nRCPT TO:<none@water.example>\r\nDATA\r\n".encode()
        )
        got = b""
        while b"354" not in got:
            got += line.recv(65536)
        codes = re.findall(rb"^(\d{3}) ", got, re.M)
        assert codes == [b"250", b"250", b"250", b"250", b"250", b"550", b"354"]
        line.sendall(letter(b"piped") + b"\r\n.\r\nNOOP\r\nQUIT\r\n")
        got = b""
        while b"221" not in got:
            got += line.recv(65536)
        assert re.findall(rb"^(\d{3}) ", got, re.M) == [b"250", b"250", b"221"]
    door.work()
    assert "piped" in door.texts()[0]


def test_a_letter_ends_at_crlf_dot_crlf_alone(door):
    smuggled = b"text\n.\nMAIL FROM:<admin@example.com>\n.\r\nmore"
    with door.raw_line() as line:
        begin_letter(line)
        assert talk(line, letter() + smuggled + b"\r\n.\r\n").startswith("250")
    assert len(door.rows()) == 1


def test_more_receivers_than_a_hundred_come_in_a_second_letter(door):
    with door.line() as line:
        line.ehlo()
        line.mail("reza@example.com")
        codes = [line.rcpt(f"surface+{n}@water.example")[0] for n in range(101)]
    assert codes == [250] * 100 + [452]


@pytest.mark.parametrize(
    "command",
    [
        b"MAIL FROM:<\r\n",
        b"MAIL FROM:<" + b"(" * 400 + b"\r\n",
        b"\xff\r\n",
        b"BDAT 10 LAST\r\n",
        b"EHLO \0\r\n",
        b"a" * 100_000 + b"\r\n",
        b"MAIL FROM:<a@b> SIZE=99999999999\r\n",
    ],
)
def test_a_command_that_cannot_be_read_is_refused_for_good_and_ends_nothing(door, command):
    with door.raw_line() as line:
        answer(line)
        talk(line, b"EHLO me\r\n")
        assert talk(line, command)[:1] in ("5", "2")
        assert talk(line, b"NOOP\r\n").startswith("250")


def test_who_stalls_in_the_middle_stops_nobody(door, monkeypatch):
    monkeypatch.setattr(mail_door, "CONNECTIONS_OF_ADDRESS", 5)
    stalled = [door.raw_line() for _ in range(4)]
    for line in stalled:
        begin_letter(line)
        line.sendall(b"Subject: half a let")
    assert door.send(letter())[0] == 250
    for line in stalled:
        line.close()


def test_one_address_has_no_more_than_its_connections(door, monkeypatch):
    monkeypatch.setattr(mail_door, "CONNECTIONS_OF_ADDRESS", 3)
    lines = [door.raw_line() for _ in range(3)]
    assert all(answer(line).startswith("220") for line in lines)
    with door.raw_line() as one_more:
        assert answer(one_more).startswith("421 4.7.0")
    for line in lines:
        line.close()
    wait_for(lambda: door.send(letter())[0] == 250, 10)


def test_a_flood_of_empty_lines_lets_others_speak(door):
    with door.raw_line() as line:
        line.setblocking(False)
        try:
            while True:
                line.send(b"\r\n" * 50_000)
        except BlockingIOError:
            pass
        assert door.send(letter())[0] == 250


def test_too_many_letters_in_memory_at_once_may_come_again(door, monkeypatch):
    monkeypatch.setattr(mail_door, "MEMORY", 1_000_000)
    with door.line() as line:
        line.ehlo()
        line.mail("reza@example.com")
        line.rcpt(UNIT)
        assert line.data(letter(b"a" * 2_000_000))[0] == 421
    monkeypatch.setattr(mail_door, "MEMORY", 10_000_000)
    assert door.send(letter(b"a" * 2_000_000))[0] == 250
    assert door.rows() != []


def test_a_database_that_is_away_is_told_as_passing(door, monkeypatch):
    monkeypatch.setattr(door.hand.store.engine, "begin", _away)
    with door.line() as line:
        line.ehlo()
        line.mail("reza@example.com")
        assert line.rcpt(UNIT)[0] == 451


def _away(*_):
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    raise PoolTimeout
