"""Spans on their way to the collector: bounded, by a thread beside, and never waited for.

A collector that is away, slow or lying costs spans, which are counted, and nothing else: what it
answers is read to 64 KiB, and its connection is cut after ten seconds whatever it sends.
"""

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExportResult
from prometheus_client import Counter

from bus.foreign.http_call import CutAdapter, Deadline
from bus.process import log
from bus.settings import Settings

WAITING, EVERY_MILLISECONDS = 2048, 2000
# Of so many spans is one request made: encoded in some milliseconds, during which an eventlet
# process does nothing else.
AT_ONCE = 64
CALL_SECONDS, END_SECONDS = 10.0, 2.0
LONGEST_ANSWER = 64 * 1024
SPANS = Counter(
    "mirab_spans_total", "Spans of sampled traces: exported, refused, or dropped", ["outcome"]
)
for _outcome in ("exported", "refused", "dropped"):
    SPANS.labels(_outcome)
_log = log.get("telemetry")


class CollectorSession(requests.Session):
    """Calls the collector: no redirect, no proxy, ten seconds a call, little of an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    # Any: the options of requests.
    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        options["stream"] = True
        with Deadline(CALL_SECONDS) as deadline:
            adapter = CutAdapter(deadline)
            self.mount("https://", adapter)
            self.mount("http://", adapter)
            response = super().send(request, **options)
            with response:
                body = response.raw.read(LONGEST_ANSWER, decode_content=True)
            response._content = body  # type: ignore[attr-defined]  # no more of it is read
            if deadline.is_over:
                raise requests.Timeout
        return response


class Exporting(SpanProcessor):
    """Keeps spans that ended, at most ``OTEL_BSP_MAX_QUEUE_SIZE``, and sends them beside."""

    def __init__(self, settings: Settings) -> None:
        self._most = settings.whole("OTEL_BSP_MAX_QUEUE_SIZE", WAITING)
        delay = settings.whole("OTEL_BSP_SCHEDULE_DELAY", EVERY_MILLISECONDS)
        self._delay = delay / 1000
        self._waiting: deque[ReadableSpan] = deque()
        self._wake, self._ending, self._away = threading.Event(), False, False
        self._exporter = OTLPSpanExporter(session=CollectorSession())
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing: only whole spans are sent."""

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a span, or drop it if too many wait."""
        if len(self._waiting) >= self._most:
            SPANS.labels("dropped").inc()
            return
        self._waiting.append(span)
        if len(self._waiting) >= AT_ONCE and not self._wake.is_set():
            self._wake.set()

    def shutdown(self) -> None:
        """Send what waits, for two seconds at the most."""
        self._ending = True
        self._wake.set()
        self._thread.join(END_SECONDS)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Have the thread send now; waits for nobody."""
        self._wake.set()
        return True

    def _run(self) -> None:
        while not self._ending:
            self._wake.wait(self._delay)
            self._wake.clear()
            self._send_all()

    def _send_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            accepted = self._export(batch)
            SPANS.labels("exported" if accepted else "refused").inc(len(batch))
            if self._away is accepted:
                self._away = not accepted
                counts: Mapping[str, int] = {"spans": len(batch)}
                _log.warning("collector_away" if self._away else "collector_back", **counts)

    def _export(self, batch: list[ReadableSpan]) -> bool:
        try:
            return self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:
            # Whatever a collector sends, the thread goes on.
            _log.exception("export_failed")
            return False
