"""What agencies hear: only what they may, each event once, in one order, without a hole."""

import contextlib
import datetime as dt
import json
import re

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bus import topology
from bus.activator import Call, Fate
from bus.database.marks import Marks
from bus.envelope import Envelope
from contracts import Event, catalogue, hidden_names
from contracts.agencies.register import CHANGED
from contracts.billing.bills import BILL_PAID
from contracts.inquiry.questions import BATCH_ANSWERED, REGISTRY_LOADED
from contracts.ticketing.citizens import TICKET_MOVED
from gateway.agency.catalogue.schemas import HEARD, json_schema
from services.agencies.feeds.feed import add_events
from services.agencies.service import Agencies
from tests.agencies.feeds.hearers import LOADED, Hand, numbers, put, rows
from tests.stores import execute

TOLD = {name: value for name, value in LOADED.items() if name != "bad_rows"}
BATCH = {"batch": "b-1", "agency": "power-co", "lines": 3}
BILL = {
    "number": "1405-000007",
    "bill_id": None,
    "payment_id": None,
    "source_kind": "office",
    "source_ref": "what an officer wrote",
    "service": "inquiry",
    "agency": "power-co",
    "file_no": "1001/5",
    "of_register": False,
    "state": "PAID",
    "total_rials": 0,
    "due_on": "2026-12-03",
    "version": 2,
    "at": "2026-11-25T08:00:00Z",
}


@pytest.fixture
def hand(agencies_db):
    made = Hand(agencies_db)
    yield made
    made.store.engine.dispose()


# --- who hears what ---


def test_an_event_stands_once_in_the_feed_of_each_agency_that_hears_it(hand):
    put(hand.db, "power-co", REGISTRY_LOADED.name)
    put(hand.db, "fuel-co", REGISTRY_LOADED.name, BATCH_ANSWERED.name)
    put(hand.db, "justice", BATCH_ANSWERED.name)
    reply = hand.happens()
    for code in ("power-co", "fuel-co"):
        (event,) = hand.feed(code)["events"]
        assert event == {
            "specversion": "1.0",
            "id": reply.id,
            "type": REGISTRY_LOADED.name,
            "source": "inquiry",
            "time": reply.time,
            "subject": "7",
            "datacontenttype": "application/json",
            "sequence": "000000000001",
            "traceparent": reply.traceparent,
            "data": TOLD,
        }
    assert hand.feed("justice")["events"] == []


def test_o6_the_feed_of_a_restored_database_goes_on_above_what_was_heard(hand, tmp_path):
    hand.store.marks = Marks(tmp_path)
    put(hand.db, "power-co", REGISTRY_LOADED.name)
    hand.happens()
    hand.happens()
    execute(hand.db, "truncate feed, feeds")  # what a backup of before knows
    assert hand.feed("power-co", after=2) == {"events": [], "next": 2, "oldest": 1}
    hand.happens()
    (event,) = hand.feed("power-co", after=2)["events"]
    assert event["sequence"] == "000000000003"


def test_the_same_event_that_comes_again_is_heard_once(hand):
    put(hand.db, "power-co", REGISTRY_LOADED.name)
    for _ in range(3):
        hand.happens(id="the-same")
    assert rows(hand.db, "power-co") == [(1, "the-same")]


def test_an_event_with_an_owner_is_heard_by_nobody_else(hand):
    for code in ("power-co", "fuel-co"):
        put(hand.db, code, BATCH_ANSWERED.name, BILL_PAID.name)
    hand.happens(BATCH_ANSWERED, **BATCH)
    hand.happens(BILL_PAID, **BILL)
    hand.happens(BILL_PAID, **{**BILL, "agency": None})
    assert [e["type"] for e in hand.feed("power-co")["events"]] == [
        BATCH_ANSWERED.name,
        BILL_PAID.name,
    ]
    assert hand.feed("fuel-co")["events"] == []


def test_the_register_names_events_by_patterns_too(hand):
    put(hand.db, "power-co", "inquiry.*")
    put(hand.db, "fuel-co", "billing.*")
    hand.happens()
    hand.happens(BILL_PAID, **{**BILL, "agency": "power-co"})
    assert [e["type"] for e in hand.feed("power-co")["events"]] == [REGISTRY_LOADED.name]
    assert hand.feed("fuel-co")["events"] == []


def test_an_agency_hears_of_its_own_entry_in_the_register_and_of_no_other(hand):
    put(hand.db, "power-co", CHANGED.name)
    put(hand.db, "fuel-co", CHANGED.name)
    hand.happens(CHANGED, code="power-co", version=9)
    (event,) = hand.feed("power-co")["events"]
    assert event["data"] == {"code": "power-co", "version": 9}
    assert hand.feed("fuel-co")["events"] == []


def test_what_is_withheld_is_told_nowhere(hand):
    put(hand.db, "power-co", BILL_PAID.name, queue=True)
    hand.happens(BILL_PAID, **BILL)
    (event,) = hand.feed("power-co")["events"]
    assert set(event["data"]) == set(BILL) - {"source_ref", "file_no"}
    kept = str(execute(hand.db, "select f::text from feed f"))
    kept += str(execute(hand.db, "select convert_from(body, 'UTF8') from outbox"))
    assert "an officer" not in kept
    assert "1001/5" not in kept


def test_what_is_heard_is_a_cloudevent_and_its_data_follow_the_published_schema(hand):
    put(hand.db, "power-co", "*", queue=True)
    for event, data in ((REGISTRY_LOADED, LOADED), (BATCH_ANSWERED, BATCH), (BILL_PAID, BILL)):
        hand.happens(event, **data)
    messages = hand.outbox(topology.AGENCY)
    for reply, (_, _, headers, body) in zip(hand.feed("power-co")["events"], messages, strict=True):
        # CloudEvents 1.0.2: names of attributes, those that are required, and their types.
        assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in reply)
        assert {"specversion", "id", "source", "type"} <= set(reply)
        assert all(value and isinstance(value, str) for n, value in reply.items() if n != "data")
        assert dt.datetime.fromisoformat(reply["time"]).tzinfo
        jsonschema.validate(body, json.loads(json_schema(f"{reply['type']}.heard")))
        jsonschema.validate(headers, HEARD)
        assert body == reply["data"]


@pytest.mark.parametrize(
    "entry",
    [
        {"state": "REVOKED"},
        {"state": "ENDED"},
        {"ends_at": dt.datetime(2026, 11, 25, 7, 59, tzinfo=dt.UTC)},
    ],
)
def test_an_agency_that_is_not_in_force_hears_nothing(hand, entry):
    put(hand.db, "power-co", REGISTRY_LOADED.name, queue=True, **entry)
    hand.happens()
    assert rows(hand.db, "power-co") == []
    assert hand.outbox(topology.AGENCY) + hand.outbox(topology.COMMANDS) == []
    assert hand.feed("power-co")["code"] == "feed.not_granted"


def test_a_right_that_was_taken_back_is_gone_from_the_feed_at_once_also_for_what_was_heard(hand):
    put(hand.db, "power-co", REGISTRY_LOADED.name, BATCH_ANSWERED.name)
    hand.happens()
    hand.happens(BATCH_ANSWERED, **BATCH)
    put(hand.db, "power-co", BATCH_ANSWERED.name)
    reply = hand.feed("power-co")
    assert ([e["type"] for e in reply["events"]], reply["next"]) == ([BATCH_ANSWERED.name], 2)
    put(hand.db, "power-co")
    assert hand.feed("power-co")["code"] == "feed.not_granted"


def test_what_agencies_may_hear_names_nobody_and_what_is_of_people_they_never_hear():
    hearable = [c for c in catalogue().values() if isinstance(c, Event) and c.hearable]
    assert len(hearable) >= 9
    for event in hearable:
        assert not set(event.agency_schema.fields) & hidden_names(), event.name
    assert not any(event.context == TICKET_MOVED.context for event in hearable)


def test_an_event_cannot_be_declared_with_an_owner_that_it_does_not_tell():
    for wrong in ({"owner": "nobody"}, {"withheld": ("nothing",)}, {"hearable": False}):
        reply = {"hearable": True, "owner": "agency", **wrong}
        with pytest.raises(ValueError, match="owner and withheld"):
            Event("probe.noted.v1", BATCH_ANSWERED.message, "Something.", **reply)


# --- the queue and the endpoints ---


def test_who_has_a_queue_is_told_there_too_in_the_binary_mode_of_cloudevents(hand):
    put(hand.db, "power-co", REGISTRY_LOADED.name, queue=True)
    put(hand.db, "fuel-co", REGISTRY_LOADED.name)
    reply = hand.happens()
    ((id_, key, headers, body),) = hand.outbox(topology.AGENCY)
    assert (id_, key, body) == ("power-co.000000000001", "power-co.events", TOLD)
    assert headers == {
        "ce-specversion": "1.0",
        "ce-id": reply.id,
        "ce-type": REGISTRY_LOADED.name,
        "ce-source": "inquiry",
        "ce-time": reply.time,
        "ce-subject": "7",
        "ce-sequence": "000000000001",
        "traceparent": reply.traceparent,
    }


def test_the_endpoints_of_each_hearer_are_told_the_same_event(hand):
    put(hand.db, "power-co", REGISTRY_LOADED.name, queue=True)
    put(hand.db, "fuel-co", REGISTRY_LOADED.name)
    hand.happens()
    reply = [body for _, _, _, body in hand.outbox(topology.COMMANDS)]
    assert [(b["agency"], b["type"], b["id"]) for b in reply] == [
        ("fuel-co", "event.heard", "fuel-co.000000000001"),
        ("power-co", "event.heard", "power-co.000000000001"),
    ]
    assert reply[1]["data"] == hand.feed("power-co")["events"][0]


# --- the feed ---


def test_what_was_rolled_back_leaves_no_hole(hand):
    put(hand.db, "power-co", REGISTRY_LOADED.name)
    hand.happens()
    message = Envelope.new(REGISTRY_LOADED.name, "inquiry")
    with contextlib.suppress(ZeroDivisionError), hand.store.transaction(message) as tx:
        add_events(tx, hand.moment, REGISTRY_LOADED, [Call.of(REGISTRY_LOADED, message, LOADED)])
        raise ZeroDivisionError
    hand.happens()
    assert numbers(hand.feed("power-co")["events"]) == [1, 2]


def test_of_events_that_come_together_one_that_cannot_be_kept_spoils_no_other(hand):
    put(hand.db, "power-co", REGISTRY_LOADED.name, queue=True)
    reply = [Envelope.new(REGISTRY_LOADED.name, "inquiry", subject=s) for s in ("7", "\0", "8")]
    reply.append(reply[0])  # and one that comes twice
    outcomes = Agencies.hear_inquiry_registry_loaded(
        hand.service, [Call.of(REGISTRY_LOADED, message, LOADED) for message in reply]
    )
    assert [outcome.fate for outcome in outcomes] == [Fate.DONE, Fate.DEAD, Fate.DONE, Fate.DONE]
    events = hand.feed("power-co")["events"]
    assert [(event["subject"], event["id"]) for event in events] == [
        ("7", reply[0].id),
        ("8", reply[2].id),
    ]
    assert numbers(events) == [1, 2]
    assert len(hand.outbox(topology.AGENCY)) == 2


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["both", "owned"]), max_size=12),
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
)
def test_whoever_reads_page_by_page_reads_all_in_order_whatever_the_pages(hand, story, limits):
    execute(hand.db, "truncate feed, feeds, inbox")
    put(hand.db, "power-co", REGISTRY_LOADED.name, BATCH_ANSWERED.name)
    put(hand.db, "fuel-co", REGISTRY_LOADED.name, BATCH_ANSWERED.name)
    for subject in story:
        if subject == "both":
            hand.happens()
        else:
            hand.happens(BATCH_ANSWERED, **BATCH)
    for code, due in (("power-co", len(story)), ("fuel-co", story.count("both"))):
        read, after = [], None
        for turn in range(len(story) + 2):
            reply = hand.feed(code, after=after, limit=limits[turn % len(limits)])
            read, after = read + reply["events"], reply["next"]
        assert numbers(read) == list(range(1, due + 1))
        assert after == due
        assert reply["oldest"] == 1


def test_after_thirty_days_the_oldest_go_and_who_was_away_too_long_is_told_so(hand):
    put(hand.db, "power-co", REGISTRY_LOADED.name)
    for _ in range(3):
        hand.happens()
    hand.moment += dt.timedelta(days=20)
    hand.happens()
    hand.moment += dt.timedelta(days=11)
    hand.forget()
    reply = hand.feed("power-co")
    assert (numbers(reply["events"]), reply["oldest"], reply["next"]) == ([4], 4, 4)
    assert numbers(hand.feed("power-co", after=3)["events"]) == [4]
    assert hand.feed("power-co", after=2)["code"] == "feed.too_old"
    assert hand.feed("power-co", after=5)["code"] == "feed.ahead"
    hand.moment += dt.timedelta(days=31)
    hand.forget()
    assert hand.feed("power-co") == {"events": [], "next": 4, "oldest": 5}
    hand.happens()
    assert numbers(hand.feed("power-co", after=4)["events"]) == [5]


def test_only_an_agency_has_a_feed_and_only_its_own(hand):
    put(hand.db, "power-co", REGISTRY_LOADED.name)
    hand.happens()
    assert hand.feed(None)["code"] == "agency.only"
    assert hand.feed("fuel-co")["code"] == "feed.not_granted"
    put(hand.db, "fuel-co", REGISTRY_LOADED.name)
    assert hand.feed("fuel-co") == {"events": [], "next": 0, "oldest": 1}
