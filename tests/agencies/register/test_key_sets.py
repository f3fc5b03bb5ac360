"""Key sets that agencies publish: what is taken, when it counts, and servers that misbehave."""

import contextlib
import http.server
import json
import socket
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bus.foreign import pinned
from bus.foreign.pinned import PinnedClient
from bus.signatures.jwk import holds_private_half
from contracts.agencies import desk
from contracts.agencies import register as contracts
from members.documents import parse_agency
from services.agencies.register import key_set_reading
from services.agencies.register.key_sets import DueSet
from services.agencies.register.published_keys import BadKeySet, read_key_set
from tests.agencies.register.registrars import document
from tests.agencies.register.test_register import opened
from tests.gateway.agency.oauth_hands import b64, jwk, whole
from tests.stores import execute

URL = "https://keys.a-co.example/jwks.json"
KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("one", "two", "three")}


def published(*names, **more):
    keys = [{**jwk(KEYS[name]), "kid": name, "use": "sig"} for name in names]
    return json.dumps({"keys": keys, **more}).encode()


class Publisher:
    """What an agency publishes, as the chore reads it."""

    def __init__(self, register, key_file, monkeypatch):
        self.register, self.key_file = register, key_file
        self.body, self.fault, self.read = published("one"), "", 0
        monkeypatch.setattr(key_set_reading, "read_all", self._read_all)

    def _read_all(self, due, client, note):
        for due_set in due:
            self.read += 1
            note(key_set_reading.Reading(due_set, self.body, self.fault))

    def publish(self, *names):
        self.body, self.fault = published(*names), ""

    def put(self, **rules):
        key_set = {"url": URL, "until": "2027-11-01", **rules}
        return self.register.put(document(key_sets=[key_set]))

    def later(self, **span):
        self.register.later(**span)
        self.register.service.read_key_sets()

    def kids(self):
        """The kids of the fetched keys of the newest signed copy."""
        (copy,) = self.register.call(contracts.COPIES, after=0)["copies"]
        _, body = opened(copy["jws"], self.key_file)
        _, credentials = parse_agency(body)
        assert all(key.signs is None for key in credentials if key.kid)
        return [key.kid for key in credentials if key.kid]

    def acts(self):
        rows = execute(self.register.db, "select what, detail from agency_audit order by id")
        return [(act, detail) for act, detail in rows if act.startswith("key ")]

    def state(self):
        return self.register.call(desk.READ, as_="karim", code="a-co")["key_sets"][0]


@pytest.fixture
def publisher(register, key_file, monkeypatch):
    return Publisher(register, key_file, monkeypatch)


# --- when a key counts ---


def test_a_new_key_counts_when_officers_had_time_to_look_and_ends_when_it_is_gone(publisher):
    publisher.put(wait_minutes=60)
    publisher.later(seconds=5)
    assert publisher.kids() == []
    (key,) = publisher.state()["keys"]
    assert (key["kid"], key["in_force"]) == ("one", False)
    publisher.later(minutes=59)
    assert publisher.kids() == []
    publisher.later(minutes=2)
    assert publisher.kids() == ["one"]
    assert publisher.state()["keys"][0]["in_force"]
    publisher.publish("one", "two")
    publisher.later(minutes=3)
    publisher.later(minutes=61)
    assert publisher.kids() == ["one", "two"]
    publisher.publish("two")
    publisher.later(minutes=3)
    assert publisher.kids() == ["two"]
    acts = [act for act, _ in publisher.acts()]
    assert acts == ["key seen", "key set", "key seen", "key set", "key gone", "key set"]
    assert publisher.register.events()[-1] == ("a-co", publisher.register.version())


def test_a_key_that_comes_back_waits_again_and_grows_no_younger(publisher):
    publisher.put(wait_minutes=10, key_days=2)
    publisher.later(seconds=5)
    publisher.later(minutes=11)
    assert publisher.kids() == ["one"]
    publisher.publish("two")
    publisher.later(minutes=3)
    publisher.publish("one")
    publisher.later(minutes=3)
    assert publisher.kids() == []
    publisher.later(minutes=11)
    assert publisher.kids() == ["one"]
    for _ in range(3):
        publisher.later(hours=23)
    assert publisher.kids() == []


def test_while_nothing_is_read_the_last_keys_count_for_the_hours_of_the_rule(publisher):
    publisher.put(wait_minutes=1, offline_hours=2)
    publisher.later(seconds=5)
    publisher.later(minutes=2)
    assert publisher.kids() == ["one"]
    publisher.fault = "timeout"
    publisher.later(minutes=3)
    assert publisher.kids() == ["one"]
    assert publisher.state()["fault"] == "timeout"
    read = publisher.read
    for _ in range(20):
        publisher.later(seconds=10)
    assert publisher.read <= read + 2
    publisher.later(hours=2)
    assert publisher.kids() == []
    publisher.publish("one")
    publisher.later(minutes=40)
    publisher.later(seconds=5)
    assert publisher.kids() == ["one"]
    assert publisher.state()["fault"] == ""
    faults = [detail for act, detail in publisher.acts() if act == "key set fault"]
    assert faults == [f"{URL}: timeout", f"{URL}: read again"]


def test_a_key_set_ends_with_its_day_with_the_document_and_with_the_agency(publisher):
    publisher.put(wait_minutes=1, until="2026-11-26")
    publisher.later(seconds=5)
    publisher.later(minutes=2)
    assert publisher.kids() == ["one"]
    publisher.later(days=2)
    assert publisher.kids() == []
    publisher.put(wait_minutes=1)
    publisher.later(seconds=5)
    publisher.later(minutes=3)
    assert publisher.kids() == ["one"]
    publisher.register.revoke("key_set", URL)
    assert publisher.kids() == []
    publisher.later(minutes=3)
    assert publisher.kids() == []


def test_a_key_that_stands_in_two_sets_counts_once_and_goes_with_neither_alone(publisher):
    other = "https://keys.a-co.example/second.json"
    sets = [{"url": url, "until": "2027-11-01", "wait_minutes": 1} for url in (URL, other)]
    publisher.register.put(document(key_sets=sets))
    publisher.later(seconds=5)
    for _ in range(3):
        publisher.later(minutes=3)
        assert publisher.kids() == ["one"]
    publisher.register.put(document(key_sets=sets[1:]))
    publisher.later(minutes=3)
    publisher.later(minutes=3)
    publisher.later(minutes=3)
    assert publisher.kids() == ["one"]
    publisher.register.put(document(key_sets=sets))
    publisher.later(minutes=3)
    assert publisher.kids() == ["one"]


def test_an_officer_takes_one_fetched_key_back_for_ever(publisher):
    publisher.publish("one", "two")
    publisher.put(wait_minutes=1)
    publisher.later(seconds=5)
    publisher.later(minutes=2)
    key = next(key for key in publisher.state()["keys"] if key["kid"] == "one")
    publisher.register.revoke("key", key["id"])
    assert publisher.kids() == ["two"]
    publisher.later(hours=3)
    assert publisher.kids() == ["two"]
    assert publisher.register.revoke("key", "a-co.nothing")["code"] == "right.not_found"


def test_a_key_whose_private_half_was_published_ends_at_once_and_the_others_stay(publisher):
    publisher.publish("one", "two")
    publisher.put(wait_minutes=1)
    publisher.later(seconds=5)
    publisher.later(minutes=2)
    keys = json.loads(published("one", "two"))["keys"]
    keys[0]["d"] = whole(KEYS["one"].private_numbers().private_value)
    publisher.body = json.dumps({"keys": keys}).encode()
    publisher.later(minutes=3)
    assert publisher.kids() == ["two"]
    assert publisher.state()["fault"] == "private_key"
    publisher.publish("one", "two")
    publisher.later(hours=1)
    publisher.later(hours=1)
    assert publisher.kids() == ["two"]


def test_who_makes_up_a_private_half_ends_the_key_in_that_set_alone(publisher):
    """Anybody can copy the public key of another agency into a set, with some ``d`` beside it."""
    publisher.publish("one", "two")
    publisher.put(wait_minutes=1)
    publisher.later(seconds=5)
    publisher.later(minutes=2)
    keys = json.loads(published("one", "two"))["keys"]
    keys[0]["d"] = whole(KEYS["three"].private_numbers().private_value)
    publisher.body = json.dumps({"keys": keys}).encode()
    publisher.later(minutes=3)
    assert publisher.kids() == ["two"]
    assert execute(publisher.register.db, "select * from revoked_keys") == []
    publisher.publish("one", "two")
    publisher.later(hours=1)
    publisher.later(hours=1)
    assert sorted(publisher.kids()) == ["one", "two"]


def test_a_copy_of_a_key_that_is_taken_back_leaves_its_owner_the_key(publisher):
    publisher.put(wait_minutes=1)
    key_set = {"url": URL, "until": "2027-11-01", "wait_minutes": 1}
    publisher.register.put(document("b-co", key_sets=[key_set]))
    publisher.later(seconds=5)
    publisher.later(minutes=3)
    copy = publisher.register.call(desk.READ, as_="karim", code="b-co")["key_sets"][0]["keys"][0]
    assert copy["in_force"]
    publisher.register.revoke("key", copy["id"], code="b-co")
    publisher.later(minutes=3)
    copy = publisher.register.call(desk.READ, as_="karim", code="b-co")["key_sets"][0]["keys"][0]
    assert (copy["in_force"], publisher.state()["keys"][0]["in_force"]) == (False, True)


def private_members(key):
    """The private half of a key, as a JSON Web Key has it."""
    if isinstance(key, Ed25519PrivateKey):
        return {"d": b64(key.private_bytes_raw())}
    numbers = key.private_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        return {"d": whole(numbers.d, 256)}
    return {"d": whole(numbers.private_value)}


def test_a_private_half_is_known_by_the_key_that_it_makes():
    ed, es = Ed25519PrivateKey.generate(), KEYS["one"]
    for key in (ed, es, STRONG):
        assert holds_private_half({**jwk(key), **private_members(key)})
    for key, other in ((ed, Ed25519PrivateKey.generate()), (es, KEYS["two"]), (STRONG, es)):
        assert not holds_private_half({**jwk(key), **private_members(other)})
    for odd in ({}, {"d": "AA"}, {"d": "é"}, {"d": 7}, {"d": "A" * 60_000}, {"kty": "oct"}):
        for key in (ed, es, STRONG):
            assert not holds_private_half({**jwk(key), **odd})


def test_who_publishes_another_key_at_each_reading_fills_no_audit(publisher):
    publisher.put(wait_minutes=1)
    for _ in range(25):
        key = ec.generate_private_key(ec.SECP256R1())
        publisher.body = json.dumps({"keys": [{**jwk(key), "kid": "k"}]}).encode()
        publisher.later(minutes=3)
    appeared = [act for act, _ in publisher.acts() if act == "key seen"]
    assert len(appeared) == 20
    assert publisher.state()["fault"] == "too_many_new"


# --- what is taken of a set ---

STRONG = rsa.generate_private_key(65537, 2048)
GOOD = {**jwk(KEYS["one"]), "kid": "one"}
BAD = {
    "HTML": (b"<!doctype html><html>Not found</html>", "no_key_set"),
    "a list": (b"[]", "no_key_set"),
    "no keys": (b'{"a": 1}', "no_key_set"),
    "keys that are no objects": (b'{"keys": [1]}', "no_key_set"),
    "keys without end": (json.dumps({"keys": [GOOD] * 11}).encode(), "too_many"),
    "a megabyte": (b" " * 1_000_000, "too_large"),
    "deep": (b'{"keys":' + b"[" * 5000 + b"]" * 5000 + b"}", "no_key_set"),
    "the same kid twice": (
        json.dumps({"keys": [GOOD, {**jwk(KEYS["two"]), "kid": "one"}]}).encode(),
        "kid_twice",
    ),
    "the same key twice": (
        json.dumps({"keys": [GOOD, {**GOOD, "kid": "other"}]}).encode(),
        "key_twice",
    ),
    "a private key": (json.dumps({"keys": [{**GOOD, "d": "AA"}]}).encode(), "private_key"),
    "a secret": (
        json.dumps({"keys": [{"kty": "oct", "k": "AAAA", "kid": "s"}]}).encode(),
        "private_key",
    ),
}


@pytest.mark.parametrize(("body", "code"), BAD.values(), ids=BAD)
def test_a_set_is_not_taken_that_is(body, code):
    with pytest.raises(BadKeySet) as refused:
        read_key_set(body)
    assert refused.value.code == code


LEFT_OUT = {
    "for encryption": {**GOOD, "use": "enc"},
    "for something else": {**GOOD, "key_ops": ["deriveKey"]},
    "without a kid": jwk(KEYS["one"]),
    "with a kid that is no text": {**GOOD, "kid": 7},
    "with a kid of control characters": {**GOOD, "kid": "a\nb"},
    "with a kid without end": {**GOOD, "kid": "k" * 65},
    "of another curve": {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "p"},
    "of RSA that is too short": {
        "kty": "RSA",
        "n": jwk(STRONG)["n"][:170],
        "e": "AQAB",
        "kid": "weak",
    },
    "of RSA with a small exponent": {**jwk(STRONG), "e": "Aw", "kid": "small"},
    "of small order": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "kid": "order"},
}


@pytest.mark.parametrize("key", LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_key_is_left_out_that_is(key):
    body = json.dumps({"keys": [key, {**jwk(KEYS["two"]), "kid": "two"}]}).encode()
    assert [good.kid for good in read_key_set(body)] == ["two"]


def test_each_kind_of_key_that_proves_a_client_is_taken():
    keys = {"ed": Ed25519PrivateKey.generate(), "es": KEYS["one"], "rsa": STRONG}
    body = json.dumps({"keys": [{**jwk(key), "kid": kid} for kid, key in keys.items()]})
    assert [key.kid for key in read_key_set(body.encode())] == ["ed", "es", "rsa"]


# --- addresses and servers ---


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example/jwks",
        "https://127.0.0.1/jwks",
        "https://[::1]/jwks",
        "https://169.254.169.254/latest",
        "https://10.0.0.1/jwks",
        "https://a@keys.example/jwks",
        "https://keys.example:5432/jwks",
        "https://keys.example/jwks#a",
        "file:///etc/passwd",
    ],
)
def test_api7_an_address_that_we_would_not_call_is_refused_when_it_is_proposed(register, url):
    proposed = document(key_sets=[{"url": url, "until": "2027-11-01"}])
    refused = register.propose(proposed)
    assert refused["code"] == "field.wrong"
    assert refused["fields"][0]["field"] == "document.key_sets.0.url"


class Server(http.server.BaseHTTPRequestHandler):
    """Answers as its address says."""

    def do_GET(self):
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/good")
            self.end_headers()
            return
        self.send_response(500 if self.path == "/ill" else 200)
        self.end_headers()
        with self.server.quiet():
            self.wfile.write(published("one") if self.path == "/good" else b"<html>")
            while self.path == "/endless":
                self.wfile.write(b" " * 65536)
            if self.path == "/hang":
                self.server.stopped.wait(30)

    def log_message(self, *_):
        """Say nothing."""


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def quiet(self):
        return contextlib.suppress(OSError)


@pytest.fixture(scope="module")
def server():
    with Listener(("127.0.0.1", 0), Server) as listener:
        listener.stopped = threading.Event()
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.server_address[1]}"
        listener.stopped.set()
        listener.shutdown()
        thread.join(10)


def test_a_server_that_misbehaves_holds_up_nobody_and_is_named_by_its_fault(server):
    client = PinnedClient(sandbox=True, seconds=12.0)  # a busy machine is late with each
    paths = ["/hang", "/endless", "/redirect", "/ill", "/html", "/good"]
    readings = {}
    due = [DueSet("a-co", server + path) for path in paths]
    key_set_reading.read_all(due, client, lambda reading: readings.update({reading.due: reading}))
    faults = {reading.due.url.removeprefix(server): reading.fault for reading in readings.values()}
    assert faults == {
        "/hang": "timeout",
        "/endless": "",
        "/redirect": "status_302",
        "/ill": "status_500",
        "/html": "",
        "/good": "",
    }
    bodies = {due.url.removeprefix(server): reading.body for due, reading in readings.items()}
    assert len(bodies["/endless"]) <= key_set_reading.LONGEST + 65536
    for path in ("/endless", "/html"):
        with pytest.raises(BadKeySet):
            read_key_set(bodies[path])
    assert [key.kid for key in read_key_set(bodies["/good"])] == ["one"]


def test_api7_a_name_that_leads_to_our_inside_is_not_called_and_resolved_once():
    calls = []

    def resolve(host, port, **_):
        calls.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port))]

    reading = key_set_reading.read(DueSet("a-co", URL), PinnedClient(resolve=resolve))
    assert (reading.fault, calls) == ("address", ["keys.a-co.example"])


def test_api7_a_name_with_thousands_of_silent_addresses_is_given_up_in_time(monkeypatch):
    calls = []

    def connect(address, _seconds):
        calls.append(address)
        time.sleep(0.01)
        raise TimeoutError

    def resolve(host, port, **_):
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"8.8.{n >> 8}.{n & 255}", port))
            for n in range(4000)
        ]

    monkeypatch.setattr(pinned.socket, "create_connection", connect)
    client = PinnedClient(resolve=resolve, seconds=0.1)
    assert key_set_reading.read(DueSet("a-co", URL), client).fault == "timeout"
    assert 0 < len(calls) < 20
