"""The caller against a Mirab that misbehaves: what it repeats, refuses to believe, and says."""

import io
import socket
import time

import pytest
import requests

from bus.errors import ContractError, SignatureError
from bus.signatures.keys import SigningKey
from connector import Caller, Refused, Unreachable
from connector.sending import base_of
from tests.connector.conftest import (
    ANSWER,
    QUESTION,
    answer,
    hang_up,
    hang_up_half_way,
    problem,
)


def nonces(sandbox):
    return [verified.nonce for *_, verified in sandbox.visits]


def idempotency_keys(sandbox):
    return [headers["idempotency-key"] for _, headers, *_ in sandbox.visits]


def test_a_question_is_asked_once_and_its_answer_is_proven(caller, sandbox):
    reply = caller.ask(**QUESTION, case_number="F-12")
    assert reply.data == ANSWER
    assert reply.evidence.verify(caller.server_keys).keyid == "mirab-2026"
    [(path, headers, body, _)] = sandbox.visits
    assert path == "/v1/inquiry/ask"
    assert b'"case_number":"F-12"' in body
    assert b"operator" not in body
    assert '"idempotency-key"' in headers["signature-input"]


@pytest.mark.parametrize(
    "trouble",
    [
        hang_up,
        answer(503, unsigned=True),
        answer(502, unsigned=True, sent=b"<html>"),
        problem(503, "unavailable", Retry_After="1"),
        problem(429, "limit.reached", Retry_After="1"),
        problem(401, "signature.before_start"),
    ],
)
def test_what_fails_in_passing_is_asked_again_with_the_same_key_and_a_new_nonce(
    caller, sandbox, trouble
):
    sandbox.plan = [trouble, trouble]
    assert caller.ask(**QUESTION).data == ANSWER
    assert len(sandbox.visits) == 3
    assert len(set(idempotency_keys(sandbox))) == 1
    assert len(set(nonces(sandbox))) == 3


def test_retry_after_is_kept(caller, sandbox):
    sandbox.plan = [problem(429, "limit.reached", Retry_After="2")]
    started = time.monotonic()
    caller.ask(**QUESTION)
    assert time.monotonic() - started >= 2


def test_a_wait_beyond_the_deadline_is_not_begun(caller, sandbox):
    sandbox.plan = [problem(429, "limit.reached", Retry_After="60")]
    with pytest.raises(Refused) as refused:
        caller.ask(**QUESTION)
    assert refused.value.code == "limit.reached"
    assert refused.value.retry_after == 60
    assert len(sandbox.visits) == 1


def test_the_deadline_holds_for_all_attempts_together(sandbox, agency):
    sandbox.plan = [hang_up] * 100
    with pytest.raises(Unreachable, match="same Idempotency-Key"):
        Caller(sandbox.url, agency, timeout=1).ask(**QUESTION)
    assert 2 <= len(sandbox.visits) < 100


def test_nobody_at_the_address_is_said_so(agency):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(Unreachable, match="check the address"):
            Caller(url, agency, timeout=0.5).ask(**QUESTION)


def test_a_refusal_is_not_repeated_and_tells_all(caller, sandbox):
    sandbox.plan = [problem(403, "purpose.not_granted")]
    with pytest.raises(Refused) as refused:
        caller.ask(**QUESTION)
    error = refused.value
    assert (error.status, error.code, error.trace_id) == (403, "purpose.not_granted", "t" * 32)
    assert error.errors[0]["field"] == "purpose"
    assert str(error) == "purpose.not_granted: No. Do otherwise."
    assert error.evidence.verify(caller.server_keys).keyid == "mirab-2026"
    assert len(sandbox.visits) == 1


def test_a_refusal_by_a_proxy_on_the_way_is_told_by_its_status(caller, sandbox):
    sandbox.plan = [answer(407, unsigned=True, sent=b"<html>", body=b"")]
    with pytest.raises(Refused) as refused:
        caller.ask(**QUESTION)
    assert (refused.value.code, refused.value.evidence) == ("http.407", None)


def test_an_unsigned_answer_is_not_believed(caller, sandbox):
    sandbox.plan = [answer(unsigned=True)]
    with pytest.raises(Unreachable, match="not proven"):
        caller.ask(**QUESTION)


@pytest.mark.parametrize(
    ("forged", "code"),
    [
        (answer(sent=b'{"outcome":"FOUND"}'), "digest.mismatch"),
        (answer(key=SigningKey.new("mirab-2026")), "signature.bad"),
        (answer(key=SigningKey.new("mirab-2099")), "signature.unknown_key"),
        (answer(status_sent=202), "signature.bad"),
        (problem(403, "forbidden", status_sent=404), "signature.bad"),
        (answer(Content_Type="text/plain"), "signature.bad"),
    ],
)
def test_a_forged_answer_is_not_believed(caller, sandbox, forged, code):
    sandbox.plan = [forged]
    with pytest.raises(SignatureError) as refused:
        caller.ask(**QUESTION)
    assert refused.value.code == code


def test_the_answer_to_another_question_is_not_believed(caller, sandbox):
    kept = []

    def keep(visit, request):
        kept.append(request)
        answer()(visit, request)

    def replay(visit, request):
        answer(to=kept[0])(visit, request)

    sandbox.plan = [keep, replay]
    caller.ask(**QUESTION)
    with pytest.raises(SignatureError) as refused:
        caller.ask(**QUESTION)
    assert refused.value.code == "signature.bad"


def test_a_new_key_of_mirab_is_read_when_it_is_first_met(caller, sandbox):
    caller.ask(**QUESTION)
    sandbox.key = SigningKey.new("mirab-2027")
    assert caller.ask(**QUESTION).data == ANSWER
    assert list(caller.server_keys) == ["mirab-2027"]


def test_keys_that_were_given_are_never_replaced_by_what_the_address_tells(sandbox, agency):
    fields = {"mirab-2026": sandbox.key.public}
    caller = Caller(sandbox.url, agency, server_keys=fields)
    assert caller.ask(**QUESTION).data == ANSWER
    sandbox.key = SigningKey.new("mirab-2027")
    with pytest.raises(SignatureError) as refused:
        caller.ask(**QUESTION)
    assert refused.value.code == "signature.unknown_key"


@pytest.mark.parametrize("page", [b"<html>hello</html>", b"{}", b"[]", b'{"keys": 7}'])
def test_an_address_without_keys_is_said_to_be_none_of_mirabs(caller, sandbox, page):
    sandbox.published = page
    with pytest.raises(Unreachable, match="is it the agency face of Mirab"):
        caller.ask(**QUESTION)


def test_a_redirect_is_told_not_followed(caller, sandbox):
    sandbox.plan = [answer(308, unsigned=True, Location="https://elsewhere.example/")]
    with pytest.raises(Unreachable, match=r"https://elsewhere\.example/"):
        caller.ask(**QUESTION)
    assert len(sandbox.visits) == 1


def test_a_question_that_breaks_its_contract_is_not_sent(caller, sandbox):
    with pytest.raises(ContractError) as refused:
        caller.ask(key_kind="national_id", key="1234567890", purpose="fuel_quota")
    assert [field.field for field in refused.value.fields] == ["key"]
    with pytest.raises(ContractError):
        caller.call("inquiry.ask.v1", {**QUESTION, "more": 1})
    assert sandbox.visits == []


def test_words_that_make_no_sense_are_refused_at_once(caller, sandbox, agency):
    with pytest.raises(ValueError, match=r"inquiry\.ask\.v1"):
        caller.call("inquiry.guess.v1", {})
    with pytest.raises(ValueError, match="16 to 128"):
        caller.ask(**QUESTION, idempotency_key="short")
    for url in ("mirab.example", "ftp://mirab.example", "https://", "https://mirab.example/?a=b"):
        with pytest.raises(ValueError, match="address"):
            Caller(url, agency)
    assert sandbox.visits == []


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://Mirab.Example/", "https://mirab.example"),
        ("HTTPS://mirab.example:443", "https://mirab.example"),
        ("http://mirab.example:80/bus/", "http://mirab.example/bus"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
    ],
)
def test_the_address_that_is_signed_is_the_one_that_the_server_sees(url, base):
    assert base_of(url) == base


# batches


def test_a_batch_is_uploaded_from_bytes_a_file_or_objects(caller, sandbox, tmp_path):
    keys = [{"key_kind": "file_no", "key": "1001/5"}] * 2
    file = tmp_path / "keys.csv"
    file.write_text("key_kind,key\nfile_no,1001/5\n")
    caller.submit_batch(keys, purpose="fuel_quota", case_number="F 12")
    caller.submit_batch(file, purpose="fuel_quota")
    caller.submit_batch(b"{}\n", purpose="fuel_quota", as_of="2026-11-23T08:30:00Z")
    paths, bodies = zip(*[(path, body) for path, _, body, _ in sandbox.visits], strict=True)
    types = [headers["content-type"] for _, headers, *_ in sandbox.visits]
    assert paths[0] == "/v1/inquiry/submit_batch?purpose=fuel_quota&case_number=F+12"
    assert bodies[0] == b'{"key_kind":"file_no","key":"1001/5"}\n' * 2
    assert types == ["application/jsonl", "text/csv", "application/jsonl"]
    assert bodies[1] == file.read_bytes()


def test_a_result_is_written_as_it_streams_and_proven(caller, sandbox):
    body = b'{"line":1}\n' * 100_000
    sandbox.plan = [hang_up, problem(503, "unavailable"), answer(body=body)]
    out = io.BytesIO()
    caller.download_batch("b" * 36, out)
    assert out.getvalue() == body


@pytest.mark.parametrize(
    ("broken", "error", "text"),
    [
        (answer(body=b"good\n", sent=b"evil\n"), SignatureError, "body is not the one"),
        (answer(body=b"good\n", key=SigningKey.new("mirab-2026")), SignatureError, "not hold"),
        (answer(body=b"good\n", unsigned=True), Unreachable, "not proven"),
        (hang_up_half_way, Unreachable, "broke off"),
        (problem(409, "batch.not_ready"), Refused, "batch.not_ready"),
    ],
)
def test_a_result_that_is_not_whole_and_proven_is_not_taken(caller, sandbox, broken, error, text):
    sandbox.plan = [broken]
    with pytest.raises(error, match=text):
        caller.download_batch("b" * 36, io.BytesIO())


def test_waiting_for_a_batch_shows_progress_and_has_an_end(caller, sandbox):
    half = {"batch": "b", "state": "ANSWERING", "answered": 1, "lines": 2}
    sandbox.plan = [answer(reply=half), answer(reply={**half, "state": "DONE", "answered": 2})]
    entries = []
    caller.wait_for_batch(
        "b" * 36, pause=0.01, progress=lambda now: entries.append(now["answered"])
    )
    assert entries == [1, 2]
    sandbox.plan = [answer(reply=half)] * 1000
    with pytest.raises(Unreachable, match="1 of 2 lines"):
        caller.wait_for_batch("b" * 36, seconds=0.1, pause=0.01)


def test_a_session_of_the_agencys_own_is_used(sandbox, agency):
    with requests.Session() as session:
        session.headers["User-Agent"] = "fuel-co/1"
        Caller(sandbox.url, agency, session=session).ask(**QUESTION)
    assert sandbox.visits[0][1]["user-agent"] == "fuel-co/1"
