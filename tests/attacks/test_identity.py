"""Who asks is who has proven it, whatever else a request says (cases 31 to 33, 55, 57, 78, 79)."""

import hashlib
import json

import pytest
import requests

from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request
from tests.attacks.conftest import ASK, QUESTION, grant, refused


@pytest.fixture(scope="module")
def member(house):
    return house.member(grant())


@pytest.fixture(scope="module")
def other(house):
    return house.member(grant())


SPOOFED = (
    "X-Road-Client",
    "X-Road-Represented-Party",
    "X-Forwarded-User",
    "X-Remote-User",
    "X-Forwarded-Client-Cert",
    "X-SSL-Client-Cert",
    "X-Agency",
    "Ce-Caller",
    "Ce-Source",
    "Ce-Type",
    "Nameko.call_id_stack",
    "Baggage",
)


@pytest.mark.parametrize("name", SPOOFED)
def test_case_31_78_no_header_names_another_asker_or_another_context(member, other, name):
    caller = json.dumps({"agency": other.code, "operator": "x", "grants": []})
    before = len(other.rows())
    for value in (other.code, f"IR/GOV/{other.code}/sub", caller):
        answer = member.send(unsigned={name: value})
        assert answer.json()["agency"] == member.code
    assert len(other.rows()) == before
    assert member.rows("agency, key_id, operator, contract")[-1] == (
        member.code,
        member.key.keyid,
        None,
        "inquiry.ask.v1",
    )


def test_case_32_two_signatures_or_two_tokens_are_none(member, other):
    url, body = member.house.url + ASK, json.dumps(QUESTION).encode()
    fields = {"Content-Type": "application/json"}
    mine = sign_request(member.key, "POST", url, fields, body)
    theirs = sign_request(other.key, "POST", url, fields, body)
    both = {
        **fields,
        **mine,
        **{n: f"{mine[n]}, {theirs[n]}" for n in ("Signature-Input", "Signature")},
    }
    refused(requests.post(url, data=body, headers=both, timeout=20), "signature.ambiguous")
    tokens = {**fields, "Authorization": "DPoP aaaa, DPoP bbbb"}
    refused(requests.post(url, data=body, headers=tokens, timeout=20), "token.invalid")


def test_case_31_a_key_that_claims_the_id_of_anothers_is_not_that_other(member, other):
    forged = SigningKey(member.key._key, other.key.keyid)
    url, body = member.house.url + ASK, json.dumps(QUESTION).encode()
    fields = {"Content-Type": "application/json"}
    fields |= sign_request(forged, "POST", url, fields, body)
    refused(requests.post(url, data=body, headers=fields, timeout=20), "signature.bad")


@pytest.mark.parametrize("keyid", ["../../etc/passwd", "' or 1=1 --", "a" * 300, "نون", "*"])
def test_api2_a_key_id_that_is_a_path_or_a_statement_is_an_unknown_key(member, keyid):
    url, body = member.house.url + ASK, json.dumps(QUESTION).encode()
    fields = {"Content-Type": "application/json"}
    signed = sign_request(SigningKey(member.key._key, "PLACE"), "POST", url, fields, body)
    fields |= {n: v.replace("PLACE", keyid.encode().decode("latin-1")) for n, v in signed.items()}
    answer = requests.post(url, data=body, headers=fields, timeout=20)
    assert answer.status_code == 401
    assert answer.json()["code"] in ("signature.unknown_key", "signature.malformed")


def test_case_55_a_body_that_the_signature_does_not_cover_is_refused(member):
    url, body = member.house.url + ASK, json.dumps(QUESTION).encode()
    fields = {"Content-Type": "application/json"}
    signed = sign_request(member.key, "GET", url, fields, body)
    assert "content-digest" not in signed["Signature-Input"]
    signed = sign_request(member.key, "POST", url, fields, body)
    less = signed["Signature-Input"].replace(' "content-digest"', "")
    answer = requests.post(
        url, data=body, headers={**fields, **signed, "Signature-Input": less}, timeout=20
    )
    refused(answer, "signature.component_missing")


@pytest.mark.parametrize("algorithm", ["md5", "sha", "unixsum", "sha-1"])
def test_case_57_a_digest_of_an_algorithm_that_is_broken_is_no_digest(member, algorithm):
    body = json.dumps(QUESTION).encode()
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    import base64

    reply = f"{algorithm}=:{base64.b64encode(digest).decode()}:"
    answer = member.send(headers={"Content-Digest": reply})
    assert answer.status_code == 400
    refused(answer, "digest.unsupported")


PRIVATE = (
    "secret",
    "settings",
    "store",
    "now",
    "note_bill",
    "work_loads",
    "count_day",
    "__init__",
    "__class__",
    "forget_questions",
    "bill_paid",
    "take_sources_of_parcel",
    "registry_loaded",
)


@pytest.mark.parametrize("name", PRIVATE)
def test_case_79_a_method_that_is_no_contract_is_not_reachable(member, name):
    before = len(member.rows())
    answer = member.send({}, path=f"/v1/inquiry/{name}")
    assert (answer.status_code, answer.json()["code"]) in (
        (404, "contract.unknown"),
        (404, "http.not_found"),
    )
    assert len(member.rows()) == before
