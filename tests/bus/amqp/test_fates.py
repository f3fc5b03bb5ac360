"""The fate of a message, row by row, on the real broker (docs/architecture.md, "Fates")."""

import signal
import threading
import time

from bus import topology
from bus.errors import Conflict, Internal, RuleBroken, Unavailable
from tests.bus.asking import Wire, ask, ask_all
from tests.databases import make_empty_database
from tests.probe.contracts import (
    ADD,
    ADD_MANY,
    BUSY,
    DIE,
    FAIL,
    LOOK,
    NOTE,
    NOTED,
    REFUSE,
    SPOIL,
    STUMBLE,
)
from tests.stores import execute
from tests.waiting import wait_for


def in_background(*arguments, **named):
    """Asks in a thread; call the result to wait for the answer."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(*arguments, **named)))
    thread.start()

    def wait():
        thread.join(60)
        return answers[0]

    return wait


def test_a_body_that_returns_is_committed_answered_and_acknowledged(probe):
    assert ask(probe.amqp, ADD, mark="one") == {"mark": "one", "times": 1}
    assert probe.marks("one") == 1
    with Wire(probe.amqp) as wire:
        wait_for(lambda: wire.count("mirab.probe.requests") == 0)
    assert probe.dead() == 0


def test_a_repeated_request_gets_the_first_reply_and_no_second_effect(probe):
    first = ask(probe.amqp, ADD, id="same", mark="twice")
    again = ask(probe.amqp, ADD, id="same", mark="twice")
    assert again == first == {"mark": "twice", "times": 1}
    assert probe.marks("twice") == 1


def test_the_same_id_with_another_body_is_a_conflict(probe):
    ask(probe.amqp, ADD, id="same", mark="this")
    error = ask(probe.amqp, ADD, id="same", mark="that")
    assert isinstance(error, Conflict)
    assert error.code == "idempotency_key.reused"
    assert probe.marks("that") == 0


def test_the_same_request_many_times_at_once_has_one_effect(probe):
    answers = ask_all(probe.amqp, [(ADD, "rush", {"mark": "rush", "seconds": 0.2})] * 8)
    assert answers == [{"mark": "rush", "times": 1}] * 8
    assert probe.marks("rush") == 1


def test_a_repeated_command_and_a_repeated_event_are_done_once(probe):
    with Wire(probe.amqp) as wire:
        for _ in range(3):
            wire.tell(NOTE, id="n1", mark="noted", seconds=0)
            wire.tell(NOTED, id="e1", mark="bell", times=1)
        wire.tell(NOTE, id="n2", mark="last", seconds=0)
        wire.tell(NOTED, id="e2", mark="last", times=1)
    wait_for(lambda: probe.marks("last") == 1 and probe.marks("heard last") == 1)
    assert (probe.marks("noted"), probe.marks("heard bell")) == (1, 1)


def test_a_raised_refusal_is_answered_and_rolled_back(probe):
    error = ask(probe.amqp, REFUSE, mark="raised", seconds=0)
    assert isinstance(error, RuleBroken)
    assert (error.code, probe.marks("raised"), probe.dead()) == ("probe.refused", 0, 0)


def test_a_returned_refusal_is_answered_and_committed(probe):
    error = ask(probe.amqp, REFUSE, mark="returned", seconds=1)
    assert isinstance(error, RuleBroken)
    assert (error.code, probe.marks("returned")) == ("probe.refused", 1)


def test_an_unexpected_error_is_rolled_back_kept_with_the_dead_and_its_text_stays_here(probe):
    error = ask(probe.amqp, FAIL, mark="broken")
    assert isinstance(error, Internal)
    assert "secret" not in error.message
    assert error.details["error_id"] in probe.services[0].log
    assert "a secret that must not travel" in probe.services[0].log
    wait_for(lambda: probe.dead() == 1)
    assert probe.marks("broken") == 0


def test_a_command_that_breaks_a_rule_is_rejected_to_the_dead_letters_at_once(probe):
    with Wire(probe.amqp) as wire:
        wire.tell(SPOIL, id="rotten", mark="spoilt", seconds=0)
        wait_for(lambda: probe.dead() == 1)
        properties, _ = wire.take(topology.queue_name("probe", "dead"))
    assert properties.message_id == "rotten"
    assert properties.headers[topology.DIED_OF] == "rule.broken"
    assert probe.marks("spoilt") == 0


def test_a_command_that_does_not_follow_its_contract_is_rejected_at_once(probe):
    with Wire(probe.amqp) as wire:
        wire.tell(NOTE, mark="x", seconds="soon")
        wait_for(lambda: probe.dead() == 1)
    assert probe.begun("x") == 0


def test_a_command_that_stumbles_is_tried_five_times_more_and_then_kept_with_the_dead(probe):
    with Wire(probe.amqp) as wire:
        wire.tell(STUMBLE, mark="stumble", seconds=0)
        wait_for(lambda: probe.dead() == 1)
        properties, _ = wire.take(topology.queue_name("probe", "dead"))
    assert probe.begun("stumble") == topology.DELIVERY_LIMIT + 1
    assert properties.headers["x-death"][0]["reason"] == "delivery_limit"


def test_a_request_that_stays_busy_ends_with_the_dead_and_its_asker_is_told_in_time(probe):
    error = ask(probe.amqp, BUSY, mark="busy", deadline=3)
    assert isinstance(error, Unavailable)
    wait_for(lambda: probe.dead() == 1)


def test_a_poison_message_that_kills_the_process_ends_with_the_dead(probe_parts, vhost, probe_db):
    probe = probe_parts(vhost, probe_db)
    probe.serve()
    probe.ready()
    with Wire(vhost) as wire:
        wire.tell(DIE, mark="poison", seconds=0)

    def restarted_until_dead():
        if not probe.services[-1].alive:
            probe.serve()
        return probe.dead() == 1

    wait_for(restarted_until_dead, 60, pause=0.2)
    if not probe.services[-1].alive:
        probe.serve()
    probe.ready()
    assert probe.begun("poison") == topology.DELIVERY_LIMIT + 1
    assert ask(vhost, ADD, mark="after")["times"] == 1


def test_a_request_whose_worker_is_killed_in_the_middle_is_worked_on_by_the_next(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    first = probe.serve()
    probe.ready()
    answer = in_background(vhost, ADD, mark="killed", seconds=1.5, deadline=30)
    wait_for(lambda: probe.begun("killed") == 1)
    first.kill()
    assert probe.marks("killed") == 0
    probe.serve()
    assert answer() == {"mark": "killed", "times": 1}
    assert (probe.begun("killed"), probe.marks("killed")) == (2, 1)


def test_a_request_whose_deadline_passed_while_no_service_ran_is_never_worked_on(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    first = probe.serve()
    probe.ready()
    first.stop()
    error = ask(vhost, ADD, mark="late", deadline=1)
    assert isinstance(error, Unavailable)
    assert error.code == "deadline.passed"
    probe.serve()
    probe.ready()
    assert (probe.begun("late"), probe.dead()) == (0, 0)


def test_a_request_that_expires_in_the_hand_of_a_busy_service_is_dropped_unanswered(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    process = probe.serve()
    probe.ready()
    process.popen.send_signal(signal.SIGSTOP)
    error = ask(vhost, ADD, mark="stale", deadline=1)
    assert error.code == "deadline.passed"
    process.popen.send_signal(signal.SIGCONT)
    probe.ready()
    assert (probe.begun("stale"), probe.dead()) == (0, 0)


def test_two_consumers_share_the_work_and_nothing_is_done_twice(probe_parts, vhost, probe_db):
    probe = probe_parts(vhost, probe_db)
    entry, two = probe.serve(), probe.serve()
    for item in (entry, two):
        wait_for(lambda e=item: "mirab.probe.requests" in e.log, 60)
    with Wire(vhost) as wire:
        wait_for(lambda: wire.consumers("mirab.probe.requests") == 2, 60)
    questions = [(ADD, f"id-{n}", {"mark": f"m{n}", "seconds": 0.02}) for n in range(120)]
    answers = ask_all(vhost, questions, deadline=30)
    assert all(answer["times"] == 1 for answer in answers)
    assert all(f"id-{n}" in entry.log or f"id-{n}" in two.log for n in range(120))
    assert "probe.add.v1" in entry.log
    assert "probe.add.v1" in two.log


def test_while_the_database_is_away_a_request_is_told_so_and_a_command_is_held(
    probe_parts, vhost, own_postgres
):
    probe = probe_parts(vhost, make_empty_database(own_postgres, "tests.probe", "probe"))
    probe.serve()
    probe.ready()
    own_postgres.stop()
    error = ask(vhost, ADD, mark="away", deadline=8)
    assert isinstance(error, Unavailable)
    assert error.code == "database.unreachable"
    with Wire(vhost) as wire:
        for n in range(20):
            wire.tell(NOTE, id=f"held-{n}", mark="held", seconds=0)
    time.sleep(8)  # about time: the tries of a command that fails would have ended by then
    assert probe.dead() == 0
    own_postgres.start()
    wait_for(lambda: probe.marks("held") == 20, 60)
    assert probe.dead() == 0


def test_the_service_lives_through_a_restart_of_the_broker(probe_parts, own_broker, probe_db):
    probe = probe_parts(own_broker.url, probe_db)
    process = probe.serve()
    relay = probe.relay()
    probe.ready()
    with Wire(own_broker.url) as wire:
        wire.tell(NOTE, id="kept", mark="kept", seconds=2)
        wait_for(lambda: probe.begun("kept") >= 1)
    own_broker.stop()
    assert ask(own_broker.url, LOOK, mark="x", deadline=2).code == "broker.unreachable"
    own_broker.start()
    probe.ready()
    wait_for(lambda: probe.marks("kept") == 1, 30)
    time.sleep(1)
    assert probe.marks("kept") == 1
    assert process.alive
    assert relay.alive
    assert ask(own_broker.url, ADD, mark="after")["times"] == 1


def test_requests_that_wait_together_are_worked_on_together_and_one_bad_one_spoils_no_other(probe):
    slow = [(ADD_MANY, None, {"mark": "slow", "seconds": 0.5})] * 2
    rest = [
        (ADD_MANY, None, {"mark": mark, "seconds": 0})
        for mark in ["a", "b", "bad", "c", "no", "d"] + ["e"] * 30
    ]
    answers = ask_all(probe.amqp, slow + rest, deadline=20)
    kinds = [answer["mark"] if isinstance(answer, dict) else answer.kind for answer in answers[2:]]
    assert kinds == ["a", "b", "Internal", "c", "Conflict", "d"] + ["e"] * 30
    assert execute(probe.db, "select max(size) from batches")[0][0] > 5
    assert [probe.marks(mark) for mark in ("a", "b", "c", "d", "e", "bad")] == [1, 1, 1, 1, 30, 0]
