"""Envelope Wrapper: the metadata of a message, under the names of CloudEvents 1.0."""

import math
import re
import secrets
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, overload

import orjson

from bus.errors import ContractError, FieldError
from bus.process import spans
from bus.wire import Wire

LONGEST = 255
_SHORT_TEXT = re.compile(rf"[^\x00-\x1f\x7f\ud800-\udfff]{{1,{LONGEST}}}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The metadata of one message: sender, type, time, and the conversation it belongs to.

    ``id`` makes a repeat known as such; ``correlation`` joins all messages of one matter;
    ``causation`` is the id of the message that led to this one; ``caller`` tells for whom it is
    asked (Requests only); ``deadline`` is the moment, in unix seconds, after which nobody waits.
    """

    id: str
    type: str
    source: str
    time: str
    correlation: str
    causation: str | None = None
    subject: str | None = None
    caller: Wire | None = None
    deadline: float | None = None
    traceparent: str | None = None

    @classmethod
    def new(
        # Any: the fields of an envelope
        cls,
        type: str,
        source: str,
        *,
        cause: "Envelope | None" = None,
        **more: Any,
    ) -> "Envelope":
        """Make an envelope; with ``cause`` it continues its correlation and trace."""
        if "id" not in more:
            more["id"] = str(uuid.uuid4())
        if "traceparent" not in more:
            more["traceparent"] = cause.traceparent if cause else new_traceparent()
        more.setdefault("time", instant(datetime.now(UTC)))
        more.setdefault("correlation", cause.correlation if cause else more["id"])
        more.setdefault("causation", cause.id if cause else None)
        return cls(type=type, source=source, **more)

    @property
    def expired(self) -> bool:
        """True if the deadline has passed (Message Expiration)."""
        return self.deadline is not None and time.time() > self.deadline

    @property
    def trace_id(self) -> str | None:
        """The 32 hex digits that name the trace in logs, answers and problems."""
        return self.traceparent.split("-")[1] if self.traceparent else None

    def headers(self) -> Wire:
        """The envelope as AMQP headers; what is not there is left out."""
        named = {
            "ce-specversion": "1.0",
            "ce-id": self.id,
            "ce-type": self.type,
            "ce-source": self.source,
            "ce-time": self.time,
            "ce-correlation": self.correlation,
            "ce-causation": self.causation,
            "ce-subject": self.subject,
            "ce-caller": orjson.dumps(self.caller).decode() if self.caller is not None else None,
            "ce-deadline": str(self.deadline) if self.deadline is not None else None,
            "traceparent": self.traceparent,
        }
        return {name: value for name, value in named.items() if value is not None}

    @classmethod
    def from_headers(cls, headers: Wire) -> "Envelope":
        """Read the headers of a message; ContractError names a missing or wrong one."""
        for name in ("ce-id", "ce-type", "ce-source"):
            if not _is_short(headers.get(name)):
                raise _broken(name, "is missing or not a short text")
        for name in ("ce-time", "ce-correlation", "ce-causation", "ce-subject"):
            if headers.get(name) is not None and not _is_short(headers[name]):
                raise _broken(name, "is not a short text")
        try:
            caller = orjson.loads(headers["ce-caller"]) if headers.get("ce-caller") else None
            deadline = float(headers["ce-deadline"]) if headers.get("ce-deadline") else None
        except (TypeError, ValueError):
            raise _broken("ce-caller, ce-deadline", "cannot be read") from None
        if deadline is not None and not math.isfinite(deadline):
            raise _broken("ce-deadline", "is no moment")
        if caller is not None and not isinstance(caller, dict):
            raise _broken("ce-caller", "is not an object")
        return cls(
            id=headers["ce-id"],
            type=headers["ce-type"],
            source=headers["ce-source"],
            time=headers.get("ce-time") or "",
            correlation=headers.get("ce-correlation") or headers["ce-id"],
            causation=headers.get("ce-causation"),
            subject=headers.get("ce-subject"),
            caller=caller,
            deadline=deadline,
            traceparent=valid_traceparent(headers.get("traceparent")) or new_traceparent(),
        )


@overload
def instant(moment: datetime) -> str: ...
@overload
def instant(moment: datetime | None) -> str | None: ...
def instant(moment: datetime | None) -> str | None:
    """Format a moment as RFC 3339 in UTC; None stays None."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _is_short(value: object) -> bool:
    """True for a printable text that fits a database column and a log line."""
    return isinstance(value, str) and _SHORT_TEXT.fullmatch(value) is not None


def _broken(name: str, fault: str) -> ContractError:
    return ContractError(
        f"The message's header {name} {fault}.", fields=[FieldError(name, "header", fault)]
    )


def new_traceparent() -> str:
    """A new W3C trace context: sampled, unless our tracer decides otherwise."""
    trace_id = secrets.token_hex(16)
    return f"00-{trace_id}-{secrets.token_hex(8)}-{spans.flags_of(trace_id)}"


def valid_traceparent(text: object) -> str | None:
    """The W3C traceparent if it is well formed, else None (a bad one is replaced, not refused)."""
    if not isinstance(text, str) or len(text) != 55:  # noqa: PLR2004 - the length that W3C fixes
        return None
    version, trace, span, flags = (text.split("-") + [""] * 4)[:4]
    lengths = (len(version), len(trace), len(span), len(flags)) == (2, 32, 16, 2)
    digits = set(version + trace + span + flags) <= set("0123456789abcdef")
    real = set(trace) != {"0"} and set(span) != {"0"} and version != "ff"
    return text if lengths and digits and real else None


def child_of(traceparent: str | None) -> str:
    """A traceparent of the same trace with a span of its own; a new trace if there was none."""
    if traceparent is None:
        return new_traceparent()
    version, trace, _, flags = traceparent.split("-")
    return f"{version}-{trace}-{secrets.token_hex(8)}-{flags}"
