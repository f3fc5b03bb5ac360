"""A notary asks which sources belong to a parcel; the land registry answers from outside."""

import json
import signal

import pytest

from bus import topology
from bus.errors import NotFound, RuleBroken, Unavailable
from tests.bus.asking import Wire
from tests.serving.conftest import NOTARY, REGISTRY
from tests.stores import execute
from tests.waiting import wait_for

LATE = "update parcel_questions set due_at = now() where code = %s"


@pytest.fixture(params=["python", "node"])
def registry(request, world):
    """The worked example, in both languages."""
    if request.param == "python":
        process = world.provide()
    else:
        process = world.provide_in_node(request.getfixturevalue("amqplib"))
    yield process
    if process.alive:
        process.kill()


def test_a_notary_asks_and_reads_what_the_land_registry_answered(world, registry):
    request = world.ask("990/17", case_number="N-1")
    assert request["state"] == "AWAITING"
    reply = world.settled(request["code"])
    assert reply["state"] == "ANSWERED"
    assert reply["sources"] == [{"file_no": "1001/5", "in_register": True}]
    assert (reply["served_by"], reply["problem"]) == (REGISTRY, None)
    assert world.refusals() == {}


def test_a_parcel_without_water_and_one_that_is_unknown_are_told_apart(world, registry):
    none, unknown = world.ask("990/18")["code"], world.ask("990/19")["code"]
    assert (world.settled(none)["state"], world.settled(none)["sources"]) == ("ANSWERED", [])
    reply = world.settled(unknown)
    assert (reply["state"], reply["problem"]) == ("REFUSED", "parcel.unknown")


def test_who_stops_in_peace_has_answered_what_it_took(world, registry):
    codes = [world.ask()["code"] for _ in range(5)]
    for code in codes:
        world.settled(code)
    registry.popen.send_signal(signal.SIGTERM)
    assert registry.popen.wait(30) == 0


def test_every_question_and_its_answer_stand_in_the_log_without_the_parcel(world):
    before = execute(world.db, "select coalesce(max(seq), 0) from inquiry_log")[0][0]
    code = world.ask(operator="op-1")["code"]
    world.tell(world.question_of(code))
    world.settled(code)
    rows = execute(
        world.db,
        "select agency, contract, purpose, outcome, key_kind from inquiry_log where seq > %s "
        "order by seq",
        (before,),
    )
    request = ("notary-office", "inquiry.ask_parcel.v1", "land_transfer", "AWAITING", "parcel_no")
    reply = (
        "notary-office",
        "inquiry.take_sources_of_parcel.v1",
        "land_transfer",
        "ANSWERED",
        "parcel_no",
    )
    assert (rows[0], reply in rows, rows[-1][3]) == (request, True, "READ")
    assert "990/17" not in str(execute(world.db, "select * from inquiry_log"))
    assert "990/17" not in world.service.log + world.relay.log


def test_the_question_is_gone_from_our_outbox_once_the_broker_has_it(world):
    question = world.question_of(world.ask()["code"])
    properties, body = world.take_question()
    assert (properties.message_id, json.loads(body)) == (question, {"parcel_no": "990/17"})
    assert "ce-caller" not in properties.headers
    sql = "select exchange, name, body from outbox where id = %s and sent_at is not null"
    ((exchange, name, kept),) = wait_for(lambda: execute(world.db, sql, (question,)))
    assert (exchange, name, bytes(kept)) == (
        topology.AGENCY,
        "land-registry.land_registry.sources_of_parcel.v1",
        b"",
    )


def test_what_may_not_be_asked_is_refused_and_nothing_goes_out(world):
    court = {**NOTARY, "grants": [{"purpose": "court_case", "until": "2099-01-01"}]}
    refused = world.ask(caller=court, purpose="court_case")
    assert isinstance(refused, RuleBroken)
    assert refused.code == "purpose.not_for_parcel"
    assert world.ask(caller=court).code == "purpose.not_granted"
    world.serves(REGISTRY)
    refused = world.ask()
    assert isinstance(refused, Unavailable)
    assert refused.code == "parcel.not_served"
    assert execute(world.db, "select count(*) from parcel_questions") == [(0,)]


def test_another_agency_reads_nothing_of_it(world):
    code = world.ask()["code"]
    other = world.read(code, caller={**NOTARY, "agency": "justice"})
    assert isinstance(other, NotFound)
    assert other.to_wire() == world.read("Q-2222-2222-2222").to_wire()


# --- a slow, a dead and a lying provider ---


def test_a_slow_provider_is_late_and_counted_and_the_notary_is_told_unanswered(world):
    code = world.ask()["code"]
    execute(world.db, LATE, (code,))
    assert world.read(code)["state"] == "UNANSWERED"
    world.tell(world.question_of(code))
    world.wait_refused("late")
    reply = world.read(code)
    assert (reply["state"], reply["sources"]) == ("UNANSWERED", [])


def test_a_dead_provider_stops_nobody_and_answers_when_it_lives_again(world):
    codes = [world.ask()["code"] for _ in range(3)]
    assert {world.read(code)["state"] for code in codes} == {"AWAITING"}
    assert not isinstance(world.ask("990/18"), Exception)
    provider = world.provide()
    assert {world.settled(code)["state"] for code in codes} == {"ANSWERED"}
    provider.stop()


def test_a_provider_killed_in_the_middle_answers_once_after_its_restart(world):
    code = world.ask()["code"]
    question = world.question_of(code)
    half = Wire(world.url())
    queue = topology.agency_queue(REGISTRY).name
    wait_for(lambda: half.channel.basic_get(queue)[0], 60)
    world.tell(question, message_id="the-same-answer")
    half.connection.close()  # as a crash between the answer and its acknowledgement
    assert world.settled(code)["state"] == "ANSWERED"
    world.provide().stop()
    wait_for(lambda: world.waiting(queue) == 0)
    world.wait_refused("doubled")
    assert world.read(code)["sources"] == [{"file_no": "1001/5", "in_register": True}]


def test_69_an_answer_for_a_question_that_nobody_asked_is_refused_and_counted(world):
    for guess in ("3f0c", "x" * 255, None, "' or '1'='1", "\u202e"):
        world.tell(guess)
    world.wait_refused("unasked", times=5)


def test_an_answer_to_a_question_that_another_agency_was_asked_is_refused(world):
    code = world.ask()["code"]
    world.serves(REGISTRY)
    world.serves("other-registry", "land_registry.sources_of_parcel.v1")
    world.applied()
    world.tell(world.question_of(code), code="other-registry")
    world.wait_refused("asked_of_another", code="other-registry")
    assert world.read(code)["state"] == "AWAITING"
    world.serves("other-registry")


@pytest.mark.parametrize(
    ("body", "more", "reason"),
    [
        (b"not json", {}, "malformed_not_json"),
        (
            b"\x80\x04\x95.",
            {"content_type": "application/x-python-serialize"},
            "malformed_content_type",
        ),
        (
            b"!!python/object:os.system",
            {"content_type": "application/x-yaml"},
            "malformed_content_type",
        ),
        ([], {}, "malformed_contract_broken"),
        ({}, {}, "malformed_contract_broken"),
        ({"result": {"file_nos": ["1001/5"]}, "error": None}, {}, "malformed_contract_broken"),
        ({"result": {"file_nos": ["1001/5"]}, "more": 1}, {}, "malformed_contract_broken"),
        ({"result": {"file_nos": ["'; drop table"]}}, {}, "malformed_contract_broken"),
        ({"result": {"file_nos": ["\ud800"]}}, {}, "malformed_not_json"),
        ({"result": {"file_nos": ["1"] * 201}}, {}, "malformed_contract_broken"),
        ({"error": {"kind": "E", "code": "a\nb", "message": "x"}}, {}, "malformed_contract_broken"),
        (b"[" * 100_000, {}, "malformed_not_json"),
        (b" " * (topology.LONGEST_ANSWER + 1), {}, "malformed_too_large"),
    ],
)
def test_71_an_answer_that_does_not_follow_the_contract_is_refused_and_the_question_stays_open(
    world, body, more, reason
):
    code = world.ask()["code"]
    world.tell(world.question_of(code), body, **more)
    world.wait_refused(reason)
    assert world.read(code)["state"] == "AWAITING"
    world.tell(world.question_of(code))
    assert world.settled(code)["state"] == "ANSWERED"


@pytest.mark.parametrize(
    "properties",
    [
        {"message_id": b"\xff\xfe"},
        {"headers": {"deep": {"a": [[[[[]]]]]}}},
        {"message_id": "a\x00b", "correlation_id": "\x00"},
        {"headers": {"traceparent": "\u0000", "ce-type": "inquiry.answer_batch_part.v1"}},
        {"type": b"\xc3\x28", "reply_to": "mirab.billing.requests", "expiration": "99999"},
    ],
)
def test_70_a_poisonous_answer_kills_no_consumer(world, properties):
    code = world.ask()["code"]
    world.tell("nobody", **properties)
    world.tell(world.question_of(code))
    assert world.settled(code)["state"] == "ANSWERED"
    assert world.service.alive
    if b"\xff\xfe" in properties.values():
        assert "properties_unreadable" in world.service.log


def test_a_second_answer_changes_nothing_and_is_counted(world):
    code = world.ask()["code"]
    question = world.question_of(code)
    world.tell(question)
    assert world.settled(code)["state"] == "ANSWERED"
    world.tell(question, {"result": {"file_nos": ["1002/1"]}})
    world.wait_refused("doubled")
    assert world.read(code)["sources"] == [{"file_no": "1001/5", "in_register": True}]


def test_58_the_same_answer_sent_again_with_its_id_is_taken_once(world):
    code = world.ask()["code"]
    for _ in range(3):
        world.tell(world.question_of(code), message_id="one")
    world.settled(code)
    again = world.ask()["code"]
    world.tell(world.question_of(again))
    world.settled(again)
    assert world.refusals() == {}


def test_77_the_text_of_an_exception_stays_with_the_provider(world, tmp_path):
    broken = tmp_path / "broken.csv"
    broken.write_text("secret_column\nx\n", encoding="utf-8")
    provider = world.provide(PARCELS_FILE=str(broken))
    code = world.ask()["code"]
    reply = world.settled(code)
    assert (reply["state"], reply["problem"]) == ("REFUSED", "internal")
    assert "KeyError" in provider.log
    assert "KeyError" not in world.service.log
    provider.stop()


def test_66_a_right_that_was_taken_back_is_gone_before_the_broker_knows(world):
    code = world.ask()["code"]
    world.serves(REGISTRY)
    world.tell(world.question_of(code))
    world.wait_refused("not_served_by_sender")
    assert world.read(code)["state"] == "AWAITING"
