"""Complaints while parts fall: every citizen who saw a code has a ticket, and none has two."""

import smtplib
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage

import pytest
import requests

from tests.databases import make_database
from tests.processes import Starter
from tests.stacks import Desk
from tests.stores import execute, own_vhost
from tests.waiting import wait_for

COMPLAINT = {
    "kind": "complaint",
    "category": "illegal_well",
    "text": "شب‌ها چاه می‌زنند.",
    "declared": True,
    "privacy": "anonymous",
}


def post(desk, key, **more):
    return requests.post(
        f"{desk.portal}/v1/tickets",
        json={**COMPLAINT, **more},
        headers={"Idempotency-Key": f'"{key}"'},
        timeout=30,
    )


class Flood:
    """Citizens who register, one after the other, and press again until they see a code."""

    def __init__(self, desk, citizens=6):
        self.desk, self.registered, self.refused, self.stop = desk, {}, 0, threading.Event()
        self._pool = ThreadPoolExecutor(citizens)
        self._done = [self._pool.submit(self._citizen) for _ in range(citizens)]

    def _citizen(self):
        while not self.stop.is_set():
            key = str(uuid.uuid4())
            while key not in self.registered:
                try:
                    answer = post(self.desk, key, text=f"چاه {key}")
                except requests.ConnectionError:
                    time.sleep(0.2)
                    continue
                if answer.status_code == 201:
                    body = answer.json()
                    self.registered[key] = (body["code"], body["secret"])
                else:
                    assert answer.status_code in (429, 503, 504), answer.text
                    self.refused += answer.status_code != 429
                    time.sleep(0.5)

    def end(self):
        self.stop.set()
        for item in self._done:
            item.result(120)
        self._pool.shutdown()


def check(flood):
    """Each code that was seen is one ticket, and every ticket was seen by somebody."""
    kept = dict(execute(flood.desk.db, "select text, code from tickets where channel = 'api'"))
    rows = execute(flood.desk.db, "select count(*) from tickets where channel = 'api'")[0][0]
    assert kept == {f"چاه {key}": code for key, (code, _) in flood.registered.items()}
    assert rows == len(flood.registered) > 0
    code, secret = next(iter(flood.registered.values()))
    answer = requests.get(
        f"{flood.desk.portal}/v1/tickets/{code}", headers={"Ticket-Secret": secret}, timeout=20
    )
    assert answer.json()["code"] == code


@pytest.fixture(scope="module")
def hurt_desk(tmp_path_factory, broker, postgres, ticketing_template):
    """A running desk of which tests kill one process and start another in its place."""
    folder = tmp_path_factory.mktemp("hurt")
    db = make_database(postgres, "hurt_desk", ticketing_template)
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        desk = Desk(starter, folder, amqp, postgres, db)
        yield desk
        starter.end()
        desk.end()


def test_killing_the_service_in_a_flood_loses_and_doubles_nothing(hurt_desk):
    flood = Flood(hurt_desk)
    for _ in range(3):
        before = len(flood.registered)
        wait_for(lambda b=before: len(flood.registered) >= b + 5, 60)
        hurt_desk.service.kill()
        hurt_desk.service = hurt_desk.serve()
    wait_for(lambda: len(flood.registered) >= 25, 120)
    flood.end()
    check(flood)


# --- letters ---


def write(desk, n, to="surface@water.example"):
    message = EmailMessage()
    message["From"] = f"رضا کریمی <reza{n}@example.com>"
    message["To"] = to
    message["Subject"] = f"نوبت آب {n}"
    message["Message-ID"] = f"<letter-{n}@example.com>"
    message.set_content("نوبت ما نرسید.")
    with smtplib.SMTP("127.0.0.1", desk.mail_port, timeout=20) as server:
        server.sendmail(f"reza{n}@example.com", [to], message.as_bytes())


def test_a_letter_to_a_unit_becomes_a_ticket_and_its_answer_comes_by_letter(shared_desk):
    write(shared_desk, "a")
    wait_for(lambda: shared_desk.letters("rezaa@example.com"), 30)
    (receipt,) = shared_desk.letters("rezaa@example.com")
    assert receipt["In-Reply-To"] == "<letter-a@example.com>"
    code = receipt["X-Mirab-Ticket"]
    reply = EmailMessage()
    reply["From"] = "rezaa@example.com"
    reply["Subject"] = "Re: " + receipt["Subject"]
    reply["Message-ID"] = "<letter-a2@example.com>"
    reply["In-Reply-To"] = receipt["Message-ID"]
    reply.set_content("دریچه شکسته است.\n\n> نقل قول")
    with smtplib.SMTP("127.0.0.1", shared_desk.mail_port, timeout=20) as server:
        server.sendmail("rezaa@example.com", [str(receipt["Reply-To"])], reply.as_bytes())
    text = "select data ->> 'text' from ticket_events e join tickets t on t.id = e.ticket "
    wait_for(
        lambda: (
            execute(shared_desk.db, text + "where code = %s and act = 'write'", (code,))
            == [("دریچه شکسته است.",)]
        ),
        30,
    )


def test_an_address_that_is_no_units_is_refused_at_the_door(shared_desk):
    refused = None
    try:
        write(shared_desk, "b", to="president@water.example")
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients["president@water.example"][0]
    assert refused == 550


def test_m1_m2_people_are_served_while_dear_letters_are_read(shared_desk):
    lines = b"07:00 pump on 3.2 bar\r\n" * 60_000
    parts = b"--cut\r\n\r\nhello\r\n" * 100_000 + b"--cut--\r\n"
    with smtplib.SMTP("127.0.0.1", shared_desk.mail_port, timeout=30) as server:
        for number, (kind, body) in enumerate(
            [("text/plain", lines), ("multipart/mixed; boundary=cut", parts)]
        ):
            head = f"From: dear{number}@m1.example\r\nSubject: dear\r\nContent-Type: {kind}\r\n\r\n"
            to = ["surface@water.example"]
            server.sendmail(f"dear{number}@m1.example", to, head.encode() + body)

    def states():
        rows = execute(
            shared_desk.db, "select state from letters where mail_from like 'dear%' order by id"
        )
        return [row[0] for row in rows]

    answers = []

    def done():
        form = requests.get(f"{shared_desk.portal}/v1/form", timeout=20)
        answers.append((form.status_code, form.elapsed.total_seconds()))
        return states() == ["TICKET", "TICKET"]

    wait_for(done, 60)
    assert {status for status, _ in answers} == {200}
    assert max(seconds for _, seconds in answers) < 5


def test_killing_the_mailroom_loses_no_letter_that_it_took_and_doubles_none(hurt_desk):
    reply, stop = set(), threading.Event()

    def writer(name):
        n = 0
        while not stop.is_set():
            n += 1
            for _ in range(200):
                try:
                    write(hurt_desk, f"{name}-{n}")
                except (OSError, smtplib.SMTPException):
                    time.sleep(0.1)
                    continue
                reply.add(f"<letter-{name}-{n}@example.com>")
                break

    threads = [threading.Thread(target=writer, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for _ in range(3):
        before = len(reply)
        wait_for(lambda b=before: len(reply) >= b + 10, 60)
        hurt_desk.mailroom.kill()
        hurt_desk.mailroom = hurt_desk.let_letters_in()
    before = len(reply)
    wait_for(lambda: len(reply) >= before + 5, 60)
    stop.set()
    for thread in threads:
        thread.join(60)
    kept = [row[0] for row in execute(hurt_desk.db, "select message_id from letters")]
    assert len(kept) == len(set(kept))
    assert reply <= set(kept)
    wait_for(
        lambda: (
            execute(hurt_desk.db, "select count(*) from letters where state = 'RECEIVED'") == [(0,)]
        ),
        60,
    )
    states = {row[0] for row in execute(hurt_desk.db, "select distinct state from letters")}
    assert states == {"TICKET"}
