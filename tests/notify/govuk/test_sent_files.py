"""Files by e-mail: kept, scanned before their links open, confirmed, and gone after their time."""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bus.blobs import Blobs
from bus.errors import BusError, NotFound
from bus.foreign.clamd import Clamd
from contracts.notify import files as contracts
from contracts.notify import govnotify
from contracts.notify.person_holds import NoteHold
from deploy.local import antivirus
from deploy.local.ports import free_port
from gateway.public import sent_files as pages
from gateway.web import Face
from services.notify import holds
from services.notify.govuk import sent_files
from tests.notify.govuk.test_api_keys import Api
from tests.notify.govuk.test_virus_scan import EICAR
from tests.stores import execute

TO = "sara@power.example"
CONTENT = b"%PDF-1.7 a notice"


class Direct:
    """The services of the portal, asked without a broker."""

    def __init__(self, hand, folder):
        self.hand, self.blobs = hand, Blobs(folder)

    async def ask(self, _request, contract, message):
        message = contract.checked(message)
        with self.hand.context() as context:
            if contract is contracts.SENT_FILE:
                return sent_files.read(context, message)
            reply = sent_files.open_file(context, message)
        if isinstance(reply, BusError):
            raise reply
        return reply


class Post:
    """An agency that sends files, the page of their links, and a scanner."""

    def __init__(self, hand, folder, address):
        self.hand, self.address = hand, address
        self.blobs = Blobs(folder / contracts.FILES)
        self.api = Api(hand)
        self.form = hand.template("بخوانید: ((file))", channel="email", code="mail", subject="نامه")
        self.face = Face("public", pages.routes(Direct(hand, folder)))

    def send(self, content=CONTENT, reference=None, **more):
        """The path of the link in an e-mail with a file."""
        claim = self.blobs.add(content)
        file = {"sha256": claim.sha256, "size": claim.size, "name": "قبض.pdf"}
        file |= {"type": "application/pdf", **more}
        sent = self.api.call(
            govnotify.API_SEND,
            channel="email",
            to=TO,
            template=self.form,
            files={"file": file},
            reference=reference,
        )
        body = self.hand.message(sent["id"]).contents["email"]["body"]
        (link,) = re.findall(r"https://portal\.example/files/[0-9a-f-]{36}/[\w-]{22}", body)
        return urlsplit(link).path

    def swept(self, monkeypatch):
        """What is left after the chore: as many files as rows."""
        monkeypatch.setattr(sent_files, "KEEP_SECONDS", 0)
        sent_files.sweep(self.hand.store, self.hand.service.context, self.blobs)
        left = sorted(execute(self.hand.db, "select sha256 from sent_files"))
        assert sorted((p.name,) for p in Path(self.blobs.folder).glob("??/*")) == left
        return left

    def scan(self):
        scanner = Clamd(self.address)
        sent_files.scan(self.hand.store, self.hand.service.context, scanner, self.blobs)

    def get(self, path, **form):
        async def ask():
            transport = httpx.ASGITransport(self.face)
            async with httpx.AsyncClient(transport=transport, base_url="http://portal") as to:
                if form:
                    return await to.post(path, data=form, headers={"Origin": "http://portal"})
                return await to.get(path, headers={"Accept": "text/html"})

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def scanner():
    with antivirus.running(free_port()) as address:
        yield address


@pytest.fixture
def post(hand, tmp_path, scanner):
    return Post(hand, tmp_path, scanner)


def test_a_link_opens_once_the_scanner_has_found_nothing_for_who_names_the_address(post):
    path = post.send()
    held = post.get(path)
    assert (held.status_code, "در حال بررسی" in held.text) == (200, True)
    assert post.get(path, email=TO).status_code == 422
    post.scan()
    page = post.get(path)
    assert ("قبض.pdf" in page.text, "power-co" in page.text, TO in page.text) == (True, True, False)
    assert page.headers["Cache-Control"] == "no-store"
    wrong = post.get(path, email="other@power.example")
    assert (wrong.status_code, "به نشانی دیگری فرستاده" in wrong.text) == (422, True)
    for typed in (TO, " Sara@Power.Example "):
        opened = post.get(path, email=typed)
        assert (opened.status_code, opened.content) == (200, CONTENT)
    assert opened.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert opened.headers["X-Content-Type-Options"] == "nosniff"


def test_a_sender_may_leave_the_address_out_and_looking_takes_nothing(post):
    path = post.send(confirm=False)
    post.scan()
    assert 'name="email"' not in post.get(path).text
    assert execute(post.hand.db, "select opened_at from sent_files") == [(None,)]
    assert post.get(path, email="").content == CONTENT


def test_a_file_with_a_virus_is_deleted_and_told(post):
    path = post.send(EICAR)
    post.scan()
    assert "ویروس پیدا" in post.get(path).text
    assert post.get(path, email=TO).status_code == 422
    with pytest.raises(NotFound):
        post.blobs.open(execute(post.hand.db, "select sha256 from sent_files")[0][0])


def test_while_the_scanner_is_away_files_wait(post):
    path = post.send()
    away = Clamd("tcp://127.0.0.1:1")
    sent_files.scan(post.hand.store, post.hand.service.context, away, post.blobs)
    sent_files.scan(post.hand.store, post.hand.service.context, None, post.blobs)
    assert "در حال بررسی" in post.get(path).text


def test_after_its_weeks_a_file_is_gone(post, monkeypatch):
    path, longer = post.send(weeks=1), post.send(b"%PDF-1.7 another", weeks=78)
    post.scan()
    post.hand.later(weeks=1)
    assert post.get(path).status_code == 404
    assert post.get(longer).status_code == 200
    assert len(post.swept(monkeypatch)) == 1


def test_a_hold_keeps_a_file_by_its_receiver_or_its_reference_and_opens_it_for_nobody(
    post, monkeypatch
):
    path, _ = post.send(reference="5720000007", weeks=1), post.send(b"%PDF-1.7 another", weeks=1)
    post.scan()
    post.hand.later(weeks=1)
    protected = ({"emails": (TO,)}, {"references": ("5720000007",)}, {})
    for day, fields in enumerate(protected, 1):
        until = "2039-01-01" if fields else None
        with post.hand.context() as context:
            news = NoteHold(number=5, as_of=f"2026-11-0{day}T00:00:00Z", until=until, **fields)
            holds.note(context, news)
        assert len(post.swept(monkeypatch)) == len(protected) - day
        assert post.get(path).status_code == 404


def test_links_cannot_be_guessed_and_all_that_is_wrong_is_told_alike(post):
    path, other = post.send(), post.send(b"%PDF-1.7 another")
    post.scan()
    id_, key = path.split("/")[2:]
    lost = [
        f"/files/{id_}/{key[:-1]}x",
        f"/files/{id_}/{other.split('/')[3]}",
        f"/files/{other.split('/')[2]}/{key}",
        f"/files/00000000-0000-4000-8000-000000000000/{key}",
    ]
    for wrong in lost:
        for form in ({}, {"email": TO}):
            assert post.get(wrong, **form).status_code == 404
    row = execute(post.hand.db, "select row_to_json(f)::text from sent_files f")[0][0]
    assert all(word not in row for word in (key, TO, "قبض"))


def test_who_has_a_link_guesses_few_addresses_and_stops_no_other_link(post):
    path, other = post.send(), post.send(b"%PDF-1.7 another")
    post.scan()
    for number in range(sent_files.GUESSES):
        assert post.get(path, email=f"{number}@power.example").status_code == 422
    assert post.get(path, email=TO).status_code == 429
    assert post.get(other, email=TO).status_code == 200
    post.hand.later(hours=1)
    assert post.get(path, email=TO).content == CONTENT
    assert execute(post.hand.db, "select failures from sent_files where failures > 0") == []
