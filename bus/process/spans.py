"""Spans: what this process does for one request, as OpenTelemetry traces tell it.

Nothing is measured unless OTEL_EXPORTER_OTLP_ENDPOINT names a collector: then bus/telemetry loads
the library and gives its tracer to ``use``. Names and attributes are ours: contracts, routes,
statements with places for values, codes; never what somebody sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum, auto
from functools import cache
from typing import Protocol

Value = str | int | bool
Attributes = Mapping[str, Value]
NOTHING: Attributes = {}


class Kind(Enum):
    """What a span stands for, by the words of OpenTelemetry."""

    SERVER = auto()
    CLIENT = auto()
    PRODUCER = auto()
    CONSUMER = auto()
    INTERNAL = auto()


class Span(Protocol):
    """A span that was begun; ``traceparent`` is what its children carry (W3C Trace Context)."""

    @property
    def traceparent(self) -> str: ...

    @property
    def recorded(self) -> bool:
        """False if its trace is not sampled."""

    def rename(self, name: str) -> None: ...

    def note(self, **attributes: Value) -> None:
        """Add attributes; ``__`` in a name stands for its dot."""

    def fail(self, code: str) -> None:
        """Say that it failed, and the code of the failure."""

    def end(self) -> None: ...


class Tracer(Protocol):
    """What bus/telemetry gives."""

    def begin(  # noqa: PLR0913 - what a span is made of
        self,
        kind: Kind,
        name: str,
        parent: str | None,
        attributes: Attributes,
        links: Sequence[str],
        *,
        outside: bool,
    ) -> Span:
        """Begin a span; ``outside`` says that a stranger chose the parent, who does not decide
        whether we sample.
        """

    def samples(self, trace_id: str) -> bool:
        """True if a trace that begins here, with these 32 hex digits, is sampled."""


_tracer: Tracer | None = None
_current: ContextVar[Span | None] = ContextVar("span", default=None)


def use(tracer: Tracer | None) -> None:
    """Have spans made by this tracer from now on; by none if it is None."""
    global _tracer  # noqa: PLW0603 - one tracer a process
    _tracer = tracer


def enabled() -> bool:
    """True if this process makes spans."""
    return _tracer is not None


def current() -> Span | None:
    """The span within which this code runs, if there is one that is recorded."""
    return _current.get()


def current_traceparent() -> str | None:
    """The traceparent of the current span; None if there is none."""
    span = _current.get()
    return None if span is None else span.traceparent


def begin(  # noqa: PLR0913 - what a span is made of
    kind: Kind,
    name: str,
    *,
    parent: str | None = None,
    attributes: Attributes = NOTHING,
    links: Sequence[str] = (),
    outside: bool = False,
) -> Span | None:
    """Begin a span below ``parent``, or below the current one; None if nobody would record it."""
    if _tracer is None:
        return None
    if parent is None and (above := _current.get()) is not None:
        parent = above.traceparent
    # Whether a trace is sampled is decided where it begins, and what is below follows.
    if not outside and (parent is None or not is_sampled(parent)):
        return None
    return _tracer.begin(kind, name, parent, attributes, links, outside=outside)


@contextmanager
def within(span: Span | None) -> Iterator[None]:
    """Make a span the current one, and end it at the end; nothing for None."""
    if span is None:
        yield
        return
    token = _current.set(span if span.recorded else None)
    try:
        yield
    except BaseException as error:
        span.fail(str(getattr(error, "code", type(error).__name__)))
        raise
    finally:
        _current.reset(token)
        span.end()


@contextmanager
def work_on(
    kind: Kind, name: str, parents: Sequence[str | None], attributes: Attributes = NOTHING
) -> Iterator[Span | None]:
    """One piece of work for several traces, as OpenTelemetry's messaging conventions have a batch.

    Its span stands in the first sampled trace and is linked with the others; each of these has a
    span of its own that is linked with it, so that no trace ends at the batch.
    """
    sampled = [parent for parent in parents if parent is not None and is_sampled(parent)]
    if _tracer is None or not sampled:
        yield None
        return
    first, rest = sampled[0], list(dict.fromkeys(sampled[1:]))
    if len(parents) > 1:
        attributes = {**attributes, "messaging.batch.message_count": len(parents)}
    span = _tracer.begin(kind, name, first, attributes, rest, outside=False)
    others = [
        _tracer.begin(kind, name, parent, attributes, (span.traceparent,), outside=False)
        for parent in rest
    ]
    try:
        with within(span):
            yield span
    finally:
        for other in others:
            other.end()


@cache
def messaging(act: str, exchange: str, contract: str) -> Attributes:
    """The attributes of a message by OpenTelemetry's conventions; ``act`` is send or process."""
    return {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": act,
        "messaging.operation.name": act,
        "messaging.destination.name": exchange,
        "messaging.rabbitmq.destination.routing_key": contract,
    }


def is_sampled(traceparent: str) -> bool:
    """True if the flag of a traceparent says that its trace is recorded."""
    return traceparent[-1:] in ("1", "3", "5", "7", "9", "b", "d", "f")


def flags_of(trace_id: str) -> str:
    """The flags of a trace that begins here: sampled, unless our tracer decides otherwise."""
    return "01" if _tracer is None or _tracer.samples(trace_id) else "00"
