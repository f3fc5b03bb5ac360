"""How a message stands, and what may become of it."""

from collections.abc import Mapping
from enum import StrEnum

from bus.errors import RuleBroken


class State(StrEnum):
    CREATED = "CREATED"
    """Waits for its time."""
    SENDING = "SENDING"
    """Handed over just now, or nobody knows whether it was."""
    SENT = "SENT"
    """A provider has it; a letter is printed."""
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    """It did not reach its receiver, and was tried again once."""
    REJECTED = "REJECTED"
    """Nobody will carry it: an opt-out, a black list, no such address."""
    FAILED = "FAILED"
    """No provider could carry it while it was worth carrying."""
    CANCELLED = "CANCELLED"
    UNTOLD = "UNTOLD"
    """Nobody told what became of it."""


S = State
FINAL = frozenset(
    {S.DELIVERED, S.UNDELIVERED, S.REJECTED, S.FAILED, S.CANCELLED, S.UNTOLD},
)
# An end after which the next channel is tried, if the message has one.
FALLS_BACK = frozenset({S.UNDELIVERED, S.REJECTED, S.FAILED, S.UNTOLD})

# From each state to what. Back to CREATED: surely refused, tried once more, or the next channel.
MOVES: Mapping[State, frozenset[State]] = {
    S.CREATED: frozenset({S.SENDING, S.SENT, S.DELIVERED, S.REJECTED, S.FAILED, S.CANCELLED}),
    S.SENDING: frozenset({S.CREATED, S.SENT, S.REJECTED, S.FAILED, S.UNTOLD}),
    S.SENT: frozenset({S.CREATED, S.DELIVERED, S.UNDELIVERED, S.REJECTED, S.FAILED, S.UNTOLD}),
    **dict.fromkeys(FINAL, frozenset()),
}


def moved(state: str, to: State) -> State:
    """The state after a move. RuleBroken ``message.move`` if the message cannot make it.

    >>> moved("CREATED", State.CANCELLED).value
    'CANCELLED'
    """
    if to not in MOVES[State(state)]:
        raise RuleBroken(
            f"The message is {state}: it cannot become {to.value}.",
            code="message.move",
            state=state,
        )
    return to
