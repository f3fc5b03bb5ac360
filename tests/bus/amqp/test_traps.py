"""What stock nameko on RabbitMQ was seen to do wrong, each tried on the real broker."""

import json
import time

import pytest

from bus import topology
from bus.envelope import Envelope
from tests.bus.amqp.test_fates import in_background
from tests.bus.asking import Wire, ask
from tests.probe.contracts import ADD, LOOK, NOTE, TELL
from tests.stores import BLOCKING, PLENTY, execute, memory_limit
from tests.waiting import wait_for

GOOD = Envelope.new(ADD.name, "test").headers()


def test_sigterm_in_the_middle_of_a_call_lets_it_end_once_while_another_replica_serves(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    first = probe.serve()
    probe.ready()
    second = probe.serve()
    wait_for(lambda: "consuming" in second.log)
    answers = [
        in_background(vhost, ADD, mark=f"deploy-{n}", seconds=2, deadline=20) for n in range(4)
    ]
    wait_for(lambda: sum(probe.begun(f"deploy-{n}") for n in range(4)) == 4)
    first.popen.terminate()
    time.sleep(0.5)
    assert ask(vhost, LOOK, mark="meanwhile", deadline=3)["times"] == 0
    assert [answer()["times"] for answer in answers] == [1] * 4
    assert first.popen.wait(20) == 0
    assert [probe.begun(f"deploy-{n}") for n in range(4)] == [1] * 4
    assert second.alive


def test_sigterm_gives_back_what_was_fetched_but_not_begun(probe_parts, vhost, probe_db):
    probe = probe_parts(vhost, probe_db)
    first = probe.serve()
    probe.ready()
    with Wire(vhost) as wire:
        for n in range(40):
            wire.tell(NOTE, id=f"c{n}", mark="shift", seconds=0.1)
    wait_for(lambda: probe.marks("shift") >= 3)
    assert first.stop() == 0
    assert probe.begun("shift") == probe.marks("shift") < 40
    second = probe.serve()
    wait_for(lambda: probe.marks("shift") == 40 or not second.alive, 60)
    assert second.alive, second.log
    assert (probe.begun("shift"), probe.dead()) == (40, 0)


HOSTILE = {
    "no headers at all": {"content_type": "application/json"},
    "no reply_to": {"content_type": "application/json", "headers": GOOD},
    "no content type": {"headers": GOOD, "reply_to": "amq.rabbitmq.reply-to.x"},
    "pickle": {"content_type": "application/x-python-serialize", "headers": GOOD},
    "a call stack that is no list": {
        "content_type": "application/json",
        "headers": {**GOOD, "nameko.call_id_stack": 7},
    },
    "a deadline that is no number": {
        "content_type": "application/json",
        "headers": {**GOOD, "ce-deadline": "soon"},
    },
    "a caller that is no object": {
        "content_type": "application/json",
        "headers": {**GOOD, "ce-caller": "[1]"},
    },
    "an id that is a number": {"content_type": "application/json", "headers": {**GOOD, "ce-id": 5}},
    "another type": {
        "content_type": "application/json",
        "headers": {**GOOD, "ce-type": "probe.look.v1"},
    },
}


@pytest.mark.parametrize("properties", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_message_kills_no_replica(probe, properties):
    with Wire(probe.amqp) as wire:
        wire.publish(topology.REQUESTS, ADD.name, b'{"mark": "hostile"}', **properties)
    assert ask(probe.amqp, ADD, mark="after") == {"mark": "after", "times": 1}
    assert probe.services[0].alive


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b'"text"',
        b"[" * 100_000,
        b'{"mark": 1}',
        b'{"mark": "x", "more": 1}',
        b'{"__type__": "Decimal", "__value__": 1}',
        b"null",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_body_that_cannot_be_read_is_kept_with_the_dead_not_swallowed(probe, body):
    with Wire(probe.amqp) as wire:
        wire.publish(
            topology.REQUESTS,
            ADD.name,
            body,
            content_type="application/json",
            headers=GOOD,
            reply_to="amq.rabbitmq.reply-to.x",
        )
        wait_for(lambda: probe.dead() == 1)
        assert wire.take(topology.queue_name("probe", "dead"))[1] == body
    assert ask(probe.amqp, ADD, mark="after")["times"] == 1


def test_a_request_that_cannot_be_read_is_also_answered(probe):
    with Wire(probe.amqp) as wire:
        answers = []
        wire.channel.basic_consume(
            topology.DIRECT_REPLY, lambda *delivery: answers.append(delivery[3]), auto_ack=True
        )
        wire.publish(
            topology.REQUESTS,
            ADD.name,
            b"{",
            content_type="application/json",
            headers=GOOD,
            reply_to=topology.DIRECT_REPLY,
            correlation_id="1",
        )
        wait_for(lambda: wire.connection.process_data_events(0.1) or answers)
    assert json.loads(answers[0])["error"]["code"] == "message.unreadable"


def test_a_hostile_reply_to_does_not_make_the_service_write_into_another_queue(probe):
    with Wire(probe.amqp) as wire:
        for target in ("mirab.probe.commands", "mirab.probe.requests", "probe.note.v1", "victim"):
            wire.publish(
                topology.REQUESTS,
                ADD.name,
                b'{"mark": "deputy"}',
                headers={**Envelope.new(ADD.name, "test").headers()},
                content_type="application/json",
                reply_to=target,
                correlation_id="1",
            )
        wait_for(lambda: probe.marks("deputy") == 4)
        assert ask(probe.amqp, ADD, mark="after")["times"] == 1
        assert wire.count("mirab.probe.commands") == 0
    assert probe.dead() == 0


def test_a_blocked_broker_makes_asking_end_in_time_and_all_goes_on_afterwards(
    probe_parts, own_broker, probe_db
):
    probe = probe_parts(own_broker.url, probe_db)
    process = probe.serve()
    relay = probe.relay()
    probe.ready()
    memory_limit(own_broker, BLOCKING)
    try:
        error = ask(own_broker.url, ADD, mark="blocked", deadline=3)
        assert error.code in {"broker.blocked", "deadline.passed", "broker.unreachable"}
        execute(probe.db, "insert into marks (mark) values ('database lives')")
    finally:
        memory_limit(own_broker, PLENTY)
    wait_for(lambda: isinstance(ask(own_broker.url, ADD, mark="later", deadline=3), dict), 30)
    ask(own_broker.url, TELL, mark="told")
    wait_for(lambda: probe.marks("told") == 1)
    assert process.alive
    assert relay.alive


def test_a_blocked_broker_holds_the_relay_and_loses_nothing(probe_parts, own_broker, probe_db):
    probe = probe_parts(own_broker.url, probe_db)
    probe.serve()
    probe.ready()
    for n in range(5):
        ask(own_broker.url, TELL, mark=f"t{n}")
    memory_limit(own_broker, BLOCKING)
    relay = probe.relay()
    time.sleep(3)  # about time: the relay meets the block, and tries again
    memory_limit(own_broker, PLENTY)
    wait_for(lambda: all(probe.marks(f"t{n}") == 1 for n in range(5)), 40)
    assert relay.alive


def test_a_reply_that_was_lost_is_given_again_to_who_asks_again(probe_parts, vhost, probe_db):
    probe = probe_parts(vhost, probe_db)
    first = probe.serve()
    probe.ready()
    lost = ask(vhost, ADD, id="lost-reply", mark="lost", seconds=2, deadline=0.5)
    assert lost.code == "deadline.passed"
    wait_for(lambda: probe.marks("lost") == 1)
    again = ask(vhost, ADD, id="lost-reply", mark="lost", seconds=2)
    assert again == {"mark": "lost", "times": 1}
    assert first.alive


def test_b1_a_question_and_a_reply_that_no_broker_takes_are_refused_before_they_are_sent(probe):
    """The broker would end the connection, and with it what others asked over it."""
    room = topology.LONGEST_BODY - len(json.dumps(LOOK.load_data({"mark": ""})))
    assert ask(probe.amqp, LOOK, mark="x" * room).code == "reply.too_large"
    assert ask(probe.amqp, LOOK, mark="x" * (room + 1000)).code == "message.too_large"
    assert ask(probe.amqp, ADD, mark="after", deadline=30)["times"] == 1


def test_asking_a_service_that_was_never_started_fails_at_once(vhost):
    assert ask(vhost, ADD, mark="x", deadline=10).code == "service.absent"


def test_asking_while_there_is_no_broker_fails_within_the_deadline():
    assert ask("amqp://guest:guest@127.0.0.1:9/", ADD, mark="x", deadline=3).code == (
        "broker.unreachable"
    )


def test_a_handler_that_runs_in_many_replicas_on_a_timer_runs_in_one_at_a_time(
    probe_parts, vhost, probe_db
):
    probe = probe_parts(vhost, probe_db)
    probe.serve()
    probe.serve()
    probe.ready()
    time.sleep(3)  # about time: the timer turns several times
    marks = [
        row[0]
        for row in execute(probe.db, "select mark from begun where mark ~ '^tick' order by id")
    ]
    whole = len(marks) // 2 * 2
    assert whole >= 6
    assert marks[:whole] == ["tick+", "tick-"] * (whole // 2)
