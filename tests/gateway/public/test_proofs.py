"""/verify: somebody hands in a proof, and reads what it proves, by whom, and what it does not."""

import html
import json
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp

from bus.errors import Unavailable
from bus.evidence.leaves import parse_leaf
from bus.evidence.notes import COSIGNATURE, Verifier, cosign
from bus.messages.message import read
from bus.signatures.keys import SigningKey
from bus.signatures.sd_jwt import SdJwt, issue
from contracts.inquiry.answer import Answer
from contracts.inquiry.attestations import KIND
from gateway.limits import guesses
from gateway.papers import pdf
from gateway.public.proofs import pages as proofs
from gateway.public.proofs import submitted
from people import tracking
from tests.bus.evidence.logs import TERMS, MemoryLog, log_of, make_leaf
from tests.gateway.papers.test_documents import ISSUER
from tests.gateway.public.strangers import Portal
from tests.inquiry.domain.test_answer import ask
from tests.processes import ROOT

KEYS, ATTEST_OWN = "inquiry.attestation_keys.v1", "inquiry.attest_own.v1"
READ, CODE = "inquiry.read_own.v1", tracking.new()
OURS, OTHER = SigningKey.new("mirab-1405"), SigningKey.new("mirab-1405")
ANSWER = ask("court_case")
CLAIMS = {"iss": "https://mirab.example.ir", "iat": 1_790_000_000}
FIELDS = {
    "day": "2026-11-23",
    "status.code": "VALID",
    "status.group": "IN_FORCE",
    "file_no": "1001/5",
    "verification_code": ANSWER["verification_code"],
}
WHOLE = issue(OURS, KIND, CLAIMS, FIELDS)
DAY = SdJwt.parse(WHOLE).present(["day", "status.group"])
PAPER_FORM = issue(OURS, KIND, CLAIMS | FIELDS, {})


@pytest.fixture
def portal(tmp_path):
    portal = Portal(tmp_path)
    portal.services.replies[KEYS] = {"keys": [OURS.public.jwk(OURS.keyid)]}
    return portal


def hand_in(portal, content=None, *, text=None, lang="en"):
    files = {"file": ("a", content if content is not None else b"")}
    if text is not None:
        files["proof"] = (None, text)
    return portal.send("POST", f"/verify?lang={lang}", files=files)


def test_a_proof_says_what_by_whom_and_when_and_what_it_does_not_prove(portal):
    reply = hand_in(portal, text=DAY)
    assert reply.status_code == 200
    shown = html.unescape(reply.text)
    for words in ("This proof is genuine", "in force on that day", CLAIMS["iss"], OURS.keyid):
        assert words in shown
    assert "What this does not prove" in shown
    assert "it cannot be known" in shown
    assert "1001/5" not in shown, "what is hidden stays hidden"
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("lang", "words"), [("fa", "اصالت این گواهی تأیید شد"), ("ar", "هذا الإثبات أصلي")]
)
def test_the_verdict_is_in_the_visitor_s_language(portal, lang, words):
    assert words in hand_in(portal, text=DAY, lang=lang).text


@pytest.mark.parametrize(
    "text",
    [
        f"https://portal.example/verify#{PAPER_FORM}",
        f"  {PAPER_FORM[:70]}\n{PAPER_FORM[70:]}\r\n",
        "\ufeff" + PAPER_FORM,
    ],
)
def test_a_proof_is_taken_as_people_hand_it_on(portal, text):
    reply = hand_in(portal, text.encode())
    assert "This proof is genuine" in reply.text
    assert f"/v1/verify/{ANSWER['verification_code']}" in reply.text


def test_a_status_that_cannot_be_known_is_not_shown_as_an_answer(portal):
    text = issue(OURS, KIND, {**CLAIMS, "status.group": "NOT_DETERMINABLE"}, {})
    shown = hand_in(portal, text=text).text
    assert "cannot be known" in shown
    assert "neither that the licence was in force" in shown


OTHERS_DAY = issue(OURS, KIND, CLAIMS, {"day": "2020-01-01"}).split("~")[1]


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 422, "Choose a file"),
        (b"hello", 422, "no proof of ours"),
        (b"\xff\xfe\x00", 422, "no proof of ours"),
        (b"https://elsewhere.example/verify", 422, "no proof of ours"),
        (b"%PDF-1.7 nothing", 422, "no signed proof"),
        (b"a" * 70_000, 422, "too large"),
        (b"a" * 10_000_000, 413, "too large"),
        (issue(OTHER, KIND, CLAIMS, FIELDS).encode(), 422, "changed or forged"),
        (issue(SigningKey.new("else"), KIND, CLAIMS, FIELDS).encode(), 422, "not ours"),
        (f"{WHOLE.split('~', 1)[0]}~{OTHERS_DAY}~".encode(), 422, "of another answer"),
        (WHOLE[:-300].encode(), 422, "not whole"),
        (f"{WHOLE[:-1]}".encode(), 422, "not whole"),
        (issue(OURS, "at+jwt", CLAIMS, {}).encode(), 422, "do not sign"),
    ],
)
def test_bad_input_gets_a_sentence(portal, content, status, words):
    reply = hand_in(portal, content)
    assert (reply.status_code, words in html.unescape(reply.text)) == (status, True), reply.text


def test_a_proof_by_a_key_that_had_ended_is_refused(portal):
    jwk = OURS.public.jwk(OURS.keyid) | {"exp": CLAIMS["iat"] - 1}
    portal.services.replies[KEYS] = {"keys": [jwk]}
    assert "after its key had ended" in hand_in(portal, text=DAY).text


def test_without_the_keys_nothing_is_claimed(portal):
    portal.services.replies[KEYS] = Unavailable("Nobody is there.")
    reply = hand_in(portal, text=DAY)
    assert (reply.status_code, "cannot be known" in reply.text) == (503, True)
    assert "does not hold" not in reply.text


def test_a_verification_code_leads_to_its_page(portal):
    reply = hand_in(portal, text=ANSWER["verification_code"])
    assert reply.headers["location"] == f"/v1/verify/{ANSWER['verification_code']}"


@pytest.fixture
def _one_minute(monkeypatch):
    """All of a test falls into one period of the counts."""
    monkeypatch.setattr(guesses.time, "time", lambda: CLAIMS["iat"])


@pytest.mark.usefixtures("_one_minute")
def test_handing_in_is_bounded_and_a_pdf_costs_more(tmp_path, monkeypatch):
    monkeypatch.setattr(submitted, "proof_in", lambda content: None)
    portal = Portal(tmp_path, GUESSES_A_MINUTE="10")
    replies = [hand_in(portal, b"hello").status_code for _ in range(11)]
    assert replies == [422] * 10 + [429]
    other = Portal(tmp_path, GUESSES_A_MINUTE="10")
    replies = [hand_in(other, b"%PDF-1.7").status_code for _ in range(3)]
    assert replies == [422, 422, 429]


def test_pdfs_wait_in_a_short_line(portal, monkeypatch):
    monkeypatch.setattr(proofs, "MOST_WAITING", 0)
    reply = hand_in(portal, b"%PDF-1.7")
    assert (reply.status_code, "Send it again in a while" in reply.text) == (503, True)


def test_the_keys_are_published(portal):
    reply = portal.send("GET", "/.well-known/jwks.json")
    assert reply.json() == {"keys": [OURS.public.jwk(OURS.keyid)]}


# --- receipts ---

LOG = log_of(7)
RECEIPT = LOG.receipt(parse_leaf(LOG.leaves[3]), 3)


def test_a_receipt_is_verified_by_the_keys_of_the_installation(tmp_path):
    portal = Portal(tmp_path, RECEIPT_KEYS=str(LOG.verifier))
    shown = html.unescape(hand_in(portal, RECEIPT.write()).text)
    assert "it answered call call-3 of inquiry.ask.v1" in shown
    assert "no witness" in shown
    assert "in the name of" not in shown
    lent = replace(TERMS, behalf="power-co")
    leaf = make_leaf(terms=lent)
    log = MemoryLog([leaf.encode()], key=LOG.key)
    whole = log.receipt(leaf, 0, terms=lent.encode()).write()
    assert "in the name of power-co" in hand_in(portal, whole).text
    swapped = replace(RECEIPT, leaf=parse_leaf(LOG.leaves[4]))
    other = replace(RECEIPT, checkpoint=str(log_of(7).head()))
    for receipt, words in ((swapped, "of another tree"), (other, "No key above signed")):
        reply = hand_in(portal, receipt.write())
        assert (reply.status_code, words in reply.text) == (422, True)
    assert "no receipt" in hand_in(portal, b'{"v": 1}').text


def test_a_witness_whose_clock_no_calendar_knows_spoils_no_receipt(tmp_path):
    key, name = SigningKey.new("witness"), "witness.example/w1"
    keys = f"{LOG.verifier}\n{Verifier(name, COSIGNATURE, key.public)}"
    note = LOG.head().with_signatures([cosign(LOG.head().text, key, name, 2**62)])
    reply = hand_in(
        Portal(tmp_path, RECEIPT_KEYS=keys), replace(RECEIPT, checkpoint=str(note)).write()
    )
    assert (reply.status_code, "second 4611686018427387904" in reply.text) == (200, True)


def test_without_the_log_s_key_a_receipt_cannot_be_known(portal):
    reply = hand_in(portal, RECEIPT.write())
    assert (reply.status_code, "cannot be known" in reply.text) == (422, True)


# --- papers ---


def paper_of(text, lang="en"):
    return pdf.answer(
        read(Answer, ANSWER),
        lang,
        company=ISSUER,
        portal="https://portal.example",
        explain=lambda status: [],
        proof=text,
    )


def test_our_own_pdf_is_verified_as_it_is(portal):
    reply = hand_in(portal, paper_of(PAPER_FORM))
    assert "This proof is genuine" in reply.text
    assert "1001/5" in reply.text


# --- a person's own ---


@pytest.fixture
def opened(portal):
    """The cookie of somebody who has opened an own inquiry."""
    portal.services.replies[READ] = {
        "code": CODE,
        "state": "ANSWERED",
        "file_no": "1001/5",
        "asked_at": "2026-11-23T08:30:00Z",
        "bill": None,
        "answer": ANSWER,
    }
    data = {"code": CODE, "secret": "7" * 20}
    reply = portal.send("POST", "/inquiry/open", data=data)
    return {"cookie": reply.headers["set-cookie"].split(";")[0] + "; lang=en"}


def attested(data):
    fields = {name: FIELDS.get(name, "x") for name in data["fields"]}
    text = issue(OURS, KIND, CLAIMS | fields, {})
    return {
        "sd_jwt": text,
        "fields": data["fields"],
        "key": OURS.keyid,
        "issued_at": "2026-11-23T00:00:00Z",
    }


def test_a_person_makes_a_proof_of_chosen_fields(portal, opened):
    portal.services.replies[ATTEST_OWN] = attested
    page = portal.send("GET", "/inquiry/mine/proof", headers=opened)
    assert page.text.count("checked") == 2, "what most are asked for is chosen"
    data = {"field": ["day", "status.group", "no such field"]}
    made = portal.send("POST", "/inquiry/mine/proof", headers=opened, data=data)
    assert '<svg class="qr"' in made.text
    text = made.text.split("/verify#")[1].split("<")[0].split('"')[0]
    verdict = hand_in(portal, text=html.unescape(text))
    assert "in force on that day" in verdict.text


def test_a_proof_of_nothing_is_not_made(portal, opened):
    reply = portal.send("POST", "/inquiry/mine/proof", headers=opened, data={"field": "x"})
    assert (reply.status_code, "Choose at least one" in reply.text) == (422, True)


def test_nobody_makes_a_proof_of_another_s_answer(portal):
    reply = portal.send("POST", "/inquiry/mine/proof", data={"field": "day"})
    assert reply.status_code == 303


# --- the script ---

SCRIPT = """
const fs = require("fs"), { webcrypto } = require("crypto");
if (!globalThis.crypto) globalThis.crypto = webcrypto;
const [text, keys] = JSON.parse(fs.readFileSync(0));
globalThis.document = { getElementById: () => null };
eval(fs.readFileSync("gateway/static/verify.js", "utf8").replace('"use strict";', "")
  + ";globalThis.verified = verified;");
Promise.all(text.map((proof) => verified(proof, keys).then(
  ({ fields }) => Object.fromEntries(fields), (fault) => fault.message)))
  .then((all) => console.log(JSON.stringify(all)));
"""


def test_the_script_judges_as_the_portal_does():
    """Node has the same WebCrypto as browsers: what it says of good and of bad input."""
    node = shutil.which("node")
    assert node
    texts = [
        DAY,
        PAPER_FORM,
        issue(OTHER, KIND, CLAIMS, FIELDS),
        issue(SigningKey.new("else"), KIND, CLAIMS, FIELDS),
        f"{WHOLE.split('~', 1)[0]}~{OTHERS_DAY}~",
        issue(OURS, "at+jwt", CLAIMS, {}),
        issue(OURS, KIND, {**CLAIMS, "iat": int(time.time()) + 9999}, {}),
        WHOLE[:-1],
        f"{DAY[:-1]}=~",
    ]
    ended = OURS.public.jwk(OURS.keyid)
    run = subprocess.run(
        [node, "-e", SCRIPT],
        input=json.dumps([texts, [ended]]),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    assert json.loads(run.stdout) == [
        {"day": "2026-11-23", "status.group": "IN_FORCE"},
        FIELDS,
        "forged",
        "key_unknown",
        "field_added",
        "kind",
        "not_yet",
        "bound",
        "unreadable",
    ]


SITE = "https://portal.example"


@pytest.fixture
def telephone(own_chromium, portal):
    """A narrow browser before the portal, under the policy of its pages; ``requests`` holds what
    came to the portal.
    """
    context = own_chromium.new_context(viewport={"width": 320, "height": 640}, locale="en-GB")
    page = context.new_page()
    page.requests, page.errors = [], []
    page.on("pageerror", lambda error: page.errors.append(str(error)))

    def serve(route):
        path = route.request.url.removeprefix(SITE)
        page.requests.append(f"{path} {route.request.post_data or ''}")
        with ThreadPoolExecutor(1) as other:  # playwright's own loop runs in this thread
            reply = other.submit(portal.send, "GET", path).result()
        headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
        route.fulfill(status=reply.status_code, body=reply.content, headers=headers)

    context.route("**/*", serve)
    yield page
    context.close()


# What a telephone shows of the paper: the verdict, its day, its status.
READ_IN = {
    "fa": ("اصالت این گواهی تأیید شد", "2 آذر 1405", "پروانه در این تاریخ معتبر است", "(VALID)"),
    "ar": ("هذا الإثبات أصلي", "2 آذر 1405", "الرخصة سارية في هذا التاريخ", "(VALID)"),
    "en": ("This proof is genuine", "23 November 2026", "The licence is in force", "(VALID)"),
}


def test_a_paper_s_code_at_150_dpi_is_followed_in_each_language_and_without_the_network(telephone):
    [code] = zxingcpp.read_barcodes(
        pypdfium2.PdfDocument(paper_of(PAPER_FORM))[0].render(scale=150 / 72).to_pil()
    )
    address, _, scanned = code.text.partition("#")
    assert scanned == PAPER_FORM
    for lang, words in READ_IN.items():
        telephone.goto(f"{address}?lang={lang}#{scanned}")
        telephone.locator("#local .card.good").wait_for()
        shown = telephone.locator("main").inner_text()
        assert [word for word in words if word not in shown] == []
    telephone.context.set_offline(True)  # the page is open, and has the keys
    claims, body, signature = scanned.split(".", 2)
    forged = f"{claims}.{body[:-8]}{'A' * 8}.{signature}"
    telephone.evaluate("text => { location.hash = text; }", forged)
    telephone.locator("#local .card.bad").wait_for()
    telephone.evaluate("text => { location.hash = text; }", scanned)
    telephone.locator("#local .card.good").wait_for()


def test_a_telephone_verifies_what_it_scanned_and_sends_nothing_of_it(telephone):
    telephone.goto(f"{SITE}/verify?lang=en#{PAPER_FORM}")
    telephone.locator("#local .card.good").wait_for()
    shown = telephone.locator("main").inner_text()
    for words in ("This proof is genuine", "23 November 2026", "in force on that day", "1001/5"):
        assert words in shown
    assert "What this does not prove" in shown
    assert not any(PAPER_FORM[:20] in request for request in telephone.requests)
    wide = telephone.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320
    forged = issue(OTHER, KIND, CLAIMS, FIELDS)
    telephone.evaluate("text => { location.hash = text; }", forged)
    telephone.locator("#local .card.bad").wait_for()
    assert "changed or forged" in telephone.locator("#local").inner_text()
    assert not telephone.locator("#local-limits").is_visible()
    assert telephone.errors == []
