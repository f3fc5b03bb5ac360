"""The tracer: OpenTelemetry's SDK behind bus/process/spans.py."""

import atexit
import logging
import os
import socket
from collections.abc import Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, Sampler, SamplingResult
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)
from opentelemetry.util.types import Attributes as OtelAttributes

from bus.process import log
from bus.process.spans import Attributes, Kind, Value, is_sampled
from bus.process.version import release
from bus.settings import Settings
from bus.telemetry.exporting import Exporting

KINDS = {
    Kind.SERVER: SpanKind.SERVER,
    Kind.CLIENT: SpanKind.CLIENT,
    Kind.PRODUCER: SpanKind.PRODUCER,
    Kind.CONSUMER: SpanKind.CONSUMER,
    Kind.INTERNAL: SpanKind.INTERNAL,
}
LONGEST = 255
# A statement may be longer: it holds no values.
LONGEST_STATEMENT = 4000
MOST_LINKS = 256
STATEMENT = "db.query.text"


class FromOutside(Sampler):
    """Samples as OTEL_TRACES_SAMPLER says where a trace enters; below, the flag is followed.

    A stranger's flag does not decide: who could have all sampled would pay nothing for it.
    """

    def __init__(self, inner: Sampler) -> None:
        self.inner = inner

    def should_sample(  # noqa: PLR0913 - as the library has it
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: OtelAttributes = None,
        links: Sequence[Link] | None = None,
        trace_state: trace.TraceState | None = None,
    ) -> SamplingResult:
        parent = trace.get_current_span(parent_context).get_span_context()
        if parent.is_valid and not parent.is_remote:
            return ALWAYS_ON.should_sample(
                parent_context, trace_id, name, kind, attributes, links, trace_state
            )
        return self.inner.should_sample(None, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return f"FromOutside{{{self.inner.get_description()}}}"


class OtelSpan:
    """A span of the library."""

    __slots__ = ("_span", "recorded", "traceparent")

    def __init__(self, span: trace.Span) -> None:
        context = span.get_span_context()
        self._span = span
        self.recorded = span.is_recording()
        flags = int(context.trace_flags) & TraceFlags.SAMPLED
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags:02x}"

    def rename(self, name: str) -> None:
        self._span.update_name(name[:LONGEST])

    def note(self, **attributes: Value) -> None:
        for name, value in attributes.items():
            dotted = name.replace("__", ".")
            self._span.set_attribute(dotted, _cut(dotted, value))

    def fail(self, code: str) -> None:
        self._span.set_attribute("error.type", code[:LONGEST])
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        self._span.end()


class OtelTracer:
    """Makes spans and hands those that ended to the exporter."""

    def __init__(self, provider: TracerProvider, sampler: Sampler) -> None:
        self._tracer = provider.get_tracer("mirab", release())
        self._sampler = sampler

    def begin(  # noqa: PLR0913 - what a span is made of
        self,
        kind: Kind,
        name: str,
        parent: str | None,
        attributes: Attributes,
        links: Sequence[str],
        *,
        outside: bool,
    ) -> OtelSpan:
        context = Context()
        if parent is not None:
            above = _context_of(parent, remote=outside)
            context = trace.set_span_in_context(NonRecordingSpan(above), context)
        span = self._tracer.start_span(
            name[:LONGEST],
            context,
            KINDS[kind],
            {key: _cut(key, value) for key, value in attributes.items()},
            [Link(_context_of(link, remote=True)) for link in links[:MOST_LINKS]],
            record_exception=False,
            set_status_on_exception=False,
        )
        return OtelSpan(span)

    def samples(self, trace_id: str) -> bool:
        result = self._sampler.should_sample(None, int(trace_id, 16), "")
        return result.decision is Decision.RECORD_AND_SAMPLE


def make(part: str, settings: Settings) -> OtelTracer:
    """The tracer of this process, by OpenTelemetry's own variables."""
    # Its own words would fill the log at each span that a collector does not take; we count them.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    resource = Resource.create(
        {
            "service.name": settings.text("OTEL_SERVICE_NAME", f"mirab-{part}"),
            "service.namespace": "mirab",
            "service.version": release(),
            "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        }
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    inner = provider.sampler
    provider.sampler = FromOutside(inner)
    # The library has read both itself.
    sampler = settings.text("OTEL_TRACES_SAMPLER", "parentbased_always_on")
    ratio = settings.text("OTEL_TRACES_SAMPLER_ARG", "")
    log.get("telemetry").info("traces_exported", sampler=sampler, ratio=ratio)
    exporting = Exporting(settings)
    provider.add_span_processor(exporting)
    atexit.register(exporting.shutdown)
    return OtelTracer(provider, inner)


def _cut(name: str, value: Value) -> Value:
    if not isinstance(value, str):
        return value
    return value[: LONGEST_STATEMENT if name == STATEMENT else LONGEST]


def _context_of(traceparent: str, *, remote: bool) -> SpanContext:
    _, trace_id, span_id, _ = traceparent.split("-")
    flags = TraceFlags(TraceFlags.SAMPLED if is_sampled(traceparent) else TraceFlags.DEFAULT)
    return SpanContext(int(trace_id, 16), int(span_id, 16), remote, flags)
