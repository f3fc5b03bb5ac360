"""Bad input at the agency door: a clear problem with field and code, never a 500, nothing lost."""

import json
import socket
import time

import pytest
import requests

from tests.gateway.conftest import GOOD
from tests.waiting import next_second, wait_for

PROBLEM = "application/problem+json"


def check(answer, status, code, field=None):
    """The answer is this problem, whole, and is signed."""
    reply = answer.json()
    assert (answer.status_code, reply["code"]) == (status, code), reply
    assert answer.headers["content-type"] == PROBLEM
    assert reply["status"] == status
    assert reply["trace_id"] == answer.headers["traceparent"].split("-")[1]
    assert reply["type"] == f"/problems/{code}"
    assert reply["what_to_do"]
    assert "Signature" in answer.headers
    if field:
        assert field in [error["field"] for error in reply["errors"]]
    return reply


def with_(**changes):
    return {**GOOD, **changes}


FIELDS = {
    "wrong check digit": (with_(key="9900000014"), "key", "national_id.check_digit"),
    "one digit ten times": (with_(key="1111111111"), "key", "national_id.repeated"),
    "letters": (with_(key="99000OOO13"), "key", None),
    "superscripts": (with_(key="²²²²²²²²²²"), "key", None),
    "of another kind": (with_(key_kind="legal_id"), "key", "legal_id.length"),
    "unknown kind": (with_(key_kind="shoe_size"), "key_kind", "choice"),
    "kind as a number": (with_(key_kind=7), "key_kind", None),
    "over-long": (with_(key="9" * 65), "key", "length"),
    "over-long case": (with_(case_number="x" * 65), "case_number", "length"),
    "control characters": (with_(operator="a\r\nb"), "operator", "characters"),
    "escape characters": (with_(operator="\x1b[31m"), "operator", "characters"),
    "a null character": (with_(key="99\x0000000013"), "key", None),
    "missing purpose": ({"key_kind": "national_id", "key": "9900000013"}, "purpose", "required"),
    "null purpose": (with_(purpose=None), "purpose", "null"),
    "empty": ({}, "key", "required"),
    "unknown field": (with_(fields=["contact"]), "fields", "unknown_field"),
    "as_of without offset": (with_(as_of="2026-01-01T00:00:00"), "as_of", "instant"),
    "as_of that is no day": (with_(as_of="2026-02-30T00:00:00Z"), "as_of", "instant"),
    "as_of in the year 1": (with_(as_of="0001-01-01T00:00:00Z"), "as_of", "instant"),
    "as_of before the calendar": (with_(as_of="0622-03-01T00:00:00Z"), "as_of", "instant"),
    "as_of far ahead": (with_(as_of="9999-12-31T23:59:59Z"), "as_of", "instant"),
    "as_of before all time": (with_(as_of="0001-01-01T00:00:00+14:00"), "as_of", "instant"),
}


@pytest.mark.parametrize(("data", "field", "code"), FIELDS.values(), ids=FIELDS)
def test_a_wrong_field_is_named(sender, data, field, code):
    reply = check(sender.send(data), 422, "contract.broken", field)
    if code:
        assert code in [error["code"] for error in reply["errors"]]
    assert sender.questions() == 0


def test_persian_and_arabic_digits_are_understood(sender):
    for key in ("۹۹۰۰۰۰۰۰۱۳", "٩٩٠٠٠٠٠٠١٣", " 9900000013 "):
        answer = sender.send(with_(key=key))
        assert answer.status_code == 200, answer.json()
        assert answer.json()["searched"]["key"] == "9900000013"


RULES = {
    "purpose not granted": (with_(purpose="court_case"), 403, "purpose.not_granted", "purpose"),
    "expired grant": (with_(purpose="agriculture_aid"), 403, "grant.expired", "purpose"),
    "unknown purpose": (with_(purpose="curiosity"), 422, "purpose.unknown", "purpose"),
    "key not for the purpose": (
        with_(key_kind="electricity_subscription", key="4063592512882"),
        422,
        "key_kind.not_for_purpose",
        "key_kind",
    ),
    "as_of in the future": (with_(as_of="2199-01-01T00:00:00Z"), 422, "as_of.future", "as_of"),
}


@pytest.mark.parametrize(("data", "status", "code", "field"), RULES.values(), ids=RULES)
def test_an_unlawful_question_is_refused_and_leaves_one_row(sender, data, status, code, field):
    check(sender.send(data), status, code, field)
    assert sender.rows() == [(code,)]


BODIES = {
    "not JSON": (b"{", "json.invalid"),
    "empty": (b"", "json.invalid"),
    "invalid UTF-8": (b'{"key": "\xff\xfe"}', "json.invalid"),
    "a lone surrogate": (b'{"key": "\\ud800"}', "json.invalid"),
    "a list": (b"[]", "json.invalid"),
    "NaN": (b'{"key": NaN}', "json.invalid"),
    "deep": (b'{"key":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "json.too_deep"),
    "deep objects": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "json.too_deep"),
}


@pytest.mark.parametrize(("body", "code"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_json_object_is_refused(sender, body, code):
    check(sender.send(body=body), 400, code)
    assert sender.questions() == 0


def test_brackets_in_a_text_are_no_depth(sender):
    assert sender.send(with_(case_number="[" * 60)).status_code == 200


def test_ten_megabytes_are_refused_and_memory_is_not_filled(sender):
    try:
        answer = sender.send(body=b" " * 10_000_000)
    except requests.ConnectionError:
        pass  # the face stops reading; some systems then never see the answer
    else:
        check(answer, 413, "http.too_large")
    assert sender.send().status_code == 200


def test_a_body_without_a_told_length_is_counted_while_it_is_read(sender):
    url = sender.url + "/v1/inquiry/ask"
    answer = requests.post(
        url,
        data=(b" " * 65536 for _ in range(20)),
        timeout=20,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 401  # who asks is not proven, so nothing is read at all


def test_another_media_type_is_refused(sender):
    answer = sender.send(headers={"Content-Type": "text/xml"})
    check(answer, 415, "http.media_type")
    assert "application/json" in answer.headers["accept"]


PATHS = {
    "no such path": ("POST", "/nowhere", 404, "http.not_found"),
    "no such contract": ("POST", "/v1/inquiry/guess", 404, "contract.unknown"),
    "no such version": ("POST", "/v9/inquiry/ask", 404, "contract.unknown"),
    "a contract of ops": ("POST", "/v1/inquiry/load_registry", 404, "contract.unknown"),
    "a command": ("POST", "/v1/inquiry/answer_batch_part", 404, "contract.unknown"),
    "another method": ("GET", "/v1/inquiry/ask", 405, "http.method"),
    "dots": ("POST", "/v1/inquiry/%2e%2e/ask", 404, "http.not_found"),
    "an encoded slash": ("POST", "/v1/inquiry%2Fask", 404, "http.not_found"),
}


@pytest.mark.parametrize(("method", "path", "status", "code"), PATHS.values(), ids=PATHS)
def test_a_wrong_path_or_method_is_a_problem_too(sender, method, path, status, code):
    answer = sender.send(path=path, method=method)
    reply = check(answer, status, code)
    if status == 405:
        assert answer.headers["allow"] == "POST"
    assert reply["instance"]


def test_a_long_address_and_large_headers_are_refused(sender):
    check(sender.send(path="/v1/inquiry/ask?" + "x" * 5_000), 414, "http.uri")
    check(sender.send(headers={"X-Much": "x" * 40_000}), 431, "http.headers")


SIGNATURES = {
    "not signed": ({"drop": ("Signature", "Signature-Input")}, 401, "signature.missing"),
    "half signed": ({"drop": ("Signature",)}, 401, "signature.missing"),
    "altered body": ({"signed_body": b"{}"}, 400, "digest.mismatch"),
    "expired": ({"now": 1_600_000_000}, 401, "signature.expired"),
    "of the future": ({"now": 4_000_000_000}, 401, "signature.not_yet_valid"),
    "too long": ({"life": 3_600}, 401, "signature.too_long"),
    "short nonce": ({"nonce": "short"}, 401, "signature.nonce_missing"),
}


@pytest.mark.parametrize(("how", "status", "code"), SIGNATURES.values(), ids=SIGNATURES)
def test_a_signature_that_fails_names_the_check(sender, how, status, code):
    check(sender.send(**how), status, code)
    assert sender.questions() == 0


def test_an_unknown_agency_is_refused(sender, stranger):
    check(sender.send(key=stranger), 401, "signature.unknown_key")


def test_a_bad_signature_of_a_known_key_is_refused(sender, stranger):
    stranger.keyid = sender.key.keyid
    check(sender.send(key=stranger), 401, "signature.bad")


def test_a_replayed_request_is_refused_and_reaches_no_service_twice(sender):
    nonce = "a-nonce-of-my-own-1"
    assert sender.send(nonce=nonce).status_code == 200
    check(sender.send(nonce=nonce), 401, "signature.replayed")
    assert sender.questions() == 1


def test_a_replay_does_not_slip_through_a_restart_of_the_face(own_sender):
    nonce, now = "a-nonce-of-my-own-2", time.time()
    assert own_sender.send(nonce=nonce, now=now).status_code == 200
    next_second()
    own_sender.face.process.stop()
    own_sender.face.restart()
    check(own_sender.send(nonce=nonce, now=now), 401, "signature.before_start")


def test_a_small_clock_skew_is_tolerated(sender):
    assert sender.send(now=time.time() + 30).status_code == 200


def test_an_altered_answered_path_is_refused(sender):
    reply = {"Content-Type": "application/json"}
    from bus.signatures.signing import sign_request

    reply |= sign_request(sender.key, "POST", sender.url + "/v1/inquiry/get", reply, b"{}")
    answer = requests.post(sender.url + "/v1/inquiry/ask", data=b"{}", headers=reply, timeout=10)
    check(answer, 401, "signature.bad")


def test_the_same_idempotency_key_and_body_get_the_same_answer(sender):
    headers = {"Idempotency-Key": '"one-question-only-once"'}
    first, again = sender.send(headers=headers), sender.send(headers=headers)
    assert first.json() == again.json()
    assert first.status_code == again.status_code == 200
    assert sender.questions() == 1


def test_the_same_idempotency_key_with_another_body_is_refused(sender):
    headers = {"Idempotency-Key": '"another-question-here"'}
    sender.send(headers=headers)
    check(sender.send(with_(key="9900000021"), headers=headers), 422, "idempotency_key.reused")
    assert sender.questions() == 1


@pytest.mark.parametrize(
    "key", ["unquoted-and-long-enough", '"short"', '""', '"' + "x" * 200 + '"']
)
def test_an_idempotency_key_that_cannot_be_read_is_refused(sender, key):
    check(sender.send(headers={"Idempotency-Key": key}), 400, "idempotency_key.invalid")


def test_the_rate_limit_is_told_and_kept(own_sender):
    path = own_sender.face.register / "fuel-co.toml"
    path.write_text(path.read_text().replace("requests = 6000", "requests = 3"))
    time.sleep(1)
    answers = [own_sender.send() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"agency";q=3;w=60'
    left = [int(answer.headers["ratelimit"].split("r=")[1].split(";")[0]) for answer in answers]
    assert left == [2, 1, 0, 0]
    check(answers[3], 429, "limit.reached")
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60


def test_a_revoked_key_is_refused_within_a_second(own_sender):
    assert own_sender.send().status_code == 200
    (own_sender.face.register / "fuel-co.toml").unlink()
    time.sleep(1)
    check(own_sender.send(), 401, "signature.unknown_key")


def test_a_broken_register_file_changes_nothing(own_sender):
    (own_sender.face.register / "fuel-co.toml").write_text("code = [")
    time.sleep(1)
    assert own_sender.send().status_code == 200
    assert "register_not_read" in own_sender.face.process.log


def test_while_the_service_is_away_the_problem_says_so_and_the_same_key_is_safe(
    lone_sender, running_inquiry, start
):
    running_inquiry["processes"][0].stop()
    headers = {"Idempotency-Key": '"asked-in-an-outage-1"'}
    answer = lone_sender.send(headers=headers)
    check(answer, 504, "deadline.passed")
    assert answer.headers["retry-after"]
    environ = {name: value for name, value in running_inquiry.items() if name != "processes"}
    start("bus", "serve", "services.inquiry", **environ)
    wait_for(lambda: lone_sender.send(headers=headers).status_code == 200)
    assert lone_sender.questions() == 1


def test_a_client_that_goes_away_in_the_middle_of_a_body_does_no_harm(sender):
    host, port = sender.url.removeprefix("http://").split(":")
    for _ in range(5):
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(b"POST /v1/inquiry/ask HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    for junk in (
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\n"
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ):
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(junk)
    assert sender.send().status_code == 200
    assert " 500" not in sender.face.process.log
    assert '"status": 500' not in sender.face.process.log


def test_the_catalogue_is_valid_openapi_and_every_problem_has_its_page(sender):
    from openapi_spec_validator import validate

    from gateway.http.problems import PROBLEMS

    validate(json.loads(requests.get(sender.url + "/openapi.json", timeout=10).content))
    page = requests.get(sender.url + "/problems/", timeout=10)
    assert page.status_code == 200
    for code in PROBLEMS:
        assert f"/problems/{code}" in page.text
    assert requests.get(sender.url + "/problems/signature.bad", timeout=10).status_code == 200
    assert requests.get(sender.url + "/problems/no.such", timeout=10).status_code == 404


def test_d12_a_number_with_a_zero_fraction_is_a_whole_number(sender):
    batch = "5a1c9e7d-0000-4000-8000-000000000001"

    def ask(limit):
        return sender.send(
            body=b'{"batch":"%s","limit":%s}' % (batch.encode(), limit),
            path="/v1/inquiry/read_batch",
        )

    for whole in (b"196", b"196.0", b"1.96e2"):
        assert (ask(whole).status_code, ask(whole).json()["code"]) == (404, "batch.not_found")
    for other in (b"196.5", b'"196"', b"true", b"501.0"):
        (fault,) = ask(other).json()["errors"]
        assert (fault["field"], ask(other).status_code) == ("limit", 422)
