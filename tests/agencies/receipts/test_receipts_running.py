"""Receipts through the public door: answers, repeats, refusals, reads and files, on two faces."""

import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
import time
import uuid
from hashlib import sha256
from pathlib import Path

import pika
import pytest
import requests

from bus.errors import SignatureError
from bus.evidence.merkle import leaf_hash, root_of
from bus.evidence.notes import TrustedKeys
from bus.evidence.receipts import Receipt
from bus.process.records import digest_of
from bus.signatures.keys import PublicKey, SigningKey, base64url
from bus.signatures.signing import HttpMessage, sign_request, verify_response
from deploy.local.ports import free_port, listening
from services.agencies.receipts.witnesses import Witness, cosignature
from tests.agencies.running import QUESTION, House, demo_key, post, signed
from tests.databases import make_database
from tests.gateway.agency import xroad_hands
from tests.processes import ROOT, Starter
from tests.stores import execute, own_vhost
from tests.waiting import wait_for

KEY, ASK = "fuel-co", "/v1/inquiry/ask"
NOT_BY_THAT = "key_kind.not_for_purpose"


@pytest.fixture(scope="module")
def house(tmp_path_factory, broker, postgres, demo_template, agencies_template):
    dbs = {}
    for part, template in (("inquiry", demo_template), ("agencies", agencies_template)):
        dbs[part] = make_database(postgres, f"{part}_{secrets.token_hex(4)}", template)
    folder = tmp_path_factory.mktemp("receipts")
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        house = House(starter, folder, amqp, dbs)
        house.second = house.open()
        yield house
        starter.end()


def fetch(house, path, *, key=KEY, method="GET", face=None):
    """What a signed request without a body gets."""
    url = (face or house.face) + path
    headers = sign_request(demo_key(key), method, url, {}, b"")
    return requests.request(method, url, headers=headers, timeout=20)


def receipt(house, answer, *, key=KEY, sent=None):
    """The verified receipt of an answer: its leaf, its terms, and the request proven beside.

    ``sent`` is what the leaf commits to of the request, if not its body or its line.
    """
    promised = answer.headers["Mirab-Receipt"]
    replies = []

    def is_proven():
        reply = fetch(house, f"/v1/receipts/{promised}", key=key)
        assert reply.status_code in (200, 202, 404), reply.text
        if reply.status_code != 200:
            assert reply.headers["Retry-After"]
        replies.append(reply)
        return reply.status_code == 200

    wait_for(is_proven, pause=0.3)
    trusted = TrustedKeys.parse(requests.get(house.face + "/v1/log/key", timeout=20).text)
    parsed = Receipt.parse(replies[-1].content)
    sent = sent or answer.request.body
    sent = sent or f"{answer.request.method} {answer.request.path_url}".encode()
    beside = {"request": sha256(sent).digest()}
    if answer.ok:
        beside["answer"] = sha256(answer.content).digest()
    proven = parsed.verify(trusted, beside)
    assert base64url(proven.leaf.hash) == promised
    return proven


def test_an_answer_promises_its_leaf_and_the_log_proves_it(house):
    answer = post(house.face, demo_key(KEY))
    assert answer.status_code == 200
    proven = receipt(house, answer)
    leaf = proven.leaf
    assert (leaf.contract, leaf.outcome, leaf.code) == ("inquiry.ask.v1", "answered", "")
    assert (proven.terms.agency, proven.terms.purpose) == (KEY, QUESTION["purpose"])
    assert proven.terms.way == "signature"
    assert QUESTION["key"] not in leaf.encode().decode()


def test_the_signature_of_the_answer_covers_the_promise(house):
    body, headers = signed(house.face, demo_key(KEY), ASK, QUESTION)
    answer = requests.post(house.face + ASK, data=body, headers=headers, timeout=20)
    request = HttpMessage({k.lower(): v for k, v in headers.items()}, "POST", house.face + ASK)
    mine = {name.lower(): value for name, value in answer.headers.items()}
    assert '"mirab-receipt"' in mine["signature-input"]
    key = requests.get(house.face + "/.well-known/jwks.json", timeout=20).json()["keys"][0]
    public = PublicKey.from_jwk(key)
    message = HttpMessage(mine, status=200, request=request)
    assert verify_response(message, lambda _: public, answer.content)
    forged = {**mine, "mirab-receipt": "x" * 43}
    message = HttpMessage(forged, status=200, request=request)
    with pytest.raises(SignatureError, match="signature does not hold"):
        verify_response(message, lambda _: public, answer.content)


def test_a_repeat_at_another_face_gets_the_same_receipt_and_makes_no_second_leaf(house):
    headers = {"Idempotency-Key": '"receipt-of-a-repeat"'}
    first = post(house.face, demo_key(KEY), headers=headers)
    again = post(house.second, demo_key(KEY), headers=headers)
    assert first.content == again.content
    assert first.headers["Mirab-Receipt"] == again.headers["Mirab-Receipt"]
    proven = receipt(house, first)
    (call,) = calls_of(house, proven)
    by_call = fetch(house, f"/v1/receipts/{call}").json()["leaf"]
    assert by_call == receipt(house, again).leaf.encode().decode()
    assert leaves_of(house, call) == 1
    # That id follows from the Idempotency-Key, which might be guessed: anybody reads the log.
    assert proven.leaf.call != call


CALLS = """
    select call from receipt_bundles,
        string_to_table(calls, e'\n') with ordinality as line(call, n)"""


def leaves_of(house, call):
    return execute(house.db, f"select count(*) from ({CALLS}) c where call = %s", (call,))[0][0]


def calls_of(house, proven):
    """The ids by which the agency finds a leaf."""
    statement = f"{CALLS} where substr(hashes, (n::integer - 1) * 32 + 1, 32) = %s"
    return [row[0] for row in execute(house.db, statement, (proven.leaf.hash,))]


def test_a_refusal_of_the_service_has_a_receipt_with_its_code(house):
    answer = post(house.face, demo_key(KEY), {**QUESTION, "purpose": "court_case"})
    proven = receipt(house, answer)
    assert (proven.leaf.outcome, proven.leaf.code) == ("refused", answer.json()["code"])


def test_a_refusal_of_the_door_has_a_receipt_with_its_code(house):
    for data, headers in (
        ({"key_kind": "national_id"}, {}),
        (QUESTION, {"Idempotency-Key": "no quotes here, so it is none"}),
    ):
        answer = post(house.face, demo_key(KEY), data, headers=headers)
        proven = receipt(house, answer)
        assert (proven.leaf.outcome, proven.leaf.code) == ("refused", answer.json()["code"])
        assert proven.terms.agency == KEY


def test_a_read_has_a_receipt_and_reading_a_receipt_has_none(house):
    answer = fetch(house, "/v1/records?limit=1")
    assert answer.status_code == 200
    assert receipt(house, answer).leaf.contract == "agencies.records.v1"
    reply = fetch(house, "/v1/receipts/" + answer.headers["Mirab-Receipt"])
    assert "Mirab-Receipt" not in reply.headers


def test_a_file_has_one_receipt_of_its_bytes(house):
    path = "/v1/inquiry/submit_batch?purpose=fuel_quota"
    lines = b"key_kind,key\r\n" + b"national_id,9905251782\r\n" * 3
    headers = {"Content-Type": "text/csv", "Idempotency-Key": '"a-batch-with-receipt"'}
    url = house.face + path
    headers |= sign_request(demo_key(KEY), "POST", url, headers, lines)
    answer = requests.post(url, data=lines, headers=headers, timeout=20)
    assert answer.status_code == 202, answer.text
    proven = receipt(house, answer)
    assert (proven.leaf.contract, proven.leaf.outcome) == ("inquiry.submit_batch.v1", "accepted")
    assert leaves_of(house, *calls_of(house, proven)) == 1


def test_a_call_that_is_answered_later_has_a_receipt_by_its_id(house):
    refused = {**QUESTION, "key_kind": "file_no", "key": "0/1"}
    for question, end in ((QUESTION, ["answered", ""]), (refused, ["refused", NOT_BY_THAT])):
        answer = post(house.face, demo_key(KEY), question, headers={"Prefer": "respond-async"})
        assert answer.status_code == 202
        assert receipt(house, answer).leaf.outcome == "accepted"
        call = answer.json()["id"]
        wait_for(lambda call=call: leaves_of(house, call) == 2, pause=0.3)
        wait_for(lambda call=call, end=end: ended(house, call) == end, pause=0.3)


def ended(house, call):
    """Outcome and code of the leaf by which a call ended, once a head covers it."""
    reply = fetch(house, f"/v1/receipts/{call}")
    if reply.status_code != 200:
        return []
    leaf = json.loads(reply.json()["leaf"])
    return [leaf["outcome"], leaf["code"]]


def _listed(browser, house, *parts):
    """The console's list of calls, once it has these parts."""
    text = browser.get(f"{house.face}/console/receipts?lang=fa", timeout=20).text
    return text if all(part in text for part in parts) else None


def test_a_page_of_the_console_has_a_receipt_by_the_key_that_opened_it(house):
    opened = post(house.face, demo_key(KEY), {}, "/v1/agencies/open_console")
    browser = requests.Session()
    code = {"code": opened.json()["entry_code"]}
    browser.post(f"{house.face}/console/enter", data=code, timeout=20)
    page = browser.get(f"{house.face}/console/grants?lang=fa", timeout=20)
    assert page.status_code == 200
    proven = receipt(house, page)
    assert (proven.leaf.contract, proven.leaf.outcome) == ("console.grants", "answered")
    assert (proven.terms.agency, proven.terms.way) == (KEY, "console")
    assert proven.terms.key == receipt(house, opened).terms.key
    log = browser.get(f"{house.face}/console/receipts", timeout=20)
    assert log.status_code == 200
    assert "Mirab-Receipt" not in log.headers  # the log would grow by being read
    # The page lists its own calls too, which have none, and leads only to what is there.
    link = f"/console/receipt?id={page.headers['Mirab-Receipt']}"
    listed = wait_for(lambda: _listed(browser, house, link, "بی رسید"))
    assert f"/console/receipt?id={log.headers['traceparent'].split('-')[1]}" not in listed
    assert browser.get(house.face + link, timeout=20).status_code == 200
    assert (
        requests.get(f"{house.face}/v1/log/checkpoint", timeout=20).text.split("\n")[0] in log.text
    )
    for day in ("0001-01-01", "9999-12-31"):  # no calendar of moments reaches there
        shown = browser.get(f"{house.face}/console/receipts?day={day}", timeout=20)
        assert (shown.status_code, day in shown.text) == (200, False), day


def test_who_is_not_identified_gets_no_receipt_and_a_flood_does_not_fill_the_log(house):
    stranger = requests.post(house.face + ASK, json=QUESTION, timeout=20)
    claimed = post(house.face, SigningKey.new(f"{KEY}-demo"))
    for answer in (stranger, claimed):
        assert (answer.status_code, "Mirab-Receipt" in answer.headers) == (401, False)
    body, headers = signed(house.second, demo_key(KEY), ASK, QUESTION)
    answers = [
        requests.post(house.second + ASK, data=body, headers=headers, timeout=20) for _ in range(14)
    ]
    replayed = [a for a in answers if a.status_code == 401]
    assert len(replayed) == 13
    assert sum("Mirab-Receipt" in answer.headers for answer in replayed) == 10


def test_anybody_may_read_the_log_and_verify_it(house):
    receipt(house, post(house.face, demo_key(KEY)))

    def get(path):
        return requests.get(house.face + path, timeout=20)

    note, key = get("/v1/log/checkpoint").text, get("/v1/log/key").text
    head = TrustedKeys.parse(key).open(note).checkpoint
    texts, start = [], 0
    while start < head.size:
        page = get(f"/v1/log/entries?start={start}&limit=7").json()
        texts += page["leaves"]
        start += len(page["leaves"])
    hashes = [leaf_hash(text.encode()) for text in texts[: head.size]]
    assert root_of(hashes) == head.root
    proof = get(f"/v1/log/inclusion?leaf={base64url(hashes[0])}&size={head.size}").json()
    assert proof["index"] == 0
    assert get(f"/v1/log/consistency?old=1&new={head.size}").status_code == 200
    for path, status in (
        ("/v1/log/inclusion?leaf=x", 422),
        (f"/v1/log/inclusion?leaf={'x' * 43}", 404),
        ("/v1/log/consistency?old=2&new=1", 422),
        ("/v1/log/entries?start=-1", 422),
        ("/v1/log/entries?start=0&start=1", 400),
        ("/v1/log/entries?start=1&limit=100000", 422),
    ):
        assert get(path).status_code == status, path


def test_without_the_way_to_the_log_nothing_is_answered_that_needs_a_leaf(house):
    """While the broker does not take leaves, a read is 503 and tells nothing; an answer whose leaf
    its service keeps is given, and its leaf comes when the way is open again.
    """
    name = "agencies.add_leaves.v1"
    with unbound(house.amqp, "mirab.agencies.commands", "mirab.commands", name):
        refused = fetch(house, "/v1/records?limit=1")
        assert (refused.status_code, refused.json()["code"]) == (503, "receipts.unavailable")
        assert refused.headers["Retry-After"]
        answer = post(house.face, demo_key(KEY))
        assert answer.status_code == 200
    assert receipt(house, answer).leaf.outcome == "answered"
    assert fetch(house, "/v1/records?limit=1").status_code == 200


@contextlib.contextmanager
def unbound(amqp, queue, exchange, key):
    """While the body runs, messages of that key reach no queue."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp))
    channel = connection.channel()
    channel.queue_unbind(queue, exchange, key)
    try:
        yield
    finally:
        channel.queue_bind(queue, exchange, key)
        connection.close()


def test_leaves_of_a_log_that_was_away_come_once_it_is_there_again(house):
    house.service.popen.kill()
    house.service.popen.wait(20)
    try:
        answer = post(house.face, demo_key(KEY))
        assert answer.status_code == 200
    finally:
        house.service, _ = house.serve("agencies", house.db)
    assert receipt(house, answer).leaf.outcome == "answered"


@pytest.fixture(scope="module")
def system(house):
    """An information system of the agency, whose certificate and names two officers have put into
    the register.
    """
    cert, digest = xroad_hands.certificate("fuel")
    name = {"member_class": "GOV", "member_code": "100", "subsystem_code": "fuel"}
    more = {
        "certificates": [{"id": "fuel-co-xroad", "sha256": digest, "until": "2099-12-31"}],
        "xroad": [{**name, "purpose": "fuel_quota", "until": "2099-12-31"}],
    }
    face = house.open(CLIENT_CERT_HEADER="X-Client-Cert")
    house.put_back(KEY, lambda document: {**document, **more})
    return xroad_hands.System(face, cert)


def test_a_call_by_x_road_has_its_receipt_which_asic_gives_by_its_id(house, system):
    question = {name: QUESTION[name] for name in ("key_kind", "key")}
    id_ = str(uuid.uuid4())
    answer = system.send(xroad_hands.ASK, data=question, headers=[("X-Road-Id", id_)])
    assert answer.status == 200, answer.body
    promised = answer.headers["Mirab-Receipt"]
    asic = f"/asic?queryId={id_}&memberClass=GOV&memberCode=100&subsystemCode=fuel"
    wait_for(lambda: system.get(asic).status == 200, 60, 0.3)
    (receipt_json,) = system.get(asic).json()["receipts"]
    trusted = TrustedKeys.parse(requests.get(house.face + "/v1/log/key", timeout=20).text)
    beside = {
        "request": sha256(json.dumps(question).encode()).digest(),
        "answer": sha256(answer.body).digest(),
    }
    proven = Receipt.parse(json.dumps(receipt_json).encode()).verify(trusted, beside)
    assert base64url(proven.leaf.hash) == promised
    assert (proven.terms.agency, proven.terms.way) == (KEY, "xroad")
    way = "select way from call_records where receipt = %s"
    assert wait_for(lambda: execute(house.db, way, (promised,))) == [("xroad",)]

    unknown = asic.replace(id_, str(uuid.uuid4()))
    assert system.get(unknown).status == 404
    assert system.get(unknown).fault == "server.clientproxy.not_found"

    nobody = [("X-Road-Represented-Party", "GOV/999")]
    denied = system.send(xroad_hands.ASK, data=question, headers=nobody)
    assert denied.fault == "server.serverproxy.access_denied"
    by_hash = f"/v1/receipts/{denied.headers['Mirab-Receipt']}"
    wait_for(lambda: fetch(house, by_hash).status_code == 200, 60, 0.3)
    leaf = json.loads(fetch(house, by_hash).json()["leaf"])
    assert (leaf["outcome"], leaf["code"]) == ("refused", "delegation.not_given")

    own = system.get(f"{xroad_hands.HOME}/agencies/getSecurityServerHealthData").json()
    services = {row["service"] for row in own["servicesEventData"]}
    assert "MIRAB/GOV/WATER/inquiry/ask.v1" in services


def test_a_system_reads_the_operational_data_of_its_own_calls_over_http(house, system):
    id_, question = str(uuid.uuid4()), {name: QUESTION[name] for name in ("key_kind", "key")}
    answer = system.send(xroad_hands.ASK, data=question, headers=[("X-Road-Id", id_)])
    assert answer.status == 200, answer.body
    # Some make their ids of whom they ask about.
    personal = f"{QUESTION['key']}-{uuid.uuid4()}"
    system.send(xroad_hands.ASK, data=question, headers=[("X-Road-Id", personal)])
    post(house.face, demo_key(KEY))  # of the same agency, and not by X-Road
    call = "(select trace_id from call_records where xroad->>'id' = %s limit 1)"
    sides = f"select count(distinct side) from call_records where trace_id = {call}"
    for kept in (id_, digest_of(personal)):
        wait_for(lambda kept=kept: execute(house.db, sides, (kept,))[0][0] == 2)
    # The last minute is left out, since it is not complete: it is five minutes ago now.
    moments = ("request_in", "request_out", "response_in", "response_out")
    older = ", ".join(f"{name} = {name} - 300000" for name in moments)
    execute(house.db, f"update call_records set {older}")
    now = int(time.time())
    data = f"{xroad_hands.HOME}/agencies/getSecurityServerOperationalData"
    path = f"{data}?recordsFrom={now - 900}&recordsTo={now - 61}"
    page = system.get(path).json()
    assert page["recordsCount"] == len(page["records"])
    mine = [row for row in page["records"] if row["messageId"] == id_]
    assert {row["securityServerType"] for row in mine} == {"Client", "Producer"}
    for row in mine:
        assert len(row) == 40
        assert row["xRequestId"] == answer.headers["X-Road-Request-Id"]
        assert (row["clientMemberCode"], row["serviceCode"]) == ("100", "ask.v1")
        assert row["succeeded"]
    # Who is asked about stands in no record.
    assert QUESTION["key"] not in json.dumps(page)
    assert all(row["messageId"] for row in page["records"])
    fields = system.get(f"{path}&outputField=messageId&outputField=succeeded").json()["records"]
    assert {tuple(sorted(row)) for row in fields} == {("messageId", "succeeded")}


def test_the_commands_of_the_guide_for_auditors_and_witnesses_work_as_they_stand_there(
    house, tmp_path
):
    """docs/receipts.md, in a shell, by a stranger who has nothing but an address."""
    receipt(house, post(house.face, demo_key(KEY)))
    guide = (ROOT / "docs/receipts.md").read_text(encoding="utf-8")
    part = guide.partition("## For auditors and witnesses")[2].partition("\n## ")[0]
    lines = re.findall(r"^(?:curl|python -m connector) .+$", part, re.MULTILINE)
    take_head, audit, keygen, witness = lines
    (take_keys,) = re.findall(r"^curl .+ > keys.txt$", guide, re.MULTILINE)
    bin_of_python = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {
        "PATH": bin_of_python,
        "PYTHONPATH": str(ROOT),
        "MIRAB_URL": house.face,
        "MIRAB_LOG_KEYS": "keys.txt",
    }

    def run(line):
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (line, done.stderr)
        return done.stdout

    for line in (take_keys, take_head, keygen):
        run(line)
    port = free_port()
    with subprocess.Popen(
        ["bash", "-c", f"exec {witness} --port {port}"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            # What it prints is what the operator puts behind its address (RECEIPTS_WITNESSES).
            verifier = Witness.parse(f"http://127.0.0.1:{port} {process.stdout.readline()}")
            wait_for(lambda: listening(port))
            note = (tmp_path / "head-of-may.txt").read_text()
            signature = cosignature(verifier, note, lambda _old, _new: ())
            assert signature.made_by(verifier.verifier)
            shown = audit.replace("https://witness.example", f"http://127.0.0.1:{port}")
            assert "2 heads held elsewhere agree with it." in run(shown)
            assert json.loads(run(f"{shown} --json"))["holds"]
        finally:
            process.terminate()


def test_the_receipt_of_a_call_with_a_token_says_by_which_way_it_came_in(house, system):
    face = f"http://{system.address.netloc}"
    mine = {"X-Client-Cert": system.cert}
    form = {"grant_type": "client_credentials", "client_id": KEY, "purpose": "fuel_quota"}
    got = requests.post(f"{face}/oauth/token", data=form, headers=mine, timeout=20)
    assert got.status_code == 200, got.text
    token = receipt(house, got, sent=got.request.body.encode())
    assert (token.leaf.contract, token.leaf.outcome) == ("oauth.token", "answered")
    assert (token.terms.key, token.terms.way) == ("fuel-co-xroad", "oauth")
    about = {"client_id": KEY, "token": got.json()["access_token"]}
    for path, form_of_it, code in (
        ("token", {**form, "scope": "billing.charge.v1"}, "oauth.scope"),
        ("introspect", about, ""),
    ):
        reply = requests.post(f"{face}/oauth/{path}", data=form_of_it, headers=mine, timeout=20)
        leaf = receipt(house, reply, sent=reply.request.body.encode()).leaf
        assert (leaf.contract, leaf.code) == (f"oauth.{path}", code)
    bearer = {**mine, "Authorization": f"Bearer {got.json()['access_token']}"}
    answer = requests.post(face + ASK, json=QUESTION, headers=bearer, timeout=20)
    assert answer.status_code == 200, answer.text
    proven = receipt(house, answer)
    assert (proven.leaf.outcome, proven.terms.way) == ("answered", "oauth:mtls:certificate")
    assert proven.terms.key == "fuel-co-xroad"
    # It was refused before its body was read, and told no digest of it.
    odd = {**bearer, "Idempotency-Key": "no quotes here, so it is none"}
    answer = requests.post(face + ASK, json=QUESTION, headers=odd, timeout=20)
    refused = receipt(house, answer, sent=f"POST {ASK}".encode())
    assert (refused.leaf.code, refused.terms.way) == ("idempotency_key.invalid", "oauth")
