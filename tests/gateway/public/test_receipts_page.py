"""The page that proves receipts: on a machine without network, as one file and under our policy."""

from dataclasses import replace

import pytest

from bus.evidence.leaves import parse_leaf
from bus.evidence.notes import COSIGNATURE, Verifier, cosign
from bus.signatures.keys import SigningKey
from gateway.html.rendering import HERE, rendered
from gateway.public.about.receipts import Prover
from gateway.public.site import words
from gateway.texts.files import FILES, Language
from gateway.web import SECURITY
from tests.browser.conftest import judge
from tests.bus.evidence.logs import ANSWER, REQUEST, TERMS, MemoryLog, log_of, make_leaf

SITE = "https://portal.example"
WITNESS = SigningKey.new("witness")
WITNESS_KEY = Verifier("witness.example/w1", COSIGNATURE, WITNESS.public)
LOG = log_of(7)
LEAF = parse_leaf(LOG.leaves[3])
RECEIPT = LOG.receipt(LEAF, 3)
KEYS = f"# log and witness\n{LOG.verifier}\n{WITNESS_KEY}\n"
WITHOUT_ED25519 = """() => { const real = crypto.subtle.importKey.bind(crypto.subtle);
  crypto.subtle.importKey = (form, key, kind, ...more) => kind.name === 'Ed25519'
    ? Promise.reject(new DOMException('none', 'NotSupportedError'))
    : real(form, key, kind, ...more); }"""


def one_file(folder, keys=KEYS, lang="fa"):
    """The file that /receipts.html gives."""
    body = Prover(keys).render_file(Language(lang))
    (folder / f"{lang}.html").write_bytes(body)
    return (folder / f"{lang}.html").as_uri()


@pytest.fixture
def offline(chromium):
    """A page on a machine without network, under its own policy; what it complained of."""
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.complaints.append(request.url))
    yield page
    context.close()


def check(page, receipt, **beside):
    """What the page says of this receipt, in one text."""
    page.evaluate("document.getElementById('receipt-result').replaceChildren()")
    files = {"receipt": receipt, **beside}
    for name, content in files.items():
        file = {"name": f"{name}.json", "mimeType": "application/json", "buffer": content}
        page.locator(f"#{name}").set_input_files(file)
    page.locator("form button").click()
    page.locator("#receipt-result .callout").wait_for()
    return page.locator("#receipt-result").inner_text()


def is_external(url):
    return not url.startswith(("file:", "data:"))


def test_a_receipt_is_proven_by_one_file_without_network_and_without_ed25519(offline, tmp_path):
    text = LOG.head().text
    note = LOG.head().with_signatures([cosign(text, WITNESS, WITNESS_KEY.name, 1_790_000_000)])
    whole = replace(LOG.receipt(LEAF, 3, request=REQUEST, answer=ANSWER), checkpoint=str(note))
    offline.goto(one_file(tmp_path, lang="en"))
    for _ in range(2):
        reply = check(offline, whole.write())
        assert "The receipt holds" in reply
        assert "it answered call call-3 of inquiry.ask.v1." in reply
        assert "Asked by fuel-co, for fuel_quota, by grant inquiry.ask.v1." in reply
        assert "entry 3 of the log mirab.example/log, under a signed head of 7" in reply
        assert "The question is the one that was asked." in reply
        assert "witness.example/w1 saw this head at 2026-09-21T14:13:20.000Z" in reply
        assert ANSWER.decode() in reply
        offline.evaluate(WITHOUT_ED25519)
    assert [url for url in offline.complaints if is_external(url)] == []


def tampered():
    """By the text that the page must say: receipts that do not hold."""
    strange = log_of(7)
    return {
        "entry does not stand under this head": [
            replace(RECEIPT, leaf=parse_leaf(LOG.leaves[4])).write(),
            replace(RECEIPT, index=4).write(),
            replace(RECEIPT, proof=RECEIPT.proof[:-1]).write(),
            replace(RECEIPT, proof=tuple(log_of(9).inclusion(3, 9))).write(),
        ],
        "No key above signed": [replace(RECEIPT, checkpoint=str(strange.head())).write()],
        "head was changed or forged": [
            replace(RECEIPT, checkpoint=RECEIPT.checkpoint.replace("\n7\n", "\n8\n")).write()
        ],
        "made for another head": [replace(RECEIPT, checkpoint=str(LOG.head(5))).write()],
        "terms (who asked": [
            RECEIPT.write().replace(b"fuel_quota", b"fuel_quote"),
        ],
        "This is no receipt": [
            b"",
            b"{}",
            b"\xff",
            RECEIPT.write().replace(b'"v": 1', b'"v": 2'),
            RECEIPT.write().replace(b"call-3", b"call 3"),
            RECEIPT.write().replace(b'"index": 3', b'"index": 3.5'),
        ],
    }


def test_what_does_not_hold_is_refused_with_its_reason(offline, tmp_path):
    offline.goto(one_file(tmp_path, lang="en"))
    for sentence, receipts in tampered().items():
        for receipt in receipts:
            reply = check(offline, receipt)
            assert "does not hold" in reply
            assert sentence in reply, (sentence, reply)
    offline.locator("summary").click()
    good = LOG.receipt(LEAF, 3).write()
    assert "The answer is not the one" in check(offline, good, answer=b"{}")
    assert "The answer is the one" in check(offline, good, answer=ANSWER)
    whole = LOG.receipt(LEAF, 3, answer=ANSWER).write()
    assert "The answer is not the one" in check(offline, whole, answer=b"{}")
    offline.locator("#keys").fill("nothing")
    assert "no keys of a log" in check(offline, good)


def test_a_refusal_is_proven_by_its_code(offline, tmp_path):
    lent = replace(TERMS, behalf="power-co")
    leaf = make_leaf(outcome="refused", code="grant.network", terms=lent)
    log = MemoryLog([leaf.encode()], key=LOG.key)
    offline.goto(one_file(tmp_path, lang="en"))
    reply = check(offline, log.receipt(leaf, 0, terms=lent.encode()).write())
    assert "It was asked in the name of power-co." in reply
    assert "it refused call call-1 of inquiry.ask.v1: grant.network." in reply
    reply = check(offline, log.receipt(leaf, 0, terms=lent.encode(), answer=ANSWER).write())
    assert "The answer is not the one" in reply
    assert "The receipt holds" not in reply


@pytest.mark.parametrize("lang", ["fa", "ar"])
def test_the_file_speaks_the_languages_of_citizens_and_can_be_used_by_all(offline, tmp_path, lang):
    offline.goto(one_file(tmp_path, lang=lang))
    texts = FILES[lang].texts
    reply = check(offline, LOG.receipt(LEAF, 3).write())
    assert texts["receipt_proven"] in reply
    assert texts["receipt_no_witness"] in reply


def test_our_own_page_works_under_the_policy_that_it_is_sent_with(chromium, tmp_path):
    context = chromium.new_context()
    page = context.new_page()
    errors = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    lang = Language("en")
    body = rendered(
        "public/receipt.html",
        lang=lang,
        t=words.speaker("en"),
        keys=KEYS,
        here="/receipts",
        current=lambda _: "",
        others=[],
        banner=None,
        faults={},
    )

    def serve(route):
        path = route.request.url.removeprefix(SITE)
        if path.startswith("/static/"):
            route.fulfill(path=HERE / path.lstrip("/").partition("?")[0])
        else:
            route.fulfill(body=body, content_type="text/html; charset=utf-8", headers=SECURITY)

    context.route("**/*", serve)
    page.goto(f"{SITE}/receipts")
    assert "The receipt holds" in check(page, LOG.receipt(LEAF, 3).write())
    assert errors == []
    context.close()


def test_the_page_is_sound_for_everybody(visitor, tmp_path):
    page = visitor(language="en")
    page.goto(one_file(tmp_path, lang="en"))
    check(page, LOG.receipt(LEAF, 3, answer=ANSWER).write())
    judge(page, (320, 1280))
