"""The letters of notify, handed to a real SMTP server."""

import contextlib
import email
import socket
import threading
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import Unavailable
from bus.foreign import mail as bus_mail
from bus.foreign.mail import Post
from deploy.local.ports import free_port
from services.notify.providers.email import Email, EmailProvider
from services.notify.providers.sms import DeliveryState

TEXT = "سلام زهرا،\n\nآب چاه شما فردا قطع می‌شود: https://portal.example/n/1?a=1&b=2"
STOP = "https://portal.example/stop?" + "k" * 300


class Server:
    """A real SMTP server that keeps letters, or says no at a step."""

    def __init__(self):
        self.letters, self.to, self.says = [], [], {}

    async def handle_MAIL(self, _server, _session, envelope, address, options):
        if "MAIL" in self.says:
            return self.says["MAIL"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if "RCPT" in self.says:
            return self.says["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        if "DATA" in self.says:
            return self.says["DATA"]
        self.letters.append(envelope.content)
        self.to += envelope.rcpt_tos
        return "250 OK"

    async def handle_QUIT(self, _server, _session, _envelope):
        return self.says.get("QUIT", "221 Bye")

    def last(self):
        """The letter that came last."""
        return email.message_from_bytes(self.letters[-1], policy=default)


@pytest.fixture(scope="module")
def running():
    server = Server()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    server.url = f"smtp://127.0.0.1:{controller.port}"
    yield server
    controller.stop()


@pytest.fixture
def server(running):
    running.says = {}
    running.letters.clear()
    running.to.clear()
    return running


def way(url, **more):
    reply = {
        "from_address": "no-reply@water.example",
        "from_name": "شرکت آب منطقه‌ای",
        "reply_to": "help@water.example",
    }
    return EmailProvider(Post(url), **{**reply, **more})


def letter(ref=7, **more):
    reply = {"to": "zahra@example.com", "subject": "قطع آب فردا", "text": TEXT}
    return Email(ref, **{**reply, **more})


def test_a_letter_arrives_in_both_forms_from_right_to_left(server):
    handed = way(server.url).send(letter())
    assert (handed.ref, handed.state, handed.code) == (7, DeliveryState.ACCEPTED, "")
    reply = server.last()
    assert server.to == ["zahra@example.com"]
    assert reply.get_content_type() == "multipart/alternative"
    assert reply.get_body(("plain",)).get_content().replace("\r\n", "\n") == TEXT + "\n"
    page = reply.get_body(("html",)).get_content()
    assert '<html lang="fa" dir="rtl">' in page
    assert "می‌شود" in page
    assert '<a href="https://portal.example/n/1?a=1&amp;b=2" dir="ltr">' in page
    assert (reply["Subject"], reply["To"]) == ("قطع آب فردا", "zahra@example.com")
    assert reply["From"].addresses[0].display_name == "شرکت آب منطقه‌ای"
    assert reply["Reply-To"] == "help@water.example"
    assert reply["Auto-Submitted"] == "auto-generated"


def test_a_letter_in_english_goes_from_left_to_right(server):
    way(server.url, reply_to=None).send(letter(language="en"))
    assert '<html lang="en" dir="ltr">' in server.last().get_body(("html",)).get_content()
    assert server.last()["Reply-To"] is None


def test_what_ends_a_sentence_is_no_part_of_an_address_in_it(server):
    way(server.url).send(letter(text="بخوانید (https://a.example/1)، سپس https://a.example/2."))
    page = server.last().get_body(("html",)).get_content()
    assert '<a href="https://a.example/1" dir="ltr">' in page
    assert '<a href="https://a.example/2" dir="ltr">' in page


def test_a_letter_that_is_handed_over_again_is_known_by_its_number(server):
    mail = way(server.url)
    refs = [mail.send(letter(ref)).provider_ref for ref in (7, 7, 8)]
    reply = [email.message_from_bytes(raw, policy=default)["Message-ID"] for raw in server.letters]
    assert reply == refs
    assert refs[0] == refs[1] != refs[2]


def test_news_can_be_ended_with_one_click_and_a_notice_has_no_such_header(server):
    mail = way(server.url)
    mail.send(letter(unsubscribe=STOP))
    assert server.last()["List-Unsubscribe"] == f"<{STOP}>"
    assert server.last()["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{STOP}>\r\n".encode() in server.letters[-1]
    mail.send(letter())
    assert server.last()["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    "address", ["", "mailto:x@y", f"{STOP}\r\nBcc: x@y", f"{STOP}>", "https://x y"]
)
def test_an_address_that_ends_nothing_is_no_header(server, address):
    with pytest.raises(ValueError, match="unsubscribe"):
        way(server.url).send(letter(unsubscribe=address))
    assert server.letters == []


HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
}


@given(st.text(max_size=60), st.text(max_size=300), st.text(max_size=60), st.text(max_size=40))
def test_no_text_makes_another_header(subject, text, name, more):
    mail = way("smtp://127.0.0.1:1", from_name=name)
    raw = mail.write(letter(subject=f"{subject}\r\nBcc: {more}", text=text))
    reply = email.message_from_bytes(raw, policy=default)
    assert set(reply.keys()) == HEADERS
    assert reply["To"].addresses[0].addr_spec == "zahra@example.com"
    assert len(reply["From"].addresses) == 1
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


@given(st.text(max_size=40))
def test_what_is_no_address_is_rejected_before_anybody_is_asked(address):
    # Nobody listens there: who asks fails.
    handed = way("smtp://127.0.0.1:1").send(letter(to=f"{address}\r\nx"))
    assert (handed.state, handed.code) == (DeliveryState.REJECTED, "no address")


@pytest.mark.parametrize(
    ("step", "answer", "state"),
    [
        ("RCPT", "550 5.1.1 no such mailbox", DeliveryState.REJECTED),
        ("RCPT", "553 5.1.3 bad address", DeliveryState.REJECTED),
        ("MAIL", "552 5.2.3 too big", DeliveryState.FAILED),
        ("DATA", "554 5.7.1 spam", DeliveryState.FAILED),
        ("RCPT", "550 no such user", DeliveryState.REJECTED),
        ("RCPT", "550 5.7.1 you may not", DeliveryState.FAILED),
        ("DATA", "550 5.7.1 not wanted", DeliveryState.FAILED),
    ],
)
def test_a_no_for_good_is_told_with_its_code(server, step, answer, state):
    server.says = {step: answer}
    handed = way(server.url).send(letter())
    assert (handed.state, handed.code, handed.provider_ref) == (state, answer[:3], None)
    assert server.letters == []


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_no_for_now_is_surely_not_taken(server, step):
    server.says = {step: "451 4.3.0 later"}
    with pytest.raises(Unavailable) as later:
        way(server.url).send(letter())
    assert later.value.code == "mail.unavailable"
    assert server.letters == []


def test_a_server_that_says_a_bad_good_bye_took_the_letter_all_the_same(server):
    server.says = {"QUIT": "421 4.3.2 closing"}
    assert way(server.url).send(letter()).state is DeliveryState.ACCEPTED
    assert len(server.letters) == 1


def test_a_server_that_is_away_surely_took_nothing():
    with pytest.raises(Unavailable) as away:
        way(f"smtp://127.0.0.1:{free_port()}").send(letter())
    assert away.value.code == "mail.unavailable"


@contextlib.contextmanager
def failing(after, *, silent=False):
    """An SMTP server that hangs up, or falls silent, at a step: ``RCPT``, or the last ``.``."""

    def serve(listener):
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as talk:
            talk.write(b"220 played\r\n")
            in_data = False
            for line in talk:
                word = line.strip().upper()
                if word.startswith(after):
                    connection.recv(1) if silent else None
                    return
                if word == b"DATA":
                    in_data = True
                if not in_data:
                    talk.write(b"250 OK\r\n")
                elif word == b"DATA":
                    talk.write(b"354 go\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(20)


@pytest.mark.parametrize(
    ("step", "code"),
    [(b"MAIL", "mail.unavailable"), (b"RCPT", "mail.unavailable"), (b".", "mail.unanswered")],
)
def test_a_letter_under_way_is_told_from_one_that_was_surely_not_taken(step, code):
    with failing(step) as url, pytest.raises(Unavailable) as lost:
        way(url).send(letter())
    assert lost.value.code == code


@pytest.mark.parametrize(("step", "code"), [(b"MAIL", "unavailable"), (b".", "unanswered")])
def test_a_server_that_falls_silent_is_waited_for_no_longer_than_is_set(monkeypatch, step, code):
    monkeypatch.setattr(bus_mail, "SECONDS", 1)
    with failing(step, silent=True) as url, pytest.raises(Unavailable) as lost:
        way(url).send(letter())
    assert lost.value.code == f"mail.{code}"
