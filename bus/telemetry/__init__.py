"""Traces by OpenTelemetry; nothing of it is loaded unless a collector is named."""

from bus.process import spans
from bus.settings import Settings


def start(part: str, settings: Settings) -> None:
    """Have this process make spans if a collector is named; does nothing else."""
    if settings.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        from bus.telemetry import tracer

        spans.use(tracer.make(part, settings))
