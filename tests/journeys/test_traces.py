"""One trace of a question through face, broker, service and database; and collectors that fail."""

import pytest
import requests

from deploy.local.ports import free_port
from tests.collector import Collector, below
from tests.gateway.conftest import GOOD, Sender
from tests.stacks import run_face, run_inquiry
from tests.waiting import wait_for

SEEN, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.end()


@pytest.fixture
def traced(start, tmp_path, vhost, demo_db, collector):
    """An agency face before the inquiry service, which all tell the collector."""
    settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OTEL_BSP_MAX_QUEUE_SIZE": "64",
    }
    inquiry = run_inquiry(start, tmp_path, vhost, demo_db, **settings)
    metrics = f"127.0.0.1:{free_port()}"
    face = run_face(start, tmp_path, {**inquiry, "METRICS_ADDRESS": metrics})
    sender = Sender(str(face), demo_db)
    sender.metrics = f"http://{metrics}/metrics"
    return sender


def ask(sender, trace_id=SEEN, flags="01"):
    traceparent = f"00-{trace_id}-{PARENT}-{flags}"
    answer = sender.send(
        {**GOOD, "case_number": "F-77", "operator": "op-secret"},
        headers={"traceparent": traceparent},
    )
    assert answer.status_code == 200, answer.text
    return answer


def dropped(sender):
    lines = requests.get(sender.metrics, timeout=10).text.splitlines()
    return sum(
        float(line.split()[-1])
        for line in lines
        if line.startswith("mirab_spans_total") and 'outcome="exported"' not in line
    )


def test_a_question_is_one_trace_and_no_collector_hurts_it(traced, collector):
    # The stranger's own flag does not decide whether we record.
    answer = ask(traced, flags="00")
    trace_id, face_span, _ = answer.headers["traceparent"].split("-")[1:]
    assert trace_id == SEEN

    def whole():
        names = {span.name for span in collector.trace(SEEN)}
        wanted = {"POST /v{version:int}/{context}/{operation}", "process inquiry.ask.v1"}
        return wanted <= names and any(s.kind == "client" for s in collector.trace(SEEN))

    wait_for(whole)
    spans = collector.trace(SEEN)
    children = below(spans)
    (server,) = children[PARENT]
    assert (server.id, server.kind, server.part) == (face_span, "server", "mirab-agency")
    assert server.attributes["http.response.status_code"] == 200
    (sent,) = children[server.id]
    assert (sent.name, sent.kind) == ("send inquiry.ask.v1", "producer")
    (processed,) = children[sent.id]
    assert (processed.kind, processed.part) == ("consumer", "mirab-inquiry")
    assert processed.attributes["messaging.message.id"] == sent.attributes["messaging.message.id"]
    statements = [span for span in children[processed.id] if span.kind == "client"]
    assert {span.attributes["db.system.name"] for span in statements} == {"postgresql"}
    assert any("%" in span.attributes["db.query.text"] for span in statements)
    # Nothing that somebody sent, or that stands in an answer, is in any span.
    everything = b"".join(collector.raw)
    for canary in (GOOD["key"], "op-secret", "F-77", answer.json()["tracking_code"]):
        assert canary.encode() not in everything

    for mood in ("lies", "hangs"):
        collector.mood, before = mood, collector.calls
        ask(traced)
        wait_for(lambda before=before: collector.calls > before)
        for _ in range(40):
            ask(traced)  # whom a collector that hangs held up would be given up
    wait_for(lambda: dropped(traced) > 0)
