"""A batch through every part: in order, bad lines included, nothing lost or doubled by a crash."""

import contextlib
import io
import json
import random
import threading
import time

import pytest
import requests

from bus.signatures.signing import sign_request
from connector import Refused
from tests.journeys.conftest import demo_caller
from tests.stores import execute
from tests.waiting import wait_for


def jsonl(keys, kind="national_id"):
    return b"".join(json.dumps({"key_kind": kind, "key": key}).encode() + b"\n" for key in keys)


def results_of(caller, batch, media_type="application/jsonl"):
    out = io.BytesIO()
    caller.download_batch(batch, out, media_type=media_type)
    return out.getvalue()


def test_each_line_gets_its_answer_in_order_and_a_bad_line_its_reason(fuel_co, demo_ids):
    good = [key for key in demo_ids[:30] if key.isascii() and len(key) == 10]
    lines = jsonl(good[:3]) + b"\n".join(
        [
            b"{not json",
            b'{"key_kind": "national_id", "key": "1234567890"}',
            b'{"key_kind": "shoe_size", "key": "42"}',
            b'{"key_kind": "national_id", "key": 5}',
            b'{"key_kind": "national_id", "key": "9900000013", "more": 1}',
            b"\xff\xfe",
            b'{"key_kind": "electricity_subscription", "key": "4063592512882"}',
            b'{"key_kind": "national_id", "key": "' + b"9" * 5000 + b'"}',
            '{"key_kind": "national_id", "key": "۹۹۰۰۰۰۰۰۱۳"}'.encode(),
            b"",
        ]
    )
    batch = fuel_co.submit_batch(lines, purpose="fuel_quota").data
    assert batch["lines"] == 12
    fuel_co.wait_for_batch(batch["batch"], seconds=30, pause=0.1)
    replies = [json.loads(line) for line in results_of(fuel_co, batch["batch"]).splitlines()]
    assert [line["line"] for line in replies] == list(range(1, 13))
    assert [line["key"] for line in replies[:3]] == good[:3]
    assert all(line["answer"] for line in replies[:3])
    codes = [line["problem"]["code"] for line in replies[3:11]]
    assert codes == [
        "line.unreadable",
        "national_id.check_digit",
        "choice",
        "not_a_string",
        "unknown_field",
        "line.unreadable",
        "key_kind.not_for_purpose",
        "line.unreadable",
    ]
    assert replies[11]["answer"]["outcome"] == "NOT_FOUND"
    assert replies[11]["key"] == "9900000013"


def test_csv_goes_in_and_comes_out_and_no_cell_is_a_formula(fuel_co):
    upload = b"key,key_kind\r\n9900000013,national_id\r\n=1+1,national_id\r\n"
    batch = fuel_co.submit_batch(upload, purpose="fuel_quota", media_type="text/csv").data
    fuel_co.wait_for_batch(batch["batch"], seconds=30, pause=0.1)
    rows = results_of(fuel_co, batch["batch"], "text/csv").decode().splitlines()
    assert rows[0].startswith("line,key_kind,key,outcome")
    assert rows[1].startswith("1,national_id,9900000013,NOT_FOUND,Q-")
    assert rows[2].startswith("2,national_id,'=1+1,")


def test_a_small_batch_may_be_one_json_object(fuel_co):
    response = fuel_co.post(
        "/v1/inquiry/submit_batch",
        json.dumps(
            {
                "purpose": "fuel_quota",
                "keys": [{"key_kind": "national_id", "key": "9900000013"}] * 3,
            }
        ).encode(),
        idempotency_key="a-small-batch-of-three",
    )
    assert response.data["lines"] == 3


def test_the_same_upload_again_is_the_same_batch_and_another_body_is_refused(fuel_co):
    first = fuel_co.submit_batch(
        jsonl(["9900000013"]), purpose="fuel_quota", idempotency_key="one-batch-only-once"
    ).data
    again = fuel_co.submit_batch(
        jsonl(["9900000013"]), purpose="fuel_quota", idempotency_key="one-batch-only-once"
    ).data
    assert again == first
    with pytest.raises(Refused) as refused:
        fuel_co.submit_batch(
            jsonl(["9900000021"]), purpose="fuel_quota", idempotency_key="one-batch-only-once"
        )
    assert (refused.value.code, refused.value.status) == ("idempotency_key.reused", 422)


def test_a_batch_is_its_submitters_alone(fuel_co, justice):
    batch = fuel_co.submit_batch(jsonl(["9900000013"]), purpose="fuel_quota").data["batch"]
    with pytest.raises(Refused) as refused:
        justice.batch_status(batch)
    assert refused.value.code == "batch.not_found"


@pytest.mark.parametrize(
    ("purpose", "code"),
    [
        ("court_case", "purpose.not_granted"),
        ("agriculture_aid", "grant.expired"),
        ("curiosity", "purpose.unknown"),
    ],
)
def test_a_batch_without_a_lawful_purpose_is_refused_and_logged(fuel_co, log, purpose, code):
    with pytest.raises(Refused) as refused:
        fuel_co.submit_batch(jsonl(["9900000013"]), purpose=purpose)
    assert refused.value.code == code
    # Answers of an earlier batch may still be written.
    rows = [row for row in log.rows("contract, outcome") if row[0] == "inquiry.submit_batch.v1"]
    assert rows == [("inquiry.submit_batch.v1", code)]


def test_more_than_a_hundred_thousand_lines_are_refused(fuel_co):
    with pytest.raises(Refused) as refused:
        fuel_co.submit_batch(b'{"key_kind":"file_no","key":"1"}\n' * 100_001, purpose="fuel_quota")
    assert refused.value.code == "batch.too_long"


def test_killing_any_process_during_a_batch_of_ten_thousand_loses_and_doubles_nothing(
    start, running_inquiry, agency_face, demo_ids
):
    caller = demo_caller(agency_face, "fuel-co", timeout=60)
    keys = (demo_ids * 3)[:10_000]
    environ = {name: value for name, value in running_inquiry.items() if name != "processes"}
    service, relay = running_inquiry["processes"]
    batch = caller.submit_batch(jsonl(keys), purpose="fuel_quota").data["batch"]
    chance = random.Random(1405)
    caught = []
    for _ in range(4):
        time.sleep(chance.uniform(0.3, 0.9))
        service.kill()
        caught.append(execute(running_inquiry["DB_URL"], "select answered from batches")[0][0])
        service = start("bus", "serve", "services.inquiry", **environ)
        time.sleep(chance.uniform(0.2, 0.6))
        relay.kill()
        relay = start("bus", "relay", "services.inquiry", **environ)
    wait_for(lambda: caller.batch_status(batch)["state"] == "DONE", 90, pause=0.5)
    assert any(0 < count < 10_000 for count in caught), "no kill fell into the work"
    replies = [json.loads(line) for line in results_of(caller, batch).splitlines()]
    answered = [line for line in replies if line["answer"]]
    db = running_inquiry["DB_URL"]
    assert [line["line"] for line in replies] == list(range(1, 10_001))
    assert all(line["answer"] or line["problem"] for line in replies)
    assert execute(db, "select count(*) from inquiries") == [(len(answered),)]
    assert len({line["answer"]["tracking_code"] for line in answered}) == len(answered)
    logged = execute(
        db,
        "select count(*), count(distinct message_id) from inquiry_log "
        "where contract = 'inquiry.ask.v1'",
    )[0]
    valid = sum(
        line["problem"] is None or line["problem"]["code"] == "key_kind.not_for_purpose"
        for line in replies
    )
    assert logged == (valid, valid)
    assert execute(db, "select count(*) from outbox where name = 'inquiry.batch_answered.v1'") == [
        (1,)
    ]


def test_killing_the_gateway_in_the_middle_of_an_upload_leaves_a_batch_that_can_be_sent_again(
    running_inquiry, agency_face, demo_ids
):
    caller = demo_caller(agency_face, "fuel-co", timeout=60)
    lines = jsonl((demo_ids * 2)[:5_000])
    half_way = threading.Event()

    def slowly():
        yield lines[: len(lines) // 2]
        half_way.set()
        time.sleep(5)  # about time: the gateway is killed while the second half has not come
        yield lines[len(lines) // 2 :]

    def upload():
        url = f"{agency_face}/v1/inquiry/submit_batch?purpose=fuel_quota"
        headers = {"Content-Type": "application/jsonl", "Idempotency-Key": '"sent-twice-in-doubt"'}
        headers |= sign_request(caller._key, "POST", url, headers, lines)
        with contextlib.suppress(requests.RequestException):
            requests.post(url, data=slowly(), headers=headers, timeout=30)

    thread = threading.Thread(target=upload)
    thread.start()
    half_way.wait(10)
    db = running_inquiry["DB_URL"]
    wait_for(lambda: execute(db, "select count(*) from batch_lines")[0][0] >= 1_000)
    agency_face.process.kill()
    thread.join(30)
    assert execute(db, "select state from batches") == [("RECEIVING",)]
    agency_face.restart()
    batch = caller.submit_batch(lines, purpose="fuel_quota", idempotency_key="sent-twice-in-doubt")
    caller.wait_for_batch(batch.data["batch"], seconds=60, pause=0.2)
    assert execute(db, "select count(*), count(distinct line) from batch_lines") == [(5_000, 5_000)]
    assert execute(db, "select count(*) from batches") == [(1,)]
