"""PDFs of agencies are searched for viruses before anybody prints them."""

from uuid import UUID

import pytest

from bus.blobs import Blobs
from bus.errors import NotFound
from bus.foreign.clamd import Clamd
from contracts.notify import govnotify
from contracts.notify.govnotify import Pdf, SendByApi
from deploy.local import antivirus
from deploy.local.ports import free_port
from services.notify.govuk import notifications, virus_scan
from tests.stores import execute

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Letters:
    """Letters that came as PDFs, and a scanner that a test may take away."""

    def __init__(self, hand, folder, address):
        self.hand, self.blobs, self.address = hand, Blobs(folder), address
        execute(
            hand.db,
            "insert into editors (username, role) values ('karim', 'editor') "
            "on conflict do nothing",
        )

    def send(self, content):
        claim = self.blobs.add(content)
        caller = notifications.ApiCaller("power-co", UUID(int=1), UUID(int=2), "live")
        pdf = Pdf(sha256=claim.sha256, size=claim.size)
        request = SendByApi(channel="letter", pdf=pdf, reference="x", postage="second")
        with self.hand.context() as context:
            return str(notifications._keep_pdf(context, caller, request, pdf))

    def scan(self, scanner=None):
        scanner = scanner or Clamd(self.address)
        virus_scan.scan(self.hand.store, self.hand.service.context, scanner, self.blobs)

    def printable(self):
        reply = self.hand.call(govnotify.PRINT_QUEUE, as_="karim")
        return [item["id"] for item in reply["letters"]]


@pytest.fixture(scope="module")
def scanner():
    with antivirus.running(free_port()) as address:
        yield address


@pytest.fixture
def sent(hand, tmp_path, scanner):
    return Letters(hand, tmp_path, scanner)


def test_s17_a_letter_is_offered_to_the_printer_when_the_scanner_has_found_nothing(sent):
    good = sent.send(b"%PDF- good")
    assert sent.printable() == []
    sent.scan()
    assert sent.printable() == [good]


def test_s17_a_letter_with_a_virus_ends_is_told_and_its_pdf_is_gone(sent):
    bad, good = sent.send(EICAR), sent.send(b"%PDF- good")
    sent.scan()
    assert sent.printable() == [good]
    row = sent.hand.message(bad)
    assert (row.state, row.code) == ("REJECTED", "letter.virus")
    settled = [data for name, data in sent.hand.events() if name == "notify.message_settled.v1"]
    assert [(item["id"], item["code"]) for item in settled] == [(bad, "letter.virus")]
    with pytest.raises(NotFound):
        sent.blobs.read(row.contents["letter"]["pdf"]["sha256"])


def test_s17_while_the_scanner_is_away_letters_are_held_and_not_passed(sent):
    held = sent.send(b"%PDF- held")
    sent.scan(Clamd(f"tcp://127.0.0.1:{free_port()}"))
    assert sent.printable() == []
    assert sent.hand.message(held).state == "CREATED"
    virus_scan.scan(sent.hand.store, sent.hand.service.context, None, sent.blobs)
    assert sent.printable() == []
    sent.scan()
    assert sent.printable() == [held]


def test_s17_a_letter_whose_pdf_is_lost_ends_and_holds_up_no_other(sent):
    lost, good = sent.send(b"%PDF- lost"), sent.send(b"%PDF- good")
    sent.blobs.remove(sent.hand.message(lost).contents["letter"]["pdf"]["sha256"])
    sent.scan()
    assert sent.hand.message(lost).code == "letter.lost"
    assert sent.printable() == [good]
