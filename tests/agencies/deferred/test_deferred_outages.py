"""Whatever dies while a call waits for its answer: it is done once, and the answer comes."""

import secrets
import time
import uuid

import pytest

from contracts.agencies.deferred import DEFER
from tests.agencies.calling import LATER, Calling, calling_parts, change, go_on, pause
from tests.bus.asking import ask_all
from tests.gateway.agency.test_bad_input import with_
from tests.gateway.conftest import GOOD
from tests.stores import execute
from tests.waiting import wait_for

LEASE = 60  # seconds to wait for what takes one lease and a loaded machine


@pytest.fixture(scope="module")
def parts(tmp_path_factory, broker, postgres, demo_template, agencies_template):
    folder = tmp_path_factory.mktemp("calling")
    with calling_parts(folder, broker, postgres, demo_template, agencies_template) as parts:
        yield parts


@pytest.fixture
def calling(parts):
    parts.begin_anew()
    return parts


def done_once(calling, location):
    """The call is done, and its question stands once in the log."""
    reply = calling.settled(location, LEASE)
    assert (reply["state"], reply["problem"]) == ("DONE", None)
    assert calling.codes() == [reply["result"]["tracking_code"]]


def tries(calling):
    return execute(calling.agencies_db, "select tries from calls")[0][0]


def lease_ends(calling):
    """The time of the lease passes: what was claimed may be claimed again."""
    execute(calling.agencies_db, "update calls set due_at = now() where state = 'RUNNING'")


# --- who dies ---


def test_a_face_killed_between_the_answer_and_the_settlement_loses_nothing(calling):
    pause(calling.inquiry)
    location = calling.later()
    calling.begun()
    time.sleep(1)  # the question has left the face by then
    pause(calling.face.process)
    go_on(calling.inquiry)
    wait_for(lambda: calling.question_count() == 1)
    calling.face.process.kill()
    assert calling.states() == ["RUNNING"]
    lease_ends(calling)
    calling.restart_face()
    done_once(calling, location)
    assert tries(calling) == 2


def test_another_face_runs_what_a_killed_one_had_begun(calling):
    other = calling.another_face()
    pause(other.process)
    pause(calling.inquiry)
    location = calling.later()
    calling.begun()
    calling.face.process.kill()
    go_on(calling.inquiry)
    go_on(other.process)
    wait_for(lambda: calling.states() == ["DONE"], LEASE)
    calling.restart_face()
    done_once(calling, location)


def test_a_service_killed_in_the_middle_is_asked_again(calling):
    pause(calling.inquiry)
    location = calling.later()
    calling.begun()
    calling.inquiry.kill()
    calling.inquiry = calling.serve("inquiry")
    done_once(calling, location)


def test_a_service_that_is_away_is_waited_for(calling):
    calling.inquiry.stop()
    location = calling.later()
    wait_for(lambda: tries(calling) >= 2, LEASE)
    assert calling.read(location).json()["state"] == "RUNNING"
    calling.inquiry = calling.serve("inquiry")
    done_once(calling, location)


def test_the_agencies_service_killed_while_a_call_runs_hears_of_its_end_later(calling):
    pause(calling.inquiry)
    location = calling.later()
    calling.begun()
    time.sleep(1)  # the face has heard that it may run it, and its question has left by then
    calling.agencies.kill()
    go_on(calling.inquiry)
    wait_for(lambda: calling.question_count() == 1)
    calling.agencies = calling.serve("agencies")
    done_once(calling, location)


def test_without_the_agencies_service_a_call_is_refused_to_be_kept_and_taken_with_the_same_key(
    calling,
):
    calling.agencies.stop()
    key = secrets.token_urlsafe(18)
    answer = calling.ask(key=key, headers=LATER)
    assert answer.status_code in (503, 504)
    calling.agencies = calling.serve("agencies")
    done_once(calling, calling.later(key=key))


def test_a_broker_that_crashes_loses_no_call(start, tmp_path, own_broker, demo_db, agencies_db):
    calling = Calling(start, tmp_path, own_broker.url, demo_db, agencies_db)
    pause(calling.inquiry)
    location = calling.later()
    calling.begun()
    own_broker.kill()
    go_on(calling.inquiry)
    own_broker.start()
    wait_for(lambda: calling.read(location).ok, LEASE)
    done_once(calling, location)


# --- who is slow ---


def test_a_face_that_is_frozen_for_longer_than_its_lease_does_nothing_twice_when_it_comes_back(
    calling,
):
    pause(calling.inquiry)
    location = calling.later()
    calling.begun()
    pause(calling.face.process)
    other = calling.another_face()
    lease_ends(calling)
    wait_for(lambda: tries(calling) == 2)
    go_on(calling.inquiry)
    wait_for(lambda: calling.states() == ["DONE"], LEASE)
    before = execute(calling.agencies_db, "select c::text from calls c")
    go_on(calling.face.process)
    done_once(calling, location)
    time.sleep(3)  # about time: it would ask again by then, or settle it otherwise
    assert execute(calling.agencies_db, "select c::text from calls c") == before
    assert other.process.alive


def test_who_waits_in_vain_is_told_where_the_answer_will_be(calling):
    pause(calling.inquiry)
    answer = calling.ask(headers={"Prefer": "respond-async, wait=1"})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "respond-async")
    go_on(calling.inquiry)
    done_once(calling, answer.headers["Location"])


def test_two_faces_share_many_calls_and_each_is_done_once(calling):
    other = calling.another_face()
    pause(calling.inquiry)
    locations = [calling.later() for _ in range(40)]
    go_on(calling.inquiry)
    for location in locations:
        assert calling.settled(location, LEASE)["state"] == "DONE"
    assert calling.question_count() == 40
    assert other.process.alive


def test_what_could_not_be_run_in_its_hour_is_not_run_after_it(calling):
    id_, caller = str(uuid.uuid4()), {"agency": "fuel-co", "key": "fuel-co-demo", "grants": []}
    pause(calling.face.process)
    reply = {"contract": "inquiry.ask.v1", "data": GOOD, "call_back": False}
    ask_all(calling.environ["AMQP_URL"], [(DEFER, id_, reply)], caller=caller)
    execute(calling.agencies_db, "update calls set until = now()")
    go_on(calling.face.process)
    reply = calling.settled(f"/v1/calls/{id_}", LEASE)
    assert (reply["state"], reply["problem"]["code"]) == ("FAILED", "call.too_late")
    assert calling.question_count() == 0


# --- what is taken back in between ---


PURPOSES = {"fuel-co": "fuel_quota", "power-co": "electricity_tariff", "justice": "court_case"}
TAKEN_BACK = {
    "fuel-co": ('id = "fuel-co-demo"', 'id = "fuel-co-next"', "identity.key_revoked"),
    "power-co": ('contract = "inquiry.*"', 'contract = "other.*"', "contract.grant_revoked"),
    "justice": ('purposes = ["court_case"]', 'purposes = ["other"]', "contract.grant_revoked"),
}


def test_what_was_taken_back_between_asking_and_running_is_not_answered(calling):
    """The key, the grant, the purpose."""
    calling.inquiry.stop()
    senders = {code: calling.sender_of(code) for code in TAKEN_BACK}
    locations = {
        code: calling.later(with_(purpose=PURPOSES[code]), sender=sender)
        for code, sender in senders.items()
    }
    calling.begun()
    for code, (old, new, _) in TAKEN_BACK.items():
        change(calling.face, old, new, code)
    wait_for(lambda: calling.states() == ["REFUSED"] * 3, LEASE)
    for code, (old, new, _) in TAKEN_BACK.items():
        change(calling.face, new, old, code)
    for code, (_, _, problem) in TAKEN_BACK.items():
        reply = calling.settled(locations[code], sender=senders[code])
        assert (reply["problem"]["code"], reply["result"]) == (problem, None)
        assert reply["problem"]["instance"] == "/v1/inquiry/ask"
    assert calling.question_count() == 0


def test_a_call_is_taken_back_before_it_is_begun_and_nothing_is_asked(calling):
    pause(calling.inquiry)
    begun = [calling.later() for _ in range(16)]  # as many as one face runs at once
    wait_for(lambda: calling.states().count("RUNNING") == 16)
    location = calling.later()
    reply = calling.read(location, "DELETE")
    assert (reply.status_code, reply.json()["state"]) == (200, "CANCELLED")
    go_on(calling.inquiry)
    for item in begun:
        assert calling.settled(item, LEASE)["state"] == "DONE"
    assert calling.settled(location)["state"] == "CANCELLED"
    assert calling.question_count() == 16
