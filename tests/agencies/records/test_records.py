"""The operational record in hand: noted, found by any id, read by the agency itself, forgotten."""

import datetime as dt

import pytest

from bus.envelope import Envelope
from bus.process.records import RECORDS, CallRecord, Recorder, digest_of, safe_id
from bus.settings import Settings
from contracts.agencies.records import FIND_CALLS, NOTE_CALLS, READ_RECORDS, RECORD_CALLS
from contracts.agencies.traffic import TRAFFIC
from tests.agencies.feeds.hearers import Hand
from tests.stores import execute

CODE = "fuel-co"
TRACE, OTHER = "a" * 32, "b" * 32


@pytest.fixture
def hand(agencies_db):
    made = Hand(agencies_db)
    yield made
    made.store.engine.dispose()


def at(hand, **span):
    """A moment before now, in milliseconds."""
    return int((hand.moment - dt.timedelta(**span)).timestamp() * 1000)


def record(hand, **more):
    began = more.pop("request_in", at(hand, seconds=5))
    made = CallRecord("client", "inquiry.ask.v1", TRACE, began, "gateway.agency", agency=CODE)
    made.response_out, made.message_id = began + 12, "0" * 8 + "-1111-1111-1111-" + "2" * 12
    for name, value in more.items():
        setattr(made, name, value)
    return made.to_wire("agency", "host-1")


def test_a_call_is_found_by_each_of_its_ids_and_filters(hand):
    keys = [digest_of("my-idempotency-key")]
    refused = record(hand, trace_id=OTHER, outcome="refused", code="signature.bad", message_id=None)
    service = record(hand, side="service", source="gateway.agency")
    hand.call(NOTE_CALLS, records=[record(hand, keys=keys), refused], sums=[])
    hand.call(RECORD_CALLS, records=[service], sums=[])

    def traces(**filters):
        message = Envelope.new(FIND_CALLS.name, "test", caller={"face": "ops"})
        reply = hand._worked("find_calls", message, FIND_CALLS, filters)
        return [row["trace_id"] for row in reply["records"]]

    assert traces() == [OTHER, TRACE]
    for id_ in (TRACE, record(hand)["message_id"], "my-idempotency-key"):
        assert traces(id=id_) == [TRACE]
    assert traces(id="9900000013") == []
    assert traces(outcome="refused") == traces(agency=CODE, limit=1) == [OTHER]
    assert traces(contract="inquiry.get.v1") == traces(agency="justice") == []
    assert traces(until="2026-01-01T00:00:00Z") == []
    both = hand.call(FIND_CALLS, id=TRACE, both_sides=True)["records"]
    assert [row["side"] for row in both] == ["client", "service"]
    first = hand.call(FIND_CALLS, limit=1)
    assert traces(before=first["next"]) == [TRACE]


def test_an_agency_reads_its_own_calls_alone(hand):
    early = record(
        hand, request_in=at(hand, hours=2), trace_id=OTHER, way="oauth:mtls:RS256", receipt="c" * 43
    )
    theirs = record(hand, agency="justice")
    hand.call(NOTE_CALLS, records=[early, record(hand), theirs], sums=[])
    shown = hand.call(READ_RECORDS, asker=CODE)["records"]
    assert [row["trace_id"] for row in shown] == [TRACE, OTHER]
    assert [row["way"] for row in shown] == [None, "oauth:mtls:RS256"]
    assert [row["receipt"] for row in shown] == [None, "c" * 43]
    assert shown[0]["response_out"] - shown[0]["request_in"] == 12
    since = (hand.moment - dt.timedelta(hours=1)).isoformat()
    lately = hand.call(READ_RECORDS, asker=CODE, since=since)["records"]
    assert [row["trace_id"] for row in lately] == [TRACE]
    assert hand.call(READ_RECORDS, asker="power-co")["records"] == []
    assert hand.call(READ_RECORDS)["code"] == "agency.only"


def test_sums_of_two_processes_add_up_and_a_week_is_kept(hand):
    recorder = Recorder()
    for _ in range(3):
        recorder.keep(CallRecord("client", "inquiry.ask.v1", TRACE, at(hand, minutes=2), ""))
    batch = recorder.take()
    assert [sum_["count"] for sum_ in batch["sums"]] == [3]
    hand.call(NOTE_CALLS, **batch)
    hand.call(NOTE_CALLS, **(batch | {"records": []}))
    assert execute(hand.db, "select count from call_sums") == [(6,)]
    hand.moment += dt.timedelta(days=6)
    hand.service.forget_records.__wrapped__(hand.service)
    assert len(hand.call(FIND_CALLS)["records"]) == 3
    hand.moment += dt.timedelta(days=2)
    hand.service.forget_records.__wrapped__(hand.service)
    assert hand.call(FIND_CALLS)["records"] == []
    assert execute(hand.db, "select count from call_sums") == [(6,)]


def test_what_is_over_the_budget_is_only_counted_and_no_foreign_id_is_kept():
    recorder = Recorder()
    recorder.configure("agency", Settings({"RECORDS_A_SECOND": "0"}))
    before = RECORDS.labels("counted")._value.get()
    for _ in range(5):
        recorder.keep(CallRecord("client", "inquiry.ask.v1", TRACE, 60_000, ""))
    assert RECORDS.labels("counted")._value.get() == before + 5
    batch = recorder.take()
    assert (batch["records"], batch["sums"][0]["count"]) == ([], 5)
    assert recorder.take() is None
    assert "9900000013" not in safe_id("fuel-co/9900000013")
    assert safe_id(TRACE) == TRACE


def test_operators_read_how_much_agencies_called_and_what_they_were_refused(hand):
    def sum_(agency, code, count, minutes):
        return {
            "minute": at(hand, minutes=minutes),
            "side": "client",
            "contract": "inquiry.ask.v1",
            "agency": agency,
            "code": code,
            "count": count,
            "milliseconds": 10 * count,
            "longest": 20,
            "request_bytes": 0,
            "response_bytes": 0,
        }

    sums = [
        sum_(CODE, "", 5, 2),
        sum_(CODE, "", 7, 3),
        sum_(CODE, "signature.bad", 1, 2),
        sum_("justice", "", 2, 2),
        sum_("justice", "", 90, 300),
        sum_("", "", 40, 2),  # of nobody: the portal's own
        {**sum_(CODE, "", 13, 2), "side": "service"},
    ]
    hand.call(NOTE_CALLS, records=[], sums=sums)
    since = (hand.moment - dt.timedelta(hours=1)).isoformat()
    rows = hand.call(TRAFFIC, since=since)["rows"]
    counts = [(row["agency"], row["code"], row["count"]) for row in rows]
    assert counts == [(CODE, "", 12), ("justice", "", 2), (CODE, "signature.bad", 1)]
    assert (rows[0]["milliseconds"], rows[0]["longest"]) == (120, 20)
    (row,) = hand.call(TRAFFIC, since=since, agency="justice")["rows"]
    assert row["contract"] == "inquiry.ask.v1"
