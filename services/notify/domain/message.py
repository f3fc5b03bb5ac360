"""The states of a message, and the transitions between them."""

from collections.abc import Mapping
from enum import StrEnum

from bus.transitions import Transitions


class MessageState(StrEnum):
    """How a message stands in its channel."""

    CREATED = "CREATED"
    """It waits for its time."""
    SENDING = "SENDING"
    """It is being handed over, or whether it was is unknown."""
    SENT = "SENT"
    """A provider has it; a letter is printed."""
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    """It did not arrive: an SMS that was tried again once, an e-mail or a letter that came back."""
    REJECTED = "REJECTED"
    """No provider will carry it: an opt-out, a black list, no such address; an e-mail that its
    server returned for good.
    """
    FAILED = "FAILED"
    """No provider could carry it while it was worth carrying."""
    CANCELLED = "CANCELLED"
    UNTOLD = "UNTOLD"
    """What became of it was not reported in time; an e-mail or a letter may come back yet."""


S = MessageState
FINAL = frozenset(
    {S.DELIVERED, S.UNDELIVERED, S.REJECTED, S.FAILED, S.CANCELLED, S.UNTOLD},
)
# An end after which the next channel is tried, if the message has one.
FALLS_BACK = frozenset({S.UNDELIVERED, S.REJECTED, S.FAILED, S.UNTOLD})

# The states that may follow each state. Back to CREATED: surely refused, tried once more, or the
# next channel.
FOLLOWING: Mapping[MessageState, frozenset[MessageState]] = {
    S.CREATED: frozenset({S.SENDING, S.SENT, S.DELIVERED, S.REJECTED, S.FAILED, S.CANCELLED}),
    S.SENDING: frozenset({S.CREATED, S.SENT, S.REJECTED, S.FAILED, S.UNTOLD}),
    S.SENT: frozenset({S.CREATED, S.DELIVERED, S.UNDELIVERED, S.REJECTED, S.FAILED, S.UNTOLD}),
    **dict.fromkeys(FINAL, frozenset()),
}
TRANSITIONS: Transitions[MessageState, MessageState] = Transitions(
    code="message.move",
    refusal="The message is {state}: it cannot become {act}.",
    table={
        (state, following): following
        for state, states in FOLLOWING.items()
        for following in sorted(states)
    },
    details=("state",),
)
# Time had ended it, and a report says after all how it ended.
CORRECTIONS: Transitions[MessageState, MessageState] = Transitions(
    code="message.move",
    refusal="The message is {state}: no report makes it {act}.",
    table={(S.UNTOLD, state): state for state in (S.REJECTED, S.UNDELIVERED)},
    details=("state",),
)
