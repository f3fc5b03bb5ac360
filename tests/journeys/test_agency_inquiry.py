"""Walk A: an agency asks, the water company answers, through every part."""

import pytest

from connector import Refused
from tests.processes import run_module


def test_an_agency_asks_and_gets_a_lawful_signed_logged_answer(fuel_co, someone, log):
    answer = fuel_co.ask(
        key_kind="national_id",
        key=someone,
        purpose="fuel_quota",
        case_number="F-12",
        operator="op-7",
    )
    reply = answer.data
    assert reply["outcome"] == "FOUND"
    assert reply["agency"] == "fuel-co"
    assert reply["case_number"] == "F-12"
    assert {"file_no", "role", "status", "licence", "technical"} == set(reply["sources"][0])
    assert answer.evidence.verify(fuel_co.server_keys)
    rows = log.rows("agency, contract, purpose, operator, outcome, tracking_code, key_hash")
    assert rows == [
        (
            "fuel-co",
            "inquiry.ask.v1",
            "fuel_quota",
            "op-7",
            "FOUND",
            reply["tracking_code"],
            rows[0][6],
        )
    ]
    assert someone not in rows[0][6]


def test_the_answer_can_be_read_again_by_its_asker_only(fuel_co, justice, someone):
    reply = fuel_co.ask(key_kind="national_id", key=someone, purpose="fuel_quota").data
    assert fuel_co.call("inquiry.get.v1", {"tracking_code": reply["tracking_code"]}).data == reply
    with pytest.raises(Refused) as other:
        justice.call("inquiry.get.v1", {"tracking_code": reply["tracking_code"]})
    with pytest.raises(Refused) as missing:
        justice.call("inquiry.get.v1", {"tracking_code": "Q-2222-2222-2222"})
    assert (other.value.code, missing.value.code) == ("answer.not_found", "answer.not_found")


def test_a_refused_question_leaves_its_row_too(fuel_co, someone, log):
    with pytest.raises(Refused) as refused:
        fuel_co.ask(key_kind="national_id", key=someone, purpose="court_case")
    assert refused.value.code == "purpose.not_granted"
    assert refused.value.errors[0]["field"] == "purpose"
    assert log.rows("agency, purpose, outcome") == [
        ("fuel-co", "court_case", "purpose.not_granted")
    ]


def test_the_log_stays_whole_and_the_audit_says_so(fuel_co, someone, log):
    for _ in range(5):
        fuel_co.ask(key_kind="national_id", key=someone, purpose="fuel_quota")
    audit = run_module("services.inquiry.audit", DB_URL=log.db)
    assert audit.returncode == 0
    assert audit.stdout.startswith("whole: ")


def test_nobody_is_found_and_that_is_an_answer(fuel_co):
    reply = fuel_co.ask(key_kind="national_id", key="9900000013", purpose="fuel_quota").data
    assert reply["outcome"] == "NOT_FOUND"
    assert reply["searched"] == {"key_kind": "national_id", "key": "9900000013"}
    assert reply["sources"] == []


def test_no_personal_data_is_in_any_log(fuel_co, someone, shared_face):
    fuel_co.ask(key_kind="national_id", key=someone, purpose="fuel_quota", operator="op-secret")
    logs = "".join(
        path.read_text(encoding="utf-8") for path in shared_face.register.parent.glob("*.log")
    )
    assert "inquiry.ask.v1" in logs
    assert someone not in logs
    assert "op-secret" not in logs


def test_one_trace_is_in_the_answer_and_the_logs_of_gateway_and_service(
    fuel_co, someone, log, shared_face
):
    answer = fuel_co.ask(key_kind="national_id", key=someone, purpose="fuel_quota")
    trace = answer.headers["traceparent"].split("-")[1]
    replies = [
        path.name
        for path in shared_face.register.parent.glob("*.log")
        if trace in path.read_text(encoding="utf-8")
    ]
    assert len(replies) == 2
    assert log.rows("trace_id") == [(trace,)]
