"""Authorities of time and witnesses of the log, and what they may do to it."""

import datetime as dt
import itertools
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from prometheus_client import REGISTRY

from bus.evidence.errors import EvidenceError
from bus.evidence.leaves import moment_text
from bus.evidence.notes import COSIGNATURE, Note, TrustedKeys, Verifier, cosign
from bus.evidence.receipts import Receipt
from bus.evidence.stamps import check_stamp, question, read_authorities
from bus.foreign.http_call import NoAnswer
from bus.settings import Settings
from bus.signatures.keys import SigningKey
from connector.receipts import witness as witness_module
from connector.receipts.verdicts import judge, require_stated_before
from connector.receipts.witness import Witness as PlayedWitness
from connector.receipts.witness import serve
from services.agencies.receipts.heads import FILE
from services.agencies.receipts.stamps import Authority, fetch_stamp
from services.agencies.receipts.witnesses import Witness, cosignature, parse_witnesses
from tests.agencies.receipts.logs import statement
from tests.bus.evidence.logs import MemoryLog, log_of, make_leaf

LOG = log_of(11)
TEXT = LOG.head().text
NAME = "witness.example/w1"
KEY = SigningKey.new("witness")
CONFIG = """
[tsa]
default_tsa = play
[play]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
signer_digest = sha256
ess_cert_id_alg = sha256
"""


def now():
    return dt.datetime.now(dt.UTC)


def authority(folder, name, days=30):
    """A certificate for time stamps and its key, by openssl's names; it has ended if days < 0."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin, end = now() - dt.timedelta(days=60), now() + dt.timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / f"{name}.crt").write_bytes(made.public_bytes(pem))
    plain = serialization.NoEncryption()
    raw = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / f"{name}.key").write_bytes(raw)
    return name


def reply_of(folder, query, name="true"):
    """What openssl, as the authority of that name, answers to a question."""
    (folder / "query").write_bytes(query)
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
    command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query"]
    subprocess.run(
        [*command, "-signer", f"{name}.crt", "-inkey", f"{name}.key", "-out", "reply"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return (folder / "reply").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a true authority of time, a false one, and one whose certificate has ended."""
    folder = tmp_path_factory.mktemp("time")
    for name, days in (("true", 30), ("false", 30), ("old", -1)):
        authority(folder, name, days)
    return folder


class Visit(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.act(self, body)

    def tell(self, body, status=200, length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Played(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Who is cut off is part of the tests."""


@contextmanager
def played(act):
    """An address at which ``act(visit, body)`` answers."""
    server = Played(("127.0.0.1", 0), Visit)
    server.act = act
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:  # what is asked there may raise, and a thread that stays would keep the process
        server.shutdown()
        thread.join()
        server.server_close()


def roots(folder, *names):
    return [
        root for name in names for root in read_authorities((folder / f"{name}.crt").read_bytes())
    ]


def stamp(folder, act, seconds=15.0, at=None):
    with played(act) as url:
        return fetch_stamp(Authority(url, roots(folder, "true", "old"), seconds), TEXT, at or now())


def test_a_head_is_stamped_and_the_stamp_is_verified_offline(folder):
    raw = stamp(folder, lambda visit, query: visit.tell(reply_of(folder, query)))
    moment = check_stamp(raw, TEXT, roots(folder, "true"))
    assert abs(moment - now()) < dt.timedelta(minutes=1)
    # A co-signature that comes later leaves the stamp true: it is of the text alone.
    more = LOG.head().with_signatures([cosign(TEXT, KEY, NAME, 1)])
    assert check_stamp(raw, more.text, roots(folder, "true")) == moment
    for text, names in ((LOG.head(5).text, ["true"]), (TEXT, ["false"])):
        with pytest.raises(EvidenceError) as error:
            check_stamp(raw, text, roots(folder, *names))
        assert error.value.code == "evidence.stamp"


def test_openssl_itself_verifies_the_stamp_that_we_keep(folder):
    raw = stamp(folder, lambda visit, query: visit.tell(reply_of(folder, query)))
    (folder / "stamp.tsr").write_bytes(raw)
    (folder / "head.txt").write_text(TEXT)
    command = ["openssl", "ts", "-verify", "-data", "head.txt", "-in", "stamp.tsr"]
    verified = subprocess.run(
        [*command, "-CAfile", "true.crt", "-partial_chain"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    assert b"Verification: OK" in verified.stdout, verified.stderr


def wrong_nonce(folder, query):
    return reply_of(folder, question(TEXT).der)


def another_digest(folder, query):
    return reply_of(folder, question("another text\n").der)


def old_certificate(folder, query):
    return reply_of(folder, query, "old")


def another_authority(folder, query):
    return reply_of(folder, query, "false")


def nonsense(folder, query):
    return b"<html>no</html>"


def cut_short(folder, query):
    return reply_of(folder, query)[:-40]


def flipped(folder, query):
    raw = bytearray(reply_of(folder, query))
    raw[-20] ^= 1
    return bytes(raw)


@pytest.mark.parametrize(
    "lie",
    [
        wrong_nonce,
        another_digest,
        old_certificate,
        another_authority,
        nonsense,
        cut_short,
        flipped,
    ],
)
def test_a_stamp_that_is_none_of_this_head_is_refused(folder, lie):
    with pytest.raises(EvidenceError) as error:
        stamp(folder, lambda visit, query: visit.tell(lie(folder, query)))
    assert error.value.code in ("evidence.stamp", "evidence.unreadable")


def test_a_stamp_of_another_day_is_refused(folder):
    tomorrow = now() + dt.timedelta(days=1)
    with pytest.raises(EvidenceError, match="Look at both clocks") as error:
        stamp(folder, lambda visit, query: visit.tell(reply_of(folder, query)), at=tomorrow)
    assert error.value.code == "evidence.stamp_time"


def endless(visit, query):
    """Says that ten gigabytes come, and sends until it is cut off."""
    visit.send_response(200)
    visit.send_header("Content-Length", str(10**10))
    visit.end_headers()
    while True:
        visit.wfile.write(b"x" * 65536)


def test_an_authority_that_sends_ten_gigabytes_is_cut_off(folder):
    with pytest.raises((EvidenceError, NoAnswer)):
        stamp(folder, endless)


def test_an_authority_that_hangs_or_fails_is_no_answer(folder):
    done = threading.Event()
    try:
        with pytest.raises(NoAnswer):
            stamp(folder, lambda visit, query: done.wait(60), seconds=0.5)
    finally:
        done.set()
    with pytest.raises(NoAnswer, match="status 503"):
        stamp(folder, lambda visit, query: visit.tell(b"", 503))
    with pytest.raises(NoAnswer):
        fetch_stamp(Authority("http://127.0.0.1:9", roots(folder, "true")), TEXT, now())


def test_a_file_without_certificates_is_no_authority():
    with pytest.raises(EvidenceError, match="no certificate"):
        read_authorities(b"nothing")


# --- witnesses ---


def prove(log):
    return lambda old, new: tuple(log.consistency(old, new))


@contextmanager
def served_witness(trusted, folder):
    """The connector's witness, over HTTP."""
    servers, running = [], threading.Event()

    def ready(server):
        servers.append(server)
        running.set()

    mine = PlayedWitness(NAME, KEY, trusted, folder)
    thread = threading.Thread(target=serve, args=(mine, "127.0.0.1", 0, ready))
    thread.start()
    assert running.wait(30)
    yield Witness.parse(f"http://127.0.0.1:{servers[0].server_port}/ {mine.verifier}")
    servers[0].shutdown()
    thread.join(30)


@pytest.fixture
def witness(tmp_path):
    with served_witness(LOG.trusted, tmp_path / "witness") as witness:
        yield witness


def test_a_witness_cosigns_as_the_log_grows_whatever_size_it_knows(witness):
    trusted = TrustedKeys((*LOG.trusted.verifiers, witness.verifier))
    for size in (4, 4, 9, 11):
        note = LOG.head(size)
        before = int(time.time())
        signature = cosignature(witness, str(note), prove(LOG))
        head = trusted.open(str(note.with_signatures([signature])))
        assert set(head.witnesses) == {NAME}
        assert before <= head.witnesses[NAME] <= time.time()
    with pytest.raises(NoAnswer, match="newer head"):
        cosignature(witness, str(LOG.head(4)), prove(LOG))


def test_a_witness_contradicts_a_log_that_was_rewritten(witness):
    cosignature(witness, str(LOG.head(8)), prove(LOG))
    other = MemoryLog([make_leaf("x").encode(), *LOG.leaves], key=LOG.key)
    for size in (8, 12):
        with pytest.raises(EvidenceError) as error:
            cosignature(witness, str(other.head(size)), prove(other))
        assert error.value.code == "evidence.contradicted"


def test_what_a_false_witness_answers_is_never_kept():
    other = cosign(TEXT, SigningKey.new("x"), NAME, 1).line()
    old = cosign(LOG.head(5).text, KEY, NAME, 1).line()
    verifier = Verifier(NAME, COSIGNATURE, KEY.public)
    for reply, status, code in (
        (other.encode(), 200, "evidence.unreadable"),
        (old.encode(), 200, "evidence.forged"),
        (b"", 200, "evidence.unreadable"),
        (b"\xff", 200, "evidence.unreadable"),
        (b"x" * 100_000, 200, "evidence.unreadable"),
        (b"nine\n", 409, "evidence.unreadable"),
        (b"", 422, "evidence.contradicted"),
        (b"11\n", 409, "evidence.contradicted"),
    ):
        act = lambda visit, body, r=reply, s=status: visit.tell(r, s)  # noqa: E731
        with played(act) as url, pytest.raises(EvidenceError) as error:
            cosignature(Witness(url, verifier), str(LOG.head()), prove(LOG))
        assert error.value.code == code
    for reply, status in ((b"", 503), (b"", 403), (b"99\n", 409)):
        act = lambda visit, body, r=reply, s=status: visit.tell(r, s)  # noqa: E731
        with played(act) as url, pytest.raises(NoAnswer):
            cosignature(Witness(url, verifier), str(LOG.head()), prove(LOG))
    with played(endless) as url, pytest.raises((EvidenceError, NoAnswer)):
        cosignature(Witness(url, verifier), str(LOG.head()), prove(LOG))


def test_witnesses_are_read_from_lines():
    key = Verifier(NAME, COSIGNATURE, KEY.public)
    (only,) = parse_witnesses(f"# ours\n\nhttps://witness.example/ {key}\n")
    assert (only.url, str(only.verifier)) == ("https://witness.example", str(key))
    for line in ("https://x", f"ftp://x {key}", f"https://x {LOG.verifier}"):
        with pytest.raises(EvidenceError):
            parse_witnesses(line)


# --- the chore ---


@pytest.fixture
def endorsed(log, folder, tmp_path):
    """The log with a witness and an authority of time over HTTP, and two calls under its head."""
    log.moment = now()  # the authority's clock is the true one
    log.add([statement("call-1"), statement("call-2")])
    log.sign()
    log.answers = lambda query: reply_of(folder, query)
    with (
        played(lambda visit, query: visit.tell(log.answers(query))) as url,
        served_witness(log.trusted(), tmp_path / "witness") as witness,
    ):
        more = {
            "RECEIPTS_WITNESSES": f"{witness.url} {witness.verifier}",
            "RECEIPTS_STAMPS_ADDRESS": url,
            "RECEIPTS_STAMPS_CA": (folder / "true.crt").read_text(),
        }
        log.service.settings = Settings({**log.service.settings._environ, **more})
        log.keys = TrustedKeys((*log.trusted().verifiers, witness.verifier))
        yield log


def receipt_of(log, call):
    return Receipt.parse(log.receipt(call)["receipt"].encode())


def test_a_receipt_carries_the_stamp_and_the_cosignature_of_the_first_head_behind_it(
    endorsed, folder
):
    endorsed.service.endorse_head()
    endorsed.add([statement("call-3")])
    endorsed.sign()
    endorsed.service.endorse_head()  # co-signed, and no stamp: there was one a moment ago
    first, last = receipt_of(endorsed, "call-1"), receipt_of(endorsed, "call-3")
    assert (first.size, last.size, last.stamp) == (2, 3, None)
    for receipt in (first, last):
        assert set(receipt.verify(endorsed.keys).head.witnesses) == {NAME}
    text = first.verify(endorsed.keys).head.note.text
    moment = check_stamp(first.stamp, text, roots(folder, "true"))
    assert abs(moment - endorsed.moment) < dt.timedelta(minutes=5)
    pem = (folder / "true.crt").read_bytes()
    judge(first, endorsed.keys, authorities=pem)
    ahead = replace(first.leaf, at=moment_text(moment + dt.timedelta(hours=1)))
    with pytest.raises(EvidenceError) as lie:
        require_stated_before(ahead, moment)
    assert lie.value.code == "evidence.ahead_of_time"
    # Ten minutes later the next head is stamped too.
    endorsed.sql("update receipt_heads set signed_at = signed_at - interval '11 minutes'")
    endorsed.service.endorse_head()
    assert receipt_of(endorsed, "call-3").stamp is not None


def test_whatever_endorsers_do_the_log_goes_on(endorsed):
    heads = "select size, note, stamp from receipt_heads"
    before = endorsed.sql(heads)
    endorsed.answers = lambda query: b"nonsense"
    more = {"RECEIPTS_WITNESSES": f"http://127.0.0.1:9 {Verifier(NAME, COSIGNATURE, KEY.public)}"}
    endorsed.service.settings = Settings({**endorsed.service.settings._environ, **more})
    endorsed.service.endorse_head()
    assert endorsed.sql(heads) == before
    endorsed.add([statement("call-3")])
    endorsed.sign()
    assert endorsed.head().checkpoint.size == 3
    assert receipt_of(endorsed, "call-3").verify(endorsed.keys).index == 2


def test_a_witness_tells_of_leaves_that_were_lost_with_the_folder_that_noted_them(endorsed):
    def rung():
        labels = {"witness": NAME}
        return REGISTRY.get_sample_value("mirab_receipts_contradicted_total", labels) or 0

    def contradicted():
        before = rung()
        endorsed.service.endorse_head()
        return rung() > before

    endorsed.back_up()
    endorsed.add([statement("call-3"), statement("call-4")])
    endorsed.sign()
    assert not contradicted()
    endorsed.restore(journal_too=True)
    (endorsed.marks / FILE).unlink()
    endorsed.add([statement("call-since")])
    endorsed.sign()  # nobody here knows better: it is smaller than what the witness saw
    assert contradicted()
    endorsed.add([statement(f"more-{n}") for n in range(5)])
    endorsed.sign()
    assert contradicted()


def test_endorsing_twice_changes_nothing(endorsed):
    endorsed.service.endorse_head()
    before = endorsed.sql("select size, note, stamp, cosigned from receipt_heads")
    endorsed.service.endorse_head()
    assert endorsed.sql("select size, note, stamp, cosigned from receipt_heads") == before
    endorsed.sign()  # a co-signed note is still the head that the next one has to continue
    endorsed.add([statement("call-3")])
    endorsed.sign()
    assert endorsed.head().checkpoint.size == 3


@pytest.mark.parametrize("authority", ["none", "away"])
def test_a_log_at_rest_is_cosigned_once_by_each_witness_however_long_it_rests(
    endorsed, monkeypatch, authority
):
    clock = itertools.count(int(time.time()))
    monkeypatch.setattr(witness_module, "time", SimpleNamespace(time=lambda: next(clock)))
    endorsed.answers = lambda query: b"nonsense"
    if authority == "none":
        more = {"RECEIPTS_STAMPS_ADDRESS": "", "RECEIPTS_STAMPS_CA": ""}
        endorsed.service.settings = Settings({**endorsed.service.settings._environ, **more})
    for _ in range(4):
        endorsed.service.endorse_head()
    ((note,),) = endorsed.sql("select note from receipt_heads")
    assert len(Note.parse(note).signatures) == 2, "the log's and the witness's"
    endorsed.add([statement("call-3")])
    endorsed.sign()
    assert endorsed.head().checkpoint.size == 3
