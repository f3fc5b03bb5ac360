"""Dead letters as the person on duty meets them: counted, looked at, tried again."""

import json
import re

import pytest

from bus.amqp.dead_letters import DeadLetters
from bus.errors import ContractError, NotFound, RuleBroken, Unavailable
from tests.bus.asking import Wire
from tests.probe.contracts import NOTE, SPOIL
from tests.waiting import wait_for


@pytest.fixture
def dead(probe):
    """Three dead letters of the probe."""
    with Wire(probe.amqp) as wire:
        for n in range(3):
            wire.tell(SPOIL, id=f"bad-{n}", mark=f"secret-{n}", seconds=0)
        wait_for(lambda: probe.dead() == 3)
    return probe


def test_they_are_counted_and_looking_at_them_changes_nothing(dead):
    with DeadLetters(dead.amqp) as letters:
        for _ in range(12):
            # What was looked at is given back a moment after the look.
            wait_for(lambda: letters.count("probe") == 3)
            result = letters.look("probe")
            assert {letter["id"] for letter in result} == {"bad-0", "bad-1", "bad-2"}


def test_a_look_says_what_and_why_but_never_the_content(dead):
    with DeadLetters(dead.amqp) as letters:
        result = letters.look("probe")
    assert result[0]["type"] == "probe.spoil.v1"
    assert result[0]["reason"] == "rejected"
    assert result[0]["queue"] == "mirab.probe.commands"
    assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}Z", result[0]["died_at"])
    assert "secret" not in json.dumps(result)


def test_a_letter_names_the_code_of_the_refusal_also_after_a_replay(dead):
    with DeadLetters(dead.amqp) as letters:
        assert {letter["code"] for letter in letters.look("probe")} == {RuleBroken.default_code}
        wait_for(lambda: letters.replay("probe") == 3)
        wait_for(lambda: letters.count("probe") == 3)
        again = letters.look("probe")
    assert {letter["code"] for letter in again} == {RuleBroken.default_code}
    assert {letter["queue"] for letter in again} == {"mirab.probe.commands"}


def test_a_letter_that_could_not_be_read_says_so(probe):
    with Wire(probe.amqp) as wire:
        wire.tell(SPOIL, id="odd", mark=7, seconds=0)
        wait_for(lambda: probe.dead() == 1)
    with DeadLetters(probe.amqp) as letters:
        (letter,) = letters.look("probe")
    assert (letter["reason"], letter["code"]) == ("rejected", ContractError.default_code)


def test_one_is_tried_again_and_the_others_stay(dead):
    with DeadLetters(dead.amqp) as letters:
        assert letters.replay("probe", {"bad-1"}) == 1
        wait_for(lambda: letters.count("probe") == 3)  # it broke the same rule again
        assert dead.marks("secret-1") == 0


def test_a_letter_that_names_another_services_queue_is_not_sent_there(probe):
    """Its sender wrote the header by which a replay finds the queue where a message died."""
    victim = "mirab.victim.commands"
    forged = [
        {"queue": victim, "reason": "rejected", "count": 1, "exchange": "", "routing-keys": []}
    ]
    with Wire(probe.amqp) as wire:
        wire.channel.queue_declare(victim, durable=True)
        wire.publish("mirab.dead", "probe", b"{}", message_id="forged", headers={"x-death": forged})
        wait_for(lambda: probe.dead() == 1)
        with DeadLetters(probe.amqp) as letters:
            assert letters.replay("probe") == 0
        assert wire.count(victim) == 0


def test_what_was_done_before_is_not_done_again_by_a_replay(probe):
    with Wire(probe.amqp) as wire:
        wire.tell(NOTE, id="done", mark="done", seconds=0)
        wait_for(lambda: probe.marks("done") == 1)
        wire.publish(
            "mirab.dead",
            "probe",
            json.dumps({"mark": "done", "seconds": 0}).encode(),
            message_id="done",
            content_type="application/json",
            headers={
                "ce-id": "done",
                "ce-type": NOTE.name,
                "ce-source": "test",
                "x-death": [{"queue": "mirab.probe.commands", "reason": "rejected"}],
            },
        )
        wait_for(lambda: probe.dead() == 1)
        with DeadLetters(probe.amqp) as letters:
            assert letters.replay("probe") == 1
        wait_for(lambda: wire.count("mirab.probe.commands") == 0 and probe.dead() == 0)
    assert probe.marks("done") == 1


def test_an_unknown_service_and_an_absent_broker_say_so(broker, vhost):
    with DeadLetters(vhost) as letters, pytest.raises(NotFound, match="nowhere"):
        letters.count("nowhere")
    with pytest.raises(Unavailable), DeadLetters("amqp://guest:guest@127.0.0.1:9/"):
        pass
