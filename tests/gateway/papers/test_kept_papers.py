"""A paper is made once and given again: to who was let in to its content, within bounds."""

import itertools

import pytest

from bus.errors import NotFound, RuleBroken
from bus.messages.message import to_wire
from gateway.papers import html_to_pdf, kept, pdf
from people import tracking
from tests.gateway.papers.test_documents import ISSUER, bill_of
from tests.gateway.public.strangers import Portal
from tests.inquiry.domain.test_answer import ask

PAGE = "<html lang=fa><title>a</title><p>{}</p></html>"
LOOK_UP, READ = "billing.look_up.v1", "inquiry.read_own.v1"
ATTEST = "inquiry.attest_own.v1"


@pytest.fixture(autouse=True)
def _empty():
    html_to_pdf.kept.clear()
    yield
    html_to_pdf.kept.clear()


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(kept.time, "monotonic", lambda: Clock.now)
    return Clock


def test_the_same_page_is_set_once_and_another_is_another(monkeypatch):
    written = []
    write = html_to_pdf.HTML.write_pdf
    monkeypatch.setattr(
        html_to_pdf.HTML,
        "write_pdf",
        lambda self, **more: written.append(self) or write(self, **more),
    )
    first = html_to_pdf.make_pdf(PAGE.format("one"))
    assert html_to_pdf.make_pdf(PAGE.format("one")) is first
    assert html_to_pdf.make_pdf(PAGE.format("two")) != first
    assert len(written) == 2


def test_papers_take_bounded_memory_and_the_least_read_go_first(monkeypatch):
    monkeypatch.setattr(kept, "MOST_KEPT", 1000)
    papers = kept.KeptPapers()
    for number in range(4):
        papers.keep(b"%d" % number, b"p" * 300)
        papers.get(b"0")
    assert [papers.get(b"%d" % number) is not None for number in range(4)] == [
        True,
        False,
        True,
        True,
    ]
    papers.keep(b"large", b"p" * 1001)
    assert papers.get(b"large") is None
    assert papers.get(b"3") == b"p" * 300, "what is too large drives nothing out"


def test_a_paper_is_forgotten_after_an_hour_however_often_it_is_read(clock):
    papers = kept.KeptPapers()
    papers.keep(b"content", b"paper")
    for _ in range(4):
        clock.now += 899
        assert papers.get(b"content") == b"paper"
    clock.now += 4
    assert papers.get(b"content") is None
    papers.keep(b"old", b"paper")
    clock.now += 3601
    papers.keep(b"new", b"paper")
    assert list(papers._papers) == [kept.hashlib.sha256(b"new").digest()]


# --- through the door ---------------------------------------------------------------------------


@pytest.fixture
def press(monkeypatch):
    """Counts what is printed; a paper names whom it is about."""
    printed = []

    def made(document, lang, **_):
        name = getattr(document, "bill_id", None) or document.tracking_code
        printed.append((name, lang))
        return f"%PDF-{name}-{lang}".encode()

    monkeypatch.setattr(pdf, "bill", made)
    monkeypatch.setattr(pdf, "answer", made)
    return printed


def bill_at(portal, payment_id, **more):
    return portal.send("GET", f"/bills/1462119/{payment_id}/bill.pdf", **more)


def test_rights_are_judged_each_time_although_the_paper_is_kept(tmp_path, press):
    portal = Portal(tmp_path)
    portal.services.replies[LOOK_UP] = to_wire(bill_of(bill_id="1462119", payment_id="175550912"))
    assert [bill_at(portal, "175550912").status_code for _ in range(2)] == [200, 200]
    assert len(press) == 1
    portal.services.replies[LOOK_UP] = NotFound("No such bill.", code="bill.not_found")
    answer = bill_at(portal, "175550912")
    assert (answer.status_code, b"%PDF" in answer.content) == (404, False)
    assert len(portal.services.questions) == 3


def test_no_person_gets_the_paper_of_another(tmp_path, press):
    portal = Portal(tmp_path)
    answers = {code: ask("court_case") for code in (tracking.new(), tracking.new())}

    def read(data):
        return {
            "code": data["code"],
            "state": "ANSWERED",
            "file_no": "1001/5",
            "asked_at": "2026-11-23T08:30:00Z",
            "bill": {"bill_id": "1462119", "payment_id": "175550912", "issuer": ISSUER},
            "answer": answers[data["code"]],
        }

    portal.services.replies |= {
        ATTEST: RuleBroken("There is no key.", code="attestation.no_key"),
        READ: read,
        LOOK_UP: to_wire(bill_of(bill_id="1462119", payment_id="175550912")),
    }
    for code, lang in itertools.product([*answers, *answers], ("fa", "en")):
        opened = portal.send("POST", "/inquiry/open", data={"code": code, "secret": "7" * 20})
        assert opened.status_code == 303, opened.text
        cookie = opened.headers["set-cookie"].split(";")[0]
        paper = portal.send(
            "GET", "/inquiry/mine/answer.pdf", headers={"cookie": f"{cookie}; lang={lang}"}
        )
        name = answers[code]["tracking_code"]
        assert paper.content == f"%PDF-{name}-{lang}".encode()
        assert paper.headers["cache-control"] == "no-store"
        assert not {"etag", "content-encoding"} & set(paper.headers)
    assert len(press) == len(set(press)) == 4
    nobody = portal.send("GET", "/inquiry/mine/answer.pdf")
    assert nobody.headers["location"] == "/contact/track"
