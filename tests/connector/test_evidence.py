"""Evidence is verified offline, by whoever has Mirab's public key."""

import json
from dataclasses import replace

import pytest

from bus.errors import BusError, SignatureError
from bus.signatures.keys import SigningKey
from connector import Evidence
from tests.connector.conftest import QUESTION, problem


@pytest.fixture
def evidence(caller):
    return caller.ask(**QUESTION).evidence


@pytest.fixture
def keys(sandbox):
    return {sandbox.key.keyid: sandbox.key.public}


def refusal(evidence, keys):
    with pytest.raises(SignatureError) as refused:
        evidence.verify(keys)
    return refused.value.code


def test_evidence_comes_back_from_its_file_and_holds(evidence, keys, tmp_path):
    file = tmp_path / "evidence.json"
    evidence.save(file)
    assert Evidence.load(file) == evidence
    assert Evidence.load(file).verify(keys).keyid == "mirab-2026"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_kept_refusal_is_evidence_too(caller, sandbox, keys):
    from connector import Refused

    sandbox.plan = [problem(403, "purpose.not_granted")]
    with pytest.raises(Refused) as refused:
        caller.ask(**QUESTION)
    assert refused.value.evidence.verify(keys)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": 404}, "signature.bad"),
        ({"method": "GET"}, "signature.bad"),
        ({"url": "http://127.0.0.1/v1/inquiry/get"}, "signature.bad"),
        ({"response_body": b'{"outcome":"FOUND"}'}, "digest.mismatch"),
        ({"request_body": b'{"key":"9900000021"}'}, "digest.mismatch"),
        ({"response_headers": {}}, "signature.missing"),
        ({"request_headers": {}}, "signature.component_missing"),
    ],
)
def test_a_changed_part_is_noticed(evidence, keys, change, code):
    assert refusal(replace(evidence, **change), keys) == code


def test_a_line_break_in_a_part_cannot_hide_a_change(evidence, keys):
    forged = replace(evidence, method='POST\n"@target-uri";req: http://x', url="http://y")
    assert refusal(forged, keys) == "signature.malformed"


def test_the_answer_of_another_question_does_not_fit(caller, evidence, keys):
    other = caller.ask(**QUESTION).evidence
    mixed = replace(
        evidence,
        response_headers=other.response_headers,
        response_body=other.response_body,
    )
    assert refusal(mixed, keys) == "signature.bad"


def test_each_signed_header_of_either_side_is_bound(evidence, keys):
    for side in ("request_headers", "response_headers"):
        for name in ("content-digest", "signature", "content-type"):
            headers = {**getattr(evidence, side)}
            headers[name] = headers[name][:-2] + ("A" if headers[name][-2] != "A" else "B") + ":"
            if (side, name) != ("request_headers", "content-type"):  # bound by its own signature
                refusal(replace(evidence, **{side: headers}), keys)


def test_the_key_must_be_mirabs(evidence):
    assert refusal(evidence, {}) == "signature.unknown_key"
    stranger = SigningKey.new("mirab-2026").public
    assert refusal(evidence, {"mirab-2026": stranger}) == "signature.bad"


@pytest.mark.parametrize(
    "change",
    [
        {"response_body": "not base64!"},
        {"response_headers": ["signature"]},
        {"response_headers": {"signature": 7}},
        {"more": 1},
        None,
    ],
)
def test_a_file_that_is_no_evidence_is_said_to_be_none(evidence, tmp_path, change):
    file = tmp_path / "evidence.json"
    evidence.save(file)
    body = json.loads(file.read_text())
    file.write_text(json.dumps([body] if change is None else {**body, **change}))
    with pytest.raises(BusError, match="no evidence file"):
        Evidence.load(file)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(BusError, match="No such file"):
        Evidence.load(tmp_path / "nothing.json")
