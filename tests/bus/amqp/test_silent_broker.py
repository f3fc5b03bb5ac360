"""A broker that takes a connection and then answers nothing holds no service up."""

import contextlib
import socket
import threading
from types import SimpleNamespace
from urllib.parse import urlsplit

import eventlet
import pytest

from bus import topology
from bus.amqp.consumer import BEGIN_SECONDS, Consumer
from tests.bus.asking import Wire, ask
from tests.probe.contracts import ADD
from tests.waiting import wait_for

# A method frame's class and method: basic.consume, confirm.select.
CONSUME, CONFIRM = b"\x00\x3c\x00\x14", b"\x00\x55\x00\x0a"


class SilentAt:
    """A way to the broker; while ``silent``, who calls that method hears nothing any more."""

    def __init__(self, broker, method):
        self.silent, self.muted, self._method = True, 0, method
        self._broker = broker
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._broker)
                muted = threading.Event()
                for way in ((near, far, muted, True), (far, near, muted, False)):
                    threading.Thread(target=self._carry, args=way, daemon=True).start()

    def _carry(self, source, target, muted, asks):
        with contextlib.suppress(OSError), source, target:
            while data := source.recv(65536):
                if asks and self.silent and self._method in data:
                    muted.set()
                    self.muted += 1
                if asks or not muted.is_set():
                    target.sendall(data)

    def close(self):
        self._listener.close()


@pytest.fixture
def silent_at(probe_parts, vhost, probe_db):
    """Serves a probe whose broker falls silent at a method; the way to it, and the process."""
    ways = []

    def serve(method):
        address = urlsplit(vhost)
        way = SilentAt((address.hostname, address.port), method)
        ways.append(way)
        through = vhost.replace(f":{address.port}/", f":{way.port}/")
        return way, probe_parts(through, probe_db).serve()

    yield serve
    for way in ways:
        way.close()


def test_a_consumer_that_hears_nothing_while_it_begins_connects_anew(silent_at, vhost):
    way, process = silent_at(CONSUME)
    wait_for(lambda: way.muted >= 1, 60)
    way.silent = False
    wait_for(lambda: "broker_silent" in process.log, BEGIN_SECONDS + 30)
    wait_for(lambda: process.log.count('"consuming"') >= 3, BEGIN_SECONDS + 30)
    assert ask(vhost, ADD, mark="after")["times"] == 1


def test_a_service_ends_while_it_waits_for_the_word_of_a_silent_broker(silent_at, vhost):
    way, process = silent_at(CONFIRM)
    wait_for(lambda: process.log.count('"consuming"') >= 3, 60)
    with Wire(vhost) as wire:
        wire.publish(topology.REQUESTS, ADD.name, b"unreadable", reply_to="amq.rabbitmq.reply-to.x")
    wait_for(lambda: way.muted >= 1)
    assert process.stop(60) == 0


def test_a_broker_that_answers_slowly_has_as_long_for_each_answer():
    consumer = Consumer(SimpleNamespace(queue_name="q"), "amqp://127.0.0.1:1/", 20)
    consumer.answered()  # before it begins nothing is waited for
    consumer._to_begin = eventlet.Timeout(BEGIN_SECONDS)
    try:
        first = consumer._to_begin.timer
        consumer.answered()
        assert first.called
        assert consumer._to_begin.timer.pending
    finally:
        consumer._to_begin.cancel()
