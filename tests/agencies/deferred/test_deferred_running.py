"""Prefer: respond-async at the agency face: for every contract, and the same answer as at once."""

import json
import os
import secrets
import subprocess
import uuid

import pytest
import requests

from contracts import agency_contracts
from gateway.agency.door.addresses import path_of
from gateway.agency.files.routes import FILE_ROUTES
from tests.agencies.calling import ASK, LATER, calling_parts, result_of
from tests.gateway.agency.oauth_hands import Client
from tests.gateway.agency.test_bad_input import check, with_
from tests.gateway.conftest import GOOD, begin, reads
from tests.processes import ROOT
from tests.stores import execute
from tests.waiting import wait_for

ID = str(uuid.uuid4())
PSEUDONYMS = ["Brf0HTOqXsuVxecsD42-qMLWxK8Yi1s0KSJg_Vrs76M"]
SAMPLES = {
    "notify.own_figures.v1": {"from_day": "2026-11-01", "to_day": "2026-11-30"},
    "agencies.rotate_keys.v1": {
        "keys": [
            {
                "kid": "fuel-co-next",
                "until": "2030-01-01",
                "kty": "OKP",
                "crv": "Ed25519",
                "x": "BMjawSfOHIvjXmXAKn3DUhFMpJpo-mbrT_5bAUkRlxU",
            }
        ]
    },
    "billing.look_up.v1": {"bill_id": "1234567890126", "payment_id": "123456789"},
    "billing.quote.v1": {"items": [{"service": "inquiry"}]},
    "billing.statement.v1": {"month": "1405-09"},
    "inquiry.ask.v1": GOOD,
    "inquiry.ask_parcel.v1": {"parcel_no": "123/45", "purpose": "land_transfer"},
    "inquiry.read_parcel.v1": {"code": "P-2222-2222-2222"},
    "inquiry.submit_batch.v1": {
        "purpose": "fuel_quota",
        "keys": [{"key_kind": "national_id", "key": "9900000013"}],
    },
    "inquiry.verify.v1": {"verification_code": "V-2222-2222-2222"},
    "inquiry.rate_answer.v1": {
        "tracking_code": "Q-2222-2222-2222",
        "score": 5,
        "solved": True,
    },
    "inquiry.get.v1": {"tracking_code": "Q-2222-2222-2222"},
    "inquiry.watch.v1": {
        "purpose": "land_transfer",
        "key_kind": "national_id",
        "seed": ID,
        "pseudonyms": PSEUDONYMS,
    },
    "inquiry.unwatch.v1": {"pseudonyms": PSEUDONYMS},
    "notify.draft_template.v1": {
        "code": "a_code",
        "channel": "sms",
        "name": "A name",
        "texts": {"fa": {"body": "متن"}},
    },
    "notify.preview.v1": {"template": "a-code"},
    "notify.put_callback.v1": {
        "url": "https://agency.example/told",
        "types": ["call.settled"],
    },
    "notify.send.v1": {"template": "a-code", "to": {"mobile": "09900000013"}},
    "notify.submit_job.v1": {"name": "a job", "template": "a-code", "job": ID, "piece": "x"},
}


@pytest.fixture(scope="module")
def calling(tmp_path_factory, broker, postgres, demo_template, agencies_template):
    folder = tmp_path_factory.mktemp("calling")
    with calling_parts(folder, broker, postgres, demo_template, agencies_template) as parts:
        yield parts


def new_key():
    return secrets.token_urlsafe(18)


# --- the whole way ---


def test_a_call_is_taken_at_once_and_its_answer_is_where_it_says(calling):
    before = calling.question_count()
    answer = calling.ask(headers=LATER)
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "respond-async")
    assert (answer.headers["Retry-After"], "Signature" in answer.headers) == ("1", True)
    reply = answer.json()
    location = answer.headers["Location"]
    assert (reply["state"], reply["links"]) == ("ACCEPTED", {"self": location})
    assert location == f"/v1/calls/{reply['id']}"
    done = calling.settled(location)
    assert (done["state"], done["problem"]) == ("DONE", None)
    assert done["result"]["outcome"] == "NOT_FOUND"
    assert calling.question_count() == before + 1


def test_the_answer_is_byte_for_byte_that_of_the_same_call_at_once(calling):
    key, before = new_key(), calling.question_count()
    location = calling.later(key=key)
    calling.settled(location)
    at_once = calling.ask(key=key)
    assert at_once.status_code == 200
    assert b'"result":' + at_once.content in calling.read(location).content
    assert calling.question_count() == before + 1


def test_who_asked_at_once_first_is_given_the_same_later(calling):
    key = new_key()
    at_once = calling.ask(key=key)
    location = calling.later(key=key)
    calling.settled(location)
    assert result_of(calling.read(location)) == at_once.content


def test_a_call_stands_in_the_record_and_operators_see_its_path(calling, start):
    key = new_key()
    answer = calling.ask(key=key)
    trace_id = answer.headers["traceparent"].split("-")[1]
    refused = calling.ask(with_(purpose="court_case"))
    assert refused.status_code == 403

    def own():
        records = calling.read("/v1/records?contract=inquiry.ask.v1&limit=5").json()["records"]
        codes = {record["trace_id"]: record["code"] for record in records}
        wanted = {trace_id: None, refused.json()["trace_id"]: "purpose.not_granted"}
        return wanted.items() <= codes.items()

    wait_for(own)
    # Nobody reads another agency's; the query is judged by the contract.
    other = calling.read("/v1/records", sender=calling.sender_of("justice")).json()
    assert not [r for r in other["records"] if r["contract"] == "inquiry.ask.v1"]
    assert calling.read("/v1/records?since=yesterday").status_code == 422

    ops = begin(start, "ops", **calling.environ, AGENCY_URL=str(calling.face))
    whole = f"{ops}/transactions/{trace_id}"
    wait_for(lambda: len(reads(whole).json().get("records", [])) >= 2)
    sides = [(record["side"], record["part"]) for record in reads(whole).json()["records"]]
    assert sides[:2] == [("client", "agency"), ("service", "inquiry")]
    page = {"headers": {"Accept": "text/html"}}
    # The key and the tracking code lead to the path, which says nothing of whom it was about.
    for id_ in (key, answer.json()["tracking_code"]):
        shown = reads(f"{ops}/transactions?id={id_}", **page)
        assert shown.url == whole
        assert "سرویس inquiry" in shown.text
        assert GOOD["key"] not in shown.text
    listed = reads(f"{ops}/transactions?outcome=refused&agency=fuel-co", **page).text
    assert f"/transactions/{refused.json()['trace_id']}" in listed
    assert f"/transactions/{trace_id}" not in listed
    assert requests.get(f"{ops}/transactions", timeout=10).status_code == 401


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/v1/inquiry/get", {"tracking_code": "Q-2222-2222-2222"}),
        ("/v1/inquiry/verify", {"verification_code": "V-2222-2222-2222"}),
        ("/v1/inquiry/batch_status", {"batch": ID}),
        (ASK, with_(as_of="2199-01-01T00:00:00Z")),
    ],
)
def test_a_refusal_is_the_same_as_at_once(calling, path, data):
    at_once = calling.ask(data, path=path)
    reply = calling.settled(calling.later(data, path=path))
    if at_once.status_code < 400:
        assert (reply["state"], reply["result"]) == ("DONE", at_once.json())
        return
    assert (reply["state"], reply["result"]) == ("REFUSED", None)
    assert {**reply["problem"], "trace_id": ""} == {**at_once.json(), "trace_id": ""}


def test_what_reads_only_is_answered_the_same_too(calling):
    code = calling.ask().json()["tracking_code"]
    at_once = calling.ask({"tracking_code": code}, path="/v1/inquiry/get").json()
    reply = calling.settled(calling.later({"tracking_code": code}, path="/v1/inquiry/get"))
    assert reply["result"] == at_once


def test_the_same_key_is_the_same_call_and_another_body_a_conflict(calling):
    key, before = new_key(), calling.question_count()
    assert calling.later(key=key) == calling.later(key=key)
    other = calling.ask(with_(key="9900000021"), key=key, headers=LATER)
    check(other, 422, "idempotency_key.reused")
    calling.settled(calling.later(key=key))
    assert calling.question_count() == before + 1


# --- what is refused at once ---


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (with_(key="9900000014"), 422, "contract.broken"),
        ({}, 422, "contract.broken"),
        (with_(purpose="court_case"), 403, "purpose.not_granted"),
        (with_(purpose="agriculture_aid"), 403, "grant.expired"),
    ],
)
def test_what_cannot_be_right_is_refused_at_once_and_not_kept(calling, data, status, code):
    kept = len(calling.states())
    check(calling.ask(data, headers=LATER), status, code)
    assert len(calling.states()) == kept


def test_a_refused_purpose_stands_in_the_log_as_at_once(calling):
    calling.ask(with_(purpose="court_case"), headers=LATER)
    (last,) = execute(calling.db, "select outcome from inquiry_log order by seq desc limit 1")
    assert last == ("purpose.not_granted",)


def test_a_contract_without_a_grant_is_refused_at_once(calling):
    justice = calling.sender_of("justice")
    answer = calling.ask({}, path="/v1/notify/callbacks", headers=LATER, sender=justice)
    check(answer, 403, "contract.not_granted")


# --- waiting ---


def test_who_waits_is_answered_at_once_if_it_is_done_in_time(calling):
    before = len(calling.states())
    answer = calling.ask(headers={"Prefer": "respond-async, wait=10"})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "NOT_FOUND")
    assert "Preference-Applied" not in answer.headers
    assert len(calling.states()) == before


def test_a_preference_that_we_do_not_know_changes_nothing(calling):
    for reply in ("handling=lenient", "wait=5", 'x="a, respond-async, b"', "respond-async=1"):
        assert calling.ask(headers={"Prefer": reply}).status_code == 200


# --- the resource ---


def test_another_agency_is_told_the_same_as_of_a_call_that_is_none(calling):
    justice = calling.sender_of("justice")
    location = calling.later()
    calling.settled(location)
    for method in ("GET", "DELETE"):
        theirs, none = (
            calling.read(path, method, justice) for path in (location, f"/v1/calls/{ID}")
        )
        assert check(theirs, 404, "call.not_found")["detail"] == none.json()["detail"]
        assert theirs.status_code == none.status_code


def test_a_call_that_has_ended_is_not_taken_back(calling):
    location = calling.later()
    calling.settled(location)
    check(calling.read(location, "DELETE"), 409, "call.begun")


def test_the_contracts_tell_the_same_as_the_resource(calling):
    location = calling.later()
    reply = calling.settled(location)
    entry = calling.ask({"id": reply["id"]}, path="/v1/agencies/call").json()
    assert {**entry, "links": reply["links"]} == reply
    (newest,) = calling.ask({"limit": 1}, path="/v1/agencies/calls").json()["calls"]
    assert newest == {name: entry[name] for name in newest}
    again = calling.ask({"id": reply["id"]}, path="/v1/agencies/cancel_call")
    check(again, 409, "call.begun")


def test_a_call_is_read_with_a_signature_of_its_own_and_only_once_with_each(calling):
    location = calling.later()
    nonce = new_key()
    read = {"path": location, "method": "GET", "body": b"", "nonce": nonce}
    assert calling.sender.send(**read).status_code == 200
    check(calling.sender.send(**read), 401, "signature.replayed")
    unsigned = calling.sender.send(
        path=location, method="GET", body=b"", drop=("Signature", "Signature-Input")
    )
    assert unsigned.status_code == 401
    check(
        calling.sender.send(path=location, method="GET", body=b"x", signed_body=b""),
        400,
        "digest.missing",
    )


def test_the_page_for_agencies_reads_a_call_with_openssl_and_curl(calling):
    """The script of docs/join.md, as it stands there."""
    page = (ROOT / "docs/join.md").read_text(encoding="utf-8")
    script = page.split("## Answered later")[1].split("```bash\n")[1].split("```")[0]
    location = calling.later()
    reply = calling.settled(location)
    environ = {
        "MIRAB_URL": str(calling.face),
        "MIRAB_KEY_ID": "fuel-co-demo",
        "LOCATION": location,
        "MIRAB_KEY_FILE": str(ROOT / "deploy/local/demo_keys/fuel-co.pem"),
    }
    done = subprocess.run(
        ["bash", "-euc", script], env={**os.environ, **environ}, capture_output=True, check=True
    )
    assert json.loads(done.stdout) == reply


# --- every contract ---


@pytest.fixture(scope="module")
def granted_all(calling):
    """The agency may use every contract."""
    path = calling.face.register / "fuel-co.toml"
    more = '\n[[grants]]\ncontract = "*"\npurposes = ["land_transfer"]\nuntil = 2030-12-31\n'
    path.write_text(path.read_text() + more)
    wait_for(lambda: calling.ask({}, path="/v1/ticketing/health", headers=LATER).ok)
    return calling


@pytest.mark.parametrize("contract", agency_contracts(), ids=lambda contract: contract.name)
def test_every_contract_is_answered_later_or_says_that_it_is_not(granted_all, contract):
    data = SAMPLES.get(
        contract.name, {name: ID for name, f in contract.schema.fields.items() if f.required}
    )
    answer = granted_all.ask(data, path=path_of(contract), headers=LATER)
    applied = answer.headers.get("Preference-Applied")
    assert answer.status_code not in (422, 403, 500), answer.text
    if contract in FILE_ROUTES:
        assert (applied, "Location" in answer.headers) == (None, False)
    else:
        assert (answer.status_code, applied) == (202, "respond-async")
        assert answer.json()["contract"] == contract.name


# --- by a token, in another's name ---


def test_who_comes_with_a_token_is_answered_later_too_within_its_scope(calling):
    client = Client(str(calling.face))
    token = client.token(scope="inquiry.ask.v1 agencies.call.v1")
    kept = client.ask(token, headers=LATER)
    assert kept.status_code == 202
    location = kept.headers["Location"]

    def read(by, method="GET"):
        proof = client.proof(location, token=by, method=method)
        headers = {"Authorization": f"DPoP {by}", "DPoP": proof}
        return requests.request(method, calling.face + location, headers=headers, timeout=20)

    wait_for(lambda: read(token).json()["state"] == "DONE", 60)
    assert read(token).json()["result"]["outcome"] == "NOT_FOUND"
    check(read(token, "DELETE"), 403, "token.scope")
    check(read(client.token(scope="inquiry.ask.v1")), 403, "token.scope")


def test_what_is_asked_in_anothers_name_is_done_in_it_and_read_in_ones_own(calling):
    notary, bank = calling.sender_of("notary-office"), calling.sender_of("agri-bank")
    named = {"Mirab-On-Behalf-Of": "agri-bank"}
    question = with_(purpose="bank_collateral")
    location = calling.later(question, headers=named, sender=notary)
    done = calling.settled(location, sender=notary)
    assert (done["state"], done["problem"]) == ("DONE", None)
    assert done["result"]["on_behalf_of"] == "agri-bank"
    check(calling.read(location, sender=bank), 404, "call.not_found")
    (last,) = execute(
        calling.db, "select agency, on_behalf_of from inquiry_log order by seq desc limit 1"
    )
    assert last == ("notary-office", "agri-bank")
