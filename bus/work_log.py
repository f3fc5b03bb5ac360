"""The canonical line of the work on a message: one line in the log for each."""

from enum import Enum
from typing import Protocol

import structlog

from bus.envelope import Envelope
from bus.process import log


class End(Protocol):
    """What became of a message (bus.activator.Outcome)."""

    @property
    def fate(self) -> Enum: ...
    @property
    def code(self) -> str | None: ...


def note(contract: str, envelope: Envelope, end: End, seconds: float) -> None:
    """Log that a message of a contract was worked on in so many seconds."""
    caller = envelope.caller or {}
    with structlog.contextvars.bound_contextvars(trace_id=envelope.trace_id):
        log.get("activator").info(
            "worked",
            contract=contract,
            message_id=envelope.id,
            correlation=envelope.correlation,
            agency=caller.get("agency"),
            fate=end.fate.value,
            code=end.code,
            ms=round(seconds * 1000, 2),
        )
