"""Hostile messages among innocent ones: these are all answered, and none of them dies."""

import base64
import datetime as dt
import struct
from decimal import Decimal

import pytest

from bus import topology
from bus.envelope import Envelope
from tests.bus.asking import Wire, ask_all
from tests.probe.contracts import ADD, LOOK

DIRECT = "amq.rabbitmq.reply-to."
KEY = base64.b64encode(b"k" * 16).decode()


def address(node, ids=b"\x00\x00\x02\xba\x00\x00\x00\x00\x6b\x0b\x74\x10", tag=b"\x83\x58\x76"):
    """As RabbitMQ writes an asker's channel: a process of Erlang on a node."""
    encoded = base64.b64encode(tag + struct.pack(">H", len(node)) + node + ids)
    return f"{DIRECT}{encoded.decode()}.{KEY}"


REPLY_TO = {
    "of the finding": DIRECT + "g1h2AA5yZXBseUA2.x",
    "another node": address(b"reply@1234567"),
    "no number": address(b"reply@node"),
    "another name": address(b"rabbit@1"),
    "no process": address(b"reply@1", b"\xff" * 12),
    "too long": address(b"reply@1", b"\x00" * 40),
    "a port": address(b"reply@1", tag=b"\x83\x59\x76"),
    "an atom": DIRECT + base64.b64encode(b"\x83\x64\x00\x16" + b"a" * 22).decode() + "." + KEY,
    "half of one": DIRECT + KEY,
    "a queue": "mirab.probe.commands",
    "nothing": "",
}
GOOD = {"content_type": "application/json", "reply_to": address(b"reply@1234567")}
PROPERTIES = {
    "a long correlation": {"correlation_id": "c" * 255},
    "a correlation of signs": {"correlation_id": "\u200c\u202e\U0001f600"},
    "an old age": {"expiration": "60000"},
    "a priority": {"priority": 255},
    "another mode": {"delivery_mode": 1},
    "a moment": {"timestamp": 2**62},
    "another encoding": {"content_encoding": "utf-16"},
    "an encoding that is none": {"content_encoding": "rot13"},
    "a user": {"user_id": "guest"},
    "a cluster": {"cluster_id": "x", "app_id": "y", "type": "z"},
}
HEADERS = {
    "packed": {"compression": "application/x-gzip"},
    "packed by nobody": {"compression": "x"},
    "a number": {"ce-correlation": 5},
    "a table": {"ce-causation": {"a": [1, {"b": None}]}},
    "a moment": {"ce-subject": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)},
    "a decimal": {"ce-time": Decimal("1.5")},
    "bytes": {"ce-id": b"\xff\xfe"},
    "a nought": {"ce-id": "a\x00b"},
    "long": {"ce-correlation": "x" * 60_000, "ce-causation": "y" * 60_000},
    "no end of time": {"ce-deadline": "nan"},
    "for ever": {"ce-deadline": "1e400"},
    "deep": {"ce-caller": "[" * 50_000},
    "counted": {"x-delivery-count": "many"},
    "receipts": {topology.RECEIPT_TO: "mirab\x00", "ce-id": "r1"},
    "copies": {"CC": ["mirab.probe.commands"], "BCC": ["mirab.probe.events"]},
}


def hostile():
    for reply_to in REPLY_TO.values():
        yield {**GOOD, "reply_to": reply_to}, {}
    for properties in PROPERTIES.values():
        yield {**GOOD, **properties}, {}
    for headers in HEADERS.values():
        yield GOOD, headers


def say(wire, contract, properties, headers):
    envelope = Envelope.new(contract.name, "hostile").headers()
    wire.publish(
        topology.REQUESTS,
        contract.name,
        b'{"mark": "hostile"}',
        headers={**envelope, **headers},
        **properties,
    )


def test_b5_a_forged_reply_address_costs_no_other_request_its_answer(probe):
    with Wire(probe.amqp) as wire:
        for _ in range(3):
            for reply_to in REPLY_TO.values():
                say(wire, ADD, {**GOOD, "reply_to": reply_to}, {})
        questions = [(ADD, f"innocent-{n}", {"mark": f"i{n}", "seconds": 0}) for n in range(60)]
        answers = ask_all(probe.amqp, questions, deadline=20)
    assert [answer["times"] for answer in answers] == [1] * 60
    assert probe.dead() == 0
    assert "broker_lost" not in probe.services[0].log


@pytest.mark.parametrize("contract", [ADD, LOOK], ids=["remembered", "looked up"])
def test_b5_no_property_of_a_message_takes_the_consumer_from_others(probe, contract):
    with Wire(probe.amqp) as wire:
        for properties, headers in hostile():
            say(wire, contract, properties, headers)
        questions = [(ADD, None, {"mark": f"i{n}", "seconds": 0}) for n in range(40)]
        answers = ask_all(probe.amqp, questions, deadline=20)
        assert [answer["times"] for answer in answers] == [1] * 40
        dead = topology.queue_name("probe", "dead")
        while result := wire.take(dead):  # what cannot be read lies there, and nothing else
            assert result[0].headers["ce-source"] == "hostile"
        assert wire.count("mirab.probe.commands") == 0
    assert probe.services[-1].alive


def test_b5_commands_and_events_with_hostile_properties_stop_no_consumer(probe):
    with Wire(probe.amqp) as wire:
        for exchange, name in (
            (topology.COMMANDS, "probe.note.v1"),
            (topology.EVENTS, "probe.noted.v1"),
        ):
            for properties, headers in hostile():
                wire.publish(
                    exchange,
                    name,
                    b'{"mark": "hostile"}',
                    headers={**Envelope.new(name, "hostile").headers(), **headers},
                    **{key: value for key, value in properties.items() if key != "reply_to"},
                )
    probe.clear()
