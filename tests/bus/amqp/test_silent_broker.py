"""A broker that takes a connection and then answers nothing holds no service up."""

import contextlib
import socket
import threading
from types import SimpleNamespace
from urllib.parse import urlsplit

import eventlet

from bus.amqp.consumer import BEGIN_SECONDS, Consumer
from tests.bus.asking import ask
from tests.probe.contracts import ADD
from tests.waiting import wait_for

# A method frame's class and method: basic.consume.
CONSUME = b"\x00\x3c\x00\x14"


class SilentAt:
    """A way to the broker; while ``silent``, who asks to consume hears nothing any more."""

    def __init__(self, broker):
        self.silent, self.muted = True, 0
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
                if asks and self.silent and CONSUME in data:
                    muted.set()
                    self.muted += 1
                if asks or not muted.is_set():
                    target.sendall(data)

    def close(self):
        self._listener.close()


def test_a_consumer_that_hears_nothing_while_it_begins_connects_anew(probe_parts, vhost, probe_db):
    address = urlsplit(vhost)
    way = SilentAt((address.hostname, address.port))
    through = vhost.replace(f":{address.port}/", f":{way.port}/")
    probe = probe_parts(through, probe_db)
    process = probe.serve()
    wait_for(lambda: way.muted >= 1, 60)
    way.silent = False
    wait_for(lambda: "broker_silent" in process.log, BEGIN_SECONDS + 30)
    wait_for(lambda: process.log.count('"consuming"') >= 3, BEGIN_SECONDS + 30)
    assert ask(vhost, ADD, mark="after")["times"] == 1
    way.close()


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
