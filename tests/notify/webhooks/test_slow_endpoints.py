"""Who answers slowly holds up himself alone: endpoints, providers of SMS."""

import contextlib
import datetime as dt
import socket
import threading
import time

import pytest

from bus.foreign import http_call as outside
from bus.settings import Settings
from contracts.notify import callbacks as contracts
from services.notify.sending import dispatch
from services.notify.webhooks import delivery, rows
from services.notify.webhooks.http import Client
from tests.notify.sending import test_dispatch
from tests.notify.webhooks.listener import Listener
from tests.waiting import wait_for

SECONDS = 3.0
PATIENT_SECONDS = 300.0  # longer than any test


class Dripping:
    """Takes connections and sends a header that never ends, a byte at a time."""

    def __init__(self, begin=b"HTTP/1.1 200 OK\r\nX-Long: "):
        self._begin, self._over = begin, threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks"
        self.connections = self.open = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._socket.accept()
                self.connections += 1
                self.open += 1
                threading.Thread(target=self._drip, args=(line,), daemon=True).start()

    def _drip(self, line):
        with contextlib.suppress(OSError), line:
            line.sendall(self._begin)
            while not self._over.wait(0.1):
                line.sendall(b"x")
        self.open -= 1

    def close(self):
        self._over.set()
        self._socket.close()


@pytest.fixture
def dripping():
    made = Dripping()
    yield made
    made.close()


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def hand(hand):
    hand.moment = dt.datetime.now(dt.UTC)
    hand.service.now = lambda: dt.datetime.now(dt.UTC)
    environ = {**hand.service.settings._environ, "CALLBACKS_SANDBOX": "1"}
    hand.service.settings = Settings(environ)
    return hand


def put(hand, url, asker):
    fields = {"url": url, "types": ["message.settled"]}
    hand.call(contracts.PUT_CALLBACK, asker=asker, **fields)


def note(hand, owner):
    with hand.context() as context:
        rows.note(context.conn, "message.settled", {"id": "x"}, context.now, owner)


def calling(hand, seconds=SECONDS):
    """The chore, running by itself; it gives up a call after so many seconds."""
    client = Client(sandbox=True, seconds=seconds)
    dependencies = delivery.Dependencies(
        hand.store, hand.service.context, client, hand.service.now, hand.keys
    )
    thread = threading.Thread(target=delivery.deliver, args=(dependencies,), daemon=True)
    thread.start()
    return thread


def test_c1_an_endpoint_that_drips_its_headers_holds_up_no_other_now_or_in_the_next_round(
    hand, dripping, listener
):
    for _ in range(4):
        put(hand, dripping.url, "slow-co")
    put(hand, listener.url, "power-co")
    note(hand, "slow-co")
    note(hand, "power-co")
    thread = calling(hand, PATIENT_SECONDS)
    wait_for(lambda: len(listener.deliveries) == 1)
    wait_for(lambda: dripping.connections == 4)
    note(hand, "power-co")  # while the slow one is still being told
    wait_for(lambda: len(listener.deliveries) == 2)
    assert dripping.open == 4
    dripping.close()
    thread.join(20)
    assert not thread.is_alive()


def test_c1_an_agency_with_many_slow_endpoints_has_a_few_calls_at_once(hand, dripping):
    for _ in range(10):
        put(hand, dripping.url, "slow-co")
    note(hand, "slow-co")
    thread = calling(hand)
    time.sleep(1)
    assert dripping.connections == delivery.OF_ONE_OWNER
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    "begin", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"]
)
def test_c1_a_call_to_somebody_outside_ends_in_its_time_wherever_the_answer_drips(begin):
    server = Dripping(begin)
    with pytest.raises(outside.NoAnswer) as error:
        outside.exchange("GET", server.url, timeout=0.5, limit=10_000)
    assert not error.value.unsent
    server.close()


def test_c1_a_provider_that_is_slow_holds_up_no_message_that_another_can_carry(hand):
    hand.template()
    slow, quick = test_dispatch.Line("slow", most=1), test_dispatch.Line("quick", most=1)
    harness = test_dispatch.Harness(hand, (slow, 50), (quick, 50))
    release = threading.Event()
    slow.on_send = lambda: release.wait(20)
    for number in range(40):
        hand.send(to={"mobile": f"0990000{number:04}"})
    thread = threading.Thread(
        target=dispatch.dispatch, args=(harness.dispatcher, "sms", "transactional"), daemon=True
    )
    thread.start()

    def others_went_on():
        at_slow = hand.row("select count(*) as n from handovers where provider = 'slow'").n
        return len(quick.has) >= 40 - at_slow

    try:
        wait_for(others_went_on, 10)
    finally:
        release.set()
    thread.join(20)
    hand.send(to={"mobile": "09900009999"})
    dispatch.dispatch(harness.dispatcher, "sms", "transactional")
    assert not thread.is_alive()
    assert len(slow.has) + len(quick.has) == 41
