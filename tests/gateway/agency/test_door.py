"""Who is let in, for which contract, in which form; and that each answer proves itself."""

import csv
import io
import json
import time

import pytest
import requests

from bus.signatures.keys import PublicKey
from bus.signatures.signing import HttpMessage, sign_request, verify_response
from connector.caller import Caller
from tests.gateway.agency.test_bad_input import check, with_
from tests.gateway.conftest import GOOD
from tests.waiting import wait_for


def change(face, old, new, agency="fuel-co"):
    """Changes the register, and waits until it is in force."""
    path = face.register / f"{agency}.toml"
    text = path.read_text()
    assert old in text
    before = face.process.log.count("register_read")
    path.write_text(text.replace(old, new))
    # The register is looked at when somebody asks.
    wait_for(lambda: knock(face) and face.process.log.count("register_read") > before)


def knock(face):
    requests.post(
        f"{face}/v1/inquiry/ask",
        data=b"{}",
        headers={
            "Signature-Input": 'm=("@method" "@target-uri" "content-digest" "content-type");'
            f"created={int(time.time())};expires={int(time.time()) + 60};"
            'nonce="0123456789abcdef";keyid="nobody";tag="mirab"',
            "Signature": "m=:AAAA:",
            "Content-Type": "application/json",
            "Content-Digest": "sha-256=:AAAA:",
        },
        timeout=10,
    )
    return True


def test_a_key_out_of_date_is_refused(own_sender):
    change(own_sender.face, "until = 2030-12-31\n\n[[grants]]", "until = 2025-01-01\n\n[[grants]]")
    check(own_sender.send(), 401, "identity.key_expired")
    assert own_sender.questions() == 0


def test_a_contract_without_a_grant_is_refused_at_the_door(own_sender):
    change(own_sender.face, '"inquiry.*"', '"inquiry.ask.v1"')
    reply = {"tracking_code": "Q-AAAA-AAAA-A"}
    check(own_sender.send(reply, path="/v1/inquiry/get"), 403, "contract.not_granted")
    assert own_sender.questions() == 0


def test_a_contract_whose_grant_has_ended_is_refused_at_the_door(own_sender):
    granted = 'purposes = ["fuel_quota"]\nuntil = '
    change(own_sender.face, granted + "2030-12-31", granted + "2025-01-01")
    reply = {"tracking_code": "Q-AAAA-AAAA-A"}
    check(own_sender.send(reply, path="/v1/inquiry/get"), 403, "contract.grant_expired")
    assert own_sender.questions() == 0


def test_a_question_without_any_grant_is_the_services_to_refuse_and_is_logged(own_sender):
    change(own_sender.face, '"inquiry.*"', '"other.*"')
    check(own_sender.send(), 403, "purpose.not_granted", "purpose")
    assert own_sender.rows() == [("purpose.not_granted",)]


def test_a_member_that_stands_twice_is_refused(sender):
    body = json.dumps(GOOD)[:-1] + ', "purpose": "court_case"}'
    check(sender.send(body=body.encode()), 400, "json.member_twice")
    assert sender.questions() == 0


@pytest.mark.parametrize("path", ["/v1/inquiry/ask", "/v1/inquiry/submit_batch"])
def test_a_form_of_the_answer_that_we_do_not_have_is_refused(sender, path):
    check(sender.send(path=path, headers={"Accept": "text/xml"}), 406, "http.not_acceptable")
    assert sender.questions() == 0


@pytest.mark.parametrize("media", ["application/jsonl", "text/csv"])
def test_a_parameter_that_stands_twice_is_refused(sender, media):
    answer = sender.send(
        path="/v1/inquiry/submit_batch?purpose=fuel_quota&purpose=court_case",
        body=b"",
        headers={"Content-Type": media},
    )
    check(answer, 400, "query.repeated")


def test_an_unknown_parameter_and_a_missing_purpose_of_an_upload_are_named(sender):
    reply = {"Content-Type": "text/csv"}
    path = "/v1/inquiry/submit_batch"
    check(sender.send(path=path, body=b"", headers=reply), 422, "contract.broken", "purpose")
    path += "?purpose=fuel_quota&colour=red"
    check(sender.send(path=path, body=b"", headers=reply), 422, "contract.broken", "colour")


def test_csv_without_its_header_is_refused(sender):
    answer = sender.send(
        path="/v1/inquiry/submit_batch?purpose=fuel_quota",
        body=b"9900000013,national_id\n",
        headers={"Content-Type": "text/csv"},
    )
    check(answer, 422, "contract.broken", "line")


def test_an_empty_upload_is_refused(sender):
    answer = sender.send(
        path="/v1/inquiry/submit_batch?purpose=fuel_quota",
        body=b"\n\n",
        headers={"Content-Type": "application/jsonl"},
    )
    check(answer, 422, "batch.empty")


def test_an_altered_upload_becomes_no_batch(sender):
    lines = b'{"key_kind":"national_id","key":"9900000013"}\n'
    answer = sender.send(
        path="/v1/inquiry/submit_batch?purpose=fuel_quota",
        body=lines,
        signed_body=lines + lines,
        headers={"Content-Type": "application/jsonl"},
    )
    check(answer, 400, "digest.mismatch")
    assert sender.questions() == 0


@pytest.mark.parametrize(
    ("media", "name"), [("application/jsonl", "batch.jsonl"), ("text/csv", "batch.csv")]
)
def test_a_downloaded_file_has_a_name_and_proves_itself(sender, media, name):
    caller = Caller(sender.url, sender.key)
    lines = b'{"key_kind":"national_id","key":"9900000013"}\n' * 3
    batch = caller.submit_batch(lines, purpose="fuel_quota").data["batch"]
    caller.wait_for_batch(batch, seconds=30, pause=0.1)
    answer = sender.send(
        {"batch": batch}, path="/v1/inquiry/read_batch", headers={"Accept": media + ", */*;q=0.1"}
    )
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["content-type"].startswith(media)
    caller.download_batch(batch, io.BytesIO(), media_type=media)


def test_l4_a_line_of_a_file_says_whether_water_may_be_taken_and_what_stands_beside(sender):
    caller = Caller(sender.url, sender.key)
    lines = b'{"key_kind":"national_id","key":"9905251782"}\n'
    batch = caller.submit_batch(lines, purpose="fuel_quota").data["batch"]
    caller.wait_for_batch(batch, seconds=30, pause=0.1)
    file = io.BytesIO()
    caller.download_batch(batch, file, media_type="text/csv")
    (row,) = csv.DictReader(io.StringIO(file.getvalue().decode("utf-8-sig")))
    answer = caller.ask(key_kind="national_id", key="9905251782", purpose="fuel_quota").data
    (source,) = answer["sources"]
    assert row["status_groups"] == source["status"]["group"]
    assert row["status_flags"] == ("+".join(source["status"]["flags"]) or "none")
    assert row["limits"].split() == [limit["code"] for limit in answer["limits"]]


def test_a_batch_that_is_not_done_is_not_given_as_a_file(lone_sender):
    lone_sender.face.inquiry["processes"][1].stop()  # without the relay no part is answered
    caller = Caller(lone_sender.url, lone_sender.key)
    line = b'{"key_kind":"national_id","key":"9900000013"}\n'
    batch = caller.submit_batch(line, purpose="fuel_quota").data["batch"]
    answer = lone_sender.send(
        {"batch": batch}, path="/v1/inquiry/read_batch", headers={"Accept": "text/csv"}
    )
    check(answer, 409, "batch.not_ready")


def test_a_replay_takes_nothing_of_the_agencys_rate(own_sender):
    change(own_sender.face, "requests = 6000", "requests = 3")
    nonce = "a-nonce-of-my-own-3"
    assert own_sender.send(nonce=nonce).status_code == 200
    for _ in range(5):
        check(own_sender.send(nonce=nonce), 401, "signature.replayed")
    assert own_sender.send().status_code == 200


def test_every_answer_also_a_problem_is_signed_with_its_question(sender):
    jwks = requests.get(f"{sender.url}/.well-known/jwks.json", timeout=10).json()
    keys = {jwk["kid"]: PublicKey.from_jwk(jwk) for jwk in jwks["keys"]}
    for data in (GOOD, with_(key="9900000014"), with_(purpose="court_case")):
        url, body = f"{sender.url}/v1/inquiry/ask", json.dumps(data).encode()
        headers = {"Content-Type": "application/json"}
        headers |= sign_request(sender.key, "POST", url, headers, body)
        answer = requests.post(url, data=body, headers=headers, timeout=10)
        request = HttpMessage({n.lower(): v for n, v in headers.items()}, "POST", url)
        reply = {n.lower(): v for n, v in answer.headers.items()}
        message = HttpMessage(reply, status=answer.status_code, request=request)
        assert verify_response(message, keys.get, answer.content).keyid in keys


def test_a_trace_that_was_given_is_carried_and_a_broken_one_replaced(sender):
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = sender.send(headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert answer.headers["traceparent"].split("-")[1] == trace
    answer = sender.send(headers={"traceparent": "00-zz-1-01"})
    assert len(answer.headers["traceparent"].split("-")[1]) == 32


def test_the_catalogue_is_a_page_under_two_names(sender):
    pages = [requests.get(sender.url + path, timeout=10) for path in ("/", "/docs")]
    assert pages[0].text == pages[1].text
    assert "/reference/inquiry.ask.v1" in pages[0].text
