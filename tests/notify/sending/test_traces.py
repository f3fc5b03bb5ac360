"""Traces of messages that are worked on together, in hand: links, as the conventions have them."""

import pytest

from bus.activator import Call
from bus.database import statements
from bus.envelope import Envelope
from bus.foreign.http_call import exchange
from bus.process import spans
from bus.settings import Settings
from bus.telemetry import tracer
from contracts.notify import messages as contracts
from services.notify.service import Notify
from tests.collector import Collector, below
from tests.notify.conftest import MOBILE
from tests.notify.sending.test_dispatch import Harness, Line
from tests.waiting import wait_for


@pytest.fixture
def collector(monkeypatch):
    """A collector to which this process tells its spans."""
    made = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    spans.use(tracer.make("notify", Settings({"OTEL_BSP_SCHEDULE_DELAY": "20"})))
    yield made
    spans.use(None)
    made.end()


class LineOverHttp(Line):
    """A provider that is called over HTTP, with a key in the address."""

    def __init__(self, url):
        super().__init__("kavenegar")
        self._url = f"{url}/v1/key-canary/send.json?receptor={MOBILE}"

    def send(self, messages):
        exchange("POST", self._url, timeout=5, limit=1000, data=MOBILE.encode())
        return super().send(messages)


def test_notices_that_come_together_are_linked_and_go_out_in_their_traces(hand, collector):
    statements.watch(hand.store.engine)
    hand.template()
    provider = LineOverHttp(collector.url)
    harness = Harness(hand, (provider, 1))
    envelopes = [
        Envelope.new(contracts.SEND.name, "test", caller={"agency": "power-co"}) for _ in range(3)
    ]
    fields = {
        "template": "free",
        "to": {"mobile": MOBILE},
        "personalisation": {"text": "name-canary"},
    }
    calls = [Call.of(contracts.SEND, envelope, fields) for envelope in envelopes]
    outcomes = Notify.send(hand.service, calls)
    assert [outcome.code for outcome in outcomes] == [None] * 3, outcomes
    harness.run()
    assert len(provider.has) == 3

    def name_of(prefix):
        return [span for span in collector.spans if span.name.startswith(prefix)]

    wait_for(lambda: len(name_of("POST")) == 1 and len(name_of("process")) == 3)
    first, *others = (envelope.traceparent.split("-")[1:3] for envelope in envelopes)
    works = {span.trace: span for span in name_of("process")}
    batch = works[first[0]]
    assert batch.parent == first[1]
    assert batch.attributes["messaging.batch.message_count"] == 3
    assert batch.links == [tuple(other) for other in others]
    for trace_id, span_id in others:
        assert works[trace_id].parent == span_id
        assert works[trace_id].links == [(batch.trace, batch.id)]
    handed = next(span for span in name_of("hand over sms") if span.trace == batch.trace)
    assert handed.parent == batch.id
    (called,) = (span for span in below(collector.spans)[handed.id] if span.name == "POST")
    assert called.attributes["server.address"] == "127.0.0.1"
    everything = b"".join(collector.raw)
    for canary in (MOBILE, MOBILE[1:], "name-canary", "key-canary"):
        assert canary.encode() not in everything
