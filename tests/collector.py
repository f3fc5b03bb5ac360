"""A collector of traces: takes OTLP over HTTP, and hangs or lies when a test wants that."""

import contextlib
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KINDS = ("", "internal", "server", "client", "producer", "consumer")


class Collector:
    """What it got, as spans; ``raw`` is all that was sent. ``mood``: well, hangs or lies."""

    def __init__(self):
        self.spans, self.raw, self.mood, self.calls = [], [], "well", 0
        self._release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.calls += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.mood == "hangs":
                    outer._release.wait(60)
                    return
                if outer.mood == "lies":
                    with contextlib.suppress(OSError):
                        self.send_response(200)
                        self.end_headers()
                        for _ in range(1000):
                            self.wfile.write(b"x" * 65536)
                    return
                if self.path == "/v1/traces":
                    outer.take(body)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, body):
        self.raw.append(body)
        request = ExportTraceServiceRequest.FromString(body)
        for of_resource in request.resource_spans:
            resource = _attributes(of_resource.resource.attributes)
            for scope in of_resource.scope_spans:
                self.spans += [_span(span, resource["service.name"]) for span in scope.spans]

    def trace(self, trace_id):
        """The spans of a trace."""
        return [span for span in self.spans if span.trace == trace_id]

    def end(self):
        self._release.set()
        self._server.shutdown()
        self._server.server_close()


def _span(span, part):
    return SimpleNamespace(
        part=part,
        name=span.name,
        kind=KINDS[span.kind],
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        attributes=_attributes(span.attributes),
        failed=span.status.code == 2,
    )


def _attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def below(spans):
    """The spans by the span that they stand below."""
    children = defaultdict(list)
    for span in spans:
        children[span.parent].append(span)
    return children
