"""The operational record as X-Road asks for it: both sides, own calls, whole seconds."""

import datetime as dt

import pytest

from bus.process.records import digest_of
from contracts.agencies.records import NOTE_CALLS, RECORD_CALLS
from contracts.agencies.xroad import FIND_XROAD_CALLS, READ_XROAD_HEALTH, READ_XROAD_RECORDS
from gateway.agency.xroad.monitoring import FIELDS, fields_of
from gateway.agency.xroad.names import House
from services.agencies.records import xroad
from tests.agencies.feeds.hearers import Hand
from tests.agencies.records.test_records import CODE, at, record

CALL = {
    "id": "MIRAB-00000000-0000-0000-0000-000000000001",
    "request_id": "00000000-0000-0000-0000-000000000002",
    "client": "MIRAB/GOV/100/fuel",
    "service": "MIRAB/GOV/WATER/inquiry/ask.v1",
    "party": "COM/300",
    "service_type": "OPENAPI",
}
HOUSE = House("MIRAB", "GOV", "WATER", "mirab")


@pytest.fixture
def hand(agencies_db):
    made = Hand(agencies_db)
    yield made
    made.store.engine.dispose()


def note(hand, *records, contract=NOTE_CALLS):
    hand.call(contract, records=list(records), sums=[])


def read(hand, since, until, asker=CODE):
    def seconds(moment):
        return int(moment.timestamp())

    return hand.call(
        READ_XROAD_RECORDS, asker=asker, records_from=seconds(since), records_to=seconds(until)
    )


def an_hour(hand):
    return hand.moment - dt.timedelta(hours=1), hand.moment - dt.timedelta(minutes=2)


def test_a_call_is_a_pair_of_records_with_forty_fields_and_rising_moments(hand):
    began = at(hand, minutes=5)
    face = record(hand, request_in=began, request_out=began + 1, response_in=began + 9, xroad=CALL)
    service = record(hand, request_in=began + 2, side="service", source="gateway.agency")
    service |= {"response_out": began + 8}
    note(hand, face)
    note(hand, service, contract=RECORD_CALLS)
    page = READ_XROAD_RECORDS.reply_of(read(hand, *an_hour(hand)))
    rows = [fields_of(row, HOUSE) for row in page.records]
    assert [row["securityServerType"] for row in rows] == ["Producer", "Client"]
    for row in rows:
        assert tuple(row) == FIELDS
        assert len(row) == 40
        moments = [
            row[f"{name}Ts"] for name in ("requestIn", "requestOut", "responseIn", "responseOut")
        ]
        assert moments == sorted(moments)
        assert row["messageId"] == CALL["id"]
        assert row["xRequestId"] == CALL["request_id"]
        assert (row["clientSubsystemCode"], row["serviceCode"]) == ("fuel", "ask.v1")
        assert (row["representedPartyClass"], row["representedPartyCode"]) == ("COM", "300")
        assert row["succeeded"]
        assert row["faultCode"] is None


def test_only_own_calls_by_x_road_are_shown(hand):
    note(
        hand,
        record(hand, request_in=at(hand, minutes=5), xroad=CALL),
        record(hand, request_in=at(hand, minutes=5)),
        record(hand, request_in=at(hand, minutes=5), xroad=CALL, agency="justice"),
    )
    assert len(read(hand, *an_hour(hand))["records"]) == 1


def test_a_service_side_without_its_face_is_no_call_by_x_road(hand):
    note(hand, record(hand, request_in=at(hand, minutes=5), side="service"), contract=RECORD_CALLS)
    assert read(hand, *an_hour(hand))["records"] == []


def test_the_last_minute_is_left_for_the_next_question(hand):
    note(hand, record(hand, request_in=at(hand, seconds=30), xroad=CALL))
    reply = read(hand, hand.moment - dt.timedelta(hours=1), hand.moment)
    assert reply["records"] == []
    assert reply["next_from"] == int((hand.moment - xroad.OFFSET).timestamp()) + 1


def test_a_page_ends_with_a_whole_second_and_says_where_the_next_begins(hand, monkeypatch):
    monkeypatch.setattr(xroad, "AT_ONCE", 2)
    second = at(hand, minutes=5) // 1000 * 1000
    note(hand, *(record(hand, request_in=second + n, xroad=CALL) for n in (0, 1, 2, 1000, 2000)))
    since, until = an_hour(hand)
    first = read(hand, since, until)
    assert len(first["records"]) == 3
    assert first["next_from"] == second // 1000 + 1
    rest = read(hand, dt.datetime.fromtimestamp(first["next_from"], dt.UTC), until)
    assert len(rest["records"]) == 2
    assert rest["next_from"] is None


def test_a_refusal_of_x_road_has_its_type_and_one_of_the_service_its_status(hand):
    began = at(hand, minutes=5)
    refused = {"xroad": CALL, "outcome": "refused", "request_in": began}
    note(
        hand,
        record(hand, **refused, code="contract.not_granted", status=403),
        record(hand, **refused, code="contract.broken", status=422),
    )
    page = READ_XROAD_RECORDS.reply_of(read(hand, *an_hour(hand)))
    by_x_road, by_service = (fields_of(row, HOUSE) for row in page.records)
    assert by_x_road["faultCode"] == "server.serverproxy.access_denied"
    assert by_x_road["statusCode"] is None
    assert (by_service["faultCode"], by_service["statusCode"]) == (None, 422)
    assert not by_service["succeeded"]


def test_calls_are_found_by_their_x_road_id_by_their_agency_alone(hand):
    keys = [digest_of(CALL["id"])]
    mine = record(hand, xroad=CALL, keys=keys)
    other = "0" * 8 + "-1111-1111-1111-" + "3" * 12
    note(
        hand,
        mine,
        record(hand, xroad=CALL, keys=keys, message_id=other),
        record(hand, xroad=CALL, keys=keys, message_id=None),
        record(hand, keys=keys, message_id="0" * 8 + "-1111-1111-1111-" + "4" * 12),
    )
    find = {"id": CALL["id"]}
    assert hand.call(FIND_XROAD_CALLS, asker=CODE, **find)["calls"] == [other, mine["message_id"]]
    assert hand.call(FIND_XROAD_CALLS, asker="justice", **find)["calls"] == []


def test_health_tells_what_became_of_each_service(hand):
    old, now = at(hand, hours=2), at(hand, minutes=5)
    bad = {"xroad": CALL, "outcome": "refused", "code": "contract.broken"}
    note(
        hand,
        record(hand, request_in=now, xroad=CALL, request_bytes=10),
        record(hand, request_in=now, xroad=CALL, request_bytes=30),
        record(hand, request_in=old, **bad),
    )
    (row,) = hand.call(READ_XROAD_HEALTH, asker=CODE)["services"]
    assert row["service"] == CALL["service"]
    assert (row["good"], row["bad"], row["last_bad"]) == (2, 0, old + 12)
    assert row["request_size"] == {"least": 10, "mean": 20.0, "most": 30, "deviation": 10.0}
    assert row["duration"]["mean"] == 12.0
    assert hand.call(READ_XROAD_HEALTH, asker="justice")["services"] == []
