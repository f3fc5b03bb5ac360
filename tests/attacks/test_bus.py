"""Hostile messages at the broker itself, with the rights of a service (cases 67 to 79)."""

import contextlib
import json
import socket
import struct
import uuid
from urllib.parse import urlsplit

import pika
import pytest

from bus import topology
from bus.envelope import Envelope
from bus.errors import BusError
from contracts.inquiry.questions import ASK
from tests.attacks.conftest import QUESTION, grant
from tests.bus.asking import Wire, ask
from tests.stores import execute
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def member(house):
    return house.member(grant())


def lives(member):
    assert member.send().status_code == 200
    return member.house.service.alive


def test_case_67_a_question_without_a_caller_is_granted_nothing(house):
    reply = ask(house.environ["AMQP_URL"], ASK, id=str(uuid.uuid4()), **QUESTION)
    assert isinstance(reply, BusError)
    assert reply.code == "purpose.not_granted"


@pytest.mark.parametrize("body", [b"\x80\x04N.", b"!!python/object/apply:os.system ['true']"])
@pytest.mark.parametrize(
    "form",
    ["application/x-python-serialize", "application/x-yaml", "application/data", "text/plain", ""],
)
def test_case_71_no_other_form_than_json_is_read(member, form, body):
    before = execute(member.house.db, "select count(*) from inquiry_log")
    headers = Envelope.new(ASK.name, "test", caller={"agency": member.code}).headers()
    with Wire(member.house.environ["AMQP_URL"]) as wire:
        wire.publish(topology.REQUESTS, ASK.name, body, content_type=form, headers=headers)
    assert execute(member.house.db, "select count(*) from inquiry_log") == before
    assert lives(member)


def test_case_72_a_frame_that_is_too_large_ends_its_own_connection_alone(member):
    parts = urlsplit(member.house.environ["AMQP_URL"])
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as line:
        line.sendall(b"AMQP\x00\x00\x09\x01")
        assert line.recv(65536)
        with contextlib.suppress(OSError):
            line.sendall(struct.pack(">BHI", 1, 0, 2**31 - 1) + b"x" * 300_000)
            while line.recv(65536):
                pass
    assert lives(member)


def test_case_72_a_message_that_is_larger_than_any_contract_is_kept_with_the_dead(member):
    headers = Envelope.new(ASK.name, "test", caller={"agency": member.code}).headers()
    body = json.dumps({**QUESTION, "case_number": "9" * (topology.LONGEST_MESSAGE + 1)}).encode()
    with Wire(member.house.environ["AMQP_URL"]) as wire:
        dead = topology.queue_name("inquiry", "dead")
        before = wire.count(dead)
        wire.publish(
            topology.REQUESTS, ASK.name, body, content_type="application/json", headers=headers
        )
        wait_for(lambda: wire.count(dead) > before, 30)
    assert lives(member)


@pytest.mark.parametrize(
    "key",
    ["inquiry.secret.v1", "inquiry.note_bill.v1", "inquiry.*", "#", "inquiry.ask.v2", "billing.#"],
)
def test_case_73_79_a_key_that_is_no_contract_reaches_no_queue(house, key):
    with Wire(house.environ["AMQP_URL"]) as wire, pytest.raises(pika.exceptions.UnroutableError):
        wire.channel.basic_publish(
            topology.REQUESTS, key, b"{}", pika.BasicProperties(), mandatory=True
        )


def test_case_69_a_reply_that_nobody_waits_for_is_answered_to_nobody(member):
    """Replies go over the asker's own channel: from another connection there is no way there."""
    with Wire(member.house.environ["AMQP_URL"]) as wire:
        for target in (topology.DIRECT_REPLY, f"{topology.DIRECT_REPLY}.g1h2AAhyZXBseQ=="):
            with contextlib.suppress(pika.exceptions.AMQPError):
                wire.channel.basic_publish(
                    "",
                    target,
                    b'{"result": {"outcome": "FOUND"}}',
                    pika.BasicProperties(correlation_id=str(uuid.uuid4())),
                    mandatory=True,
                )
    assert member.send().json()["outcome"] == "NOT_FOUND"
