"""An agency uses up what it can at its broker; everybody else is answered meanwhile (row B1)."""

import contextlib
import socket
import threading
import uuid
from urllib.parse import unquote, urlsplit

import pika
import pytest
import requests
from pika.exceptions import AMQPError

from bus import topology
from contracts.inquiry.parcels import TAKE_SOURCES
from contracts.inquiry.questions import ASK
from tests.bus.asking import Wire, ask
from tests.serving.conftest import REGISTRY
from tests.stores import memory_limit
from tests.waiting import wait_for

MEGABYTE = 1_000_000
INGRESS = topology.agency_ingress(REGISTRY)
ASKER = {
    "agency": "fuel-co",
    "key": "fuel-co-demo",
    "grants": [{"purpose": "fuel_quota", "until": "2099-01-01"}],
}
QUESTION = {"key_kind": "national_id", "key": "9905251782", "purpose": "fuel_quota"}


class Others(threading.Thread):
    """Another agency, which asks all the time; ``outcomes`` are its answers, or what it got."""

    def __init__(self, amqp):
        super().__init__()
        self.amqp, self.outcomes = amqp, []
        self._done = threading.Event()

    def run(self):
        while not self._done.wait(0.1):
            reply = ask(self.amqp, ASK, id=str(uuid.uuid4()), caller=ASKER, **QUESTION)
            self.outcomes.append(reply if isinstance(reply, Exception) else reply["outcome"])

    def __enter__(self):
        self.start()
        wait_for(lambda: self.outcomes)
        return self

    def __exit__(self, *_):
        self._done.set()
        self.join(60)


@pytest.fixture
def others(world):
    """Asks throughout the test; each question must have been answered."""
    with Others(world.amqp) as asking:
        yield asking
        count = len(asking.outcomes)
        wait_for(lambda: len(asking.outcomes) > count + 3)
    assert set(asking.outcomes) == {"FOUND"}
    for queue in ("answers", "dead", "commands", "requests"):
        with Wire(world.amqp) as wire:
            name = topology.queue_name("inquiry", queue)
            wait_for(lambda w=wire, n=name: w.count(n) == 0, 60)


def flood(url, size, times, connections=5):
    """Messages of that size over so many connections, as fast as they go; nobody waits for them."""

    def send():
        with contextlib.suppress(AMQPError, OSError):
            connection = pika.BlockingConnection(pika.URLParameters(url))
            channel = connection.channel()
            for _ in range(times):
                with contextlib.suppress(AMQPError):
                    channel = channel if channel.is_open else connection.channel()
                    channel.basic_publish(INGRESS, TAKE_SOURCES.name, b"x" * size)
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)


@pytest.mark.parametrize(("size", "times"), [(16 * MEGABYTE, 22), (MEGABYTE, 22), (200_000, 100)])
def test_b1_an_agency_that_floods_its_ingress_stops_nobody_else(world, others, size, times):
    flood(world.url(), size, times)


def test_b1_a_message_longer_than_any_answer_ends_its_own_channel(world):
    body = b"x" * 2 * MEGABYTE
    with Wire(world.url()) as wire:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as closed:
            wire.publish(INGRESS, TAKE_SOURCES.name, body)
        assert closed.value.reply_code == 406


def test_b1_an_agency_opens_no_more_channels_than_it_needs(world):
    connection = pika.BlockingConnection(pika.URLParameters(world.url()))
    with pytest.raises((AMQPError, OSError)):
        [connection.channel() for _ in range(50)]
    connection.close()
    wait_for(lambda: opens(world.url()), 30)


def opens(url):
    try:
        Wire(url).connection.close()
    except AMQPError:
        return False
    return True


def test_b1_what_waits_for_an_agency_or_from_it_is_bounded_in_bytes(world):
    """The broker itself says so of each queue of the agency's vhost."""
    address = f"{world.agency_broker.api_url}/api/queues/{topology.agency_vhost(REGISTRY)}"
    queues = requests.get(address, timeout=30).json()
    assert len(queues) == 3
    assert all(0 < row["arguments"]["x-max-length-bytes"] <= 64 * 2**20 for row in queues)


class HalfSent:
    """An AMQP client that begins messages and never ends them: RabbitMQ keeps each in memory."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.line = socket.create_connection((parts.hostname, parts.port), timeout=20)
        self.line.sendall(b"AMQP\x00\x00\x09\x01")
        response = f"\0{unquote(parts.username)}\0{unquote(parts.password)}"
        self.answer(pika.spec.Connection.StartOk({}, "PLAIN", response, "en_US"))
        self.answer(pika.spec.Connection.TuneOk(16, 131072, 0))
        self.say(0, pika.spec.Connection.Open(unquote(parts.path[1:])))
        self.answer(pika.spec.Channel.Open(), 1)
        self.line.recv(65536)

    def answer(self, method, channel=0):
        """Says something once the broker has said something."""
        self.line.recv(65536)
        self.say(channel, method)

    def say(self, channel, method):
        self.line.sendall(pika.frame.Method(channel, method).marshal())

    def begin(self, octets):
        """Sends so much of a message that would be a thousand times as long."""
        publish = pika.spec.Basic.Publish(exchange=INGRESS, routing_key=TAKE_SOURCES.name)
        self.say(1, publish)
        self.line.sendall(pika.frame.Header(1, octets * 1000, pika.BasicProperties()).marshal())
        piece = pika.frame.Body(1, b"x" * 100_000).marshal()
        with contextlib.suppress(OSError):
            for _ in range(octets // 100_000):
                self.line.sendall(piece)


@pytest.fixture
def narrow(world):
    """The agencies' broker with less memory, so that it is full sooner. What it needs for itself
    differs by tens of megabytes from one moment to the next.
    """
    used = requests.get(f"{world.agency_broker.api_url}/api/nodes", timeout=30).json()[0][
        "mem_used"
    ]
    memory_limit(world.agency_broker, used + 150 * MEGABYTE)
    yield world
    memory_limit(world.agency_broker, 512 * MEGABYTE)


def alarm(world):
    address = f"{world.agency_broker.api_url}/api/health/checks/local-alarms"
    return requests.get(address, timeout=30).status_code == 503


def test_b1_who_fills_the_agencies_broker_with_half_messages_is_cut_off(narrow, others, start):
    watching = start("deploy.broker.watch", **narrow.settings)
    attacker = HalfSent(narrow.url())
    attacker.begin(500 * MEGABYTE)
    user = topology.agency_user(REGISTRY)
    wait_for(lambda: f"{user}, which sent" in watching.log, 60)
    wait_for(lambda: not alarm(narrow), 60)
    with pytest.raises(AMQPError):
        Wire(narrow.url())
    watching.kill()
    narrow.applied()
    wait_for(lambda: opens(narrow.url()), 30)
