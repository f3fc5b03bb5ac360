"""Calls that are answered later: kept once, run by one at a time, settled once, forgotten."""

import datetime as dt
import json
import threading
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.call_leaves import ADD_LEAVES, Evidence
from bus.database import own_keys
from bus.messages.kinds import Request
from contracts import agency_contracts
from contracts.agencies.deferred import CANCEL_CALL, CLAIM_CALLS, READ_CALL, READ_CALLS
from contracts.notify.callbacks import CALL_BACK
from services.agencies.domain import calls
from tests.agencies.deferred.deferrers import ANSWER, PROBLEM, QUESTION, Hand
from tests.stores import execute


@pytest.fixture
def hand(agencies_db):
    made = Hand(agencies_db)
    yield made
    made.store.engine.dispose()


def read(hand, call, asker="fuel-co"):
    return hand.call(READ_CALL, asker=asker, id=call["id"])


def cancel(hand, call, asker="fuel-co"):
    return hand.call(CANCEL_CALL, asker=asker, id=call["id"])


def later(hand, **of_time):
    hand.moment += dt.timedelta(**of_time)


def all_that_stands(db):
    """All rows that can hold anything of a call, as text."""
    rows = execute(db, "select c::text from calls c")
    rows += execute(db, "select o::text || convert_from(body, 'UTF8') from outbox o")
    rows += execute(db, "select i::text || convert_from(reply, 'UTF8') from inbox i")
    return str(rows)


# --- kept ---


def test_the_end_of_a_call_is_a_leaf_if_no_service_has_made_it(hand):
    evidence = Evidence("mirab.test/receipts", "signature", b"r" * 32, call="random").to_wire()
    for state, more in (
        ("REFUSED", {"problem": PROBLEM}),
        ("DONE", {"result": ANSWER}),
        ("DONE", {"result": ANSWER, "has_leaf": True}),
    ):
        hand.defer(evidence=evidence)
        (claimed,) = hand.claim()
        for _ in range(2):  # brought again, it is the same end
            hand.settle(claimed, state, **more)
    leaves = [
        leaf
        for (body,) in execute(
            hand.db,
            "select convert_from(body, 'UTF8')::json from outbox where name = %s order by seq",
            (ADD_LEAVES,),
        )
        for leaf in body["leaves"]
    ]
    read_ = [json.loads(leaf["leaf"]) for leaf in leaves]
    assert [(leaf["outcome"], leaf["code"], leaf["call"]) for leaf in read_] == [
        ("refused", PROBLEM["code"], "random"),
        ("answered", "", "random"),
    ]
    found_by = [row[0] for row in execute(hand.db, "select id::text from calls order by seq")]
    assert [leaf["call"] for leaf in leaves] == found_by[:2]
    assert json.loads(leaves[0]["terms"])["purpose"] == QUESTION["purpose"]


def test_a_call_is_kept_run_and_answered(hand):
    kept = hand.defer()
    assert (kept["state"], kept["contract"]) == ("ACCEPTED", "inquiry.ask.v1")
    assert (read(hand, kept)["state"], read(hand, kept)["result"]) == ("ACCEPTED", None)
    (claimed,) = hand.claim()
    assert (claimed["id"], claimed["data"]) == (kept["id"], QUESTION)
    assert claimed["caller"]["agency"] == "fuel-co"
    assert read(hand, kept)["state"] == "RUNNING"
    assert hand.settle(claimed) == "DONE"
    reply = read(hand, kept)
    assert (reply["state"], reply["result"], reply["problem"]) == ("DONE", ANSWER, None)
    assert reply["settled_at"] is not None


def test_what_it_was_refused_with_is_its_answer(hand):
    kept = hand.defer()
    assert hand.settle(hand.claim()[0], "REFUSED") == "REFUSED"
    reply = read(hand, kept)
    assert (reply["state"], reply["result"], reply["problem"]) == ("REFUSED", None, PROBLEM)


def test_the_same_id_is_the_same_call_and_with_another_body_a_conflict(hand):
    id_ = str(uuid.uuid4())
    assert hand.defer(id=id_) == hand.defer(id=id_)
    assert hand.defer(id=id_, key="9900000021")["code"] == "idempotency_key.reused"
    assert len(hand.rows()) == 1


def test_a_repeat_after_the_inbox_has_forgotten_is_still_the_same_call(hand):
    id_ = str(uuid.uuid4())
    hand.defer(id=id_)
    hand.settle(hand.claim()[0])
    execute(hand.db, "truncate inbox")
    assert hand.defer(id=id_)["state"] == "DONE"


def test_what_was_asked_and_answered_stands_nowhere_readable_and_goes_when_it_is_settled(hand):
    hand.defer(call_back=True)
    assert QUESTION["key"] not in all_that_stands(hand.db)
    hand.settle(hand.claim()[0], result={**ANSWER, "name": QUESTION["key"]})
    assert QUESTION["key"] not in all_that_stands(hand.db)
    assert hand.rows("data, due_at") == [(None, None)]


def test_another_key_is_refused_and_reads_nothing_once_it_counts(hand, agencies_db, monkeypatch):
    kept = hand.defer()
    hand.defer()
    (claimed,) = hand.claim(limit=1)
    hand.settle(claimed)
    other = Hand(agencies_db, "another secret")
    other.moment = hand.moment
    assert other.call(CLAIM_CALLS, limit=1)["code"] == "secret.unavailable"
    monkeypatch.setenv("DB_URL", agencies_db)
    monkeypatch.setenv("AGENCIES_KEY", "another secret")
    assert own_keys.main(["AGENCIES_KEY"]) == 0
    (claimed,) = other.claim()
    assert claimed["data"] is None
    with pytest.raises(AssertionError, match="internal"):
        read(other, kept)
    other.store.engine.dispose()


def test_a_thousand_may_be_open_and_one_more_is_refused_until_one_is_done(hand, monkeypatch):
    assert calls.MOST_OPEN == 1000
    monkeypatch.setattr(calls, "MOST_OPEN", 3)
    kept = [hand.defer() for _ in range(3)]
    assert hand.defer()["code"] == "calls.too_many"
    assert hand.defer("justice")["state"] == "ACCEPTED"
    cancel(hand, kept[0])
    assert hand.defer()["state"] == "ACCEPTED"
    assert hand.defer()["code"] == "calls.too_many"


def test_many_at_once_are_counted_exactly(hand, monkeypatch):
    monkeypatch.setattr(calls, "MOST_OPEN", 4)
    threads = [threading.Thread(target=hand.defer) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hand.rows()) == 4


# --- whose they are ---


def test_a_call_of_another_agency_is_the_same_as_none(hand):
    kept = hand.defer("justice")
    none = {"id": str(uuid.uuid4())}
    for ask in (read, cancel):
        assert ask(hand, kept) == ask(hand, none)
        assert ask(hand, kept)["code"] == "call.not_found"
    assert read(hand, kept, "justice")["state"] == "ACCEPTED"


def test_the_list_is_the_agencys_own_newest_first_page_by_page(hand):
    kept = [hand.defer()["id"] for _ in range(5)]
    hand.defer("justice")
    result, before = [], None
    while True:
        page = hand.call(READ_CALLS, asker="fuel-co", limit=2, before=before)
        result, before = result + page["calls"], page["next"]
        if before is None:
            break
    assert [call["id"] for call in result] == kept[::-1]
    assert not any("result" in call for call in result)
    hand.settle(hand.claim(1)[0])
    done = hand.call(READ_CALLS, asker="fuel-co", states=["DONE", "FAILED"])["calls"]
    assert [call["id"] for call in done] == kept[:1]


def test_only_an_agency_has_calls(hand):
    for contract, data in ((READ_CALLS, {}), (READ_CALL, {"id": str(uuid.uuid4())})):
        assert hand.call(contract, **data)["code"] == "agency.only"


# --- leases ---


def test_a_call_is_one_runners_until_its_lease_ends(hand):
    hand.defer()
    (first,) = hand.claim()
    assert hand.claim() == []
    later(hand, seconds=14)
    assert hand.claim() == []
    later(hand, seconds=2)
    (second,) = hand.claim()
    assert (second["id"], second["tries"]) == (first["id"], 2)


def test_of_two_runners_the_first_end_is_the_end(hand):
    kept = hand.defer()
    (slow,) = hand.claim()
    later(hand, seconds=16)
    (quick,) = hand.claim()
    assert hand.settle(quick, result={"from": "the second"}) == "DONE"
    assert hand.settle(slow, "REFUSED") == "DONE"
    assert read(hand, kept)["result"] == {"from": "the second"}


def test_who_lost_the_lease_does_not_put_off_the_one_who_has_it(hand):
    hand.defer()
    (slow,) = hand.claim()
    later(hand, seconds=16)
    (quick,) = hand.claim()
    hand.settle(slow, "AGAIN")
    later(hand, seconds=5)
    assert hand.claim() == []
    hand.settle(quick, "AGAIN")
    later(hand, seconds=2)
    assert [call["tries"] for call in hand.claim()] == [3]


def test_many_runners_share_the_calls_and_none_is_run_twice(hand):
    kept = {hand.defer()["id"] for _ in range(30)}
    result, lock = [], threading.Lock()

    def run():
        while mine := hand.claim(4):
            with lock:
                result.extend(call["id"] for call in mine)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(result), set(result)) == (30, kept)


def test_the_many_calls_of_one_agency_keep_no_other_waiting(hand):
    for _ in range(20):
        hand.defer()
    later(hand, seconds=1)
    last = hand.defer("justice")["id"]
    assert last in [call["id"] for call in hand.claim(2)]
    assert len(hand.claim(100)) == 19


# --- tried again ---


def test_what_is_not_reachable_is_tried_again_with_growing_pauses_for_an_hour(hand):
    kept = hand.defer()
    begun, tries = hand.moment, []
    while read(hand, kept)["state"] in ("ACCEPTED", "RUNNING"):
        if mine := hand.claim():
            tries.append((hand.moment - begun).total_seconds())
            hand.settle(mine[0], "AGAIN", problem={"code": "service.absent"})
        ((due,),) = hand.rows("due_at")
        left = (due - hand.moment).total_seconds() if due else 1
        later(hand, seconds=left - 1 if left > 1 else left)  # a second early nobody may have it
    reply = read(hand, kept)
    assert (reply["state"], reply["problem"]) == ("FAILED", {"code": "service.absent"})
    assert tries[:5] == [0, 1, 3, 7, 15]
    assert 3500 < tries[-1] < 3600


def test_a_call_taken_under_a_clock_that_ran_ahead_is_run_at_once(hand):
    kept = hand.defer()
    execute(hand.db, "update calls set due_at = due_at + interval '2 hours'")
    assert [call["id"] for call in hand.claim()] == [kept["id"]]


@given(st.integers(1, 10**6), st.integers(0, 4000))
def test_a_pause_never_shrinks_and_none_ends_after_the_time_is_over(tries, seconds):
    assert calls.pause(tries) <= calls.pause(tries + 1) <= calls.LONGEST_PAUSE
    start = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
    now, until = start + dt.timedelta(seconds=seconds), start + calls.TRY_FOR
    due = calls.again_at(now, tries, until)
    assert due is None or now < due < until


def test_every_lease_is_longer_than_the_deadline_of_its_contract():
    for contract in agency_contracts():
        assert isinstance(contract, Request)
        assert contract.deadline < calls.lease(contract.deadline) < 60


# --- taken back ---


def test_a_call_is_taken_back_while_nothing_was_begun_and_not_run_then(hand):
    kept = hand.defer()
    assert cancel(hand, kept)["state"] == "CANCELLED"
    assert cancel(hand, kept)["state"] == "CANCELLED"
    assert hand.claim() == []
    assert hand.rows("state, data, due_at") == [("CANCELLED", None, None)]


@pytest.mark.parametrize("end", ["running", "AGAIN", "DONE", "REFUSED"])
def test_what_was_begun_is_not_taken_back(hand, end):
    kept = hand.defer()
    (claimed,) = hand.claim()
    if end != "running":
        hand.settle(claimed, end)
    before = read(hand, kept)
    assert cancel(hand, kept)["code"] == "call.begun"
    assert read(hand, kept) == before


def test_of_taking_back_and_running_exactly_one_wins_however_they_meet(hand):
    for _ in range(25):
        kept, won, gate = hand.defer(), [], threading.Barrier(2)

        def take(kept=kept, won=won, gate=gate):
            gate.wait()
            won += ["back" for _ in [cancel(hand, kept)] if _.get("state") == "CANCELLED"]

        def run(won=won, gate=gate):
            gate.wait()
            won += ["run" for _ in hand.claim()]

        threads = [threading.Thread(target=subject) for subject in (take, run)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        state = read(hand, kept)["state"]
        assert (won, state) in ((["back"], "CANCELLED"), (["run"], "RUNNING"))
        if won == ["run"]:
            hand.settle(kept)


# --- told and forgotten ---


def told_back(hand):
    return execute(
        hand.db,
        "select convert_from(body, 'UTF8')::json from outbox where name = %s order by seq",
        (CALL_BACK.name,),
    )


@pytest.mark.parametrize("state", ["DONE", "REFUSED", "FAILED"])
def test_who_wants_it_is_told_the_end_once_and_nothing_of_people(hand, state):
    kept = hand.defer(call_back=True)
    hand.defer()
    mine, other = hand.claim()
    for _ in range(2):
        hand.settle(mine, state)
    hand.settle(other, state)
    data = {
        "id": kept["id"],
        "contract": "inquiry.ask.v1",
        "state": state,
        "link": f"/v1/calls/{kept['id']}",
    }
    assert told_back(hand) == [
        ({"agency": "fuel-co", "type": "call.settled", "id": kept["id"], "data": data},)
    ]


def test_thirty_days_after_its_end_a_call_is_forgotten(hand):
    old = hand.defer()
    hand.settle(hand.claim()[0])
    later(hand, days=29)
    new = hand.defer()
    hand.service.forget_calls.__wrapped__(hand.service)
    assert read(hand, old)["state"] == "DONE"
    later(hand, days=2)
    hand.service.forget_calls.__wrapped__(hand.service)
    assert read(hand, old)["code"] == "call.not_found"
    assert read(hand, new)["state"] == "ACCEPTED"
