"""A repeat does nothing twice: also across a renamed method and a new field of its contract."""

import hashlib
import json

import pytest

from bus.errors import Conflict
from tests.bus.asking import ask, ask_all
from tests.probe.contracts import ADD, Mark, Marked
from tests.stores import execute

FIRST_REPLY = {"result": {"mark": "first", "times": 7}}


def digest(content):
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).digest()


def remember(probe, consumer, content):
    """A row of the inbox as an earlier version has written it."""
    execute(
        probe.db,
        "insert into inbox (consumer, message_id, digest, reply) values (%s, 'one', %s, %s)",
        (consumer, digest(content), json.dumps(FIRST_REPLY).encode()),
    )


@pytest.mark.parametrize(
    ("consumer", "content"),
    [
        # By the name of the contract alone; ``seconds`` has its default, so it is as if it were
        # a field that came later.
        ("probe.add.v1", {"mark": "m"}),
        # Up to 0.1.0: by the name of the method too, with all fields in the digest.
        ("probe.add.v1:add_before", {"mark": "m", "seconds": 0.0}),
    ],
)
def test_a_repeat_of_what_an_earlier_version_did_gets_its_reply(probe, consumer, content):
    remember(probe, consumer, content)
    assert ask(probe.amqp, ADD, id="one", mark="m") == FIRST_REPLY["result"]
    assert probe.marks("m") == 0


def test_an_id_that_was_used_for_another_message_is_refused(probe):
    remember(probe, "probe.add.v1", {"mark": "m"})
    refusal = ask(probe.amqp, ADD, id="one", mark="m", seconds=0.01)
    assert isinstance(refusal, Conflict)
    assert refusal.code == "idempotency_key.reused"


def test_the_inbox_remembers_under_the_name_of_the_contract_alone(probe):
    ask(probe.amqp, ADD, id="two", mark="m")
    rows = execute(probe.db, "select consumer, digest from inbox where message_id = 'two'")
    assert [(consumer, bytes(kept)) for consumer, kept in rows] == [
        ("probe.add.v1", digest({"mark": "m"}))
    ]


def test_a_message_gets_a_typed_reply(probe):
    (reply,) = ask_all(probe.amqp, [(ADD, None, Mark(mark="typed"))])
    assert reply == Marked(mark="typed", times=1)
